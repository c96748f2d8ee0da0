//! Which revision the look-ups read: swapped in one step, remembered over a restart, with one revision to go back to.
//!
//! `catalog.current` names the revision in use and the one before it, newest first, each with its SHA-256. A file that
//! does not fit is set aside, never deleted, and the one before it is used: a store without prices cannot sell.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use serde::Serialize;
use tillpost_shared::catalog::Revision;

use super::build::build;
use super::file::{CatalogError, CatalogFile, Query, disk};
use super::stock::{Stock, Unsent, available};
use super::{Answer, Snapshot};
use crate::outbox::Answer as Note;
use crate::paths;

/// The file that names what is in use.
const POINTER: &str = "catalog.current";
/// Revisions kept: the one in use and the one before it.
const REVISIONS_KEPT: usize = 2;
/// A new catalog with fewer products than one in so many of the old is taken for a mistake.
const SHRINK_DIVISOR_MAX: usize = 2;
/// Catalogs smaller than this may shrink as they like: a shop that is being set up.
const SHRINK_CHECKED_FROM: usize = 20;

/// The catalog that look-ups read.
#[derive(Debug)]
pub struct Active {
    dir: PathBuf,
    current: RwLock<Option<Arc<CatalogFile>>>,
    shelf: RwLock<Arc<Shelf>>,
    /// Held while a revision is installed: one at a time. Look-ups never take it.
    pointer: Mutex<Vec<Entry>>,
    notes: Vec<Note>,
}

/// What is known beside the revision. In memory only: after a restart old stock would be worse than none.
#[derive(Debug, Default)]
struct Shelf {
    stock: Stock,
    /// `None` until it was counted.
    unsent: Option<Unsent>,
}

/// A line of the pointer file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: String,
    digest: String,
}

/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoCatalog {
    /// None was fetched yet.
    #[error("there is no catalog yet")]
    Absent,
    /// The disk does not give it.
    #[error("the catalog cannot be read")]
    Unreadable(#[source] CatalogError),
}

/// Whether a snapshot may be much smaller than the catalog in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrinking {
    /// Not by more than half: that is a mistake at head office more often than not.
    Refused,
    /// It may, and it is told.
    Noted,
    /// A person said so.
    Allowed,
}

/// What installing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// This revision is in use already.
    Same,
    /// It is in use now.
    New {
        /// What was in use before.
        previous: Option<Revision>,
        /// That it holds much less than the one before, to be told.
        note: Option<Note>,
    },
}

/// How the catalog stands: `catalog` in `GET /v1/status`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The revision in use.
    pub revision: Option<Revision>,
    /// When it was read at head office.
    pub taken_at: Option<Timestamp>,
    /// How many products it holds.
    pub products: usize,
    /// When a price changes next.
    pub next_change_at: Option<Timestamp>,
}

impl Active {
    /// Opens the newest good revision in the folder. Never fails: without one, look-ups say so until one is installed.
    pub fn open(dir: &Path) -> Self {
        let mut notes = Vec::new();
        if let Err(error) = fs::create_dir_all(dir) {
            let hint = "check the data folder's rights and space";
            let message = format!(
                "The catalog's folder {} cannot be made: {error}.",
                dir.display()
            );
            notes.push(Note::new("catalog_folder", message, hint));
        }
        let mut entries = read_pointer(dir);
        let mut current = None;
        while current.is_none() && !entries.is_empty() {
            let entry = &entries[0];
            match CatalogFile::open(&dir.join(&entry.name), Some(&entry.digest)) {
                Ok(file) => current = Some(Arc::new(file)),
                Err(error) => {
                    notes.push(set_aside(dir, &entry.name, &error));
                    entries.remove(0);
                }
            }
        }
        if current.is_none() {
            current = newest_unnamed(dir).map(Arc::new);
        }
        Self {
            dir: dir.to_owned(),
            current: RwLock::new(current),
            shelf: RwLock::default(),
            pointer: Mutex::new(entries),
            notes,
        }
    }

    /// What was wrong when it was opened.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The products a query finds, with the prices in force at `now`.
    pub fn lookup(&self, query: &Query, now: Timestamp) -> Result<Answer, NoCatalog> {
        let file = self.file().ok_or(NoCatalog::Absent)?;
        let shelf = self.shelf();
        let found = file.find(query).map_err(NoCatalog::Unreadable)?;
        let products = found.into_iter().map(|product| {
            let mut product = product.at(now);
            product.on_hand = shelf.stock.of(&product).or(product.on_hand);
            product.available = available(&product, shelf.unsent.as_ref());
            product
        });
        Ok(Answer {
            revision: file.revision.clone(),
            products: products.collect(),
        })
    }

    /// The revision in use.
    pub fn revision(&self) -> Option<Revision> {
        self.file().map(|file| file.revision.clone())
    }

    /// How the catalog stands.
    pub fn status(&self, now: Timestamp) -> Status {
        let file = self.file();
        Status {
            revision: file.as_ref().map(|file| file.revision.clone()),
            taken_at: file.as_ref().map(|file| file.taken_at),
            products: file.as_ref().map_or(0, |file| file.products),
            next_change_at: file.and_then(|file| file.next_change_at(now).ok().flatten()),
        }
    }

    /// Puts beside the products what is unsent, and newer stock where there is newer, in one step.
    pub fn set_stock(&self, newer: Option<Stock>, unsent: Unsent) {
        let stock = newer.unwrap_or_else(|| self.shelf().stock.clone());
        let shelf = Shelf {
            stock,
            unsent: Some(unsent),
        };
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shelf);
    }

    /// When the stock that look-ups answer was taken: by itself, else with the products.
    pub fn stock_taken_at(&self) -> Option<Timestamp> {
        let by_itself = self.shelf().stock.taken_at;
        by_itself.or_else(|| self.file().map(|file| file.taken_at))
    }

    fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a snapshot and points the look-ups at it. Blocks for the time of writing; look-ups go on meanwhile.
    pub fn install(
        &self,
        snapshot: &Snapshot,
        shrinking: Shrinking,
    ) -> Result<Installed, CatalogError> {
        let mut entries = self.pointer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.file();
        if before
            .as_ref()
            .is_some_and(|file| file.revision == snapshot.revision)
        {
            return Ok(Installed::Same);
        }
        let new = snapshot.products.len();
        if new == 0 {
            return Err(CatalogError::Empty);
        }
        let old = before.as_ref().map_or(0, |file| file.products);
        let shrinks = old >= SHRINK_CHECKED_FROM && new < old.div_ceil(SHRINK_DIVISOR_MAX);
        if shrinks && shrinking == Shrinking::Refused {
            return Err(CatalogError::Shrinks { old, new });
        }
        let (path, digest) = build(&self.dir, snapshot)?;
        let file = CatalogFile::open(&path, None)?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut next = vec![Entry {
            name: name.clone(),
            digest,
        }];
        next.extend(entries.iter().filter(|entry| entry.name != name).cloned());
        next.truncate(REVISIONS_KEPT);
        write_pointer(&self.dir, &next)?;
        *entries = next;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(file));
        sweep(&self.dir, &entries);
        Ok(Installed::New {
            previous: before.map(|file| file.revision.clone()),
            note: (shrinks && shrinking == Shrinking::Noted).then(|| shrank(old, new)),
        })
    }

    /// The revision in use, to be read whole.
    pub fn file(&self) -> Option<Arc<CatalogFile>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn shrank(old: usize, new: usize) -> Note {
    Note::new(
        "catalog_shrank",
        format!("The last prices held {old} products, the new ones hold {new}. They are in force."),
        "Have central IT look whether that is meant; else a new file with all of them puts it right.",
    )
}

fn read_pointer(dir: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(dir.join(POINTER)).unwrap_or_default();
    let entries = text.lines().filter_map(|line| {
        let (name, digest) = line.split_once(' ')?;
        // Only a name of ours: the file must not lead anywhere else.
        is_catalog(name).then(|| Entry {
            name: name.to_owned(),
            digest: digest.trim().to_owned(),
        })
    });
    entries.take(REVISIONS_KEPT).collect()
}

fn write_pointer(dir: &Path, entries: &[Entry]) -> Result<(), CatalogError> {
    let path = dir.join(POINTER);
    let lines = entries
        .iter()
        .map(|entry| format!("{} {}\n", entry.name, entry.digest));
    let text: String = lines.collect();
    paths::write_whole(&path, text.as_bytes()).map_err(disk("write", &path))
}

fn is_catalog(name: &str) -> bool {
    let revision = name
        .strip_prefix("catalog-")
        .and_then(|rest| rest.strip_suffix(".db"));
    revision.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The newest good revision that no pointer names: the pointer was lost.
fn newest_unnamed(dir: &Path) -> Option<CatalogFile> {
    let names = catalogs(dir);
    let files = names.filter_map(|name| CatalogFile::open(&dir.join(name), None).ok());
    files.max_by_key(|file| file.taken_at)
}

fn catalogs(dir: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_catalog(name))
}

/// Renames a damaged file, so that it is neither used nor lost, and says so.
fn set_aside(dir: &Path, name: &str, error: &CatalogError) -> Note {
    let aside = dir.join(format!("{name}.damaged"));
    let moved = fs::rename(dir.join(name), &aside).is_ok();
    let place = if moved {
        format!("It was set aside as {}.", aside.display())
    } else {
        "It could not be set aside.".to_owned()
    };
    Note::new(
        "catalog_damaged",
        format!("A price catalog could not be used: {error}. {place}"),
        "The one before it is used until the next refresh. If it happens again, have the disk checked.",
    )
}

/// Deletes what neither pointer nor person needs. A file that is still open on Windows stays until the next time.
fn sweep(dir: &Path, entries: &[Entry]) {
    let unnamed = catalogs(dir).filter(|name| entries.iter().all(|entry| entry.name != *name));
    for name in unnamed.collect::<Vec<_>>() {
        let _ = fs::remove_file(dir.join(name));
    }
}

#[cfg(test)]
#[path = "active_tests.rs"]
mod tests;
