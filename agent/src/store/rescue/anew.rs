//! A new outbox beside a damaged one, at once: tills, tokens and settings are carried over, documents come later.
//!
//! The order of the steps makes it safe against a crash in any of them: the new outbox is built under another name,
//! renamed to `outbox-rescued.db` when it is complete, then the old files are moved away, then it takes their place. As
//! long as `outbox-rescued.db` is there, the next start goes on from there.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::fill::{self, Table};
use super::pages::{self, Pages};
use super::{PENDING, Rescued, SETTING, pending, rows};
use crate::paths;
use crate::store::{StoreError, backup, connection, history, tills};

/// The new outbox while it is being built.
const PART: &str = "outbox-rescue.part";
/// The new outbox, complete.
pub const READY: &str = "outbox-rescued.db";
/// What a new outbox needs to open its door; without them tills would be strangers.
const SMALL: [&str; 4] = ["settings", "tills", "tokens", "owners"];

/// Builds the new outbox, complete and synced, under the name [`READY`].
pub fn build(dir: &Path, path: &Path, why: String, now: Timestamp) -> Result<(), StoreError> {
    let part = dir.join(PART);
    clear(&part)?;
    let failed = |source| StoreError::Io {
        path: part.clone(),
        source,
    };
    crate::secret::create_private(&part).map_err(failed)?;
    let target = connection::open_writer(&part)?;
    target.execute_batch("BEGIN IMMEDIATE")?;
    let mut given = carry_over(&target, path)?;
    if let Some(copy) = backup::newest(dir) {
        // What the damaged one still had stays as it is.
        given = given.max(carry_over(&target, &copy)?);
    }
    go_on_counting(&target, given.unwrap_or(0))?;
    name_owners(&target)?;
    let rescued = Rescued {
        at: now,
        why,
        file: path.exists().then(|| set_aside_name(dir, now)),
        coming_back: true,
        after: 0,
        documents: 0,
        of: given,
        damaged: 0,
        from_copy: 0,
        tills: 0,
    };
    let what = format!("outbox begun anew: {}", rescued.why);
    history::add(&target, None, "tillpost", &what, now)?;
    tills::set_setting(&target, SETTING, &text(&rescued)?)?;
    // What was brought back of an earlier one may be lost with this one: once more from its beginning.
    let mut all = pending(&target)?;
    all.iter_mut().for_each(|earlier| earlier.after = 0);
    all.push(rescued);
    tills::set_setting(&target, PENDING, &text(&all)?)?;
    target.execute_batch("COMMIT")?;
    connection::empty_log(&target)?;
    target
        .close()
        .map_err(|(_, error)| StoreError::from(error))?;
    let ready = dir.join(READY);
    std::fs::File::open(&part)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&part, &ready))
        .and_then(|()| paths::sync_dir(dir))
        .map_err(failed)
}

/// Brings the small tables over, and finds the highest number a document there has.
fn carry_over(target: &Connection, damaged: &Path) -> Result<Option<i64>, StoreError> {
    let Ok(pages) = Pages::open(damaged) else {
        return Ok(None);
    };
    let columns = Table::of(target, "documents")?.width();
    let tables = SMALL.iter().map(|name| Table::of(target, name));
    let tables: Vec<Table> = tables.collect::<Result<_, _>>()?;
    let free = pages.free();
    let mut given = None;
    for number in (1..=pages.count).filter(|page| !free.contains(page) && !pages.is_map(*page)) {
        let Some(page) = pages.read(number) else {
            continue;
        };
        let (highest, small) = rows::outline(&page, number, columns);
        given = given.max(highest);
        if !small {
            continue;
        }
        for row in rows::of(&pages, &page, number) {
            given = given.max(fill::counter(&row));
            let fitting = tables
                .iter()
                .find_map(|table| Some((table, table.fit(&row)?)));
            if let Some((table, values)) = fitting {
                fill::keep(target, table, values)?;
            }
        }
    }
    Ok(given)
}

/// A token whose owner's row is lost, or of an outbox from before owners were kept, is its till's own.
fn name_owners(target: &Connection) -> Result<(), StoreError> {
    target.execute_batch(
        "INSERT OR IGNORE INTO owners (code, hash)
         SELECT till, hash FROM tokens WHERE hash NOT IN (SELECT hash FROM owners)",
    )?;
    Ok(())
}

/// Numbers that were given are not given again: what comes back has them.
fn go_on_counting(target: &Connection, given: i64) -> Result<(), StoreError> {
    target.execute(
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('documents', ?1)",
        [given],
    )?;
    Ok(())
}

/// Moves the old files away and the new one into their place. Each step may have been done before a crash.
pub fn swap(dir: &Path, path: &Path, aside: &Path) -> io::Result<()> {
    let moves = [
        (path.to_owned(), aside.to_owned()),
        (pages::log_of(path), pages::log_of(aside)),
    ];
    for (from, to) in moves {
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    // Shared memory means nothing once nobody writes the file any more; who still reads it keeps its own hold of it.
    match std::fs::remove_file(shared_of(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    paths::sync_dir(dir)?;
    std::fs::rename(dir.join(READY), path)?;
    paths::sync_dir(dir)
}

/// Where a damaged outbox is put: a name that nothing has yet, however often the clock shows the same second.
pub fn set_aside_name(dir: &Path, now: Timestamp) -> PathBuf {
    let stem = format!("outbox-damaged-{}", now.strftime("%Y%m%dT%H%M%SZ"));
    let mut name = dir.join(format!("{stem}.db"));
    let mut n = 2;
    while name.exists() {
        name = dir.join(format!("{stem}-{n}.db"));
        n += 1;
    }
    name
}

/// Takes away an outbox that was being built, and what lies beside it.
pub fn clear(part: &Path) -> Result<(), StoreError> {
    for leftover in [part.to_owned(), pages::log_of(part), shared_of(part)] {
        match std::fs::remove_file(&leftover) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Io {
                    path: leftover,
                    source,
                });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// A setting's text.
pub fn text(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn shared_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-shm");
    PathBuf::from(name)
}
