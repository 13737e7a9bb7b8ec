//! The header `Upload-Metadata`: `key base64, key base64, key`.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::blob::BlobKey;
use domain::upload::{MetadataKept, Upload};
use store::outcome::NewUpload;
use tokio::io::AsyncReadExt;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Longest header taken, in bytes.
pub(crate) const METADATA_BYTES_MAX: usize = 4096;
/// Most keys taken.
pub(crate) const METADATA_KEYS_MAX: usize = 16;

/// What a client told about its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// The header as it came: HEAD gives it back unchanged.
    pub(crate) raw: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) filetype: Option<String>,
}

impl Metadata {
    /// Reads the header; unknown keys are kept in `raw` alone. The error is a sentence for the client.
    pub(crate) fn parse(header: &str) -> Result<Self, String> {
        if header.len() > METADATA_BYTES_MAX {
            return Err(format!("{} bytes, and at most {METADATA_BYTES_MAX} are taken", header.len()));
        }
        let mut metadata = Self { raw: Some(header.to_owned()), ..Self::default() };
        let mut keys: Vec<&str> = Vec::new();
        for pair in header.split(',').map(str::trim) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!("{key:?} is not a key: keys are plain ASCII and not empty"));
            }
            if keys.contains(&key) {
                return Err(format!("the key `{key}` is there twice"));
            }
            keys.push(key);
            let value = decoded(key, value)?;
            match key {
                "filename" => metadata.filename = Some(text(key, value)?),
                "filetype" => metadata.filetype = Some(one_line(&text(key, value)?)),
                _ => {}
            }
        }
        if keys.len() > METADATA_KEYS_MAX {
            return Err(format!("{} keys, and at most {METADATA_KEYS_MAX} are taken", keys.len()));
        }
        Ok(metadata)
    }
}

impl Metadata {
    /// How the header is kept, so that HEAD gives it back as it came. It may hold what is personal, so what name and
    /// type do not give lies in a sealed blob, which goes with the upload's others.
    pub(crate) fn kept(&self, name: &str) -> MetadataKept {
        match &self.raw {
            None => MetadataKept::None,
            Some(raw) if *raw == of_name_and_type(name, self.filetype.as_deref()) => {
                MetadataKept::NameAndType
            }
            Some(_) => MetadataKept::Blob,
        }
    }
}

/// Keeps the header where it is to lie in a blob. Before the upload has a row: what has no row is swept.
pub(crate) async fn keep_metadata(app: &App, new: &NewUpload, metadata: &Metadata) -> ApiResult<()> {
    if let (MetadataKept::Blob, Some(raw)) = (new.metadata, &metadata.raw) {
        app.blobs.put(&BlobKey::upload_metadata(&new.id), raw.as_bytes()).await?;
    }
    Ok(())
}

/// Lets go of it, since there will be no such upload.
pub(crate) async fn forget_metadata(app: &App, new: &NewUpload) {
    if new.metadata == MetadataKept::Blob
        && let Err(error) = app.blobs.delete(&BlobKey::upload_metadata(&new.id)).await
    {
        tracing::warn!(upload.id = %new.id, %error, "metadata of an upload that is not there was left");
    }
}

/// The metadata of an upload, as it came.
pub(crate) async fn metadata_of(app: &App, upload: &Upload) -> ApiResult<Option<String>> {
    match upload.metadata {
        MetadataKept::None => Ok(None),
        MetadataKept::NameAndType => Ok(Some(of_name_and_type(&upload.name, upload.filetype.as_deref()))),
        MetadataKept::Blob => {
            let key = BlobKey::upload_metadata(&upload.id);
            let length = METADATA_BYTES_MAX as u64;
            let mut blob =
                app.blobs.read(&key, 0, length).await?.ok_or_else(|| ApiError::missing_blob(&key))?;
            let mut text = String::new();
            blob.reader.read_to_string(&mut text).await.map_err(ApiError::internal)?;
            Ok(Some(text))
        }
    }
}

fn of_name_and_type(name: &str, filetype: Option<&str>) -> String {
    let pair = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
    let name = pair("filename", name);
    match filetype {
        Some(filetype) => format!("{name},{}", pair("filetype", filetype)),
        None => name,
    }
}

fn decoded(key: &str, value: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(value.trim()).map_err(|_| format!("the value of `{key}` is not base64"))
}

fn text(key: &str, value: Vec<u8>) -> Result<String, String> {
    String::from_utf8(value).map_err(|_| format!("the value of `{key}` is not UTF-8"))
}

/// A media type is one line; a database may refuse a NUL in a text.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_and_type_are_read_and_the_rest_is_kept_as_it_came() {
        let header = "filename U29uZy53YXY=,filetype YXVkaW8vd2F2, relativePath ,draft";
        let metadata = Metadata::parse(header).unwrap();
        assert_eq!(metadata.filename.as_deref(), Some("Song.wav"));
        assert_eq!(metadata.filetype.as_deref(), Some("audio/wav"));
        assert_eq!(one_line("audio/wav\0\r\n"), "audio/wav");
        assert_eq!(metadata.raw.as_deref(), Some(header));
    }

    #[test]
    fn metadata_that_breaks_the_protocol_is_refused_in_words() {
        let many = (0..17).map(|n| format!("k{n}")).collect::<Vec<_>>().join(",");
        for (header, says) in [
            ("filename !!!", "not base64"),
            ("filename U29uZw", "not base64"),
            ("filename U29uZw==,filename U29uZw==", "twice"),
            ("filename /w==", "not UTF-8"),
            ("", "not a key"),
            (",", "not a key"),
            ("näme U29uZw==", "plain ASCII"),
            (&many, "at most 16"),
            (&format!("k {}", "QUJD".repeat(1200)), "at most 4096"),
        ] {
            let error = Metadata::parse(header).unwrap_err();
            assert!(error.contains(says), "{header:.40}: {error}");
        }
    }
}
