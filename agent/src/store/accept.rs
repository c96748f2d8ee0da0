//! Taking documents in: the one place that decides between new, duplicate and conflict.
//!
//! Same key and same content is a duplicate. Same key and other content is never merged: it is stored under a key of
//! its own (`<key>~2`) and held until a person looks.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tillpost_shared::document::{Document, Kind};
use tillpost_shared::intake::{Judged, Newer};
use tillpost_shared::key::{self, Numbering};
use tillpost_shared::problem::{Code, Level, Problem};
use uuid::Uuid;

use crate::outbox::State;
use crate::store::{StoreError, history, micros, millionths};

/// A judged document on its way into the outbox.
#[derive(Debug, Clone)]
pub struct Arrival {
    kind: Kind,
    store: String,
    till: String,
    series: String,
    sequence: Option<i64>,
    receipt_number: Option<String>,
    business_date: String,
    occurred_at: Timestamp,
    currency: Option<String>,
    total: Option<i64>,
    key: String,
    conflict_key: Option<String>,
    content_hash: [u8; 32],
    body: String,
    problems: Vec<Problem>,
    origins: Vec<Origin>,
}

/// A document (and line of it) that this one returns or voids.
#[derive(Debug, Clone)]
struct Origin {
    uid: Uuid,
    line: Option<i64>,
    quantity: i64,
}

impl Arrival {
    /// A document of this schema.
    pub fn of(judged: Judged, numbering: &Numbering) -> Self {
        let origins = origins(&judged, numbering);
        let Judged {
            document,
            key,
            conflict_key,
            content_hash,
            business_date,
            total,
            problems,
            ..
        } = judged;
        let head = &document.head;
        Self {
            kind: head.kind,
            store: head.store.to_string(),
            till: head.till().to_owned(),
            series: head.series().to_owned(),
            sequence: head.sequence.map(|number| number.0),
            receipt_number: head.receipt_number.as_ref().map(ToString::to_string),
            business_date: business_date.to_string(),
            occurred_at: head.occurred_at.at(),
            currency: head.currency.as_ref().map(ToString::to_string),
            total: total.map(millionths),
            key,
            conflict_key,
            content_hash,
            body: document.write().to_string(),
            problems,
            origins,
        }
    }

    /// A document of a later schema: kept whole and held.
    pub fn of_newer(newer: Newer) -> Self {
        let facts = newer.facts;
        Self {
            kind: facts.kind,
            store: facts.store.to_string(),
            till: facts.till.map(|till| till.to_string()).unwrap_or_default(),
            series: facts
                .series
                .map_or_else(|| "0".to_owned(), |series| series.to_string()),
            sequence: facts.sequence.map(|number| number.0),
            receipt_number: facts.receipt_number.map(|number| number.to_string()),
            business_date: newer.business_date.to_string(),
            occurred_at: facts.occurred_at.at(),
            currency: None,
            total: None,
            key: newer.key,
            conflict_key: newer.conflict_key,
            content_hash: newer.content_hash,
            body: newer.value.to_string(),
            problems: newer.problems,
            origins: Vec::new(),
        }
    }

    /// Its till's code; empty for kinds that name none.
    pub fn till(&self) -> &str {
        &self.till
    }

    /// Adds what only the agent can know, such as a till that was not added.
    pub fn add_problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn held(&self) -> bool {
        self.problems.iter().any(|p| p.level == Level::Held)
    }
}

fn origins(judged: &Judged, numbering: &Numbering) -> Vec<Origin> {
    let Document { head, body } = &judged.document;
    let find = |origin: &tillpost_shared::document::sale::Origin| {
        key::origin_key(origin, head, judged.business_date, numbering).map(|target| target.uid())
    };
    if let tillpost_shared::document::Body::Void(void) = body {
        let uid = find(&void.of);
        return uid
            .map(|uid| Origin {
                uid,
                line: None,
                quantity: 0,
            })
            .into_iter()
            .collect();
    }
    let lines = body.as_sale().map_or(&[][..], |sale| sale.lines.as_slice());
    let returned = lines.iter().filter_map(|line| {
        let origin = line.returned_from.as_ref()?;
        Some(Origin {
            uid: find(origin)?,
            line: origin.line.map(|line| line.0),
            quantity: millionths(-line.quantity.0),
        })
    });
    returned.collect()
}

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
    fn to(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |route| {
                route
                    .kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.contains(&kind))
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
    let key = match family
        .iter()
        .find(|known| known.owns_key && known.key == arrival.key)
    {
        None => arrival.key.clone(),
        Some(first) => {
            let message = format!(
                "another document with this key and other content is stored already, with the id {}",
                first.id
            );
            arrival
                .problems
                .insert(0, Problem::held(Code::KeyConflict, "", message));
            free_conflict_key(&arrival, &family)
        }
    };
    let id = Uuid::now_v7().to_string();
    let held = arrival.held();
    insert(connection, &arrival, &id, &key, routes, who, now)?;
    Ok(Accepted {
        id,
        uid: key::uid(&key),
        key,
        outcome: if held {
            Outcome::Held
        } else {
            Outcome::Accepted
        },
        problems: arrival.problems,
    })
}

/// A stored document that shares the natural key.
struct Known {
    id: String,
    key: String,
    owns_key: bool,
    content_hash: Vec<u8>,
    state: State,
}

fn family(connection: &Connection, base_key: &str) -> Result<Vec<Known>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT id, key, owns_key, content_hash, state FROM documents WHERE base_key = ?1 ORDER BY seq",
    )?;
    let rows = question.query_map([base_key], |row| {
        let state: String = row.get(4)?;
        Ok(Known {
            id: row.get(0)?,
            key: row.get(1)?,
            owns_key: row.get(2)?,
            content_hash: row.get(3)?,
            state: State::from_word(&state).unwrap_or(State::Held),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The conflict key it came with where that is free, else the next free one.
fn free_conflict_key(arrival: &Arrival, family: &[Known]) -> String {
    let taken = |key: &str| family.iter().any(|known| known.key == key);
    let came_with = arrival.conflict_key.clone().filter(|key| !taken(key));
    let next = || {
        (2..u32::MAX)
            .map(|n| key::conflict_key(&arrival.key, n))
            .find(|key| !taken(key))
    };
    came_with
        .or_else(next)
        .unwrap_or_else(|| arrival.key.clone())
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
    let problems = serde_json::to_string(&arrival.problems)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT INTO documents (id, key, base_key, uid, kind, store, till, series, sequence, receipt_number,
                 business_date, occurred_at, currency, total, body, content_hash, received_at, problems, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            id,
            key,
            arrival.key,
            key::uid(key).to_string(),
            arrival.kind.as_str(),
            arrival.store,
            arrival.till,
            arrival.series,
            arrival.sequence,
            arrival.receipt_number,
            arrival.business_date,
            micros(arrival.occurred_at),
            arrival.currency,
            arrival.total,
            arrival.body,
            arrival.content_hash,
            micros(now),
            problems,
            state.as_str(),
        ])?;
    let seq = connection.last_insert_rowid();
    for destination in routes.to(arrival.kind) {
        connection
            .prepare_cached(
                "INSERT INTO deliveries (destination, seq, state, since, due_at) VALUES (?1, ?2, ?3, ?4, 0)",
            )?
            .execute(params![destination, seq, state.as_str(), micros(now)])?;
    }
    for (position, origin) in arrival.origins.iter().enumerate() {
        connection
            .prepare_cached(
                "INSERT INTO origins (seq, position, uid, line, quantity) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                seq,
                position as i64,
                origin.uid.to_string(),
                origin.line,
                origin.quantity
            ])?;
    }
    history::add(
        connection,
        Some(seq),
        who,
        &format!("received, {}", state.as_str()),
        now,
    )
}
