//! Lets a test with thousands of faults end today. Only in debug builds; a release knows none of it.
//!
//! `TILLPOST_HURRY=50` divides by 50 how long an answer may take, how long a lane waits after an outage, and for how
//! long a document is put aside. What is decided stays the same, only the waiting is shorter.

use std::time::Duration;

/// The length, shorter when a test is in a hurry.
#[cfg(not(debug_assertions))]
#[inline]
pub const fn shorter(length: Duration) -> Duration {
    length
}

/// The length, shorter when a test is in a hurry.
#[cfg(debug_assertions)]
pub fn shorter(length: Duration) -> Duration {
    use std::sync::LazyLock;

    static DIVISOR: LazyLock<u32> = LazyLock::new(|| {
        let text = std::env::var("TILLPOST_HURRY").unwrap_or_default();
        text.parse().ok().filter(|by| *by > 0).unwrap_or(1)
    });
    length / *DIVISOR
}
