//! From a request's bytes to judged documents: split, redacted, read, keyed, checked. Pure.
//!
//! The order matters. Card and personal data go first, so that no later step can leak them. What cannot be read is
//! refused; what can be read is kept, and the checks only decide whether it waits for a person.

mod claim;
mod cloud_event;
mod newer;
mod split;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::newer::Newer;
pub use self::split::{BodyError, DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, Item, Media, split};
use crate::check::approval::{self, Checkpoint};
use crate::document::{Body, Document, SCHEMA};
use crate::key::{self, Facts, Numbering};
use crate::problem::{Code, Level, Problem};
use crate::scalar::{Code as StoreCode, Day, Moment};
use crate::shape::{Place, Unknown, type_name};
use crate::{check, content, redact};

/// Lines that a document may have, the voided ones included.
pub const LINES_MAX: usize = 2_000;
/// Problems that are told of one document; the worst come first.
pub const PROBLEMS_MAX: usize = 100;

/// Under which terms documents are read: whose they are, and when.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The store's code.
    pub store: StoreCode,
    /// The store's time zone.
    pub zone: TimeZone,
    /// Before this time of day a sale belongs to the trading day before.
    pub day_cutoff: Time,
    /// How the store's tills number.
    pub numbering: Numbering,
    /// What a person must approve.
    pub checkpoints: Vec<Checkpoint>,
    /// When the documents were received.
    pub received_at: Timestamp,
    /// The schema this program reads: [`SCHEMA`].
    pub schema: i64,
}

impl Terms {
    /// Terms for a store whose tills' numbers never start again.
    pub fn new(store: StoreCode, zone: TimeZone, day_cutoff: Time, received_at: Timestamp) -> Self {
        Self {
            store,
            zone,
            day_cutoff,
            numbering: Numbering::default(),
            checkpoints: Vec::new(),
            received_at,
            schema: SCHEMA,
        }
    }

    /// The trading day of a moment.
    pub fn business_date(&self, moment: &Moment) -> Day {
        let local = moment.at().to_zoned(self.zone.clone());
        let date = local.date();
        if local.time() < self.day_cutoff {
            // The first day of the calendar has none before it.
            Day(date.yesterday().unwrap_or(date))
        } else {
            Day(date)
        }
    }
}

/// What became of one document on the way in.
#[derive(Debug, Clone)]
pub enum Reading {
    /// It cannot be read as a document: nothing is stored.
    Refused {
        /// Its key, when it got as far as having one.
        key: Option<String>,
        /// Why.
        problems: Vec<Problem>,
    },
    /// It was read.
    Read(Box<Judged>),
    /// It is of a later schema: held, and read again after an update.
    Newer(Box<Newer>),
}

/// A document that was read, with all that follows from it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The document as it is stored, its business date filled in.
    pub document: Document,
    /// Its natural key.
    pub key: String,
    /// The key's uid.
    pub uid: Uuid,
    /// The conflict key (`<key>~2` and so on) under which it came, if it came with one.
    pub conflict_key: Option<String>,
    /// Equal for documents that say the same.
    pub content_hash: [u8; 32],
    /// The trading day.
    pub business_date: Day,
    /// What it comes to: a sale's or return's total, a movement's amount, a settlement's sum; `None` for the rest.
    pub total: Option<Decimal>,
    /// Everything found, the worst first.
    pub problems: Vec<Problem>,
}

impl Judged {
    /// Whether a person must look before it is delivered.
    pub fn held(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.level == Level::Held)
    }
}

/// Reads one document.
pub fn read(mut value: Value, terms: &Terms) -> Reading {
    let Value::Object(object) = &mut value else {
        let message = format!("expected an object, found {}", type_name(&value));
        return refused(None, vec![Problem::refused(Code::NotJson, "", message)]);
    };
    let claim = claim::take(object);
    if let Some(problem) = too_many_lines(object) {
        return refused(None, vec![problem]);
    }
    let unknown = if newer::schema(object).is_some_and(|schema| schema > terms.schema) {
        Unknown::Ignored
    } else {
        Unknown::Refused
    };
    let flags = redact::redact(&mut value, unknown);
    if unknown == Unknown::Ignored {
        return newer::read(value, &claim, flags, terms);
    }
    let mut place = Place::new(unknown);
    let document = Document::read(value, &mut place);
    match document {
        Some(document) if place.problems.is_empty() => judge(document, &claim, flags, terms),
        Some(_) | None => refused(None, place.problems),
    }
}

fn judge(
    mut document: Document,
    claim: &claim::Claim,
    flags: Vec<Problem>,
    terms: &Terms,
) -> Reading {
    let date_default = terms.business_date(&document.head.occurred_at);
    let business_date = document.head.business_date.unwrap_or(date_default);
    let facts = Facts::of(&document);
    let key = key::key(&facts, business_date, &terms.numbering);
    let mut problems = check::required(&document);
    if !problems.is_empty() {
        return refused(key, problems);
    }
    let Some(key) = key else {
        return refused(None, vec![missing_key()]);
    };
    // Before the date is filled in: a document that leaves it out says the same as one that names it.
    let content_hash = content::hash(&document, date_default);
    document.head.business_date = Some(business_date);
    let context = check::Context {
        zone: &terms.zone,
        business_date,
        received_at: terms.received_at,
    };
    problems = check::check(&document, context);
    let approvals = approval::needed(&document, &terms.checkpoints, terms.received_at);
    problems.extend(approvals);
    problems.extend(foreign_store(&document.head.store, terms));
    problems.extend(claim.check(&key));
    problems.extend(flags);
    Reading::Read(Box::new(Judged {
        total: total(&document.body),
        uid: key::uid(&key),
        conflict_key: claim.conflict_key(&key),
        document,
        key,
        content_hash,
        business_date,
        problems: worst_first(problems),
    }))
}

fn refused(key: Option<String>, problems: Vec<Problem>) -> Reading {
    Reading::Refused {
        key,
        problems: worst_first(problems),
    }
}

fn missing_key() -> Problem {
    let message = "neither sequence nor receipt_number nor source.reference names the document";
    Problem::refused(Code::MissingKey, "", message)
}

fn foreign_store(store: &StoreCode, terms: &Terms) -> Option<Problem> {
    let message = "the document is of another store than this agent's";
    (*store != terms.store).then(|| Problem::held(Code::UnknownStore, "store", message))
}

fn too_many_lines(document: &Map<String, Value>) -> Option<Problem> {
    let lists = ["lines", "voided_lines"].map(|name| document.get("body")?.get(name)?.as_array());
    let lines: usize = lists.into_iter().flatten().map(Vec::len).sum();
    let message = format!("more than {LINES_MAX} lines");
    (lines > LINES_MAX).then(|| Problem::refused(Code::TooLarge, "body.lines", message))
}

/// What a document comes to.
pub fn total(body: &Body) -> Option<Decimal> {
    match body {
        Body::Sale(sale) | Body::Return(sale) => Some(sale.total.0),
        Body::CashMovement(movement) => Some(movement.amount.0),
        Body::Settlement(settlement) => {
            Some(settlement.totals.iter().map(|total| total.amount.0).sum())
        }
        Body::Void(_)
        | Body::DayOpen(_)
        | Body::DayClose(_)
        | Body::TillActivity(_)
        | Body::StockCount(_)
        | Body::StockMove(_)
        | Body::Pickup(_) => None,
    }
}

fn worst_first(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.level));
    problems.truncate(PROBLEMS_MAX);
    problems
}
