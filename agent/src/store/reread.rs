//! Documents of a later schema, read again after an update: at each start, with the reader the program has now.
//!
//! What reads now becomes what it would have been on its way in: waiting, or held for its other problems. Its key stays
//! the one it was stored under. What still cannot be read stays held, and nothing of it changes.

use rusqlite::{Connection, params};
use tillpost_shared::intake::{self, Judged, Reading, Terms};
use tillpost_shared::problem::{Code, Problem};

use jiff::Timestamp;

use crate::outbox::State;
use crate::store::arrival::Arrival;
use crate::store::{StoreError, accept, history, lane, micros, person, timestamp};

/// Documents that are read in one commit.
const READ_MAX: i64 = 100;
/// Who did it, in the history.
const WHO: &str = "tillpost";

/// A document that is held because its schema was newer.
struct Held {
    seq: i64,
    received_at: Timestamp,
    problems: Vec<Problem>,
    body: String,
}

/// What one commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reread {
    /// Documents that read now.
    pub read: usize,
    /// Where the next commit goes on; `None` when all were looked at.
    pub next: Option<i64>,
}

/// Reads the next documents after `after` again, inside the writer's transaction.
///
/// # Errors
/// When the store fails.
pub fn reread(
    connection: &Connection,
    after: i64,
    terms: &Terms,
    now: Timestamp,
) -> Result<Reread, StoreError> {
    let held = held(connection, after)?;
    let whole = held.len() < usize::try_from(READ_MAX).unwrap_or(usize::MAX);
    let next = held.last().map(|last| last.seq).filter(|_| !whole);
    let mut read = 0;
    // A problem's words may speak of it too; its code decides.
    let is_newer = |held: &Held| held.problems.iter().any(|p| p.code == Code::SchemaNewer);
    for document in held.into_iter().filter(is_newer) {
        let terms = Terms {
            received_at: document.received_at,
            ..terms.clone()
        };
        let Ok(value) = serde_json::from_str(&document.body) else {
            continue;
        };
        if let Reading::Read(judged) = intake::read(value, &terms) {
            replace(connection, document, *judged, &terms, now)?;
            read += 1;
        }
    }
    Ok(Reread { read, next })
}

fn held(connection: &Connection, after: i64) -> Result<Vec<Held>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT seq, received_at, problems, body FROM documents
         WHERE state = 'held' AND state <> 'delivered' AND seq > ?1 AND body IS NOT NULL
           AND instr(problems, 'schema_newer') > 0
         ORDER BY seq LIMIT ?2",
    )?;
    let rows = question.query_map(params![after, READ_MAX], |row| {
        let problems: String = row.get(2)?;
        Ok(Held {
            seq: row.get(0)?,
            received_at: timestamp(row.get(1)?),
            problems: serde_json::from_str(&problems).unwrap_or_default(),
            body: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts what the reader finds now in the place of what was kept.
fn replace(
    connection: &Connection,
    held: Held,
    mut judged: Judged,
    terms: &Terms,
    now: Timestamp,
) -> Result<(), StoreError> {
    let seq = held.seq;
    judged.problems = problems(held.problems, judged.problems);
    let mut arrival = Arrival::of(judged, &terms.numbering);
    let doubled = doubled(connection, seq, &arrival.content_hash)?;
    for problem in [doubled, arrival.reversed_before(connection, Some(seq))?]
        .into_iter()
        .flatten()
    {
        arrival.problems.insert(0, problem);
    }
    let problems = serde_json::to_string(&arrival.problems)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    connection
        .prepare_cached(
            "UPDATE documents SET receipt_number = ?2, sequence = ?3, series = ?4, occurred_at = ?5, currency = ?6,
                 total = ?7, cutoff_at = ?8, content_hash = ?9, problems = ?10, body = ?11 WHERE seq = ?1",
        )?
        .execute(params![
            seq,
            arrival.receipt_number,
            arrival.sequence,
            arrival.series,
            micros(arrival.occurred_at),
            arrival.currency,
            arrival.total,
            arrival.cutoff_at.map(micros),
            arrival.content_hash,
            problems,
            arrival.body,
        ])?;
    for (position, origin) in arrival.origins.iter().enumerate() {
        origin.insert(connection, seq, position)?;
    }
    let state = if arrival.held() {
        "held"
    } else {
        person::release(connection, seq, now)?;
        lane::refresh_state(connection, seq)?.as_str()
    };
    let what = format!("read again after an update, {state}");
    history::add(connection, Some(seq), WHO, &what, now)
}

/// What is found now, and of what was found then whatever this reading cannot see: the till, the key, what was taken out.
/// The worst first.
fn problems(then: Vec<Problem>, now: Vec<Problem>) -> Vec<Problem> {
    let mut all = now;
    for problem in then {
        let seen = all
            .iter()
            .any(|other| (other.code, &other.path) == (problem.code, &problem.path));
        if problem.code != Code::SchemaNewer && !seen {
            all.push(problem);
        }
    }
    all.sort_by_key(|problem| std::cmp::Reverse(problem.level));
    all
}

/// The same document may have been sent a second time in an older schema, and a person may have released that one: then
/// this one must not go as well.
fn doubled(
    connection: &Connection,
    seq: i64,
    content_hash: &[u8; 32],
) -> Result<Option<Problem>, StoreError> {
    let (own, natural): (String, String) = connection
        .prepare_cached("SELECT id, COALESCE(conflict_of, key) FROM documents WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let family = accept::family(connection, &natural)?;
    let same = family.into_iter().find(|known| {
        known.id != own && known.state != State::Withdrawn && known.content_hash == content_hash
    });
    Ok(same.map(|known| {
        let id = known.id;
        let message = format!("the same document is stored already, with the id {id}");
        Problem::held(Code::KeyConflict, "", message)
    }))
}
