//! The day-end proof: what the tills rang up, what is stored, what destinations acknowledged and what was read back
//! there, by till, kind and tender; and by key, everything that differs.
//!
//! Only like is compared with like: a till's Z with the same figures computed from its stored documents, a method's
//! expected balance less what was in the drawer anyway. The SQL is in [`load`]; the rest is pure.

mod assemble;
mod beyond;
mod books;
mod gaps;
pub mod kept;
mod load;
pub mod recent;
pub mod settlements;
#[cfg(test)]
mod tests;
mod there;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Connection;
use rust_decimal::Decimal;
use serde::Serialize;
use tillpost_shared::document::Kind;
use tillpost_shared::key::Numbering;
use uuid::Uuid;

use crate::outbox::State;
use crate::store::StoreError;

/// Days whose read-back is remembered, the last that were read: each holds a line for every receipt. A proof of another
/// day is read back again.
const READ_BACK_DAYS_MAX: usize = 8;

/// Which proof is asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// The trading day.
    pub date: Date,
    /// The store's currency.
    pub currency: String,
    /// Only of these tills; of the whole store when `None`.
    pub tills: Option<Vec<String>>,
    /// How the tills number.
    pub numbering: Numbering,
    /// Tills whose numbers run on over the night and begin again only after their highest.
    pub wrapping: BTreeSet<String>,
    /// When it is asked: a number that is missing now may still be on its way.
    pub now: Timestamp,
}

/// What was read back of a day, by destination.
pub type ReadBack = BTreeMap<String, HeldThere>;

/// A document that a destination acknowledged, and is asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The document's uid.
    pub uid: Uuid,
    /// What it is.
    pub kind: Kind,
    /// Its key.
    pub key: String,
    /// Its till; empty for kinds that name none.
    pub till: String,
    /// Its trading day.
    pub business_date: Date,
    /// What the destination called it when it took it.
    pub reference: String,
}

/// What a destination holds of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// The document's uid.
    pub uid: Uuid,
    /// Its total there; `None` where it keeps none.
    pub total: Option<Decimal>,
    /// The money that went through each method there; empty where it keeps none.
    pub paid: Vec<Paid>,
    /// What a person should know of it, in words.
    pub remark: Option<String>,
}

/// Money that went through one method of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The tills' methods that are this one there, in lower case.
    pub methods: BTreeSet<String>,
    /// How much.
    pub amount: Decimal,
}

/// Something that stands at a destination among a day's receipts, whoever put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The document that it would be; `None` for what can be nobody's.
    pub uid: Option<Uuid>,
    /// What it is called there.
    pub name: String,
    /// What it is, as in `an order of 12.00`.
    pub what: String,
}

/// What a destination was asked for, and what it was found to hold.
#[derive(Debug, Clone, Default)]
pub struct HeldThere {
    /// The uids that it could be asked for; documents beyond them are not judged.
    pub asked: BTreeSet<Uuid>,
    /// What stands there; a document that stands there twice is here twice.
    pub found: Vec<Held>,
    /// What else stands there among the day's receipts.
    pub beside: Vec<Beside>,
}

/// What was read back, by day. Shared between whoever reads back and whoever shows the proof.
#[derive(Debug, Clone, Default)]
pub struct ReadBacks(Arc<Mutex<Days>>);

/// The last that was read last.
type Days = VecDeque<(Date, Arc<ReadBack>)>;

impl ReadBacks {
    /// What was read back of a day; empty when nothing was.
    pub fn of(&self, date: Date) -> Arc<ReadBack> {
        let days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = days.iter().find(|(day, _)| *day == date);
        known.map(|(_, held)| Arc::clone(held)).unwrap_or_default()
    }

    /// Keeps what a destination was found to hold of a day.
    pub fn put(&self, date: Date, destination: &str, held: HeldThere) {
        let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = days.iter().position(|(day, _)| *day == date);
        let (_, mut day) = place
            .and_then(|place| days.remove(place))
            .unwrap_or_else(|| (date, Arc::default()));
        Arc::make_mut(&mut day).insert(destination.to_owned(), held);
        days.push_back((date, day));
        while days.len() > READ_BACK_DAYS_MAX {
            days.pop_front();
        }
    }
}

/// The proof of a day: `GET /v1/proof`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The trading day.
    pub date: String,
    /// The store's currency.
    pub currency: String,
    /// Whether nothing differs and nothing is missing.
    pub complete: bool,
    /// By till and kind, then by till and method.
    pub rows: Vec<Row>,
    /// Numbers that no stored document has.
    pub gaps: Vec<Gap>,
    /// What differs, by key.
    pub differences: Vec<Difference>,
    /// Card batches against the receipts' card payments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settlements: Vec<settlements::Settled>,
}

/// One line of the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The till; empty for kinds that name none.
    pub till: String,
    /// The kind of document; `day_close` is the whole day against the till's Z, `tender` one method's money.
    pub kind: &'static str,
    /// The method of a `tender` row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tender: Option<String>,
    /// The documents' currency where it is not the store's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What the till says; null where it says nothing.
    pub rung_up: Option<RungUp>,
    /// What is stored.
    pub stored: Figure,
    /// What destinations hold, by their own word.
    pub acknowledged: Vec<Acknowledged>,
    /// What was read back, in the same order; null where it was not.
    pub read_back: Vec<Option<Acknowledged>>,
}

/// What a till says; null what it leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RungUp {
    /// How many numbers it used.
    pub count: Option<i64>,
    /// How much it came to.
    pub amount: Option<String>,
}

/// How many, and how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// How many.
    pub count: i64,
    /// How much.
    pub amount: String,
}

/// What a destination holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledged {
    /// The destination.
    pub destination: String,
    /// How many.
    pub count: i64,
    /// How much.
    pub amount: String,
}

/// Numbers of a till that are missing, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The till.
    pub till: String,
    /// Its number circle.
    pub series: String,
    /// The first that is missing.
    pub from: i64,
    /// The last that is missing.
    pub to: i64,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The document's key.
    pub key: String,
    /// What is the matter with it.
    pub what: String,
}

/// The proof of a day.
///
/// # Errors
/// When the store cannot be read.
pub fn figures(
    connection: &Connection,
    question: &Question,
    read_back: &ReadBack,
) -> Result<Proof, StoreError> {
    // One transaction, so that a document that arrives meanwhile is either wholly in the proof or not at all.
    let reading = connection.unchecked_transaction()?;
    let entries = load::entries(&reading, question)?;
    let before = load::numbers_before(&reading, &entries, question)?;
    let missing = gaps::find(&entries, &before, question);
    let missing = load::not_stored_elsewhere(&reading, missing, question.date)?;
    let strangers = match question.tills {
        None => beyond::strangers(&reading, read_back)?,
        Some(_) => Vec::new(),
    };
    let (settlements, unsettled) = match question.tills {
        None => settlements::check(&reading, question)?,
        Some(_) => Default::default(),
    };
    reading.finish()?;
    let mut proof = assemble::proof(question, &entries, &missing, read_back);
    proof.differences.extend(strangers);
    proof.differences.extend(unsettled);
    proof.settlements = settlements;
    proof.complete = proof.differences.is_empty();
    Ok(proof)
}

/// A day's documents that a destination acknowledged: what it is asked for when the day is read back.
///
/// # Errors
/// When the store cannot be read.
pub fn delivered(
    connection: &Connection,
    destination: &str,
    date: Date,
) -> Result<Vec<Asked>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT o.uid, o.kind, o.key, o.till, COALESCE(d.reference, '')
         FROM documents o JOIN deliveries d USING (seq)
         WHERE o.business_date = ?1 AND d.destination = ?2 AND d.state = ?3 ORDER BY o.seq",
    )?;
    let delivered = State::Delivered.as_str();
    let rows = question.query_map([date.to_string().as_str(), destination, delivered], |row| {
        let (uid, kind): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(Asked {
            uid: Uuid::parse_str(&uid).unwrap_or_default(),
            kind: Kind::from_word(&kind).unwrap_or(Kind::TillActivity),
            key: row.get(2)?,
            till: row.get(3)?,
            business_date: date,
            reference: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
