//! A shop for tests: an outbox in a folder of its own, documents in one line each, and a lane that answers as told.

use jiff::tz::TimeZone;
pub use jiff::{SignedDuration, Timestamp};
pub use rusqlite::Connection;
pub use serde_json::{Value, json};
pub use tempfile::TempDir;
pub use tillpost_shared::intake::{self, Reading, Terms};
use tillpost_shared::key::Numbering;
use tillpost_shared::scalar::Code;

pub use crate::outbox::window::Bulk;
pub use crate::outbox::{self, Answer, Cause, Policy, State, Verdict};
pub use crate::store::accept::{Accepted, Arrival, Route, Routes, accept};
pub use crate::store::lane::{self, Batch, Choice, Pace, Unanswered};
pub use crate::store::person::{self, Action, Done};
pub use crate::store::read::{self, DocumentView};
pub use crate::store::{FILE_NAME, connection};

/// The destination of most tests.
pub const ODOO: &str = "odoo";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// When the shop's documents arrive.
pub fn evening() -> Timestamp {
    at("2026-10-30T19:00:00+01:00")
}

pub fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

pub fn terms() -> Terms {
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let cutoff = jiff::civil::time(4, 0, 0, 0);
    Terms::new(Code::parse("ZH01").unwrap(), zone, cutoff, evening())
}

/// A till's document; `more` is laid over it.
pub fn document(kind: &str, sequence: i64, body: Value, more: Value) -> Value {
    let mut document = json!({
        "kind": kind, "store": "ZH01", "till": "3", "sequence": sequence, "currency": "CHF",
        "occurred_at": "2026-10-30T17:03:11+01:00", "body": body,
    });
    let (Value::Object(all), Value::Object(more)) = (&mut document, more) else {
        panic!("two objects");
    };
    all.extend(more);
    document
}

fn goods(kind: &str, sequence: i64, line: Value, amount: &str) -> Value {
    let tenders = json!([{"type": "cash", "method": "CASH", "amount": amount}]);
    let body =
        json!({"prices": "tax_included", "lines": [line], "total": amount, "tenders": tenders});
    document(kind, sequence, body, json!({}))
}

/// A sale of one piece.
pub fn sale_of(sequence: i64, amount: &str) -> Value {
    let line = json!({"line": 1, "type": "item", "product": {"sku": "A1"}, "quantity": "1",
        "unit_price": amount, "total": amount});
    goods("sale", sequence, line, amount)
}

pub fn sale(sequence: i64) -> Value {
    sale_of(sequence, "10.00")
}

/// A sale that a person must look at: it was not paid.
pub fn odd_sale(sequence: i64) -> Value {
    with(sale(sequence), "/body/tenders/0/amount", "9.00")
}

/// One piece comes back.
pub fn goods_back(sequence: i64, of: Value) -> Value {
    let line = json!({"line": 1, "type": "item", "product": {"sku": "A1"}, "quantity": "-1",
        "unit_price": "10.00", "total": "-10.00", "returned_from": of});
    goods("return", sequence, line, "-10.00")
}

pub fn void(sequence: i64, of: Value) -> Value {
    document("void", sequence, json!({"of": of}), json!({}))
}

pub fn day_open(sequence: i64, more: Value) -> Value {
    document("day_open", sequence, json!({"opening": []}), more)
}

pub fn day_close(sequence: i64) -> Value {
    document("day_close", sequence, json!({"tenders": []}), json!({}))
}

pub fn count(cutoff_at: &str) -> Value {
    json!({"kind": "stock_count", "store": "ZH01", "occurred_at": "2026-10-30T18:00:00+01:00",
        "body": {"count": "C1", "mode": "spot", "cutoff_at": cutoff_at, "complete": true,
        "lines": [{"line": 1, "product": {"sku": "A1"}, "quantity": "3"}]}})
}

/// The document with another value at a JSON pointer.
pub fn with(mut document: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).expect("the place exists");
    match parent {
        Value::Object(map) => drop(map.insert(name.to_owned(), value.into())),
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("{parent} has no fields")
        }
    }
    document
}

pub fn arrival(document: Value) -> Arrival {
    match intake::read(document, &terms()) {
        Reading::Read(judged) => Arrival::of(*judged, &Numbering::default()),
        Reading::Newer(newer) => Arrival::of_newer(*newer),
        Reading::Refused { problems, .. } => panic!("refused: {problems:?}"),
    }
}

/// Everything to each of these destinations.
pub fn routes(destinations: &[&str]) -> Routes {
    let route = |name: &&str| Route {
        destination: (*name).to_owned(),
        kinds: None,
    };
    Routes(destinations.iter().map(route).collect())
}

/// An outbox without its writer's thread: what a test does, it does in order.
pub struct Shop {
    pub outbox: Connection,
    pub routes: Routes,
    /// What waits there for a time of day.
    pub bulk: Option<Bulk>,
    dir: TempDir,
}

impl Shop {
    pub fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// A shop whose outbox lies in this folder.
    pub fn at(dir: TempDir) -> Self {
        let outbox = connection::open_writer(&dir.path().join(FILE_NAME)).unwrap();
        // No test here cuts the power.
        outbox.execute_batch("PRAGMA synchronous = OFF").unwrap();
        Self {
            outbox,
            routes: routes(&[ODOO]),
            bulk: None,
            dir,
        }
    }

    /// The folder of its outbox, which nobody has open any more.
    pub fn closed(self) -> TempDir {
        self.dir
    }

    pub fn take_at(&self, document: Value, now: Timestamp) -> Accepted {
        let taken = accept(
            &self.outbox,
            vec![arrival(document)],
            &self.routes,
            "till 3",
            now,
        );
        taken.unwrap().remove(0)
    }

    pub fn take(&self, document: Value) -> Accepted {
        self.take_at(document, evening())
    }

    pub fn claim_as(&self, max: usize, unanswered: Unanswered, now: Timestamp) -> Batch {
        let (pace, bulk) = (Pace::AsItComes, self.bulk.as_ref());
        let choice = Choice { pace, bulk };
        lane::claim(&self.outbox, ODOO, max, unanswered, now, choice).unwrap()
    }

    /// The last parts of the keys of what would go next.
    pub fn claim_at(&self, max: usize, now: Timestamp) -> Vec<String> {
        let due = lane::any_due(&self.outbox, ODOO, now, self.bulk.as_ref()).unwrap();
        let batch = self.claim_as(max, Unanswered::NeverArrived, now);
        assert_eq!(
            due,
            !batch.deliveries.is_empty() || batch.set_aside,
            "any_due tells what claim does"
        );
        numbers(&batch)
    }

    pub fn claim(&self, max: usize) -> Vec<String> {
        self.claim_at(max, evening())
    }

    /// Answers the batch in hand, every document the same.
    pub fn answer_at(&self, verdict: &Verdict, now: Timestamp) {
        let batch = self.claim_as(1, Unanswered::NeverArrived, now);
        let outcomes: Vec<_> = batch
            .deliveries
            .iter()
            .zip(&batch.standings)
            .map(|(delivery, standing)| {
                let next = outbox::after(*standing, verdict.clone(), now, &Policy::default(), 0.0);
                (delivery.seq, next)
            })
            .collect();
        lane::settle(&self.outbox, ODOO, &outcomes, now).unwrap();
    }

    pub fn answer(&self, verdict: &Verdict) {
        self.answer_at(verdict, evening());
    }

    /// Claims and answers everything that may go, one by one, and names it.
    pub fn drain(&self, verdict: &Verdict) -> Vec<String> {
        let mut gone = Vec::new();
        loop {
            let next = self.claim(1);
            if next.is_empty() {
                return gone;
            }
            gone.extend(next);
            self.answer(verdict);
        }
    }

    pub fn act(&self, id: &str, action: &Action) -> Done {
        person::act(&self.outbox, id, action, "manager", None, evening()).unwrap()
    }

    pub fn withdraw(&self, id: &str) -> Done {
        self.act(id, &Action::Withdraw("wrong".to_owned()))
    }

    pub fn view(&self, id: &str) -> DocumentView {
        read::document(&self.outbox, id)
            .unwrap()
            .expect("it is stored")
    }

    pub fn state(&self, id: &str) -> State {
        self.view(id).state
    }
}

/// The last parts of the keys of a batch.
pub fn numbers(batch: &Batch) -> Vec<String> {
    let last = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
    batch
        .deliveries
        .iter()
        .map(|delivery| last(&delivery.key))
        .collect()
}

pub fn accepted() -> Verdict {
    Verdict::Accepted("ref".to_owned())
}

pub fn rejected(sent: bool) -> Verdict {
    let answer = Answer::new("unbalanced", "It does not balance.", "Correct it.");
    Verdict::Rejected { answer, sent }
}

pub fn postponed(code: &str, cause: Cause) -> Verdict {
    let answer = Answer::new(code, "Not yet.", "Wait.");
    Verdict::Postponed { answer, cause }
}
