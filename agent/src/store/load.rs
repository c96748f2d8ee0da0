//! A stored document, made ready to be sent. What cannot be read parks with a plain reason: it stops no lane.

use std::sync::Arc;

use jiff::civil::Date;
use rusqlite::{Connection, Row, params};
use serde_json::Value;
use tillpost_shared::document::{Body, Document, SCHEMA};
use tillpost_shared::key;
use tillpost_shared::shape::{Place, Unknown};
use uuid::Uuid;

use crate::outbox::window::Bulk;
use crate::outbox::{Answer, Delivery, OtherPart, Standing, State};
use crate::store::{StoreError, depends, timestamp};

/// A document as the lane needs it, or why it cannot be sent.
pub(super) fn load(
    connection: &Connection,
    destination: &str,
    seq: i64,
    bulk: Option<&Bulk>,
) -> Result<(Standing, Result<Delivery, Answer>), StoreError> {
    let (standing, last_code, row, sent_before) = connection
        .prepare_cached(
            "SELECT d.attempts, d.since, o.id, o.key, o.uid, o.business_date, d.since, o.kind, o.body,
                    d.answer ->> 'code', d.sent
             FROM deliveries d CROSS JOIN documents o ON o.seq = d.seq WHERE d.destination = ?1 AND d.seq = ?2",
        )?
        .query_row(params![destination, seq], |row| {
            let standing = Standing {
                attempts: row.get(0)?,
                since: timestamp(row.get(1)?),
            };
            Ok((
                standing,
                row.get::<_, Option<String>>(9)?,
                Stored::of(row)?,
                row.get(10)?,
            ))
        })?;
    let missing = match row.kind.as_str() {
        "day_close" => depends::missing_of_day(connection, destination, seq, bulk)?,
        _ => Vec::new(),
    };
    let missing = missing.into_iter().map(|(_, key)| key).collect();
    let mut delivery = row.delivery(seq, standing.attempts, missing);
    if let Ok(delivery) = &mut delivery {
        delivery.sent_before = sent_before;
        delivery.last_code = last_code;
        delivery.other_parts = other_parts(connection, seq, &delivery.document)?;
    }
    Ok((standing, delivery))
}

/// The other parts of the count that the document is a part of.
fn other_parts(
    connection: &Connection,
    seq: i64,
    document: &Document,
) -> Result<Vec<OtherPart>, StoreError> {
    let Body::StockCount(count) = &document.body else {
        return Ok(Vec::new());
    };
    let whole = key::count(&document.head.store, &count.count);
    let mut question = connection.prepare_cached(
        "SELECT state, body FROM documents WHERE state <> 'delivered' AND state IN ('waiting', 'held', 'parked')
             AND seq <> ?1
             AND kind = 'stock_count' AND (key = ?2 OR substr(key, 1, length(?2) + 1) = ?2 || '/') ORDER BY seq",
    )?;
    let rows = question.query_map(params![seq, whole], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    let mut parts = Vec::new();
    for row in rows {
        let (state, body) = row?;
        if let Some(document) = body.as_deref().and_then(read_body) {
            parts.push(OtherPart {
                waiting: State::from_word(&state) == Some(State::Waiting),
                document: Arc::new(document),
            });
        }
    }
    Ok(parts)
}

/// A document's row, as text.
struct Stored {
    id: String,
    key: String,
    uid: String,
    business_date: String,
    since: i64,
    kind: String,
    body: Option<String>,
}

impl Stored {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(2)?,
            key: row.get(3)?,
            uid: row.get(4)?,
            business_date: row.get(5)?,
            since: row.get(6)?,
            kind: row.get(7)?,
            body: row.get(8)?,
        })
    }

    fn delivery(self, seq: i64, attempts: u32, missing: Vec<String>) -> Result<Delivery, Answer> {
        let body = self.body.as_deref().unwrap_or_default();
        let value: Value = serde_json::from_str(body).map_err(|_| unreadable())?;
        if schema(&value).is_some_and(|schema| schema > SCHEMA) {
            return Err(newer());
        }
        Ok(Delivery {
            seq,
            id: Uuid::parse_str(&self.id).map_err(|_| unreadable())?,
            uid: Uuid::parse_str(&self.uid).map_err(|_| unreadable())?,
            business_date: self
                .business_date
                .parse::<Date>()
                .map_err(|_| unreadable())?,
            since: timestamp(self.since),
            attempts,
            sent_before: false,
            missing,
            last_code: None,
            other_parts: Vec::new(),
            document: Arc::new(read_value(value).ok_or_else(unreadable)?),
            key: self.key,
        })
    }
}

fn schema(document: &Value) -> Option<i64> {
    let schema = document.get("schema")?;
    schema.as_i64().or_else(|| schema.as_str()?.parse().ok())
}

fn newer() -> Answer {
    Answer::new(
        "schema_newer",
        "The document follows a later schema than this version of Tillpost reads.",
        "Update Tillpost, then retry the document; or withdraw it.",
    )
}

fn unreadable() -> Answer {
    Answer::new(
        "unreadable",
        "The stored document cannot be read any more.",
        "Export it and show it to central IT; if the till still has it, let it send it again under a new number.",
    )
}

/// A stored body, read again. It was read strictly on its way in.
pub fn read_body(body: &str) -> Option<Document> {
    read_value(serde_json::from_str(body).ok()?)
}

fn read_value(value: Value) -> Option<Document> {
    Document::read(value, &mut Place::new(Unknown::Ignored))
}
