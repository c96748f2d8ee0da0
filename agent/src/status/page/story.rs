//! One document: what is the matter with it, what may be done, what is in it, where it goes, and its story.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use tillpost_shared::problem::Level;

use super::visit::{Frame, Stop, Visit};
use crate::intake::http::access::Denied;
use crate::intake::http::answer::Refusal;
use crate::intake::http::documents::known_id;
use crate::outbox::State;
use crate::status::text::{Cause, Texts, Troubled, fill_written};
use crate::store::read::{self, DeliveryView, DocumentView};
use crate::store::senders;

/// The page.
#[derive(Template)]
#[template(path = "story.html")]
struct Page<'a> {
    frame: Frame<'a>,
    /// What became of an action, if one was just done.
    said: &'static str,
    document: &'a DocumentView,
    state_text: &'static str,
    matters: Vec<Matter>,
    facts: Vec<(&'static str, String)>,
    lines: Vec<[String; 4]>,
    tenders: Vec<[String; 2]>,
    body_kept: bool,
    deliveries: Vec<[String; 5]>,
    history: Vec<[String; 3]>,
    /// Which actions are possible.
    may: Actions,
    /// The document as stored; for the store's IT only.
    raw: Option<String>,
}

/// What is the matter with the document.
struct Matter {
    what: &'static str,
    next: &'static str,
    detail: String,
    hint: String,
    code: String,
    call: bool,
}

/// What a person may do with a document in its state.
#[derive(Debug, Clone, Copy)]
struct Actions {
    retry: bool,
    release: bool,
    withdraw: bool,
}

/// What the page was told by the one before.
#[derive(Debug, Default, Deserialize)]
pub struct Told {
    said: Option<String>,
}

/// What became of an action, in words.
pub fn said(word: Option<&str>, texts: &Texts) -> &'static str {
    match word {
        Some("done") => texts.done,
        Some("state") => texts.not_any_more,
        Some("reason") => texts.reason_needed,
        Some("form") => texts.refused_form,
        Some(_) | None => "",
    }
}

/// `GET /documents/{id}`.
pub async fn show(
    visit: Visit,
    Path(id): Path<String>,
    told: Result<Query<Told>, QueryRejection>,
) -> Response {
    let told = told.map(|Query(told)| told).unwrap_or_default();
    let shown = shown(&visit, &id, &told).await;
    visit.answer(shown)
}

async fn shown(visit: &Visit, id: &str, told: &Told) -> Result<Response, Stop> {
    let scope = visit.reads()?;
    let id = known_id(id)?;
    let found = visit
        .api
        .ask(move |reader| {
            let sender = senders::of(reader, &id)?;
            Ok(read::document(reader, &id)?.map(|document| (document, sender)))
        })
        .await?;
    let (document, sender) = found.ok_or_else(|| Refusal::not_found("document"))?;
    if !scope.holds(&document.till, sender.as_deref()) {
        return Err(Denied::NotAllowed.into());
    }
    let (texts, hand) = (visit.texts, &visit.hand);
    let kind = texts.kind(&document.kind);
    let body = &document.document["body"];
    let state = document.state;
    let page = Page {
        frame: visit.frame(&format!("{kind} {}", number_of(&document)), "documents"),
        said: said(told.said.as_deref(), texts),
        state_text: texts.document_state(state.as_str()),
        matters: matters(&document, texts),
        facts: facts(&document, visit),
        lines: each(&body["lines"], |line| line_row(line, visit)),
        tenders: each(&body["tenders"], |tender| tender_row(tender, visit)),
        body_kept: !document.document.is_null(),
        deliveries: document
            .deliveries
            .iter()
            .map(|one| delivery_row(one, visit))
            .collect(),
        history: {
            let rows = document.history.iter();
            rows.map(|row| [hand.moment(row.at), row.who.clone(), row.what.clone()])
                .collect()
        },
        may: Actions {
            retry: matches!(state, State::Parked | State::Waiting),
            release: state == State::Held,
            withdraw: matches!(state, State::Held | State::Parked | State::Waiting),
        },
        raw: visit
            .is_it()
            .then(|| serde_json::to_string_pretty(&document).unwrap_or_default()),
        document: &document,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// What a person calls the document: its receipt's number, else its key.
fn number_of(document: &DocumentView) -> String {
    let printed = document.document["receipt_number"].as_str();
    printed.unwrap_or(&document.key).to_owned()
}

/// What keeps it back: what our own checks found, and what destinations said.
fn matters(document: &DocumentView, texts: &'static Texts) -> Vec<Matter> {
    let matter = |code: &str, detail: &str, hint: &str, troubled: Troubled| {
        let cause = Cause::of(code, troubled);
        let [what, next] = texts.cause(cause);
        Matter {
            what,
            next,
            detail: detail.to_owned(),
            hint: hint.to_owned(),
            code: code.to_owned(),
            call: cause.needs_it(),
        }
    };
    let held = document
        .problems
        .iter()
        .filter(|_| document.state == State::Held);
    let held = held.filter(|problem| problem.level == Level::Held);
    let held = held.map(|problem| {
        let hint = problem.hint.as_deref().unwrap_or_default();
        matter(
            problem.code.as_str(),
            &problem.message,
            hint,
            Troubled::Held,
        )
    });
    let kept = document
        .deliveries
        .iter()
        .filter(|one| matches!(one.state, State::Parked | State::Waiting));
    let kept = kept.filter_map(|one| one.answer.as_ref());
    let kept =
        kept.map(|answer| matter(&answer.code, &answer.message, &answer.hint, Troubled::Sent));
    held.chain(kept).collect()
}

fn facts(document: &DocumentView, visit: &Visit) -> Vec<(&'static str, String)> {
    let (texts, hand, stored) = (visit.texts, &visit.hand, &document.document);
    let text = |name: &str| stored[name].as_str().unwrap_or_default().to_owned();
    let total = money(&stored["body"]["total"], visit, currency(stored, visit));
    let facts = [
        (texts.kind, texts.kind(&document.kind).to_owned()),
        (texts.till, document.till.clone()),
        (texts.receipt_number, text("receipt_number")),
        (texts.number, document.key.clone()),
        (texts.date, hand.day_text(&text("business_date"))),
        (texts.total, total),
    ];
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

fn currency<'a>(stored: &'a Value, visit: &'a Visit) -> &'a str {
    let own = stored["currency"].as_str();
    own.unwrap_or(&visit.api.parts.config.store.currency)
}

/// Each element of a list, as a row.
fn each<T>(list: &Value, row: impl FnMut(&Value) -> T) -> Vec<T> {
    list.as_array().into_iter().flatten().map(row).collect()
}

fn money(value: &Value, visit: &Visit, currency: &str) -> String {
    let amount = value.as_str();
    amount
        .map(|amount| visit.hand.money(amount, currency))
        .unwrap_or_default()
}

fn line_row(line: &Value, visit: &Visit) -> [String; 4] {
    let product = &line["product"];
    let names = ["name", "sku", "barcode", "plu"];
    let name = names.iter().find_map(|name| product[*name].as_str());
    let name = name.or_else(|| line["type"].as_str()).unwrap_or_default();
    let quantity = line["quantity"].as_str().unwrap_or_default();
    [
        name.to_owned(),
        visit.hand.decimal(quantity),
        money(&line["unit_price"], visit, ""),
        money(&line["total"], visit, ""),
    ]
}

fn tender_row(tender: &Value, visit: &Visit) -> [String; 2] {
    let method = tender["method"]
        .as_str()
        .or_else(|| tender["type"].as_str());
    [
        method.unwrap_or_default().to_owned(),
        money(&tender["amount"], visit, ""),
    ]
}

fn delivery_row(one: &DeliveryView, visit: &Visit) -> [String; 5] {
    let due = one
        .due_at
        .map(|at| fill_written(visit.texts.next_try, "", &visit.hand.moment(at), ""));
    let said = one.answer.as_ref().map(|answer| answer.message.clone());
    [
        one.destination.clone(),
        visit.texts.document_state(one.state.as_str()).to_owned(),
        visit.hand.number(one.attempts.into()),
        one.reference.clone().unwrap_or_default(),
        [said, due]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · "),
    ]
}
