//! The map of what is kept (`docs/data_map.toml`), held against the tables as they are.

use std::collections::{BTreeMap, BTreeSet};

use domain::blob::{BlobKey, BlobPrefix};
use domain::ids::{JobId, SeededEntropy, UploadId};
use domain::lease::LeaseId;
use domain::removal::REMOVALS;
use serde::Deserialize;

const MAP: &str = include_str!("../../docs/data_map.toml");
const FORMS: [&str; 7] = ["sealed", "tag", "hash", "id", "key", "emptied", "plain"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    tables: BTreeMap<String, Table>,
    blobs: BTreeMap<String, Rule>,
    files: BTreeMap<String, Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    whose: String,
    why: String,
    kept: String,
    goes: String,
    columns: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    whose: String,
    why: String,
    kept: String,
    goes: String,
}

fn map() -> Map {
    toml::from_str(MAP).unwrap()
}

/// What differs between the map and the tables and columns of a database.
fn differences(map: &Map, there: &BTreeSet<(String, String)>) -> Vec<String> {
    let told = map.tables.iter().flat_map(|(table, is)| is.columns.keys().map(move |column| (table, column)));
    let told: BTreeSet<(String, String)> =
        told.map(|(table, column)| (table.clone(), column.clone())).collect();
    let missing =
        there.difference(&told).map(|(table, column)| format!("{table}.{column} is not on the map"));
    let gone = told.difference(there).map(|(table, column)| format!("{table}.{column} is on the map alone"));
    missing.chain(gone).collect()
}

async fn of_sqlite() -> BTreeSet<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    crate::sqlite::Sqlite::migrate(folder.path()).await.unwrap();
    let file = sqlx::SqlitePool::connect_with(crate::sqlite::options(folder.path()).unwrap()).await.unwrap();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT tables.name, columns.name
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND tables.name <> '_sqlx_migrations'",
    )
    .fetch_all(&file)
    .await
    .unwrap();
    columns.into_iter().collect()
}

async fn of_postgres() -> BTreeSet<(String, String)> {
    let url = fixtures::postgres::Postgres::of_this_process().database();
    crate::postgres::Postgres::migrate(&url).await.unwrap();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&sqlx::PgPool::connect(&url).await.unwrap())
    .await
    .unwrap();
    columns.into_iter().collect()
}

#[tokio::test]
async fn mr_3a_every_column_of_both_databases_is_on_the_map_and_no_other() {
    let map = map();
    for there in [of_sqlite().await, of_postgres().await] {
        assert!(there.len() > 150, "the case must be real");
        assert_eq!(differences(&map, &there), Vec::<String>::new());
        let mut more = there.clone();
        more.insert(("accounts".into(), "birthday".into()));
        more.remove(&("accounts".into(), "roles".into()));
        let told = ["accounts.birthday is not on the map", "accounts.roles is on the map alone"];
        assert_eq!(differences(&map, &more), told);
    }
}

#[tokio::test]
async fn mr_3a_every_column_says_its_form_and_what_a_person_wrote_is_sealed_or_a_tag() {
    for (table, is) in &map().tables {
        for (column, text) in &is.columns {
            let (form, what) = text.split_once(": ").unwrap_or_else(|| panic!("{table}.{column}: {text:?}"));
            assert!(FORMS.contains(&form) && !what.is_empty(), "{table}.{column}: {text:?}");
            let is_told = |words: &[&str]| words.iter().any(|word| column.contains(word));
            match form {
                "sealed" => assert!(is_told(&["sealed"]), "{table}.{column}"),
                "tag" => assert!(is_told(&["tag"]), "{table}.{column}"),
                _ => assert!(!is_told(&["sealed", "_tag"]), "{table}.{column}: {text:?}"),
            }
        }
    }
}

#[test]
fn mr_7a_every_table_place_and_file_says_whose_it_is_why_it_is_kept_how_long_and_how_it_goes() {
    let map = map();
    let tables = map.tables.into_iter().map(|(name, is)| (name, [is.whose, is.why, is.kept, is.goes]));
    let others = map.blobs.into_iter().chain(map.files);
    let others = others.map(|(name, is)| (name, [is.whose, is.why, is.kept, is.goes]));
    let mut count = 0;
    for (name, rule) in tables.chain(others) {
        assert!(["person", "operator", "nobody"].contains(&rule[0].as_str()), "{name}: {:?}", rule[0]);
        assert!(rule.iter().all(|text| text.len() > 4), "{name}: {rule:?}");
        count += 1;
    }
    assert!(count > 30, "the case must be real");
}

#[test]
fn mr_7a_every_place_of_bytes_is_on_the_map_and_no_other() {
    let entropy = SeededEntropy::new(1);
    let (upload, job) = (UploadId::new(&entropy), JobId::new(&entropy));
    let lease = LeaseId { job, fence: 1 };
    let keys = [
        BlobKey::upload_source(&upload),
        BlobKey::upload_peaks(&upload),
        BlobKey::upload_metadata(&upload),
        BlobKey::upload_piece(&upload, 0, 9, 1),
        BlobKey::artifact(&lease, "0-master.wav").unwrap(),
    ];
    let first = |key: &BlobKey| {
        assert!(BlobPrefix::of_place(key.as_str()).is_some(), "the sweep for orphans knows it: {key}");
        key.as_str().split_inclusive('/').next().unwrap().to_owned()
    };
    let mut places: BTreeSet<String> = keys.iter().map(first).collect();
    places.insert(format!("{REMOVALS}/"));
    assert_eq!(map().blobs.into_keys().collect::<BTreeSet<_>>(), places);
}
