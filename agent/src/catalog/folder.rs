//! Catalog snapshots as files: the newest `*.ndjson` of a folder, one product a line.
//!
//! Nobody says when a file is complete. One that was changed just now is taken only when it stands still: a file that is
//! written product by product would else be taken for a smaller range.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tillpost_shared::catalog::Revision;
use tokio::sync::mpsc;

use super::{CatalogSource, Fetched, lines};
use crate::activity;
use crate::outbox::Outage;

/// A larger file is refused unread.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// For how long a file must stand still, as in a drop folder.
const SETTLE: Duration = Duration::from_secs(2);
/// Looks at a file that keeps changing before it is left for the next refresh.
const LOOKS_MAX: usize = 10;

/// Snapshot files in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    settle: Duration,
}

/// A file as it stood at a look.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    bytes: u64,
    changed_at: SystemTime,
}

/// Watches a folder: something arrives on `changed` when it is worth a look.
pub struct Watch {
    /// One token however many files changed.
    pub changed: mpsc::Receiver<()>,
    _watcher: RecommendedWatcher,
}

/// Watches a folder for as long as the answer lives.
pub fn watch(path: &Path) -> Result<Watch, notify::Error> {
    let (sender, changed) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // An error may stand for events that were lost, so it is worth a look too; a full channel says it already.
        let worth = event.map_or(true, |event| !event.kind.is_access());
        if worth {
            let _ = sender.try_send(());
        }
    })?;
    watcher.watch(path, RecursiveMode::NonRecursive)?;
    Ok(Watch {
        changed,
        _watcher: watcher,
    })
}

impl Folder {
    /// A folder; it need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            settle: SETTLE,
        }
    }

    /// The newest file, once it stands still.
    async fn still(&self) -> Result<Seen, Outage> {
        let mut before = None;
        for _ in 0..LOOKS_MAX {
            let folder = self.clone();
            let seen = apart(move || folder.look()).await?;
            let now = SystemTime::from(activity::now());
            // A file of the future, by another machine's clock, is as good as new.
            let age = now.duration_since(seen.changed_at).unwrap_or_default();
            if age >= self.settle || before.as_ref() == Some(&seen) {
                return Ok(seen);
            }
            before = Some(seen);
            tokio::time::sleep(self.settle).await;
        }
        let name = before.map(|seen| name(&seen.path)).unwrap_or_default();
        Err(Outage::Unreachable(format!(
            "{name} is still being written"
        )))
    }

    fn look(&self) -> Result<Seen, Outage> {
        let folder = self.path.display();
        let newest = newest(&self.path).map_err(|error| {
            Outage::Unreachable(format!("the folder {folder} cannot be listed: {error}"))
        })?;
        newest.ok_or_else(|| Outage::Unreachable(format!("no *.ndjson lies in {folder}")))
    }

    fn read(&self, seen: &Seen, since: Option<&Revision>) -> Result<Fetched, Outage> {
        let name = name(&seen.path);
        if seen.bytes > FILE_BYTES_MAX {
            let message = format!("{name} is larger than {FILE_BYTES_MAX} bytes");
            return Err(Outage::Incomprehensible(message));
        }
        let text = fs::read(&seen.path)
            .map_err(|error| Outage::Unreachable(format!("{name} cannot be read: {error}")))?;
        if self.look()? != *seen {
            let message = format!("{name} changed while it was read");
            return Err(Outage::Unreachable(message));
        }
        let revision = lines::revision(&text);
        if since == Some(&revision) {
            return Ok(Fetched::Unchanged);
        }
        let snapshot = lines::snapshot(&text, revision);
        let snapshot =
            snapshot.map_err(|reason| Outage::Incomprehensible(format!("{name}, {reason}")))?;
        Ok(Fetched::Snapshot(snapshot))
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// On a thread where a slow disk holds nobody up.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Outage> + Send + 'static,
) -> Result<T, Outage> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Outage::Unreachable(error.to_string())))
}

impl CatalogSource for Folder {
    async fn fetch(&self, since: Option<&Revision>) -> Result<Fetched, Outage> {
        let seen = self.still().await?;
        let (folder, since) = (self.clone(), since.cloned());
        apart(move || folder.read(&seen, since.as_ref())).await
    }
}

/// The snapshot that was changed last; of two at the same instant the one whose name comes later.
fn newest(dir: &Path) -> std::io::Result<Option<Seen>> {
    let mut best: Option<Seen> = None;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "ndjson") {
            continue;
        }
        // It may have gone since the folder was listed.
        let Ok(about) = fs::metadata(&path) else {
            continue;
        };
        let seen = Seen {
            path,
            bytes: about.len(),
            changed_at: about.modified()?,
        };
        let later = best
            .as_ref()
            .is_none_or(|best| (best.changed_at, &best.path) < (seen.changed_at, &seen.path));
        if about.is_file() && later {
            best = Some(seen);
        }
    }
    Ok(best)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
