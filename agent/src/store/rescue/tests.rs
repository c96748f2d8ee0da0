//! Files that SQLite wrote, read without it; and rescues that were interrupted.

use rusqlite::types::Value;

use super::pages::Pages;
use super::*;
use crate::store::Store;
use crate::store::accept::Routes;

fn now() -> Timestamp {
    "2026-10-31T02:00:00Z".parse().unwrap()
}

/// An outbox with so many documents of every size up to several pages, and nothing in its log.
fn outbox(dir: &Path, count: usize) -> PathBuf {
    let path = dir.join(FILE_NAME);
    let writer = connection::open_writer(&path).unwrap();
    for n in 0..count {
        let (key, body) = (format!("S/1/0/{n}"), "x".repeat(n * n * 7));
        writer
            .execute(
                "INSERT INTO documents (id, key, uid, kind, store, till, series, business_date, occurred_at,
                     content_hash, received_at, problems, state, body)
                 VALUES (?1, ?1, ?2, 'sale', 'S', '1', '0', '2026-10-30', -1, x'00', 7, '[]', 'waiting', ?3)",
                (&key, tillpost_shared::key::uid(&key).to_string(), body),
            )
            .unwrap();
    }
    path
}

fn bodies(path: &Path) -> Vec<usize> {
    let pages = Pages::open(path).unwrap();
    let rows = (1..=pages.count).flat_map(|page| rows::on_page(&pages, page));
    let documents = rows.filter(|row| row.rowid.is_some() && row.values.len() > 20);
    let mut lengths: Vec<usize> = documents
        .filter_map(|row| match row.values.last() {
            Some(Value::Text(body)) => Some(body.len()),
            _ => None,
        })
        .collect();
    lengths.sort_unstable();
    lengths
}

#[test]
fn rows_of_any_length_are_read_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = outbox(dir.path(), 120);
    let expected: Vec<usize> = (0..120).map(|n| n * n * 7).collect();
    assert_eq!(bodies(&path), expected);
}

#[test]
fn what_is_in_the_log_only_is_read_and_what_was_not_committed_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = outbox(dir.path(), 5);
    let writer = connection::open_writer(&path).unwrap();
    writer
        .execute_batch("UPDATE documents SET body = 'in the log' WHERE seq = 3; BEGIN; UPDATE documents SET body = 'not committed'")
        .unwrap();
    writer.cache_flush().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().join(FILE_NAME);
    std::fs::copy(&path, &to).unwrap();
    std::fs::copy(pages::log_of(&path), pages::log_of(&to)).unwrap();
    assert_eq!(bodies(&to), [0, 7, 10, 63, 112]);
}

#[test]
fn noise_is_no_row_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = outbox(dir.path(), 60);
    let whole = std::fs::read(&path).unwrap();
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize
    };
    for _ in 0..60 {
        let mut noisy = whole.clone();
        for _ in 0..400 {
            let at = next() % noisy.len();
            noisy[at] = next() as u8;
        }
        std::fs::write(&path, &noisy).unwrap();
        let _ = bodies(&path);
    }
}

#[test]
fn a_new_outbox_that_was_interrupted_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = outbox(dir.path(), 20);
    let mut noisy = std::fs::read(&path).unwrap();
    noisy[..100].fill(0);
    std::fs::write(&path, &noisy).unwrap();
    anew::build(dir.path(), &path, "a test".to_owned(), now()).unwrap();
    // Here the power fails, once before and once after the old file was moved away.
    for moved in [false, true] {
        let copy = tempfile::tempdir().unwrap();
        for name in [FILE_NAME, READY] {
            std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
        }
        let aside = anew::set_aside_name(copy.path(), now());
        if moved {
            std::fs::rename(copy.path().join(FILE_NAME), &aside).unwrap();
        }
        let later = || now() + SignedDuration::from_hours(1);
        let store = Store::open_or_begin_anew(copy.path(), later).unwrap();
        assert!(!copy.path().join(READY).exists());
        assert!(store.is_coming_back());
        let told = store.read(pending).unwrap().remove(0);
        assert_eq!((told.of, told.at), (Some(20), now()));
        let gathered = gather(copy.path(), told, &Routes::default(), now(), &|| false);
        assert_eq!(gathered.unwrap().unwrap().1.documents, 20);
    }
}

#[test]
fn an_outbox_of_a_later_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = outbox(dir.path(), 1);
    connection::open_writer(&path)
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    let opened = Store::open_or_begin_anew(dir.path(), now);
    assert!(matches!(opened, Err(StoreError::Newer { found: 99, .. })));
    assert!(path.exists());
}
