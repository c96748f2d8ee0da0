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
    fn json(&self, form: Form) -> Value {
        Value::String(match form {
            Form::Stored => self.0.to_string(),
            Form::Canonical => self.0.normalize().to_string(),
        })
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
            fn json(&self, _: Form) -> Value { Value::String(self.0.clone()) }
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
    fn json(&self, _: Form) -> Value {
        Value::String(self.0.to_string())
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
    fn json(&self, _: Form) -> Value {
        Value::from(self.0)
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
