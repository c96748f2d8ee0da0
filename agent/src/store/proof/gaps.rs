//! Numbers that a till used and no document has.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tillpost_shared::document::Kind;
use tillpost_shared::key::Numbers;
use tillpost_shared::scalar::Day;

use super::Question;
use super::load::Entry;

/// Gaps that are told; a till that jumps about has no use for more.
const GAPS_MAX: usize = 1_000;

/// How long a number may be on its way after a later one has come: a till's file, or its second attempt.
const ON_ITS_WAY_MAX: SignedDuration = SignedDuration::from_mins(15);

/// Where numbers start again, another day's number is another document's, unless they run on over the night.
const DAYS_AROUND: i32 = 2;

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
    /// How many days around may hold them instead; any day when `None`, which is where numbers never start again.
    pub days_around: Option<i32>,
    /// Whether it can no longer be on its way.
    pub overdue: bool,
}

/// A number that was used.
#[derive(Clone, Copy)]
struct Used {
    /// Whether a document has it; if not, the till says so.
    stored: bool,
    /// Since when that is known here.
    since: Timestamp,
    /// When its document happened.
    occurred_at: Option<Timestamp>,
}

/// The numbers of one till and series.
#[derive(Default)]
struct Circle {
    numbers: BTreeMap<i64, Used>,
    prefix: String,
}

impl Circle {
    /// A document has it, or (`None`) the day's close names it.
    fn used(&mut self, number: i64, occurred_at: Option<Timestamp>, since: Timestamp) {
        let used = self.numbers.entry(number).or_insert(Used {
            stored: false,
            since,
            occurred_at,
        });
        used.stored |= occurred_at.is_some();
        used.since = used.since.min(since);
        used.occurred_at = used.occurred_at.or(occurred_at);
    }
}

/// Between the first and the last number of the day, as the documents have them and as the day's close names them, and
/// after `before`, the last number of the days before, where numbers run on over the night. Every kind of document uses its number: voids and activity too.
pub fn find(
    entries: &[Entry],
    before: &BTreeMap<(String, String), i64>,
    question: &Question,
) -> Vec<Missing> {
    let mut circles: BTreeMap<(&str, &str), Circle> = BTreeMap::new();
    for entry in entries {
        let place = (entry.till.as_str(), entry.series.as_str());
        if let Some(number) = entry.sequence {
            let circle = circles.entry(place).or_default();
            circle.used(number, Some(entry.occurred_at), entry.received_at);
            if let Some(prefix) = entry.base_key.strip_suffix(&number.to_string()) {
                circle.prefix = prefix.to_owned();
            }
        }
        if entry.kind == Kind::DayClose {
            let ends = [entry.money.first_sequence, entry.money.last_sequence];
            let circle = circles.entry(place).or_default();
            for number in ends.into_iter().flatten() {
                circle.used(number, None, entry.received_at);
            }
            if circle.prefix.is_empty() {
                let parts: Vec<&str> = entry.base_key.split('/').take(CIRCLE_PARTS).collect();
                circle.prefix = format!("{}/", parts.join("/"));
            }
        }
    }
    let mut gaps = Vec::new();
    for ((till, series), circle) in &circles {
        // The date in a key stands before the number: `store/till/series/2026-10-31/4711`.
        let restarts = circle.prefix.matches('/').count() > CIRCLE_PARTS
            || question.numbering.of(till, Day(question.date)) == Numbers::Restart;
        let before = before.get(&((*till).to_owned(), (*series).to_owned()));
        let runs_on = !restarts || question.wrapping.contains(*till);
        let known = before.filter(|_| runs_on).copied();
        for (from, to, since) in holes(circle, known, restarts) {
            gaps.push(Missing {
                till: (*till).to_owned(),
                series: (*series).to_owned(),
                from,
                to,
                circle: circle.prefix.clone(),
                days_around: restarts.then_some(if runs_on { DAYS_AROUND } else { 0 }),
                overdue: question.now.duration_since(since) >= ON_ITS_WAY_MAX,
            });
        }
    }
    gaps.truncate(GAPS_MAX);
    gaps
}

/// What is missing, with the time since when it is known to be. `before`: the last number before the day. If that is
/// the higher one, they began again overnight, and what the highest was, nobody knows.
fn holes(circle: &Circle, before: Option<i64>, restarts: bool) -> Vec<(i64, i64, Timestamp)> {
    let wrap = if restarts { wrapped_at(circle) } else { None };
    let mut gaps: Vec<(i64, i64, Timestamp)> = Vec::new();
    let after = |number: i64| number.saturating_add(1);
    let begun = before.map(after);
    let mut expected = begun.filter(|_| wrap.is_none());
    for (&number, used) in &circle.numbers {
        if wrap == Some(number) {
            expected = begun;
        }
        let from = expected.filter(|from| *from < number).unwrap_or(number);
        let to = if used.stored { number - 1 } else { number };
        match gaps.last_mut() {
            Some(last) if last.1 + 1 == from && from <= to => {
                last.1 = to;
                last.2 = last.2.min(used.since);
            }
            _ if from <= to => gaps.push((from, to, used.since)),
            _ => {}
        }
        expected = Some(after(number));
    }
    gaps
}

/// Where numbers start again after their highest, a day has a low and a high end with nothing between: the first
/// number of the high end. A hole that wide is no gap; it is wider than everything that was used, and the high end was
/// used first. Where numbers only begin again every morning, the low end was: then what lies between is missing.
fn wrapped_at(circle: &Circle) -> Option<i64> {
    let numbers: Vec<i64> = circle.numbers.keys().copied().collect();
    let used = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
    let widest = numbers.windows(2).max_by_key(|pair| pair[1] - pair[0])?;
    // Half of the circle at least, and more than the whole day.
    let hole = widest[1] - widest[0];
    let first = |numbers: std::ops::Range<i64>| {
        let mut own = circle.numbers.range(numbers);
        own.find_map(|(_, used)| used.occurred_at)
    };
    let (low, high) = (first(i64::MIN..widest[1]), first(widest[1]..i64::MAX));
    let begun_high = high.zip(low).is_some_and(|(high, low)| high <= low);
    (hole > used && hole > widest[1] / 2 && begun_high).then_some(widest[1])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(&[1, 2, 3], None, false, &[])]
    #[case::inside(&[1, 4], None, false, &[(2, 3)])]
    #[case::between_two_days(&[8, 9], Some(5), false, &[(6, 7)])]
    #[case::follows_the_day_before(&[6, 7], Some(5), false, &[])]
    #[case::wrapped(&[9998, 9999, 1, 2], None, true, &[])]
    #[case::wrapped_with_a_gap(&[9997, 9999, 1, 3], None, true, &[(2, 2), (9998, 9998)])]
    #[case::wrapped_after_a_gap(&[9998, 9999, 1, 2], Some(9995), true, &[(9996, 9997)])]
    #[case::wrapped_and_complete(&[9998, 9999, 1, 2], Some(9997), true, &[])]
    #[case::wrapping_on_a_day_like_others(&[41, 42], Some(38), true, &[(39, 40)])]
    #[case::wrapped_overnight(&[1, 2, 4], Some(9998), true, &[(3, 3)])]
    #[case::daily(&[1, 2, 5, 6, 7], None, true, &[(3, 4)])]
    #[case::daily_with_more_missing_than_there(&[1, 2, 9], None, true, &[(3, 8)])]
    #[case::wrapped_and_daily_look_alike_but_for_their_order(&[1, 2, 9998, 9999], None, true, &[(3, 9997)])]
    #[case::a_jump_is_told_where_numbers_never_start_again(&[1, 2, 9998], None, false, &[(3, 9997)])]
    fn missing_numbers(
        #[case] numbers: &[i64],
        #[case] before: Option<i64>,
        #[case] restarts: bool,
        #[case] expected: &[(i64, i64)],
    ) {
        let mut circle = Circle::default();
        // They were used in the order in which they stand.
        for (second, number) in (0..).zip(numbers) {
            let at = Timestamp::from_second(second).unwrap();
            circle.used(*number, Some(at), Timestamp::UNIX_EPOCH);
        }
        let found = holes(&circle, before, restarts);
        let found: Vec<(i64, i64)> = found.iter().map(|(from, to, _)| (*from, *to)).collect();
        assert_eq!(found, expected);
    }
}
