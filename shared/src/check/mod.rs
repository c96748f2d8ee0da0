//! What is held and what is flagged.
//!
//! A sale that happened is never turned away because a check disliked it: what cannot be right is held until a person
//! has looked, what is merely odd is flagged and delivered. Only what a document must say to be understood at all
//! ([`required`]) refuses it. Where the sums of a till may differ by its rounding there is a tolerance, in units of
//! the currency's smallest one; within it the difference is flagged, beyond it the document is held.

pub mod approval;
mod day;
mod line;
#[cfg(test)]
mod random;
mod required;
mod sale;
mod scale;
mod stock;
mod tax;
mod tender;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

pub use self::required::{TILLS_RESERVED, required};
use crate::currency;
use crate::document::{Body, Document, Head};
use crate::problem::{Code, Problem};
use crate::scalar::Day;

/// How far a till's clock may run ahead of the agent's.
pub const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);
/// How late a document may come.
pub const LATE_MAX: SignedDuration = SignedDuration::from_hours(60 * 24);
/// How many days the trading day may lie before the local date.
pub const DAYS_BEFORE_MAX: i32 = 2;
/// How many days the trading day may lie after the local date.
pub const DAYS_AFTER_MAX: i32 = 1;

/// Which store checks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The store's zone.
    pub zone: &'a TimeZone,
    /// The document's trading day.
    pub business_date: Day,
    /// When the agent received the document.
    pub received_at: Timestamp,
}

/// A document's currency, as its money is checked.
#[derive(Debug, Clone, Copy)]
struct Money<'a> {
    code: &'a str,
    /// The smallest unit.
    unit: Decimal,
}

impl Money<'_> {
    fn of(head: &Head) -> Option<Money<'_>> {
        let code = head.currency.as_ref()?.as_str();
        let unit = currency::smallest_unit(code);
        Some(Money { code, unit })
    }

    /// So many smallest units.
    fn units(&self, count: usize) -> Decimal {
        self.unit * Decimal::from(count)
    }
}

/// Everything that is held or flagged.
pub fn check(document: &Document, context: Context<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    dates(&document.head, context, &mut problems);
    match &document.body {
        Body::StockCount(count) => stock::count(count, &mut problems),
        Body::StockMove(moved) => stock::moved(moved, &mut problems),
        Body::Pickup(pickup) => stock::pickup(pickup, &mut problems),
        Body::Sale(_)
        | Body::Return(_)
        | Body::Void(_)
        | Body::DayOpen(_)
        | Body::DayClose(_)
        | Body::CashMovement(_)
        | Body::TillActivity(_)
        | Body::Settlement(_) => {
            // Without a currency there is no money in it: `required` saw to that.
            if let Some(money) = Money::of(&document.head) {
                scale::amounts(&document.body, money, &mut problems);
                money_checks(document, money, &mut problems);
            }
        }
    }
    problems
}

fn money_checks(document: &Document, money: Money<'_>, problems: &mut Vec<Problem>) {
    match &document.body {
        Body::Sale(body) | Body::Return(body) => {
            sale::check(document.head.kind, body, money, problems);
        }
        Body::Void(void) => sale::check_void(void, money, problems),
        Body::DayClose(close) => day::close(close, money, problems),
        Body::CashMovement(movement) => day::movement(movement, money, problems),
        Body::DayOpen(_)
        | Body::TillActivity(_)
        | Body::Settlement(_)
        | Body::StockCount(_)
        | Body::StockMove(_)
        | Body::Pickup(_) => {}
    }
}

fn dates(head: &Head, context: Context<'_>, problems: &mut Vec<Problem>) {
    let occurred_at = head.occurred_at.at();
    let age = context.received_at.duration_since(occurred_at);
    if age < -CLOCK_AHEAD_MAX {
        let message = "the document is from the future: the till's clock runs ahead of the agent's";
        problems.push(Problem::flag(Code::ClockAhead, "occurred_at", message));
    }
    if age > LATE_MAX {
        let message = format!(
            "received more than {} days after it happened",
            LATE_MAX.as_hours() / 24
        );
        problems.push(Problem::flag(Code::VeryLate, "occurred_at", message));
    }
    let local = occurred_at.to_zoned(context.zone.clone()).date();
    // Days, because a span between two dates has no larger unit unless asked for.
    let days = local
        .until(context.business_date.0)
        .map_or(i32::MAX, |span| span.get_days());
    if !(-DAYS_BEFORE_MAX..=DAYS_AFTER_MAX).contains(&days) {
        let message = "the trading day is far from the day on which it happened";
        problems.push(Problem::flag(
            Code::BusinessDateOdd,
            "business_date",
            message,
        ));
    }
}

/// Flags a difference within the tolerance and holds one beyond it; none is no problem.
fn within(
    difference: Decimal,
    tolerance: Decimal,
    code: Code,
    path: &str,
    message: impl Fn() -> String,
) -> Option<Problem> {
    if difference.is_zero() {
        None
    } else if difference.abs() <= tolerance {
        Some(Problem::flag(code, path, message()))
    } else {
        Some(Problem::held(code, path, message()))
    }
}

/// Whether two amounts have opposite signs; 0 has none.
fn opposite(one: Decimal, other: Decimal) -> bool {
    !one.is_zero() && !other.is_zero() && one.is_sign_negative() != other.is_sign_negative()
}

/// Lines are told apart by their numbers, and a destination by the uids made of them.
fn repeated_lines(lines: impl Iterator<Item = i64>, problems: &mut Vec<Problem>) {
    let mut numbers: Vec<(i64, usize)> = lines.enumerate().map(|(index, n)| (n, index)).collect();
    numbers.sort_unstable();
    for pair in numbers.windows(2) {
        if let [(first, _), (second, index)] = pair
            && first == second
        {
            let path = line_path(*index, "line");
            let message = "another line has this number already";
            problems.push(Problem::held(Code::RepeatedLine, &path, message));
        }
    }
}

/// Where a field of a line stands.
fn line_path(index: usize, field: &str) -> String {
    format!("body.lines[{index}].{field}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::sample::{problems, sale, with};

    #[rstest]
    // The sample is received at 2026-10-30T19:00:00+01:00.
    #[case("2026-10-30T19:05:00+01:00", &[])]
    #[case("2026-10-30T19:05:01+01:00", &["flag clock_ahead occurred_at"])]
    #[case("2026-08-31T20:00:00+02:00", &[])]
    #[case("2026-08-31T19:59:59+02:00", &["flag very_late occurred_at"])]
    fn a_wrong_clock_and_a_late_document_are_flagged(
        #[case] occurred_at: &str,
        #[case] expected: &[&str],
    ) {
        assert_eq!(
            problems(with(sale(), "/occurred_at", occurred_at)),
            expected
        );
    }

    #[rstest]
    #[case("2026-10-27", true)]
    #[case("2026-10-28", false)]
    #[case("2026-10-30", false)]
    #[case("2026-10-31", false)]
    #[case("2026-11-01", true)]
    #[case("2024-10-30", true)]
    fn a_trading_day_far_from_the_date_is_flagged(#[case] date: &str, #[case] odd: bool) {
        let expected = ["flag business_date_odd business_date"];
        let found = problems(with(sale(), "/business_date", date));
        assert_eq!(found, expected[..usize::from(odd)]);
    }

    #[test]
    fn the_date_of_a_document_is_the_stores_own() {
        // Already the 31st in Zurich.
        let late = with(sale(), "/occurred_at", "2026-10-30T23:30:00Z");
        let found = problems(with(late, "/business_date", "2026-11-01"));
        assert_eq!(found, ["flag clock_ahead occurred_at"]);
    }
}
