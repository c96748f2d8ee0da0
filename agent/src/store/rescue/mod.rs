//! A damaged outbox is set aside, what can be read of it is brought into a new one, and the agent starts.
//!
//! It never refuses to start and never deletes: the old file keeps lying beside the new one, with its log, under a name
//! with the date. What is recovered may be older than what was lost, so documents may be sent again; their uids keep
//! them once in effect. Where a nightly copy lies in the data folder, it fills the gaps.
//!
//! The order of the steps makes it safe against a crash in any of them: the new outbox is built under another name,
//! renamed to `outbox-rescued.db` when it is complete, then the old files are moved away, then it takes their place. As
//! long as `outbox-rescued.db` is there, the next start goes on from there.

mod fill;
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
pub use fill::{deliver_again, parked_answer};

/// The new outbox while it is being filled.
const PART: &str = "outbox-rescue.part";
/// The new outbox, complete.
const READY: &str = "outbox-rescued.db";
/// Lies there once an outbox in use has shown damage.
const SUSPECT: &str = "outbox-suspect";
/// The setting that tells of a rescue.
const SETTING: &str = "rescued";
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

/// Makes sure that the outbox in `dir` can be opened: sets a damaged one aside and recovers it.
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
        tracing::error!(why, "the outbox is damaged; what can be read is recovered");
        build(dir, &path, why, now)?;
    }
    let aside = told(&dir.join(READY))?.and_then(|rescued| rescued.file);
    let aside = aside.unwrap_or_else(|| set_aside_name(dir, now));
    swap(dir, &path, &aside).map_err(failed)
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
    error.sqlite_error().is_some_and(|failure| {
        unread.contains(&failure.extended_code)
            || [ErrorCode::NotADatabase, ErrorCode::DatabaseCorrupt].contains(&failure.code)
    })
}

/// Has the outbox in `dir` checked whole at the next start.
pub fn suspect(dir: &Path) {
    // Where this cannot be written, neither can anything else, and the next start finds that.
    let _ = std::fs::write(dir.join(SUSPECT), "");
}

/// Builds the new outbox, complete and synced, under the name [`READY`].
fn build(dir: &Path, path: &Path, why: String, now: Timestamp) -> Result<(), StoreError> {
    let part = dir.join(PART);
    for leftover in [part.clone(), pages::log_of(&part), shared_of(&part)] {
        remove(&leftover)?;
    }
    let failed = |source| StoreError::Io {
        path: part.clone(),
        source,
    };
    crate::secret::create_private(&part).map_err(failed)?;
    let target = connection::open_writer(&part)?;
    let file = path.exists().then(|| set_aside_name(dir, now));
    let mut rescued = Rescued {
        at: now,
        why,
        file,
        documents: 0,
        of: None,
        damaged: 0,
        from_copy: 0,
        tills: 0,
    };
    target.execute_batch("BEGIN IMMEDIATE")?;
    fill::fill(
        &target,
        path,
        backup::newest(dir).as_deref(),
        &mut rescued,
        now,
    )?;
    let text = serde_json::to_string(&rescued);
    let text = text.map_err(|error| StoreError::Damaged(error.to_string()))?;
    tills::set_setting(&target, SETTING, &text)?;
    target.execute_batch("COMMIT")?;
    connection::empty_log(&target)?;
    target
        .close()
        .map_err(|(_, error)| StoreError::from(error))?;
    let ready = dir.join(READY);
    std::fs::File::open(&part)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&part, &ready))
        .and_then(|()| paths::sync_dir(dir))
        .map_err(failed)
}

/// Moves the old files away and the new one into their place. Each step may have been done before a crash.
fn swap(dir: &Path, path: &Path, aside: &Path) -> io::Result<()> {
    let moves = [
        (path.to_owned(), aside.to_owned()),
        (pages::log_of(path), pages::log_of(aside)),
    ];
    for (from, to) in moves {
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    // Shared memory means nothing once nobody has the file open.
    match std::fs::remove_file(shared_of(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    paths::sync_dir(dir)?;
    std::fs::rename(dir.join(READY), path)?;
    paths::sync_dir(dir)
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

fn set_aside_name(dir: &Path, now: Timestamp) -> PathBuf {
    dir.join(format!(
        "outbox-damaged-{}.db",
        now.strftime("%Y%m%dT%H%M%SZ")
    ))
}

fn shared_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-shm");
    PathBuf::from(name)
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
