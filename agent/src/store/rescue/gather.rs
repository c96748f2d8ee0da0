//! Everything that can be read of an outbox that was set aside, in a file of its own: there the versions of a row are
//! told apart, texts are compared with their fingerprints and lost destinations found again, before anything of it
//! meets the outbox in use.
//!
//! The file is made without a log and without syncing, because after a crash it is made again from its beginning; it
//! counts only under its last name.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{PENDING, Rescued, anew, fill};
use crate::paths;
use crate::store::accept::Routes;
use crate::store::room::RESERVE_BYTES;
use crate::store::{StoreError, backup, connection, tills};

/// The rows while they are being gathered.
const PART: &str = "outbox-gathered.part";
/// The rows, complete.
const GATHERED: &str = "outbox-gathered.db";
/// How much longer than the old file the gathered one may be: the same rows, and an index or two.
const LARGER: f64 = 1.2;

/// Bytes that must be free for gathering what this one left behind, and for bringing it back.
pub fn room_needed(dir: &Path, rescued: &Rescued) -> u64 {
    if is_gathered(dir, rescued) {
        return 2 * RESERVE_BYTES;
    }
    let sizes = rescued.file.iter().cloned().chain(backup::newest(dir));
    let sizes = sizes.map(|file| std::fs::metadata(file).map_or(0, |file| file.len()));
    // Once in the gathered file, once in the outbox.
    (sizes.max().unwrap_or(0) as f64 * 2.0 * LARGER) as u64 + 2 * RESERVE_BYTES
}

/// Gathers what the outbox `rescued.file` still holds; answers the rows' file and what was found, or nothing when it was
/// told to stop. What was gathered before is used again.
pub fn gather(
    dir: &Path,
    mut rescued: Rescued,
    routes: &Routes,
    now: Timestamp,
    stop: &dyn Fn() -> bool,
) -> Result<Option<(PathBuf, Rescued)>, StoreError> {
    let ready = dir.join(GATHERED);
    if let Some(known) = known(&ready, &rescued) {
        return Ok(Some((ready, known)));
    }
    let part = dir.join(PART);
    anew::clear(&part)?;
    anew::clear(&ready)?;
    let failed = |source| StoreError::Io {
        path: part.clone(),
        source,
    };
    crate::secret::create_private(&part).map_err(failed)?;
    let target = connection::open_writer(&part)?;
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    drop_indices(&target)?;
    let copy = backup::newest(dir);
    let old = rescued.file.clone();
    if !fill::fill(&target, old.as_deref(), copy.as_deref(), &mut rescued, stop)? {
        return Ok(None);
    }
    fill::deliver_again(&target, routes, now)?;
    tills::set_setting(&target, PENDING, &anew::text(&rescued)?)?;
    target
        .close()
        .map_err(|(_, error)| StoreError::from(error))?;
    std::fs::File::open(&part)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&part, &ready))
        .and_then(|()| paths::sync_dir(dir))
        .map_err(failed)?;
    Ok(Some((ready, rescued)))
}

/// Takes the gathered rows away once everything has come back.
pub fn clear(dir: &Path) -> Result<(), StoreError> {
    anew::clear(&dir.join(GATHERED))
}

fn is_gathered(dir: &Path, rescued: &Rescued) -> bool {
    known(&dir.join(GATHERED), rescued).is_some()
}

/// What stands in a gathered file, if it is this one's.
fn known(ready: &Path, rescued: &Rescued) -> Option<Rescued> {
    if !ready.exists() {
        return None;
    }
    let gathered = Connection::open(ready).ok()?;
    let text = tills::setting(&gathered, PENDING).ok()??;
    let known: Rescued = serde_json::from_str(&text).ok()?;
    let after = rescued.after;
    (known.at == rescued.at && known.file == rescued.file).then_some(Rescued { after, ..known })
}

/// Nobody searches here; the key alone must stay unique.
fn drop_indices(target: &Connection) -> Result<(), StoreError> {
    let mut question = target.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND name <> 'documents_uid'",
    )?;
    let names = question.query_map([], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    for name in names {
        target.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(())
}
