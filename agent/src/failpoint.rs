//! Named places at which a test lets the power fail. Only in debug builds; a release knows none of it.
//!
//! `TILLPOST_FAILPOINT=odoo.request_sent:3` ends the process, without any clean-up, when that place is reached for the
//! third time, and says so on stderr. `TILLPOST_WEAK_SYNC=1` makes the outbox commit without syncing: the power cut
//! tests must see that lose, or they show nothing. `TILLPOST_CHECKPOINT_PAGES=50` has the log moved into the outbox so
//! often that a test's power cuts fall into it.

/// Marks the place `name`.
#[cfg(not(debug_assertions))]
#[inline]
pub fn hit(_name: &'static str) {}

/// Marks the place `name`.
#[cfg(debug_assertions)]
#[expect(
    clippy::print_stderr,
    reason = "the test reads it, and the process ends here"
)]
pub fn hit(name: &'static str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let wanted = std::env::var("TILLPOST_FAILPOINT").ok()?;
        let (name, times) = wanted.rsplit_once(':')?;
        Some((name.to_owned(), times.parse().ok()?))
    });
    static HITS: AtomicU32 = AtomicU32::new(0);

    if let Some((wanted, times)) = WANTED.as_ref()
        && wanted == name
        && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *times
    {
        eprintln!("failpoint {name} hit");
        std::process::abort();
    }
}

/// Whether commits are to go unsynced, so that a test can see what that loses. A release never does.
pub fn weak_sync() -> bool {
    cfg!(debug_assertions) && std::env::var_os("TILLPOST_WEAK_SYNC").is_some()
}

/// How many pages the log gathers before they move into the outbox: fewer where a test wants to cut the power meanwhile.
pub fn checkpoint_pages(usual: u32) -> u32 {
    let asked = || {
        std::env::var("TILLPOST_CHECKPOINT_PAGES")
            .ok()?
            .parse()
            .ok()
    };
    if cfg!(debug_assertions) {
        asked().unwrap_or(usual)
    } else {
        usual
    }
}
