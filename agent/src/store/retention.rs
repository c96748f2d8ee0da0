//! What is let go of after its time: the text of delivered documents. Keys, uids, fingerprints, states and totals stay,
//! so that a document that is sent again after years is still a duplicate. What was not delivered keeps everything.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{StoreError, micros, tills, timestamp};

/// The setting that remembers up to which number no text is left.
const LET_GO: &str = "let_go_up_to";
/// Documents in one commit: some milliseconds, which hardly delay a till.
pub const CHUNK: usize = 200;
/// Pages given back to the disk in one commit.
pub const PAGES_MAX: u32 = 256;

/// The next documents after `after` whose text is no longer kept: every delivery of theirs was acknowledged before
/// `before`; where they had none, they were received before it.
pub fn outlived(
    connection: &Connection,
    after: i64,
    before: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT seq FROM documents o
         WHERE seq > ?1 AND state = 'delivered' AND received_at < ?2 AND body IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = o.seq
                             AND (d.state <> 'delivered' OR d.delivered_at >= ?2))
         ORDER BY seq LIMIT ?3",
    )?;
    let rows = question.query_map(params![after, micros(before), CHUNK as i64], |row| {
        row.get(0)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The number before the first document that has its text; after it a look begins. What was let go of is not looked at
/// again, however many years of it there are.
pub fn first_with_text(connection: &Connection) -> Result<i64, StoreError> {
    let known: Option<i64> = tills::setting(connection, LET_GO)?.and_then(|text| text.parse().ok());
    let first: Option<i64> = connection
        .prepare_cached(
            "SELECT seq FROM documents WHERE seq > ?1 AND body IS NOT NULL ORDER BY seq LIMIT 1",
        )?
        .query_row([known.unwrap_or(0)], |row| row.get(0))
        .optional()?;
    Ok(first.map_or(known.unwrap_or(0), |first| first - 1))
}

/// Remembers up to which number no text is left.
pub fn note(connection: &Connection, up_to: i64) -> Result<(), StoreError> {
    tills::set_setting(connection, LET_GO, &up_to.to_string())
}

/// Lets go of their text.
///
/// The rows are taken out and put back without it, in one transaction: SQLite does not join pages that an update leaves
/// half empty, and the file would stay as long as it was. The schema's triggers keep whatever is not delivered.
pub fn let_go(connection: &Connection, seqs: &[i64]) -> Result<(), StoreError> {
    connection.execute_batch(
        "PRAGMA defer_foreign_keys = ON;
         CREATE TEMP TABLE IF NOT EXISTS outlived AS SELECT * FROM documents WHERE 0;
         DELETE FROM temp.outlived;",
    )?;
    let mut take = connection.prepare_cached(
        "INSERT INTO temp.outlived SELECT * FROM documents WHERE seq = ?1 AND state = 'delivered'",
    )?;
    for seq in seqs {
        take.execute([seq])?;
    }
    connection.execute_batch(
        "UPDATE temp.outlived SET body = NULL;
         DELETE FROM documents WHERE seq IN (SELECT seq FROM temp.outlived);
         INSERT INTO documents SELECT * FROM temp.outlived ORDER BY seq;
         DELETE FROM temp.outlived;",
    )?;
    Ok(())
}

/// Gives free pages back to the disk, a few at a time; answers how many are left.
pub fn shrink(connection: &Connection) -> Result<i64, StoreError> {
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_MAX})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    Ok(connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?)
}

/// When the oldest document came; a store without documents has none.
pub fn oldest_at(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let oldest: Option<i64> = connection
        .query_row(
            "SELECT received_at FROM documents ORDER BY seq LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(oldest.map(timestamp))
}
