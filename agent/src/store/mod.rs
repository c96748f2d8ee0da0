//! The outbox on disk: what makes a yes durable.
//!
//! One SQLite file, `outbox.db`, in WAL mode with `synchronous=FULL`; one thread writes and commits whatever has
//! gathered (group commit), other connections read beside it. An answer leaves only after the commit that makes it
//! true: every question whose answer is a yes, `duplicate` included, goes through the writer.
//!
//! Order, pages and cursors use `seq` only, never a clock.

pub mod accept;
mod arrival;
pub mod backup;
pub mod connection;
mod depends;
pub mod export;
pub mod figures;
pub mod history;
pub mod inbox;
pub mod lane;
mod load;
pub mod person;
pub mod proof;
pub mod read;
pub mod survey;
#[cfg(test)]
mod tests;
pub mod tills;
pub mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;
use rust_decimal::Decimal;

use crate::store::writer::Writer;

/// The outbox's file in the data folder.
pub const FILE_NAME: &str = "outbox.db";
/// Connections that read beside the writer.
const READERS: usize = 4;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("cannot open the outbox at {path}")]
    Open {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// Another agent uses the same data folder.
    #[error("another agent is using the data folder {path}")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("there is no room on the disk for the outbox")]
    NoRoom,
    /// The outbox was written by a later version.
    #[error("the outbox is of version {found}, this program reads up to {known}")]
    Newer {
        /// What the file says.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// The disk did not take the commit; nothing of it was done.
    #[error("the outbox could not be committed")]
    NotCommitted,
    /// The writer has stopped.
    #[error("the outbox is closing")]
    Closing,
    /// Anything else that SQLite says.
    #[error("the outbox failed")]
    Sql(#[source] rusqlite::Error),
    /// A row that cannot be read.
    #[error("the outbox holds something unreadable: {0}")]
    Damaged(String),
    /// The file system said no.
    #[error("cannot write to the data folder {path}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::NoRoom,
            _ => Self::Sql(error),
        }
    }
}

/// The outbox.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    // Dropped in this order: the writer closes last and empties the log.
    readers: Mutex<Vec<Connection>>,
    writer: Writer,
    /// Held as long as the agent lives: a second agent on the same folder is refused.
    _lock: File,
}

impl Store {
    /// Opens the outbox in `dir`, making it when it is not there, and starts its writer.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io {
            path: dir.to_owned(),
            source,
        };
        std::fs::create_dir_all(dir).map_err(io)?;
        let lock = File::create(dir.join("lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    path: dir.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let path = dir.join(FILE_NAME);
        let writer = Writer::start(&path)?;
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                readers: Mutex::new(Vec::new()),
                writer,
                _lock: lock,
            }),
        })
    }

    /// Runs `work` in the writer's next transaction and answers after its commit.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.run(work).await
    }

    /// Reads beside the writer, on the calling thread: short questions only.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pooled = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let reader = match pooled {
            Some(reader) => reader,
            None => connection::open_reader(&self.inner.path)?,
        };
        let answer = work(&reader);
        let mut readers = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(reader);
        }
        answer
    }

    /// Where the outbox lies.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }
}

/// A time as the outbox keeps it.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A time from the outbox.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    // Only times that jiff wrote are read; the range of an i64 of microseconds is wider than jiff's.
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// Digits after the point of money in the outbox.
const MONEY_SCALE: u32 = 6;

/// Money as the outbox keeps it: amounts have at most 12 digits before and 6 after the point, so that it fits.
pub(crate) fn millionths(amount: Decimal) -> i64 {
    let mut scaled = amount;
    scaled.rescale(MONEY_SCALE);
    // Only a sum can be beyond; the clamp makes the cast exact.
    scaled.mantissa().clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Money from the outbox.
pub(crate) fn money(millionths: i64) -> Decimal {
    Decimal::new(millionths, MONEY_SCALE).normalize()
}
