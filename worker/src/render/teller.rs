//! What the child tells the worker while it works.

use std::io::{self, Write};
use std::sync::Mutex;

use domain::job::Stage;
use dsp::progress::Watch;

use super::Listener;
use crate::protocol::Line;

/// Writes lines, and thins progress to a line a hundredth.
pub(super) struct Teller {
    pipe: Mutex<Pipe>,
}

struct Pipe {
    output: Box<dyn Write + Send>,
    /// The stage, and how much of it was told last.
    told: Option<(Stage, f64)>,
}

impl Teller {
    pub(super) fn new(output: Box<dyn Write + Send>) -> Self {
        Self { pipe: Mutex::new(Pipe { output, told: None }) }
    }

    /// Where the work is.
    pub(super) fn stage(&self) -> Option<Stage> {
        self.pipe.lock().ok()?.told.map(|(stage, _)| stage)
    }

    pub(super) fn write(&self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut pipe = self.pipe.lock().map_err(|_| io::Error::other("a thread panicked while writing"))?;
        pipe.output.write_all(&text)?;
        pipe.output.flush()
    }

    /// A line that cannot be written is not worth failing for: the worker reads the last one, or sees the end.
    fn tell(&self, stage: Stage, progress: f64) {
        let _ = self.write(&Line::Progress { stage, progress });
    }
}

impl Listener for Teller {
    fn enter(&self, stage: Stage) {
        if let Ok(mut pipe) = self.pipe.lock() {
            pipe.told = Some((stage, 0.0));
        }
        self.tell(stage, 0.0);
    }
}

impl Watch for Teller {
    fn done(&self, fraction: f64) {
        const STEP: f64 = 0.01;
        let Ok(mut pipe) = self.pipe.lock() else { return };
        let Some((stage, told)) = &mut pipe.told else { return };
        if fraction < *told + STEP {
            return;
        }
        *told = fraction;
        let stage = *stage;
        drop(pipe);
        self.tell(stage, fraction.clamp(0.0, 1.0));
    }

    /// The worker kills the child instead: that works whatever a decoder is doing.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// For work that goes on side by side, where one part's progress would contradict the other's.
pub(super) struct Silent<'a>(pub(super) &'a dyn Watch);

impl Watch for Silent<'_> {
    fn done(&self, _fraction: f64) {}

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl Listener for Silent<'_> {
    fn enter(&self, _stage: Stage) {}
}

/// One track of several, told as a part of one stage: a job's stages never go back, and a track has them all.
pub(super) struct OneOf<'a> {
    whole: &'a dyn Listener,
    /// How many tracks are behind, and how many there are.
    place: (usize, usize),
    /// Where the stage of the track begins and ends.
    part: Mutex<(f64, f64)>,
}

impl<'a> OneOf<'a> {
    pub(super) fn new(whole: &'a dyn Listener, behind: usize, tracks: usize) -> Self {
        Self { whole, place: (behind, tracks), part: Mutex::new((0.0, 0.0)) }
    }
}

impl Listener for OneOf<'_> {
    fn enter(&self, stage: Stage) {
        // Shares of the time that a song of some minutes takes.
        let part = match stage {
            Stage::Fetch | Stage::Decode => (0.0, 0.1),
            Stage::Analyse => (0.1, 0.3),
            Stage::Mix | Stage::Master => (0.3, 0.8),
            Stage::Certify | Stage::Encode | Stage::Deliver => (0.8, 1.0),
        };
        if let Ok(mut current) = self.part.lock() {
            *current = part;
        }
        self.done(0.0);
    }
}

impl Watch for OneOf<'_> {
    fn done(&self, fraction: f64) {
        let (start, end) = self.part.lock().map_or((0.0, 0.0), |part| *part);
        let (behind, tracks) = self.place;
        // In this form it is exact at both ends, so that where one stage ends the next begins.
        let fraction = fraction.clamp(0.0, 1.0);
        let of_track = start * (1.0 - fraction) + end * fraction;
        self.whole.done((behind as f64 + of_track) / tracks as f64);
    }

    fn is_cancelled(&self) -> bool {
        self.whole.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<f64>>);

    impl Watch for Heard {
        fn done(&self, fraction: f64) {
            self.0.lock().unwrap().push(fraction);
        }

        fn is_cancelled(&self) -> bool {
            false
        }
    }

    impl Listener for Heard {
        fn enter(&self, stage: Stage) {
            panic!("{stage} is told to nobody");
        }
    }

    #[test]
    fn tracks_one_after_another_are_one_stage_that_never_goes_back() {
        let heard = Heard::default();
        for track in 0..3 {
            let one = OneOf::new(&heard, track, 3);
            for stage in [Stage::Decode, Stage::Analyse, Stage::Master, Stage::Encode] {
                one.enter(stage);
                one.done(0.5);
                one.done(1.0);
            }
        }
        let heard = heard.0.into_inner().unwrap();
        assert!(heard.is_sorted(), "{heard:?}");
        assert_eq!((heard.first(), heard.last()), (Some(&0.0), Some(&1.0)));
    }
}
