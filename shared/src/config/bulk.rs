//! `bulk` of a destination: which kinds of documents wait there for a time of day, so that a thin line is free for sales.

use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Destination;
use super::check::Checks;
use super::parsed::time_of_day;
use super::place::Place;
use super::structure::listed;
use crate::document::Kind;

/// Which kinds of documents go to a destination only between two times of day on the store's clock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkWindow {
    /// What waits: `stock_count`, `stock_move`, `settlement`, `till_activity`, `pickup`.
    pub kinds: Vec<String>,
    /// From when on it goes, `HH:MM`.
    pub from: String,
    /// Until when, `HH:MM`; a time before `from` is one of the next day.
    pub until: String,
}

impl BulkWindow {
    /// What waits.
    pub fn waiting_kinds(&self) -> Vec<Kind> {
        let words = self.kinds.iter();
        words.filter_map(|word| Kind::from_word(word)).collect()
    }

    /// Between which times of day it goes; `None` when they cannot be read.
    pub fn times(&self) -> Option<(Time, Time)> {
        time_of_day(&self.from).zip(time_of_day(&self.until))
    }

    fn names(&self, kind: Kind) -> bool {
        self.kinds.iter().any(|word| word == kind.as_str())
    }
}

/// What is wrong with a destination's window.
pub(super) fn bulk(checks: &mut Checks, destination: &Destination, place: Place<'_>) {
    let Some(bulk) = &destination.bulk else {
        return;
    };
    let place = place.key("bulk");
    kinds(checks, destination, bulk, place.key("kinds"));
    for (name, text) in [("from", &bulk.from), ("until", &bulk.until)] {
        let message = format!("`{name}` is no time of day");
        let sound = time_of_day(text).is_some();
        checks.need(sound, place.key(name), &message, "write HH:MM, as in 22:00");
    }
    let apart = bulk.times().is_none_or(|(from, until)| from != until);
    let message = "`from` and `until` are the same time: nothing would wait, or everything";
    let hint = "give another time, or leave `bulk` out so that nothing waits";
    checks.need(apart, place.key("until"), message, hint);
}

fn kinds(checks: &mut Checks, destination: &Destination, bulk: &BulkWindow, place: Place<'_>) {
    if bulk.kinds.is_empty() {
        let message = "`kinds` is empty: nothing would wait";
        checks.add(
            place,
            message,
            "name some, or leave `bulk` out so that nothing waits",
        );
    }
    super::routes::known_kinds(checks, &bulk.kinds, place);
    let may = listed(Kind::CAN_WAIT.map(Kind::as_str));
    for (index, word) in bulk.kinds.iter().enumerate() {
        let Some(kind) = Kind::from_word(word) else {
            continue;
        };
        let message =
            format!("`{word}` cannot wait: sales, returns, voids, days and cash always go at once");
        let hint = format!("leave it out; what can wait is {may}");
        checks.need(kind.can_wait(), place.item(index), &message, &hint);
    }
    // A count waits for goods that moved before it: left out, it would wait along without anybody having said so.
    let moves = [Kind::StockMove, Kind::Pickup].map(|kind| bulk.names(kind));
    let along = bulk.names(Kind::StockCount) || !destination.takes(Kind::StockCount);
    let message =
        "stock counts go after the stock moves and pickups before them, and so must wait with them";
    let hint = "add \"stock_count\" to `kinds`";
    checks.need(along || moves == [false; 2], place, message, hint);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::config::{Config, read};

    fn configured(bulk: &str, more: &str) -> Result<Config, Vec<String>> {
        let text = format!(
            "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n\
             [[destination]]\nname = \"files\"\ntype = \"folder\"\npath = \"/x\"\nbulk = {{ {bulk} }}\n{more}"
        );
        read(&text).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_window_names_kinds_and_two_times_of_day_and_may_lie_over_midnight() {
        let kinds = "kinds = [\"stock_count\", \"till_activity\"]";
        let text = format!("{kinds}, from = \"22:00\", until = \"05:30\"");
        let config = configured(&text, "").unwrap();
        let bulk = config.destinations[0].bulk.clone().unwrap();
        let time = |hour, minute| jiff::civil::time(hour, minute, 0, 0);
        assert_eq!(bulk.times(), Some((time(22, 0), time(5, 30))));
        assert_eq!(bulk.waiting_kinds(), [Kind::StockCount, Kind::TillActivity]);
        let only = "kinds = [\"settlement\"]";
        configured(&format!("{only}, from = \"12:00\", until = \"13:00\""), "").unwrap();
    }

    #[rstest]
    #[case::a_sale(
        "\"stock_count\", \"sale\"",
        "22:00",
        "05:00",
        "`sale` cannot wait: sales, returns, voids, days and cash always go at once; leave it out; what can wait is"
    )]
    #[case::a_close("\"day_close\"", "22:00", "05:00", "`day_close` cannot wait")]
    #[case::cash("\"cash_movement\"", "22:00", "05:00", "`cash_movement` cannot wait")]
    #[case::none("", "22:00", "05:00", "`kinds` is empty: nothing would wait")]
    #[case::a_slip(
        "\"stock_cuont\"",
        "22:00",
        "05:00",
        "`stock_cuont` is no kind of document; did you mean `stock_count`?"
    )]
    #[case::twice(
        "\"settlement\", \"settlement\"",
        "22:00",
        "05:00",
        "stands here twice"
    )]
    #[case::no_time(
        "\"settlement\"",
        "10pm",
        "05:00",
        "line 9: `from` is no time of day; write HH:MM"
    )]
    #[case::no_end("\"settlement\"", "22:00", "24:00", "`until` is no time of day")]
    #[case::no_length(
        "\"settlement\"",
        "22:00",
        "22:00",
        "`from` and `until` are the same time"
    )]
    #[case::a_count_that_would_wait_along(
        "\"stock_move\"",
        "22:00",
        "05:00",
        "must wait with them; add \"stock_count\""
    )]
    fn a_window_that_cannot_be_meant_is_refused(
        #[case] kinds: &str,
        #[case] from: &str,
        #[case] until: &str,
        #[case] why: &str,
    ) {
        let bulk = format!("kinds = [{kinds}], from = \"{from}\", until = \"{until}\"");
        let told = configured(&bulk, "").unwrap_err().join("; ");
        assert!(told.contains(why), "{told}");
    }

    #[test]
    fn nothing_may_be_missing_or_unknown_in_a_window() {
        let whole = [
            "kinds = [\"settlement\"]",
            "from = \"22:00\"",
            "until = \"05:00\"",
        ];
        for (n, missing) in ["kinds", "from", "until"].into_iter().enumerate() {
            let mut parts = whole.to_vec();
            parts.remove(n);
            let told = configured(&parts.join(", "), "").unwrap_err().join("; ");
            assert!(told.contains(&format!("has no `{missing}`")), "{told}");
        }
        let more = format!("{}, form = \"22:00\"", whole.join(", "));
        let told = configured(&more, "").unwrap_err().join("; ");
        assert!(
            told.contains("unknown key `form`; did you mean `from`?"),
            "{told}"
        );
    }

    #[test]
    fn where_no_counts_go_none_has_to_wait_along() {
        let bulk = "kinds = [\"pickup\"], from = \"22:00\", until = \"05:00\"";
        configured(bulk, "kinds = [\"sale\", \"pickup\"]\n").unwrap();
        assert!(configured(bulk, "").is_err());
    }
}
