//! The outbox in figures, for `doctor` and the support bundle: how much stands where, and no content.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::Serialize;

use crate::store::windows::{Windows, kept_since, kinds_of, words};
use crate::store::{StoreError, timestamp};

/// The outbox in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survey {
    /// Documents by kind and state.
    pub documents: BTreeMap<String, BTreeMap<String, i64>>,
    /// Deliveries by destination and state.
    pub deliveries: BTreeMap<String, BTreeMap<String, i64>>,
    /// Since when the oldest document that has not arrived waits for more than its time of day.
    pub oldest_waiting_at: Option<Timestamp>,
    /// When the newest document was stored.
    pub newest_at: Option<Timestamp>,
    /// Tills that were added.
    pub tills: i64,
    /// Rows of the history.
    pub history: i64,
    /// How SQLite keeps its log: `wal`.
    pub journal_mode: String,
    /// Bytes of the main file.
    pub bytes: i64,
}

impl Survey {
    /// Documents in a state, of all kinds.
    pub fn in_state(&self, state: &str) -> i64 {
        let counts = self
            .documents
            .values()
            .filter_map(|states| states.get(state));
        counts.sum()
    }
}

/// Counts.
pub fn survey(
    connection: &Connection,
    windows: &Windows,
    now: Timestamp,
) -> Result<Survey, StoreError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let time = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let oldest = "SELECT MIN(received_at) FROM documents
                  WHERE state IN ('parked', 'held') OR state = 'waiting' AND kind NOT IN (?1, ?2, ?3, ?4, ?5)";
    let at_once = connection.query_row(oldest, words(kinds_of(windows)), |row| {
        row.get::<_, Option<i64>>(0)
    })?;
    let in_time = kept_since(connection, windows, now)?;
    // The newest by number, not by time: it is what a clock that went back is measured against.
    let newest = "SELECT (SELECT received_at FROM documents ORDER BY seq DESC LIMIT 1)";
    Ok(Survey {
        documents: counts(
            connection,
            "SELECT kind, state, COUNT(*) FROM documents GROUP BY kind, state",
        )?,
        deliveries: counts(
            connection,
            "SELECT destination, state, COUNT(*) FROM deliveries GROUP BY destination, state",
        )?,
        oldest_waiting_at: [at_once.map(timestamp), in_time]
            .into_iter()
            .flatten()
            .min(),
        newest_at: time(newest)?.map(timestamp),
        tills: number("SELECT COUNT(*) FROM tills")?,
        history: number("SELECT COUNT(*) FROM history")?,
        journal_mode: connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?,
        bytes: number("PRAGMA page_count")? * number("PRAGMA page_size")?,
    })
}

fn counts(
    connection: &Connection,
    sql: &str,
) -> Result<BTreeMap<String, BTreeMap<String, i64>>, StoreError> {
    let mut question = connection.prepare(sql)?;
    let mut rows = question.query([])?;
    let mut counts: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        counts
            .entry(row.get(0)?)
            .or_default()
            .insert(row.get(1)?, row.get(2)?);
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connection;

    #[test]
    fn an_empty_outbox_has_figures_too() {
        let dir = tempfile::tempdir().unwrap();
        let writer = connection::open_writer(&dir.path().join("outbox.db")).unwrap();
        let survey = survey(&writer, &Windows::new(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((survey.in_state("parked"), survey.newest_at), (0, None));
        assert_eq!(survey.journal_mode, "wal");
        assert!(survey.bytes > 0);
    }
}
