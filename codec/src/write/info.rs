//! Tags in a WAV: the list INFO, which every program reads, and an ID3 tag, which has room for the rest.

use crate::tags::Tags;
use crate::write::id3;

/// Both chunks, whole: their bytes are even in number.
///
/// INFO (Multimedia Programming Interface and Data Specifications 1.0, 1991, page 3-9) has no place for the album's
/// artist, the number of tracks, the recording code and a cover: its own `ISRC` means who supplied the source. Its
/// text is in UTF-8, as ffmpeg and others write it, and ends in a zero.
pub(crate) fn chunks(tags: &Tags) -> Vec<u8> {
    let track = tags.track_number().map(|number| number.to_string());
    let texts = [
        (b"INAM", tags.title()),
        (b"IART", tags.artist()),
        (b"IPRD", tags.album()),
        (b"IPRT", track.as_deref()),
        (b"ICRD", tags.date()),
        (b"IGNR", tags.genre()),
        (b"ICMT", tags.comment()),
    ];
    let mut list = b"INFO".to_vec();
    for (id, text) in texts {
        if let Some(text) = text {
            put_even(&mut list, id, &[text.as_bytes(), b"\0"].concat());
        }
    }
    let mut chunks = Vec::new();
    if list.len() > 4 {
        put_even(&mut chunks, b"LIST", &list);
    }
    put_even(&mut chunks, b"id3 ", &id3::tag(tags));
    chunks
}

/// A chunk of an odd length is followed by a zero that its length does not count.
fn put_even(bytes: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) {
    bytes.extend(id);
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len() + body.len() % 2, 0);
}
