//! The small values that documents are made of: money, quantities, codes, texts, times and dates.
//!
//! Parsed once, on the way in: whoever holds one of these need not check it again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::{Timestamp, civil};
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::problem::Code as ProblemCode;
use crate::shape::{Place, Shape, type_name};

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
        let text = match value {
            Value::String(text) => text,
            // With arbitrary precision a number prints as it was written.
            Value::Number(number) => number.to_string(),
            other => {
                return place.refuse(
                    ProblemCode::WrongType,
                    format!("expected a decimal, found {}", type_name(&other)),
                );
            }
        };
        Self::parse(&text).or_else(|| {
            place.refuse(
                ProblemCode::BadValue,
                format!(
                    "expected a decimal such as \"12.50\", at most {INTEGER_DIGITS_MAX} digits before and {SCALE} after the point"
                ),
            )
        })
    }
    fn write(&self) -> Option<Value> {
        Some(Value::String(self.0.to_string()))
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
            fn write(&self) -> Option<Value> { Some(Value::String(self.0.clone())) }
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
    json_schema!({ "type": "string", "minLength": 1 }),
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
    json_schema!({ "type": "string" }),
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

/// An instant as the till wrote it: RFC 3339 with an offset. Equal when the instant is equal.
#[derive(Debug, Clone)]
pub struct Moment {
    at: Timestamp,
    text: String,
}

impl Moment {
    /// Reads RFC 3339 text with an offset.
    pub fn parse(text: &str) -> Option<Self> {
        // jiff also reads shorter ISO 8601 forms; RFC 3339 wants date, time to the second, and offset.
        let bytes = text.as_bytes();
        let plain = bytes.len() >= 20
            && bytes[4] == b'-'
            && bytes[7] == b'-'
            && matches!(bytes[10], b'T' | b't' | b' ')
            && bytes[13] == b':'
            && bytes[16] == b':'
            && !text.contains('[');
        let at = plain.then(|| text.parse::<Timestamp>().ok()).flatten()?;
        Some(Self {
            at,
            text: text.to_owned(),
        })
    }
    /// The instant.
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// As the till wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self {
            at,
            text: at.to_string(),
        }
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}
impl Eq for Moment {}

impl Shape for Moment {
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let expected = "a time such as 2026-11-20T17:03:11+01:00, with its offset";
        read_text(value, place, Self::parse, expected)
    }
    fn write(&self) -> Option<Value> {
        Some(Value::String(self.text.clone()))
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A calendar date, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub civil::Date);

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 10 && text.as_bytes()[0].is_ascii_digit();
        plain.then(|| text.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Shape for Day {
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        read_text(value, place, Self::parse, "a date such as 2026-11-20")
    }
    fn write(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

/// A whole number a till counts with: 0 or more. A string of digits is read too, without its leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub i64);

impl Shape for Number {
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => {
                return place.refuse(
                    ProblemCode::WrongType,
                    format!("expected a whole number, found {}", type_name(&other)),
                );
            }
        };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten().map(Self);
        number.or_else(|| place.refuse(ProblemCode::BadValue, "expected a whole number, 0 or more"))
    }
    fn write(&self) -> Option<Value> {
        Some(Value::from(self.0))
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

/// Counters of a day end, each a whole number, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
pub struct Counts(
    #[schemars(with = "std::collections::BTreeMap<String, i64>")] pub Vec<(String, i64)>,
);

impl Shape for Counts {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let object = place.object(value)?;
        let mut counts = Vec::with_capacity(object.len());
        for (name, value) in object {
            match value.as_i64() {
                Some(count) => counts.push((name, count)),
                None => {
                    place.refuse::<()>(ProblemCode::BadValue, "expected whole numbers by name");
                }
            }
        }
        Some(Self(counts))
    }
    fn write(&self) -> Option<Value> {
        if self.0.is_empty() {
            return None;
        }
        let pairs = self.0.iter().map(|(n, c)| (n.clone(), Value::from(*c)));
        Some(Value::Object(pairs.collect()))
    }
}

/// JSON that is copied as it is, numbers by their literal text: `fiscal`.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub struct Verbatim(#[schemars(with = "Value")] pub Value);

impl Shape for Verbatim {
    fn read(value: Value, _: &mut Place) -> Option<Self> {
        Some(Self(value))
    }
    fn write(&self) -> Option<Value> {
        Some(self.0.clone())
    }
}

/// Fields of the sender's own: `ext`. Kept, never interpreted.
#[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
pub struct Ext(
    #[schemars(with = "std::collections::BTreeMap<String, Value>")] pub Map<String, Value>,
);

impl Shape for Ext {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        place.object(value).map(Self)
    }
    fn write(&self) -> Option<Value> {
        (!self.0.is_empty()).then(|| Value::Object(self.0.clone()))
    }
}
