//! Tags as ID3, version 2.4.0: in front of an MP3, and in a chunk of its own in a WAV.

use crate::tags::Tags;

/// Text in UTF-8 (ID3v2.4.0 structure, section 4).
const UTF_8: u8 = 3;
/// The cover's front (ID3v2.4.0 frames, section 4.14).
const FRONT_COVER: u8 = 3;
/// A comment names its language (ISO 639-2); ours is not known.
const UNDETERMINED: &[u8] = b"und";

/// The whole tag, header included.
pub(crate) fn tag(tags: &Tags) -> Vec<u8> {
    let track = tags.track_number().map(|number| match tags.track_total() {
        Some(total) => format!("{number}/{total}"),
        None => number.to_string(),
    });
    let texts = [
        (b"TIT2", tags.title()),
        (b"TPE1", tags.artist()),
        (b"TALB", tags.album()),
        (b"TPE2", tags.album_artist()),
        (b"TRCK", track.as_deref()),
        (b"TDRC", tags.date()),
        (b"TCON", tags.genre()),
        (b"TSRC", tags.isrc()),
    ];
    let mut frames = Vec::new();
    for (id, text) in texts {
        if let Some(text) = text {
            put_frame(&mut frames, id, &[&[UTF_8], text.as_bytes()]);
        }
    }
    if let Some(text) = tags.comment() {
        put_frame(&mut frames, b"COMM", &[&[UTF_8], UNDETERMINED, b"\0", text.as_bytes()]);
    }
    if let Some(cover) = tags.cover() {
        let media_type = cover.kind().media_type().as_bytes();
        put_frame(&mut frames, b"APIC", &[&[UTF_8], media_type, &[0, FRONT_COVER, 0], cover.bytes()]);
    }
    let mut tag = b"ID3\x04\0\0".to_vec();
    tag.extend(syncsafe(frames.len()));
    tag.extend(frames);
    tag
}

fn put_frame(frames: &mut Vec<u8>, id: &[u8; 4], parts: &[&[u8]]) {
    frames.extend(id);
    frames.extend(syncsafe(parts.iter().map(|part| part.len()).sum()));
    frames.extend([0; 2]);
    for part in parts {
        frames.extend(*part);
    }
}

/// Four bytes of seven bits, so that no length looks like the start of an MP3 frame. Tags are far below 256 MiB.
fn syncsafe(length: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (length >> shift) as u8 & 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::TagFields;

    #[test]
    fn lengths_are_written_in_bytes_of_seven_bits() {
        assert_eq!(syncsafe(0), [0; 4]);
        assert_eq!(syncsafe(127), [0, 0, 0, 127]);
        assert_eq!(syncsafe(128), [0, 0, 1, 0]);
        assert_eq!(syncsafe((1 << 28) - 1), [127; 4]);
    }

    #[test]
    fn only_what_is_set_is_written() {
        let tags = Tags::new(TagFields { title: Some("Ä".to_owned()), ..TagFields::default() }).unwrap();
        assert_eq!(tag(&tags), b"ID3\x04\0\0\0\0\0\x0dTIT2\0\0\0\x03\0\0\x03\xc3\x84");
    }
}
