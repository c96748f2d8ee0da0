//! The one thread that writes: it takes whatever has gathered, does it in one transaction, commits once, and only then
//! answers everybody. No timer lingers for more: what gathers while one commit runs is the next batch.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::{StoreError, connection};

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
type Committed = Result<(), CommitFailed>;

#[derive(Debug, Clone, Copy)]
enum CommitFailed {
    NoRoom,
    Other,
}

/// Hands work to the writing thread.
pub struct Writer {
    jobs: Mutex<Option<SyncSender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    /// Opens the outbox and starts the thread.
    pub fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = connection::open_writer(path)?;
        let (jobs, waiting) = sync_channel(QUEUE_MAX);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("outbox".to_owned())
            .spawn(move || write_all(connection, &path, &waiting))
            .map_err(|source| StoreError::Io {
                path: PathBuf::from("outbox thread"),
                source,
            })?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Does `work` in the next transaction; the answer comes after its commit.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection: Option<&Connection>| {
            let done = match connection {
                Some(connection) => in_savepoint(connection, work),
                None => Err(StoreError::Damaged("no transaction could begin".to_owned())),
            };
            let reply: Reply = Box::new(move |committed| {
                let outcome = match (done, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Ok(_), Err(CommitFailed::NoRoom)) => Err(StoreError::NoRoom),
                    (Ok(_), Err(CommitFailed::Other)) => {
                        Err(StoreError::Damaged("the commit failed".to_owned()))
                    }
                    (Err(error), _) => Err(error),
                };
                // Whoever asked may be gone; the work is done all the same.
                let _ = answer.send(outcome);
            });
            reply
        });
        self.hand_over(job).await?;
        answered.await.map_err(|_| StoreError::Closing)?
    }

    async fn hand_over(&self, mut job: Job) -> Result<(), StoreError> {
        let sender = {
            let jobs = self.jobs.lock().unwrap_or_else(|e| e.into_inner());
            jobs.as_ref().cloned().ok_or(StoreError::Closing)?
        };
        // A full queue is overload: the caller waits, and with it its till.
        loop {
            match sender.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(StoreError::Closing),
                Err(TrySendError::Full(back)) => job = back,
            }
            tokio::time::sleep(FULL_QUEUE_PAUSE).await;
        }
    }
}

/// How long a caller waits before it looks again whether the queue has room.
const FULL_QUEUE_PAUSE: std::time::Duration = std::time::Duration::from_millis(2);

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the channel ends the thread after what is queued; its last commit is waited for.
        let sender = self.jobs.lock().unwrap_or_else(|e| e.into_inner()).take();
        drop(sender);
        let thread = self.thread.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("SAVEPOINT job")?;
    let done = work(connection);
    let end = match done {
        Ok(_) => "RELEASE job",
        // One job's failure must not take the others of the same commit with it.
        Err(_) => "ROLLBACK TO job; RELEASE job",
    };
    connection.execute_batch(end)?;
    done
}

fn write_all(mut connection: Connection, path: &Path, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let committed = write_batch(&connection, first, waiting);
        if matches!(committed, Err(CommitFailed::Other)) {
            // After a failed sync the page cache may lie about what is on disk: never go on with the same connection.
            match connection::open_writer(path) {
                Ok(fresh) => connection = fresh,
                Err(error) => tracing::error!(error = %error, "cannot open the outbox again"),
            }
        }
    }
}

fn write_batch(connection: &Connection, first: Job, waiting: &Receiver<Job>) -> Committed {
    let begun = connection.execute_batch("BEGIN IMMEDIATE");
    let transaction = begun.is_ok().then_some(connection);
    let mut replies: Vec<Reply> = vec![first(transaction)];
    while transaction.is_some() && replies.len() < BATCH_MAX {
        match waiting.try_recv() {
            Ok(job) => replies.push(job(transaction)),
            Err(_) => break,
        }
    }
    let committed = begun
        .and_then(|()| connection.execute_batch("COMMIT"))
        .map_err(|error| {
            tracing::error!(error = %error, "a commit of the outbox failed");
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => CommitFailed::NoRoom,
                _ => CommitFailed::Other,
            }
        });
    for reply in replies {
        reply(committed);
    }
    committed
}
