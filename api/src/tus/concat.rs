//! The header `Upload-Concat`: `partial`, or `final;URL URL …`.

use domain::ids::UploadId;

/// Longest header taken, in bytes: some hundred parts.
const HEADER_BYTES_MAX: usize = 8 * 1024;
/// What the path of an upload begins with.
const UPLOADS: &str = "/v1/uploads";

/// What a creation is to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    /// A part of a file.
    Partial,
    /// A file of these parts, in this order.
    Final { parts: Vec<UploadId> },
}

impl Wish {
    /// Reads the header. The error is a sentence for the client.
    pub(crate) fn parse(header: &str) -> Result<Self, String> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(format!("{} bytes, and at most {HEADER_BYTES_MAX} are taken", header.len()));
        }
        if header == "partial" {
            return Ok(Self::Partial);
        }
        let urls = header
            .strip_prefix("final;")
            .ok_or_else(|| format!("{header:?} is neither `partial` nor `final;` and a list of uploads"))?;
        let parts: Vec<_> =
            urls.split(' ').filter(|url| !url.is_empty()).map(part).collect::<Result<_, _>>()?;
        match parts.is_empty() {
            true => Err("no upload is named after `final;`".to_owned()),
            false => Ok(Self::Final { parts }),
        }
    }
}

/// The upload that an absolute or a relative URL names. Its host is not looked at: behind a proxy we go by many names.
fn part(url: &str) -> Result<UploadId, String> {
    let not_ours = || format!("{url:?} is not the `Location` of an upload");
    let (before, id) = url.rsplit_once('/').ok_or_else(not_ours)?;
    let host = before.strip_suffix(UPLOADS).ok_or_else(not_ours)?;
    let is_absolute = host.starts_with("http://") || host.starts_with("https://");
    // The header is kept as it came, and who somebody is has no place in it.
    let is_plain = host.is_empty() || (is_absolute && !host.contains('@'));
    match UploadId::parse(id) {
        Ok(id) if is_plain => Ok(id),
        _ => Err(not_ours()),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::SeededEntropy;

    use super::*;

    #[test]
    fn parts_are_named_by_absolute_or_relative_addresses_in_their_order() {
        let [a, b] = [1, 2].map(|seed| UploadId::new(&SeededEntropy::new(seed)));
        assert_eq!(Wish::parse("partial"), Ok(Wish::Partial));
        let header = format!("final;/v1/uploads/{b} https://mix.example/v1/uploads/{a} /v1/uploads/{b}");
        let parts = vec![b.clone(), a, b];
        assert_eq!(Wish::parse(&header), Ok(Wish::Final { parts }));
    }

    #[test]
    fn what_names_no_upload_is_refused_in_words() {
        let id = UploadId::new(&SeededEntropy::new(1));
        for (header, says) in [
            ("", "neither"),
            ("Partial", "neither"),
            ("final", "neither"),
            ("final;", "no upload"),
            ("final; ", "no upload"),
            (&format!("final;{id}"), "not the `Location`"),
            (&format!("final;/v1/jobs/{id}"), "not the `Location`"),
            (&format!("final;ftp://x/v1/uploads/{id}"), "not the `Location`"),
            (&format!("final;http://anna:secret@x/v1/uploads/{id}"), "not the `Location`"),
            ("final;/v1/uploads/job_1", "not the `Location`"),
            (&format!("final;{}", "x".repeat(8200)), "at most 8192"),
        ] {
            let error = Wish::parse(header).unwrap_err();
            assert!(error.contains(says), "{header:.40}: {error}");
        }
    }
}
