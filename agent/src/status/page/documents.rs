//! The list of documents, newest stored first, by state, kind, till and day.

use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::Response;
use tillpost_shared::document::Kind;

use super::visit::{Frame, Stop, Visit, escaped};
use crate::intake::http::documents::ListQuery;
use crate::intake::http::query::parameters;
use crate::outbox::State;
use crate::store::read::{self, RowView};

/// Documents on a page: as many as a person looks through.
const PAGE_MAX: usize = 50;

/// The page.
#[derive(Template)]
#[template(path = "documents.html")]
struct Page<'a> {
    frame: Frame<'a>,
    states: Vec<Choice>,
    kinds: Vec<Choice>,
    till: String,
    date: String,
    rows: Vec<Row>,
    older: Option<String>,
}

/// What may be chosen in a filter.
struct Choice {
    word: &'static str,
    text: String,
    chosen: bool,
}

/// A document in the list.
struct Row {
    id: String,
    key: String,
    kind: String,
    till: String,
    day: String,
    total: String,
    state: &'static str,
    state_text: &'static str,
    received: String,
}

/// `GET /documents`.
pub async fn show(visit: Visit, query: Result<Query<ListQuery>, QueryRejection>) -> Response {
    let shown = shown(&visit, query).await;
    visit.answer(shown)
}

async fn shown(
    visit: &Visit,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Stop> {
    let scope = visit.reads()?;
    let asked = parameters(query)?;
    let older = |next: &str| {
        let mut address = "/documents?".to_owned();
        for (name, value) in [
            ("state", &asked.state),
            ("kind", &asked.kind),
            ("till", &asked.till),
            ("date", &asked.date),
        ] {
            if let Some(value) = value {
                address.push_str(&format!("{name}={}&", escaped(value)));
            }
        }
        format!("{address}after={}", escaped(next))
    };
    let filter = ListQuery {
        state: asked.state.clone(),
        kind: asked.kind.clone(),
        till: asked.till.clone(),
        date: asked.date.clone(),
        limit: Some(PAGE_MAX),
        after: asked.after,
    };
    let filter = filter.filter(scope)?;
    let page = visit
        .api
        .ask(move |reader| read::documents(reader, &filter))
        .await?;
    let page = Page {
        frame: visit.frame(visit.texts.documents, "documents"),
        states: states(visit, asked.state.as_deref()),
        kinds: kinds(visit, asked.kind.as_deref()),
        rows: page
            .documents
            .into_iter()
            .map(|row| self::row(row, visit))
            .collect(),
        older: page.next.as_deref().map(older),
        till: asked.till.unwrap_or_default(),
        date: asked.date.unwrap_or_default(),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn states(visit: &Visit, chosen: Option<&str>) -> Vec<Choice> {
    let states = [
        State::Waiting,
        State::Parked,
        State::Held,
        State::Delivered,
        State::Withdrawn,
    ];
    let choice = |state: State| Choice {
        word: state.as_str(),
        text: visit.texts.document_state(state.as_str()).to_owned(),
        chosen: chosen == Some(state.as_str()),
    };
    states.into_iter().map(choice).collect()
}

fn kinds(visit: &Visit, chosen: Option<&str>) -> Vec<Choice> {
    let choice = |kind: &Kind| Choice {
        word: kind.as_str(),
        text: visit.texts.kind(kind.as_str()).to_owned(),
        chosen: chosen == Some(kind.as_str()),
    };
    Kind::ALL.iter().map(choice).collect()
}

fn row(row: RowView, visit: &Visit) -> Row {
    let hand = &visit.hand;
    let currency = row.currency.unwrap_or_default();
    Row {
        kind: visit.texts.kind(&row.kind).to_owned(),
        day: hand.day_text(&row.business_date),
        total: row
            .total
            .map(|total| hand.money(&total, &currency))
            .unwrap_or_default(),
        state: row.state.as_str(),
        state_text: visit.texts.document_state(row.state.as_str()),
        received: hand.moment(row.received_at),
        id: row.id,
        key: row.key,
        till: row.till,
    }
}
