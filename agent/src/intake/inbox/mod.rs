//! Drop folders: files of tills that speak no HTTP, taken when they are complete, put away when they are safe.
//!
//! [`complete`] says which files are complete, [`source`] opens them, [`take`] brings their documents to the desk in
//! the commit that also notes the file, [`away`] moves the file to `done` or `refused` with a reason. [`pair`] does it
//! for receipts that come in two files.

pub mod away;
pub mod complete;
pub mod pair;
pub mod put;
pub mod reason;
pub mod source;
pub mod take;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use jiff::tz::TimeZone;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tillpost_shared::profile::Profile;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::complete::{Listed, Look, Watched};
use self::take::{TakeError, Taker};
use crate::activity::{self, Board, Chain, Health};
use crate::intake::desk::Desk;
use crate::store::{Store, inbox};

/// For how long taken files are kept.
pub const DONE_KEEP: Duration = Duration::from_secs(14 * 86_400);
/// Files that settle are looked at no more often than this, however short they need to stand still.
const SETTLE_MIN: Duration = Duration::from_millis(50);
/// How long the file in hand may still take once the agent is to stop. A share that hangs ends no sooner.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// How often the folder of taken files is emptied.
const EMPTY_EVERY: Duration = Duration::from_secs(3_600);

/// What an inbox is told.
#[derive(Debug)]
pub struct Settings {
    /// The folder as the configuration names it.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// How its files are read.
    pub profile: Profile,
    /// For how long a file must stand still.
    pub settle: Duration,
    /// How often to look where the system tells no changes.
    pub every: Duration,
    /// What stands beside a complete file.
    pub marker: Option<String>,
    /// Where taken files go.
    pub done: PathBuf,
    /// Where refused records go.
    pub refused: PathBuf,
    /// The language of reasons.
    pub language: String,
    /// The store's code.
    pub store: String,
    /// The store's currency.
    pub currency: String,
    /// The store's time zone.
    pub zone: TimeZone,
}

/// A drop folder and who looks after it.
pub struct Inbox {
    /// What it is told.
    pub settings: Arc<Settings>,
    /// Where documents are handed in.
    pub desk: Arc<Desk>,
    /// Where files are looked up.
    pub store: Store,
    /// Where it says how it is doing.
    pub board: Board,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Inbox {
    /// Looks at the folder whenever something changes there, and now and then.
    pub async fn run(self) {
        tokio::select! {
            () = self.keep_looking() => {}
            () = ended(&self.stop) => {}
        }
    }

    async fn keep_looking(&self) {
        let (sender, mut changed) = mpsc::channel(1);
        let _watcher = self.watch(sender).await;
        let mut watched = Watched::default();
        let mut emptied: Option<Instant> = None;
        while !self.stop.is_cancelled() {
            if emptied.is_none_or(|at| at.elapsed() >= EMPTY_EVERY) {
                emptied = Some(Instant::now());
                self.empty().await;
            }
            let look = self.look(&mut watched).await;
            let settling = matches!(look, Some(Look { pending: true, .. }));
            let wait = match settling {
                true => self.settings.settle.max(SETTLE_MIN),
                false => self.settings.every,
            };
            tokio::select! {
                () = due(&mut changed, wait, settling) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Asks the system to tell changes; where it cannot, the period does.
    async fn watch(&self, sender: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
        let told = move |event: notify::Result<notify::Event>| {
            if event.map_or(true, |event| !event.kind.is_access()) {
                // A full channel says it already.
                let _ = sender.try_send(());
            }
        };
        let settings = Arc::clone(&self.settings);
        beside(move || {
            if let Err(error) = fs::create_dir_all(&settings.path) {
                tracing::warn!(path = %settings.name, error = %error, "the inbox cannot be made");
            }
            let watching = notify::recommended_watcher(told).and_then(|mut watcher| {
                watcher.watch(&settings.path, RecursiveMode::NonRecursive)?;
                Ok(watcher)
            });
            watching
                .inspect_err(|error| {
                    tracing::warn!(path = %settings.name, error = %error, "the inbox cannot be watched; it is looked at now and then");
                })
                .ok()
        })
        .await
        .flatten()
    }

    /// Empties the folder of taken files of those that have lain there long enough.
    async fn empty(&self) {
        let (settings, store) = (Arc::clone(&self.settings), self.store.clone());
        let now = SystemTime::from(activity::now());
        let emptied = beside(move || {
            let known = store
                .read(|reader| inbox::names(reader, &settings.name))
                .map_err(io::Error::other)?;
            put::empty(&settings.done, DONE_KEEP, now, |name| known.contains(name))
        });
        let path = &self.settings.name;
        match emptied.await {
            Some(Ok(0)) | None => {}
            Some(Ok(removed)) => tracing::info!(path, removed, "old files removed from done"),
            Some(Err(error)) => {
                tracing::warn!(path, error = %error, "done cannot be emptied");
            }
        }
    }

    /// Takes what is complete. `None` when the folder cannot be looked at.
    async fn look(&self, watched: &mut Watched) -> Option<Look> {
        let settings = Arc::clone(&self.settings);
        let listing = match beside(move || list(&settings)).await? {
            Ok(listing) => listing,
            Err(error) => {
                self.trouble(
                    "inbox_unreadable",
                    &format!("the inbox cannot be listed: {error}"),
                    "check the folder and its rights",
                );
                return None;
            }
        };
        let look = watched.look(
            listing,
            Instant::now(),
            self.settings.settle,
            self.settings.marker.as_deref(),
        );
        let mut stuck = None;
        if matches!(self.settings.profile, Profile::Pair(_)) {
            stuck = self.take_pair(&look, watched).await;
        } else {
            for file in &look.ready {
                if self.stop.is_cancelled() {
                    return Some(look);
                }
                stuck = self.take_one(&file.name).await.or(stuck);
            }
        }
        match stuck {
            Some(why) => self.trouble(
                "inbox_stuck",
                &why,
                "see the log; the file stays in the inbox and is tried again",
            ),
            None => self.board.success(&self.board_name(), activity::now()),
        }
        Some(look)
    }

    fn taker(&self) -> Taker {
        Taker {
            settings: Arc::clone(&self.settings),
            desk: Arc::clone(&self.desk),
            store: self.store.clone(),
            runtime: Handle::current(),
        }
    }

    /// Takes a file; answers why it stays.
    async fn take_one(&self, name: &OsStr) -> Option<String> {
        let (taker, own) = (self.taker(), name.to_owned());
        let now = activity::now();
        let taken = beside(move || taker.take(&own, now)).await?;
        self.told(name, taken)
    }

    fn told(&self, name: &OsStr, taken: Result<take::Reading, TakeError>) -> Option<String> {
        // A file's name may hold anything, so it is told as the system writes it.
        let file = name.to_string_lossy();
        match taken {
            Ok(reading) => {
                let refusals = &reading.refusals;
                if refusals.any() {
                    tracing::warn!(file = %file, stored = refusals.stored, refused = refusals.refused, "a file was taken in part");
                } else {
                    tracing::info!(file = %file, stored = refusals.stored, known = reading.known, "a file was taken");
                }
                None
            }
            Err(TakeError::Later(why)) => {
                tracing::info!(file = %file, why, "a file is taken later");
                None
            }
            // Somebody took it away in between.
            Err(TakeError::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::error!(file = %file, error = %Chain(&error), "a file cannot be taken");
                Some(format!("a file cannot be taken: {}", Chain(&error)))
            }
        }
    }

    async fn take_pair(&self, look: &Look, watched: &mut Watched) -> Option<String> {
        let waited = |file: &Listed| watched.since(&file.name).map(|since| since.elapsed());
        let names: Vec<_> = look
            .ready
            .iter()
            .filter_map(|file| Some((file.name.clone(), waited(file)?)))
            .collect();
        let due = names
            .iter()
            .any(|(_, waited)| pair::time_is_up(&self.settings, *waited));
        // Halves that wait are joined again only when something came, or their time is up.
        if names.is_empty() || watched.unchanged(&look.ready) && !due {
            return None;
        }
        let (taker, now) = (self.taker(), activity::now());
        let outcome = beside(move || pair::take(&taker, &names, now)).await?;
        let mut stuck = None;
        for (name, reading) in outcome.away {
            stuck = self.told(&name, Ok(reading)).or(stuck);
        }
        for (name, error) in outcome.stay {
            watched.forget();
            stuck = self.told(&name, Err(error)).or(stuck);
        }
        stuck
    }

    fn board_name(&self) -> String {
        format!("inbox {}", self.settings.name)
    }

    fn trouble(&self, code: &str, sentence: &str, hint: &str) {
        self.board.trouble(
            &self.board_name(),
            Health::Attention,
            [code, sentence, hint],
            activity::now(),
        );
    }
}

/// Work on files, off the threads that answer tills: a share may hang. `None` only when the agent itself ends.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// When to look again: after so long, or as soon as a change is told. While files settle a change is no reason, and
/// where nobody watches none is ever told.
async fn due(changed: &mut mpsc::Receiver<()>, wait: Duration, settling: bool) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        Some(()) = changed.recv(), if !settling => {}
    }
}

/// Ends when the agent is to stop and has waited long enough for the file in hand.
async fn ended(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_GRACE).await;
}

/// The files of the folder; what is no plain file is none of ours.
fn list(settings: &Settings) -> io::Result<Vec<Listed>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(&settings.path)? {
        let entry = entry?;
        // It may have gone since the folder was listed.
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_file() {
            files.push(Listed {
                name: entry.file_name(),
                size: about.len(),
                modified: about.modified()?,
            });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_nobody_watches_the_folder_is_looked_at_after_its_period_only() {
        let (sender, mut changed) = mpsc::channel(1);
        drop(sender);
        let hour = Duration::from_secs(3_600);
        let soon = tokio::time::timeout(Duration::from_millis(20), due(&mut changed, hour, false));
        assert!(soon.await.is_err(), "a look at once, and so without end");
    }
}
