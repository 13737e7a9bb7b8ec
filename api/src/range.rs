//! Which bytes of an artifact a request asks for (RFC 9110, section 14).

/// One stretch of bytes, both ends included, inside what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Span {
    /// Bytes in the span; at least one.
    pub(crate) fn size_bytes(self) -> u64 {
        self.last - self.first + 1
    }

    /// The value of `Content-Range` for an artifact of `size` bytes.
    pub(crate) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// The range names no byte that exists: the answer is 416.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsatisfiable;

/// Reads a `Range` header for `size` bytes. `None` is the whole.
///
/// Another unit than bytes is ignored, as section 14.2 demands. So are several ranges at once: a server may
/// ignore them, and then a small request cannot ask for the same bytes a thousand times.
pub(crate) fn requested(header: Option<&str>, size: u64) -> Result<Option<Span>, Unsatisfiable> {
    let Some((unit, ranges)) = header.and_then(|text| text.split_once('=')) else { return Ok(None) };
    if !unit.trim().eq_ignore_ascii_case("bytes") || ranges.contains(',') {
        return Ok(None);
    }
    let (first, last) = ranges.trim().split_once('-').ok_or(Unsatisfiable)?;
    let end = size.checked_sub(1).ok_or(Unsatisfiable)?;
    let span = match (position(first)?, position(last)?) {
        (Some(first), Some(last)) if first > last => return Err(Unsatisfiable),
        (Some(first), last) => Span { first, last: last.unwrap_or(end).min(end) },
        (None, Some(0)) | (None, None) => return Err(Unsatisfiable),
        (None, Some(suffix)) => Span { first: size.saturating_sub(suffix), last: end },
    };
    if span.first > end { Err(Unsatisfiable) } else { Ok(Some(span)) }
}

/// Digits alone; a number beyond 64 bits is beyond every artifact and saturates.
fn position(text: &str) -> Result<Option<u64>, Unsatisfiable> {
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unsatisfiable);
    }
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_what_there_is() {
        for (header, first, last) in [
            ("bytes=0-0", 0, 0),
            ("bytes=0-99", 0, 99),
            ("bytes=10-19", 10, 19),
            ("bytes=90-", 90, 99),
            ("bytes=-10", 90, 99),
            ("bytes=-1000", 0, 99),
            ("bytes=50-100000", 50, 99),
            ("bytes=50-99999999999999999999999", 50, 99),
            ("Bytes= 1-2 ", 1, 2),
        ] {
            assert_eq!(requested(Some(header), 100), Ok(Some(Span { first, last })), "{header}");
        }
    }

    #[test]
    fn a_range_outside_or_backwards_is_refused() {
        for header in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=9-1",
            "bytes=-0",
            "bytes=-",
            "bytes=",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(requested(Some(header), 100), Err(Unsatisfiable), "{header}");
        }
        assert_eq!(requested(Some("bytes=0-0"), 0), Err(Unsatisfiable), "nothing has no first byte");
    }

    #[test]
    fn no_range_another_unit_and_several_ranges_give_the_whole() {
        for header in [None, Some("bytes"), Some("items=0-5"), Some("bytes=0-1,5-6")] {
            assert_eq!(requested(header, 100), Ok(None), "{header:?}");
        }
    }
}
