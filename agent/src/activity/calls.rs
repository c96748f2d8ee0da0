//! How long each call to a destination takes, for the metrics: buckets as Prometheus has them. Kept in memory; a restart
//! begins anew.

use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// The fastest call that the histogram tells apart, in seconds; each bucket is twice the one before.
const CALL_SECONDS_MIN: f64 = 0.005;
/// Up to 164 seconds: longer than any answer is waited for.
const CALL_BUCKETS: u16 = 16;

/// The times of calls, by destination and call.
pub type CallTimes = Family<Vec<(&'static str, String)>, Histogram>;

/// No call yet.
pub(super) fn none() -> CallTimes {
    Family::new_with_constructor(|| {
        Histogram::new(exponential_buckets(CALL_SECONDS_MIN, 2.0, CALL_BUCKETS))
    })
}

/// Times the calls to one destination.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    pub(super) times: CallTimes,
    pub(super) destination: String,
}

impl Stopwatch {
    /// A call took so long, answered or not. Names of calls are few and fixed: each is a row of every graph.
    pub fn took(&self, call: &'static str, took: Duration) {
        let labels = vec![
            ("destination", self.destination.clone()),
            ("call", call.to_owned()),
        ];
        self.times
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }
}
