//! The page about sessions names what there is.

use std::fs;
use std::path::Path;

#[test]
fn the_page_about_sessions_has_every_role() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/session.md")).unwrap();
    let missing: Vec<_> = domain::stem::roles()
        .map(|(role, _)| role)
        .filter(|role| !page.contains(&format!("`{role}`")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
