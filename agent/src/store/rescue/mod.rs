//! A damaged outbox is set aside, the agent goes on at once with a new one, and what can be read of the old one is
//! brought back into it piece by piece.
//!
//! It never refuses to start and never deletes: the old file keeps lying beside the new one, with its log, under a name
//! with the date. What is recovered may be older than what was lost, so documents may be sent again; their uids keep
//! them once in effect. Where a nightly copy lies in the data folder, it fills the gaps.
//!
//! Three steps: [`anew`] makes a new outbox with tills and settings, [`gather`] reads every row out of the old file's
//! pages into a file of its own, [`bring_back`] moves these into the outbox in use, oldest first. Which old file still
//! has to be read stands in the new outbox, so that a crash in any step only repeats it.

mod anew;
mod bring_back;
mod fill;
mod gather;
mod gathered;
mod pages;
mod rows;

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use serde::{Deserialize, Serialize};

use crate::paths;
use crate::store::{FILE_NAME, StoreError, backup, connection, tills};
use anew::READY;
pub use bring_back::{bring, finish};
pub use fill::parked_answer;
pub use gather::{clear, gather, room_needed};
pub use gathered::{Piece, next_piece};

/// Lies there once an outbox in use has shown damage.
const SUSPECT: &str = "outbox-suspect";
/// The setting that tells of a rescue.
const SETTING: &str = "rescued";
/// The setting that lists the old files of which something may still come back.
const PENDING: &str = "rescue_pending";
/// For how long a rescue is told that left no file behind.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Up to this size an outbox is checked whole before it is used: well below a second.
const CHECKED_BYTES_MAX: u64 = 256 << 20;

/// What became of a damaged outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescued {
    /// When.
    pub at: Timestamp,
    /// What was wrong with it.
    pub why: String,
    /// Where it lies now; nothing when there was none.
    pub file: Option<PathBuf>,
    /// Whether its documents are still being brought back.
    #[serde(default)]
    pub coming_back: bool,
    /// How far they were: the number of the last one.
    #[serde(default)]
    pub after: i64,
    /// Documents that were recovered.
    pub documents: i64,
    /// How many there once were, where that could be read.
    pub of: Option<i64>,
    /// Recovered documents whose text does not fit their fingerprint any more.
    pub damaged: i64,
    /// Documents that only a nightly copy still had.
    pub from_copy: i64,
    /// Tills that are known again.
    pub tills: i64,
}

/// Makes sure that the outbox in `dir` can be opened: sets a damaged one aside and begins a new one.
pub fn make_ready(dir: &Path, now: Timestamp) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io {
        path: dir.to_owned(),
        source,
    };
    let path = dir.join(FILE_NAME);
    if !dir.join(READY).exists() {
        let found = damage(&path)?;
        remove(&dir.join(SUSPECT))?;
        let Some(why) = found else {
            return Ok(());
        };
        return begin_anew(dir, why, now);
    }
    let aside = told(&dir.join(READY))?.and_then(|rescued| rescued.file);
    let aside = aside.unwrap_or_else(|| anew::set_aside_name(dir, now));
    anew::swap(dir, &path, &aside).map_err(failed)
}

/// Sets the outbox in `dir` aside and puts a new one in its place. Nobody may write to the old one any more.
pub fn begin_anew(dir: &Path, why: String, now: Timestamp) -> Result<(), StoreError> {
    tracing::error!(
        why,
        "the outbox is damaged: a new one is begun, what can be read comes back"
    );
    anew::build(dir, &dir.join(FILE_NAME), why, now)?;
    make_ready(dir, now)
}

/// Checks an outbox in use beside its writer, however large it is; answers what is wrong with it.
pub fn look(reader: &Connection) -> Result<Option<String>, StoreError> {
    match backup::quick_check(reader) {
        Ok(()) => Ok(None),
        Err(StoreError::Damaged(why)) => Ok(Some(why)),
        Err(StoreError::Sql(error)) if is_damage(&error) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Whether an outbox is so large that it was opened without being checked.
pub fn was_not_checked(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > CHECKED_BYTES_MAX)
}

/// The old files of which something may still come back, the oldest first.
pub fn pending(connection: &Connection) -> Result<Vec<Rescued>, StoreError> {
    let text = tills::setting(connection, PENDING)?;
    // A list that cannot be read is none: the files themselves still lie there.
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

/// What is wrong with the file; `None` when it can be used.
fn damage(path: &Path) -> Result<Option<String>, StoreError> {
    let length = match std::fs::metadata(path) {
        Ok(file) => file.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(source) => {
            let path = path.to_owned();
            return Err(StoreError::Io { path, source });
        }
    };
    let log = std::fs::metadata(pages::log_of(path)).map_or(0, |log| log.len());
    if length == 0 {
        // The key of the command line shows that an agent worked here before.
        let used = log > 0 || paths::cli_key_file(paths::parent(path)).exists();
        return Ok(used.then(|| "it is gone or empty".to_owned()));
    }
    match check(path, length) {
        Ok(()) => Ok(None),
        Err(StoreError::Damaged(why)) => Ok(Some(why)),
        Err(StoreError::Sql(error)) if is_damage(&error) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

fn check(path: &Path, length: u64) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // A look must not change what may have to be set aside.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if found > connection::VERSION {
        return Err(StoreError::Newer {
            found,
            known: connection::VERSION,
        });
    }
    if (found == 0) != (tables == 0) {
        return Err(StoreError::Damaged(format!(
            "it is of version {found} and has {tables} tables"
        )));
    }
    let suspected = paths::parent(path).join(SUSPECT).exists();
    if suspected || length <= CHECKED_BYTES_MAX {
        backup::quick_check(&connection)?;
    }
    Ok(())
}

/// Whether an error speaks of the file's content, not of rights or room.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    let unread = [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ];
    is_certain(error)
        || error
            .sqlite_error()
            .is_some_and(|failure| unread.contains(&failure.extended_code))
}

/// Whether it says so for certain: a disk that fails to read once may read the next time.
pub fn is_certain(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    code.is_some_and(|code| [ErrorCode::NotADatabase, ErrorCode::DatabaseCorrupt].contains(&code))
}

/// Has the outbox in `dir` checked whole at the next start.
pub fn suspect(dir: &Path) {
    // Where this cannot be written, neither can anything else, and the next start finds that.
    let _ = std::fs::write(dir.join(SUSPECT), "");
}

/// What is told of the last rescue, as long as the old file lies there: a person has not looked yet.
/// Where there is no old file, for a week.
pub fn last(connection: &Connection, now: Timestamp) -> Result<Option<Rescued>, StoreError> {
    let untold = |rescued: &Rescued| match &rescued.file {
        Some(file) => file.exists(),
        None => now.duration_since(rescued.at) < TOLD_FOR,
    };
    Ok(read(connection)?.filter(untold))
}

/// What a finished new outbox tells of its making.
fn told(ready: &Path) -> Result<Option<Rescued>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    read(&Connection::open_with_flags(ready, flags)?)
}

fn read(connection: &Connection) -> Result<Option<Rescued>, StoreError> {
    let text = tills::setting(connection, SETTING)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn remove(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::Io {
            path: file.to_owned(),
            source: error,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
