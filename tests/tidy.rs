//! Style as a test: floors, sizes, words. Each check prints every offence, not just the first.

use std::fs;
use std::path::{Path, PathBuf};

/// Which floor may name which. An arrow only ever points down.
const FLOORS: [(&str, &[&str]); 10] = [
    ("dsp", &[]),
    ("codec", &["dsp"]),
    ("domain", &["dsp"]),
    ("billing", &["domain"]),
    ("mail", &["domain"]),
    ("store", &["domain"]),
    ("worker", &["store", "codec", "domain", "dsp"]),
    ("api", &["store", "billing", "mail", "domain"]),
    ("fixtures", &[]),
    (".", &["api", "worker", "store", "billing", "mail", "codec", "domain", "dsp"]),
];
const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_WIDTH_MAX: usize = 120;
const BLOB_BYTES_MAX: u64 = 512 * 1024;
/// Drawers: a thing without a noun belongs to its only caller.
const BANNED_NAMES: [&str; 9] =
    ["utils", "util", "common", "helpers", "helper", "types", "manager", "misc", "shared"];
const BANNED_WORDS: [&str; 6] = ["TODO", "FIXME", "XXX", "/root/", "/home/", "/work/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of ours, by its path from the root; built and fetched things left out.
fn files() -> Vec<PathBuf> {
    const NOT_OURS: [&str; 6] = ["target", "node_modules", "dist", "data", ".git", "test-results"];
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let entry = entry.expect("a readable entry");
            let name = entry.file_name();
            if NOT_OURS.iter().any(|skip| name.to_str() == Some(skip)) {
                continue;
            }
            if entry.file_type().expect("a file type").is_dir() {
                walk(&entry.path(), found);
            } else {
                found.push(entry.path().strip_prefix(root()).expect("below the root").to_path_buf());
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    assert!(found.len() > 30, "the walk found the repository");
    found
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e))
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn none_of(offences: Vec<String>, rule: &str) {
    assert!(offences.is_empty(), "{rule}\n  {}", offences.join("\n  "));
}

#[test]
fn arrows_between_floors_point_down() {
    let mut offences = Vec::new();
    for (floor, below) in FLOORS {
        let manifest = read(&Path::new(floor).join("Cargo.toml"));
        let Some(dependencies) = manifest.split("\n[dependencies]").nth(1) else { continue };
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if FLOORS.iter().any(|(other, _)| *other == name) && !below.contains(&name) {
                offences.push(format!("{floor} -> {name}"));
            }
        }
    }
    none_of(offences, "a floor names one that is not below it:");
}

#[test]
fn dsp_knows_no_wire_format_and_no_runtime() {
    let manifest = read(Path::new("dsp/Cargo.toml"));
    let dependencies =
        manifest.split("\n[dependencies]").nth(1).and_then(|d| d.split("\n[").next()).unwrap_or("");
    let offences = ["serde", "tokio", "sqlx", "axum", "tracing"]
        .into_iter()
        .filter(|name| dependencies.lines().any(|line| line.starts_with(name)))
        .map(ToOwned::to_owned)
        .collect();
    none_of(offences, "dsp depends on:");
}

#[test]
fn files_stay_short_enough_to_read() {
    let offences = files()
        .into_iter()
        .filter(|path| has_extension(path, &["rs", "ts", "svelte"]))
        .filter_map(|path| {
            let lines = read(&path).lines().count();
            (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    none_of(offences, &format!("files of more than {FILE_LINES_MAX} lines:"));
}

#[test]
fn functions_stay_short_enough_to_see() {
    let mut offences = Vec::new();
    for path in files().into_iter().filter(|path| has_extension(path, &["rs"])) {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let body = line.trim_start();
            let words: Vec<&str> = body.split_whitespace().take(5).collect();
            let is_function = words.contains(&"fn") && !body.starts_with("//") && !body.ends_with(';');
            if !is_function || body.ends_with('}') {
                continue;
            }
            // rustfmt closes a function at the indentation that it opened at.
            let indent = line.len() - body.len();
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|l| *l == closing).map_or(0, |n| n + 1);
            if length > FUNCTION_LINES_MAX {
                offences.push(format!("{}:{}: {length} lines", path.display(), start + 1));
            }
        }
    }
    none_of(offences, &format!("functions of more than {FUNCTION_LINES_MAX} lines:"));
}

#[test]
fn lines_fit_the_page() {
    let mut offences = Vec::new();
    for path in files().into_iter().filter(|path| has_extension(path, &["rs", "ts"])) {
        for (index, line) in read(&path).lines().enumerate() {
            if line.chars().count() > LINE_WIDTH_MAX {
                offences.push(format!("{}:{}", path.display(), index + 1));
            }
        }
    }
    none_of(offences, &format!("lines wider than {LINE_WIDTH_MAX}:"));
}

/// What is remembered against abuse serves nothing else: who reads it has to come here first.
#[test]
fn mr_8c_only_the_operations_on_abuse_tags_name_their_table() {
    const MAY: [&str; 4] = [
        "store/src/sql/abuse.rs",
        "store/src/postgres.rs",
        "store/src/contract/abuse.rs",
        "store/src/postgres_tests.rs",
    ];
    let names_it = |path: &PathBuf| read(path).contains(concat!("abuse", "_tags "));
    let offences: Vec<String> = files()
        .into_iter()
        .filter(|path| has_extension(path, &["rs"]) && names_it(path))
        .map(|path| path.display().to_string())
        .filter(|path| !MAY.contains(&path.as_str()))
        .collect();
    none_of(offences, "files that name the table of abuse tags:");
    assert!(names_it(&PathBuf::from(MAY[0])), "the case must be real");
}

#[test]
fn folders_and_files_carry_nouns() {
    let offences = files()
        .into_iter()
        .filter(|path| {
            path.iter().any(|part| {
                let stem = Path::new(part).file_stem().and_then(|s| s.to_str()).unwrap_or_default();
                BANNED_NAMES.contains(&stem)
            })
        })
        .map(|path| path.display().to_string())
        .collect();
    none_of(offences, "drawers without a noun:");
}

#[test]
fn planted_bugs_still_find_where_they_go() {
    let bugs: toml::Table = read(&root().join("tests/planted/bugs.toml")).parse().unwrap();
    let mut offences = Vec::new();
    let bugs = bugs["bug"].as_array().unwrap();
    assert!(bugs.len() >= 10, "{} bugs are few", bugs.len());
    for edit in bugs.iter().flat_map(|bug| bug["edits"].as_array().unwrap()) {
        let [file, from, to] = [0, 1, 2].map(|part| edit[part].as_str().unwrap());
        if !read(&root().join(file)).contains(from) || from == to {
            offences.push(format!("{file}: {from}"));
        }
    }
    none_of(offences, "what a planted bug replaces stands in its file");
}

#[test]
fn unsafe_lives_in_one_file() {
    let offences = files()
        .into_iter()
        .filter(|path| has_extension(path, &["rs"]))
        .filter(|path| path != Path::new("dsp/src/simd.rs") && path != Path::new("tests/tidy.rs"))
        // Allocators that count, which cannot be written without.
        .filter(|path| path != Path::new("dsp/tests/chain_memory.rs"))
        .filter(|path| path != Path::new("dsp/tests/mix_memory.rs"))
        .filter(|path| {
            read(path).lines().any(|l| !l.trim_start().starts_with("//") && l.contains("unsafe {"))
        })
        .map(|path| path.display().to_string())
        .collect();
    none_of(offences, "unsafe outside dsp/src/simd.rs:");
}

#[test]
fn the_text_speaks_of_the_project_alone() {
    let mut offences = Vec::new();
    let ours = ["rs", "ts", "svelte", "sh", "toml", "md", "css", "html", "sql"];
    for path in files().into_iter().filter(|path| has_extension(path, &ours)) {
        if path == Path::new("tests/tidy.rs") {
            continue;
        }
        let text = read(&path);
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = BANNED_WORDS.iter().find(|word| line.contains(**word)) {
                offences.push(format!("{}:{}: {word}", path.display(), index + 1));
            }
        }
    }
    none_of(offences, "words that do not belong here:");
}

#[test]
fn nothing_large_is_committed() {
    let offences = files()
        .into_iter()
        .filter(|path| fs::metadata(root().join(path)).is_ok_and(|m| m.len() > BLOB_BYTES_MAX))
        .map(|path| path.display().to_string())
        .collect();
    none_of(offences, &format!("files of more than {BLOB_BYTES_MAX} bytes:"));
}

#[test]
fn the_changelog_tells_what_is_coming() {
    let text = read(Path::new("CHANGELOG.md"));
    let unreleased = text.split("## Unreleased").nth(1).expect("a section `## Unreleased`");
    let entries =
        unreleased.split("\n## ").next().unwrap_or_default().lines().filter(|l| l.starts_with("- "));
    assert!(entries.count() > 0, "`## Unreleased` lists at least one change");
}
