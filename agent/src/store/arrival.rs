//! A document on its way into the outbox: what of it becomes a column, and which documents it points back at.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tillpost_shared::document::{Body, Document, Kind, SERIES_DEFAULT, sale};
use tillpost_shared::intake::{Judged, Newer};
use tillpost_shared::key::{self, Numbering};
use tillpost_shared::problem::{Code, Level, Problem};
use tillpost_shared::shape::Form;
use uuid::Uuid;

use crate::store::{StoreError, millionths};

/// A judged document on its way into the outbox.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// `None` where only a later schema knows it.
    pub(super) kind: Option<Kind>,
    pub(super) kind_word: String,
    pub(super) store: String,
    pub(super) till: String,
    pub(super) series: String,
    pub(super) sequence: Option<i64>,
    pub(super) receipt_number: Option<String>,
    pub(super) business_date: String,
    pub(super) occurred_at: Timestamp,
    pub(super) currency: Option<String>,
    pub(super) total: Option<i64>,
    pub(super) key: String,
    pub(super) conflict_key: Option<String>,
    /// Of a count: the moment it describes.
    pub(super) cutoff_at: Option<Timestamp>,
    pub(super) content_hash: [u8; 32],
    pub(super) body: String,
    pub(super) problems: Vec<Problem>,
    pub(super) origins: Vec<Origin>,
}

/// A document (and line of it) that this one returns or voids.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    uid: Uuid,
    /// What it was named by, where that was the number as printed only.
    receipt: Option<Receipt>,
    line: Option<i64>,
    quantity: i64,
}

/// A receipt by its printed number.
#[derive(Debug, Clone)]
struct Receipt {
    till: String,
    series: String,
    number: String,
    business_date: Option<String>,
}

impl Arrival {
    /// A second void of a document, or one of a sale of which something came back: head office would take it off twice.
    /// `own`: the number under which the void is stored already.
    pub(super) fn reversed_before(
        &self,
        connection: &Connection,
        own: Option<i64>,
    ) -> Result<Option<Problem>, StoreError> {
        if self.kind != Some(Kind::Void) {
            return Ok(None);
        }
        for origin in &self.origins {
            let before: bool = connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM origins g JOIN documents o USING (seq)
                     WHERE g.uid = ?1 AND o.state <> 'withdrawn' AND o.seq <> ?2)",
                )?
                .query_row(params![origin.uid(connection)?, own.unwrap_or(0)], |row| {
                    row.get(0)
                })?;
            if before {
                let message = "what it undoes was undone or given back before";
                let problem = Problem::held(Code::AlreadyReversed, "body.of", message);
                return Ok(Some(problem));
            }
        }
        Ok(None)
    }

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
            kind: Some(head.kind),
            kind_word: head.kind.as_str().to_owned(),
            store: head.store.to_string(),
            till: head.till().to_owned(),
            series: head.series().to_owned(),
            sequence: head.sequence.map(|number| number.0),
            receipt_number: head.receipt_number.as_ref().map(ToString::to_string),
            business_date: business_date.to_string(),
            occurred_at: head.occurred_at.at(),
            currency: head.currency.as_ref().map(ToString::to_string),
            total: total.map(millionths),
            cutoff_at: cutoff(&document.body),
            key,
            conflict_key,
            content_hash,
            body: document.text(Form::Stored),
            problems,
            origins,
        }
    }

    /// A document of a later schema: kept whole and held.
    pub fn of_newer(newer: Newer) -> Self {
        let facts = newer.facts;
        Self {
            kind: Kind::from_word(&newer.kind),
            kind_word: newer.kind,
            store: facts.store.to_string(),
            till: facts.till.map(|till| till.to_string()).unwrap_or_default(),
            series: facts
                .series
                .map_or_else(|| SERIES_DEFAULT.to_owned(), |series| series.to_string()),
            sequence: facts.sequence.map(|number| number.0),
            receipt_number: facts.receipt_number.map(|number| number.to_string()),
            business_date: newer.business_date.to_string(),
            occurred_at: facts.occurred_at.at(),
            currency: None,
            total: None,
            cutoff_at: None,
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

    pub(super) fn held(&self) -> bool {
        self.problems.iter().any(|p| p.level == Level::Held)
    }
}

fn cutoff(body: &Body) -> Option<Timestamp> {
    match body {
        Body::StockCount(count) => Some(count.cutoff_at.at()),
        Body::Sale(_)
        | Body::Return(_)
        | Body::Void(_)
        | Body::DayOpen(_)
        | Body::DayClose(_)
        | Body::CashMovement(_)
        | Body::TillActivity(_)
        | Body::Settlement(_)
        | Body::StockMove(_)
        | Body::Pickup(_) => None,
    }
}

fn origins(judged: &Judged, numbering: &Numbering) -> Vec<Origin> {
    let Document { head, body } = &judged.document;
    let find = |origin: &sale::Origin, quantity: i64| {
        let target = key::origin_key(origin, head, judged.business_date, numbering)?;
        Some(Origin {
            uid: target.uid(),
            receipt: receipt(origin, &judged.document),
            line: origin.line.map(|line| line.0),
            quantity,
        })
    };
    if let Body::Void(void) = body {
        let whole = sale::Origin {
            line: None,
            ..void.of.clone()
        };
        return find(&whole, 0).into_iter().collect();
    }
    let lines = body.as_sale().map_or(&[][..], |sale| sale.lines.as_slice());
    let returned = lines
        .iter()
        .filter_map(|line| find(line.returned_from.as_ref()?, millionths(-line.quantity.0)));
    returned.collect()
}

/// An origin that is named by its printed number only, and is of this store.
fn receipt(origin: &sale::Origin, own: &Document) -> Option<Receipt> {
    let head = &own.head;
    let foreign = origin
        .store
        .as_ref()
        .is_some_and(|store| *store != head.store);
    if origin.uid.is_some() || origin.sequence.is_some() || foreign {
        return None;
    }
    let till = origin.till.as_ref().or(head.till.as_ref())?;
    let series = origin.series.as_ref().or(head.series.as_ref());
    Some(Receipt {
        till: till.to_string(),
        series: series.map_or_else(|| SERIES_DEFAULT.to_owned(), ToString::to_string),
        number: origin.receipt_number.as_ref()?.to_string(),
        business_date: origin.business_date.map(|date| date.to_string()),
    })
}

impl Origin {
    /// The uid of the document it points at. A sale with a running number and a printed one has its key from the
    /// first, and the customer brings the second: so what is stored decides, where it can.
    pub(super) fn uid(&self, connection: &Connection) -> Result<String, StoreError> {
        let by_key = self.uid.to_string();
        let Some(receipt) = &self.receipt else {
            return Ok(by_key);
        };
        let stored: Option<String> = connection
            .prepare_cached(
                "SELECT uid FROM documents WHERE receipt_number = ?1 AND till = ?2 AND series = ?3
                     AND (?4 IS NULL OR business_date = ?4) AND kind IN ('sale', 'return') AND freed = 0
                 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row(
                params![receipt.number, receipt.till, receipt.series, receipt.business_date],
                |row| row.get(0),
            )
            .optional()?;
        Ok(stored.unwrap_or(by_key))
    }

    /// Notes it for the document `seq`.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        seq: i64,
        position: usize,
    ) -> Result<(), StoreError> {
        let uid = self.uid(connection)?;
        connection
            .prepare_cached(
                "INSERT INTO origins (seq, position, uid, line, quantity) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![seq, position as i64, uid, self.line, self.quantity])?;
        Ok(())
    }
}
