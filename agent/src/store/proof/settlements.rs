//! A card terminal's or provider's batch against the card payments of the stored receipts.
//!
//! Matched is only what the same reference and the same amount say, or, where the provider gives no payments, equal
//! counts and sums of the terminal. Everything else is named with the receipts that it could be; nothing is guessed, and
//! nothing is posted anywhere: what is missing in a payout is finance's question to the provider.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tillpost_shared::catalog::decimal_text;

use super::{Difference, Question};
use crate::store::{StoreError, timestamp};

/// How far a till's clock may lie beside the terminal's.
const CLOCKS_APART_MAX: SignedDuration = SignedDuration::from_mins(15);
/// The longest time that a batch can be of; more is a clock that was never set, and would match payments of years.
const SPAN_DAYS_MAX: i64 = 31;
/// Receipts that are named as what a payment could be.
const CANDIDATES_MAX: usize = 5;

/// A batch in the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// The settlement's key.
    pub key: String,
    /// What the batch holds: payments and amount.
    pub charged: (i64, String),
    /// What of it stands in receipts.
    pub matched: (i64, String),
    /// What the provider keeps.
    pub fees: Option<String>,
    /// When the money comes.
    pub payout_date: Option<String>,
}

/// A batch as the provider tells it.
#[derive(Debug, Clone, Deserialize)]
struct Batch {
    terminal: Option<String>,
    from_at: Timestamp,
    to_at: Timestamp,
    #[serde(default)]
    totals: Vec<Total>,
    #[serde(default, with = "decimal_text::option")]
    fees: Option<Decimal>,
    payout_date: Option<String>,
    #[serde(default)]
    items: Vec<Item>,
}

impl Batch {
    fn span_possible(&self) -> bool {
        self.to_at.duration_since(self.from_at) <= SignedDuration::from_hours(24 * SPAN_DAYS_MAX)
    }

    fn impossible(&self) -> String {
        let (from, to) = (self.from_at, self.to_at);
        format!(
            "the batch says that it is of {from} to {to}, more than {SPAN_DAYS_MAX} days: it is compared with no receipts"
        )
    }

    /// Payments and amount, by single payments where there are some.
    fn charged(&self) -> (i64, Decimal) {
        match self.items.as_slice() {
            [] => self.totals.iter().fold((0, Decimal::ZERO), |sum, total| {
                (sum.0.saturating_add(total.count), sum.1 + total.amount)
            }),
            items => {
                let sum = items.iter().map(|item| item.amount).sum();
                (i64::try_from(items.len()).unwrap_or(i64::MAX), sum)
            }
        }
    }

    fn settled(&self, key: &str, matched: (i64, Decimal)) -> Settled {
        let text = |(count, amount): (i64, Decimal)| (count, money(amount));
        Settled {
            key: key.to_owned(),
            charged: text(self.charged()),
            matched: text(matched),
            fees: self.fees.map(money),
            payout_date: self.payout_date.clone(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Total {
    count: i64,
    #[serde(with = "decimal_text")]
    amount: Decimal,
}

#[derive(Debug, Clone, Deserialize)]
struct Item {
    reference: String,
    #[serde(with = "decimal_text")]
    amount: Decimal,
}

/// A card payment of a receipt.
#[derive(Debug, Clone, PartialEq)]
struct Payment {
    key: String,
    amount: Decimal,
    terminal: Option<String>,
    references: Vec<String>,
}

#[derive(Deserialize)]
struct Receipt {
    body: Tenders,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tenders {
    tenders: Vec<Tender>,
    refund_tenders: Option<Vec<Tender>>,
}

#[derive(Clone, Deserialize)]
struct Tender {
    r#type: String,
    #[serde(with = "decimal_text")]
    amount: Decimal,
    reference: Option<String>,
    #[serde(default)]
    card: Card,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Card {
    terminal: Option<String>,
    reference: Option<String>,
    auth_code: Option<String>,
}

/// The day's batches, and what of them does not fit.
pub fn check(
    connection: &Connection,
    question: &Question,
) -> Result<(Vec<Settled>, Vec<Difference>), StoreError> {
    #[derive(Deserialize)]
    struct Document {
        body: Batch,
    }
    let mut batches = connection.prepare_cached(
        "SELECT key, body FROM documents
         WHERE business_date = ?1 AND kind = 'settlement' AND state <> 'withdrawn' AND body IS NOT NULL ORDER BY seq",
    )?;
    let rows = batches.query_map([question.date.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let (mut settled, mut differences) = (Vec::new(), Vec::new());
    for row in rows {
        let (key, body) = row?;
        let Ok(Document { body: batch }) = serde_json::from_str(&body) else {
            continue;
        };
        let (of, wrong) = match batch.span_possible() {
            true => judge(&key, &batch, payments(connection, &batch)?),
            false => (
                batch.settled(&key, (0, Decimal::ZERO)),
                vec![batch.impossible()],
            ),
        };
        settled.push(of);
        let difference = |what| Difference {
            key: key.clone(),
            what,
        };
        differences.extend(wrong.into_iter().map(difference));
    }
    Ok((settled, differences))
}

/// The card payments of receipts of the batch's time; a void's are its original's, the other way.
fn payments(connection: &Connection, batch: &Batch) -> Result<Vec<Payment>, StoreError> {
    let from = moved_by(batch.from_at, -CLOCKS_APART_MAX);
    let to = moved_by(batch.to_at, CLOCKS_APART_MAX);
    let day = |at, hours| moved_by(at, SignedDuration::from_hours(hours)).strftime("%Y-%m-%d");
    let mut receipts = connection.prepare_cached(
        "SELECT d.key, d.kind, d.occurred_at, d.body, o.body FROM documents d
         LEFT JOIN origins g ON g.seq = d.seq AND d.kind = 'void'
         LEFT JOIN documents o ON o.uid = g.uid AND o.freed = 0
         WHERE d.business_date BETWEEN ?1 AND ?2 AND d.kind IN ('sale', 'return', 'void')
           AND d.state <> 'withdrawn' AND d.body IS NOT NULL ORDER BY d.seq",
    )?;
    let days = params![day(from, -24).to_string(), day(to, 24).to_string()];
    let mut rows = receipts.query(days)?;
    let mut payments = Vec::new();
    while let Some(row) = rows.next()? {
        let at = timestamp(row.get(2)?);
        if at < from || at > to {
            continue;
        }
        let (key, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let (own, of): (String, Option<String>) = (row.get(3)?, row.get(4)?);
        for tender in moved(&kind, &own, of.as_deref()) {
            let card = tender.card;
            let references = [tender.reference, card.reference, card.auth_code];
            payments.push(Payment {
                key: key.clone(),
                amount: tender.amount,
                terminal: card.terminal,
                references: references.into_iter().flatten().collect(),
            });
        }
    }
    Ok(payments)
}

/// An instant so much later; at the ends of the calendar, which a document may name, its end.
fn moved_by(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    at.checked_add(by).unwrap_or(end)
}

fn moved(kind: &str, own: &str, of: Option<&str>) -> Vec<Tender> {
    let tenders = |body: &str| serde_json::from_str::<Receipt>(body).map(|read| read.body);
    let own = tenders(own).unwrap_or_default();
    let moved = match (kind, own.refund_tenders) {
        ("void", Some(refunds)) => refunds,
        ("void", None) => {
            let mut back = of
                .and_then(|of| tenders(of).ok())
                .unwrap_or_default()
                .tenders;
            for tender in &mut back {
                tender.amount = -tender.amount;
            }
            back
        }
        _ => own.tenders,
    };
    let card = |tender: &Tender| tender.r#type == "card";
    moved.into_iter().filter(card).collect()
}

/// A batch against the payments of its time: what is matched, and in words what is not.
fn judge(key: &str, batch: &Batch, payments: Vec<Payment>) -> (Settled, Vec<String>) {
    let ours = |payment: &Payment| match (&batch.terminal, &payment.terminal) {
        (Some(wanted), Some(own)) => wanted == own,
        (None, _) | (Some(_), None) => true,
    };
    let mut left: Vec<Payment> = payments.into_iter().filter(ours).collect();
    let charged = batch.charged();
    let (matched, wrong) = match batch.items.is_empty() {
        true => by_sum(charged, &left),
        false => by_reference(&batch.items, &mut left),
    };
    (batch.settled(key, matched), wrong)
}

fn by_sum(charged: (i64, Decimal), payments: &[Payment]) -> ((i64, Decimal), Vec<String>) {
    let count = i64::try_from(payments.len()).unwrap_or(i64::MAX);
    let stored = (count, payments.iter().map(|payment| payment.amount).sum());
    if charged == stored {
        return (stored, Vec::new());
    }
    let apart = (stored.1 - charged.1).abs();
    let could_be = candidates(payments, |payment| payment.amount.abs() == apart);
    let what = format!(
        "the batch holds {} card payments of {}, the receipts {} of {}{could_be}",
        charged.0,
        money(charged.1),
        stored.0,
        money(stored.1)
    );
    ((0, Decimal::ZERO), vec![what])
}

fn by_reference(items: &[Item], left: &mut Vec<Payment>) -> ((i64, Decimal), Vec<String>) {
    let (mut matched, mut open) = ((0, Decimal::ZERO), Vec::new());
    for item in items {
        let same = |payment: &Payment| payment.references.contains(&item.reference);
        match left
            .iter()
            .position(|payment| same(payment) && payment.amount == item.amount)
        {
            Some(place) => {
                left.remove(place);
                matched = (matched.0 + 1, matched.1 + item.amount);
            }
            None => open.push(item),
        }
    }
    let mut wrong = Vec::new();
    let mut named: BTreeMap<&str, ()> = BTreeMap::new();
    for item in open {
        let (amount, reference) = (money(item.amount), &item.reference);
        let same = left.iter().find(|p| p.references.contains(reference));
        wrong.push(match same {
            Some(payment) => {
                named.insert(reference, ());
                let stored = money(payment.amount);
                format!(
                    "{reference}: the batch holds {amount}, the receipt {} has {stored}",
                    payment.key
                )
            }
            None => {
                let could_be = candidates(left, |payment| payment.amount == item.amount);
                format!(
                    "{reference}: the batch holds {amount}, no receipt has this reference{could_be}"
                )
            }
        });
    }
    let told = |payment: &&Payment| {
        payment
            .references
            .iter()
            .any(|r| named.contains_key(r.as_str()))
    };
    for payment in left.iter().filter(|payment| !told(payment)) {
        let amount = money(payment.amount);
        wrong.push(format!(
            "the receipt {} has a card payment of {amount} that the batch does not hold",
            payment.key
        ));
    }
    (matched, wrong)
}

fn candidates(payments: &[Payment], fits: impl Fn(&Payment) -> bool) -> String {
    let fitting = payments.iter().filter(|payment| fits(payment));
    let keys: Vec<&str> = fitting
        .map(|p| p.key.as_str())
        .take(CANDIDATES_MAX)
        .collect();
    match keys.is_empty() {
        true => String::new(),
        false => format!("; it could be {}", keys.join(", ")),
    }
}

fn money(amount: Decimal) -> String {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount.to_string()
}

#[cfg(test)]
#[path = "settlements_tests.rs"]
mod tests;
