//! What a connection hears beside the answers themselves: the server's clock, how long each call took, and that another
//! key was taken.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::activity::Stopwatch;

/// What all copies of a connection hear.
#[derive(Default)]
pub struct Overheard {
    clock_ahead: Mutex<Option<SignedDuration>>,
    keys_taken: AtomicU32,
    stopwatch: OnceLock<Stopwatch>,
}

impl Overheard {
    /// The head of an answer was there at `now`; the server gave it at `at`, by its `Date`.
    pub fn dated(&self, at: Option<Timestamp>, now: Timestamp) {
        if let Some(at) = at {
            let mut ahead = self
                .clock_ahead
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *ahead = Some(at.duration_since(now));
        }
    }

    /// By how much the server's clock was ahead of ours at its last answer, to the second; `None` before one with a `Date`.
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        *self
            .clock_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Another key was taken.
    pub fn key_taken(&self) {
        self.keys_taken.fetch_add(1, Ordering::Relaxed);
    }

    /// How often another key was taken.
    pub fn keys_taken(&self) -> u32 {
        self.keys_taken.load(Ordering::Relaxed)
    }

    /// From now on calls are timed by this; the first one stays.
    pub fn time_by(&self, stopwatch: Stopwatch) {
        let _ = self.stopwatch.set(stopwatch);
    }

    /// A call took so long, answered or not.
    pub fn took(&self, model: &str, method: &str, took: Duration) {
        if let Some(stopwatch) = self.stopwatch.get() {
            stopwatch.took(call(model, method), took);
        }
    }
}

/// What a call is counted as: few names that stay the same over all versions. Pure.
fn call(model: &str, method: &str) -> &'static str {
    match (model, method) {
        (
            _,
            "search_read"
            | "search"
            | "search_count"
            | "read"
            | "read_group"
            | "fields_get"
            | "get_closing_control_data",
        ) => "search",
        ("pos.order", "sync_from_ui" | "create_from_ui") => "upload",
        ("pos.session", "create" | "set_opening_control" | "set_cashbox_pos") => "open",
        (
            "pos.session",
            "post_closing_cash_details"
            | "update_closing_control_state_session"
            | "close_session_from_ui"
            | "action_pos_session_closing_control"
            | "action_pos_session_validate",
        ) => "close",
        ("pos.session", "try_cash_in_out") | ("cash.box.out", _) => "cash",
        ("stock.quant" | "stock.inventory" | "stock.inventory.line", _) => "count",
        (model, _) if model.starts_with("stock.") => "move",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::sales("pos.order", "sync_from_ui", "upload")]
    #[case::sales_of_14("pos.order", "create_from_ui", "upload")]
    #[case::looking_for_orders("pos.order", "search_read", "search")]
    #[case::looking_for_stock("stock.quant", "search_read", "search")]
    #[case::a_session("pos.session", "create", "open")]
    #[case::its_close("pos.session", "close_session_from_ui", "close")]
    #[case::its_close_on_14("pos.session", "action_pos_session_validate", "close")]
    #[case::its_notes("pos.session", "write", "other")]
    #[case::cash("pos.session", "try_cash_in_out", "cash")]
    #[case::cash_of_14("cash.box.out", "run", "cash")]
    #[case::a_count("stock.quant", "action_apply_inventory", "count")]
    #[case::goods("stock.picking", "button_validate", "move")]
    #[case::waste("stock.scrap", "action_validate", "move")]
    #[case::never_heard_of("res.partner", "anything", "other")]
    fn calls_are_counted_by_few_names(
        #[case] model: &str,
        #[case] method: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(call(model, method), expected);
    }

    #[test]
    fn the_servers_clock_is_compared_when_it_says_its_time() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let overheard = Overheard::default();
        assert_eq!(overheard.clock_ahead(), None);
        overheard.dated(Some(at("2026-11-26T10:07:00Z")), at("2026-11-26T10:00:00Z"));
        overheard.dated(None, at("2026-11-26T12:00:00Z"));
        assert_eq!(overheard.clock_ahead(), Some(SignedDuration::from_mins(7)));
    }
}
