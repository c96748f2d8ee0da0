//! What a destination tells of trouble to come, while all is still well: the end of its key, and its clock. Pure.

use jiff::{SignedDuration, Timestamp};

/// How long before its end a key is announced: long enough for somebody at head office to come back from holidays.
pub const KEY_ANNOUNCED: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Clocks that differ by more do not agree. Below it are slow answers, and clocks that are set right a little at a time.
pub const CLOCK_APART_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Whether somebody has to be told that a key ends.
pub fn ends_soon(until: Timestamp, now: Timestamp) -> bool {
    until.duration_since(now) < KEY_ANNOUNCED
}

/// Whether two clocks do not agree.
pub fn apart(ahead: SignedDuration) -> bool {
    ahead.abs() > CLOCK_APART_MAX
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::far("2026-12-10T10:00:00Z", false)]
    #[case::a_fortnight("2026-12-10T09:59:59Z", true)]
    #[case::over("2026-11-25T10:00:00Z", true)]
    fn a_key_is_announced_a_fortnight_before_its_end(#[case] until: &str, #[case] expected: bool) {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert_eq!(ends_soon(at(until), at("2026-11-26T10:00:00Z")), expected);
    }

    #[rstest]
    #[case::as_ours(0, false)]
    #[case::five_minutes(300, false)]
    #[case::more(301, true)]
    #[case::behind(-301, true)]
    fn clocks_agree_within_five_minutes(#[case] seconds: i64, #[case] expected: bool) {
        assert_eq!(apart(SignedDuration::from_secs(seconds)), expected);
    }
}
