//! A folder that stands for a mail server: one file a mail, for whoever has none.

use std::io::{self, Write as _};
use std::path::Path;

/// Writes a mail, whole or not at all, so that only its owner may read it. The same name again is the same file.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)?;
    // A file of this library is readable by its owner alone (0600) from its first byte.
    let mut file = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_its_owners_alone_and_nothing_half_written_has_its_name() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("mail");
        write(&folder, "a.eml", b"one").unwrap();
        write(&folder, "a.eml", b"one again").unwrap();
        let names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.eml"]);
        assert_eq!(std::fs::read(folder.join("a.eml")).unwrap(), b"one again");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&folder), mode(&folder.join("a.eml"))), (0o700, 0o600));
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("mail");
        std::fs::write(&file, b"in the way").unwrap();
        assert!(write(&file, "a.eml", b"one").is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"in the way");
    }
}
