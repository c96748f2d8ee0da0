//! How long destinations take to answer, by the hour of the last day: for a chart and for the metrics. Kept in memory;
//! a restart begins anew.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

/// Hours that are remembered.
const HOURS_KEPT: i64 = 24;
/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// What a destination's answers took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Took {
    /// How many there were.
    pub count: u64,
    /// Seconds of all together.
    pub seconds: f64,
    /// Seconds of the slowest.
    pub slowest: f64,
}

/// One destination's answers.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Since the start.
    pub all: Took,
    /// By hour since 1970, the last ones only.
    pub hours: BTreeMap<i64, Took>,
}

impl Took {
    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.seconds += seconds;
        self.slowest = self.slowest.max(seconds);
    }
}

impl Answers {
    /// An answer took so long.
    pub fn add(&mut self, took: Duration, now: Timestamp) {
        let hour = now.as_second().div_euclid(HOUR);
        self.all.add(took);
        self.hours.entry(hour).or_default().add(took);
        self.hours
            .retain(|known, _| (hour - HOURS_KEPT + 1..=hour).contains(known));
    }

    /// The mean and the slowest in the hour that begins at a moment; `None` when there was no answer.
    pub fn in_hour(&self, from: Timestamp) -> Option<(f64, f64)> {
        let took = self.hours.get(&from.as_second().div_euclid(HOUR))?;
        // Counts of a day are far below what a float holds exactly.
        Some((took.seconds / took.count as f64, took.slowest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_hours_is_remembered() {
        let mut answers = Answers::default();
        let at = |hour: i64| Timestamp::from_second(hour * HOUR + 1).unwrap();
        answers.add(Duration::from_secs(1), at(100));
        answers.add(Duration::from_secs(3), at(100));
        assert_eq!(answers.in_hour(at(100)), Some((2.0, 3.0)));
        answers.add(Duration::from_secs(5), at(123));
        assert!(answers.in_hour(at(100)).is_some());
        answers.add(Duration::from_secs(5), at(124));
        assert_eq!(answers.in_hour(at(100)), None);
        assert_eq!((answers.all.count, answers.all.slowest), (4, 5.0));
    }
}
