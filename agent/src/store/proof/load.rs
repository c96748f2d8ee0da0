//! What the proof needs of a day's documents, read from the outbox.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use rust_decimal::Decimal;
use serde::Deserialize;
use tillpost_shared::catalog::decimal_text;
use tillpost_shared::document::Kind;
use uuid::Uuid;

use super::Question;
use super::gaps::Missing;
use crate::outbox::{Answer, State};
use crate::store::{StoreError, money, timestamp};

/// A document of the day.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub base_key: String,
    pub uid: Uuid,
    pub kind: Kind,
    pub till: String,
    pub series: String,
    pub sequence: Option<i64>,
    pub currency: Option<String>,
    pub state: State,
    /// What it comes to; a void takes its original's total off.
    pub amount: Option<Decimal>,
    /// The part of its body that moves money; empty once its time is over.
    pub money: Money,
    /// What a void undoes.
    pub voided: Option<Money>,
    pub deliveries: Vec<Delivery>,
    /// When it was stored.
    pub received_at: Timestamp,
    /// When it happened, by the till's clock.
    pub occurred_at: Timestamp,
}

/// Where a document stands at a destination.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub destination: String,
    pub state: State,
    pub answer: Option<String>,
}

/// The fields of any body that move money. Read by themselves: reading 20,000 whole documents would take seconds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Money {
    pub tenders: Vec<Method>,
    pub refund_tenders: Option<Vec<Method>>,
    #[serde(with = "decimal_text::option")]
    pub change: Option<Decimal>,
    pub opening: Vec<Method>,
    pub method: Option<String>,
    #[serde(with = "decimal_text::option")]
    pub amount: Option<Decimal>,
    pub first_sequence: Option<i64>,
    pub last_sequence: Option<i64>,
    pub sales: Option<Sales>,
    pub drawer: Option<Drawer>,
}

/// A method's amount, balance or opening.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Method {
    pub r#type: Option<String>,
    pub method: String,
    #[serde(with = "decimal_text::option")]
    pub amount: Option<Decimal>,
    #[serde(with = "decimal_text::option")]
    pub cashback: Option<Decimal>,
    #[serde(with = "decimal_text::option")]
    pub expected: Option<Decimal>,
    #[serde(with = "decimal_text::option")]
    pub counted: Option<Decimal>,
    #[serde(with = "decimal_text::option")]
    pub difference: Option<Decimal>,
    pub foreign: Option<serde::de::IgnoredAny>,
}

/// A day's sales as the till summed them.
#[derive(Debug, Clone, Deserialize)]
pub struct Sales {
    #[serde(with = "decimal_text")]
    pub gross: Decimal,
    #[serde(with = "decimal_text")]
    pub returns: Decimal,
}

/// What was in the drawer in the morning.
#[derive(Debug, Clone, Deserialize)]
pub struct Drawer {
    #[serde(with = "decimal_text")]
    pub opening: Decimal,
}

#[derive(Deserialize)]
struct Stored {
    body: Money,
}

fn money_of(body: Option<&str>) -> Option<Money> {
    let stored: Stored = serde_json::from_str(body?).ok()?;
    Some(stored.body)
}

/// The day's documents, oldest first.
pub fn entries(connection: &Connection, question: &Question) -> Result<Vec<Entry>, StoreError> {
    let date = question.date.to_string();
    let mut deliveries = deliveries(connection, &date)?;
    let mut originals = originals(connection, &date)?;
    let mut rows = connection.prepare_cached(
        "SELECT seq, key, COALESCE(conflict_of, key), uid, kind, till, series, sequence, currency, state, total, body, received_at, occurred_at
         FROM documents WHERE business_date = ?1 ORDER BY seq",
    )?;
    let entries = rows.query_map([&date], |row| {
        let seq: i64 = row.get(0)?;
        let (uid, kind, state): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(9)?);
        let total: Option<i64> = row.get(10)?;
        let body: Option<String> = row.get(11)?;
        let original = originals.remove(&seq);
        Ok(Entry {
            key: row.get(1)?,
            base_key: row.get(2)?,
            uid: Uuid::parse_str(&uid).unwrap_or_default(),
            kind: Kind::from_word(&kind).unwrap_or(Kind::TillActivity),
            till: row.get(5)?,
            series: row.get(6)?,
            sequence: row.get(7)?,
            currency: row.get(8)?,
            state: State::from_word(&state).unwrap_or(State::Held),
            amount: match &original {
                Some((total, _)) => total.map(|total| -total),
                None => total.map(money),
            },
            money: money_of(body.as_deref()).unwrap_or_default(),
            voided: original.and_then(|(_, voided)| voided),
            deliveries: deliveries.remove(&seq).unwrap_or_default(),
            received_at: timestamp(row.get(12)?),
            occurred_at: timestamp(row.get(13)?),
        })
    })?;
    let mut entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
    if let Some(tills) = &question.tills {
        entries.retain(|entry| tills.contains(&entry.till));
    }
    Ok(entries)
}

fn deliveries(
    connection: &Connection,
    date: &str,
) -> Result<BTreeMap<i64, Vec<Delivery>>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT d.seq, d.destination, d.state, d.answer FROM documents o JOIN deliveries d USING (seq)
         WHERE o.business_date = ?1 ORDER BY d.seq, d.destination",
    )?;
    let mut found: BTreeMap<i64, Vec<Delivery>> = BTreeMap::new();
    let mut rows = question.query([date])?;
    while let Some(row) = rows.next()? {
        let state: String = row.get(2)?;
        let answer: Option<String> = row.get(3)?;
        let answer: Option<Answer> = answer.and_then(|text| serde_json::from_str(&text).ok());
        found.entry(row.get(0)?).or_default().push(Delivery {
            destination: row.get(1)?,
            state: State::from_word(&state).unwrap_or(State::Held),
            answer: answer.map(|answer| answer.message),
        });
    }
    Ok(found)
}

/// By the seq of the day's voids: total and money of what each undoes.
type Originals = BTreeMap<i64, (Option<Decimal>, Option<Money>)>;

fn originals(connection: &Connection, date: &str) -> Result<Originals, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT v.seq, o.total, o.body FROM documents v JOIN origins g USING (seq)
         JOIN documents o ON o.uid = g.uid AND o.freed = 0
         WHERE v.business_date = ?1 AND v.kind = 'void'",
    )?;
    let rows = question.query_map([date], |row| {
        let total: Option<i64> = row.get(1)?;
        let body: Option<String> = row.get(2)?;
        Ok((row.get(0)?, (total.map(money), money_of(body.as_deref()))))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many days back a till's last number before the day is looked for.
const DAYS_BEFORE: i32 = 14;

/// The last number that each till and series used on the days before, below its first of this day. What is lost
/// between two days would lie in neither. Where numbers begin again after their highest, the last one is not the
/// highest, but the one used last.
pub fn numbers_before(
    connection: &Connection,
    entries: &[Entry],
    question: &Question,
) -> Result<BTreeMap<(String, String), i64>, StoreError> {
    let mut firsts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for entry in entries {
        if let Some(number) = entry.sequence {
            let first = firsts.entry((entry.till.clone(), entry.series.clone()));
            let first = first.or_insert(number);
            *first = number.min(*first);
        }
    }
    let from = question
        .date
        .saturating_sub(Span::new().days(DAYS_BEFORE))
        .to_string();
    let mut highest = connection.prepare_cached(
        "SELECT max(sequence) FROM documents
         WHERE business_date >= ?1 AND business_date < ?2 AND till = ?3 AND series = ?4 AND sequence < ?5",
    )?;
    let mut latest = connection.prepare_cached(
        "SELECT sequence FROM documents
         WHERE business_date >= ?1 AND business_date < ?2 AND till = ?3 AND series = ?4 AND sequence IS NOT NULL
         ORDER BY business_date DESC, occurred_at DESC LIMIT 1",
    )?;
    let mut before = BTreeMap::new();
    for ((till, series), first) in firsts {
        let date = question.date.to_string();
        let found: Option<i64> = if question.wrapping.contains(&till) {
            let last = latest.query_row(params![from, date, till, series], |row| row.get(0));
            last.optional()?
        } else {
            highest.query_row(params![from, date, till, series, first], |row| row.get(0))?
        };
        if let Some(number) = found {
            before.insert((till, series), number);
        }
    }
    Ok(before)
}

/// Takes off the numbers that are stored under another trading day: rung up after midnight, say. Where numbers start
/// again, only a day that is near enough holds the same ones.
pub fn not_stored_elsewhere(
    connection: &Connection,
    missing: Vec<Missing>,
    date: Date,
) -> Result<Vec<Missing>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT sequence FROM documents
         WHERE till = ?1 AND series = ?2 AND sequence BETWEEN ?3 AND ?4 AND business_date BETWEEN ?5 AND ?6
         ORDER BY sequence LIMIT 1",
    )?;
    let mut left = Vec::new();
    for gap in missing {
        let days = gap.days_around.map(|days| Span::new().days(days));
        let first = days.map_or(Date::MIN, |days| date.saturating_sub(days));
        let last = days.map_or(Date::MAX, |days| date.saturating_add(days));
        let (first, last) = (first.to_string(), last.to_string());
        let mut from = gap.from;
        while from <= gap.to {
            let around = params![gap.till, gap.series, from, gap.to, first, last];
            let found: Option<i64> = question.query_row(around, |row| row.get(0)).optional()?;
            let end = found.map_or(gap.to, |number| number - 1);
            if end >= from {
                left.push(Missing {
                    from,
                    to: end,
                    ..gap.clone()
                });
            }
            from = found.map_or(i64::MAX, |number| number.saturating_add(1));
        }
    }
    Ok(left)
}
