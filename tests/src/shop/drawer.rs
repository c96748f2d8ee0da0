//! Voids, cash movements and the two ends of a till's day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::receipt::Receipt;
use super::{CARD, CASH, local, per_cent, tax_code};
use crate::figures::money;
use crate::home::STORE;

/// What a till adds up over its day, in cents; the source of its Z.
#[derive(Debug, Clone, Default)]
pub struct TillDay {
    pub till: String,
    pub opening: i64,
    pub put_in: i64,
    pub taken_out: i64,
    pub gross: i64,
    pub returns: i64,
    pub tax: BTreeMap<i64, i64>,
    pub paid: BTreeMap<&'static str, i64>,
    pub first_sequence: Option<u64>,
    pub last_sequence: Option<u64>,
}

impl TillDay {
    pub fn new(till: &str, opening: i64) -> Self {
        Self {
            till: till.to_owned(),
            opening,
            ..Self::default()
        }
    }

    /// A number was used.
    pub fn number(&mut self, sequence: u64) {
        self.first_sequence = Some(self.first_sequence.map_or(sequence, |n| n.min(sequence)));
        self.last_sequence = Some(self.last_sequence.map_or(sequence, |n| n.max(sequence)));
    }

    /// Adds a receipt, or takes it off again when `sign` is -1.
    pub fn add(&mut self, receipt: &Receipt, sign: i64) {
        for line in &receipt.lines {
            let total = receipt.with_tax(line);
            let side = if total < 0 {
                &mut self.returns
            } else {
                &mut self.gross
            };
            *side += sign * total;
        }
        for (rate, tax) in receipt.tax_by_rate() {
            *self.tax.entry(rate).or_default() += sign * tax;
        }
        for (method, cents) in receipt.paid_by() {
            *self.paid.entry(method).or_default() += sign * cents;
        }
    }

    /// Money put into the drawer (positive) or taken out (negative).
    pub fn cash(&mut self, cents: i64) {
        if cents < 0 {
            self.taken_out -= cents;
        } else {
            self.put_in += cents;
        }
    }

    fn paid(&self, method: &str) -> i64 {
        self.paid.get(method).copied().unwrap_or_default()
    }

    /// What the drawer should hold.
    pub fn cash_expected(&self) -> i64 {
        self.opening + self.put_in - self.taken_out + self.paid(CASH)
    }

    /// The day close; `missing` cents lack in the drawer.
    pub fn close(&self, date: Date, at: Timestamp, missing: i64) -> Value {
        let (cash, card) = (self.cash_expected(), self.paid(CARD));
        let by_tax = self.tax.iter().map(|(rate, tax)| {
            json!({"code": tax_code(*rate), "rate": per_cent(*rate), "amount": money(*tax)})
        });
        let body = json!({
            "first_sequence": self.first_sequence,
            "last_sequence": self.last_sequence,
            "sales": {
                "gross": money(self.gross),
                "returns": money(self.returns),
                "tax": money(self.tax.values().sum()),
                "by_tax": by_tax.collect::<Vec<_>>(),
            },
            "tenders": [
                {"method": CASH, "expected": money(cash), "counted": money(cash - missing), "difference": money(-missing)},
                {"method": CARD, "expected": money(card), "counted": money(card), "difference": "0.00"},
            ],
            "drawer": {
                "opening": money(self.opening),
                "in": money(self.put_in),
                "out": money(self.taken_out),
                "closing": money(cash - missing),
            },
        });
        head("day_close", &self.till, None, at, date, body)
    }

    /// The day open.
    pub fn open(&self, date: Date, at: Timestamp) -> Value {
        let body = json!({"opening": [{"method": CASH, "amount": money(self.opening)}]});
        head("day_open", &self.till, None, at, date, body)
    }
}

/// A void of a whole receipt.
pub fn void(sequence: u64, at: Timestamp, date: Date, of: &Receipt) -> Value {
    let body = json!({
        "of": {"till": of.till, "sequence": of.sequence, "business_date": of.date.to_string()},
        "reason": "wrong article",
    });
    head("void", &of.till, Some(sequence), at, date, body)
}

/// Money put into the drawer or taken out of it: `float`, `pay_in`, `pay_out`, `pickup`, `bank_deposit`.
pub fn cash_movement(
    till: &str,
    sequence: u64,
    at: Timestamp,
    date: Date,
    kind: &str,
    cents: i64,
) -> Value {
    let body = json!({"type": kind, "method": CASH, "amount": money(cents), "reason": kind});
    head("cash_movement", till, Some(sequence), at, date, body)
}

/// A till's document around a body.
pub fn head(
    kind: &str,
    till: &str,
    sequence: Option<u64>,
    at: Timestamp,
    date: Date,
    body: Value,
) -> Value {
    let mut document = json!({
        "kind": kind,
        "store": STORE,
        "till": till,
        "business_date": date.to_string(),
        "occurred_at": local(at),
        "currency": "USD",
    });
    if let Some(sequence) = sequence {
        document["sequence"] = json!(sequence);
    }
    document["body"] = body;
    document
}
