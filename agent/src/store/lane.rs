//! A lane's dealings with the outbox: which documents go next, and what became of them.
//!
//! Per till oldest first; a parked or postponed document does not stop those behind it, except what depends on it: a
//! return or a void on its sale, a count on the sales before its cut-off, a day close on its day.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;
use tillpost_shared::document::{Document, Kind};
use tillpost_shared::shape::{Place, Unknown};
use uuid::Uuid;

use crate::destination::Delivery;
use crate::outbox::{Next, Standing, State};
use crate::store::{StoreError, history, micros, timestamp};

/// How many waiting documents are looked at for one batch.
const CANDIDATES_MAX: i64 = 1_000;
/// After how long a day is closed with what has arrived, when something of it is still missing.
const CLOSE_WAIT_HOURS: i64 = 12;

/// A batch, noted in the outbox before anything is sent.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Oldest first.
    pub deliveries: Vec<Delivery>,
    /// Standing of each, in the same order.
    pub standings: Vec<Standing>,
}

/// The documents that go next, at most `max`, and the note that they are being sent. After a crash or an outage the
/// same batch goes again, so that a destination that names it by its first document finds it.
pub fn claim(
    connection: &Connection,
    destination: &str,
    max: usize,
    now: Timestamp,
) -> Result<Batch, StoreError> {
    let mut chosen = unfinished(connection, destination)?;
    if chosen.is_empty() {
        chosen = next(connection, destination, max, now)?;
        let batch = chosen.first().copied();
        for seq in &chosen {
            connection
                .prepare_cached(
                    "UPDATE deliveries SET batch = ?3, sent = 1 WHERE destination = ?1 AND seq = ?2",
                )?
                .execute(params![destination, seq, batch])?;
        }
    }
    let mut batch = Batch {
        deliveries: Vec::with_capacity(chosen.len()),
        standings: Vec::with_capacity(chosen.len()),
    };
    for seq in chosen {
        let (delivery, standing) = load(connection, destination, seq)?;
        batch.deliveries.push(delivery);
        batch.standings.push(standing);
    }
    Ok(batch)
}

/// Whether something could be claimed now; asked beside the writer, so that an idle lane writes nothing.
pub fn any_due(
    connection: &Connection,
    destination: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(!unfinished(connection, destination)?.is_empty()
        || !next(connection, destination, 1, now)?.is_empty())
}

fn unfinished(connection: &Connection, destination: &str) -> Result<Vec<i64>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT seq FROM deliveries WHERE destination = ?1 AND batch IS NOT NULL ORDER BY seq",
    )?;
    let rows = question.query_map([destination], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What decides whether a document may go.
struct Candidate {
    seq: i64,
    kind: Kind,
    till: String,
    business_date: String,
    received_at: i64,
}

fn next(
    connection: &Connection,
    destination: &str,
    max: usize,
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT d.seq, o.kind, o.till, o.business_date, o.received_at
         FROM deliveries d JOIN documents o USING (seq)
         WHERE d.destination = ?1 AND d.state = 'waiting' AND d.due_at <= ?2
         ORDER BY d.seq LIMIT ?3",
    )?;
    let rows = question.query_map(params![destination, micros(now), CANDIDATES_MAX], |row| {
        let kind: String = row.get(1)?;
        Ok(Candidate {
            seq: row.get(0)?,
            kind: Kind::from_word(&kind).unwrap_or(Kind::TillActivity),
            till: row.get(2)?,
            business_date: row.get(3)?,
            received_at: row.get(4)?,
        })
    })?;
    let mut chosen = Vec::new();
    for candidate in rows {
        let candidate = candidate?;
        if chosen.len() == max {
            break;
        }
        if !must_wait(connection, destination, &candidate, now)? {
            chosen.push(candidate.seq);
        }
    }
    Ok(chosen)
}

fn must_wait(
    connection: &Connection,
    destination: &str,
    candidate: &Candidate,
    now: Timestamp,
) -> Result<bool, StoreError> {
    match candidate.kind {
        Kind::Return | Kind::Void | Kind::Sale => {
            original_missing(connection, destination, candidate)
        }
        Kind::DayClose => Ok(!close_due(connection, candidate, now)?
            && !missing_of_day(connection, destination, candidate.seq)?.is_empty()),
        Kind::StockCount => sales_before_missing(connection, destination, candidate),
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
    candidate: &Candidate,
) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM origins g
             JOIN documents o ON o.uid = g.uid AND o.owns_key = 1
             JOIN deliveries d ON d.seq = o.seq AND d.destination = ?1
             WHERE g.seq = ?2 AND o.state <> 'delivered' AND d.state IN ('waiting', 'parked', 'held') LIMIT 1",
        )?
        .query_row(params![destination, candidate.seq], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Goods that left before the count and have not arrived there would be counted twice.
fn sales_before_missing(
    connection: &Connection,
    destination: &str,
    candidate: &Candidate,
) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM documents c, documents o
             JOIN deliveries d ON d.seq = o.seq AND d.destination = ?1
             WHERE c.seq = ?2 AND o.state <> 'delivered' AND d.state IN ('waiting', 'parked', 'held')
               AND o.kind IN ('sale', 'return', 'void', 'stock_move', 'pickup')
               AND o.occurred_at <= c.occurred_at LIMIT 1",
        )?
        .query_row(params![destination, candidate.seq], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// The keys of a till's day that have not arrived, for a day close.
pub fn missing_of_day(
    connection: &Connection,
    destination: &str,
    seq: i64,
) -> Result<Vec<String>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT o.key FROM documents c
         JOIN documents o ON o.till = c.till AND o.business_date <= c.business_date AND o.seq < c.seq
         JOIN deliveries d ON d.seq = o.seq AND d.destination = ?1
         WHERE c.seq = ?2 AND o.state <> 'delivered' AND d.state IN ('waiting', 'parked', 'held')
         ORDER BY o.seq",
    )?;
    let rows = question.query_map(params![destination, seq], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A day's close waits for what is missing until the till's next day begins, or twelve hours.
fn close_due(
    connection: &Connection,
    candidate: &Candidate,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let waited = now.duration_since(timestamp(candidate.received_at));
    if waited.as_hours() >= CLOSE_WAIT_HOURS {
        return Ok(true);
    }
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM documents WHERE till = ?1 AND seq > ?2
               AND (kind = 'day_open' OR business_date > ?3) LIMIT 1",
        )?
        .query_row(
            params![candidate.till, candidate.seq, candidate.business_date],
            |_| Ok(()),
        )
        .optional()?;
    Ok(found.is_some())
}

fn load(
    connection: &Connection,
    destination: &str,
    seq: i64,
) -> Result<(Delivery, Standing), StoreError> {
    let (id, key, uid, date, received_at, body, attempts, since): (
        String, String, String, String, i64, Option<String>, u32, i64,
    ) = connection
        .prepare_cached(
            "SELECT o.id, o.key, o.uid, o.business_date, o.received_at, o.body, d.attempts, d.since
             FROM documents o JOIN deliveries d USING (seq) WHERE d.destination = ?1 AND o.seq = ?2",
        )?
        .query_row(params![destination, seq], |row| {
            Ok((
                row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?,
                row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?,
            ))
        })?;
    let damaged = |what: &str| StoreError::Damaged(format!("{what} of document {key}"));
    let document =
        read_body(body.as_deref().unwrap_or_default()).ok_or_else(|| damaged("the body"))?;
    let missing = match document.head.kind {
        Kind::DayClose => missing_of_day(connection, destination, seq)?,
        _ => Vec::new(),
    };
    let delivery = Delivery {
        seq,
        id: Uuid::parse_str(&id).map_err(|_| damaged("the id"))?,
        uid: Uuid::parse_str(&uid).map_err(|_| damaged("the uid"))?,
        business_date: date
            .parse::<Date>()
            .map_err(|_| damaged("the business date"))?,
        received_at: timestamp(received_at),
        attempts,
        missing,
        document: Arc::new(document),
        key,
    };
    Ok((
        delivery,
        Standing {
            attempts,
            since: timestamp(since),
        },
    ))
}

/// A stored body, read again. It was read strictly on its way in.
pub fn read_body(body: &str) -> Option<Document> {
    let value = serde_json::from_str(body).ok()?;
    Document::read(value, &mut Place::new(Unknown::Ignored))
}

/// Notes what became of a batch, all in one commit.
pub fn settle(
    connection: &Connection,
    destination: &str,
    outcomes: &[(i64, Next)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (seq, next) in outcomes {
        let answer = next.answer.as_ref().map(serde_json::to_string);
        let answer = answer
            .transpose()
            .map_err(|e| StoreError::Damaged(e.to_string()))?;
        let before: Option<String> = connection
            .prepare_cached("SELECT answer FROM deliveries WHERE destination = ?1 AND seq = ?2")?
            .query_row(params![destination, seq], |row| row.get(0))
            .optional()?
            .flatten();
        connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?3, attempts = ?4, due_at = ?5, batch = NULL, sent = ?6,
                     reference = COALESCE(?7, reference), answer = ?8, delivered_at = ?9
                 WHERE destination = ?1 AND seq = ?2",
            )?
            .execute(params![
                destination,
                seq,
                next.state.as_str(),
                next.attempts,
                next.due_at.map_or(0, micros),
                next.sent,
                next.reference,
                answer,
                (next.state == State::Delivered).then(|| micros(now)),
            ])?;
        refresh_state(connection, *seq)?;
        // A document that is postponed again and again for the same reason has one row, not one an attempt.
        if next.state != State::Waiting || answer != before {
            let what = match &next.answer {
                Some(answer) => format!("{}: {}", next.state.as_str(), answer.message),
                None => next.state.as_str().to_owned(),
            };
            history::add(connection, Some(*seq), destination, &what, now)?;
        }
    }
    Ok(())
}

/// Lets go of a batch that was not answered, so that the next one may be another (a smaller one, say).
pub fn let_go(connection: &Connection, destination: &str) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE deliveries SET batch = NULL WHERE destination = ?1 AND batch IS NOT NULL",
        [destination],
    )?;
    Ok(())
}

/// Makes what waits for `cause_code` due at once: after a catalog refresh, say.
pub fn wake(connection: &Connection, cause_code: &str) -> Result<usize, StoreError> {
    Ok(connection.execute(
        "UPDATE deliveries SET due_at = 0
         WHERE state = 'waiting' AND due_at > 0 AND answer ->> 'code' = ?1",
        [cause_code],
    )?)
}

/// Whether a due time lies further ahead than makes sense.
pub fn any_due_beyond(connection: &Connection, latest: Timestamp) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'waiting' AND due_at > 0 AND due_at > ?1)")?
        .query_row([micros(latest)], |row| row.get(0))?)
}

/// No due time lies further ahead than this: a clock that jumped back must not freeze a lane.
pub fn cap_due(connection: &Connection, latest: Timestamp) -> Result<usize, StoreError> {
    Ok(connection.execute(
        "UPDATE deliveries SET due_at = ?1 WHERE state = 'waiting' AND due_at > ?1",
        [micros(latest)],
    )?)
}

/// A document's state is the worst of its deliveries.
pub(super) fn refresh_state(connection: &Connection, seq: i64) -> Result<State, StoreError> {
    let mut question = connection.prepare_cached("SELECT state FROM deliveries WHERE seq = ?1")?;
    let words = question.query_map([seq], |row| row.get::<_, String>(0))?;
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    let state = State::worst(words.iter().filter_map(|word| State::from_word(word)));
    connection
        .prepare_cached("UPDATE documents SET state = ?2 WHERE seq = ?1 AND state <> ?2")?
        .execute(params![seq, state.as_str()])?;
    Ok(state)
}
