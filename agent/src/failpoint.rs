//! Named places at which a test lets the power fail. Only in debug builds; a release knows none of it.
//!
//! `TILLPOST_FAILPOINT=odoo.request_sent:3` ends the process, without any clean-up, when that place is reached for the
//! third time, and says so on stderr. `odoo.out.pos.session.create` is reached when that call has left and nobody has
//! looked at its answer. `TILLPOST_WEAK_SYNC=1` makes the outbox commit without syncing: the power cut tests must see
//! that lose, or they show nothing. `TILLPOST_CHECKPOINT_PAGES=50` has the log moved into the outbox so often that a
//! test's power cuts fall into it.

/// Marks the place `name`.
#[cfg(not(debug_assertions))]
#[inline]
pub fn hit(_name: &'static str) {}

/// Marks the place `name`.
#[cfg(debug_assertions)]
pub fn hit(name: &'static str) {
    if reached(name) {
        ends(name);
    }
}

/// Makes a call of Odoo's and marks the place at which it is out and its answer unread.
#[cfg(not(debug_assertions))]
#[inline]
pub async fn out<T>(_model: &str, _method: &str, call: impl Future<Output = T>) -> T {
    call.await
}

/// Makes a call of Odoo's and marks the place at which it is out and its answer unread.
#[cfg(debug_assertions)]
pub async fn out<T>(model: &str, method: &str, call: impl Future<Output = T>) -> T {
    /// By then a request has left; Odoo is seldom so quick that its answer comes before, and then nobody reads it.
    const LEFT: std::time::Duration = std::time::Duration::from_millis(300);

    let name = format!("odoo.out.{model}.{method}");
    if reached(&name) {
        let _unread = tokio::time::timeout(LEFT, call).await;
        ends(&name);
    }
    call.await
}

/// Whether this is the place and the time at which the test wants it to end.
#[cfg(debug_assertions)]
fn reached(name: &str) -> bool {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let wanted = std::env::var("TILLPOST_FAILPOINT").ok()?;
        let (name, times) = wanted.rsplit_once(':')?;
        Some((name.to_owned(), times.parse().ok()?))
    });
    static HITS: AtomicU32 = AtomicU32::new(0);

    WANTED.as_ref().is_some_and(|(wanted, times)| {
        wanted == name && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *times
    })
}

#[cfg(debug_assertions)]
#[expect(
    clippy::print_stderr,
    reason = "the test reads it, and the process ends here"
)]
fn ends(name: &str) -> ! {
    eprintln!("failpoint {name} hit");
    std::process::abort();
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
