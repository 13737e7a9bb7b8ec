//! Edit lists and iTunes' gapless tag: which part of an MP4 track is the producer's.
//!
//! The demultiplexer plays every sample of a track. What an encoder had put before and after is told by the edit
//! list (ISO/IEC 14496-12, 8.6.6) or, in older files, by a tag that iTunes writes.

use std::io::{Read, Seek};

use crate::error::DecodeError;
use crate::read::compressed::stream::Trim;
use crate::read::input::Input;

/// An index for ten hours of the shortest packets takes a tenth of this.
const INDEX_BYTES_MAX: u64 = 64 << 20;
/// Boxes within boxes, as deep as the ones we look for lie, and as many as any program writes.
const BOXES_MAX: usize = 100_000;

/// The part of one track that is to be heard, in units of its media clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Edit {
    pub(crate) track_id: u32,
    /// Ticks per second.
    clock: u32,
    /// Ticks before the part.
    before: u64,
    /// Ticks of the part.
    length: Option<u64>,
}

impl Edit {
    /// In frames of the decoded audio.
    pub(crate) fn trim(&self, hertz: u32) -> Trim {
        let frames = |ticks: u64| match self.clock == hertz {
            true => ticks,
            false => (ticks as f64 * f64::from(hertz) / f64::from(self.clock.max(1))).round() as u64,
        };
        Trim::Window { before: frames(self.before), frames: self.length.map(frames) }
    }
}

/// What the index says of each track that has a say.
pub(crate) fn edits<S: Read + Seek>(input: &mut Input<S>) -> Result<Vec<Edit>, DecodeError> {
    let Some(index) = read_index(input)? else {
        return Err(DecodeError::malformed("it has no index, which a moov box would hold"));
    };
    let movie_clock = find(&index, &[b"mvhd"]).and_then(clock_of).unwrap_or(0);
    let gapless = itunes_gapless(&index);
    let tracks = boxes(&index).filter(|b| b.kind == *b"trak");
    Ok(tracks.filter_map(|track| edit_of(track.body, movie_clock, gapless)).collect())
}

/// The body of the `moov` box, wherever it lies.
fn read_index<S: Read + Seek>(input: &mut Input<S>) -> Result<Option<Vec<u8>>, DecodeError> {
    let mut position = 0;
    for _ in 0..BOXES_MAX {
        let Some([s0, s1, s2, s3, kind @ ..]) = input.array_at::<8>(position)? else { break };
        let (header, size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => (8, input.length() - position),
            1 => (16, input.array_at(position + 8)?.map_or(0, u64::from_be_bytes)),
            size => (8, u64::from(size)),
        };
        if size < header {
            return Err(DecodeError::malformed(format!(
                "its {} box claims {size} bytes, less than its own header",
                String::from_utf8_lossy(&kind)
            )));
        }
        let end = position.saturating_add(size);
        if kind == *b"moov" {
            if end > input.length() {
                return Err(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None });
            }
            if size > INDEX_BYTES_MAX {
                return Err(DecodeError::malformed(format!(
                    "its index has {size} bytes; at most {INDEX_BYTES_MAX} make sense"
                )));
            }
            let mut body = vec![0; (size - header) as usize];
            let filled = input.read_at(position + header, &mut body)?;
            body.truncate(filled);
            return Ok(Some(body));
        }
        if end > input.length() {
            // The index comes last in most files, and was cut off with the end.
            return Err(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None });
        }
        position = end;
    }
    Ok(None)
}

fn edit_of(track: &[u8], movie_clock: u32, gapless: Option<(u64, u64)>) -> Option<Edit> {
    let header = find(track, &[b"tkhd"])?;
    let track_id = u32_at(header, if header.first()? == &1 { 20 } else { 12 })?;
    let clock = find(track, &[b"mdia", b"mdhd"]).and_then(clock_of)?;
    let total = find(track, &[b"mdia", b"minf", b"stbl", b"stts"]).and_then(duration_of);
    if let Some((before, frames)) = gapless {
        return Some(Edit { track_id, clock, before, length: Some(frames) });
    }
    let (before, segment) = first_edit(find(track, &[b"edts", b"elst"])?)?;
    // The length of the segment is in ticks of the film's clock, often whole milliseconds: where it agrees with
    // the samples of the track to within such a tick, they are right.
    let by_samples = total.map(|total| total.saturating_sub(before));
    let in_media = (segment as f64 * f64::from(clock) / f64::from(movie_clock.max(1))).round() as u64;
    let tick = u64::from(clock / movie_clock.max(1) + 1);
    let length = match by_samples {
        Some(samples) if segment == 0 || samples.abs_diff(in_media) <= tick => Some(samples),
        _ if segment == 0 => None,
        _ => Some(in_media),
    };
    Some(Edit { track_id, clock, before, length })
}

/// Start and length of the first edit that plays anything; edits that begin with nothing are a delay, not a trim.
fn first_edit(list: &[u8]) -> Option<(u64, u64)> {
    let long = *list.first()? == 1;
    let entry_bytes = if long { 20 } else { 12 };
    list.get(8..)?.chunks_exact(entry_bytes).take(u32_at(list, 4)? as usize).find_map(|entry| {
        let (length, start) = match long {
            true => (u64_at(entry, 0)?, u64_at(entry, 8)? as i64),
            false => (u64::from(u32_at(entry, 0)?), i64::from(u32_at(entry, 4)? as i32)),
        };
        Some((u64::try_from(start).ok()?, length))
    })
}

/// Ticks per second, of `mvhd` and `mdhd` alike.
fn clock_of(header: &[u8]) -> Option<u32> {
    u32_at(header, if *header.first()? == 1 { 20 } else { 12 }).filter(|clock| *clock > 0)
}

/// The sum of all samples' lengths, of `stts`.
fn duration_of(table: &[u8]) -> Option<u64> {
    let entries = table.get(8..)?.chunks_exact(8).take(u32_at(table, 4)? as usize);
    Some(entries.fold(0u64, |sum, entry| {
        let (count, each) = (u32_at(entry, 0).unwrap_or(0), u32_at(entry, 4).unwrap_or(0));
        sum.saturating_add(u64::from(count) * u64::from(each))
    }))
}

/// Delay and length in frames from the tag `iTunSMPB`: hexadecimal words, of which the second is the delay and
/// the fourth the number of frames.
fn itunes_gapless(index: &[u8]) -> Option<(u64, u64)> {
    let meta = find(index, &[b"udta", b"meta"])?.get(4..)?;
    let items = find(meta, &[b"ilst"])?;
    let tag = boxes(items)
        .filter(|b| b.kind == *b"----")
        .find(|item| find(item.body, &[b"name"]).is_some_and(|name| name.get(4..) == Some(b"iTunSMPB")))?;
    let text = std::str::from_utf8(find(tag.body, &[b"data"])?.get(8..)?).ok()?;
    let mut words = text.split_ascii_whitespace().map(|word| u64::from_str_radix(word, 16).ok());
    let (delay, frames) = (words.nth(1)??, words.nth(1)??);
    (frames > 0).then_some((delay, frames))
}

struct Box4<'a> {
    kind: [u8; 4],
    body: &'a [u8],
}

/// The boxes in `bytes`, as far as they are whole.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = Box4<'_>> {
    std::iter::from_fn(move || {
        let size = u32_at(bytes, 0)? as usize;
        let kind = bytes.get(4..8)?.try_into().ok()?;
        let body = bytes.get(8..size)?;
        bytes = &bytes[size..];
        Some(Box4 { kind, body })
    })
    .take(BOXES_MAX)
}

/// The body of the first box on a path of kinds.
fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| boxes(bytes).find(|b| b.kind == **kind).map(|b| b.body))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    #[test]
    fn the_tag_of_itunes_gives_delay_and_length() {
        let text = b" 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000";
        let data = boxed(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], &text[..]].concat());
        let name = boxed(b"name", b"\0\0\0\0iTunSMPB");
        let item = boxed(b"----", &[boxed(b"mean", b"\0\0\0\0com.apple.iTunes"), name, data].concat());
        let meta = boxed(b"meta", &[&[0; 4], &boxed(b"ilst", &item)[..]].concat());
        assert_eq!(itunes_gapless(&boxed(b"udta", &meta)), Some((0x840, 0x3f_31f6)));
        assert_eq!(itunes_gapless(&boxed(b"udta", b"")), None);
    }

    #[test]
    fn an_edit_that_begins_with_nothing_is_passed_over() {
        let entry =
            |length: u32, start: i32| [length.to_be_bytes(), start.to_be_bytes(), [0, 1, 0, 0]].concat();
        let list = [&[0; 4][..], &2u32.to_be_bytes(), &entry(500, -1), &entry(9_000, 1_024)].concat();
        assert_eq!(first_edit(&list), Some((1_024, 9_000)));
        assert_eq!(first_edit(&list[..10]), None);
    }

    #[test]
    fn a_clock_of_its_own_is_turned_into_frames() {
        let edit = Edit { track_id: 1, clock: 90_000, before: 2_048, length: Some(90_000) };
        assert_eq!(edit.trim(45_000), Trim::Window { before: 1_024, frames: Some(45_000) });
    }
}
