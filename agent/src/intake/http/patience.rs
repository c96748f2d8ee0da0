//! How long the door waits for the other side. A test cannot wait minutes for a limit to pass, so a debug build takes a
//! shorter one from the environment: `TILLPOST_PATIENCE_MS=2000`. A release knows none of it.

use std::time::Duration;

/// The limit as it is.
#[cfg(not(debug_assertions))]
#[inline]
pub const fn within(limit: Duration) -> Duration {
    limit
}

/// The limit, or the shorter one that a test wants.
#[cfg(debug_assertions)]
pub fn within(limit: Duration) -> Duration {
    use std::sync::LazyLock;

    static WANTED: LazyLock<Option<Duration>> = LazyLock::new(|| {
        let millis = std::env::var("TILLPOST_PATIENCE_MS").ok()?.parse().ok()?;
        Some(Duration::from_millis(millis))
    });
    WANTED.map_or(limit, |wanted| limit.min(wanted))
}
