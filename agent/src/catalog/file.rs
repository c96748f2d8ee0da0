//! One revision of the catalog as a SQLite file: written once, complete, then only read.
//!
//! [`super::build`] writes it. Read by a few connections of its own, so that look-ups meet neither each other nor the outbox.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use sha2::{Digest, Sha256};
use tillpost_shared::catalog::{Product, Revision, comparable_barcode, hex};

use crate::paths;

/// Look-ups that read at the same time; more wait for each other for some microseconds.
const READERS: usize = 4;
/// How much of the file may be mapped into memory; the operating system decides what stays there.
const MMAP_BYTES_MAX: i64 = 256 << 20;
/// Products a search answers at most.
pub const SEARCH_LIMIT_MAX: usize = 100;
/// Words of a search that count.
const SEARCH_WORDS_MAX: usize = 8;
/// The layout of the tables; a file of another one is fetched again.
pub(super) const LAYOUT: i64 = 1;

/// What a till asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// A scanned barcode; leading zeros do not matter.
    Barcode(String),
    /// An article number.
    Sku(String),
    /// Words, each somewhere in name, article number or barcodes.
    Search {
        /// The words.
        text: String,
        /// How many products at most, up to [`SEARCH_LIMIT_MAX`].
        limit: usize,
    },
}

/// Why a catalog cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The disk refused.
    #[error("cannot {doing} {path}")]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("cannot {doing} the catalog {path}")]
    Database {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The file is not what was written.
    #[error("the catalog {path} is damaged: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A snapshot that is probably a mistake at head office.
    #[error("the new catalog holds {new} products, the one in use {old}; it is not used")]
    Shrinks {
        /// Products in use.
        old: usize,
        /// Products offered.
        new: usize,
    },
    /// A snapshot without products.
    #[error("the new catalog holds no products; it is not used")]
    Empty,
    /// A revision that cannot be part of a file's name.
    #[error("the new catalog's revision is not 1 to 64 letters and digits")]
    Revision,
}

/// An open revision.
#[derive(Debug)]
pub struct CatalogFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Which products it holds.
    pub revision: Revision,
    /// When they were read at head office.
    pub taken_at: Timestamp,
    /// How many.
    pub products: usize,
    readers: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl CatalogFile {
    /// Opens a file; `digest` is what was noted when it was written, else SQLite looks for damage.
    pub fn open(path: &Path, digest: Option<&str>) -> Result<Self, CatalogError> {
        let damaged = |reason: String| CatalogError::Damaged {
            path: path.to_owned(),
            reason,
        };
        if let Some(expected) = digest
            && self::digest(path)? != expected
        {
            return Err(damaged(
                "its content changed after it was written".to_owned(),
            ));
        }
        let readers = (0..READERS).map(|_| reader(path)).collect::<Result<_, _>>();
        let readers: Vec<Connection> = readers.map_err(database("open", path))?;
        let Some(first) = readers.first() else {
            return Err(damaged("no reader".to_owned()));
        };
        let (revision, taken_at, products, layout) = first
            .query_row(
                "SELECT revision, taken_at, products, layout FROM meta",
                [],
                |row| {
                    let taken_at: String = row.get(1)?;
                    Ok((
                        row.get(0)?,
                        taken_at,
                        row.get::<_, u32>(2)?,
                        row.get::<_, i64>(3)?,
                    ))
                },
            )
            .map_err(|error| damaged(error.to_string()))?;
        if layout != LAYOUT {
            return Err(damaged(format!("it has the layout {layout}, not {LAYOUT}")));
        }
        if digest.is_none() {
            let sound: Result<String, _> =
                first.query_row("PRAGMA quick_check", [], |row| row.get(0));
            match sound {
                Ok(word) if word == "ok" => {}
                Ok(word) => return Err(damaged(word)),
                Err(error) => return Err(damaged(error.to_string())),
            }
        }
        let taken_at = taken_at
            .parse()
            .map_err(|_| damaged("its time cannot be read".to_owned()))?;
        Ok(Self {
            path: path.to_owned(),
            revision: Revision(revision),
            taken_at,
            products: products as usize,
            readers: readers.into_iter().map(Mutex::new).collect(),
            turn: AtomicUsize::new(0),
        })
    }

    /// The products a query finds, as stored.
    pub fn find(&self, query: &Query) -> Result<Vec<Product>, CatalogError> {
        let database = self.reader();
        let found = match query {
            Query::Barcode(code) => by_barcode(&database, code),
            Query::Sku(sku) => by_sku(&database, sku),
            Query::Search { text, limit } => search(&database, text, *limit),
        };
        let bodies = found.map_err(self::database("read", &self.path))?;
        let products = bodies.iter().map(|(_, body)| serde_json::from_str(body));
        products
            .collect::<Result<_, _>>()
            .map_err(|error| CatalogError::Damaged {
                path: self.path.clone(),
                reason: error.to_string(),
            })
    }

    /// Some products in their order, each with its number, after the one with this number.
    pub fn page(&self, after: i64, limit: usize) -> Result<Vec<(i64, Product)>, CatalogError> {
        let sql = "SELECT id, body FROM product WHERE id > ?1 ORDER BY id LIMIT ?2";
        let rows = || -> Bodies {
            let database = self.reader();
            let mut statement = database.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, number(limit)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            rows.collect()
        };
        let rows = rows().map_err(self::database("read", &self.path))?;
        let products = rows
            .into_iter()
            .map(|(id, body)| Ok((id, serde_json::from_str(&body)?)));
        products
            .collect::<Result<_, serde_json::Error>>()
            .map_err(|error| CatalogError::Damaged {
                path: self.path.clone(),
                reason: error.to_string(),
            })
    }

    /// When a price changes next.
    pub fn next_change_at(&self, now: Timestamp) -> Result<Option<Timestamp>, CatalogError> {
        let next: Option<i64> = self
            .reader()
            .query_row(
                "SELECT min(at) FROM change WHERE at > ?1",
                [now.as_second()],
                |row| row.get(0),
            )
            .map_err(database("read", &self.path))?;
        Ok(next.and_then(|second| Timestamp::from_second(second).ok()))
    }

    /// A connection that is free, else the one whose turn it is.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        for reader in &self.readers {
            match reader.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        self.readers[turn]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.pragma_update(None, "mmap_size", MMAP_BYTES_MAX)?;
    database.pragma_update(None, "cache_size", -512)?;
    database.pragma_update(None, "query_only", true)?;
    Ok(database)
}

type Bodies = Result<Vec<(i64, String)>, rusqlite::Error>;

fn by_barcode(database: &Connection, code: &str) -> Bodies {
    let sql = "SELECT product.id, body FROM barcode JOIN product ON product.id = product \
        WHERE code = ?1 GROUP BY product.id ORDER BY product.id LIMIT ?2";
    bodies(database, sql, comparable_barcode(code))
}

fn by_sku(database: &Connection, sku: &str) -> Bodies {
    let sql = "SELECT id, body FROM product WHERE sku = ?1 ORDER BY id LIMIT ?2";
    bodies(database, sql, sku.trim())
}

fn bodies(database: &Connection, sql: &str, text: &str) -> Bodies {
    let mut statement = database.prepare_cached(sql)?;
    let rows = statement.query_map(params![text, number(SEARCH_LIMIT_MAX)], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    rows.collect()
}

/// What matches exactly first, then what holds every word.
fn search(database: &Connection, text: &str, limit: usize) -> Bodies {
    let limit = limit.clamp(1, SEARCH_LIMIT_MAX);
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().take(SEARCH_WORDS_MAX).collect();
    let Some((first, others)) = words.split_first() else {
        return Ok(Vec::new());
    };
    let mut found = by_sku(database, text)?;
    for hit in by_barcode(database, text)? {
        if found.iter().all(|(id, _)| *id != hit.0) {
            found.push(hit);
        }
    }
    let mut scan =
        database.prepare_cached("SELECT id, folded FROM search WHERE instr(folded, ?1) > 0")?;
    let mut body = database.prepare_cached("SELECT body FROM product WHERE id = ?1")?;
    let mut rows = scan.query([first])?;
    while let Some(row) = rows.next()? {
        if found.len() >= limit {
            break;
        }
        let id: i64 = row.get(0)?;
        let folded = row.get_ref(1)?.as_str()?;
        let fits = others.iter().all(|word| folded.contains(word));
        if fits && found.iter().all(|(known, _)| *known != id) {
            let body: Option<String> = body.query_row([id], |row| row.get(0)).optional()?;
            found.extend(body.map(|body| (id, body)));
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// The file's SHA-256.
pub(super) fn digest(path: &Path) -> Result<String, CatalogError> {
    let mut file = File::open(path).map_err(disk("open", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(disk("read", path))?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}

/// Makes a rename survive a power cut.
pub(super) fn sync_dir(dir: &Path) -> Result<(), CatalogError> {
    paths::sync_dir(dir).map_err(disk("sync", dir))
}

pub(super) fn disk(doing: &'static str, path: &Path) -> impl Fn(std::io::Error) -> CatalogError {
    let path = path.to_owned();
    move |source| CatalogError::Disk {
        doing,
        path: path.clone(),
        source,
    }
}

pub(super) fn database(
    doing: &'static str,
    path: &Path,
) -> impl Fn(rusqlite::Error) -> CatalogError {
    let path = path.to_owned();
    move |source| CatalogError::Database {
        doing,
        path: path.clone(),
        source,
    }
}

/// A length as SQLite counts.
pub(super) fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
