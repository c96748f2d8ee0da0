//! Which files of drop folders were taken: noted in the commit that stores what was in them.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{StoreError, micros};

/// A file that was taken, or is being taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The drop folder, as the configuration names it.
    pub inbox: String,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Its name, for people.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Records that were read so far.
    pub records: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// Whether anything in it may not be kept.
    pub stripped: bool,
    /// Whether it was taken to its end.
    pub complete: bool,
}

/// Notes how far a file was taken.
pub fn note(connection: &Connection, taken: &Taken, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO files (inbox, hash, name, size, taken_at, records, refused, stripped, complete)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (inbox, hash) DO UPDATE SET name = ?3, taken_at = ?5, records = ?6, refused = ?7,
                 stripped = ?8, complete = ?9",
        )?
        .execute(params![
            taken.inbox,
            taken.hash,
            taken.name,
            i64::try_from(taken.size).unwrap_or(i64::MAX),
            micros(now),
            i64::try_from(taken.records).unwrap_or(i64::MAX),
            i64::try_from(taken.refused).unwrap_or(i64::MAX),
            taken.stripped,
            taken.complete,
        ])?;
    Ok(())
}

/// The names of files that were taken from a drop folder.
pub fn names(connection: &Connection, inbox: &str) -> Result<HashSet<String>, StoreError> {
    let mut question = connection.prepare_cached("SELECT name FROM files WHERE inbox = ?1")?;
    let names = question.query_map([inbox], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The file with these bytes, if it was taken before.
pub fn find(
    connection: &Connection,
    inbox: &str,
    hash: [u8; 32],
) -> Result<Option<Taken>, StoreError> {
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    let found = connection
        .prepare_cached(
            "SELECT name, size, records, refused, stripped, complete FROM files WHERE inbox = ?1 AND hash = ?2",
        )?
        .query_row(params![inbox, hash], |row| {
            Ok(Taken {
                inbox: inbox.to_owned(),
                hash,
                name: row.get(0)?,
                size: number(row.get(1)?),
                records: number(row.get(2)?),
                refused: number(row.get(3)?),
                stripped: row.get(4)?,
                complete: row.get(5)?,
            })
        })
        .optional()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connection;

    #[test]
    fn a_file_is_known_by_its_bytes_and_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let connection = connection::open_writer(&dir.path().join("outbox.db")).unwrap();
        let now = "2026-11-01T08:00:00Z".parse().unwrap();
        let mut taken = Taken {
            inbox: "in".to_owned(),
            hash: [7; 32],
            name: "a.xml".to_owned(),
            size: 12,
            records: 1,
            refused: 0,
            stripped: true,
            complete: false,
        };
        note(&connection, &taken, now).unwrap();
        taken.complete = true;
        note(&connection, &taken, now).unwrap();
        assert_eq!(find(&connection, "in", [7; 32]).unwrap(), Some(taken));
        assert_eq!(find(&connection, "other", [7; 32]).unwrap(), None);
    }
}
