//! Catalog snapshots as files: the newest `*.ndjson` of a folder, one product a line.
//!
//! All or nothing: a line that cannot be read refuses the whole file, with its number, and the catalog in use stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use tillpost_shared::catalog::{Product, Revision, hex};
use tillpost_shared::currency;
use tokio::sync::mpsc;

use super::{CatalogSource, Fetched, Snapshot};
use crate::activity;
use crate::outbox::Outage;

/// A larger file is refused unread.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Snapshot files in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
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
        Self { path: path.into() }
    }

    fn read(&self, since: Option<&Revision>) -> Result<Fetched, Outage> {
        let folder = self.path.display();
        let newest = newest(&self.path).map_err(|error| {
            Outage::Unreachable(format!("the folder {folder} cannot be listed: {error}"))
        })?;
        let Some((path, bytes)) = newest else {
            return Err(Outage::Unreachable(format!("no *.ndjson lies in {folder}")));
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if bytes > FILE_BYTES_MAX {
            let message = format!("{name} is larger than {FILE_BYTES_MAX} bytes");
            return Err(Outage::Incomprehensible(message));
        }
        let text = fs::read(&path)
            .map_err(|error| Outage::Unreachable(format!("{name} cannot be read: {error}")))?;
        let revision = Revision(hex(&Sha256::digest(&text)));
        if since == Some(&revision) {
            return Ok(Fetched::Unchanged);
        }
        let products = products(&text)
            .map_err(|reason| Outage::Incomprehensible(format!("{name}, {reason}")))?;
        Ok(Fetched::Snapshot(Snapshot {
            revision,
            taken_at: activity::now(),
            products,
            notes: Vec::new(),
        }))
    }
}

impl CatalogSource for Folder {
    async fn fetch(&self, since: Option<&Revision>) -> Result<Fetched, Outage> {
        let (folder, since) = (self.clone(), since.cloned());
        let read = tokio::task::spawn_blocking(move || folder.read(since.as_ref()));
        read.await
            .unwrap_or_else(|error| Err(Outage::Unreachable(error.to_string())))
    }
}

/// The snapshot that was changed last, with its size; of two at the same instant the one whose name comes later.
fn newest(dir: &Path) -> std::io::Result<Option<(PathBuf, u64)>> {
    let mut best: Option<(SystemTime, PathBuf, u64)> = None;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "ndjson") {
            continue;
        }
        // It may have gone since the folder was listed.
        let Ok(about) = fs::metadata(&path) else {
            continue;
        };
        let changed_at = about.modified()?;
        let later = best
            .as_ref()
            .is_none_or(|(at, other, _)| (*at, other) < (changed_at, &path));
        if about.is_file() && later {
            best = Some((changed_at, path, about.len()));
        }
    }
    Ok(best.map(|(_, path, bytes)| (path, bytes)))
}

/// The products of a file, or the first line that is none.
fn products(text: &[u8]) -> Result<Vec<Product>, String> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!("line {line}: not UTF-8")
    })?;
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let filled = lines.filter(|(_, line)| !line.trim().is_empty());
    let read = filled.map(|(index, line)| {
        let product = serde_json::from_str(line).map_err(|error| said(&error));
        product
            .and_then(sound)
            .map_err(|reason| format!("line {}: {reason}", index + 1))
    });
    read.collect()
}

fn said(error: &serde_json::Error) -> String {
    // serde counts lines of its own; here there is always one.
    let text = error.to_string();
    match text.split_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// What the types cannot say.
fn sound(product: Product) -> Result<Product, String> {
    if product.sku.trim().is_empty() {
        return Err("`sku` is empty".to_owned());
    }
    if !currency::known(&product.price.currency) {
        return Err(format!("`{}` is no currency", product.price.currency));
    }
    let coming = product.prices.iter().map(|price| price.amount);
    if coming
        .chain([product.price.amount])
        .any(|amount| amount < Decimal::ZERO)
    {
        return Err("a price is negative".to_owned());
    }
    let backwards = product.prices.iter().any(|price| {
        matches!((price.from_at, price.until_at), (Some(from), Some(until)) if from >= until)
    });
    if backwards {
        return Err("a price ends before it begins".to_owned());
    }
    Ok(product)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
