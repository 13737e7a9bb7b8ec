//! What a file that was made can be told by: its length and its SHA-256.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use domain::report::DeliveredFile;
use sha2::{Digest, Sha256};

/// The certificate of the file at `path`, under the name that its owner sees.
pub fn certificate(path: &Path, name: String, format: &str) -> io::Result<DeliveredFile> {
    let (sha256, size_bytes) = digest(path)?;
    Ok(DeliveredFile { name, format: format.to_owned(), size_bytes, sha256 })
}

/// SHA-256 in hexadecimal, and the length.
pub(super) fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok((hex::encode(hash.finalize()), size));
        }
        hash.update(&block[..read]);
        size += read as u64;
    }
}
