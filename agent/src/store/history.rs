//! Who did what to which document, and when. Each row's hash covers the row before it, so that a row that was changed
//! or taken out later is noticed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::store::{StoreError, micros, timestamp};

/// One change of a document's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: a till, a destination, a person's role.
    pub who: String,
    /// What happened, in words.
    pub what: String,
}

/// Notes a change; `seq` is `None` for what concerns no document.
pub fn add(
    connection: &Connection,
    seq: Option<i64>,
    who: &str,
    what: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let before: Option<Vec<u8>> = connection
        .prepare_cached("SELECT hash FROM history ORDER BY n DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let hash = link(&before.unwrap_or_default(), seq, micros(now), who, what);
    connection
        .prepare_cached(
            "INSERT INTO history (seq, at, who, what, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![seq, micros(now), who, what, hash])?;
    Ok(())
}

/// When the last change happened, by the clock of then.
pub fn last_at(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT at FROM history ORDER BY n DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.map(timestamp))
}

/// A document's life, oldest first.
pub fn of(connection: &Connection, seq: i64) -> Result<Vec<Entry>, StoreError> {
    let mut question =
        connection.prepare_cached("SELECT at, who, what FROM history WHERE seq = ?1 ORDER BY n")?;
    let rows = question.query_map([seq], |row| {
        Ok(Entry {
            at: timestamp(row.get(0)?),
            who: row.get(1)?,
            what: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a check of the whole chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Every link holds; so many rows.
    Whole(i64),
    /// The first row that does not follow from the one before it.
    BrokenAt(i64),
}

/// Checks every link of the chain.
pub fn verify(connection: &Connection) -> Result<Chain, StoreError> {
    let mut question =
        connection.prepare("SELECT n, seq, at, who, what, hash FROM history ORDER BY n")?;
    let mut rows = question.query([])?;
    let mut before = Vec::new();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let n: i64 = row.get(0)?;
        let (who, what): (String, String) = (row.get(3)?, row.get(4)?);
        let hash: Vec<u8> = row.get(5)?;
        count += 1;
        if n != count || hash != link(&before, row.get(1)?, row.get(2)?, &who, &what) {
            return Ok(Chain::BrokenAt(n));
        }
        before = hash;
    }
    // The counter remembers rows that were cut off at the end.
    let given: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'history'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if given.unwrap_or(0) != count {
        return Ok(Chain::BrokenAt(count + 1));
    }
    Ok(Chain::Whole(count))
}

fn link(before: &[u8], seq: Option<i64>, at: i64, who: &str, what: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(seq.unwrap_or(-1).to_be_bytes());
    hash.update(at.to_be_bytes());
    // Lengths keep "ab" + "c" apart from "a" + "bc".
    for text in [who, what] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}
