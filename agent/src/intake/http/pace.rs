//! How often a till may ask. One that has gone mad, or a token in the wrong hands, must not take the machine from the
//! other tills: what is beyond `till_requests_per_second` of `[listen]` is put off by 429, the connection stays.
//!
//! What a till did not ask for it may ask for later, all at once: a till that was cut off for a week hands in its
//! receipts one by one and never notices.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For so many seconds what was not asked for is saved up.
const SAVED_SECONDS_MAX: f64 = 200.0;
/// How often the log tells of the same till.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What each token may still ask for, by its owner. There are no more than tokens were made.
#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    purses: Mutex<BTreeMap<String, Purse>>,
}

/// What one token may still ask for.
#[derive(Debug, Clone)]
struct Purse {
    /// Requests that are left.
    left: f64,
    /// When that was reckoned.
    at: Instant,
    /// Requests that were put off since the start.
    put_off: u64,
    told_at: Option<Instant>,
}

impl Purse {
    fn full(per_second: f64, now: Instant) -> Self {
        Self {
            left: per_second * SAVED_SECONDS_MAX,
            at: now,
            put_off: 0,
            told_at: None,
        }
    }

    /// Takes a request out of the purse; when it is empty, how long until there is one again. Pure.
    fn take(&mut self, per_second: f64, now: Instant) -> Result<(), Duration> {
        let gone = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + gone * per_second).min(per_second * SAVED_SECONDS_MAX);
        self.at = now;
        if self.left < 1.0 {
            self.put_off += 1;
            return Err(Duration::from_secs_f64((1.0 - self.left) / per_second));
        }
        self.left -= 1.0;
        Ok(())
    }

    /// Whether the log should hear of it now.
    fn tells(&mut self, now: Instant) -> bool {
        let lately = |at: Instant| now.saturating_duration_since(at) < TELL_EVERY;
        let tells = !self.told_at.is_some_and(lately);
        if tells {
            self.told_at = Some(now);
        }
        tells
    }
}

impl Pace {
    /// So many requests a second for each token.
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second: f64::from(per_second.max(1)),
            purses: Mutex::default(),
        }
    }

    /// A request with the token of `owner`.
    ///
    /// # Errors
    /// How long it must wait when there were too many.
    pub fn take(&self, owner: &str, now: Instant) -> Result<(), Duration> {
        let mut purses = self.purses();
        let purse = match purses.get_mut(owner) {
            Some(known) => known,
            None => purses
                .entry(owner.to_owned())
                .or_insert_with(|| Purse::full(self.per_second, now)),
        };
        let taken = purse.take(self.per_second, now);
        if taken.is_err() && purse.tells(now) {
            tracing::warn!(till = owner, "a till asks more often than it may");
        }
        taken
    }

    /// Requests that were put off since the start, by owner of the token.
    pub fn put_off(&self) -> Vec<(String, u64)> {
        let purses = self.purses();
        let counts = purses
            .iter()
            .map(|(owner, purse)| (owner.clone(), purse.put_off));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn purses(&self) -> MutexGuard<'_, BTreeMap<String, Purse>> {
        self.purses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many requests are taken of so many.
    fn taken(pace: &Pace, owner: &str, now: Instant, tries: usize) -> usize {
        (0..tries).filter(|_| pace.take(owner, now).is_ok()).count()
    }

    #[test]
    fn what_was_not_asked_for_is_saved_up_and_no_more() {
        let (pace, begin) = (Pace::new(2), Instant::now());
        assert_eq!(taken(&pace, "1", begin, 500), 400, "full at first");
        assert_eq!(pace.take("1", begin), Err(Duration::from_millis(500)));
        assert_eq!(taken(&pace, "1", begin + Duration::from_secs(3), 50), 6);
        let later = begin + Duration::from_secs(86_400);
        assert_eq!(taken(&pace, "1", later, 500), 400, "a day saves no more");
        assert_eq!(taken(&pace, "1", begin, 1), 0, "time never goes back");
    }

    #[test]
    fn a_till_that_asks_too_often_puts_off_nobody_else() {
        let (pace, now) = (Pace::new(1), Instant::now());
        assert_eq!(taken(&pace, "1", now, 300), 200);
        assert_eq!(taken(&pace, "2", now, 10), 10);
        assert_eq!(pace.put_off(), [("1".to_owned(), 100)]);
    }

    #[test]
    fn the_log_hears_of_a_till_once_a_minute() {
        let now = Instant::now();
        let mut purse = Purse::full(1.0, now);
        assert!(purse.tells(now) && !purse.tells(now + TELL_EVERY / 2));
        assert!(purse.tells(now + TELL_EVERY));
    }
}
