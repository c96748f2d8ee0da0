//! A copy of the outbox while it is in use, and the check that it is a whole one.
//!
//! The copy is taken in one read transaction: the writer goes on beside it, and what the copy holds is the outbox of
//! one moment. It counts only after it was opened, checked and compared; until then it is called `.part`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use crate::paths;
use crate::secret;
use crate::store::history::{self, Chain};
use crate::store::{FILE_NAME, StoreError, connection};

/// How often a locked outbox is asked again.
const TRIES_MAX: u32 = 100;
/// How long to wait in between.
const PAUSE: Duration = Duration::from_millis(100);

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents.
    pub documents: i64,
    /// Their deliveries.
    pub deliveries: i64,
    /// Rows of history.
    pub history: i64,
    /// The number of the newest document.
    pub newest: i64,
}

/// Copies the outbox at `from` to the file `to`, verified; an older file there is replaced at the very end.
pub fn backup(from: &Path, to: &Path) -> Result<Counts, StoreError> {
    let part = part_of(to);
    remove(&part)?;
    secret::create_private(&part).map_err(|source| io_error(&part, source))?;
    let done = copy(from, &part).and_then(|wanted| {
        let found = verify(&part)?;
        if found != wanted {
            let message = format!("the copy holds {found:?}, the outbox {wanted:?}");
            return Err(StoreError::Damaged(message));
        }
        let synced = std::fs::File::open(&part).and_then(|file| file.sync_all());
        synced
            .and_then(|()| std::fs::rename(&part, to))
            .and_then(|()| paths::sync_dir(paths::parent(to)))
            .map_err(|source| io_error(to, source))?;
        Ok(found)
    });
    if done.is_err() {
        // A copy that is none must not lie about; the error is what matters.
        let _ = remove(&part);
    }
    done
}

fn copy(from: &Path, part: &Path) -> Result<Counts, StoreError> {
    let source = connection::open_reader(from)?;
    source.execute_batch("BEGIN")?;
    let counts = counts(&source)?;
    let mut target = Connection::open(part)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        let mut tries = 0;
        // All pages in one step: in between, the writer would make it begin again, without end in a busy store.
        while backup.step(-1)? != StepResult::Done {
            tries += 1;
            if tries == TRIES_MAX {
                return Err(StoreError::Damaged(
                    "the outbox stayed locked while it was copied".to_owned(),
                ));
            }
            std::thread::sleep(PAUSE);
        }
    }
    source.execute_batch("COMMIT")?;
    // The copy is one file, without a log beside it; the service sets it back when it opens a restored one.
    target.execute_batch("PRAGMA journal_mode = DELETE")?;
    target
        .close()
        .map_err(|(_, error)| StoreError::from(error))?;
    Ok(counts)
}

/// The folder of the nightly copies in the data folder.
pub const FOLDER: &str = "backup";
/// How the name of a nightly copy begins; the day follows.
pub const PREFIX: &str = "outbox-";

/// The newest nightly copy in a data folder.
pub fn newest(data_dir: &Path) -> Option<PathBuf> {
    nightly(data_dir).pop()
}

/// The newest nightly copy up to a day: one of a later day was made while the clock was ahead.
pub fn newest_until(data_dir: &Path, today: Date) -> Option<PathBuf> {
    let today = name_of(today);
    let mut copies = nightly(data_dir);
    copies.retain(|copy| copy.file_name().is_some_and(|name| *name <= *today));
    copies.pop()
}

fn name_of(date: Date) -> OsString {
    format!("{PREFIX}{}.db", date.strftime("%Y%m%d")).into()
}

/// The nightly copies in a data folder, oldest first: their names tell the day.
pub fn nightly(data_dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data_dir.join(FOLDER)) else {
        return Vec::new();
    };
    let nightly = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(".db"))
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(nightly)
        .collect();
    files.sort();
    files
}

/// Makes the nightly copy of the day `date` in the data folder, and removes the oldest ones beyond `kept`.
pub fn make_nightly(data_dir: &Path, date: Date, kept: usize) -> Result<Counts, StoreError> {
    let folder = data_dir.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|source| io_error(&folder, source))?;
    remove_cut_short(&folder)?;
    let name = name_of(date);
    let counts = backup(&data_dir.join(FILE_NAME), &folder.join(&name))?;
    let mut copies = nightly(data_dir);
    // What bears a day to come was made while the clock was ahead, and is older than today's.
    copies.sort_by_key(|copy| copy.file_name().is_some_and(|other| *other <= *name));
    for old in &copies[..copies.len().saturating_sub(kept)] {
        remove(old)?;
    }
    Ok(counts)
}

/// What a power cut left of a copy is none, and bears the name of a day that does not come again.
fn remove_cut_short(folder: &Path) -> Result<(), StoreError> {
    let entries = std::fs::read_dir(folder).map_err(|source| io_error(folder, source))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(PREFIX) && name.contains(".db.part")) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Checks a copy: whole in every page, its history unbroken. Answers what it holds.
pub fn verify(file: &Path) -> Result<Counts, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    quick_check(&connection)?;
    if let Chain::BrokenAt(row) = history::verify(&connection)? {
        let message = format!("row {row} of its history does not follow from the one before");
        return Err(StoreError::Damaged(message));
    }
    counts(&connection)
}

/// SQLite's own check of every page.
pub fn quick_check(connection: &Connection) -> Result<(), StoreError> {
    let answer: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if answer == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged(answer))
}

fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    Ok(connection.query_row(
        "SELECT (SELECT COUNT(*) FROM documents), (SELECT COUNT(*) FROM deliveries),
                (SELECT COUNT(*) FROM history), (SELECT COALESCE(MAX(seq), 0) FROM documents)",
        [],
        |row| {
            Ok(Counts {
                documents: row.get(0)?,
                deliveries: row.get(1)?,
                history: row.get(2)?,
                newest: row.get(3)?,
            })
        },
    )?)
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn remove(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(file, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn outbox(dir: &Path) -> (PathBuf, Connection) {
        let path = dir.join("outbox.db");
        let writer = connection::open_writer(&path).unwrap();
        for n in 0..3 {
            history::add(
                &writer,
                None,
                "it",
                &format!("row {n}"),
                Timestamp::UNIX_EPOCH,
            )
            .unwrap();
        }
        (path, writer)
    }

    #[test]
    fn a_copy_holds_what_is_in_the_log_beside_a_writer_at_work() {
        let dir = tempfile::tempdir().unwrap();
        let (path, writer) = outbox(dir.path());
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        history::add(&writer, None, "it", "not committed", Timestamp::UNIX_EPOCH).unwrap();
        let to = dir.path().join("copy.db");
        assert_eq!(backup(&path, &to).unwrap().history, 3);
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("copy"))
            .collect();
        assert_eq!(left, ["copy.db"]);
        // What is restored opens as an outbox again.
        let restored = connection::open_writer(&to).unwrap();
        assert_eq!(history::verify(&restored).unwrap(), Chain::Whole(3));
    }

    #[test]
    fn a_copy_with_a_changed_history_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (path, writer) = outbox(dir.path());
        writer
            .execute_batch("UPDATE history SET what = 'other' WHERE n = 2")
            .unwrap();
        let to = dir.path().join("copy.db");
        let error = backup(&path, &to).unwrap_err();
        assert!(error.to_string().contains("row 2"), "{error}");
        assert!(!to.exists() && !part_of(&to).exists());
    }
}
