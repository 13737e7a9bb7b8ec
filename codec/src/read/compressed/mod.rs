//! Everything that has a decoder: packets in, frames out, trimmed to what the producer had.

mod collector;
mod mp4;
mod stream;

use std::io::{Read, Seek};

use dsp::progress::Watch;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;

use crate::decode::Decoded;
use crate::error::DecodeError;
use crate::limits::Limits;
use crate::note::DecodeNote;
use crate::read::input::Input;
use crate::source_format::{Codec, Container};

use collector::Collector;
use stream::{Stream, Trim};

/// Above this share of packets that cannot be decoded, the audio counts as damaged (5 %).
const BAD_SHARE_MAX: f64 = 0.05;
/// A claimed length may exceed the real one by so many frames (a packet of ALAC, the longest) without being worth a
/// word: some writers count packets, and take the last one for full.
const SLACK_FRAMES: u64 = 4_096;
/// The watch is asked every so many packets, which is at most 300 000 frames.
const PACKETS_PER_LOOK: u64 = 64;

/// Decodes what `container` holds.
pub(crate) fn decode<S: Read + Seek + Send + Sync + 'static>(
    input: Input<S>,
    container: Container,
    limits: &Limits,
    watch: &dyn Watch,
) -> Result<Decoded, DecodeError> {
    let mut stream = Stream::open(input, container)?;
    stream.check_claims(limits)?;
    let mut collector = Collector::new(limits, stream.trim);
    let mut tally = Tally::default();
    let mut cut_off = false;
    loop {
        let more = decode_stream(&mut stream, &mut collector, &mut tally, watch)?;
        match more {
            More::NextStream => {
                stream.reopen()?;
                collector.new_timeline();
            }
            More::CutOff => {
                cut_off = true;
                break;
            }
            More::No => break,
        }
    }
    watch.done(1.0);
    conclude(&mut stream, collector, &tally, cut_off, limits)
}

/// How a run through packets ended.
enum More {
    No,
    CutOff,
    NextStream,
}

/// How many packets there were, and how many of them were of no use.
#[derive(Default)]
struct Tally {
    packets: u64,
    bad: u64,
    /// Packets of another rate or number of channels, and where the first of them was.
    foreign: u64,
    foreign_at: f64,
}

fn decode_stream(
    stream: &mut Stream,
    collector: &mut Collector,
    tally: &mut Tally,
    watch: &dyn Watch,
) -> Result<More, DecodeError> {
    loop {
        if tally.packets.is_multiple_of(PACKETS_PER_LOOK) {
            if watch.is_cancelled() {
                return Err(DecodeError::Cancelled);
            }
            watch.done(collector.done(stream.frames_claimed));
        }
        let packet = match stream.reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == stream.track_id => packet,
            Ok(Some(_)) => continue,
            Ok(None) => return Ok(More::No),
            Err(Error::ResetRequired) => return Ok(More::NextStream),
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Ok(More::CutOff);
            }
            Err(Error::IoError(error)) => return Err(DecodeError::Unreadable(error)),
            Err(_) => return Ok(More::CutOff),
        };
        tally.packets += 1;
        match stream.container {
            Container::Flac => collector.expect_frame(packet.pts.get())?,
            Container::Ogg => tally.bad += collector.bridge_gap(packet.pts.get())?,
            _ => {}
        }
        match stream.decoder.decode(&packet) {
            Ok(buffer) => collector.push(buffer)?,
            Err(Error::DecodeError(what)) if what.contains("signal spec") => {
                if tally.foreign == 0 {
                    tally.foreign_at = collector.seconds();
                }
                tally.foreign += 1;
            }
            Err(Error::DecodeError(what)) if stream.container == Container::Flac => {
                return Err(collector.corrupt(what));
            }
            Err(Error::DecodeError(_) | Error::IoError(_)) => {
                tally.bad += 1;
                collector.push_silence(packet.dur.get())?;
            }
            Err(error) => return Err(refusal(error)),
        }
    }
}

/// Judges what was collected, and trims it.
fn conclude(
    stream: &mut Stream,
    collector: Collector,
    tally: &Tally,
    cut_off: bool,
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    if tally.foreign > 0 && collector.frames() > 0 {
        return Err(DecodeError::ChangesFormat {
            seconds: tally.foreign_at,
            from: collector.shape(),
            to: "another rate or number of channels".to_owned(),
        });
    }
    let useless = tally.bad + tally.foreign;
    if useless as f64 > tally.packets as f64 * BAD_SHARE_MAX {
        return Err(DecodeError::Corrupt {
            what: format!("{useless} of {} packets cannot be decoded", tally.packets),
        });
    }
    let mut notes = Vec::new();
    if useless > 0 {
        notes.push(DecodeNote::PacketsSilenced { packets: useless, packets_total: tally.packets });
    }
    let intact = stream.decoder.finalize().verify_ok;
    judge_length(stream, &collector, intact, cut_off, limits, &mut notes)?;
    if stream.trim == Trim::Unknown && stream.source.codec != Codec::Flac {
        notes.push(DecodeNote::PrimingUnknown);
    }
    let source = stream.source;
    let audio = collector.finish(&mut notes)?;
    Ok(Decoded { audio, source, notes })
}

/// Compares what came with what the header claims: the rest is lost, or the header was wrong.
fn judge_length(
    stream: &Stream,
    collector: &Collector,
    intact: Option<bool>,
    cut_off: bool,
    limits: &Limits,
    notes: &mut Vec<DecodeNote>,
) -> Result<(), DecodeError> {
    let found = collector.frames();
    let slack = if stream.source.codec == Codec::Flac { 0 } else { SLACK_FRAMES };
    let lost = stream.frames_claimed.map_or(0, |claimed| claimed.saturating_sub(found));
    let rate = collector.rate_hertz();
    let seconds = |frames: u64| frames as f64 / rate;
    if lost > slack && intact != Some(true) {
        let lost = seconds(lost);
        if lost > (seconds(found) + lost) * limits.lost_share_max {
            return Err(DecodeError::Truncated { seconds_found: seconds(found), seconds_lost: Some(lost) });
        }
        notes.push(DecodeNote::Truncated { seconds_lost: Some(lost) });
    } else if lost > slack {
        let seconds_claimed = stream.frames_claimed.map(seconds);
        notes.push(DecodeNote::LengthCorrected { seconds_claimed, seconds_found: seconds(found) });
    } else if intact == Some(false) {
        return Err(DecodeError::Corrupt { what: "its checksum does not fit its samples".to_owned() });
    } else if cut_off {
        if found == 0 {
            return Err(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None });
        }
        notes.push(DecodeNote::Truncated { seconds_lost: None });
    }
    Ok(())
}

/// An error of the library that ends decoding, in our words.
fn refusal(error: Error) -> DecodeError {
    match error {
        Error::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None }
        }
        Error::IoError(error) => DecodeError::Unreadable(error),
        Error::Unsupported(what) => {
            DecodeError::CodecUnsupported { found: format!("this kind of file ({what})") }
        }
        Error::DecodeError(what) | Error::LimitError(what) => DecodeError::malformed(what),
        error => DecodeError::malformed(error.to_string()),
    }
}

/// What symphonia needs, under one roof.
type Reader = Box<dyn FormatReader>;
type Decoder = Box<dyn AudioDecoder>;
type Params = AudioCodecParameters;
