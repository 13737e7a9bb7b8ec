//! Tags as Vorbis comments, which FLAC has taken over (RFC 9639, sections 8.6 and 8.8), and the picture beside them.

use crate::cover::Cover;
use crate::tags::Tags;

/// The cover's front (RFC 9639, table 13).
const FRONT_COVER: u32 = 3;

/// Names and values of what is set, the cover left out.
pub(crate) fn pairs(tags: &Tags) -> Vec<(&'static str, String)> {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
    let fields = [
        ("TITLE", text(tags.title())),
        ("ARTIST", text(tags.artist())),
        ("ALBUM", text(tags.album())),
        ("ALBUMARTIST", text(tags.album_artist())),
        ("TRACKNUMBER", number(tags.track_number())),
        ("TRACKTOTAL", number(tags.track_total())),
        ("DATE", text(tags.date())),
        ("GENRE", text(tags.genre())),
        ("ISRC", text(tags.isrc())),
        ("COMMENT", text(tags.comment())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The body of a comment block: who wrote it, and the pairs.
pub(crate) fn body(vendor: &[u8], tags: Option<&Tags>) -> Vec<u8> {
    let pairs = tags.map(pairs).unwrap_or_default();
    let mut body = Vec::new();
    body.extend((vendor.len() as u32).to_le_bytes());
    body.extend(vendor);
    body.extend((pairs.len() as u32).to_le_bytes());
    for (name, value) in pairs {
        body.extend(((name.len() + 1 + value.len()) as u32).to_le_bytes());
        body.extend(name.as_bytes());
        body.push(b'=');
        body.extend(value.as_bytes());
    }
    body
}

/// The body of a picture block. Ogg Vorbis has the same, in base64, as `METADATA_BLOCK_PICTURE`.
pub(crate) fn picture(cover: &Cover) -> Vec<u8> {
    let media_type = cover.kind().media_type().as_bytes();
    let size = cover.size();
    let mut body = Vec::with_capacity(cover.bytes().len() + 64);
    body.extend(FRONT_COVER.to_be_bytes());
    body.extend((media_type.len() as u32).to_be_bytes());
    body.extend(media_type);
    // No description, and no palette whose colours could be counted.
    for number in [0, size.width, size.height, size.bits, 0, cover.bytes().len() as u32] {
        body.extend(number.to_be_bytes());
    }
    body.extend(cover.bytes());
    body
}
