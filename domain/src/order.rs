//! What a customer asks for, checked, before it is a job.

use serde_json::Value;

use crate::digest::Digest;
use crate::fields::{FieldError, Fields, kind};
use crate::ids::{AccountId, UploadId};
use crate::job::{Job, JobKind};
use crate::preview::Part;
use crate::recipe::Recipe;
use crate::stem::StemSettings;

/// The body of an order, checked: everything but who asks.
#[derive(Clone, PartialEq, Debug)]
pub struct Wish {
    /// What to make.
    pub kind: JobKind,
    /// What to call it; empty if the customer did not say.
    pub title: String,
    /// From what, in order, none twice: one for a master, 2 to [`Wish::ALBUM_TRACKS_MAX`] for an album, 1 to
    /// [`Wish::STEMS_MAX`] for a mix.
    pub inputs: Vec<Input>,
    /// What it is to sound like: at most [`Wish::REFERENCES_MAX`], none twice, none an input.
    pub references: Vec<UploadId>,
    /// How.
    pub recipe: Recipe,
}

/// One song or stem that goes in.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// Which.
    pub upload: UploadId,
    /// What the track of an album is called; empty if the customer did not say.
    pub title: String,
    /// What was decided about the stem of a mix.
    pub settings: StemSettings,
}

impl From<UploadId> for Input {
    fn from(upload: UploadId) -> Self {
        Self { upload, title: String::new(), settings: StemSettings::default() }
    }
}

/// A checked order: what the store turns into a job.
#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    /// Who asks.
    pub account: AccountId,
    /// For what.
    pub wish: Wish,
    /// The customer's own name for this order: the same key never makes two jobs.
    pub idempotency_key: Option<String>,
    /// Of the body as it was sent: the same key with another body is a conflict.
    pub body_hash: Digest,
}

impl Order {
    /// The order that a job was made from, to be given again: without a key, so that it makes another job.
    #[must_use]
    pub fn again(job: &Job) -> Self {
        let wish = Wish {
            kind: job.kind,
            title: job.title.clone(),
            inputs: job.inputs.clone(),
            references: job.references.clone(),
            recipe: job.recipe.clone(),
        };
        // The body is not known any more; without a key nothing is compared with it.
        let body_hash = Digest::from_bytes([0; 32]);
        Self { account: job.account.clone(), wish, idempotency_key: None, body_hash }
    }
}

impl Wish {
    /// The longest title, in characters.
    pub const TITLE_LENGTH_MAX: usize = 200;
    /// The most references: more would only blur each other.
    pub const REFERENCES_MAX: usize = 5;
    /// The fewest tracks of an album.
    pub const ALBUM_TRACKS_MIN: usize = 2;
    /// The most tracks of an album.
    pub const ALBUM_TRACKS_MAX: usize = 30;
    /// The most stems of a mix.
    pub const STEMS_MAX: usize = dsp::mix::STEMS_MAX;

    /// The body of `POST /v1/jobs` and `POST /v1/quotes`. Every bad field is named by a JSON pointer from the
    /// body's root; what is not known is refused, never ignored.
    pub fn check(raw: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(raw, "").map_err(|error| vec![error])?;
        let kind = fields.job_kind();
        let title = fields.line("title", Self::TITLE_LENGTH_MAX);
        let inputs = fields.inputs(kind);
        let references = fields.references(&inputs);
        let preview = fields.preview(kind);
        let recipe = fields.take("recipe").unwrap_or(Value::Null);
        let recipe = Recipe::check(&recipe, references.len()).unwrap_or_else(|errors| {
            fields.errors.extend(errors.into_iter().map(|error| error.within("/recipe")));
            Recipe::default()
        });
        if kind == JobKind::Album {
            for tag in recipe.tags.of_one_track() {
                let detail = format!("{tag} belongs to one track; an album's tracks have their own");
                fields.refuse(&format!("recipe/tags/{tag}"), "not_for_albums", detail);
            }
        }
        if !kind.is_mix() {
            for (name, is_set) in [("space", recipe.space > 0.0), ("stems", recipe.stems)] {
                if is_set {
                    let detail = format!("{name} belongs to a mix; leave it out");
                    fields.refuse(&format!("recipe/{name}"), "only_for_mixes", detail);
                }
            }
        }
        fields.finish()?;
        Ok(Self { kind, title, inputs, references, recipe: Recipe { preview, ..recipe } })
    }
}

/// What there is to make, in words.
const KINDS: &str = "master, mix, mix_and_master or album";

impl Fields {
    fn job_kind(&mut self) -> JobKind {
        match self.take("kind") {
            None => self.refuse("kind", "required", format!("say what to make: {KINDS}")),
            Some(Value::String(text)) => match JobKind::parse(&text) {
                Some(kind) => return kind,
                None => self.refuse("kind", "unknown_value", format!("a job's kind is {KINDS}")),
            },
            Some(other) => {
                self.refuse("kind", "wrong_type", format!("kind is {}, not a text", kind(&other)));
            }
        }
        JobKind::Master
    }

    fn inputs(&mut self, job: JobKind) -> Vec<Input> {
        let items = match self.take("inputs") {
            Some(Value::Array(items)) if !items.is_empty() => items,
            None | Some(Value::Array(_)) => {
                self.refuse("inputs", "required", "name the uploads to work on");
                return Vec::new();
            }
            Some(other) => {
                self.refuse("inputs", "wrong_type", format!("inputs is {}, not a list", kind(&other)));
                return Vec::new();
            }
        };
        let (least, most) = match job {
            JobKind::Master => (1, 1),
            JobKind::Album => (Wish::ALBUM_TRACKS_MIN, Wish::ALBUM_TRACKS_MAX),
            JobKind::Mix | JobKind::MixAndMaster => (1, Wish::STEMS_MAX),
        };
        if !(least..=most).contains(&items.len()) {
            let detail = match job {
                JobKind::Master => format!("a master is made from 1 input, not {}", items.len()),
                JobKind::Album => format!("an album has {least} to {most} inputs, not {}", items.len()),
                JobKind::Mix | JobKind::MixAndMaster => {
                    format!("a mix is made from {least} to {most} stems, not {}", items.len())
                }
            };
            self.refuse("inputs", "out_of_range", detail);
        }
        let mut inputs: Vec<Input> = Vec::new();
        for (index, item) in items.iter().enumerate().take(most) {
            match input(item, &format!("/inputs/{index}"), job) {
                Ok(input) if inputs.iter().any(|other| other.upload == input.upload) => {
                    self.refuse(
                        &format!("inputs/{index}/upload"),
                        "duplicate",
                        "the upload is there already",
                    );
                }
                Ok(input) => inputs.push(input),
                Err(errors) => self.errors.extend(errors),
            }
        }
        inputs
    }

    fn references(&mut self, inputs: &[Input]) -> Vec<UploadId> {
        let items = self.list("references").unwrap_or_default();
        let (count, most) = (items.len(), Wish::REFERENCES_MAX);
        if count > most {
            self.refuse("references", "out_of_range", format!("there can be {most} references, not {count}"));
        }
        let mut references = Vec::new();
        for (index, item) in items.iter().enumerate().take(most) {
            let path = format!("references/{index}");
            let Some(text) = item.as_str() else {
                let detail = format!("a reference is the id of an upload, not {}", kind(item));
                self.refuse(&path, "wrong_type", detail);
                continue;
            };
            match UploadId::parse(text) {
                Err(error) => self.refuse(&path, "unknown_upload", error.to_string()),
                Ok(upload) if references.contains(&upload) => {
                    self.refuse(&path, "duplicate", "the reference is there already");
                }
                Ok(upload) if inputs.iter().any(|input| input.upload == upload) => {
                    self.refuse(&path, "duplicate", "a song is no reference for itself");
                }
                Ok(upload) => references.push(upload),
            }
        }
        references
    }
}

/// One input: `upload`, the title of an album's track, the settings of a mix's stem.
fn input(raw: &Value, pointer: &str, job: JobKind) -> Result<Input, Vec<FieldError>> {
    let mut fields = Fields::of(raw, pointer).map_err(|error| vec![error])?;
    let settings = if job.is_mix() {
        fields.stem_settings()
    } else {
        fields.no_stem_settings();
        StemSettings::default()
    };
    let title = match job {
        JobKind::Album => fields.line("title", Wish::TITLE_LENGTH_MAX),
        // A title here is an unknown field: a master has one of its own, a stem has its file's name.
        JobKind::Master | JobKind::Mix | JobKind::MixAndMaster => String::new(),
    };
    let upload = fields.upload();
    fields.finish()?;
    let upload = upload.ok_or_else(Vec::new)?;
    Ok(Input { upload, title, settings })
}

impl Fields {
    /// The part that is heard for free; of a master only, whose song is there before anybody works on it.
    fn preview(&mut self, job: JobKind) -> Option<Part> {
        let raw = self.take("preview")?;
        if job != JobKind::Master {
            let detail = format!("a preview is of a master, not of a job of the kind {job}; leave it out");
            self.refuse("preview", "only_for_masters", detail);
        }
        Part::check(&raw).map_err(|errors| self.errors.extend(errors)).ok()
    }

    fn upload(&mut self) -> Option<UploadId> {
        let Some(value) = self.take("upload") else {
            self.refuse("upload", "required", "name an upload");
            return None;
        };
        let Some(text) = value.as_str() else {
            self.refuse("upload", "wrong_type", format!("upload is {}, not a text", kind(&value)));
            return None;
        };
        match UploadId::parse(text) {
            Ok(upload) => Some(upload),
            Err(error) => {
                self.refuse("upload", "unknown_upload", error.to_string());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::SeededEntropy;

    fn codes(raw: Value) -> Vec<(String, String)> {
        let errors = Wish::check(&raw).expect_err("the case must be bad");
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn an_order_needs_only_a_kind_and_an_input() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let neutral = json!({"upload": upload, "role": null, "gain_db": 0.0, "pan": 0, "mute": false,
                             "untouched": false});
        for input in [json!({"upload": upload}), neutral] {
            let wish = Wish::check(&json!({"kind": "master", "inputs": [input]})).unwrap();
            assert_eq!(
                (wish.inputs.as_slice(), &wish.recipe),
                ([upload.clone().into()].as_slice(), &Recipe::default())
            );
        }
    }

    #[test]
    fn every_bad_field_is_named_from_the_bodys_root() {
        let bad = json!({"kind": "vinyl", "title": 7, "more": 1, "references": ["upl_1", 2],
                         "preview": {"length_s": 90},
                         "inputs": [{"upload": "upl_1", "gain_db": 3, "colour": 1}],
                         "recipe": {"tone": 2, "loudness_lufs": 0, "tags": {"title": ""}, "space": 0.5}});
        let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        let expected = [
            pair("/kind", "unknown_value"),
            pair("/title", "wrong_type"),
            pair("/inputs/0/gain_db", "only_for_mixes"),
            pair("/inputs/0/upload", "unknown_upload"),
            pair("/inputs/0/colour", "unknown_field"),
            pair("/references/0", "unknown_upload"),
            pair("/references/1", "wrong_type"),
            pair("/preview/length_s", "out_of_range"),
            pair("/recipe/tone", "out_of_range"),
            pair("/recipe/loudness_lufs", "out_of_range"),
            pair("/recipe/tags/title", "required"),
            pair("/more", "unknown_field"),
        ];
        assert_eq!(codes(bad), expected);
    }

    #[test]
    fn a_preview_is_a_part_of_a_master() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let order =
            |kind: &str| json!({"kind": kind, "inputs": [{"upload": upload}], "preview": {"start_s": 3}});
        let wish = Wish::check(&order("master")).unwrap();
        assert_eq!(wish.recipe.preview, Some(Part { start_s: Some(3.0), length_s: 30.0 }));
        assert_eq!(codes(order("mix")), [("/preview".to_owned(), "only_for_masters".to_owned())]);
    }

    #[test]
    fn a_master_takes_one_input() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let two = json!({"kind": "master", "inputs": [{"upload": upload}, {"upload": upload}]});
        assert_eq!(codes(two), [("/inputs".to_owned(), "out_of_range".to_owned())]);
        assert_eq!(codes(json!({"kind": "master"})), [("/inputs".to_owned(), "required".to_owned())]);
    }

    #[test]
    fn a_mix_takes_1_to_64_stems_with_what_was_decided_about_each() {
        let entropy = SeededEntropy::new(1);
        let uploads: Vec<UploadId> = (0..65).map(|_| UploadId::new(&entropy)).collect();
        let mix = |kind: &str, count: usize| {
            let inputs: Vec<Value> =
                uploads[..count].iter().map(|upload| json!({"upload": upload})).collect();
            json!({"kind": kind, "inputs": inputs, "recipe": {"space": 0.3, "stems": true}})
        };
        for (kind, count) in [("mix", 1), ("mix_and_master", 64)] {
            let wish = Wish::check(&mix(kind, count)).unwrap();
            assert_eq!((wish.kind.as_str(), wish.inputs.len()), (kind, count));
            assert_eq!((wish.recipe.space, wish.recipe.stems), (0.3, true));
            assert!(wish.inputs.iter().all(|input| input.settings.is_empty()), "the engine decides");
        }
        assert_eq!(codes(mix("mix", 65)), [("/inputs".to_owned(), "out_of_range".to_owned())]);
        let decided = json!({"upload": uploads[0], "role": "lead_vox", "gain_db": 2.5, "pan": -0.5, "mute": true,
                             "high_pass_hz": "off", "compressor": "off", "polarity": "inverted",
                             "eq": [{"shape": "bell", "hz": 310, "gain_db": -3, "q": 2}]});
        let wish = Wish::check(&json!({"kind": "mix", "inputs": [decided]})).unwrap();
        let settings = &wish.inputs[0].settings;
        assert_eq!((settings.gain_db, settings.pan, settings.is_muted()), (Some(2.5), Some(-0.5), true));
        let wish = settings.to_wish().unwrap();
        assert_eq!((wish.high_pass, wish.compressor), (Some(None), Some(None)));
        assert_eq!(wish.eq.map(|bands| bands.len()), Some(1));
    }

    #[test]
    fn every_bad_setting_of_a_stem_is_named_and_a_masters_input_has_none() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let bad = json!({"upload": upload, "role": "kazoo", "pan": 2, "mute": "yes", "high_pass_hz": "on",
                         "eq": [{"shape": "bell", "hz": 5, "gain_db": 0, "q": 1}], "loud": 1});
        let expected = [
            ("/inputs/0/role", "unknown_value"),
            ("/inputs/0/pan", "out_of_range"),
            ("/inputs/0/high_pass_hz", "wrong_type"),
            ("/inputs/0/eq", "out_of_range"),
            ("/inputs/0/mute", "wrong_type"),
            ("/inputs/0/loud", "unknown_field"),
        ];
        let told = codes(json!({"kind": "mix", "inputs": [bad]}));
        assert_eq!(told, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
        let stem = json!({"upload": upload, "role": "kick"});
        let told = codes(json!({"kind": "master", "inputs": [stem], "recipe": {"stems": true}}));
        let expected = [("/inputs/0/role", "only_for_mixes"), ("/recipe/stems", "only_for_mixes")];
        assert_eq!(told, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }

    #[test]
    fn an_album_takes_2_to_30_inputs_in_order_with_a_title_each() {
        let entropy = SeededEntropy::new(1);
        let uploads: Vec<UploadId> = (0..31).map(|_| UploadId::new(&entropy)).collect();
        let album = |count: usize| {
            let inputs: Vec<Value> =
                uploads[..count].iter().map(|upload| json!({"upload": upload, "title": "Side"})).collect();
            json!({"kind": "album", "inputs": inputs, "recipe": {"tags": {"album": "Sides"}}})
        };
        for count in [2, 30] {
            let wish = Wish::check(&album(count)).unwrap();
            let order: Vec<UploadId> = wish.inputs.iter().map(|input| input.upload.clone()).collect();
            assert_eq!((order.as_slice(), wish.inputs[0].title.as_str()), (&uploads[..count], "Side"));
        }
        for count in [1, 31] {
            assert_eq!(codes(album(count)), [("/inputs".to_owned(), "out_of_range".to_owned())]);
        }
    }

    #[test]
    fn what_belongs_to_one_track_is_refused_for_an_album_and_a_track_may_come_once() {
        let upload = UploadId::new(&SeededEntropy::new(1));
        let tags = json!({"title": "One", "track_number": 1, "isrc": "USS1Z9900001", "artist": "Ada"});
        let album = json!({"kind": "album", "inputs": [{"upload": upload}, {"upload": upload}],
                           "recipe": {"tags": tags}});
        let expected = [
            ("/inputs/1/upload", "duplicate"),
            ("/recipe/tags/title", "not_for_albums"),
            ("/recipe/tags/track_number", "not_for_albums"),
            ("/recipe/tags/isrc", "not_for_albums"),
        ];
        assert_eq!(codes(album), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
        let titled = json!({"kind": "master", "inputs": [{"upload": upload, "title": "One"}]});
        assert_eq!(codes(titled), [("/inputs/0/title".to_owned(), "unknown_field".to_owned())]);
    }

    #[test]
    fn there_are_at_most_five_references_none_twice_and_none_the_song_itself() {
        let entropy = SeededEntropy::new(1);
        let uploads: Vec<UploadId> = (0..7).map(|_| UploadId::new(&entropy)).collect();
        let inputs = json!([{"upload": uploads[0]}]);
        let order =
            |references: &[UploadId]| json!({"kind": "master", "inputs": inputs, "references": references});
        let wish = Wish::check(&order(&uploads[1..6])).unwrap();
        assert_eq!((wish.references.as_slice(), wish.recipe.loudness), (&uploads[1..6], None));
        assert_eq!(codes(order(&uploads[1..7])), [("/references".to_owned(), "out_of_range".to_owned())]);
        let twice = [uploads[1].clone(), uploads[1].clone(), uploads[0].clone()];
        let expected = [("/references/1", "duplicate"), ("/references/2", "duplicate")];
        let told = codes(order(&twice));
        assert_eq!(told, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
        let none = Wish::check(&order(&[])).unwrap();
        assert_eq!(none.recipe, Recipe::default());
    }
}
