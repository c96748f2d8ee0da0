//! What went over the counter since the agent started: how it ended, and how long its commits took.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use crate::intake::desk::{ResultRow, Status};

/// The fastest commit the histogram tells apart, in seconds; each bucket is twice the one before.
const COMMIT_SECONDS_MIN: f64 = 0.000_5;
/// Up to about eight seconds.
const COMMIT_BUCKETS: u16 = 15;

/// What the desk has seen since the agent started.
#[derive(Debug)]
pub struct Tally {
    counts: [AtomicU64; 4],
    /// Seconds from handing a request to the writer to its commit.
    pub commit_seconds: Histogram,
}

impl Default for Tally {
    fn default() -> Self {
        let buckets = exponential_buckets(COMMIT_SECONDS_MIN, 2.0, COMMIT_BUCKETS);
        Self {
            counts: Default::default(),
            commit_seconds: Histogram::new(buckets),
        }
    }
}

impl Tally {
    /// How many documents ended like this.
    pub fn of(&self, status: Status) -> u64 {
        self.counts[status as usize].load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, rows: &[ResultRow]) {
        for row in rows {
            self.counts[row.status as usize].fetch_add(1, Ordering::Relaxed);
        }
    }
}
