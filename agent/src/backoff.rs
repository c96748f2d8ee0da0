//! How hard a destination is pressed: how long to wait before trying again, and how much goes at a time. Pure: randomness
//! and what was measured are arguments.

use std::time::Duration;

use jiff::SignedDuration;

/// The first wait after an outage.
const OUTAGE_FIRST_MS: i64 = 1_000;
/// The longest wait after an outage: a store is back within five minutes of its line.
const OUTAGE_MAX_MS: i64 = 300_000;
/// The first wait of a postponed document.
const POSTPONED_FIRST_MS: i64 = 5_000;
/// The longest wait of a postponed document; a catalog refresh wakes it earlier.
const POSTPONED_MAX_MS: i64 = 900_000;
/// What takes longer than this is followed by less.
const SLOW: Duration = Duration::from_secs(5);
/// What is faster than this is followed by more.
const FAST: Duration = Duration::from_secs(2);

/// The wait after the `failures`-th outage in a row: doubled each time, half of it random, so that the stores of a
/// region do not come back in step. `jitter` is a random number from 0 to 1.
pub fn outage(failures: u32, jitter: f64) -> SignedDuration {
    doubled(OUTAGE_FIRST_MS, OUTAGE_MAX_MS, failures, jitter)
}

/// The wait of a document that was postponed for the `attempts`-th time.
pub fn postponed(attempts: u32, jitter: f64) -> SignedDuration {
    doubled(POSTPONED_FIRST_MS, POSTPONED_MAX_MS, attempts, jitter)
}

fn doubled(first_ms: i64, longest_ms: i64, times: u32, jitter: f64) -> SignedDuration {
    let doublings = times.saturating_sub(1).min(20);
    let whole_ms = first_ms.saturating_mul(1 << doublings).min(longest_ms);
    let half_ms = whole_ms / 2;
    // The cast is of a number between 0 and `half_ms`.
    let random_ms = (half_ms as f64 * jitter.clamp(0.0, 1.0)) as i64;
    SignedDuration::from_millis(half_ms + random_ms)
}

/// How many go at a time after `count` of at most `size` took so long: twice as many while it is fast, at most `most`; half
/// as many when it is slow. What was not full says nothing about speed.
pub fn at_a_time(size: usize, count: usize, took: Duration, most: usize) -> usize {
    if took > SLOW {
        (size / 2).max(1)
    } else if took < FAST && count >= size {
        (size * 2).min(most)
    } else {
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_at_a_time_follows_what_was_measured() {
        let seconds = Duration::from_secs;
        assert_eq!(at_a_time(20, 20, seconds(1), 200), 40);
        assert_eq!(at_a_time(20, 5, seconds(1), 200), 20);
        assert_eq!(at_a_time(20, 20, seconds(3), 200), 20);
        assert_eq!(at_a_time(20, 20, seconds(9), 200), 10);
        assert_eq!(at_a_time(1, 1, seconds(9), 200), 1);
        assert_eq!(at_a_time(150, 150, seconds(0), 200), 200);
    }

    #[test]
    fn waits_grow_and_stay_below_the_limit() {
        let waits: Vec<i64> = [1, 2, 3, 9, 500]
            .map(|failures| outage(failures, 1.0).as_millis() as i64)
            .to_vec();
        assert_eq!(waits, [1_000, 2_000, 4_000, 256_000, 300_000]);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        assert_eq!(outage(3, 0.0).as_millis(), 2_000);
        assert_eq!(outage(3, 7.0).as_millis(), 4_000);
    }
}
