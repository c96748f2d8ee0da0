//! What needs a person: each trouble in plain words, with the one next step that it has. Pure.

use crate::activity::Health;
use crate::status::text::{Cause, Hand, Texts, fill, fill_written};
use crate::status::{Origin, ProblemStatus, Status};
use crate::store::figures::Kept;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What is the matter.
    pub what: String,
    /// What to do about it.
    pub next: &'static str,
    /// How many documents and since when.
    pub since: String,
    /// The reason in the system's words.
    pub detail: String,
    /// Who has to do what, in the system's words.
    pub hint: String,
    /// The code to name to the store's IT; empty where they need not be called.
    pub code: String,
    /// The documents that a button tries again; empty where there is no such button.
    pub retry: Vec<String>,
    /// Where to look at it; empty where there is nothing to look at.
    pub look: String,
}

/// What needs a person, worst first. A line that is down is told of elsewhere: it comes back by itself.
pub fn needs(status: &Status, texts: &'static Texts, hand: &Hand) -> Vec<Need> {
    let is_line = |name: &str| status.destinations.iter().any(|one| one.name == name);
    let wanted = status
        .problems
        .iter()
        .filter(|problem| match &problem.origin {
            Origin::Documents(_) => true,
            Origin::Loop(_, Health::Ok | Health::Noted) => false,
            Origin::Loop(_, Health::Attention) => true,
            Origin::Loop(name, Health::Offline) => !is_line(name),
        });
    wanted.map(|problem| need(problem, texts, hand)).collect()
}

fn need(problem: &ProblemStatus, texts: &'static Texts, hand: &Hand) -> Need {
    let cause = Cause::of(&problem.code, problem.origin.troubled());
    let [what, next] = texts.cause(cause);
    let since = hand.moment(problem.since);
    let until = problem.until.map(|until| hand.moment(until));
    let state = match problem.origin {
        Origin::Documents(Kept::Parked) => "parked",
        Origin::Documents(Kept::Held) => "held",
        Origin::Documents(Kept::Postponed) | Origin::Loop(..) => "waiting",
    };
    let retry = matches!(
        problem.origin,
        Origin::Documents(Kept::Parked | Kept::Postponed)
    );
    Need {
        what: fill(what, 0, until.as_deref().unwrap_or_default(), ""),
        next,
        since: match problem.count {
            Some(count) => fill_written(texts.oldest_of, &hand.number(count), &since, ""),
            None => fill_written(texts.since, "", &since, ""),
        },
        detail: problem.detail.clone(),
        hint: problem.hint.clone(),
        code: if cause.needs_it() {
            problem.code.clone()
        } else {
            String::new()
        },
        retry: if retry {
            problem.documents.clone()
        } else {
            Vec::new()
        },
        look: match (&problem.documents[..], problem.count) {
            ([], _) => String::new(),
            ([one], Some(1)) => format!("/documents/{one}"),
            _ => format!("/documents?state={state}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::activity::Board;
    use crate::status::tests::{broken, drawn, figures, out_of_reach, reason};
    use crate::status::text::LANGUAGES;

    fn told(board: &Board, kept: &[Kept]) -> Vec<Need> {
        let texts = Texts::of("en");
        let mut figures = figures(2);
        figures.reasons = kept
            .iter()
            .map(|kept| reason(*kept, "2026-10-30T09:30:00Z"))
            .collect();
        let status = drawn("en", &figures, board, false);
        needs(
            &status,
            texts,
            &Hand::new(texts, "en", "CHF", TimeZone::UTC),
        )
    }

    #[test]
    fn a_line_that_is_down_needs_nobody_and_a_key_that_is_refused_needs_it() {
        assert_eq!(told(&Board::default(), &[]), []);
        assert_eq!(told(&out_of_reach(), &[]), []);
        let needs = told(&broken(), &[]);
        let [key] = &needs[..] else {
            panic!("one need: {needs:?}")
        };
        assert_eq!(key.what, "Head office does not accept this store's key.");
        assert_eq!(
            (key.code.as_str(), key.hint.as_str()),
            ("unauthorized", "Set another.")
        );
        assert_eq!(key.retry, Vec::<String>::new());
    }

    #[test]
    fn whatever_answers_in_head_office_s_place_and_a_failing_disk_are_needs_of_their_lane() {
        for (code, what) in [
            (
                "incomprehensible",
                "Something else answers in head office's place.",
            ),
            (
                "wrong_environment",
                "Store and head office belong to different environments.",
            ),
            ("outbox_failed", "The disk of this PC is full or fails."),
        ] {
            let board = Board::default();
            board.trouble(
                "odoo",
                Health::Attention,
                [code, "x", "y"],
                Timestamp::UNIX_EPOCH,
            );
            let needs = told(&board, &[]);
            let whats: Vec<_> = needs.iter().map(|need| need.what.as_str()).collect();
            assert_eq!(whats, [what]);
        }
    }

    #[test]
    fn a_key_that_ends_is_told_with_its_end_in_every_language() {
        let until: Timestamp = "2026-11-13T15:30:00Z".parse().unwrap();
        let board = Board::default();
        let words = ["key_ends", "The key ends.", "Make another."];
        board.trouble("odoo key", Health::Attention, words, Timestamp::UNIX_EPOCH);
        board.until("odoo key", until);
        for texts in LANGUAGES {
            let status = drawn(texts.language, &figures(0), &board, false);
            let hand = Hand::new(texts, texts.language, "CHF", TimeZone::UTC);
            let needs = needs(&status, texts, &hand);
            let [key] = &needs[..] else {
                panic!("one need: {needs:?}")
            };
            let day = hand.day_text("2026-11-13");
            assert!(key.what.contains(&format!("{day}, 15:30")), "{}", key.what);
            assert!(key.next.contains("Odoo"), "{}", key.next);
            assert_eq!(key.code, "key_ends");
        }
    }

    #[test]
    fn a_refused_document_can_be_tried_again_and_a_held_one_only_looked_at() {
        let needs = told(&Board::default(), &[Kept::Parked, Kept::Held]);
        let retries: Vec<_> = needs.iter().map(|need| need.retry.len()).collect();
        assert_eq!(retries, [2, 0]);
        assert_eq!(needs[0].look, "/documents?state=parked");
        assert_eq!(needs[0].hint, "add the product in Odoo");
        assert_eq!(needs[1].look, "/documents?state=held");
    }
}
