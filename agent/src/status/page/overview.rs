//! The first page: is everything sent, is the line up and if not whose fault it looks like, which prices are in force,
//! what needs me, and today by till. The big state first; without signing in, no amounts of money.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::live::LOOK_EVERY;
use super::needs::{Need, needs};
use super::visit::{Frame, Stop, Visit};
use crate::activity::{Health, Report, now};
use crate::intake::http::access::Right;
use crate::status::http::{destinations, status_of};
use crate::status::line::{Evidence, cable, fault};
use crate::status::text::{Texts, fill_written};
use crate::status::{DestinationStatus, Status};
use crate::store::pace::{self, TillDay};

/// Over which time the present pace is measured.
const PACE_OVER: SignedDuration = SignedDuration::from_mins(10);
/// Minutes beyond which what is left is told in hours.
const MINUTES_MAX: i64 = 120;

/// The page.
#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    frame: Frame<'a>,
    status: &'a Status,
    /// The sign beside the sentence, so that a state is never told by its colour alone.
    sign: &'static str,
    money: bool,
    waiting: String,
    value: Option<String>,
    oldest: Option<String>,
    pace: Option<String>,
    received: String,
    sent: String,
    needs: Vec<Need>,
    lines: Vec<Line>,
    prices: Option<String>,
    next_change: Option<String>,
    tills: Vec<TillRow>,
    as_of: String,
    /// What only the store's IT sees: each loop, its state, its words.
    loops: Vec<[String; 3]>,
}

/// The line to one destination.
struct Line {
    up: bool,
    text: String,
    more: String,
    next: &'static str,
    waiting: String,
    /// What waits for a time of day, and for which.
    bulk: String,
}

/// What a till did today.
struct TillRow {
    till: String,
    rung_up: String,
    amount: String,
    sent: String,
    missing: i64,
    missing_text: String,
}

/// `GET /`.
pub async fn show(visit: Visit) -> Response {
    let shown = shown(&visit).await;
    visit.answer(shown)
}

async fn shown(visit: &Visit) -> Result<Response, Stop> {
    visit.needs(Right::Look)?;
    let (api, texts, hand, moment) = (&visit.api, visit.texts, &visit.hand, now());
    let age = if visit.live {
        LOOK_EVERY
    } else {
        Duration::ZERO
    };
    let status = status_of(api, texts, visit.money(), age).await?;
    let (names, currency) = (destinations(api), status.documents.currency.clone());
    let today = api.parts.house.business_date(moment);
    let asked = api.ask(move |reader| {
        let sent = pace::sent_since(reader, &names, moment - PACE_OVER)?;
        Ok((pace::tills_of(reader, today, &currency)?, sent))
    });
    let (tills, lately) = asked.await?;
    let board = api.parts.board.read();
    let documents = &status.documents;
    let to_send = documents.waiting - in_window(&status);
    let page = Page {
        frame: visit.frame(&status.sentence, "overview"),
        sign: sign(&status),
        money: visit.money(),
        waiting: hand.number(documents.waiting),
        value: documents
            .waiting_value
            .as_deref()
            .map(|value| hand.money(value, &documents.currency)),
        oldest: documents.oldest_waiting_at.map(|at| hand.moment(at)),
        pace: (to_send > 0).then(|| left(to_send, lately, texts, visit)),
        received: hand.number(documents.accepted_today),
        sent: hand.number(documents.delivered_today),
        needs: needs(&status, texts, hand),
        lines: lines(&status, &board, visit),
        prices: status.catalog.taken_at.map(|at| {
            let products = hand.decimal(&status.catalog.products.to_string());
            fill_written(texts.prices_of, &products, &hand.moment(at), "")
        }),
        next_change: status.catalog.next_change_at.map(|at| hand.moment(at)),
        tills: tills
            .iter()
            .map(|till| row(till, visit, &documents.currency))
            .collect(),
        as_of: hand.moment(moment),
        loops: if visit.is_it() {
            loops(&board, visit)
        } else {
            Vec::new()
        },
        status: &status,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn sign(status: &Status) -> &'static str {
    use crate::status::State;
    match status.state {
        State::Ok if status.documents.waiting == 0 => "✓",
        State::Ok => "→",
        State::Attention => "!",
        State::Offline => "⇄",
        State::Stopping => "■",
    }
}

/// How many documents wait for nothing but a time of day, as far as that is known of documents that go to several places.
fn in_window(status: &Status) -> i64 {
    let bulks = status.destinations.iter().filter_map(|one| one.bulk);
    bulks.map(|bulk| bulk.waiting).max().unwrap_or(0)
}

/// How long it takes until all is sent, at the pace of the last minutes.
fn left(waiting: i64, lately: i64, texts: &Texts, visit: &Visit) -> String {
    let Some(minutes) = minutes_left(waiting, lately) else {
        return texts.no_pace.to_owned();
    };
    let (text, n) = match minutes {
        0 => (texts.soon_done, 0),
        1..=MINUTES_MAX => (texts.minutes_left, minutes),
        _ => (texts.hours_left, minutes / 60),
    };
    fill_written(text, &visit.hand.number(n), "", "")
}

/// Minutes until so many are sent, when so many were sent in the last minutes; `None` when none were.
fn minutes_left(waiting: i64, lately: i64) -> Option<i64> {
    waiting
        .saturating_mul(PACE_OVER.as_mins())
        .checked_div(lately)
}

fn lines(status: &Status, board: &BTreeMap<String, Report>, visit: &Visit) -> Vec<Line> {
    // A lane that this PC's own disk fails says nothing of the line; the disk is told of among what needs a person.
    let own_disk = |name: &str| {
        board
            .get(name)
            .is_some_and(|report| report.code == "outbox_failed")
    };
    let down = |one: &DestinationStatus| one.state > Health::Noted && !own_disk(&one.name);
    let any_up = status
        .destinations
        .iter()
        .any(|one| !down(one) && one.last_success_at.is_some());
    let line = |one: &DestinationStatus| {
        let report = board.get(&one.name);
        let (texts, hand) = (visit.texts, &visit.hand);
        let waiting = hand.number(one.waiting);
        let at = |at: Timestamp| hand.moment(at);
        let bulk = one.bulk.map(|bulk| {
            let (n, until) = (
                visit.hand.number(bulk.waiting),
                visit.hand.time(bulk.opens_at),
            );
            fill_written(texts.in_window, &n, &until, "")
        });
        let bulk = bulk.unwrap_or_default();
        let Some(report) = report.filter(|_| down(one)) else {
            let last = one.last_success_at.map_or_else(
                || texts.never_sent.to_owned(),
                |last| fill_written(texts.last_sent, "", &at(last), ""),
            );
            let text = fill_written(texts.line_up, "", &one.name, "");
            return Line {
                up: true,
                text,
                more: last,
                next: "",
                waiting,
                bulk,
            };
        };
        let evidence = Evidence {
            code: &report.code,
            cause: &report.cause,
            cable: cable(),
            others_reached: any_up,
        };
        let [looks_like, next] = fault(evidence).words(texts);
        Line {
            up: false,
            text: fill_written(texts.line_down, "", &one.name, &at(report.since)),
            more: looks_like.to_owned(),
            next,
            waiting,
            bulk,
        }
    };
    status.destinations.iter().map(line).collect()
}

fn row(till: &TillDay, visit: &Visit, currency: &str) -> TillRow {
    let hand = &visit.hand;
    let missing = till.rung_up - till.sent;
    TillRow {
        till: till.till.clone(),
        rung_up: hand.number(till.rung_up),
        amount: if visit.money() {
            amount(till.amount, currency, visit)
        } else {
            String::new()
        },
        sent: hand.number(till.sent),
        missing_text: hand.number(missing),
        missing,
    }
}

fn amount(amount: Decimal, currency: &str, visit: &Visit) -> String {
    visit.hand.money(&amount.to_string(), currency)
}

fn loops(board: &BTreeMap<String, Report>, visit: &Visit) -> Vec<[String; 3]> {
    let row = |(name, report): (&String, &Report)| {
        let words = [report.code.as_str(), &report.cause, &report.sentence].join(" · ");
        let words = words.trim_matches([' ', '·']).to_owned();
        [
            name.clone(),
            visit.texts.health(report.health).to_owned(),
            words,
        ]
    };
    board.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_the_pace_of_the_last_ten_minutes() {
        assert_eq!(minutes_left(100, 0), None);
        assert_eq!(minutes_left(100, 2_000), Some(0));
        assert_eq!(minutes_left(100, 50), Some(20));
        assert_eq!(minutes_left(i64::MAX, 1), Some(i64::MAX));
    }
}
