//! Taking documents in: the one place that decides between new, duplicate and conflict.
//!
//! Same key and same content is a duplicate. Same key and other content is never merged: it is stored under a key of
//! its own (`<key>~2`) and held until a person looks.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tillpost_shared::document::Kind;
use tillpost_shared::key;
use tillpost_shared::problem::{Code, Problem};
use uuid::Uuid;

use crate::outbox::State;
pub use crate::store::arrival::Arrival;
use crate::store::{StoreError, history, micros};

/// Where documents of which kinds go, at the moment they are received.
#[derive(Debug, Clone, Default)]
pub struct Routes(pub Vec<Route>);

/// One destination and the kinds it takes.
#[derive(Debug, Clone)]
pub struct Route {
    /// The destination's name.
    pub destination: String,
    /// The kinds it takes; all when `None`.
    pub kinds: Option<Vec<Kind>>,
}

impl Routes {
    /// What only a later schema knows goes where everything goes.
    fn to(&self, kind: Option<Kind>) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |route| {
                route
                    .kinds
                    .as_ref()
                    .is_none_or(|kinds| kind.is_some_and(|kind| kinds.contains(&kind)))
            })
            .map(|route| route.destination.as_str())
    }
}

/// What became of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The agent's id of the stored document; the first one's for a duplicate.
    pub id: String,
    /// The key under which it is stored.
    pub key: String,
    /// The key's uid.
    pub uid: Uuid,
    /// What became of it.
    pub outcome: Outcome,
    /// What was found.
    pub problems: Vec<Problem>,
}

/// New, known, or held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stored; will be delivered.
    Accepted,
    /// Stored already.
    Duplicate(State),
    /// Stored; not delivered until a person releases it.
    Held,
}

/// Takes documents in, in order, inside the writer's transaction.
pub fn accept(
    connection: &Connection,
    arrivals: Vec<Arrival>,
    routes: &Routes,
    who: &str,
    now: Timestamp,
) -> Result<Vec<Accepted>, StoreError> {
    arrivals
        .into_iter()
        .map(|arrival| accept_one(connection, arrival, routes, who, now))
        .collect()
}

fn accept_one(
    connection: &Connection,
    mut arrival: Arrival,
    routes: &Routes,
    who: &str,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    let family = family(connection, &arrival.key)?;
    if let Some(same) = family
        .iter()
        .find(|known| known.content_hash == arrival.content_hash)
    {
        return Ok(Accepted {
            id: same.id.clone(),
            key: same.key.clone(),
            uid: key::uid(&same.key),
            outcome: Outcome::Duplicate(same.state),
            problems: Vec::new(),
        });
    }
    let key = own_key(connection, &mut arrival, &family)?;
    if let Some(problem) = arrival.reversed_before(connection, None)? {
        arrival.problems.insert(0, problem);
    }
    let id = Uuid::now_v7().to_string();
    insert(connection, &arrival, &id, &key, routes, who, now)?;
    Ok(Accepted {
        id,
        uid: key::uid(&key),
        key,
        outcome: if arrival.held() {
            Outcome::Held
        } else {
            Outcome::Accepted
        },
        problems: arrival.problems,
    })
}

/// A key's uid as it stands in the outbox: the index of keys.
fn uid_text(key: &str) -> String {
    key::uid(key).to_string()
}

/// A stored document that shares the natural key.
pub(super) struct Known {
    pub(super) id: String,
    key: String,
    pub(super) content_hash: Vec<u8>,
    pub(super) state: State,
    /// Whether the key is still its own.
    owner: bool,
}

/// The documents that share a natural key, each under a key of its own.
pub(super) fn family(connection: &Connection, key: &str) -> Result<Vec<Known>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT id, key, content_hash, state, freed FROM documents WHERE uid = ?1
         UNION ALL SELECT id, key, content_hash, state, freed FROM documents WHERE conflict_of = ?2",
    )?;
    let rows = question.query_map([&uid_text(key), key], |row| {
        let state: String = row.get(3)?;
        Ok(Known {
            id: row.get(0)?,
            key: row.get(1)?,
            content_hash: row.get(2)?,
            state: State::from_word(&state).unwrap_or(State::Held),
            owner: row.get::<_, i64>(4)? == 0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The key under which an arrival is stored: the one it came with where nobody has it, else one of its own, with the
/// conflict noted among its problems. A natural key is conflicted also by whatever else stands under it: a till may
/// print a number that looks like a conflict key.
fn own_key(
    connection: &Connection,
    arrival: &mut Arrival,
    family: &[Known],
) -> Result<String, StoreError> {
    let natural = arrival.key.clone();
    let wanted = arrival.conflict_key.clone().unwrap_or(natural.clone());
    let owner_of = |key: &str| family.iter().find(|known| known.owner && known.key == key);
    let first = match owner_of(&natural) {
        Some(known) => Some(known.id.clone()),
        None if wanted == natural => None,
        None => owner(connection, &wanted)?,
    };
    let Some(first) = first else {
        return Ok(wanted);
    };
    let message = format!(
        "another document with this key and other content is stored already, with the id {first}"
    );
    arrival
        .problems
        .insert(0, Problem::held(Code::KeyConflict, "", message));
    if wanted != natural && !taken(connection, &wanted)? {
        return Ok(wanted);
    }
    free_conflict_key(connection, &natural)
}

/// The first of a natural key's conflict keys that no document has or had.
pub(super) fn free_conflict_key(
    connection: &Connection,
    natural: &str,
) -> Result<String, StoreError> {
    let mut n = key::CONFLICT_FIRST;
    loop {
        let next = key::conflict_key(natural, n);
        if !taken(connection, &next)? {
            return Ok(next);
        }
        n += 1;
    }
}

fn owner(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT id FROM documents WHERE uid = ?1 AND freed = 0")?
        .query_row([uid_text(key)], |row| row.get(0))
        .optional()?)
}

/// Whether any document has or had the key.
fn taken(connection: &Connection, key: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE uid = ?1)")?
        .query_row([uid_text(key)], |row| row.get(0))?)
}

fn insert(
    connection: &Connection,
    arrival: &Arrival,
    id: &str,
    key: &str,
    routes: &Routes,
    who: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let state = if arrival.held() {
        State::Held
    } else if routes.to(arrival.kind).next().is_none() {
        State::Delivered
    } else {
        State::Waiting
    };
    let seq = insert_document(connection, arrival, id, key, state, now)?;
    for destination in routes.to(arrival.kind) {
        connection
            .prepare_cached(
                "INSERT INTO deliveries (destination, seq, state, since, due_at) VALUES (?1, ?2, ?3, ?4, 0)",
            )?
            .execute(params![destination, seq, state.as_str(), micros(now)])?;
    }
    for (position, origin) in arrival.origins.iter().enumerate() {
        origin.insert(connection, seq, position)?;
    }
    let what = format!("received, {}", state.as_str());
    history::add(connection, Some(seq), who, &what, now)
}

fn insert_document(
    connection: &Connection,
    arrival: &Arrival,
    id: &str,
    key: &str,
    state: State,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let problems = serde_json::to_string(&arrival.problems)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT INTO documents (id, key, conflict_of, uid, kind, store, till, series, sequence, receipt_number,
                 business_date, occurred_at, currency, total, cutoff_at, content_hash, received_at, problems, state, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        )?
        .execute(params![
            id,
            key,
            (key != arrival.key).then_some(&arrival.key),
            uid_text(key),
            arrival.kind_word,
            arrival.store,
            arrival.till,
            arrival.series,
            arrival.sequence,
            arrival.receipt_number,
            arrival.business_date,
            micros(arrival.occurred_at),
            arrival.currency,
            arrival.total,
            arrival.cutoff_at.map(micros),
            arrival.content_hash,
            micros(now),
            problems,
            state.as_str(),
            arrival.body,
        ])?;
    Ok(connection.last_insert_rowid())
}
