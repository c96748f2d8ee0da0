//! From a day's documents to its proof. Pure.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use tillpost_shared::currency;
use tillpost_shared::document::Kind;
use uuid::Uuid;

use super::books::{self, Books};
use super::gaps::Missing;
use super::load::{Delivery, Entry};
use super::there::{self, Here};
use super::{
    Acknowledged, Difference, Figure, Gap, Held, HeldThere, Proof, Question, ReadBack, Row, RungUp,
};
use crate::outbox::State;

/// The kind of a row that shows one method's money.
const TENDER: &str = "tender";

/// Whether a document was taken out by a person, and so counts nowhere.
pub fn withdrawn(entry: &Entry) -> bool {
    entry.state == State::Withdrawn
}

/// The proof.
pub fn proof(
    question: &Question,
    entries: &[Entry],
    missing: &[Missing],
    read_back: &ReadBack,
) -> Proof {
    let mut tills: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        tills.entry(&entry.till).or_default().push(entry);
    }
    let (mut rows, mut differences) = (Vec::new(), Vec::new());
    for (till, entries) in &tills {
        let mut sheet = Sheet::new(question, till, read_back);
        sheet.fill(entries);
        differences.append(&mut sheet.differences);
        rows.extend(sheet.rows());
    }
    let overdue = |missing: &&Missing| missing.overdue;
    let gaps = missing.iter().filter(overdue).map(gap).collect();
    differences.extend(missing.iter().map(gap_difference));
    Proof {
        date: question.date.to_string(),
        currency: question.currency.clone(),
        complete: differences.is_empty(),
        rows,
        gaps,
        differences,
        settlements: Vec::new(),
    }
}

fn gap(missing: &Missing) -> Gap {
    Gap {
        till: missing.till.clone(),
        series: missing.series.clone(),
        from: missing.from,
        to: missing.to,
    }
}

fn gap_difference(missing: &Missing) -> Difference {
    let Missing { from, to, .. } = missing;
    let on_its_way = match missing.overdue {
        true => "",
        false => " yet; it may still be on its way",
    };
    let what = if from == to {
        format!("no document has this number{on_its_way}")
    } else {
        format!("no document has the numbers {from} to {to}{on_its_way}")
    };
    Difference {
        key: format!("{}{from}", missing.circle),
        what,
    }
}

/// How many, and how much.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: i64,
    amount: Decimal,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.amount += other.amount;
    }
}

/// A row being summed.
#[derive(Debug, Default)]
struct Sums {
    rung_up: Option<(Option<i64>, Option<Decimal>)>,
    stored: Sum,
    acknowledged: BTreeMap<String, Sum>,
    read_back: BTreeMap<String, Sum>,
}

/// What tells rows of a till apart: whether it is a tender's (those come last), kind, method, foreign currency.
type Name = (bool, &'static str, Option<String>, Option<String>);

/// One till's part of the proof.
struct Sheet<'a> {
    question: &'a Question,
    till: &'a str,
    read_back: &'a ReadBack,
    /// By destination, what stands there under each uid.
    found: BTreeMap<&'a str, BTreeMap<Uuid, Vec<&'a Held>>>,
    sums: BTreeMap<Name, Sums>,
    differences: Vec<Difference>,
}

impl<'a> Sheet<'a> {
    fn new(question: &'a Question, till: &'a str, read_back: &'a ReadBack) -> Self {
        let by_uid = |there: &'a HeldThere| {
            let mut found: BTreeMap<Uuid, Vec<&Held>> = BTreeMap::new();
            for held in &there.found {
                found.entry(held.uid).or_default().push(held);
            }
            found
        };
        Self {
            question,
            till,
            read_back,
            found: read_back
                .iter()
                .map(|(destination, held)| (destination.as_str(), by_uid(held)))
                .collect(),
            sums: BTreeMap::new(),
            differences: Vec::new(),
        }
    }

    fn fill(&mut self, entries: &[&Entry]) {
        let cash_method = books::cash_method(entries);
        let books = Books::of(entries, &cash_method);
        let ranges = books.as_ref().map(|books| books.ranges.as_slice());
        let mut numbers = BTreeSet::new();
        for entry in entries.iter().filter(|entry| !withdrawn(entry)) {
            let mut parts = self.parts(entry, &cash_method);
            if let Some(ranges) = ranges.filter(|_| !self.foreign(entry)) {
                let count = in_day(entry, ranges, &mut numbers);
                let amount = day_amount(entry);
                if count > 0 || !amount.is_zero() {
                    parts.push((name(Kind::DayClose.as_str(), None), Sum { count, amount }));
                }
            }
            self.enter(entry, &parts, &cash_method);
        }
        if let Some(books) = &books {
            self.compare(books);
        }
    }

    fn foreign(&self, entry: &Entry) -> bool {
        let own = &self.question.currency;
        entry
            .currency
            .as_ref()
            .is_some_and(|currency| currency != own)
    }

    /// The rows a document counts in, with what it counts there.
    fn parts(&self, entry: &Entry, cash_method: &str) -> Vec<(Name, Sum)> {
        let currency = entry.currency.clone().filter(|_| self.foreign(entry));
        let one = |amount| Sum { count: 1, amount };
        let mut parts = Vec::new();
        if entry.kind != Kind::DayClose {
            let (tender, kind, method, _) = name(entry.kind.as_str(), None);
            let amount = one(entry.amount.unwrap_or_default());
            parts.push(((tender, kind, method, currency.clone()), amount));
        }
        for (method, amount) in books::moved(entry, cash_method) {
            let (tender, kind, method, _) = name(TENDER, Some(method));
            parts.push(((tender, kind, method, currency.clone()), one(amount)));
        }
        parts
    }

    fn enter(&mut self, entry: &Entry, parts: &[(Name, Sum)], cash_method: &str) {
        for (name, sum) in parts {
            let sums = self.sums.entry(name.clone()).or_default();
            sums.stored.add(*sum);
            for delivery in &entry.deliveries {
                let there = sums.acknowledged.entry(delivery.destination.clone());
                let there = there.or_default();
                if delivery.state == State::Delivered {
                    there.add(*sum);
                }
            }
        }
        for delivery in &entry.deliveries {
            match delivery.state {
                State::Delivered => {
                    self.look_there(entry, &delivery.destination, parts, cash_method);
                }
                State::Waiting | State::Parked | State::Held | State::Withdrawn => {
                    self.differ(&entry.key, not_delivered(delivery));
                }
            }
        }
        if entry.state == State::Held && entry.deliveries.is_empty() {
            self.differ(&entry.key, "held until a person releases it".to_owned());
        }
    }

    /// What stands at a destination that says it holds the document.
    fn look_there(
        &mut self,
        entry: &Entry,
        destination: &str,
        parts: &[(Name, Sum)],
        cash_method: &str,
    ) {
        let asked = self
            .read_back
            .get(destination)
            .is_some_and(|held| held.asked.contains(&entry.uid));
        if !asked {
            return;
        }
        let found = self
            .found
            .get(destination)
            .and_then(|there| there.get(&entry.uid));
        let found = found.cloned().unwrap_or_default();
        let moved = books::moved(entry, cash_method);
        let here = Here {
            kind: entry.kind,
            amount: entry.amount,
            moved: &moved,
        };
        for held in &found {
            for (name, sum) in parts {
                let amount = match &name.2 {
                    Some(method) if name.1 == TENDER => there::method(&here, held, method),
                    _ if sum.amount.is_zero() => Some(Decimal::ZERO),
                    _ => Some(there::total(&here, held)),
                };
                let Some(amount) = amount.filter(|_| name.1 != TENDER || !held.paid.is_empty())
                else {
                    continue;
                };
                let count = sum.count;
                let sums = self.sums.entry(name.clone()).or_default();
                let read = sums.read_back.entry(destination.to_owned()).or_default();
                read.add(Sum { count, amount });
            }
        }
        let money = |amount| self.money(amount);
        for what in there::differences(&here, &found, destination, &money) {
            self.differ(&entry.key, what);
        }
    }

    /// Holds what is stored against what the till says.
    fn compare(&mut self, books: &Books) {
        let day = self.sums.entry(name(Kind::DayClose.as_str(), None));
        let day = day.or_default();
        day.rung_up = (books.count.is_some() || books.amount.is_some())
            .then_some((books.count, books.amount));
        let stored = day.stored.amount;
        let mut wrong = Vec::new();
        if let Some(amount) = books.amount.filter(|amount| *amount != stored) {
            wrong.push(("the day".to_owned(), amount, stored));
        }
        for (method, amount) in &books.methods {
            let sums = self.sums.entry(name(TENDER, Some(method.clone())));
            let sums = sums.or_default();
            sums.rung_up = Some((None, Some(*amount)));
            if *amount != sums.stored.amount {
                wrong.push((method.clone(), *amount, sums.stored.amount));
            }
        }
        for (what, rung_up, stored) in wrong {
            let (rung_up, stored) = (self.money(rung_up), self.money(stored));
            let what = format!("{what}: the till rang up {rung_up}, stored is {stored}");
            self.differ(&books.close_key, what);
        }
    }

    fn differ(&mut self, key: &str, what: String) {
        let key = key.to_owned();
        self.differences.push(Difference { key, what });
    }

    fn money(&self, amount: Decimal) -> String {
        let mut amount = amount.normalize();
        let digits = currency::exponent(&self.question.currency);
        if amount.scale() < digits {
            amount.rescale(digits);
        }
        amount.to_string()
    }

    fn rows(self) -> Vec<Row> {
        let row = |((_, kind, tender, currency), sums): (&Name, &Sums)| {
            let there = |(destination, sum): (&String, &Sum)| Acknowledged {
                destination: destination.clone(),
                count: sum.count,
                amount: self.money(sum.amount),
            };
            Row {
                till: self.till.to_owned(),
                kind,
                tender: tender.clone(),
                currency: currency.clone(),
                rung_up: sums.rung_up.map(|(count, amount)| RungUp {
                    count,
                    amount: amount.map(|amount| self.money(amount)),
                }),
                stored: Figure {
                    count: sums.stored.count,
                    amount: self.money(sums.stored.amount),
                },
                acknowledged: sums.acknowledged.iter().map(there).collect(),
                read_back: sums
                    .acknowledged
                    .keys()
                    .map(|destination| sums.read_back.get_key_value(destination).map(there))
                    .collect(),
            }
        };
        self.sums.iter().map(row).collect()
    }
}

fn name(kind: &'static str, method: Option<String>) -> Name {
    (kind == TENDER, kind, method, None)
}

fn not_delivered(delivery: &Delivery) -> String {
    let Delivery {
        destination, state, ..
    } = delivery;
    let state = state.as_str();
    match &delivery.answer {
        Some(answer) => format!("{state} for {destination}: {answer}"),
        None => format!("{state} for {destination}"),
    }
}

/// Whether the till counts the document among the day's numbers. A number counts once. Without numbers in the close,
/// what was sold, returned or voided counts.
fn in_day(
    entry: &Entry,
    ranges: &[(String, i64, i64)],
    numbers: &mut BTreeSet<(String, i64)>,
) -> i64 {
    if ranges.is_empty() {
        return i64::from(matches!(entry.kind, Kind::Sale | Kind::Return | Kind::Void));
    }
    let Some(number) = entry.sequence else {
        return 0;
    };
    let within = ranges
        .iter()
        .any(|(series, first, last)| *series == entry.series && (*first..=*last).contains(&number));
    i64::from(within && numbers.insert((entry.series.clone(), number)))
}

fn day_amount(entry: &Entry) -> Decimal {
    match entry.kind {
        Kind::Sale | Kind::Return | Kind::Void => entry.amount.unwrap_or_default(),
        Kind::DayOpen
        | Kind::DayClose
        | Kind::CashMovement
        | Kind::TillActivity
        | Kind::Settlement
        | Kind::StockCount
        | Kind::StockMove
        | Kind::Pickup => Decimal::ZERO,
    }
}
