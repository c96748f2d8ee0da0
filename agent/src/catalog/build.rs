//! Writes a revision of the catalog: under another name, indices last, checked, synced, renamed. A file with a
//! catalog's name is a whole catalog.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tillpost_shared::catalog::{Product, comparable_barcode};

use super::Snapshot;
use super::file::{CatalogError, LAYOUT, database, digest, disk, number, sync_dir};

const TABLES: &str = "
    CREATE TABLE meta (revision TEXT NOT NULL, taken_at TEXT NOT NULL, products INTEGER NOT NULL, layout INTEGER NOT NULL) STRICT;
    CREATE TABLE product (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, body TEXT NOT NULL) STRICT;
    CREATE TABLE search (id INTEGER PRIMARY KEY, folded TEXT NOT NULL) STRICT;
    CREATE TABLE barcode (code TEXT NOT NULL, product INTEGER NOT NULL) STRICT;
    CREATE TABLE change (at INTEGER NOT NULL) STRICT;";
const INDICES: &str = "
    CREATE INDEX product_by_sku ON product (sku);
    CREATE INDEX barcode_by_code ON barcode (code);
    CREATE INDEX change_by_at ON change (at);";

/// Writes a snapshot below the folder; the file's path and SHA-256. A complete file of that revision is written over.
pub fn build(dir: &Path, snapshot: &Snapshot) -> Result<(PathBuf, String), CatalogError> {
    let revision = &snapshot.revision.0;
    let plain = revision.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plain || !(1..=64).contains(&revision.len()) {
        return Err(CatalogError::Revision);
    }
    let path = dir.join(format!("catalog-{revision}.db"));
    let part = dir.join(format!("catalog-{revision}.db.part"));
    if part.exists() {
        fs::remove_file(&part).map_err(disk("remove", &part))?;
    }
    fill(&part, snapshot).map_err(database("write", &part))?;
    let written = File::options()
        .write(true)
        .open(&part)
        .map_err(disk("open", &part))?;
    written.sync_all().map_err(disk("sync", &part))?;
    let digest = digest(&part)?;
    fs::rename(&part, &path).map_err(disk("rename", &part))?;
    sync_dir(dir)?;
    Ok((path, digest))
}

fn fill(path: &Path, snapshot: &Snapshot) -> Result<(), rusqlite::Error> {
    let mut database = Connection::open(path)?;
    // Nothing of it counts before the rename, so SQLite's own safety would only cost time.
    database.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;",
    )?;
    database.execute_batch(TABLES)?;
    let transaction = database.transaction()?;
    rows(&transaction, snapshot)?;
    transaction.commit()?;
    database.execute_batch(INDICES)?;
    database.execute_batch("ANALYZE;")?;
    let kept: i64 = database.query_row("SELECT count(*) FROM product", [], |row| row.get(0))?;
    if kept != number(snapshot.products.len()) {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    let sound: String = database.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(rusqlite::Error::InvalidQuery);
    }
    database.close().map_err(|(_, error)| error)
}

fn rows(database: &Connection, snapshot: &Snapshot) -> Result<(), rusqlite::Error> {
    let mut product = database.prepare("INSERT INTO product VALUES (?1, ?2, ?3)")?;
    let mut search = database.prepare("INSERT INTO search VALUES (?1, ?2)")?;
    let mut barcode = database.prepare("INSERT INTO barcode VALUES (?1, ?2)")?;
    let mut changes = BTreeSet::new();
    // In the order of names, so that a search can stop at its limit and still answers the first ones.
    let mut order: Vec<&Product> = snapshot.products.iter().collect();
    order.sort_by_cached_key(|product| (product.name.to_lowercase(), product.sku.clone()));
    for (id, each) in (1_i64..).zip(order) {
        let body = serde_json::to_string(each)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        product.execute(params![id, each.sku, body])?;
        search.execute(params![id, folded(each)])?;
        for code in &each.barcodes {
            barcode.execute(params![comparable_barcode(code), id])?;
        }
        changes.extend(each.changes().map(Timestamp::as_second));
    }
    let mut change = database.prepare("INSERT INTO change VALUES (?1)")?;
    for at in changes {
        change.execute([at])?;
    }
    database.execute(
        "INSERT INTO meta VALUES (?1, ?2, ?3, ?4)",
        params![
            snapshot.revision.0,
            snapshot.taken_at.to_string(),
            number(snapshot.products.len()),
            LAYOUT
        ],
    )?;
    Ok(())
}

/// What a search looks through.
fn folded(product: &Product) -> String {
    let codes = product.barcodes.join("\n");
    format!("{}\n{}\n{codes}", product.name, product.sku).to_lowercase()
}
