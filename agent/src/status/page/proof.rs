//! The day's proof as a page that prints well: what `GET /v1/proof` answers, in the visitor's language.

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::visit::{Frame, Stop, Visit};
use crate::intake::http::answer::Refusal;
use crate::intake::http::look_up::proof_of;
use crate::intake::http::query::parameters;
use crate::status::text::fill_written;

/// The page.
#[derive(Template)]
#[template(path = "proof.html")]
struct Page<'a> {
    frame: Frame<'a>,
    date: String,
    day: String,
    complete: bool,
    rows: Vec<[String; 6]>,
    gaps: Vec<String>,
    differences: Vec<[String; 2]>,
}

/// What `GET /proof` may be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofQuery {
    #[serde(default)]
    date: String,
}

/// `GET /proof`.
pub async fn show(visit: Visit, query: Result<Query<ProofQuery>, QueryRejection>) -> Response {
    let shown = shown(&visit, query).await;
    visit.answer(shown)
}

async fn shown(
    visit: &Visit,
    query: Result<Query<ProofQuery>, QueryRejection>,
) -> Result<Response, Stop> {
    let scope = visit.reads()?;
    let date = parameters(query)?.date;
    let date = Some(date.trim()).filter(|date| !date.is_empty());
    let proof = proof_of(&visit.api, date, scope).await?;
    // As the API answers it, so that both say the same.
    let proof = serde_json::to_value(&proof).map_err(|_| Refusal::fault())?;
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let page = Page {
        frame: visit.frame(visit.texts.proof, "proof"),
        date: text(&proof, "date"),
        day: visit.hand.day_text(&text(&proof, "date")),
        complete: proof["complete"] == true,
        rows: list(&proof["rows"])
            .map(|row| self::row(row, &proof, visit))
            .collect(),
        gaps: list(&proof["gaps"])
            .map(|gap| self::gap(gap, visit))
            .collect(),
        differences: {
            let differences = list(&proof["differences"]);
            differences
                .map(|one| [text(one, "key"), text(one, "what")])
                .collect()
        },
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Till, kind and method, rung up, stored, acknowledged, read back.
fn row(row: &Value, proof: &Value, visit: &Visit) -> [String; 6] {
    let currency = row["currency"]
        .as_str()
        .or_else(|| proof["currency"].as_str());
    let figure = |value: &Value| figure(value, currency.unwrap_or_default(), visit);
    let each = |values: &Value| {
        let figures = list(values).map(figure);
        figures
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("; ")
    };
    let kind = visit.texts.kind(row["kind"].as_str().unwrap_or_default());
    let tender = row["tender"].as_str();
    [
        row["till"].as_str().unwrap_or_default().to_owned(),
        tender.map_or_else(|| kind.to_owned(), |tender| format!("{kind} {tender}")),
        figure(&row["rung_up"]),
        figure(&row["stored"]),
        each(&row["acknowledged"]),
        each(&row["read_back"]),
    ]
}

/// How many and how much, as far as it is known.
fn figure(value: &Value, currency: &str, visit: &Visit) -> String {
    let count = value["count"]
        .as_i64()
        .map(|count| visit.hand.number(count));
    let amount = value["amount"]
        .as_str()
        .map(|amount| visit.hand.money(amount, currency));
    [count, amount]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

fn gap(gap: &Value, visit: &Visit) -> String {
    let number = |name: &str| gap[name].as_i64().unwrap_or_default();
    let numbers = match (number("from"), number("to")) {
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from}–{to}"),
    };
    let till = gap["till"].as_str().unwrap_or_default();
    fill_written(visit.texts.gap, "", till, &numbers)
}
