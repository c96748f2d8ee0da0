//! Places where a test can end the process as a power cut would. Not in production builds.
//!
//! `TILLPOST_FAILPOINT=odoo.request_sent:2` ends it the second time the named place is passed.

/// Ends the process here when a test asked for it.
#[cfg(any(debug_assertions, feature = "failpoints"))]
pub fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let wanted = WANTED.get_or_init(|| {
        let value = std::env::var("TILLPOST_FAILPOINT").ok()?;
        let (name, nth) = value.rsplit_once(':')?;
        Some((name.to_owned(), nth.parse().ok()?))
    });
    let Some((wanted, nth)) = wanted else { return };
    if wanted == name && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "failpoint {name} hit");
        std::process::abort();
    }
}

/// Nothing, in production builds.
#[cfg(not(any(debug_assertions, feature = "failpoints")))]
pub fn hit(_: &str) {}
