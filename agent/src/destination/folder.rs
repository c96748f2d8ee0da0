//! The `folder` destination: one file per batch and business date, one document a line. The hand-over to anything that
//! reads files, the way out by USB stick, and the demo's destination.
//!
//! A document stands in one file. The lane notes which documents go together before anything is written, and the name
//! follows from the first of them; so after a crash the same file is written or found again. The file appears whole:
//! it is written as `.part`, synced, and renamed. What lies there of any day is read before the first file is written
//! after a start, so that an agent with an empty data folder doubles nothing, not even what another day cut-off or
//! time zone now counts to another day; and no file is ever written over.
//!
//! A uid that lies there with other content is no duplicate: a till that starts at 1 again on a PC that lost its outbox
//! must not pass off an old sale as a new one.

mod files;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use rust_decimal::Decimal;
use tillpost_shared::content;
use tillpost_shared::document::Document;
use tillpost_shared::intake::total;
use tillpost_shared::scalar::Day;
use tokio::sync::Semaphore;
use uuid::Uuid;

use self::files::Index;
use crate::destination::{Asked, Delivery, Destination, Held, HeldThere};
use crate::outbox::{Answer, Outage, Verdict};

/// Digits of the install id in a file's name: enough to tell two PCs of one store apart.
const INSTALL_DIGITS: usize = 8;
/// Days whose uids are kept in memory. A store sends few days at a time.
const DAYS_MAX: usize = 4;

/// Writes documents into a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    store: String,
    install: String,
    there: Arc<Mutex<There>>,
    writing: Turn,
    reading: Turn,
}

/// What is known to lie there.
#[derive(Debug, Default)]
struct There {
    /// What lies in the folders of the last days that were written.
    days: BTreeMap<Date, Index>,
    /// What lay there at the first write, of all days: only the uids, sorted, 16 bytes a document. `None` before. What
    /// is written later need not be noted: the outbox itself gives no uid to two documents.
    before: Option<Vec<Uuid>>,
}

impl Folder {
    /// A folder for the documents of `store`, written by the installation `install_id`.
    pub fn new(path: impl Into<PathBuf>, store: &str, install_id: &str) -> Self {
        let digits = install_id.chars().filter(char::is_ascii_alphanumeric);
        Self {
            path: path.into(),
            store: store.to_owned(),
            install: digits.take(INSTALL_DIGITS).collect(),
            there: Arc::default(),
            writing: Turn::default(),
            reading: Turn::default(),
        }
    }

    /// Whether documents could be written here now; for `doctor`.
    pub fn check(&self) -> Result<(), String> {
        let probe = self.path.join(".probe");
        let written = fs::create_dir_all(&self.path).and_then(|()| fs::write(&probe, b"ok"));
        let gone = written.and_then(|()| fs::remove_file(&probe));
        gone.map_err(|error| format!("cannot write into {}: {error}", self.path.display()))
    }

    fn write(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        let mut by_date: BTreeMap<Date, Vec<(usize, &Delivery)>> = BTreeMap::new();
        for (position, delivery) in batch.iter().enumerate() {
            let day = by_date.entry(delivery.business_date).or_default();
            day.push((position, delivery));
        }
        let mut there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        let There { days, before } = &mut *there;
        let before = match before {
            Some(before) => before,
            None => before.insert(files::uids(&self.path).map_err(|error| self.out(&error))?),
        };
        let mut verdicts: Vec<(usize, Verdict)> = Vec::with_capacity(batch.len());
        for (date, deliveries) in by_date {
            // Taken out, so that after an error the folder is read again and not remembered.
            let mut index = match days.remove(&date) {
                Some(index) => index,
                None => Index::read(&self.path, date).map_err(|error| self.out(&error))?,
            };
            let of_day = self
                .write_day(&mut index, before, date, &deliveries)
                .map_err(|error| self.out(&error))?;
            verdicts.extend(of_day);
            days.insert(date, index);
            while days.len() > DAYS_MAX {
                days.pop_first();
            }
        }
        verdicts.sort_by_key(|(position, _)| *position);
        Ok(verdicts.into_iter().map(|(_, verdict)| verdict).collect())
    }

    fn write_day(
        &self,
        index: &mut Index,
        before: &[Uuid],
        date: Date,
        deliveries: &[(usize, &Delivery)],
    ) -> io::Result<Vec<(usize, Verdict)>> {
        let (mut verdicts, mut fresh) = (Vec::new(), Vec::new());
        for &(position, delivery) in deliveries {
            let lies = match index.file_of(delivery.uid) {
                Some(file) => Some(file.to_owned()),
                // Under another day; or it was taken away since.
                None if before.binary_search(&delivery.uid).is_ok() => {
                    files::find(&self.path, delivery.uid)?
                }
                None => None,
            };
            match lies {
                None => fresh.push((position, delivery)),
                Some(file) => verdicts.push((position, self.verdict(&file, delivery)?)),
            }
        }
        let Some((_, first)) = fresh.first() else {
            return Ok(verdicts);
        };
        let name = self.free_name(date, first.seq)?;
        let documents: Vec<&Delivery> = fresh.iter().map(|(_, delivery)| *delivery).collect();
        files::write_whole(&self.path.join(&name), &documents)?;
        for (position, delivery) in fresh {
            index.add(delivery.uid, &name);
            verdicts.push((position, Verdict::Accepted(name.clone())));
        }
        Ok(verdicts)
    }

    /// What lies there under the document's uid: the same, or another document.
    fn verdict(&self, file: &str, delivery: &Delivery) -> io::Result<Verdict> {
        let there = match files::document(&self.path.join(file), delivery.uid) {
            // Whoever reads the folder has taken the file away: then it was handed over.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Verdict::Accepted(file.to_owned()));
            }
            there => there?,
        };
        // Another cut-off or time zone gives another day to what is the same all the same.
        let hash = |document: &Document| {
            let own = document.head.business_date;
            content::hash(document, own.unwrap_or(Day(delivery.business_date)))
        };
        if there.is_some_and(|there| hash(&there) == hash(&delivery.document)) {
            return Ok(Verdict::Accepted(file.to_owned()));
        }
        let answer = Answer::new(
            "key_conflict",
            format!("Another document with this number lies in {file} already."),
            "Compare both. Did the till start its numbers again? Then give it a new series.",
        );
        Ok(Verdict::Rejected { answer, sent: true })
    }

    /// The name that follows from the first document's number. Where an outbox was restored from an older copy, its
    /// numbers come again: what lies there under the name stays.
    fn free_name(&self, date: Date, seq: i64) -> io::Result<String> {
        let stem = format!("{date}/{}-{seq}-{}", self.store, self.install);
        let mut name = format!("{stem}.ndjson");
        let mut n = 2;
        while self.path.join(&name).try_exists()? {
            name = format!("{stem}-{n}.ndjson");
            n += 1;
        }
        Ok(name)
    }

    fn out(&self, error: &io::Error) -> Outage {
        Outage::Unreachable(format!("{}: {error}", self.path.display()))
    }
}

impl Destination for Folder {
    async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        let (folder, batch) = (self.clone(), batch.to_vec());
        self.writing.take(move || folder.write(&batch)).await?
    }

    async fn read_back(&self, asked: &[Asked]) -> Result<HeldThere, Outage> {
        let path = self.path.clone();
        let wanted: HashSet<Uuid> = asked.iter().map(|asked| asked.uid).collect();
        let asked = wanted.iter().copied().collect();
        let read = self.reading.take(move || read_back(&path, &wanted)).await?;
        let found = read.map_err(|error| self.out(&error))?;
        Ok(HeldThere {
            asked,
            found,
            beside: Vec::new(),
        })
    }
}

fn read_back(path: &Path, wanted: &HashSet<Uuid>) -> io::Result<Vec<Held>> {
    let mut held = Vec::new();
    for day in files::days_in(path)? {
        for file in files::files_in(&day)? {
            files::lines(&file, |uid, line| {
                if !wanted.contains(&uid) {
                    return;
                }
                held.extend(files::parse(line).map(|document| Held {
                    uid,
                    total: total(&document.body).or(Some(Decimal::ZERO)),
                    ..Held::default()
                }));
            })?;
        }
    }
    Ok(held)
}

/// File work off the threads that answer tills, one at a time: on a share that hangs each try would leave a thread
/// behind, until none is left for anybody.
#[derive(Debug, Clone)]
struct Turn(Arc<Semaphore>);

impl Default for Turn {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Turn {
    async fn take<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Outage> {
        let Ok(turn) = Arc::clone(&self.0).try_acquire_owned() else {
            return Err(Outage::Unreachable(
                "the folder has not answered what was asked before".to_owned(),
            ));
        };
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Outage::Ambiguous(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_folder_that_hangs_takes_one_thread() {
        let turn = Turn::default();
        let (go_on, hangs) = mpsc::channel::<()>();
        let first = turn.clone();
        let first = tokio::spawn(async move { first.take(move || hangs.recv().is_ok()).await });
        while turn.0.available_permits() == 1 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            let next = turn.take(|| unreachable!("it would hang too")).await;
            let next: Result<(), _> = next;
            assert!(matches!(next, Err(Outage::Unreachable(_))), "{next:?}");
        }
        go_on.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(turn.take(|| 7).await, Ok(7));
    }
}
