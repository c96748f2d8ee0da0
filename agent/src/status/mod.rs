//! How the agent is doing: one state, one plain sentence, and what a person must do. Drawn from the outbox's figures,
//! the board on which every loop reports, and the catalog.

pub mod alerts;
mod http;
pub mod line;
mod metrics;
pub mod page;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tillpost_shared::config::{Config, DestinationType, Environment};

use crate::activity::{Health, Report};
use crate::catalog;
use crate::status::text::{Texts, Troubled, fill};
use crate::store::figures::{Figures, Kept, Reason};
use crate::store::millionths;
use crate::store::read::money_text;
use crate::store::windows::InWindow;

/// How long a postponed document is no reason to call anybody: most causes go away by themselves.
const POSTPONED_QUIET: SignedDuration = SignedDuration::from_hours(1);

/// The state in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should.
    Ok,
    /// A person should look.
    Attention,
    /// Something cannot be reached; documents wait and go by themselves.
    Offline,
    /// The agent is on its way out.
    Stopping,
}

impl State {
    /// The word in answers and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Attention => "attention",
            Self::Offline => "offline",
            Self::Stopping => "stopping",
        }
    }
}

/// `GET /v1/status`.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The store's code.
    pub store: String,
    /// This program's version.
    pub version: &'static str,
    /// Which world the store belongs to.
    pub environment: &'static str,
    /// The state in a word.
    pub state: State,
    /// The state in a sentence.
    pub sentence: String,
    /// The outbox.
    pub documents: Documents,
    /// Where documents go.
    pub destinations: Vec<DestinationStatus>,
    /// The prices in force.
    pub catalog: catalog::Status,
    /// What needs attention.
    pub problems: Vec<ProblemStatus>,
}

/// The outbox in figures.
#[derive(Debug, Clone, Serialize)]
pub struct Documents {
    /// On their way.
    pub waiting: i64,
    /// What head office lacks by those, voids taken off; null without a credential.
    pub waiting_value: Option<String>,
    /// In which currency.
    pub currency: String,
    /// Since when the oldest waits.
    pub oldest_waiting_at: Option<Timestamp>,
    /// Refused by a destination.
    pub parked: i64,
    /// Waiting for a person's release.
    pub held: i64,
    /// Stored in this trading day.
    pub accepted_today: i64,
    /// Arrived everywhere in this trading day.
    pub delivered_today: i64,
}

/// How a destination is doing.
#[derive(Debug, Clone, Serialize)]
pub struct DestinationStatus {
    /// Its name.
    pub name: String,
    /// What it is.
    pub r#type: DestinationType,
    /// How it is doing.
    pub state: Health,
    /// When it last took something.
    pub last_success_at: Option<Timestamp>,
    /// Documents on their way there.
    pub waiting: i64,
    /// Documents it refused.
    pub parked: i64,
    /// Those on their way that wait for nothing but their time of day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk: Option<InWindow>,
    /// How it is doing, for a person; empty when all is well.
    pub sentence: String,
}

/// Something a person should know.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemStatus {
    /// Stable word for programs.
    pub code: String,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Since when.
    pub since: Timestamp,
    /// How many documents; absent where it concerns none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// The ids of the oldest few of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// What keeps the documents back, or how badly a loop does; not part of the answer.
    #[serde(skip)]
    pub origin: Origin,
    /// The reason alone, in the system's words; not part of the answer.
    #[serde(skip)]
    pub detail: String,
    /// Until when all still goes well, of trouble that is to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Where a problem comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A loop, by the name on the board.
    Loop(String, Health),
    /// Documents that are kept back.
    Documents(Kept),
}

impl Origin {
    /// What its code troubles.
    pub const fn troubled(&self) -> Troubled {
        match self {
            Self::Loop(..) => Troubled::Agent,
            Self::Documents(Kept::Held) => Troubled::Held,
            Self::Documents(Kept::Parked | Kept::Postponed) => Troubled::Sent,
        }
    }
}

/// What the status is drawn from.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The store and its destinations.
    pub config: &'a Config,
    /// The outbox.
    pub figures: &'a Figures,
    /// What every loop reports.
    pub board: &'a BTreeMap<String, Report>,
    /// The catalog.
    pub catalog: catalog::Status,
    /// Whether the agent is on its way out.
    pub stopping: bool,
    /// Whether amounts of money may be shown.
    pub money: bool,
    /// The language of its sentences.
    pub texts: &'static Texts,
    /// The moment it is drawn.
    pub now: Timestamp,
}

/// Draws the status. Pure.
pub fn draw(seen: Seen<'_>) -> Status {
    let texts = seen.texts;
    let state = state(&seen);
    let figures = seen.figures;
    Status {
        store: seen.config.store.code.clone(),
        version: env!("CARGO_PKG_VERSION"),
        environment: seen.config.store.environment.as_str(),
        state,
        sentence: sentence(state, &seen, texts),
        documents: Documents {
            waiting: figures.waiting,
            waiting_value: seen
                .money
                .then(|| money_text(millionths(figures.waiting_value))),
            currency: seen.config.store.currency.clone(),
            oldest_waiting_at: figures.oldest_waiting_at,
            parked: figures.parked,
            held: figures.held,
            accepted_today: figures.accepted_today,
            delivered_today: figures.delivered_today,
        },
        destinations: destinations(&seen),
        problems: problems(&seen, texts),
        catalog: seen.catalog,
    }
}

/// Whether documents are kept back by something a person must do about.
fn needs_person(reason: &Reason, now: Timestamp) -> bool {
    match reason.kept {
        Kept::Parked | Kept::Held => true,
        Kept::Postponed => now.duration_since(reason.since) >= POSTPONED_QUIET,
    }
}

fn state(seen: &Seen<'_>) -> State {
    let reported = |health| seen.board.values().any(|report| report.health == health);
    let mut reasons = seen.figures.reasons.iter();
    if seen.stopping {
        State::Stopping
    } else if reported(Health::Attention) || reasons.any(|reason| needs_person(reason, seen.now)) {
        State::Attention
    } else if reported(Health::Offline) {
        State::Offline
    } else {
        State::Ok
    }
}

fn sentence(state: State, seen: &Seen<'_>, texts: &Texts) -> String {
    let figures = seen.figures;
    match state {
        State::Stopping => texts.stopping.to_owned(),
        State::Ok => match figures.waiting {
            0 => texts.all_sent.to_owned(),
            1 => texts.one_on_its_way.to_owned(),
            n => fill(texts.on_their_way, n, "", ""),
        },
        State::Offline => {
            let destinations = seen.config.destinations.iter();
            let out = destinations
                .map(|destination| &destination.name)
                .find(|name| offline(seen.board, name));
            match out {
                Some(name) => {
                    let waiting = figures
                        .destinations
                        .get(name)
                        .map_or(0, |lane| lane.waiting);
                    fill(texts.no_line, waiting, name, "")
                }
                None => texts.no_line_elsewhere.to_owned(),
            }
        }
        State::Attention => {
            let reasons = figures.reasons.iter();
            let needing = reasons.filter(|reason| needs_person(reason, seen.now));
            match needing.map(|reason| reason.count).sum() {
                0 => texts.look.to_owned(),
                1 => texts.one_needs_you.to_owned(),
                n => fill(texts.need_you, n, "", ""),
            }
        }
    }
}

fn offline(board: &BTreeMap<String, Report>, name: &str) -> bool {
    let report = board.get(name);
    report.is_some_and(|report| report.health == Health::Offline)
}

fn destinations(seen: &Seen<'_>) -> Vec<DestinationStatus> {
    let status = |destination: &tillpost_shared::config::Destination| {
        let name = &destination.name;
        let report = seen.board.get(name);
        let lane = seen.figures.destinations.get(name).copied();
        let lane = lane.unwrap_or_default();
        DestinationStatus {
            name: name.clone(),
            r#type: destination.kind,
            state: report.map_or(Health::Ok, |report| report.health),
            last_success_at: report.and_then(|report| report.last_success_at),
            waiting: lane.waiting,
            parked: lane.parked,
            bulk: lane.in_window,
            sentence: report.map_or_else(String::new, |report| report.sentence.clone()),
        }
    };
    seen.config.destinations.iter().map(status).collect()
}

/// What the loops report, then what keeps documents back.
fn problems(seen: &Seen<'_>, texts: &Texts) -> Vec<ProblemStatus> {
    let troubles = seen.board.iter().filter(|(_, r)| r.health != Health::Ok);
    let troubles = troubles.map(|(name, report)| ProblemStatus {
        code: report.code.clone(),
        message: report.sentence.clone(),
        hint: report.hint.clone(),
        since: report.since,
        count: None,
        documents: Vec::new(),
        origin: Origin::Loop(name.clone(), report.health),
        detail: report.sentence.clone(),
        until: report.until,
    });
    let kept = seen.figures.reasons.iter().map(|reason| {
        let name = reason.destination.as_deref().unwrap_or_default();
        let text = texts.kept(reason.kept);
        let detail = what(reason, seen.money);
        ProblemStatus {
            code: reason.answer.code.clone(),
            message: fill(text, reason.count, name, &detail),
            hint: reason.answer.hint.clone(),
            since: reason.since,
            count: Some(reason.count),
            documents: reason.documents.clone(),
            origin: Origin::Documents(reason.kept),
            detail,
            until: None,
        }
    });
    troubles.chain(kept).collect()
}

/// Why documents are kept back; without a credential not how much money was in them. Our own checks speak of nothing
/// but money in numbers, destinations also of products and lines.
fn what(reason: &Reason, money: bool) -> String {
    let message = &reason.answer.message;
    if money {
        return message.clone();
    }
    let amount = |word: &str| {
        let digits = word.contains(|c: char| c.is_ascii_digit());
        digits && (reason.kept == Kept::Held || word.trim_end_matches('.').contains(['.', ',']))
    };
    let words = message.split(' ');
    let shown: Vec<&str> = words
        .map(|word| if amount(word) { "…" } else { word })
        .collect();
    shown.join(" ")
}

/// Whether the page must say which world it belongs to: everywhere but where money is real.
fn environment_shown(config: &Config) -> bool {
    config.store.environment != Environment::Production
}
