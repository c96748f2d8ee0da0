//! What is the matter, so that somebody elsewhere should know: decided from what the status says anyway, the clock and
//! the proofs of the days that are over. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tillpost_shared::config::Alerts;

use super::NAME;
use crate::activity::Health;
use crate::status::text::{Cause, Hand, Texts, Troubled, fill};
use crate::status::{Origin, ProblemStatus, Status};
use crate::store::proof::recent::Days;

/// A clock may be set back by this much and nobody wonders.
const BACK_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Before this no clock of a store can stand: the program was not written yet.
const EARLIEST: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// What is the matter, by a stable code.
pub(super) type Alarms = BTreeMap<String, Alarm>;

/// Something that somebody should know: for programs and central IT in English, for a person in the store's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alarm {
    pub message: String,
    pub hint: String,
    /// What it is, and what to do about it.
    pub words: [String; 2],
}

/// From what alarms are decided.
pub(super) struct Seen<'a> {
    pub status: &'a Status,
    pub days: &'a Days,
    /// When something last changed, by the clock of then.
    pub last_change_at: Option<Timestamp>,
    pub alerts: &'a Alerts,
    /// The store's language.
    pub texts: &'static Texts,
    /// The store's way of writing.
    pub hand: &'a Hand,
    pub now: Timestamp,
}

/// What is the matter.
pub(super) fn alarms(seen: &Seen<'_>) -> Alarms {
    let mut alarms = backlog(seen);
    alarms.extend(kept_back(seen));
    alarms.extend(days_and_clock(seen));
    alarms.extend(loops(seen));
    alarms
}

fn alarm(code: &str, message: String, hint: &str, words: [String; 2]) -> (String, Alarm) {
    let hint = hint.to_owned();
    let alarm = Alarm {
        message,
        hint,
        words,
    };
    (code.to_owned(), alarm)
}

fn cause(texts: &Texts, cause: Cause) -> [String; 2] {
    texts.cause(cause).map(str::to_owned)
}

fn older(at: Option<Timestamp>, max: Duration, now: Timestamp) -> bool {
    let age = at.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
    age.is_some_and(|age| age > max)
}

/// What waits for too long, or is too much.
fn backlog(seen: &Seen<'_>) -> Alarms {
    let (documents, texts) = (&seen.status.documents, seen.texts);
    let mut alarms = Alarms::new();
    let hint = "see the status page for whose fault it looks like";
    if older(
        documents.oldest_waiting_at,
        seen.alerts.oldest_max(),
        seen.now,
    ) {
        let message = format!(
            "the oldest of {} documents waits for too long",
            documents.waiting
        );
        let words = [
            fill(texts.waits_too_long, documents.waiting, "", ""),
            texts.see_the_page.to_owned(),
        ];
        alarms.extend([alarm("oldest_waiting", message, hint, words)]);
    }
    let value: Option<Decimal> = documents
        .waiting_value
        .as_deref()
        .and_then(|text| text.parse().ok());
    let most = seen.alerts.value_max();
    if most.zip(value).is_some_and(|(max, value)| value > max) {
        let message = "more money waits than should".to_owned();
        let words = [texts.much_money_waits, texts.see_the_page].map(str::to_owned);
        alarms.extend([alarm("waiting_value", message, hint, words)]);
    }
    if older(
        seen.status.catalog.taken_at,
        seen.alerts.catalog_age_max(),
        seen.now,
    ) {
        let message = "the prices are old".to_owned();
        let words = cause(texts, Cause::Prices);
        alarms.extend([alarm(
            "catalog_age",
            message,
            "run: tillpost catalog refresh",
            words,
        )]);
    }
    alarms
}

/// What a person must look at.
fn kept_back(seen: &Seen<'_>) -> Alarms {
    let (documents, texts) = (&seen.status.documents, seen.texts);
    let mut alarms = Alarms::new();
    let hint = "the status page names each with its next step";
    let words = |count| {
        let what = match count {
            1 => texts.one_needs_you.to_owned(),
            more => fill(texts.need_you, more, "", ""),
        };
        [what, texts.see_the_page.to_owned()]
    };
    if documents.parked >= i64::from(seen.alerts.parked.max(1)) {
        let message = format!("head office refused {} documents", documents.parked);
        alarms.extend([alarm("parked", message, hint, words(documents.parked))]);
    }
    if documents.held >= i64::from(seen.alerts.held.max(1)) {
        let message = format!("{} documents wait for a person", documents.held);
        alarms.extend([alarm("held", message, hint, words(documents.held))]);
    }
    alarms
}

/// Days that are over and do not prove complete, numbers that are missing in them, and a clock that cannot be right.
fn days_and_clock(seen: &Seen<'_>) -> Alarms {
    let texts = seen.texts;
    let mut alarms = Alarms::new();
    if seen.days.missing_numbers >= i64::from(seen.alerts.gaps.max(1)) {
        let message = format!(
            "{} receipt numbers are missing in the last days",
            seen.days.missing_numbers
        );
        let words = [
            fill(texts.numbers_missing, seen.days.missing_numbers, "", ""),
            texts.see_the_page.to_owned(),
        ];
        alarms.extend([alarm(
            "gaps",
            message,
            "see: tillpost proof --date D",
            words,
        )]);
    }
    if let Some(day) = seen.days.unproven.first() {
        let message = format!("the day {day} is still not complete at head office");
        let what = day.to_string();
        let words = [
            fill(texts.day_not_proven, 0, "", &what),
            texts.see_the_page.to_owned(),
        ];
        alarms.extend([alarm(
            "day_not_proven",
            message,
            "see: tillpost proof --date D",
            words,
        )]);
    }
    if clock_is_wrong(seen.last_change_at, seen.now) {
        let message = "the clock of this PC is wrong".to_owned();
        let hint = "set it, and let it follow a time server";
        let words = [texts.clock_wrong, texts.set_the_clock].map(str::to_owned);
        alarms.extend([alarm("clock", message, hint, words)]);
    }
    alarms
}

/// Whether a clock says less than it said before.
fn clock_is_wrong(last_change_at: Option<Timestamp>, now: Timestamp) -> bool {
    let back = last_change_at.is_some_and(|last| now.duration_until(last) > BACK_MAX);
    back || now < EARLIEST
}

/// Loops that need a person.
fn loops(seen: &Seen<'_>) -> Alarms {
    let troubled = seen
        .status
        .problems
        .iter()
        .filter_map(|problem| match &problem.origin {
            Origin::Loop(name, Health::Attention) if name != NAME => Some((name, problem)),
            Origin::Loop(..) | Origin::Documents(_) => None,
        });
    let raise = |(name, problem): (&String, &ProblemStatus)| {
        let until = problem.until.map(|until| seen.hand.moment(until));
        let words = cause(seen.texts, Cause::of(&problem.code, Troubled::Agent));
        let words = words.map(|text| fill(&text, 0, until.as_deref().unwrap_or_default(), ""));
        let code = format!("{name}: {}", problem.code);
        alarm(&code, problem.detail.clone(), &problem.hint, words)
    };
    troubled.map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::Board;
    use crate::status::tests::{drawn, figures};

    #[test]
    fn a_key_that_ends_is_an_alarm_with_its_end() {
        let board = Board::default();
        let words = ["key_ends", "The key to odoo ends.", "Make another."];
        let now = Timestamp::UNIX_EPOCH;
        board.trouble("odoo key", Health::Attention, words, now);
        board.until("odoo key", "2026-11-13T15:30:00Z".parse().unwrap());
        let text = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n\
                    [alerts]\nwebhook = \"https://bell.example.com\"";
        let config = tillpost_shared::config::read(text).unwrap();
        let texts = Texts::of("de");
        let alarms = alarms(&Seen {
            status: &drawn("de", &figures(0), &board, false),
            days: &Days::default(),
            last_change_at: None,
            alerts: config.alerts.as_ref().unwrap(),
            texts,
            hand: &Hand::new(texts, "de", "CHF", config.store.zone()),
            now,
        });
        let alarm = &alarms["odoo key: key_ends"];
        assert_eq!(alarm.message, "The key to odoo ends.");
        assert!(alarm.words[0].contains("13. Nov. 2026, 16:30"), "{alarm:?}");
    }

    #[test]
    fn a_clock_that_goes_back_is_wrong_and_one_that_goes_on_is_not() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-26T15:00:00Z");
        assert!(!clock_is_wrong(None, now));
        assert!(!clock_is_wrong(Some(at("2026-11-26T15:04:59Z")), now));
        assert!(clock_is_wrong(Some(at("2026-11-26T15:05:01Z")), now));
        assert!(clock_is_wrong(None, at("1970-01-01T00:10:00Z")));
    }
}
