//! What a person may do with a document: retry, release, withdraw. Each is one commit and a row in the history.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tillpost_shared::document::Kind;
use tillpost_shared::problem::{Code, Problem};

use crate::outbox::State;
use crate::store::{AT_ONCE, StoreError, history, lane, micros};

/// A person's action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Try a parked or waiting document again, now; also what waits for a time of day.
    Retry,
    /// Deliver a held document as it is.
    Release,
    /// Never deliver it; why. Refused while a request that holds it may be running.
    Withdraw(String),
}

/// What became of a person's action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was done.
    Done,
    /// There is no such document.
    NotFound,
    /// The document is in a state in which this cannot be done.
    WrongState(State),
    /// One of the store's own rules held it, so the history must say why it was released.
    ReasonNeeded,
}

/// Does it, inside the writer's transaction; `why` stands in the history behind what was done.
pub fn act(
    connection: &Connection,
    id: &str,
    action: &Action,
    who: &str,
    why: Option<&str>,
    now: Timestamp,
) -> Result<Done, StoreError> {
    let found: Option<(i64, String, String)> = connection
        .query_row(
            "SELECT seq, state, kind FROM documents WHERE id = ?1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((seq, word, kind)) = found else {
        return Ok(Done::NotFound);
    };
    let state = State::from_word(&word).unwrap_or(State::Held);
    let what = match (action, state) {
        (Action::Retry, State::Waiting) if !can_wait(&kind) && !was_tried(connection, seq)? => {
            return Ok(Done::WrongState(state));
        }
        (Action::Retry, State::Parked | State::Waiting) => {
            retry(connection, seq, now)?;
            "retried".to_owned()
        }
        (Action::Release, State::Held) => {
            if why.is_none() && held_for_approval(connection, seq)? {
                return Ok(Done::ReasonNeeded);
            }
            release(connection, seq, now)?;
            "released".to_owned()
        }
        (Action::Withdraw(reason), State::Held | State::Parked | State::Waiting)
            if !under_way(connection, seq)? =>
        {
            withdraw(connection, seq)?;
            format!("withdrawn: {reason}")
        }
        (Action::Withdraw(_), State::Parked) => return Ok(Done::WrongState(State::Waiting)),
        (Action::Retry | Action::Release | Action::Withdraw(_), state) => {
            return Ok(Done::WrongState(state));
        }
    };
    let what = why.map_or(what.clone(), |why| format!("{what}: {why}"));
    history::add(connection, Some(seq), who, &what, now)?;
    Ok(Done::Done)
}

/// Whether it may be that it waits for a time of day, so that it stays where nobody has tried it.
fn can_wait(kind: &str) -> bool {
    Kind::from_word(kind).is_some_and(Kind::can_wait)
}

/// Whether there is anything to try again: an answer, or a time at which it is tried again. What has only just come is
/// on its way.
fn was_tried(connection: &Connection, seq: i64) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE seq = ?1 AND state = 'waiting'
                        AND (answer IS NOT NULL OR due_at > 0))",
        [seq],
        |row| row.get(0),
    )?)
}

fn retry(connection: &Connection, seq: i64, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE deliveries SET state = 'waiting', due_at = ?3, since = ?2
         WHERE seq = ?1 AND state IN ('parked', 'waiting')",
        params![seq, micros(now), AT_ONCE],
    )?;
    lane::refresh_state(connection, seq).map(drop)
}

/// Whether one of the store's own rules held it (`[[approval]]`).
fn held_for_approval(connection: &Connection, seq: i64) -> Result<bool, StoreError> {
    let text: String = connection.query_row(
        "SELECT problems FROM documents WHERE seq = ?1",
        [seq],
        |row| row.get(0),
    )?;
    let problems: Vec<Problem> = serde_json::from_str(&text).unwrap_or_default();
    let asks = |problem: &Problem| problem.code == Code::ApprovalNeeded;
    Ok(problems.iter().any(asks))
}

/// Lets a held document go.
pub(super) fn release(connection: &Connection, seq: i64, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE deliveries SET state = 'waiting', due_at = 0, since = ?2 WHERE seq = ?1 AND state = 'held'",
        params![seq, micros(now)],
    )?;
    // With no destination there is no delivery to be released: the document is then delivered.
    connection.execute(
        "UPDATE documents SET state = 'delivered' WHERE seq = ?1",
        [seq],
    )?;
    lane::refresh_state(connection, seq).map(drop)
}

/// Whether a request that holds the document may be running, or may have been answered without our hearing it: then
/// nobody knows what it leaves behind, and the destination must be asked first.
fn under_way(connection: &Connection, seq: i64) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE seq = ?1 AND state = 'waiting'
                        AND (batch IS NOT NULL OR sent = 1))",
        [seq],
        |row| row.get(0),
    )?)
}

fn withdraw(connection: &Connection, seq: i64) -> Result<(), StoreError> {
    let sent: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE seq = ?1 AND (sent = 1 OR state = 'delivered'))",
        [seq],
        |row| row.get(0),
    )?;
    connection.execute(
        "UPDATE deliveries SET state = 'withdrawn' WHERE seq = ?1 AND state <> 'delivered'",
        [seq],
    )?;
    // Its corrected version may take the key only when nobody out there has seen this one under it.
    connection.execute(
        "UPDATE documents SET state = 'withdrawn', freed = CASE WHEN ?2 THEN 0 ELSE seq END WHERE seq = ?1",
        params![seq, sent],
    )?;
    Ok(())
}
