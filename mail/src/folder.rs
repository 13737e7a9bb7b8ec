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

/// Removes every mail to this address from a folder that stands for a server.
pub fn forget(folder: &Path, address: &str) -> io::Result<()> {
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") && is_to(&path, address)? {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn is_to(path: &Path, address: &str) -> io::Result<bool> {
    let bytes = std::fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut headers = text.lines().take_while(|line| !line.is_empty());
    Ok(headers.any(|line| line.strip_prefix("To: ").is_some_and(|to| to.trim() == address)))
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
    fn mr_7c_what_was_mailed_to_an_address_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        assert!(forget(&folder.path().join("none"), "anna@example.org").is_ok());
        for (name, to) in [("a.eml", "anna@example.org"), ("b.eml", "joanna@example.org")] {
            let mail = format!("From: a@b.example\r\nTo: {to}\r\n\r\nTo: anna@example.org\r\n");
            write(folder.path(), name, mail.as_bytes()).unwrap();
        }
        forget(folder.path(), "anna@example.org").unwrap();
        let names: Vec<_> =
            folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["b.eml"]);
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
