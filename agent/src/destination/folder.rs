//! The `folder` destination: one file per batch and business date, one document a line. The hand-over to anything that
//! reads files, the way out by USB stick, and the demo's destination.
//!
//! A document stands in one file. The lane notes which documents go together before anything is written, and the name
//! follows from the first of them; so after a crash the same file is written or found again. The file appears whole:
//! it is written as `.part`, synced, and renamed. An agent with an empty data folder reads the uids that lie here
//! before it writes, so that a new PC doubles nothing.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;
use tillpost_shared::document::Document;
use tillpost_shared::intake::total;
use tillpost_shared::shape::{Place, Unknown};
use uuid::Uuid;

use crate::destination::{Delivery, Destination, Held};
use crate::failpoint;
use crate::outbox::{Outage, Verdict};

/// Digits of the install id in a file's name: enough to tell two PCs of one store apart.
const INSTALL_DIGITS: usize = 8;

/// Writes documents into a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    store: String,
    install: String,
    /// What lies in the folder: uid to file name. Read once, kept up to date by writing.
    known: Arc<Mutex<Option<HashMap<Uuid, String>>>>,
}

impl Folder {
    /// A folder for the documents of `store`, written by the installation `install_id`.
    pub fn new(path: impl Into<PathBuf>, store: &str, install_id: &str) -> Self {
        let digits = install_id.chars().filter(char::is_ascii_alphanumeric);
        Self {
            path: path.into(),
            store: store.to_owned(),
            install: digits.take(INSTALL_DIGITS).collect(),
            known: Arc::default(),
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
        let unreachable =
            |error: io::Error| Outage::Unreachable(format!("{}: {error}", self.path.display()));
        let mut guard = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match guard.take() {
            Some(known) => guard.insert(known),
            None => guard.insert(uids_in(&self.path).map_err(unreachable)?),
        };
        let mut days: BTreeMap<Date, Vec<&Delivery>> = BTreeMap::new();
        for delivery in batch {
            if !known.contains_key(&delivery.uid) {
                days.entry(delivery.business_date)
                    .or_default()
                    .push(delivery);
            }
        }
        for (date, deliveries) in days {
            let name = format!(
                "{date}/{}-{}-{}.ndjson",
                self.store, deliveries[0].seq, self.install
            );
            write_whole(&self.path.join(&name), &deliveries).map_err(unreachable)?;
            known.extend(
                deliveries
                    .iter()
                    .map(|delivery| (delivery.uid, name.clone())),
            );
        }
        Ok(batch
            .iter()
            .map(|delivery| Verdict::Accepted(known[&delivery.uid].clone()))
            .collect())
    }

    fn read(&self, wanted: &[Uuid]) -> io::Result<Vec<Held>> {
        let mut held = Vec::new();
        for file in files_in(&self.path)? {
            for line in BufReader::new(File::open(&file)?).lines() {
                let Some((uid, value)) = parse_line(&line?) else {
                    continue;
                };
                if wanted.contains(&uid)
                    && let Some(document) = Document::read(value, &mut Place::new(Unknown::Ignored))
                {
                    held.push(Held {
                        uid,
                        kind: document.head.kind,
                        total: total(&document.body).unwrap_or(Decimal::ZERO),
                    });
                }
            }
        }
        Ok(held)
    }
}

impl Destination for Folder {
    async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        let (folder, batch) = (self.clone(), batch.to_vec());
        blocking(move || folder.write(&batch)).await?
    }

    async fn read_back(&self, uids: &[Uuid]) -> Result<Vec<Held>, Outage> {
        let (folder, uids) = (self.clone(), uids.to_vec());
        let read = blocking(move || folder.read(&uids)).await?;
        read.map_err(|error| Outage::Unreachable(error.to_string()))
    }
}

/// File work off the threads that answer tills.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Outage> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Outage::Incomprehensible(error.to_string()))
}

fn write_whole(path: &Path, deliveries: &[&Delivery]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let part = path.with_extension("ndjson.part");
    let mut file = File::create(&part)?;
    for delivery in deliveries {
        let line =
            delivery
                .document
                .write_out(&delivery.id.to_string(), &delivery.key, delivery.uid);
        writeln!(file, "{line}")?;
    }
    file.sync_all()?;
    failpoint::hit("folder.written");
    fs::rename(&part, path)?;
    sync_folder(folder)?;
    // A new day's folder is itself an entry that a power cut could take.
    folder.parent().map_or(Ok(()), sync_folder)?;
    failpoint::hit("folder.renamed");
    Ok(())
}

/// Makes a rename durable. Windows has no such call; there the rename itself is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(folder)?.sync_all()
}

fn files_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !path.exists() {
        return Ok(files);
    }
    for day in fs::read_dir(path)? {
        let day = day?.path();
        if !day.is_dir() {
            continue;
        }
        for file in fs::read_dir(day)? {
            let file = file?.path();
            if file
                .extension()
                .is_some_and(|extension| extension == "ndjson")
            {
                files.push(file);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn uids_in(path: &Path) -> io::Result<HashMap<Uuid, String>> {
    let mut known = HashMap::new();
    for file in files_in(path)? {
        let name = file
            .strip_prefix(path)
            .unwrap_or(&file)
            .to_string_lossy()
            .replace('\\', "/");
        for line in BufReader::new(File::open(&file)?).lines() {
            if let Some((uid, _)) = parse_line(&line?) {
                known.entry(uid).or_insert_with(|| name.clone());
            }
        }
    }
    Ok(known)
}

fn parse_line(line: &str) -> Option<(Uuid, Value)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let uid = value.get("uid")?.as_str()?.parse().ok()?;
    Some((uid, value))
}
