//! An outbox that an earlier version of this program made is brought up to date, and nothing of it is lost.

use super::shop::*;
use crate::store::{StoreError, tills};
use sha2::{Digest, Sha256};

/// The outbox as version 1 made it. What a store has on its disk is never edited: this copy may not change.
const VERSION_1: &str = include_str!("outbox_1.sql");

fn made_by_version_1(dir: &TempDir) -> std::path::PathBuf {
    let path = dir.path().join(FILE_NAME);
    let old = Connection::open(&path).unwrap();
    old.execute_batch(&format!("{VERSION_1}\nPRAGMA user_version = 1;"))
        .unwrap();
    for (n, code) in ["srv", "1", "2", "7"].into_iter().enumerate() {
        let token = if code == "7" { "own" } else { "shared" };
        let hash = Sha256::digest(token.as_bytes()).to_vec();
        old.execute("INSERT INTO tills VALUES (?1, NULL, 1)", [code])
            .unwrap();
        old.execute("INSERT INTO tokens VALUES (?1, ?2)", (hash, code))
            .unwrap();
        let what = format!("till {code} added");
        old.execute(
            "INSERT INTO history VALUES (?1, NULL, 1, 'it', ?2, x'00')",
            (n as i64 + 1, what),
        )
        .unwrap();
    }
    path
}

fn shape(outbox: &Connection) -> Vec<(String, Option<String>)> {
    let mut question = outbox
        .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
        .unwrap();
    let rows = question.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn an_outbox_of_version_1_becomes_one_of_today_and_keeps_its_tokens() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = made_by_version_1(&old);
    let before = connection::open_reader(&path).unwrap();
    assert_eq!(tills::tokens(&before).unwrap(), [], "not known before");
    let outbox = connection::open_writer(&path).unwrap();
    let fresh = connection::open_writer(&new.path().join(FILE_NAME)).unwrap();
    assert_eq!(shape(&outbox), shape(&fresh));
    let shared = tills::of_token(&outbox, "shared").unwrap().unwrap();
    assert_eq!(shared.owner, "srv", "named first");
    assert_eq!(shared.tills, ["1", "2", "srv"]);
    assert_eq!(tills::of_token(&outbox, "own").unwrap().unwrap().owner, "7");
    assert_eq!(tills::tokens(&outbox).unwrap().len(), 2);
    drop(outbox);
    connection::open_writer(&path).unwrap();
}

#[test]
fn an_outbox_of_a_later_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = made_by_version_1(&dir);
    let later = Connection::open(&path).unwrap();
    later.execute_batch("PRAGMA user_version = 3").unwrap();
    let failed = connection::open_writer(&path).unwrap_err();
    assert!(matches!(failed, StoreError::Newer { found: 3, known: 2 }));
}
