//! The status over HTTP: the page, its JSON, the metrics. Joined here with the documents' routes, because the status
//! sits above them: it knows every loop, and no document needs it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::activity::now;
use crate::catalog;
use crate::intake::http::access::{Acts, Looks};
use crate::intake::http::answer::{Refusal, json_answer, typed};
use crate::intake::http::{Api, Routes};
use crate::status::{Seen, Status, draw, environment_shown, metrics, page};
use crate::store::figures::{self, Figures};

/// The page needs its own style and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The page's style.
const STYLE: &str = include_str!("../../templates/status.css");

impl Routes {
    /// Every route of the API.
    pub fn all() -> Self {
        Self::of_documents()
            .get("/", show_page)
            .get("/status.css", style)
            .get("/v1/status", show_status)
            .get("/metrics", show_metrics)
            .post("/v1/catalog/refresh", refresh_catalog)
    }
}

async fn figures_of(api: &Api) -> Result<Figures, Refusal> {
    let question = figures::Question {
        currency: api.parts.config.store.currency.clone(),
        day_began_at: api.parts.house.day_began_at(now()),
        destinations: {
            let destinations = api.parts.config.destinations.iter();
            destinations.map(|one| one.name.clone()).collect()
        },
        stays: api.parts.config.some_kind_stays(),
    };
    api.figures(question).await
}

async fn status_of(api: &Api, looks: Looks) -> Result<Status, Refusal> {
    let figures = figures_of(api).await?;
    let moment = now();
    let active = api.parts.catalog.as_ref();
    Ok(draw(Seen {
        config: &api.parts.config,
        figures: &figures,
        board: &api.parts.board.read(),
        catalog: active.map_or_else(no_catalog, |active| active.status(moment)),
        stopping: api.stopping(),
        money: looks.money,
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
    Ok(json_answer(StatusCode::OK, &status_of(&api, looks).await?))
}

/// `GET /`.
async fn show_page(State(api): State<Arc<Api>>, looks: Looks) -> Result<Response, Refusal> {
    let status = status_of(&api, looks).await?;
    let shown = environment_shown(&api.parts.config);
    let language = &api.parts.config.store.language;
    let html = page::render(&status, language, &api.parts.house.zone, shown, now());
    let html = html.map_err(|error| {
        tracing::error!(error = %error, "the status page could not be written");
        Refusal::fault()
    })?;
    let mut response = typed(StatusCode::OK, "text/html; charset=utf-8", html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// `GET /status.css`.
fn style() -> std::future::Ready<Response> {
    std::future::ready(typed(StatusCode::OK, "text/css; charset=utf-8", STYLE))
}

/// `GET /metrics`.
async fn show_metrics(State(api): State<Arc<Api>>, looks: Looks) -> Result<Response, Refusal> {
    let figures = figures_of(&api).await?;
    let text = metrics::text(&api, &figures, looks.money).map_err(|error| {
        tracing::error!(error = %error, "the metrics could not be written");
        Refusal::fault()
    })?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(typed(StatusCode::OK, media, text))
}

/// `POST /v1/catalog/refresh`: fetches the catalog now; answers when that is done.
async fn refresh_catalog(
    State(api): State<Arc<Api>>,
    Acts(who): Acts,
) -> Result<Response, Refusal> {
    let Some(catalog) = &api.parts.catalog else {
        let message = "no source of prices is configured";
        let hint = "add [catalog] to tillpost.toml";
        let status = StatusCode::CONFLICT;
        return Err(Refusal::new(status, "no_catalog_source", message, hint));
    };
    let moment = now();
    let noted = api.parts.store.write(move |writer| {
        crate::store::history::add(writer, None, &who, "asked for a catalog refresh", moment)
    });
    noted.await?;
    let done = api.parts.refreshes.run(()).await;
    let answer = serde_json::json!({"done": done, "catalog": catalog.status(now())});
    Ok(json_answer(StatusCode::OK, &answer))
}
