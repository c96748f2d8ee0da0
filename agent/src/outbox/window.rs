//! What waits at a destination for a time of day, so that a thin line is free for sales before it. Pure.
//!
//! Times of day are the store's. Where its clocks are put forward over one, it comes as much later; where they are put back
//! over one, the first of the two counts.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tillpost_shared::config;
use tillpost_shared::document::Kind;

/// So many days around a moment are looked at for the windows before and after it: a change of the clocks may swallow the
/// window of one day.
const DAYS_AROUND: i64 = 3;

/// What waits at a destination, and for what.
#[derive(Debug, Clone)]
pub struct Bulk {
    kinds: Vec<Kind>,
    window: Window,
}

/// A time of the day, every day. What opens it lies in it, what ends it does not.
#[derive(Debug, Clone)]
pub struct Window {
    from: Time,
    until: Time,
    zone: TimeZone,
}

/// One day's window: when it begins and when it ends.
type Span = (Timestamp, Timestamp);

impl Bulk {
    /// What waits at a destination by its configuration, if anything.
    pub fn of(destination: &config::Destination, zone: &TimeZone) -> Option<Self> {
        let bulk = destination.bulk.as_ref()?;
        let (from, until) = bulk.times()?;
        Some(Self::new(
            bulk.waiting_kinds(),
            Window::new(from, until, zone.clone()),
        ))
    }

    /// These kinds, for this window.
    pub fn new(kinds: Vec<Kind>, window: Window) -> Self {
        Self { kinds, window }
    }

    /// What waits.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// For what.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Whether this kind waits, now or at another time of day.
    pub fn names(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

impl Window {
    /// From one time of day until another, which lies on the next day when it comes first.
    pub fn new(from: Time, until: Time, zone: TimeZone) -> Self {
        Self { from, until, zone }
    }

    /// The window in which a moment lies.
    fn around(&self, at: Timestamp) -> Option<Span> {
        let mut days = self.days(at).into_iter();
        days.find(|(from, until)| (*from..*until).contains(&at))
    }

    /// Whether it is open.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.around(at).is_some()
    }

    /// When it is open from `at` on: at once, or when it opens next.
    pub fn open_from(&self, at: Timestamp) -> Timestamp {
        if self.is_open(at) {
            return at;
        }
        self.opens_after(at)
    }

    /// When it opens next after a moment at which it is shut.
    fn opens_after(&self, at: Timestamp) -> Timestamp {
        let days = self.days(at).into_iter();
        let opens = days.map(|(from, _)| from).find(|from| *from > at);
        // Only at the end of all time is there none: nothing is kept back then.
        opens.unwrap_or(at)
    }

    /// Since when what came at `received` has been kept from going by something else than the window: from when it came,
    /// while the window in which it came is open; else from the first opening at which it was there. `None` as long as it
    /// only waits for that.
    pub fn kept_since(&self, received: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let since = match self.around(received) {
            Some((_, until)) if now < until => received,
            Some((_, until)) => self.opens_after(until),
            None => self.opens_after(received),
        };
        (since <= now).then_some(since)
    }

    /// The windows of the days around a moment, earliest first; days whose window the clocks leave out have none.
    fn days(&self, at: Timestamp) -> Vec<Span> {
        let today = at.to_zoned(self.zone.clone()).date();
        let dates = (-DAYS_AROUND..=DAYS_AROUND).filter_map(|n| today.checked_add(n.days()).ok());
        let days = dates.filter_map(|date| self.of_day(date));
        days.filter(|(from, until)| from < until).collect()
    }

    fn of_day(&self, date: Date) -> Option<Span> {
        let last = match self.until > self.from {
            true => date,
            false => date.tomorrow().ok()?,
        };
        let moment = |date: Date, time| date.to_datetime(time).to_zoned(self.zone.clone()).ok();
        let (from, until) = (moment(date, self.from)?, moment(last, self.until)?);
        Some((from.timestamp(), until.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use jiff::tz::TimeZoneDatabase;
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// In Zurich, from and until as hours and minutes.
    fn window((from, until): ((i8, i8), (i8, i8))) -> Window {
        let zone = TimeZoneDatabase::bundled().get("Europe/Zurich").unwrap();
        let time = |(hour, minute)| time(hour, minute, 0, 0);
        Window::new(time(from), time(until), zone)
    }

    const NIGHT: ((i8, i8), (i8, i8)) = ((22, 0), (5, 30));
    const NOON: ((i8, i8), (i8, i8)) = ((12, 0), (13, 0));

    #[rstest]
    #[case::just_before(NIGHT, "2026-11-27T21:59:59+01:00", Some("2026-11-27T22:00:00+01:00"))]
    #[case::it_opens(NIGHT, "2026-11-27T22:00:00+01:00", None)]
    #[case::over_midnight(NIGHT, "2026-11-28T00:00:00+01:00", None)]
    #[case::the_last_moment(NIGHT, "2026-11-28T05:29:59.999999+01:00", None)]
    #[case::it_ends(NIGHT, "2026-11-28T05:30:00+01:00", Some("2026-11-28T22:00:00+01:00"))]
    #[case::within_a_day(NOON, "2026-11-27T12:30:00+01:00", None)]
    #[case::after_it(NOON, "2026-11-27T13:00:00+01:00", Some("2026-11-28T12:00:00+01:00"))]
    #[case::in_the_morning(NOON, "2026-11-27T03:00:00+01:00", Some("2026-11-27T12:00:00+01:00"))]
    // Summer time began on 2026-03-29 at 02:00, winter time on 2026-10-25 at 03:00.
    #[case::a_short_night(NIGHT, "2026-03-29T05:29:59+02:00", None)]
    #[case::a_short_night_ends(
        NIGHT,
        "2026-03-29T05:30:00+02:00",
        Some("2026-03-29T22:00:00+02:00")
    )]
    #[case::a_long_night(NIGHT, "2026-10-25T05:29:59+01:00", None)]
    #[case::a_time_left_out(((2, 30), (4, 0)), "2026-03-29T01:59:59+01:00", Some("2026-03-29T03:30:00+02:00"))]
    #[case::a_window_left_out(((2, 30), (3, 0)), "2026-03-29T01:59:59+01:00", Some("2026-03-30T02:30:00+02:00"))]
    #[case::the_first_of_two(((2, 30), (4, 0)), "2026-10-25T02:29:59+02:00", Some("2026-10-25T02:30:00+02:00"))]
    #[case::between_the_two(((2, 30), (4, 0)), "2026-10-25T02:10:00+01:00", None)]
    fn a_window_opens_and_ends_by_the_stores_clock(
        #[case] times: ((i8, i8), (i8, i8)),
        #[case] now: &str,
        #[case] opens: Option<&str>,
    ) {
        let (window, now) = (window(times), at(now));
        assert_eq!(window.is_open(now), opens.is_none());
        assert_eq!(window.open_from(now), opens.map_or(now, at));
    }

    #[rstest]
    #[case::it_only_waits("2026-11-27T10:00:00+01:00", "2026-11-27T21:59:59+01:00", None)]
    #[case::it_might_go(
        "2026-11-27T10:00:00+01:00",
        "2026-11-27T22:00:00+01:00",
        Some("2026-11-27T22:00:00+01:00")
    )]
    #[case::it_stayed_for_a_whole_night(
        "2026-11-27T10:00:00+01:00",
        "2026-11-28T12:00:00+01:00",
        Some("2026-11-27T22:00:00+01:00")
    )]
    #[case::and_for_another(
        "2026-11-27T10:00:00+01:00",
        "2026-11-28T23:00:00+01:00",
        Some("2026-11-27T22:00:00+01:00")
    )]
    #[case::it_came_at_night(
        "2026-11-28T01:00:00+01:00",
        "2026-11-28T05:29:59+01:00",
        Some("2026-11-28T01:00:00+01:00")
    )]
    #[case::and_was_not_there_when_it_opened(
        "2026-11-28T01:00:00+01:00",
        "2026-11-28T05:30:00+01:00",
        None
    )]
    #[case::the_next_night_counts(
        "2026-11-28T01:00:00+01:00",
        "2026-11-28T22:30:00+01:00",
        Some("2026-11-28T22:00:00+01:00")
    )]
    #[case::it_opened_with_it(
        "2026-11-27T22:00:00+01:00",
        "2026-11-27T22:00:00+01:00",
        Some("2026-11-27T22:00:00+01:00")
    )]
    fn what_waits_for_its_window_alone_is_kept_by_nothing(
        #[case] received: &str,
        #[case] now: &str,
        #[case] since: Option<&str>,
    ) {
        let since = since.map(at);
        assert_eq!(window(NIGHT).kept_since(at(received), at(now)), since);
    }

    #[test]
    fn at_the_end_of_all_time_nothing_is_kept_back() {
        let window = window(NOON);
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert!(window.open_from(end) >= end);
        }
    }
}
