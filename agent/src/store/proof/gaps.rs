//! Numbers that a till used and no document has.

use std::collections::BTreeMap;

use tillpost_shared::document::Kind;

use super::load::Entry;

/// Gaps that are told; a till that jumps about has no use for more.
const GAPS_MAX: usize = 1_000;

/// Store, till and series stand before a number in its key.
const CIRCLE_PARTS: usize = 3;

/// Numbers that are missing, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub till: String,
    pub series: String,
    pub from: i64,
    pub to: i64,
    /// What stands before the number in its key.
    pub circle: String,
    /// Whether the till's numbers start again, so that other days' numbers say nothing.
    pub restarts: bool,
}

/// The numbers of one till and series.
#[derive(Default)]
struct Circle {
    /// The numbers that documents have, and the ends of what the till says it used; `true` where there is a document.
    numbers: BTreeMap<i64, bool>,
    prefix: String,
}

/// Between the first and the last number of the day, as the documents have them and as the day's close names them.
pub fn find(entries: &[Entry]) -> Vec<Missing> {
    let mut circles: BTreeMap<(&str, &str), Circle> = BTreeMap::new();
    for entry in entries {
        let place = (entry.till.as_str(), entry.series.as_str());
        if let Some(number) = entry.sequence {
            let circle = circles.entry(place).or_default();
            circle.numbers.insert(number, true);
            if let Some(prefix) = entry.base_key.strip_suffix(&number.to_string()) {
                circle.prefix = prefix.to_owned();
            }
        }
        if entry.kind == Kind::DayClose {
            let ends = [entry.money.first_sequence, entry.money.last_sequence];
            let circle = circles.entry(place).or_default();
            for number in ends.into_iter().flatten() {
                circle.numbers.entry(number).or_insert(false);
            }
            if circle.prefix.is_empty() {
                let parts: Vec<&str> = entry.base_key.split('/').take(CIRCLE_PARTS).collect();
                circle.prefix = format!("{}/", parts.join("/"));
            }
        }
    }
    let gaps = circles
        .iter()
        .flat_map(|((till, series), circle)| holes(till, series, circle));
    gaps.take(GAPS_MAX).collect()
}

fn holes(till: &str, series: &str, circle: &Circle) -> Vec<Missing> {
    // The date in a key stands before the number: `store/till/series/2026-10-31/4711`.
    let restarts = circle.prefix.matches('/').count() > CIRCLE_PARTS;
    let missing = |from, to| Missing {
        till: till.to_owned(),
        series: series.to_owned(),
        from,
        to,
        circle: circle.prefix.clone(),
        restarts,
    };
    let mut gaps: Vec<Missing> = Vec::new();
    let mut expected = None;
    for (&number, &stored) in &circle.numbers {
        let from = expected.filter(|from| *from < number).unwrap_or(number);
        let to = if stored { number - 1 } else { number };
        match gaps.last_mut() {
            Some(last) if last.to + 1 == from && from <= to => last.to = to,
            _ if from <= to => gaps.push(missing(from, to)),
            _ => {}
        }
        expected = Some(number.saturating_add(1));
    }
    gaps
}
