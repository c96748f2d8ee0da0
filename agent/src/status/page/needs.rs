//! What needs a person: each trouble in plain words, with the one next step that it has. Pure.

use crate::activity::Health;
use crate::status::text::{Cause, Hand, Texts, fill_written};
use crate::status::{Origin, ProblemStatus, Status};
use crate::store::figures::Kept;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What is the matter.
    pub what: &'static str,
    /// What to do about it.
    pub next: &'static str,
    /// How many documents and since when.
    pub since: String,
    /// The reason in the system's words.
    pub detail: String,
    /// The code to name to the store's IT; empty where they need not be called.
    pub code: String,
    /// The documents that a button tries again; empty where there is no such button.
    pub retry: Vec<String>,
    /// Where to look at it; empty where there is nothing to look at.
    pub look: String,
}

/// What needs a person, worst first. A line that is down is told of elsewhere: it comes back by itself.
pub fn needs(status: &Status, texts: &'static Texts, hand: &Hand) -> Vec<Need> {
    let lines: Vec<&str> = status
        .destinations
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let wanted = status
        .problems
        .iter()
        .filter(|problem| match &problem.origin {
            Origin::Documents(_) => true,
            Origin::Loop(name, health) => {
                *health > Health::Noted && !lines.contains(&name.as_str())
            }
        });
    wanted.map(|problem| need(problem, texts, hand)).collect()
}

fn need(problem: &ProblemStatus, texts: &'static Texts, hand: &Hand) -> Need {
    let document = matches!(problem.origin, Origin::Documents(_));
    let cause = Cause::of(&problem.code, document);
    let [what, next] = texts.cause(cause);
    let since = hand.moment(problem.since);
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
        what,
        next,
        since: match problem.count {
            Some(count) => fill_written(texts.oldest_of, &hand.number(count), &since, ""),
            None => fill_written(texts.since, "", &since, ""),
        },
        detail: problem.detail.clone(),
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
