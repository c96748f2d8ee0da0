//! Instants and trading days as tills write them.

use std::borrow::Cow;
use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::read_text;
use crate::shape::{Form, Place, Shape};
use crate::write::write_plain;

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
    /// The date in the offset it was written with.
    pub fn written_date(&self) -> Day {
        let date = self.text.get(..10).and_then(Day::parse);
        // A moment that was not read from a text is written in UTC.
        date.unwrap_or_else(|| Day(self.at.to_zoned(TimeZone::UTC).date()))
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
    fn write(&self, form: Form, out: &mut String) {
        match form {
            Form::Stored => write_plain(&self.text, out),
            Form::Canonical => write_plain(self.at, out),
        }
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
        // jiff also reads other ISO 8601 forms.
        let plain = text.len() == 10
            && text.bytes().enumerate().all(|(index, b)| match index {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
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
    fn write(&self, _: Form, out: &mut String) {
        write_plain(self.0, out);
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11-20T17:03:11+01:00", Some("2026-11-20T16:03:11Z"))]
    #[case("2026-11-20T17:03:11Z", Some("2026-11-20T17:03:11Z"))]
    #[case("2026-11-20t17:03:11.250z", Some("2026-11-20T17:03:11.25Z"))]
    #[case("2026-11-20 17:03:11-05:30", Some("2026-11-20T22:33:11Z"))]
    #[case("2026-11-20T17:03:11", None)]
    #[case("2026-11-20T17:03+01:00", None)]
    #[case("2026-11-20T17:03:11+01:00[Europe/Zurich]", None)]
    #[case("20261120T170311+0100", None)]
    #[case("2026-02-30T17:03:11Z", None)]
    #[case("2026-11-20", None)]
    #[case("", None)]
    fn a_moment_has_an_offset(#[case] text: &str, #[case] expected: Option<&str>) {
        let moment = Moment::parse(text);
        assert_eq!(
            moment
                .as_ref()
                .map(|moment| moment.at().to_string())
                .as_deref(),
            expected
        );
        if let Some(moment) = moment {
            assert_eq!(moment.text(Form::Stored), format!("\"{text}\""));
        }
    }

    #[test]
    fn the_written_date_is_the_one_in_its_offset() {
        let date = |text| Moment::parse(text).unwrap().written_date().to_string();
        assert_eq!(date("2026-11-20T23:30:00-05:00"), "2026-11-20");
        assert_eq!(date("2026-11-21T04:30:00Z"), "2026-11-21");
        let unread = Moment::from("2026-11-20T23:30:00-05:00".parse::<Timestamp>().unwrap());
        assert_eq!(unread.written_date().to_string(), "2026-11-21");
    }

    #[rstest]
    #[case("2026-11-20", true)]
    #[case("2026-02-29", false)]
    #[case("2028-02-29", true)]
    #[case("2026-W47-5", false)]
    #[case("20261120T1", false)]
    #[case("2026-11-2", false)]
    #[case("26-11-2020", false)]
    fn a_day_is_written_year_month_day(#[case] text: &str, #[case] legal: bool) {
        assert_eq!(Day::parse(text).is_some(), legal);
    }
}
