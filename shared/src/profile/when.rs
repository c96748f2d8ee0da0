//! Dates and times as tills and spreadsheets write them, brought to an instant with its offset.
//!
//! A local time that the clock change made ambiguous is taken as the first of both, and said so; one that never was
//! is moved forward by the gap, and said so.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
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
/// The formats that are tried where a profile names none: ISO, then both orders of day and month.
pub const FORMATS_DEFAULT: &[&str] = &[
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d.%m.%y %H:%M:%S",
    "%d.%m.%y %H:%M",
    "%d.%m.%y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%y %H:%M:%S",
    "%d/%m/%y %H:%M",
    "%d/%m/%y",
    "%H:%M:%S %d/%m/%Y",
    "%Y%m%d %H%M%S",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
];

/// Which of day and month stands first, where the year stands last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `31/10/2026`.
    DayFirst,
    /// `10/31/2026`.
    MonthFirst,
}

impl Order {
    /// The order of a format; `None` when it leaves nothing open.
    pub fn of(format: &str) -> Option<Self> {
        // Asked for every format and every receipt: nothing is put together for it.
        let bytes = format.as_bytes();
        let place = |letter: u8| {
            let padded = bytes.windows(2).position(|pair| pair == [b'%', letter]);
            let bare = || {
                bytes
                    .windows(3)
                    .position(|three| three == [b'%', b'-', letter])
            };
            padded.or_else(bare)
        };
        let (day, month) = (place(b'd')?, place(b'm')?);
        let year = place(b'Y').or_else(|| place(b'y'))?;
        (year > day.max(month)).then_some(if day < month {
            Self::DayFirst
        } else {
            Self::MonthFirst
        })
    }
}

/// How a file writes its times.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written<'a> {
    /// What the profile says; the usual ways when empty.
    pub formats: &'a [String],
    /// Whether a number is a date of Excel's.
    pub excel: bool,
    /// The order of day and month, where the file as a whole says.
    pub order: Option<Order>,
    /// The order that is taken, and said, where it does not; that of the formats when absent.
    pub leaning: Option<Order>,
}

impl<'a> Written<'a> {
    fn formats(self) -> impl Iterator<Item = &'a str> {
        let usual = self.formats.is_empty().then_some(FORMATS_DEFAULT);
        let usual = usual.into_iter().flatten().copied();
        self.formats.iter().map(String::as_str).chain(usual)
    }

    /// Whether it knows formats of both orders, so that the file has to say which.
    pub fn both(self) -> bool {
        let has = |order| {
            self.formats()
                .any(|format| Order::of(format) == Some(order))
        };
        has(Order::DayFirst) && has(Order::MonthFirst)
    }

    /// The dates that a text could be, with the day first and with the month first.
    pub fn readings(self, text: &str) -> [Option<Date>; 2] {
        [Order::DayFirst, Order::MonthFirst].map(|order| {
            let own = self
                .formats()
                .filter(|format| Order::of(format) == Some(order));
            read(text.trim(), own).map(|read| read.local.date())
        })
    }
}

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
pub fn formatted(text: &str, written: Written<'_>, zone: &TimeZone) -> Option<When> {
    let text = text.trim();
    let (order, leaning) = (written.order, written.leaning);
    let open = |format: &&str| {
        let own = Order::of(format);
        own.is_none() || order.is_none() || own == order
    };
    let first = leaning.filter(|_| order.is_none());
    let leant = written
        .formats()
        .filter(|format| Order::of(format) == first);
    let leant = first.and_then(|_| read(text, leant));
    if let Some(found) = leant.or_else(|| read(text, written.formats().filter(open))) {
        let mut when = found.when(zone)?;
        if order.is_none() && found.order.is_some() {
            let [day, month] = written.readings(text);
            if day.is_some() && month.is_some() && day != month {
                when.odd = Some(UNDECIDED);
            }
        }
        return Some(when);
    }
    if written.excel
        && let Some(local) = serial(text)
    {
        return local_time(local, zone);
    }
    if written.formats.is_empty() {
        iso(text, zone)
    } else {
        None
    }
}

/// Said of a date that nothing in its file explains.
const UNDECIDED: &str = "day and month could be either, and no date of the file says which: let the profile name one format";

/// What a format made of a text.
struct Read {
    local: DateTime,
    offset: Option<Offset>,
    order: Option<Order>,
}

impl Read {
    /// The instant; an offset that stands in the text goes before the zone.
    fn when(&self, zone: &TimeZone) -> Option<When> {
        match self.offset {
            Some(offset) => local_time(self.local, &offset.to_time_zone()),
            None => local_time(self.local, zone),
        }
    }
}

fn read<'a>(text: &str, formats: impl Iterator<Item = &'a str>) -> Option<Read> {
    // Most formats are ruled out by the first sign between digits, without parsing.
    let own = text.chars().find(|c| !c.is_alphanumeric());
    let sign = |format: &str| {
        let mut before = ' ';
        let mut literal = |c: &char| {
            let flag = std::mem::replace(&mut before, *c) == '%';
            !c.is_alphanumeric() && *c != '%' && !flag
        };
        format.chars().find(&mut literal)
    };
    let mut formats = formats.filter(|format| sign(format) == own);
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
        Some(Read {
            local: date.to_datetime(time),
            offset: parsed.offset(),
            order: Order::of(format),
        })
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
        let written = Written {
            excel: true,
            order: Some(Order::DayFirst),
            ..Written::default()
        };
        let when = formatted(text, written, &zurich()).unwrap();
        assert_eq!((when.text.as_str(), when.odd), (expected, None));
    }

    #[rstest]
    #[case("25.10.2026 02:30:00", "2026-10-25T02:30:00+02:00")]
    #[case("29.03.2026 02:30:00", "2026-03-29T03:30:00+02:00")]
    fn clock_changes_are_said(#[case] text: &str, #[case] expected: &str) {
        let when = formatted(text, Written::default(), &zurich()).unwrap();
        assert_eq!(when.text, expected);
        assert!(when.odd.is_some());
    }

    #[rstest]
    #[case("31.13.2026 18:00")]
    #[case("yesterday")]
    #[case("4711")]
    fn what_is_no_time_is_none(#[case] text: &str) {
        let written = Written {
            excel: true,
            ..Written::default()
        };
        assert_eq!(formatted(text, written, &zurich()), None);
    }

    #[rstest]
    #[case(Some(Order::DayFirst), None, "2026-10-01T23:50:00+02:00", false)]
    #[case(Some(Order::MonthFirst), None, "2026-01-10T23:50:00+01:00", false)]
    #[case(None, None, "2026-10-01T23:50:00+02:00", true)]
    #[case(None, Some(Order::MonthFirst), "2026-01-10T23:50:00+01:00", true)]
    fn day_and_month_are_the_files_to_say(
        #[case] order: Option<Order>,
        #[case] leaning: Option<Order>,
        #[case] expected: &str,
        #[case] told: bool,
    ) {
        let written = Written {
            order,
            leaning,
            ..Written::default()
        };
        assert!(written.both());
        let when = formatted("01/10/2026 23:50", written, &zurich()).unwrap();
        assert_eq!((when.text.as_str(), when.odd.is_some()), (expected, told));
        // What has only one reading has it in any case, but for the order that the file has ruled out.
        let sure = formatted("10/31/2026 11:50 PM", written, &zurich()).map(|when| when.text);
        let expected = (order != Some(Order::DayFirst)).then_some("2026-10-31T23:50:00+01:00");
        assert_eq!(sure.as_deref(), expected);
    }

    #[test]
    fn an_offset_in_the_text_goes_before_the_stores_zone() {
        let formats = ["%Y-%m-%d %H:%M:%S %z".to_owned()];
        let written = Written {
            formats: &formats,
            ..Written::default()
        };
        let when = formatted("2026-10-30 10:00:00 -0400", written, &zurich()).unwrap();
        assert_eq!(when.text, "2026-10-30T10:00:00-04:00");
        assert_eq!(when.at.to_string(), "2026-10-30T14:00:00Z");
    }

    #[test]
    fn fractions_and_offsets_are_kept() {
        let seven = iso("2023-02-01T10:00:00.1234567+01:00", &zurich()).unwrap();
        assert_eq!(seven.text, "2023-02-01T10:00:00.1234567+01:00");
        let local = iso("2024-10-15T11:27:02.649", &zurich()).unwrap();
        assert_eq!(local.text, "2024-10-15T11:27:02.649+02:00");
    }
}
