//! Files of stems, decoded side by side and brought to one rate.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use codec::Limits;
use domain::job::Stage;
use domain::stem::StemSettings;
use domain::upload::{Finding, Severity};
use dsp::master::MasterError;
use dsp::mix::{Reel, STEMS_MAX, Stem};
use dsp::parts::{downmix, resampler};
use dsp::units::SampleRate;
use rayon::prelude::*;

use super::super::song::Origin;
use super::super::teller::Silent;
use super::super::{Listener, RenderError, Song};
use super::reel::FileReel;

/// A stem on the disk, as it was given.
#[derive(Clone, PartialEq, Debug)]
pub struct StemFile {
    /// Where it is.
    pub path: PathBuf,
    /// What its name ended with.
    pub extension: Option<String>,
    /// What it is called: the name of its file, whatever it is called on our disk.
    pub name: String,
    /// What was decided about it.
    pub settings: StemSettings,
}

/// All stems of a mix, decoded, at one rate.
#[derive(Debug)]
pub struct Rack {
    decoded: Vec<Decoded>,
}

#[derive(Debug)]
struct Decoded {
    name: String,
    reel: FileReel,
    origin: Origin,
}

impl Rack {
    /// Decodes all of `files` into the folder `scratch`. A file that cannot be used does not keep the others from
    /// being looked at: every one is named in the error.
    pub fn load(
        files: &[StemFile],
        rate: Option<SampleRate>,
        scratch: &Path,
        limits: &Limits,
        listener: &dyn Listener,
    ) -> Result<Self, RenderError> {
        if files.len() > STEMS_MAX {
            return Err(dsp::mix::MixError::TooManyStems(files.len()).into());
        }
        listener.enter(Stage::Decode);
        let behind = AtomicUsize::new(0);
        let decode = |(index, file): (usize, &StemFile)| {
            let decoded = decode(file, &scratch.join(format!("{index}.reel")), limits, listener);
            let done = behind.fetch_add(1, Ordering::Relaxed) + 1;
            listener.done(done as f64 / files.len() as f64);
            decoded.map_err(|cause| (file.name.clone(), cause))
        };
        let (decoded, failed): (Vec<_>, Vec<_>) =
            files.par_iter().enumerate().map(decode).collect::<Vec<_>>().into_iter().partition(Result::is_ok);
        let failed: Vec<_> = failed.into_iter().filter_map(Result::err).collect();
        if !failed.is_empty() {
            return Err(RenderError::of_stems(failed));
        }
        let mut rack = Self { decoded: decoded.into_iter().filter_map(Result::ok).collect() };
        let rate = rate.or_else(|| rack.common_rate()).unwrap_or(LOWEST_RATE);
        rack.bring_to(rate, scratch, listener)?;
        Ok(rack)
    }

    /// The rate of most stems, the higher of two that are equally common; within what a mix is made at.
    fn common_rate(&self) -> Option<SampleRate> {
        let count = |rate: u32| self.decoded.iter().filter(|stem| stem.reel.rate().hertz() == rate).count();
        let rates = self.decoded.iter().map(|stem| stem.reel.rate().hertz());
        let common = rates.max_by_key(|&rate| (count(rate), rate))?;
        Some(SampleRate::literal(common.clamp(LOWEST_RATE.hertz(), HIGHEST_RATE.hertz())))
    }

    fn bring_to(
        &mut self,
        rate: SampleRate,
        scratch: &Path,
        listener: &dyn Listener,
    ) -> Result<(), RenderError> {
        let others = self.decoded.par_iter_mut().enumerate().filter(|(_, stem)| stem.reel.rate() != rate);
        others.try_for_each(|(index, stem)| {
            let audio = stem.reel.load().map_err(std::io::Error::other)?;
            let from = audio.rate();
            let audio = resampler::resample(&audio, rate, &Silent(listener)).map_err(MasterError::from)?;
            stem.reel = FileReel::write(&scratch.join(format!("{index}.reel")), &audio)?;
            let text = format!("It came at {from} and is mixed at {rate}, the rate of the session.");
            stem.origin.findings.push(note("resampled", text));
            Ok(())
        })
    }

    /// The stems as the engine takes them; `files` are those that were loaded.
    pub fn stems<'a>(&'a self, files: &[StemFile]) -> Result<Vec<Stem<'a>>, RenderError> {
        let stem = |(decoded, file): (&'a Decoded, &StemFile)| {
            let wish = file.settings.to_wish();
            let wish = wish.map_err(|cause| RenderError::StemSetting { name: file.name.clone(), cause })?;
            let name = decoded.name.clone();
            Ok(Stem { name, reel: &decoded.reel, starts_at_frame: decoded.starts_at_frame(), wish })
        };
        self.decoded.iter().zip(files).map(stem).collect()
    }

    /// What there is to say about the file of the stem of this name.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.decoded.iter().find(|decoded| decoded.name == name).map(|decoded| &decoded.origin)
    }
}

impl Decoded {
    /// Where it starts on the session's clock, at the rate that it has now.
    fn starts_at_frame(&self) -> Option<u64> {
        let (from, to) = (f64::from(self.origin.facts.audio.sample_rate_hz), self.reel.rate().as_f64());
        self.origin.time_reference_frames.map(|frames| (frames as f64 * to / from).round() as u64)
    }
}

/// Below it no music is mixed.
const LOWEST_RATE: SampleRate = SampleRate::literal(44_100);
/// Above it nothing is heard, and everything takes longer.
const HIGHEST_RATE: SampleRate = SampleRate::literal(96_000);

fn decode(
    file: &StemFile,
    reel: &Path,
    limits: &Limits,
    listener: &dyn Listener,
) -> Result<Decoded, RenderError> {
    let Song { audio, mut origin } =
        Song::open(&file.path, file.extension.as_deref(), limits, &Silent(listener))?;
    let channels = audio.channel_count();
    let audio = match downmix::to_stereo(&audio) {
        Some(stereo) => {
            let text =
                format!("Its {channels} channels were brought to two, centre and surrounds 3 dB lower.");
            origin.findings.push(note("downmixed", text));
            stereo
        }
        None if channels <= 2 => audio,
        None => return Err(RenderError::Channels { channels }),
    };
    Ok(Decoded { name: file.name.clone(), reel: FileReel::write(reel, &audio)?, origin })
}

fn note(code: &str, text: String) -> Finding {
    Finding { code: code.to_owned(), severity: Severity::Info, text }
}
