//! How the outbox is opened: the settings on which every promise stands.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::failpoint;
use crate::store::{StoreError, room};

/// The outbox's version, kept in `user_version`.
pub const VERSION: i64 = SCHEMAS.len() as i64;
/// What each version adds to the one before. What an outbox in a store was made with is never edited, only added to.
const SCHEMAS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema_2.sql")];
/// How long to wait for another connection's lock; only a backup or a person's tool holds one.
const BUSY_MAX: Duration = Duration::from_secs(60);
/// Bytes of a page: the smaller, the less one sale writes.
pub const PAGE_BYTES: usize = 4_096;
/// Pages in the log before SQLite moves them into the main file: as much as the disk's reserve holds. At full load fewer
/// than one yes in a hundred then waits for it; with a quarter of it p99 was 4 to 6 times longer. Done by the writer itself:
/// a second connection that does it meanwhile never catches up under load, so that the log is not begun anew and grows by
/// 40 MB a second.
const CHECKPOINT_PAGES: u32 = 16_000;
/// Bytes of the header before each page in the log (SQLite's file format, section 4.1).
const LOG_HEADER_BYTES: u64 = 24;
const _: () = assert!(
    CHECKPOINT_PAGES as u64 * (PAGE_BYTES as u64 + LOG_HEADER_BYTES) <= room::RESERVE_BYTES
);
/// The log is cut back to this after a checkpoint.
const LOG_BYTES_MAX: u32 = 64 << 20;
/// Statements kept ready by a connection: all that a lane and an acceptance use.
const STATEMENTS_MAX: usize = 64;

/// Opens the outbox for its one writer, making or upgrading it.
pub fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let open = |source| StoreError::Open {
        path: path.to_owned(),
        source,
    };
    let connection = Connection::open(path).map_err(open)?;
    connection.busy_timeout(BUSY_MAX).map_err(open)?;
    connection
        .execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES};
             PRAGMA auto_vacuum = INCREMENTAL;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = {};
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -2000;
             PRAGMA wal_autocheckpoint = {};
             PRAGMA journal_size_limit = {LOG_BYTES_MAX};",
            synchronous(),
            failpoint::checkpoint_pages(CHECKPOINT_PAGES)
        ))
        .map_err(open)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    migrate(&connection)?;
    assert_durable(&connection)?;
    Ok(connection)
}

/// Opens the outbox for reading beside the writer.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let open = |source| StoreError::Open {
        path: path.to_owned(),
        source,
    };
    // Not read-only: a reader of a WAL database may have to make its shared memory file.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(open)?;
    connection.busy_timeout(BUSY_MAX).map_err(open)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -1000;")
        .map_err(open)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

/// Moves the whole log into the main file and syncs that; an error when something was left behind.
pub fn empty_log(connection: &Connection) -> Result<(), StoreError> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        return Ok(());
    }
    Err(StoreError::Damaged(
        "the log could not be moved into the main file".to_owned(),
    ))
}

/// Brings the outbox from whichever version it is up to this program's, in one transaction; a new one has version 0.
fn migrate(connection: &Connection) -> Result<(), StoreError> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    // Only one of two that come at the same time does it: the other then finds it done.
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let found = version(connection)?;
    let done = usize::try_from(found).ok();
    let Some(missing) = done.and_then(|done| SCHEMAS.get(done..)) else {
        connection.execute_batch("ROLLBACK")?;
        return Err(StoreError::Newer {
            found,
            known: VERSION,
        });
    };
    for schema in missing {
        connection.execute_batch(schema)?;
    }
    Ok(connection.execute_batch(&format!("PRAGMA user_version = {VERSION}; COMMIT;"))?)
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// A yes must survive a power cut; with any other setting it would not.
fn assert_durable(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if mode == "wal" && synchronous == self::synchronous() {
        return Ok(());
    }
    Err(StoreError::Damaged(format!(
        "expected journal mode wal and synchronous 2, found {mode} and {synchronous}"
    )))
}

/// FULL; NORMAL only where a test must see what that loses.
fn synchronous() -> i64 {
    if failpoint::weak_sync() { 1 } else { 2 }
}
