//! Which container the first bytes are. The file's name is never believed, only compared.

use std::io::{Read, Seek};

use crate::error::DecodeError;
use crate::read::input::Input;
use crate::source_format::Container;

/// How far the first MPEG frame may lie behind the start or the last tag.
const JUNK_BYTES_MAX: usize = 64 << 10;
/// More tags than anyone writes in front of one file.
const TAGS_MAX: usize = 8;

/// Finds the container, moves the input's start behind tags and junk, and compares with `extension`.
pub(crate) fn container<S: Read + Seek>(
    input: &mut Input<S>,
    extension: Option<&str>,
) -> Result<Container, DecodeError> {
    let extension =
        extension.map(|e| e.trim_start_matches('.').to_ascii_lowercase()).filter(|e| !e.is_empty());
    let tagged = skip_id3v2(input)?;
    let mut head = [0; 512];
    let filled = input.read_at(0, &mut head)?;
    let head = &head[..filled];

    let found = match by_magic(head)? {
        Some(container) => container,
        None => {
            let far = if tagged || extension.as_deref() == Some("mp3") { JUNK_BYTES_MAX } else { 1 };
            match first_mpeg_frame(input, far)? {
                Some((offset, 3)) => {
                    input.skip(offset);
                    Container::Mp3
                }
                Some((_, layer)) => return Err(unsupported(&format!("MPEG audio layer {layer}"))),
                None => return Err(DecodeError::FormatUnknown { extension, looks_like: look_of(head) }),
            }
        }
    };
    match extension {
        Some(extension) if contradicts(found, &extension) => {
            Err(DecodeError::FormatMismatch { extension, found: found.title() })
        }
        _ => Ok(found),
    }
}

/// Whether `extension` is one that some other container uses. One that nobody uses says nothing.
fn contradicts(found: Container, extension: &str) -> bool {
    !found.extensions().contains(&extension)
        && Container::ALL.iter().any(|other| other.extensions().contains(&extension))
}

fn unsupported(found: &str) -> DecodeError {
    DecodeError::CodecUnsupported { found: found.to_owned() }
}

/// The container that `head` begins, if it is one we read; an error if it is one we know but do not read.
fn by_magic(head: &[u8]) -> Result<Option<Container>, DecodeError> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    let short = head.len() < 12;
    Ok(Some(match head {
        _ if at(0, b"RIFF") && (short || at(8, b"WAVE")) => Container::Wav,
        _ if at(0, b"RF64") && (short || at(8, b"WAVE")) => Container::Rf64,
        _ if at(0, b"BW64") && (short || at(8, b"WAVE")) => Container::Bw64,
        _ if at(0, b"riff\x2e\x91\xcf\x11") => Container::W64,
        _ if at(0, b"FORM") && (short || at(8, b"AIFF")) => Container::Aiff,
        _ if at(0, b"FORM") && at(8, b"AIFC") => Container::Aifc,
        _ if at(0, b"caff") => Container::Caf,
        _ if at(0, b"fLaC") => Container::Flac,
        _ if at(0, b"OggS") => return ogg(head).map(Some),
        _ if at(4, b"ftyp") => Container::Mp4,
        _ => {
            return match known_but_not_read(head) {
                Some(name) => Err(unsupported(name)),
                None => Ok(None),
            };
        }
    }))
}

/// Ogg holds many codecs; the first page's packet names it (RFC 3533, 6).
fn ogg(head: &[u8]) -> Result<Container, DecodeError> {
    let payload = 27 + usize::from(*head.get(26).unwrap_or(&0));
    let packet = head.get(payload..).unwrap_or_default();
    if packet.starts_with(b"\x01vorbis") || packet.starts_with(b"\x7fFLAC") {
        Ok(Container::Ogg)
    } else if packet.starts_with(b"OpusHead") {
        Err(unsupported("Opus audio"))
    } else if packet.starts_with(b"Speex   ") {
        Err(unsupported("Speex audio"))
    } else if packet.starts_with(b"\x80theora") {
        Err(unsupported("Theora video"))
    } else if head.len() < payload + 8 {
        Err(DecodeError::Truncated { seconds_found: 0.0, seconds_lost: None })
    } else {
        Err(unsupported("an unknown codec in Ogg"))
    }
}

fn known_but_not_read(head: &[u8]) -> Option<&'static str> {
    const KNOWN: [(usize, &[u8], &str); 17] = [
        (0, b"RIFX", "big-endian RIFF"),
        (8, b"AVI ", "AVI video"),
        (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
        (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media audio"),
        (0, b"MThd", "a MIDI file"),
        (0, b"MAC ", "Monkey's Audio"),
        (0, b"wvpk", "WavPack audio"),
        (0, b"TTA1", "True Audio"),
        (0, b"DSD ", "DSD audio"),
        (0, b"FRM8", "DSD audio"),
        (0, b"#!AMR", "AMR speech"),
        (0, b".snd", "Sun audio"),
        (0, b"MPCK", "Musepack audio"),
        (0, b"MP+", "Musepack audio"),
        (0, b"tBaK", "TAK audio"),
        (4, b"moov", "a QuickTime film without a type"),
        (8, b"8SVX", "8SVX audio"),
    ];
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    let adts = matches!(head, [0xff, second, ..] if second & 0xf6 == 0xf0);
    KNOWN
        .iter()
        .find(|(offset, magic, _)| at(*offset, magic))
        .map(|(_, _, name)| *name)
        .or_else(|| adts.then_some("AAC without a container (ADTS)"))
}

/// What a file is that is no audio, as far as a producer would say it.
fn look_of(head: &[u8]) -> &'static str {
    const LOOKS: [(&[u8], &str); 12] = [
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF", "a PDF document"),
        (b"\x7fELF", "a program"),
        (b"MZ", "a program"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"GIF8", "a picture"),
        (b"\x1f\x8b", "a compressed archive"),
        (b"7z\xbc\xaf", "a compressed archive"),
        (b"Rar!", "a compressed archive"),
        (b"<?xml", "an XML document"),
        (b"{", "a text file"),
    ];
    let text = head.trim_ascii_start();
    let is_web = [&b"<!doctype"[..], b"<html", b"<head"]
        .iter()
        .any(|tag| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)));
    if is_web {
        return "a web page";
    }
    match LOOKS.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, look)) => look,
        None if !head.is_empty() && head.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) => {
            "a text file"
        }
        None => "unknown data",
    }
}

/// Moves the start behind ID3v2 tags (id3.org, ID3v2.4 section 3.1); whether there was one.
fn skip_id3v2<S: Read + Seek>(input: &mut Input<S>) -> Result<bool, DecodeError> {
    for count in 0..TAGS_MAX {
        let Some(header) = input.array_at::<10>(0)? else { return Ok(count > 0) };
        if !header.starts_with(b"ID3") {
            return Ok(count > 0);
        }
        let size = header[6..].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
        let footer = if header[5] & 0x10 != 0 { 10 } else { 0 };
        let whole = 10 + size + footer;
        if whole >= input.length() {
            return Err(DecodeError::malformed(format!(
                "its ID3 tag claims {whole} bytes, and the whole file has {}",
                input.length()
            )));
        }
        input.skip(whole);
    }
    Err(DecodeError::malformed(format!("it begins with more than {TAGS_MAX} ID3 tags")))
}

/// Offset and layer of the first MPEG audio frame within `far` bytes that another one follows, or the end.
fn first_mpeg_frame<S: Read + Seek>(
    input: &mut Input<S>,
    far: usize,
) -> Result<Option<(u64, u8)>, DecodeError> {
    let mut bytes = vec![0; far + 8];
    let filled = input.read_at(0, &mut bytes)?;
    for offset in 0..far.min(filled.saturating_sub(3)) {
        let Some(header) = MpegHeader::parse([0, 1, 2, 3].map(|i| bytes[offset + i])) else { continue };
        let next = offset as u64 + header.frame_bytes;
        let follows = match input.array_at::<4>(next)? {
            Some(word) => MpegHeader::parse(word).is_some_and(|n| n.kind == header.kind),
            // The last frame may be the only one, but it is whole.
            None => next <= input.length(),
        };
        if follows {
            return Ok(Some((offset as u64, header.layer)));
        }
    }
    Ok(None)
}

struct MpegHeader {
    /// Version, layer and rate: what stays the same from frame to frame.
    kind: [u8; 2],
    layer: u8,
    frame_bytes: u64,
}

impl MpegHeader {
    /// ISO/IEC 11172-3, 2.4.2.3; none if it is no header, or its bit rate is free.
    fn parse(word: [u8; 4]) -> Option<Self> {
        const KBPS: [[u16; 15]; 5] = [
            [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448], // 1, layer I
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],    // 1, layer II
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],     // 1, layer III
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],    // 2 and 2.5, layer I
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],         // 2 and 2.5, II and III
        ];
        let [sync, second, third, _] = word;
        let version = second >> 3 & 3;
        let layer = 4 - (second >> 1 & 3);
        let rate = third >> 2 & 3;
        let bit_rate = usize::from(third >> 4);
        if sync != 0xff || second & 0xe0 != 0xe0 || version == 1 || layer == 4 || rate == 3 {
            return None;
        }
        let table = match (version, layer) {
            (3, layer) => usize::from(layer - 1),
            (_, 1) => 3,
            _ => 4,
        };
        let kbps = u64::from(*KBPS[table].get(bit_rate)?);
        if kbps == 0 {
            return None;
        }
        let base = [44_100, 48_000, 32_000][usize::from(rate)];
        let hertz = match version {
            3 => base,
            2 => base / 2,
            _ => base / 4,
        };
        let padding = u64::from(third >> 1 & 1);
        let frame_bytes = match (layer, version) {
            (1, _) => (12_000 * kbps / hertz + padding) * 4,
            (3, 0 | 2) => 72_000 * kbps / hertz + padding,
            _ => 144_000 * kbps / hertz + padding,
        };
        Some(Self { kind: [second & 0xfe, third & 0x0c], layer, frame_bytes })
    }
}
