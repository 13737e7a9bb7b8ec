//! A front cover: the bytes of a JPEG or a PNG, and what their own header says.

/// A picture that every player shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cover {
    kind: CoverKind,
    bytes: Vec<u8>,
    size: Size,
}

/// How a cover is coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CoverKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

/// What a picture's header says of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits of a pixel, all its components together.
    pub(crate) bits: u32,
}

impl Cover {
    /// The most bytes of a cover (10 MiB).
    pub const BYTES_MAX: usize = 10 << 20;

    /// A cover from the bytes of a file. The kind is read from the bytes; no name is believed.
    ///
    /// # Errors
    /// Where it is neither JPEG nor PNG, too large, or has no header that says how wide and high it is.
    pub fn new(bytes: Vec<u8>) -> Result<Self, CoverError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(CoverError::TooLarge { bytes: bytes.len() });
        }
        let (kind, size) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            (CoverKind::Png, size_of_png(&bytes))
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            (CoverKind::Jpeg, size_of_jpeg(&bytes))
        } else {
            return Err(CoverError::NoPicture { bytes: bytes.len() });
        };
        match size.filter(|size| size.width > 0 && size.height > 0) {
            Some(size) => Ok(Self { kind, bytes, size }),
            None => Err(CoverError::Headless { kind: kind.name(), bytes: bytes.len() }),
        }
    }

    /// How it is coded.
    #[must_use]
    pub fn kind(&self) -> CoverKind {
        self.kind
    }

    /// Its bytes, as they were given.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }
}

impl CoverKind {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
        }
    }
}

/// Why a cover cannot be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CoverError {
    /// Too many bytes.
    #[error("has {bytes} bytes; it can have at most {} (10 MiB)", Cover::BYTES_MAX)]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Neither JPEG nor PNG.
    #[error("of {bytes} bytes is neither a JPEG nor a PNG, by its first bytes; it can be one of these")]
    NoPicture {
        /// How many it has.
        bytes: usize,
    },
    /// It begins like a picture, but is none.
    #[error(
        "of {bytes} bytes begins like a {kind}, but does not say how wide and high it is; it must be whole"
    )]
    Headless {
        /// JPEG or PNG.
        kind: &'static str,
        /// How many it has.
        bytes: usize,
    },
}

/// From the chunk IHDR, which comes first (PNG, third edition, section 11.2.1).
fn size_of_png(bytes: &[u8]) -> Option<Size> {
    let header = bytes.get(8..26)?;
    if header[..8] != *b"\0\0\0\x0dIHDR" {
        return None;
    }
    let components = match header[17] {
        0 | 3 => 1, // grey, or an index into a palette
        2 => 3,
        4 => 2,
        6 => 4,
        _ => return None,
    };
    Some(Size {
        width: u32::from_be_bytes(header[8..12].try_into().ok()?),
        height: u32::from_be_bytes(header[12..16].try_into().ok()?),
        bits: u32::from(header[16]) * components,
    })
}

/// From the frame header, which comes after some segments of any kind (ITU-T T.81, B.2.2).
fn size_of_jpeg(bytes: &[u8]) -> Option<Size> {
    let mut rest = bytes.get(2..)?;
    loop {
        let [0xff, marker, after @ ..] = rest else { return None };
        match *marker {
            0xff => rest = &rest[1..], // a byte that only fills
            // SOF0 to SOF15, without the tables DHT and DAC and the extension JPG that stand among them.
            0xc0..=0xcf if !matches!(*marker, 0xc4 | 0xc8 | 0xcc) => {
                let [_, _, precision, h0, h1, w0, w1, components, ..] = *after else { return None };
                return Some(Size {
                    width: u32::from(u16::from_be_bytes([w0, w1])),
                    height: u32::from(u16::from_be_bytes([h0, h1])),
                    bits: u32::from(precision) * u32::from(components),
                });
            }
            // The end, or the pixels, before any frame header.
            0xd9 | 0xda => return None,
            0x01 | 0xd0..=0xd7 => rest = after,
            _ => {
                let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
                rest = after.get(length.max(2)..)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] =
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x58\0\0\x02\x59\x08\x06\0\0\0rest of the picture";
    const JPEG: &[u8] =
        b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x03x\xff\xc2\0\x11\x08\x01\x02\x03\x04\x03more";

    #[test]
    fn kind_and_size_are_read_from_the_bytes() {
        let cover = Cover::new(PNG.to_vec()).unwrap();
        assert_eq!(
            (cover.kind(), cover.size()),
            (CoverKind::Png, Size { width: 600, height: 601, bits: 32 })
        );
        let cover = Cover::new(JPEG.to_vec()).unwrap();
        assert_eq!(
            (cover.kind(), cover.size()),
            (CoverKind::Jpeg, Size { width: 772, height: 258, bits: 24 })
        );
    }

    #[test]
    fn what_is_no_picture_is_refused_with_what_it_could_be() {
        let refusal = |bytes: &[u8]| Cover::new(bytes.to_vec()).unwrap_err().to_string();
        assert!(refusal(b"GIF89a").contains("neither a JPEG nor a PNG"));
        assert!(refusal(b"").contains("of 0 bytes"));
        let too_large = refusal(&[&PNG[..], &vec![0; Cover::BYTES_MAX]].concat());
        assert!(too_large.contains("10485760") && too_large.contains("10 MiB"), "{too_large}");
        // Cut off anywhere before its size is said, or saying that it has none.
        for end in 8..26 {
            assert!(refusal(&PNG[..end]).contains("PNG"), "{end}");
        }
        for end in 3..24 {
            assert!(refusal(&JPEG[..end]).contains("JPEG"), "{end}");
        }
        assert!(refusal(b"\xff\xd8\xff\xd9").contains("JPEG"));
        assert!(refusal(b"\xff\xd8\xff\xe0\0\0\xff\xd9").contains("JPEG"));
        assert!(refusal(&[&PNG[..16], &[0; 4], &PNG[20..]].concat()).contains("how wide"));
    }
}
