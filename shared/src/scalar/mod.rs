//! The small values that documents are made of: money, quantities, codes, texts, times and dates.
//!
//! Parsed once, on the way in: whoever holds one of these need not check it again.

mod open;
mod time;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use uuid::Uuid;

pub use self::open::{Counts, Ext, Verbatim};
pub use self::time::{Day, Moment};
use crate::problem::Code as ProblemCode;
use crate::shape::{Form, Place, Shape, type_name};
use crate::write::{write_plain, write_text};

/// Digits before the decimal point that any number may have.
pub const INTEGER_DIGITS_MAX: usize = 12;
/// Digits after the decimal point of money and quantities.
pub const FRACTION_DIGITS_MAX: usize = 6;
/// Digits after the decimal point of a unit price.
pub const PRICE_FRACTION_DIGITS_MAX: usize = 8;
/// Length of a store, till, series, count or part code.
pub const CODE_MAX: usize = 32;
/// Length of other codes and references, in characters.
pub const TEXT_MAX: usize = 64;
/// Length of names and notes, in characters.
pub const NOTE_MAX: usize = 256;

/// An exact decimal with at most `SCALE` digits after the point. JSON: a decimal string; a number without exponent
/// is read by its literal text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Exact<const SCALE: usize>(pub Decimal);

/// Money or a quantity.
pub type Amount = Exact<FRACTION_DIGITS_MAX>;
/// A price of one unit, before discounts.
pub type Price = Exact<PRICE_FRACTION_DIGITS_MAX>;

impl<const SCALE: usize> Exact<SCALE> {
    /// Reads decimal text: an optional minus, digits, and optionally a point and digits. No exponent, no blanks.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !numeric(whole) || !numeric(fraction) {
            return None;
        }
        if whole.len() > INTEGER_DIGITS_MAX || fraction.len() > SCALE {
            return None;
        }
        let mut value = Decimal::from_str(text).ok()?;
        if value.is_zero() {
            value.set_sign_positive(true);
        }
        Some(Self(value))
    }
}

impl<const SCALE: usize> fmt::Display for Exact<SCALE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const SCALE: usize> Shape for Exact<SCALE> {
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let text = literal(value, place, "a decimal")?;
        Self::parse(&text).or_else(|| {
            place.refuse(
                ProblemCode::BadValue,
                format!(
                    "expected a decimal such as \"12.50\", at most {INTEGER_DIGITS_MAX} digits before and {SCALE} after the point"
                ),
            )
        })
    }
    fn write(&self, form: Form, out: &mut String) {
        match form {
            Form::Stored => write_plain(self.0, out),
            Form::Canonical => write_plain(self.0.normalize(), out),
        }
    }
}

impl<const SCALE: usize> JsonSchema for Exact<SCALE> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Decimal{SCALE}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "pattern": format!("^-?[0-9]{{1,{INTEGER_DIGITS_MAX}}}(\\.[0-9]{{1,{SCALE}}})?$"),
        })
    }
}

/// The text of a number: a string, or a JSON number as it was written.
fn literal(value: Value, place: &mut Place, expected: &str) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            let found = type_name(&value);
            place.refuse(
                ProblemCode::WrongType,
                format!("expected {expected}, found {found}"),
            )
        }
    }
}

/// What every text of a document shares: it is a string, checked by a rule of its own.
fn read_text<T>(
    value: Value,
    place: &mut Place,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Option<T> {
    let Value::String(text) = value else {
        return place.refuse(
            ProblemCode::WrongType,
            format!("expected a text, found {}", type_name(&value)),
        );
    };
    parse(&text).or_else(|| place.refuse(ProblemCode::BadValue, format!("expected {expected}")))
}

macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident, $expected:expr, $schema:expr, $parse:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);
        impl $name {
            /// Reads it, or `None` where the rule is broken.
            pub fn parse(text: &str) -> Option<Self> {
                let parse: fn(&str) -> Option<String> = $parse;
                parse(text).map(Self)
            }
            /// The text itself.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }
        impl Shape for $name {
            fn read(value: Value, place: &mut Place) -> Option<Self> {
                read_text(value, place, Self::parse, $expected)
            }
            fn write(&self, _: Form, out: &mut String) { write_text(&self.0, out); }
        }
        impl JsonSchema for $name {
            fn inline_schema() -> bool { true }
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut SchemaGenerator) -> Schema { $schema }
        }
    };
}

text_type!(
    /// A store, till, series, count, part, provider, terminal or batch code; case matters.
    Code,
    "1 to 32 of A-Z a-z 0-9 . _ -",
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,32}$" }),
    |text| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        ((1..=CODE_MAX).contains(&text.len()) && text.bytes().all(legal)).then(|| text.to_owned())
    }
);

text_type!(
    /// Any other code or reference; blanks around it are taken off.
    Text,
    "a text of 1 to 64 characters",
    // Between the blanks that are taken off.
    json_schema!({ "type": "string", "pattern": "^\\s*\\S([\\s\\S]{0,62}\\S)?\\s*$" }),
    |text| {
        let text = text.trim();
        (1..=TEXT_MAX)
            .contains(&text.chars().count())
            .then(|| text.to_owned())
    }
);

text_type!(
    /// A name or a note; may be empty.
    Note,
    "a text of at most 256 characters",
    json_schema!({ "type": "string", "pattern": "^\\s*([\\s\\S]{0,255}\\S)?\\s*$" }),
    |text| {
        let text = text.trim();
        (text.chars().count() <= NOTE_MAX).then(|| text.to_owned())
    }
);

text_type!(
    /// An ISO 4217 currency code.
    Currency,
    "an ISO 4217 currency code such as CHF",
    json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
    |text| crate::currency::known(text).then(|| text.to_owned())
);

/// The uid of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub Uuid);

impl Shape for Uid {
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let parse = |text: &str| Uuid::parse_str(text).ok().map(Self);
        read_text(value, place, parse, "a UUID")
    }
    fn write(&self, _: Form, out: &mut String) {
        write_plain(self.0, out);
    }
}

impl JsonSchema for Uid {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Uid".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}

/// A whole number a till counts with: 0 or more. A string of digits is read too, without its leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub i64);

impl Shape for Number {
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let text = literal(value, place, "a whole number")?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten().map(Self);
        number.or_else(|| place.refuse(ProblemCode::BadValue, "expected a whole number, 0 or more"))
    }
    fn write(&self, _: Form, out: &mut String) {
        out.push_str(&self.0.to_string());
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::shape::Place;

    fn read<T: Shape>(value: Value) -> Option<Value> {
        let mut place = Place::default();
        let read = T::read(value, &mut place);
        assert_eq!(
            read.is_none(),
            !place.problems.is_empty(),
            "a problem for what is not read"
        );
        read.map(|read| serde_json::from_str(&read.text(Form::Stored)).unwrap())
    }

    #[rstest]
    #[case(json!("12.50"), Some("12.50"))]
    #[case(json!("-12.50"), Some("-12.50"))]
    #[case(json!("-0.00"), Some("0.00"))]
    #[case(json!("007"), Some("7"))]
    #[case(json!(12), Some("12"))]
    #[case(json!("999999999999.999999"), Some("999999999999.999999"))]
    #[case(json!("1000000000000"), None)]
    #[case(json!("0.0000001"), None)]
    #[case(json!(".5"), None)]
    #[case(json!("5."), None)]
    #[case(json!("+5"), None)]
    #[case(json!("1e3"), None)]
    #[case(json!("1_000"), None)]
    #[case(json!(" 1"), None)]
    #[case(json!("1,50"), None)]
    #[case(json!("--1"), None)]
    #[case(json!(""), None)]
    #[case(json!(true), None)]
    fn an_amount_is_a_plain_decimal(#[case] value: Value, #[case] expected: Option<&str>) {
        assert_eq!(read::<Amount>(value), expected.map(Value::from));
    }

    #[test]
    fn a_json_number_is_read_by_its_literal_text() {
        let number = |text: &str| read::<Amount>(serde_json::from_str(text).unwrap());
        assert_eq!(number("19.90"), Some(json!("19.90")));
        assert_eq!(number("0.1"), Some(json!("0.1")));
        assert_eq!(number("1e2"), None);
    }

    #[test]
    fn a_price_of_one_unit_may_be_finer() {
        assert_eq!(
            read::<Price>(json!("0.00000001")),
            Some(json!("0.00000001"))
        );
        assert_eq!(read::<Price>(json!("0.000000001")), None);
    }

    #[rstest]
    #[case(json!(0), Some(0))]
    #[case(json!("007"), Some(7))]
    #[case(json!(-1), None)]
    #[case(json!("-1"), None)]
    #[case(json!("1.0"), None)]
    #[case(json!(""), None)]
    #[case(json!("9223372036854775807"), Some(i64::MAX))]
    #[case(json!("9223372036854775808"), None)]
    fn a_number_is_whole_and_not_negative(#[case] value: Value, #[case] expected: Option<i64>) {
        assert_eq!(read::<Number>(value), expected.map(Value::from));
    }

    #[rstest]
    #[case("ZH01", true)]
    #[case("a.b_c-d", true)]
    #[case("x".repeat(32), true)]
    #[case("x".repeat(33), false)]
    #[case("", false)]
    #[case("a b", false)]
    #[case("a/b", false)]
    #[case("é", false)]
    fn a_code_is_short_and_plain(#[case] text: impl Into<String>, #[case] legal: bool) {
        assert_eq!(read::<Code>(json!(text.into())).is_some(), legal);
    }

    #[test]
    fn texts_are_trimmed_and_counted_in_characters() {
        let long = |n: usize| "é".repeat(n);
        assert_eq!(read::<Text>(json!("  A 1 ")), Some(json!("A 1")));
        assert_eq!(read::<Text>(json!(" ")), None);
        assert!(read::<Text>(json!(long(64))).is_some());
        assert!(read::<Text>(json!(long(65))).is_none());
        assert_eq!(read::<Note>(json!(" ")), Some(json!("")));
        assert!(read::<Note>(json!(long(256))).is_some());
        assert!(read::<Note>(json!(long(257))).is_none());
    }

    #[test]
    fn a_currency_is_one_of_iso_4217() {
        assert!(read::<Currency>(json!("CHF")).is_some());
        assert!(read::<Currency>(json!("chf")).is_none());
        assert!(read::<Currency>(json!("XXX")).is_none());
    }

    #[rstest]
    #[case("4636EF54-B9DB-52A8-B215-FE307DFF173B", true)]
    #[case("4711", false)]
    fn a_uid_is_a_uuid(#[case] text: &str, #[case] legal: bool) {
        let expected = legal.then(|| json!(text.to_lowercase()));
        assert_eq!(read::<Uid>(json!(text)), expected);
    }

    proptest! {
        #[test]
        fn what_is_read_as_an_amount_is_written_so_that_it_reads_the_same(text in "-?[0-9]{1,13}(\\.[0-9]{1,7})?") {
            if let Some(amount) = Amount::parse(&text) {
                prop_assert_eq!(Amount::parse(&amount.to_string()), Some(amount));
            }
        }
    }
}
