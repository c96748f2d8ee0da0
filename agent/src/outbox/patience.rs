//! How long something has waited, when the clock cannot be trusted. Pure.
//!
//! A wait is counted from the moment in the outbox at which it began. A PC whose battery is empty starts years ago and is
//! set right an hour later; nobody has waited for years then. So whoever counts watches the wall clock by the monotonic
//! one, and a jump moves the beginning of every wait along with it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// After how long a day is closed with what has arrived, when something of it is still missing and the till does not
/// begin its next day before.
pub const CLOSE_WAIT_MAX: SignedDuration = SignedDuration::from_hours(12);
/// A clock that differs by less has not jumped: clocks are set right a little at a time, and threads are kept waiting.
pub const JUMP_MIN: SignedDuration = SignedDuration::from_mins(10);
/// A PC that was off for longer was not: its clock was wrong before, or is now. What was off for less has waited.
const OFF_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a day's close has waited long enough for what is missing.
pub fn close_waited(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) >= CLOSE_WAIT_MAX
}

/// A jump of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// How far; negative when it went back.
    pub by: SignedDuration,
    /// What began from here on, began by the new clock.
    pub from: Timestamp,
    /// Until when that is known.
    pub now: Timestamp,
}

impl Jump {
    /// The jump of a clock that showed `last` when the agent last ran, and shows `now`; the time it was off lies between.
    pub fn over_a_stop(last: Timestamp, now: Timestamp) -> Option<Self> {
        let by = now.duration_since(last);
        (by > OFF_MAX || by < -JUMP_MIN).then_some(Self { by, from: now, now })
    }

    /// Where the beginning of a wait lies by the new clock.
    pub fn moved(self, since: Timestamp) -> Timestamp {
        if (self.from..=self.now).contains(&since) {
            return since;
        }
        since.checked_add(self.by).unwrap_or(since)
    }
}

/// Watches the wall clock by the monotonic one.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    wall: Timestamp,
    steady: Instant,
}

impl Watch {
    /// Both clocks, read at once.
    pub fn new(wall: Timestamp, steady: Instant) -> Self {
        Self { wall, steady }
    }

    /// The jump between an earlier look and this one.
    pub fn jump_since(self, earlier: Self) -> Option<Jump> {
        let passed = self.steady.saturating_duration_since(earlier.steady);
        jump(earlier.wall, self.wall, passed)
    }
}

fn jump(before: Timestamp, now: Timestamp, passed: Duration) -> Option<Jump> {
    let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
    let by = now.duration_since(before).saturating_sub(passed);
    let from = now.checked_sub(passed).unwrap_or(Timestamp::MIN);
    (by.abs() >= JUMP_MIN).then_some(Jump { by, from, now })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::time_goes_by("2026-11-26T10:00:00Z", "2026-11-26T10:00:05Z", 5, None)]
    #[case::set_a_little("2026-11-26T10:00:00Z", "2026-11-26T10:01:05Z", 5, None)]
    #[case::an_empty_battery("2019-01-01T00:10:00Z", "2026-11-26T10:00:05Z", 5, Some(2_886 * 86_400))]
    #[case::back_by_a_month("2026-12-26T10:00:00Z", "2026-11-26T10:00:05Z", 5, Some(-30 * 86_400))]
    fn a_jump_is_what_no_time_went_by_for(
        #[case] before: &str,
        #[case] now: &str,
        #[case] passed: u64,
        #[case] expected: Option<i64>,
    ) {
        let found = jump(at(before), at(now), Duration::from_secs(passed));
        let days = |seconds: i64| seconds / 86_400;
        assert_eq!(
            found.map(|jump| days(jump.by.as_secs())),
            expected.map(days)
        );
    }

    #[test]
    fn what_began_before_the_jump_moves_along_and_what_began_after_it_stays() {
        let jump = jump(
            at("2019-01-01T00:10:00Z"),
            at("2026-11-26T10:00:05Z"),
            Duration::from_secs(5),
        )
        .unwrap();
        // Ten minutes before the jump is ten minutes before it by the new clock.
        assert_eq!(
            jump.moved(at("2019-01-01T00:00:00Z")),
            at("2026-11-26T09:50:00Z")
        );
        assert_eq!(
            jump.moved(at("2026-11-26T10:00:02Z")),
            at("2026-11-26T10:00:02Z")
        );
    }

    #[rstest]
    #[case::a_night("2026-11-25T20:00:00Z", None)]
    #[case::holidays("2026-11-05T20:00:00Z", None)]
    #[case::years("2019-01-01T00:00:00Z", Some(true))]
    #[case::from_the_future("2026-12-24T20:00:00Z", Some(false))]
    fn a_pc_that_was_off_for_years_was_not(#[case] last: &str, #[case] forward: Option<bool>) {
        let jump = Jump::over_a_stop(at(last), at("2026-11-26T08:00:00Z"));
        assert_eq!(jump.map(|jump| jump.by.is_positive()), forward);
    }
}
