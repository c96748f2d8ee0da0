//! The one thread that writes: it takes whatever has gathered, does it in one transaction, commits once, and only then
//! answers everybody. No timer lingers for more: what gathers while one commit runs is the next batch.
//!
//! A job that fails takes nothing with it: it runs in a savepoint of its own. A commit that fails takes everybody of
//! its batch with it, and the connection too: after a failed sync nothing is known of what is on disk. An outbox that
//! shows damage is set aside for a new one here, because nobody else knows that nothing is being written.
//!
//! A job that panics is a bug. A release aborts, so that the service manager restarts it; a debug build ends the
//! thread, and everybody who waits or comes later is told that the outbox is closing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use crate::paths;
use crate::store::condition::{Condition, Damage};
use crate::store::{Clock, StoreError, connection, rescue};

/// Jobs that may wait for the writer; beyond it callers wait in turn.
const QUEUE_MAX: usize = 1_024;
/// Jobs in one commit.
const BATCH_MAX: usize = 256;

/// A piece of work: done inside the transaction, it leaves an answer to be sent after the commit. Without a
/// transaction it is not done at all.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Reply + Send>;
/// Sends the answer, once it is known whether the commit held.
type Reply = Box<dyn FnOnce(Committed) + Send>;
/// Whether the commit held; if not, why.
type Committed = Result<(), Failed>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    NoRoom,
    Other,
}

impl From<&rusqlite::Error> for Failed {
    fn from(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoRoom,
            _ => Self::Other,
        }
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NoRoom => Self::NoRoom,
            Failed::Other => Self::NotCommitted,
        }
    }
}

/// Hands work to the writing thread.
pub struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    /// Opens the outbox and starts the thread.
    pub fn start(
        path: &Path,
        condition: Arc<Condition>,
        clock: Option<Clock>,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(QUEUE_MAX);
        let outbox = Outbox {
            open: Ok(connection::open_writer(path)?),
            path: path.to_owned(),
            condition,
            clock,
        };
        let thread = thread::Builder::new()
            .name("outbox".to_owned())
            .spawn(move || outbox.write_all(waiting))
            .map_err(|source| StoreError::Io {
                path: PathBuf::from("outbox thread"),
                source,
            })?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Does `work` in the next transaction; the answer comes after its commit. Work that was handed over is done
    /// also when nobody waits for the answer any more.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection: Option<&Connection>| {
            let done = connection.map(|connection| in_savepoint(connection, work));
            let reply: Reply = Box::new(move |committed| {
                let outcome = match (done, committed) {
                    (Some(Err(error)), _) => Err(error),
                    (_, Err(failed)) => Err(failed.into()),
                    (Some(done), Ok(())) => done,
                    (None, Ok(())) => Err(StoreError::NotCommitted),
                };
                // Whoever asked may be gone.
                let _ = answer.send(outcome);
            });
            reply
        });
        let jobs = {
            let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            jobs.as_ref().cloned().ok_or(StoreError::Closing)?
        };
        // A full queue is overload: the caller waits, and with it its till.
        jobs.send(job).await.map_err(|_| StoreError::Closing)?;
        drop(jobs);
        answered.await.map_err(|_| StoreError::Closing)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the channel ends the thread after what is queued; its last commit is waited for.
        drop(
            self.jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // A job may hold the last store there is; the thread does not wait for itself.
        if let Some(thread) = thread
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    run(connection, "SAVEPOINT job")?;
    let done = work(connection);
    match done {
        Ok(value) => {
            run(connection, "RELEASE job")?;
            Ok(value)
        }
        Err(error) => {
            // One job's failure must not take the others of the same commit with it. Where even this fails, SQLite
            // has rolled the whole transaction back, and the commit will say so.
            let _ = connection.execute_batch("ROLLBACK TO job; RELEASE job");
            Err(error)
        }
    }
}

/// The writer's own side.
struct Outbox {
    /// The connection, or why there is none.
    open: Result<Connection, Failed>,
    path: PathBuf,
    condition: Arc<Condition>,
    /// Without one a damaged outbox stays where it is.
    clock: Option<Clock>,
}

impl Outbox {
    fn write_all(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.blocking_recv() {
            let held_up = self.look_into_damage();
            if self.open.is_err() {
                self.open = held_up.map_or_else(|| self.reopen(), Err);
            }
            let committed = self.write_batch(first, &mut waiting);
            if committed == Err(Failed::Other) {
                // After a failed sync the page cache may lie about what is on disk: never go on with the same connection.
                self.open = Err(Failed::Other);
            }
        }
    }

    /// Sets a damaged outbox aside. Where that cannot be done now, for lack of room say, the next job tries again.
    fn look_into_damage(&mut self) -> Option<Failed> {
        let (clock, damage) = (self.clock?, self.condition.take()?);
        if let Ok(connection) = &self.open {
            // The file is to be kept as it is.
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        self.open = Err(Failed::Other);
        let why = match &damage {
            Damage::Certain(why) => why.clone(),
            Damage::Suspected(_) => self.looked_at()?,
        };
        match rescue::begin_anew(paths::parent(&self.path), why, clock()) {
            Ok(()) => {
                self.condition.begun_anew();
                None
            }
            Err(error) => {
                tracing::error!(error = %error, "the damaged outbox cannot be set aside yet");
                self.condition.found(damage);
                Some(if matches!(error, StoreError::NoRoom) {
                    Failed::NoRoom
                } else {
                    Failed::Other
                })
            }
        }
    }

    /// What is wrong with the whole file; nothing where it is well, or cannot be read at all just now.
    fn looked_at(&self) -> Option<String> {
        let looked = connection::open_reader(&self.path).and_then(|reader| rescue::look(&reader));
        looked.ok().flatten()
    }

    /// Opens the outbox again after a failed commit, and makes durable what is in its log before anything new builds on
    /// it: a page of the log that a failed sync lost would otherwise take all later commits with it at the next power cut.
    fn reopen(&self) -> Result<Connection, Failed> {
        let opened = connection::open_writer(&self.path).and_then(|connection| {
            connection::empty_log(&connection)?;
            Ok(connection)
        });
        opened.map_err(|error| {
            tracing::error!(error = %error, "cannot open the outbox again");
            if let StoreError::Sql(error) | StoreError::Open { source: error, .. } = error {
                return self.failed(&error);
            }
            Failed::Other
        })
    }

    fn write_batch(&self, first: Job, waiting: &mut mpsc::Receiver<Job>) -> Committed {
        let begun = self.begin();
        let mut replies: Vec<Reply> = vec![first(begun.ok())];
        if let Ok(connection) = begun {
            // SQLite rolls back by itself after some errors; nothing more is built on such a transaction.
            while replies.len() < BATCH_MAX && !connection.is_autocommit() {
                match waiting.try_recv() {
                    Ok(job) => replies.push(job(Some(connection))),
                    Err(_) => break,
                }
            }
        }
        let committed = begun.and_then(|connection| self.commit(connection));
        for reply in replies {
            reply(committed);
        }
        committed
    }

    fn begin(&self) -> Result<&Connection, Failed> {
        let connection = self.open.as_ref().map_err(|failed| *failed)?;
        match run(connection, "BEGIN IMMEDIATE") {
            Ok(()) => Ok(connection),
            Err(error) => {
                tracing::error!(error = %error, "no transaction of the outbox can begin");
                Err(self.failed(&error))
            }
        }
    }

    fn commit(&self, connection: &Connection) -> Committed {
        let Err(error) = run(connection, "COMMIT") else {
            return Ok(());
        };
        tracing::error!(error = %error, "a commit of the outbox failed");
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        Err(self.failed(&error))
    }

    /// What an error means for whoever waits, and for the file.
    fn failed(&self, error: &rusqlite::Error) -> Failed {
        self.condition.notice(error);
        Failed::from(error)
    }
}

/// Runs a statement without answer, kept ready for the next time.
fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
