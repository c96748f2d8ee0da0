//! The loop that writes price files: after each new catalog, and at the minute at which a coming price begins to hold.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tillpost_shared::catalog::Revision;
use tokio_util::sync::CancellationToken;

use crate::activity::{Board, Chain, Ear, Health, now};
use crate::catalog::Active;
use crate::catalog::price_file::{self, Settings, Written};

/// How often to look at the clock, which may be set, and at what failed.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Not more often than this.
const LOOK_MIN: Duration = Duration::from_millis(100);

/// Writes the price files of a store.
pub struct PriceFiles {
    /// The files.
    pub files: Vec<Arc<Settings>>,
    /// The catalog.
    pub active: Arc<Active>,
    /// Where it says how it is doing.
    pub board: Board,
    /// Rings when a new catalog is in use.
    pub ear: Ear,
    /// Ends it.
    pub stop: CancellationToken,
}

/// A file that was written, or found to be as it should.
#[derive(Debug, Clone, PartialEq)]
struct Last {
    revision: Revision,
    at: Timestamp,
    next_change_at: Option<Timestamp>,
}

/// Whether a file may be another one by now.
fn due(last: Option<&Last>, revision: &Revision, now: Timestamp) -> bool {
    last.is_none_or(|last| {
        // A clock that was set back may have made a price a coming one again.
        last.revision != *revision
            || now < last.at
            || last.next_change_at.is_some_and(|at| at <= now)
    })
}

/// For how long there is nothing to do.
fn idle<'a>(lasts: impl Iterator<Item = Option<&'a Last>>, now: Timestamp) -> Duration {
    let until = |last: Option<&Last>| {
        let at = last?.next_change_at?;
        Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
    };
    let next = lasts.filter_map(until).min().unwrap_or(LOOK_EVERY);
    next.clamp(LOOK_MIN, LOOK_EVERY)
}

impl PriceFiles {
    /// Runs until it is stopped.
    pub async fn run(mut self) {
        let mut lasts: Vec<Option<Last>> = vec![None; self.files.len()];
        while !self.stop.is_cancelled() {
            for (file, last) in self.files.iter().zip(&mut lasts) {
                self.look(file, last).await;
            }
            let wait = idle(lasts.iter().map(Option::as_ref), now());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.ear.heard() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn look(&self, file: &Arc<Settings>, last: &mut Option<Last>) {
        let at = now();
        let Some(catalog) = self.active.file() else {
            return;
        };
        if !due(last.as_ref(), &catalog.revision, at) && !price_file::again(file) {
            return;
        }
        let (settings, source) = (Arc::clone(file), Arc::clone(&catalog));
        let work = move || {
            let next = source.next_change_at(at)?;
            Ok((price_file::write(&settings, &source, at)?, next))
        };
        let done: Result<Result<_, price_file::PriceFileError>, _> =
            tokio::task::spawn_blocking(work).await;
        let name = name(&file.path);
        match done {
            Ok(Ok((written, next_change_at))) => {
                *last = Some(Last {
                    revision: catalog.revision.clone(),
                    at,
                    next_change_at,
                });
                if written.new {
                    tracing::info!(file = %file.path.display(), rows = written.rows, "a price file was written");
                }
                self.told(&name, file, &written);
            }
            Ok(Err(error)) => {
                *last = None;
                tracing::warn!(file = %file.path.display(), error = %Chain(&error), "a price file cannot be written");
                let sentence = format!(
                    "The tills' price file is not the newest: {}. It is tried again.",
                    Chain(&error)
                );
                let hint = "Check the folder, its rights and its room.";
                let words = ["price_file_failed", &sentence, hint];
                self.board.trouble(&name, Health::Attention, words, at);
            }
            // The agent itself ends.
            Err(_) => {}
        }
    }

    /// Says what of the file a person should know.
    fn told(&self, name: &str, file: &Settings, written: &Written) {
        let path = file.path.display();
        if written.left_count > 0 {
            let rows = written.left.iter().map(|left| {
                let key = left.key.replace('\n', " ");
                format!("{key} ({}: {})", left.column, left.why)
            });
            let sentence = format!(
                "{} rows are not in {path}: {}.",
                written.left_count,
                rows.collect::<Vec<_>>().join(", ")
            );
            let hint = "Give the columns more room in the profile, or correct the articles at head office.";
            let words = ["price_file_rows", &sentence, hint];
            self.board.trouble(name, Health::Attention, words, now());
        } else {
            self.board.success(name, now());
        }
        // What was not written anew has the same characters as before.
        if !written.new {
            return;
        }
        let lacking = format!("{name}: characters");
        if written.lacking.is_empty() {
            self.board.success(&lacking, now());
            return;
        }
        let signs = written.lacking.iter().take(price_file::TOLD_MAX);
        let signs = signs.map(|(sign, (count, key))| {
            format!("{sign} {count} times, as in {}", key.replace('\n', " "))
        });
        let sentence = format!(
            "{} characters are not in {} and were replaced in {path}: {}.",
            written.lacking.len(),
            file.outward.encoding,
            signs.collect::<Vec<_>>().join("; ")
        );
        let hint = "Choose another encoding if the till reads one, or other names at head office.";
        let words = ["price_file_characters", &sentence, hint];
        tracing::info!(file = %path, "{sentence}");
        self.board.trouble(&lacking, Health::Noted, words, now());
    }
}

fn name(path: &std::path::Path) -> String {
    format!("price file {}", path.display())
}

/// Where it is noted what stood in a file: by the file's own path.
pub fn notes(data_dir: &std::path::Path, path: &str) -> PathBuf {
    use sha2::{Digest, Sha256};
    let hash = tillpost_shared::catalog::hex(&Sha256::digest(path.as_bytes()));
    data_dir.join("price_files").join(&hash[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_file_is_due_when_prices_may_be_others() {
        let revision = |name: &str| Revision(name.to_owned());
        let last = |next| Last {
            revision: revision("a"),
            at: at(100),
            next_change_at: next,
        };
        assert!(due(None, &revision("a"), at(100)));
        assert!(!due(Some(&last(None)), &revision("a"), at(100)));
        assert!(due(Some(&last(None)), &revision("b"), at(100)));
        assert!(due(Some(&last(None)), &revision("a"), at(99)));
        let coming = last(Some(at(200)));
        assert!(!due(Some(&coming), &revision("a"), at(199)));
        assert!(due(Some(&coming), &revision("a"), at(200)));
        let idle = |now| idle([Some(&coming), None].into_iter(), at(now));
        assert_eq!(idle(100), LOOK_EVERY);
        assert_eq!(idle(198), Duration::from_secs(2));
        assert_eq!(idle(300), LOOK_MIN);
    }
}
