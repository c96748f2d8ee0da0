//! Alive, ready, and the API's description of itself: for anybody.

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::intake::http::answer::{Refusal, json_answer, typed};
use crate::intake::http::api::Api;

/// The API's description, kept by hand; a test holds it against the routes.
pub const DESCRIPTION: &str = include_str!("openapi.json");
/// Seconds after which to ask again whether the agent is ready.
const READY_RETRY: u32 = 2;

/// `GET /healthz`: the program runs.
pub fn alive() -> Ready<Response> {
    ready(json_answer(StatusCode::OK, &json!({"alive": true})))
}

/// `GET /readyz`: a document handed in now would be durable.
pub async fn readiness(State(api): State<Arc<Api>>) -> Result<Response, Refusal> {
    if api.stopping() {
        return Err(Refusal::stopping());
    }
    if api.ready().await {
        return Ok(json_answer(StatusCode::OK, &json!({"ready": true})));
    }
    let message = "documents cannot be made durable just now";
    let hint = "run: tillpost doctor";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Err(Refusal::new(status, "not_ready", message, hint).retry_after(READY_RETRY))
}

/// `GET /v1/openapi.json`.
pub fn description() -> Ready<Response> {
    ready(typed(StatusCode::OK, "application/json", DESCRIPTION))
}
