//! A shop that rings up sales, returns, voids, exchanges, cash movements, counts and day ends, as JSON documents.
//!
//! Money is whole cents, quantities are thousandths, tax rates are per mille: integer arithmetic that shares nothing
//! with the agent's decimals.

pub mod count;
pub mod day;
pub mod drawer;
pub mod floor;
pub mod goods;
pub mod hard;
pub mod receipt;
pub mod sample;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use uuid::{Uuid, uuid};

/// The shop's time zone.
pub const ZONE: &str = "Europe/Zurich";
/// The namespace of all uids.
const NAMESPACE: Uuid = uuid!("ad098afa-dbb8-5baf-9e7e-32c8865d6129");
/// The till's name of notes and coins.
pub const CASH: &str = "CASH";
/// The till's name of the card terminal.
pub const CARD: &str = "CARD";

/// An article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub sku: String,
    pub barcode: String,
    pub name: String,
    /// Price of one unit in cents, tax included.
    pub price: i64,
    /// Tax rate in per mille.
    pub rate: i64,
    /// Sold by the kilogram.
    pub weighed: bool,
}

impl Product {
    pub fn unit(&self) -> &'static str {
        if self.weighed { "kg" } else { "EA" }
    }
}

/// The shop's range: forty articles, two tax rates, four of them weighed.
pub fn range() -> Vec<Product> {
    let make = |n: i64| Product {
        sku: format!("TP-{n:03}"),
        barcode: barcode(n),
        name: format!("Article {n}"),
        price: 95 + (n * n * 37) % 4900,
        rate: if n % 3 == 0 { 26 } else { 81 },
        weighed: n % 10 == 0,
    };
    (1..=40).map(make).collect()
}

/// An EAN-13 with its check digit.
fn barcode(n: i64) -> String {
    let digits = format!("76130{n:07}");
    let weigh = |(place, digit): (usize, char)| {
        let digit = digit.to_digit(10).unwrap();
        if place % 2 == 0 { digit } else { 3 * digit }
    };
    let sum: u32 = digits.chars().enumerate().map(weigh).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// A tax rate in per cent, as in `8.1`.
pub fn per_cent(rate: i64) -> String {
    crate::figures::quantity(rate * 100)
}

/// The till's code of a tax rate.
pub fn tax_code(rate: i64) -> String {
    format!("V{rate}")
}

/// The tax in a gross amount, rounded to cents, halves away from zero.
pub fn tax_in(gross: i64, rate: i64) -> i64 {
    divide(gross * rate, 1000 + rate)
}

/// Division rounded to the nearest whole number, halves away from zero.
pub fn divide(number: i64, by: i64) -> i64 {
    let rounded = (2 * number.abs() + by) / (2 * by);
    rounded * number.signum()
}

/// The uid of what `till` calls `sequence`.
pub fn uid(till: &str, sequence: u64) -> Uuid {
    uid_of_key(&key(till, sequence))
}

/// The key of what `till` calls `sequence`.
pub fn key(till: &str, sequence: u64) -> String {
    format!("{}/{till}/0/{sequence}", crate::home::STORE)
}

/// The uid of a key.
pub fn uid_of_key(key: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, key.as_bytes())
}

/// The uid of a part of a document, as in `line/1`.
pub fn part(uid: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&uid, name.as_bytes())
}

/// What the clock says.
pub fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "days that lie just behind us are wanted"
    )]
    Timestamp::now()
}

/// The shop's last whole trading day.
pub fn yesterday() -> Date {
    let now = now();
    let zone = TimeZone::get(ZONE).unwrap();
    // Before the cut-off at four, yesterday is still open.
    let date = now
        .to_zoned(zone)
        .saturating_sub(Span::new().hours(4))
        .date();
    date.yesterday().unwrap()
}

/// A moment of a day, in seconds after eight in the morning.
pub fn moment(date: Date, seconds: i64) -> Timestamp {
    let zone = TimeZone::get(ZONE).unwrap();
    let eight = date.at(8, 0, 0, 0).to_zoned(zone).unwrap().timestamp();
    eight.checked_add(Span::new().seconds(seconds)).unwrap()
}

/// A moment as a till writes it, by the shop's clock, as in `2026-11-20T08:01:00+01:00`.
pub fn local(at: Timestamp) -> String {
    let zone = TimeZone::get(ZONE).unwrap();
    at.to_zoned(zone)
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uid_is_the_contracts() {
        let expected = uuid!("4636ef54-b9db-52a8-b215-fe307dff173b");
        assert_eq!(uid("3", 4711), expected);
    }

    #[test]
    fn tax_is_rounded_to_the_nearest_cent_away_from_zero() {
        assert_eq!(
            [
                tax_in(1081, 81),
                tax_in(-1081, 81),
                tax_in(495, 26),
                tax_in(7, 81)
            ],
            [81, -81, 13, 1]
        );
        assert_eq!([divide(5, 10), divide(-5, 10), divide(4, 10)], [1, -1, 0]);
    }

    #[test]
    fn articles_are_told_apart_by_sku_and_barcode() {
        let range = range();
        let skus: std::collections::BTreeSet<_> = range.iter().map(|p| &p.sku).collect();
        let barcodes: std::collections::BTreeSet<_> = range.iter().map(|p| &p.barcode).collect();
        assert_eq!((skus.len(), barcodes.len()), (40, 40));
    }
}
