//! What a document must not overtake: a return or a void its sale, a count the sales before its cut-off, a day's close
//! its day. Nothing else waits for anything.
//!
//! No circle can arise: an original is waited for when it was stored earlier, or when it waits for no original itself;
//! a close waits for what was stored before it; and nothing waits for a count or a close.
//!
//! What waits for a time of day keeps nothing that is urgent: a void that by a slip names such a document, and the close of
//! a till's day, go without it. Only a count waits along with the stock moves and pickups before its cut-off, or goods would
//! be counted twice; the configuration sees to it that it then waits for the same time itself.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tillpost_shared::document::Kind;

use crate::outbox::patience::close_waited;
use crate::outbox::window::Bulk;
use crate::store::{StoreError, timestamp};

/// What decides whether a document may go.
pub(super) struct Candidate {
    pub(super) seq: i64,
    pub(super) kind: Kind,
    pub(super) till: String,
    pub(super) business_date: String,
    pub(super) since: i64,
}

/// Whether `candidate` must wait for others; `chosen` go now, and `bulk` waits for a time of day.
pub(super) fn must_wait(
    connection: &Connection,
    (destination, bulk): (&str, Option<&Bulk>),
    candidate: &Candidate,
    chosen: &[i64],
    now: Timestamp,
) -> Result<bool, StoreError> {
    match candidate.kind {
        Kind::Return | Kind::Void | Kind::Sale => {
            original_missing(connection, destination, candidate.seq, bulk)
        }
        Kind::StockCount => goods_missing(connection, destination, candidate.seq),
        Kind::DayClose => {
            let missing = missing_of_day(connection, destination, candidate.seq, bulk)?;
            // What goes now need not be missing: the close comes with the next batch.
            Ok(!missing.is_empty()
                && (missing.iter().any(|(seq, _)| chosen.contains(seq))
                    || !close_due(connection, candidate, now)?))
        }
        Kind::DayOpen
        | Kind::CashMovement
        | Kind::TillActivity
        | Kind::Settlement
        | Kind::StockMove
        | Kind::Pickup => Ok(false),
    }
}

/// The sale of a return or a void is here and has not arrived there.
fn original_missing(
    connection: &Connection,
    destination: &str,
    seq: i64,
    bulk: Option<&Bulk>,
) -> Result<bool, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT o.kind FROM origins g
         CROSS JOIN documents o ON o.uid = g.uid
         CROSS JOIN deliveries d ON d.destination = ?1 AND d.seq = o.seq
         WHERE g.seq = ?2 AND o.freed = 0 AND o.seq <> g.seq AND d.state IN ('waiting', 'parked', 'held')
           AND (o.seq < g.seq OR NOT EXISTS (SELECT 1 FROM origins e WHERE e.seq = o.seq))",
    )?;
    let mut rows = question.query(params![destination, seq])?;
    while let Some(row) = rows.next()? {
        if !waits_for_a_window(bulk, &row.get::<_, String>(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether documents of this kind wait for a time of day.
fn waits_for_a_window(bulk: Option<&Bulk>, kind: &str) -> bool {
    let kind = Kind::from_word(kind);
    bulk.zip(kind).is_some_and(|(bulk, kind)| bulk.names(kind))
}

/// Goods that moved before the count's cut-off and have not arrived there would be counted twice.
fn goods_missing(connection: &Connection, destination: &str, seq: i64) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM documents c
             CROSS JOIN documents o INDEXED BY documents_state ON o.state IN ('waiting', 'parked', 'held')
             CROSS JOIN deliveries d ON d.destination = ?1 AND d.seq = o.seq
             WHERE c.seq = ?2 AND o.state <> 'delivered' AND d.state IN ('waiting', 'parked', 'held')
               AND o.kind IN ('sale', 'return', 'void', 'stock_move', 'pickup')
               AND o.occurred_at <= COALESCE(c.cutoff_at, c.occurred_at) LIMIT 1",
        )?
        .query_row(params![destination, seq], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// What of a till's day has not arrived, for a day close: number and key, in the order of storing. The close of an
/// earlier day is none of it: where that day's session could not be closed, it waits for this close. Nor is what waits for
/// a time of day: no day hangs on it.
pub(super) fn missing_of_day(
    connection: &Connection,
    destination: &str,
    seq: i64,
    bulk: Option<&Bulk>,
) -> Result<Vec<(i64, String)>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT o.seq, o.key, o.kind FROM documents c
         CROSS JOIN documents o INDEXED BY documents_state ON o.state IN ('waiting', 'parked', 'held')
         CROSS JOIN deliveries d ON d.destination = ?1 AND d.seq = o.seq
         WHERE c.seq = ?2 AND o.state <> 'delivered' AND d.state IN ('waiting', 'parked', 'held')
           AND o.seq < c.seq AND o.till = c.till AND o.business_date <= c.business_date
           AND NOT (o.kind = 'day_close' AND o.business_date < c.business_date)
         ORDER BY o.seq",
    )?;
    let mut rows = question.query(params![destination, seq])?;
    let mut missing = Vec::new();
    while let Some(row) = rows.next()? {
        if !waits_for_a_window(bulk, &row.get::<_, String>(2)?) {
            missing.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(missing)
}

/// A day's close waits for what is missing until the till's next day begins, or twelve hours.
fn close_due(
    connection: &Connection,
    candidate: &Candidate,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if close_waited(timestamp(candidate.since), now) {
        return Ok(true);
    }
    let next_day: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM documents INDEXED BY documents_day
                            WHERE business_date > ?3 AND till = ?1 AND state <> 'withdrawn')
                 OR EXISTS (SELECT 1 FROM documents
                            WHERE seq > ?2 AND till = ?1 AND kind = 'day_open' AND state <> 'withdrawn')",
        )?
        .query_row(
            params![candidate.till, candidate.seq, candidate.business_date],
            |row| row.get(0),
        )?;
    Ok(next_day)
}
