//! Programs of others that judge our files, or make some.
#![expect(clippy::disallowed_methods, reason = "whether this is a CI run is told by the environment alone")]
#![allow(dead_code, clippy::allow_attributes, clippy::allow_attributes_without_reason)]

use std::path::Path;
use std::process::Command;

/// Runs `program`, which must succeed. If it is not installed the caller's test cannot judge: that is said on
/// the terminal, and a failure where `CI` is set.
pub fn run(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_some()
}

/// What `program` writes to its standard output, or none if it is not installed.
pub fn output(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{program} {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(output.stdout)
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program} is needed in CI: {error}");
            println!("not judged, since {program} is not installed");
            None
        }
    }
}

/// A path of ours, which is text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the temporary folder has a name in UTF-8")
}
