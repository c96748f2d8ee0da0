//! The status over HTTP: its JSON, the metrics, and the pages. Joined here with the documents' routes, because the
//! status sits above them: it knows every loop, and no document needs it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::activity::now;
use crate::catalog;
use crate::intake::errand::AcceptSmaller;
use crate::intake::http::access::{Acts, Looks};
use crate::intake::http::answer::{Refusal, json_answer, typed};
use crate::intake::http::{Api, Routes, body};
use crate::outbox::Answer as Note;
use crate::status::text::Texts;
use crate::status::{Seen, Status, draw, metrics};
use crate::store::figures::{self, Figures};
use crate::store::pace;
use crate::store::windows::windows_of;

impl Routes {
    /// Every route of the API.
    pub fn all() -> Self {
        Self::of_documents()
            .with_pages()
            .get("/v1/status", show_status)
            .get("/metrics", show_metrics)
            .post("/v1/catalog/refresh", refresh_catalog)
    }
}

/// The outbox's figures, at most so old.
pub(super) async fn figures_of(api: &Api, age: Duration) -> Result<Figures, Refusal> {
    let moment = now();
    let question = figures::Question {
        currency: api.parts.config.store.currency.clone(),
        day_began_at: api.parts.house.day_began_at(moment),
        destinations: destinations(api),
        stays: api.parts.config.some_kind_stays(),
        windows: windows_of(&api.parts.config),
        now: moment,
    };
    if age.is_zero() {
        api.figures(question).await
    } else {
        api.recent_figures(question, age).await
    }
}

/// The destinations, by name.
pub(super) fn destinations(api: &Api) -> Vec<String> {
    let destinations = api.parts.config.destinations.iter();
    destinations.map(|one| one.name.clone()).collect()
}

/// The status in a language, with amounts or without, from figures at most so old.
pub(super) async fn status_of(
    api: &Api,
    texts: &'static Texts,
    money: bool,
    age: Duration,
) -> Result<Status, Refusal> {
    let figures = figures_of(api, age).await?;
    let moment = now();
    let active = api.parts.catalog.as_ref();
    Ok(draw(Seen {
        config: &api.parts.config,
        figures: &figures,
        board: &api.parts.board.read(),
        catalog: active.map_or_else(no_catalog, |active| active.status(moment)),
        stopping: api.stopping(),
        money,
        texts,
        now: moment,
    }))
}

fn no_catalog() -> catalog::Status {
    catalog::Status {
        revision: None,
        taken_at: None,
        products: 0,
        next_change_at: None,
    }
}

/// `GET /v1/status`.
async fn show_status(State(api): State<Arc<Api>>, looks: Looks) -> Result<Response, Refusal> {
    let texts = Texts::of(&api.parts.config.store.language);
    let status = status_of(&api, texts, looks.money, Duration::ZERO).await?;
    Ok(json_answer(StatusCode::OK, &status))
}

/// `GET /metrics`.
async fn show_metrics(State(api): State<Arc<Api>>, looks: Looks) -> Result<Response, Refusal> {
    let figures = figures_of(&api, Duration::ZERO).await?;
    let today = api.parts.house.business_date(now());
    let kinds = api.ask(move |reader| pace::kinds_of(reader, today)).await?;
    let text = metrics::text(&api, &figures, &kinds, looks.money).map_err(|error| {
        tracing::error!(error = %error, "the metrics could not be written");
        Refusal::fault()
    })?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(typed(StatusCode::OK, media, text))
}

/// What `POST /v1/catalog/refresh` may be told; nothing is told by most.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wish {
    accept_smaller: bool,
}

/// `POST /v1/catalog/refresh`: fetches the catalog now; answers when that is done, or why it was not.
async fn refresh_catalog(
    State(api): State<Arc<Api>>,
    Acts(who): Acts,
    body: Body,
) -> Result<Response, Refusal> {
    let Some(catalog) = &api.parts.catalog else {
        let message = "no source of prices is configured";
        let hint = "add [catalog] to tillpost.toml";
        let status = StatusCode::CONFLICT;
        return Err(Refusal::new(status, "no_catalog_source", message, hint));
    };
    let read = body::read(&HeaderMap::new(), body, &api.room).await?;
    let wish: Wish = serde_json::from_slice(&read.bytes).unwrap_or_default();
    let what = match wish.accept_smaller {
        true => "asked for a catalog refresh, smaller or not",
        false => "asked for a catalog refresh",
    };
    let moment = now();
    let noted = api
        .parts
        .store
        .write(move |writer| crate::store::history::add(writer, None, &who, what, moment));
    noted.await?;
    let smaller = AcceptSmaller(wish.accept_smaller);
    let ended = api.parts.refreshes.run(smaller).await;
    let mut answer = json!({"done": ended == Some(Ok(())), "catalog": catalog.status(now())});
    match ended {
        Some(Ok(())) => {}
        Some(Err(why)) => answer["problem"] = json!(why),
        None => answer["problem"] = json!(not_in_time()),
    }
    Ok(json_answer(StatusCode::OK, &answer))
}

fn not_in_time() -> Note {
    Note::new(
        "catalog_slow",
        "The prices are still being fetched.",
        "Look again with: tillpost catalog status",
    )
}
