//! From a task to a request: its files come into scratch, and the results get names.

use domain::ids::UploadId;
use domain::job::JobKind;
use domain::order::Input;
use domain::task::Task;
use store::outcome::Leased;

use crate::Worker;
use crate::cage::Allowance;
use crate::error::Hindrance;
use crate::intake::{Intake, Taken};
use crate::protocol::{MixOrder, Reference, Request, Stem, Track};
use crate::room::{Fit, Need, Room};
use crate::scratch::Scratch;

/// What an attempt begins with.
pub(crate) struct Fetched {
    /// What to do.
    pub(crate) request: Request,
    /// What doing it may use of the machine.
    pub(crate) allowance: Allowance,
    /// And of the disk.
    pub(crate) need: Need,
}

/// Brings the files into scratch, and says what to do with them. `None` if there is no room for them now.
pub(crate) async fn fetch(
    worker: &Worker,
    room: &Room,
    leased: &Leased,
    scratch: &Scratch,
) -> Result<Option<Fetched>, Hindrance> {
    let mut intake = Intake::new(worker, leased, scratch);
    let loads = intake.look(uploads(&leased.task)).await?;
    let need = Need::of(&loads);
    match room.fits(&need) {
        Fit::Fits => {}
        Fit::NotNow => return Ok(None),
        Fit::Never { total } => return Err(Hindrance::DiskTooSmall { likely: need.likely, total }),
    }
    let allowance = match &leased.task {
        Task::Check { .. } => Allowance::of_check(&loads, threads()),
        Task::Render { kind, .. } => Allowance::of_render(*kind, &loads, threads()),
    };
    let request = request(&mut intake, &leased.task, scratch).await?;
    Ok(Some(Fetched { request, allowance, need }))
}

/// All that a task reads.
fn uploads(task: &Task) -> Vec<&UploadId> {
    match task {
        Task::Check { upload } => vec![upload],
        Task::Render { inputs, references, .. } => {
            references.iter().chain(inputs.iter().map(|input| &input.upload)).collect()
        }
    }
}

async fn request(intake: &mut Intake<'_>, task: &Task, scratch: &Scratch) -> Result<Request, Hindrance> {
    let out = scratch.out().to_owned();
    let (kind, inputs, references, recipe, title) = match task {
        Task::Check { upload } => {
            let Reference { input, extension } = intake.take(upload).await?.into();
            return Ok(Request::Check { input, extension, out });
        }
        Task::Render { kind, inputs, references, recipe, title } => {
            let references = self::references(intake, references).await?;
            (*kind, inputs.as_slice(), references, recipe.clone(), title.clone())
        }
    };
    match (kind, inputs) {
        (JobKind::Master, [only]) => {
            let taken = intake.take(&only.upload).await?;
            let title = if title.is_empty() { stem_of(&taken.upload.name) } else { title };
            let Reference { input, extension } = taken.into();
            Ok(Request::Master { input, extension, references, out, recipe, title })
        }
        (JobKind::Master, _) => Err(Hindrance::Inputs { count: inputs.len() }),
        (JobKind::Mix | JobKind::MixAndMaster, _) => {
            let stems = stems(intake, inputs).await?;
            let title = if title.is_empty() { "Untitled".to_owned() } else { title };
            Ok(Request::Mix { order: MixOrder { kind, stems, references, recipe, title }, out })
        }
        (JobKind::Album, _) => {
            let inputs = tracks(intake, inputs).await?;
            Ok(Request::Album { inputs, references, out, recipe, title })
        }
    }
}

/// One for each processor.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

async fn references(intake: &mut Intake<'_>, ids: &[UploadId]) -> Result<Vec<Reference>, Hindrance> {
    let mut references = Vec::with_capacity(ids.len());
    for id in ids {
        references.push(intake.take(id).await?.into());
    }
    Ok(references)
}

async fn tracks(intake: &mut Intake<'_>, inputs: &[Input]) -> Result<Vec<Track>, Hindrance> {
    let mut tracks = Vec::with_capacity(inputs.len());
    for (number, input) in (1..).zip(inputs) {
        let taken = intake.take(&input.upload).await?;
        let title = match input.title.is_empty() {
            true => without_number(&stem_of(&taken.upload.name), number),
            false => input.title.clone(),
        };
        let Reference { input, extension } = taken.into();
        tracks.push(Track { input, extension, title });
    }
    Ok(tracks)
}

async fn stems(intake: &mut Intake<'_>, inputs: &[Input]) -> Result<Vec<Stem>, Hindrance> {
    let mut stems: Vec<Stem> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let taken = intake.take(&input.upload).await?;
        let name = name_of_its_own(&taken.upload.name, |name| stems.iter().any(|stem| stem.name == name));
        let Reference { input: path, extension } = taken.into();
        stems.push(Stem { input: path, extension, name, settings: input.settings.clone() });
    }
    Ok(stems)
}

impl From<Taken> for Reference {
    fn from(taken: Taken) -> Self {
        Self { extension: taken.upload.extension(), input: taken.path }
    }
}

/// Of two stems that are both called `kick.wav`, the second is `kick (2).wav`.
fn name_of_its_own(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let (stem, ending) = name.rsplit_once('.').map_or((name, ""), |(stem, _)| (stem, &name[stem.len()..]));
    let numbered = (2u32..).map(|number| format!("{stem} ({number}){ending}"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
}

/// A file's name without its extension: what a master is called if nobody named it.
fn stem_of(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem.is_empty() { "Untitled".to_owned() } else { stem.to_owned() }
}

/// A track's file is often named after its place, which its master says anyway: `03 - Rain` is `Rain` as track 3,
/// and `99 Balloons` stays what it is unless it is track 99.
fn without_number(stem: &str, number: u32) -> String {
    let digits = stem.chars().take_while(char::is_ascii_digit).count();
    let (place, rest) = stem.split_at(digits);
    let title = rest.trim_start_matches([' ', '-', '.', '_', ')']);
    let is_place = place.parse() == Ok(number) && title.len() < rest.len() && !title.is_empty();
    if is_place { title.to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_stem_of_a_name_gets_a_number() {
        let taken = ["kick.wav", "kick (2).wav", "bass"];
        let name = |name: &str| name_of_its_own(name, |name| taken.contains(&name));
        assert_eq!(name("kick.wav"), "kick (3).wav");
        assert_eq!((name("bass").as_str(), name("snare.wav").as_str()), ("bass (2)", "snare.wav"));
    }

    #[test]
    fn a_track_loses_the_number_that_its_place_says_anyway_and_no_other() {
        for (stem, number, title) in [
            ("03 - Rain", 3, "Rain"),
            ("3. Rain", 3, "Rain"),
            ("03_Rain", 3, "Rain"),
            ("03 - Rain", 4, "03 - Rain"),
            ("99 Balloons", 9, "99 Balloons"),
            ("1999", 1999, "1999"),
            ("7th Day", 7, "7th Day"),
            ("Rain", 1, "Rain"),
        ] {
            assert_eq!(without_number(stem, number), title, "{stem} as {number}");
        }
    }
}
