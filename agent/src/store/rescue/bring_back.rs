//! Gathered documents back into the outbox in use, oldest first, a few in each commit, while tills go on.
//!
//! A document comes back with its number, its deliveries and its history. Where a till has sent the same one again in
//! the meantime, both are one: the till was told the newer one's id, so that one stays and learns what became of the
//! older. Where the key came back with other content, it is the conflict it would have been: the one that head office
//! may have seen keeps the key, else the older; the other is held.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};
use tillpost_shared::key;
use tillpost_shared::problem::{Code, Problem};

use super::fill::OLD_HISTORY;
use super::gathered::{Piece, Recovered, Row, open, rows};
use super::{PENDING, Rescued, SETTING, anew, pending};
use crate::outbox::State;
use crate::store::{StoreError, accept, history, lane, tills, timestamp};

/// In the history of what comes back.
const WHO: &str = "tillpost";

/// A document of the outbox in use that has the same uid.
struct There {
    seq: i64,
    id: String,
    key: String,
    natural: String,
    /// Whether a destination may have seen it.
    seen: bool,
}

/// Brings a piece back, inside the writer's transaction, and notes how far it came; answers that.
pub fn bring(writer: &Connection, piece: Piece, now: Timestamp) -> Result<i64, StoreError> {
    for one in piece.documents {
        bring_one(writer, one, now)?;
    }
    let mut all = pending(writer)?;
    if let Some(first) = all.first_mut() {
        first.after = piece.after;
    }
    tills::set_setting(writer, PENDING, &anew::text(&all)?)?;
    Ok(piece.after)
}

/// Everything has come back: tills and settings that were only found now are added, and it is told.
pub fn finish(
    writer: &Connection,
    gathered: &Path,
    rescued: &Rescued,
    now: Timestamp,
) -> Result<(), StoreError> {
    let from = open(gathered)?;
    for table in ["tills", "tokens", "owners"] {
        for row in rows(&from, &format!("SELECT * FROM {table}"), [])? {
            row.insert(writer, "INSERT OR IGNORE", table)?;
        }
    }
    let wanted = format!("SELECT * FROM {OLD_HISTORY} WHERE seq IS NULL ORDER BY n");
    for row in rows(&from, &wanted, [])? {
        bring_history(writer, None, &row)?;
    }
    let what = format!(
        "outbox recovered: {}; {} documents, their history linked anew",
        rescued.why, rescued.documents
    );
    history::add(writer, None, WHO, &what, now)?;
    let done = Rescued {
        coming_back: false,
        ..rescued.clone()
    };
    tills::set_setting(writer, SETTING, &anew::text(&done)?)?;
    let all: Vec<Rescued> = pending(writer)?.into_iter().skip(1).collect();
    tills::set_setting(writer, PENDING, &anew::text(&all)?)
}

fn bring_one(writer: &Connection, one: Recovered, now: Timestamp) -> Result<(), StoreError> {
    if let Some(there) = same(writer, &one)? {
        return adopt(writer, &one, &there, now);
    }
    match other(writer, &one)? {
        None => insert(writer, one),
        Some(there) => conflict(writer, one, &there, now),
    }
}

/// The document of the outbox in use with the same uid and the same content; or itself, where a piece comes twice.
fn same(writer: &Connection, one: &Recovered) -> Result<Option<There>, StoreError> {
    there(writer, one, "content_hash = ?2 AND (uid = ?1 OR id = ?3)")
}

/// The one that has the key with other content.
fn other(writer: &Connection, one: &Recovered) -> Result<Option<There>, StoreError> {
    match one.document.integer("freed") {
        Some(0) => there(
            writer,
            one,
            "uid = ?1 AND content_hash <> ?2 AND freed = 0 AND ?3 IS NOT NULL",
        ),
        // What gave its key up is in nobody's way.
        Some(_) | None => Ok(None),
    }
}

fn there(writer: &Connection, one: &Recovered, which: &str) -> Result<Option<There>, StoreError> {
    let question = format!(
        "SELECT seq, id, key, COALESCE(conflict_of, key), EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = o.seq
             AND (d.sent = 1 OR d.batch IS NOT NULL OR d.state IN ('delivered', 'parked')))
         FROM documents o WHERE {which}"
    );
    let of = params![
        one.document.value("uid"),
        one.document.value("content_hash"),
        one.document.value("id")
    ];
    Ok(writer
        .prepare_cached(&question)?
        .query_row(of, |row| {
            Ok(There {
                seq: row.get(0)?,
                id: row.get(1)?,
                key: row.get(2)?,
                natural: row.get(3)?,
                seen: row.get(4)?,
            })
        })
        .optional()?)
}

fn insert(writer: &Connection, mut one: Recovered) -> Result<(), StoreError> {
    let taken: bool = writer
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE seq = ?1)")?
        .query_row([one.seq], |row| row.get(0))?;
    if taken {
        // Only where what counts the numbers could not be read: it comes back behind the others.
        one.document.set("seq", Value::Null);
    }
    one.document.insert(writer, "INSERT", "documents")?;
    let seq = if taken {
        writer.last_insert_rowid()
    } else {
        one.seq
    };
    for (table, rows) in [
        ("deliveries", &mut one.deliveries),
        ("origins", &mut one.origins),
        ("senders", &mut one.senders),
    ] {
        for row in rows {
            row.set("seq", Value::Integer(seq));
            row.insert(writer, "INSERT OR IGNORE", table)?;
        }
    }
    // What was under way when the outbox was set aside, may have arrived.
    writer
        .prepare_cached("UPDATE deliveries SET sent = 1 WHERE seq = ?1 AND batch IS NOT NULL")?
        .execute([seq])?;
    one.history
        .iter()
        .try_for_each(|row| bring_history(writer, Some(seq), row))
}

/// The newer one learns what became of the older.
fn adopt(
    writer: &Connection,
    one: &Recovered,
    there: &There,
    now: Timestamp,
) -> Result<(), StoreError> {
    let itself = there.id == one.document.text("id");
    if !itself {
        for row in &one.history {
            bring_history(writer, Some(there.seq), row)?;
        }
    }
    for delivery in &one.deliveries {
        let state = delivery.text("state");
        let is_final = matches!(
            State::from_word(&state),
            Some(State::Delivered | State::Withdrawn)
        );
        writer
            .prepare_cached(
                "UPDATE deliveries SET sent = MAX(sent, ?3) WHERE seq = ?1 AND destination = ?2",
            )?
            .execute(params![
                there.seq,
                delivery.value("destination"),
                delivery.value("sent")
            ])?;
        if is_final {
            writer
                .prepare_cached(
                    "UPDATE deliveries SET state = ?3, reference = ?4, delivered_at = ?5
                     WHERE seq = ?1 AND destination = ?2 AND batch IS NULL AND state NOT IN ('delivered', 'withdrawn')",
                )?
                .execute(params![
                    there.seq,
                    delivery.value("destination"),
                    state,
                    delivery.value("reference"),
                    delivery.value("delivered_at")
                ])?;
        }
    }
    if itself || one.deliveries.is_empty() {
        return Ok(());
    }
    let state = lane::refresh_state(writer, there.seq)?;
    if state == State::Withdrawn && one.document.integer("freed") != Some(0) {
        writer
            .prepare_cached("UPDATE documents SET freed = seq WHERE seq = ?1")?
            .execute([there.seq])?;
    }
    let what = format!(
        "sent again while the outbox was recovered, {}",
        state.as_str()
    );
    history::add(writer, Some(there.seq), WHO, &what, now)
}

/// One key and two contents: one of the two gives way.
fn conflict(
    writer: &Connection,
    mut one: Recovered,
    there: &There,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !there.seen {
        let id = one.document.text("id");
        let key = accept::free_conflict_key(writer, &there.natural)?;
        let problems: String = writer
            .prepare_cached("SELECT problems FROM documents WHERE seq = ?1")?
            .query_row([there.seq], |row| row.get(0))?;
        writer.execute(
            "UPDATE documents SET key = ?2, conflict_of = ?3, uid = ?4, problems = ?5, state = 'held' WHERE seq = ?1",
            params![
                there.seq,
                key,
                there.natural,
                key::uid(&key).to_string(),
                with_conflict(&problems, &id)?
            ],
        )?;
        writer.execute(
            "UPDATE deliveries SET state = 'held' WHERE seq = ?1 AND state = 'waiting'",
            [there.seq],
        )?;
        let what = format!(
            "held: its key {} is that of a recovered document",
            there.key
        );
        history::add(writer, Some(there.seq), WHO, &what, now)?;
        return insert(writer, one);
    }
    let state = State::from_word(&one.document.text("state"));
    if matches!(state, Some(State::Delivered | State::Withdrawn)) {
        // Head office has both under one uid, and has said so of the second; here the newer one has the key.
        one.document.set("freed", Value::Integer(one.seq));
        return insert(writer, one);
    }
    let natural = match one.document.text("conflict_of") {
        none if none.is_empty() => one.document.text("key"),
        natural => natural,
    };
    let key = accept::free_conflict_key(writer, &natural)?;
    let problems = with_conflict(&one.document.text("problems"), &there.id)?;
    one.document
        .set("uid", Value::Text(key::uid(&key).to_string()));
    one.document.set("key", Value::Text(key));
    one.document.set("conflict_of", Value::Text(natural));
    one.document.set("problems", Value::Text(problems));
    one.document
        .set("state", Value::Text(State::Held.as_str().to_owned()));
    for delivery in &mut one.deliveries {
        delivery.set("state", Value::Text(State::Held.as_str().to_owned()));
        delivery.set("batch", Value::Null);
    }
    one.note(WHO, "held: its key has been used again since");
    insert(writer, one)
}

/// The problems of a document with the conflict before them.
fn with_conflict(problems: &str, other_id: &str) -> Result<String, StoreError> {
    let mut all: Vec<Problem> = serde_json::from_str(problems).unwrap_or_default();
    let message = format!(
        "another document with this key and other content is stored already, with the id {other_id}"
    );
    all.insert(0, Problem::held(Code::KeyConflict, "", message));
    anew::text(&all)
}

fn bring_history(writer: &Connection, seq: Option<i64>, row: &Row) -> Result<(), StoreError> {
    let at = timestamp(row.integer("at").unwrap_or(0));
    history::add(writer, seq, &row.text("who"), &row.text("what"), at)
}
