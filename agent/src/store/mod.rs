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
pub mod condition;
pub mod connection;
mod depends;
pub mod export;
pub mod figures;
pub mod history;
pub mod inbox;
pub mod lane;
mod load;
mod look;
pub mod numbers;
pub mod pace;
pub mod person;
pub mod proof;
pub mod read;
pub mod reread;
pub mod rescue;
pub mod retention;
pub mod room;
pub mod senders;
pub mod survey;
#[cfg(test)]
pub(crate) mod tests;
pub mod till_days;
pub mod tills;
pub mod unsent;
pub mod windows;
pub mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rust_decimal::Decimal;
use tokio::sync::watch;

use crate::paths;
use crate::store::condition::{Condition, Damage};
use crate::store::room::Room;
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

impl StoreError {
    /// Whether the disk is at fault, and the same may go well later.
    pub fn is_disk(&self) -> bool {
        match self {
            Self::NoRoom | Self::NotCommitted | Self::Open { .. } | Self::Io { .. } => true,
            Self::Sql(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::SystemIoFailure
                        | ErrorCode::ReadOnly
                        | ErrorCode::CannotOpen
                        | ErrorCode::DatabaseCorrupt
                        | ErrorCode::NotADatabase
                )
            ),
            Self::InUse { .. } | Self::Newer { .. } | Self::Closing | Self::Damaged(_) => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::NoRoom,
            _ => Self::Sql(error),
        }
    }
}

/// The clock, which the writer needs when it sets a damaged outbox aside.
pub type Clock = fn() -> Timestamp;

/// The outbox.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    // Dropped in this order: the writer closes last and empties the log.
    /// Each with the generation of the outbox that it reads.
    readers: Mutex<Vec<(u64, Connection)>>,
    writer: Writer,
    condition: Arc<Condition>,
    /// Held as long as the agent lives: a second agent on the same folder is refused.
    _lock: File,
}

impl Store {
    /// Opens the outbox in `dir`, making it when it is not there, and starts its writer.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_locked(dir, lock(dir)?, None)
    }

    /// As [`Store::open`]; a damaged outbox is set aside for a new one, now or whenever it shows.
    pub fn open_or_begin_anew(dir: &Path, clock: Clock) -> Result<Self, StoreError> {
        let lock = lock(dir)?;
        rescue::make_ready(dir, clock())?;
        let store = Self::open_locked(dir, lock, Some(clock))?;
        let pending = store.read(rescue::pending)?;
        store.inner.condition.comes_back(!pending.is_empty());
        Ok(store)
    }

    fn open_locked(dir: &Path, lock: File, clock: Option<Clock>) -> Result<Self, StoreError> {
        let path = dir.join(FILE_NAME);
        let condition = Arc::new(Condition::default());
        let writer = Writer::start(&path, Arc::clone(&condition), clock)?;
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                readers: Mutex::new(Vec::new()),
                writer,
                condition,
                _lock: lock,
            }),
        })
    }

    /// Runs `work` in the writer's next transaction and answers after its commit.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.inner.writer.run(work).await;
        let failed = done.as_ref().is_err_and(StoreError::is_disk);
        self.inner.condition.failed(failed);
        self.notice(&done);
        done
    }

    fn notice<T>(&self, done: &Result<T, StoreError>) {
        if let Err(StoreError::Sql(error)) = done
            && self.inner.condition.notice(error)
        {
            // Should the agent end before the writer has looked into it.
            rescue::suspect(paths::parent(&self.inner.path));
        }
    }

    /// Whether the outbox is so large that it was opened without being checked.
    pub fn was_not_checked(&self) -> bool {
        rescue::was_not_checked(&self.inner.path)
    }

    /// Damage was found by a look at the whole file: the writer sets it aside before its next commit.
    pub fn is_damaged(&self, why: String) {
        self.inner.condition.found(Damage::Certain(why));
    }

    /// Whether the disk failed the last write, or the outbox shows damage.
    pub fn is_failing(&self) -> bool {
        self.inner.condition.is_failing()
    }

    /// Whether documents of an outbox that was set aside are still coming back. Until then no lane sends: what comes
    /// later must not overtake them.
    pub fn is_coming_back(&self) -> bool {
        self.inner.condition.is_coming_back()
    }

    /// Notes whether documents are coming back.
    pub fn comes_back(&self, comes_back: bool) {
        self.inner.condition.comes_back(comes_back);
    }

    /// Hears when an outbox was set aside while it was in use.
    pub fn begun_anew(&self) -> watch::Receiver<u64> {
        self.inner.condition.listen()
    }

    /// How much room the disk has left.
    pub fn room(&self) -> Room {
        Room::on(paths::parent(&self.inner.path))
    }

    /// Empties the log into the main file and cuts it off, unless somebody is just writing or reading; blocks.
    pub fn empty_log(&self) -> Result<bool, StoreError> {
        // Never made here: in the moment in which a damaged one is set aside, there is none.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.inner.path, flags)?;
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Bytes of the log.
    pub fn log_bytes(&self) -> u64 {
        let mut log = self.inner.path.as_os_str().to_owned();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |log| log.len())
    }

    /// Reads beside the writer, on the calling thread: short questions only.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let generation = self.inner.condition.generation();
        let reader = match self.pooled(generation) {
            Some(reader) => reader,
            None => connection::open_reader(&self.inner.path)?,
        };
        let answer = work(&reader);
        self.notice(&answer);
        let mut readers = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push((generation, reader));
        }
        answer
    }

    /// As [`Store::read`], for questions that may take longer: on a thread that may wait for the disk.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let asked = tokio::task::spawn_blocking(move || store.read(work)).await;
        // It ends early only when the agent itself does.
        asked.unwrap_or(Err(StoreError::Closing))
    }

    fn pooled(&self, generation: u64) -> Option<Connection> {
        let readers = &self.inner.readers;
        let mut readers = readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|(of, _)| *of == generation);
        readers.pop().map(|(_, reader)| reader)
    }

    /// Where the outbox lies.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }
}

/// Takes the data folder for this process: a second agent on it is refused.
fn lock(dir: &Path) -> Result<File, StoreError> {
    let io = |source| StoreError::Io {
        path: dir.to_owned(),
        source,
    };
    std::fs::create_dir_all(dir).map_err(io)?;
    let file = File::create(dir.join("lock")).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::InUse {
                path: dir.to_owned(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    Ok(file)
}

/// The due time of what a person wants to go at once, at whatever time of day: before every clock's time.
pub(crate) const AT_ONCE: i64 = -1;

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

/// A sum of money from the outbox, taken as whole units and millionths beside them: a few totals of the largest size would
/// be too much for SQLite's sum of millionths, which then fails. `None` where nothing was summed up.
pub(crate) fn sum(units: Option<i64>, millionths: Option<i64>) -> Decimal {
    Decimal::from(units.unwrap_or(0)) + money(millionths.unwrap_or(0))
}
