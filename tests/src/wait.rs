//! Waiting for something to come true, with a limit so wide that only a hang reaches it.

use std::time::{Duration, Instant};

/// How long anything may take before it counts as hanging; nothing is ever asserted to be faster.
pub const HANG: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(50);

/// Asks again and again until `ask` has an answer; panics with `what` when it hangs.
pub fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(HANG, what, ask)
}

/// As [`until`], with a limit of its own for what really takes long.
pub fn within<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            begin.elapsed() < limit,
            "waited {} s in vain for: {what}",
            limit.as_secs()
        );
        std::thread::sleep(PAUSE);
    }
}
