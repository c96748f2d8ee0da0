//! Dates and times as tills and spreadsheets write them, brought to an instant with its offset.
//!
//! A local time that the clock change made ambiguous is taken as the first of both, and said so; one that never was
//! is moved forward by the gap, and said so.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Two-digit years from here on are of the last century.
const PIVOT_DEFAULT: i16 = 70;
/// A year before this one was written with two digits.
const YEAR_MIN: i16 = 1_000;
/// Excel counts days from the last day but one of 1899.
const EXCEL_EPOCH: Date = Date::constant(1899, 12, 30);
/// Excel's serial numbers of the years 1954 to 2119; other numbers are no dates.
const EXCEL_DAYS: std::ops::Range<f64> = 20_000.0..80_500.0;
const SECONDS_A_DAY: f64 = 86_400.0;
/// The formats that are tried where a profile names none: ISO, then day before month.
pub const FORMATS_DEFAULT: &[&str] = &[
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d.%m.%y %H:%M:%S",
    "%d.%m.%y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%H:%M:%S %d/%m/%Y",
    "%Y%m%d %H%M%S",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
];

/// An instant, written with its offset, and what a clock change did to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// RFC 3339 with an offset.
    pub text: String,
    /// The instant.
    pub at: Timestamp,
    /// The time stands twice, or not at all, on that day's clock.
    pub odd: Option<&'static str>,
}

/// A time with an offset as it stands, or a local one in `zone`.
pub fn iso(text: &str, zone: &TimeZone) -> Option<When> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        let rfc = text.len() >= 20 && !text.contains('[') && text.as_bytes().get(16) == Some(&b':');
        let text = if rfc {
            text.replacen(' ', "T", 1)
        } else {
            at.to_string()
        };
        return Some(When {
            text,
            at,
            odd: None,
        });
    }
    let local: DateTime = text.parse().ok()?;
    local_time(local, zone)
}

/// A local time by the first format that fits.
pub fn formatted(text: &str, formats: &[String], excel: bool, zone: &TimeZone) -> Option<When> {
    let text = text.trim();
    let defaults = FORMATS_DEFAULT.iter().copied();
    let own = formats.iter().map(String::as_str);
    let found = if formats.is_empty() {
        first(text, defaults)
    } else {
        first(text, own)
    };
    if let Some(local) = found {
        return local_time(local, zone);
    }
    if excel && let Some(local) = serial(text) {
        return local_time(local, zone);
    }
    if formats.is_empty() {
        iso(text, zone)
    } else {
        None
    }
}

fn first<'a>(text: &str, formats: impl Iterator<Item = &'a str>) -> Option<DateTime> {
    let mut formats = formats;
    formats.find_map(|format| {
        let parsed = strtime::parse(format, text).ok()?;
        let date = parsed.to_date().ok()?;
        // `%y` puts 69 and later into the last century; two digits of a till are never that old.
        let date = if format.contains("%y") {
            pivoted(date)?
        } else {
            date
        };
        if date.year() < YEAR_MIN {
            return None;
        }
        let time = if format.contains("%H") || format.contains("%I") {
            parsed.to_time().ok()?
        } else {
            Time::midnight()
        };
        Some(date.to_datetime(time))
    })
}

fn pivoted(date: Date) -> Option<Date> {
    let year = date.year().rem_euclid(100);
    let century = if year >= PIVOT_DEFAULT { 1900 } else { 2000 };
    Date::new(century + year, date.month(), date.day()).ok()
}

fn serial(text: &str) -> Option<DateTime> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    let days: f64 = plain
        .then(|| text.replace(',', ".").parse().ok())
        .flatten()?;
    if !EXCEL_DAYS.contains(&days) {
        return None;
    }
    let seconds = (days * SECONDS_A_DAY).round();
    let since = SignedDuration::from_secs(seconds as i64);
    EXCEL_EPOCH
        .to_datetime(Time::midnight())
        .checked_add(since)
        .ok()
}

/// A local time in a zone.
pub fn local_time(local: DateTime, zone: &TimeZone) -> Option<When> {
    let odd = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Fold { .. } => {
            Some("the clock was put back that night: of the two times the first is taken")
        }
        AmbiguousOffset::Gap { .. } => {
            Some("the clock was put forward that night: this time did not exist")
        }
    };
    let zoned = zone.to_zoned(local).ok()?;
    let seconds = zoned.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    let text = format!(
        "{}{sign}{:02}:{:02}",
        zoned.datetime().strftime("%Y-%m-%dT%H:%M:%S%.f"),
        minutes / 60,
        minutes % 60
    );
    Some(When {
        text,
        at: zoned.timestamp(),
        odd,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn zurich() -> TimeZone {
        TimeZone::get("Europe/Zurich").unwrap()
    }

    #[rstest]
    #[case("31.10.2026 18:02:11", "2026-10-31T18:02:11+01:00")]
    #[case("01/10/2026 23:50", "2026-10-01T23:50:00+02:00")]
    #[case("14:41:03 23/11/2009", "2009-11-23T14:41:03+01:00")]
    #[case("2026-09-13 10:02:11", "2026-09-13T10:02:11+02:00")]
    #[case("31.10.26 18:02", "2026-10-31T18:02:00+01:00")]
    #[case("2026-10-31T18:02:11Z", "2026-10-31T18:02:11Z")]
    #[case("2026-10-31", "2026-10-31T00:00:00+01:00")]
    #[case("46326.75", "2026-10-31T18:00:00+01:00")]
    fn local_times_get_their_offset(#[case] text: &str, #[case] expected: &str) {
        let when = formatted(text, &[], true, &zurich()).unwrap();
        assert_eq!((when.text.as_str(), when.odd), (expected, None));
    }

    #[rstest]
    #[case("25.10.2026 02:30:00", "2026-10-25T02:30:00+02:00")]
    #[case("29.03.2026 02:30:00", "2026-03-29T03:30:00+02:00")]
    fn clock_changes_are_said(#[case] text: &str, #[case] expected: &str) {
        let when = formatted(text, &[], false, &zurich()).unwrap();
        assert_eq!(when.text, expected);
        assert!(when.odd.is_some());
    }

    #[rstest]
    #[case("31.13.2026 18:00")]
    #[case("yesterday")]
    #[case("4711")]
    fn what_is_no_time_is_none(#[case] text: &str) {
        assert_eq!(formatted(text, &[], true, &zurich()), None);
    }

    #[test]
    fn fractions_and_offsets_are_kept() {
        let seven = iso("2023-02-01T10:00:00.1234567+01:00", &zurich()).unwrap();
        assert_eq!(seven.text, "2023-02-01T10:00:00.1234567+01:00");
        let local = iso("2024-10-15T11:27:02.649", &zurich()).unwrap();
        assert_eq!(local.text, "2024-10-15T11:27:02.649+02:00");
    }
}
