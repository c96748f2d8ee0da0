//! What the API answers: JSON, and one shape for every no.
//!
//! A no never quotes what it was asked: that could be a card number or a token.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::activity::Chain;
use crate::store::StoreError;

/// Seconds after which to ask again when the disk is full: somebody must make room.
const NO_ROOM_RETRY: u32 = 60;
/// Seconds after which to ask again when the disk failed.
const DISK_RETRY: u32 = 10;
/// Seconds after which to ask again while the agent stops or starts.
const STOPPING_RETRY: u32 = 5;

/// A no: the status for programs, a code, and words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable word for programs.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
    /// Seconds after which to ask again.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// A no without a time to ask again.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint,
            retry_after: None,
        }
    }

    /// The same no, with the seconds after which to ask again.
    pub fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The request's parameters make no sense.
    pub fn query(message: &'static str) -> Self {
        let hint = "see /v1/openapi.json for the parameters";
        Self::new(StatusCode::BAD_REQUEST, "bad_query", message, hint)
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        let message = format!("there is no such {what}");
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            message,
            "check the address",
        )
    }

    /// The agent is stopping.
    pub fn stopping() -> Self {
        let hint = "send it again in a few seconds";
        let message = "the agent is stopping; nothing was stored";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", message, hint)
            .retry_after(STOPPING_RETRY)
    }

    /// Something of ours failed; what, stands in the log.
    pub fn fault() -> Self {
        let message = "the agent failed; nothing was stored";
        let hint = "run: tillpost doctor";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", message, hint)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closing => Self::stopping(),
            StoreError::NoRoom => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "no_room",
                "there is no room on the disk; nothing was stored",
                "make room on the disk of the data folder",
            )
            .retry_after(NO_ROOM_RETRY),
            error if error.is_disk() => {
                tracing::error!(error = %Chain(&error), "the disk failed a request");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "disk_failed",
                    "the disk does not take it; nothing was answered with yes",
                    "send it again later; run: tillpost doctor",
                )
                .retry_after(DISK_RETRY)
            }
            StoreError::Open { .. }
            | StoreError::InUse { .. }
            | StoreError::Newer { .. }
            | StoreError::NotCommitted
            | StoreError::Sql(_)
            | StoreError::Damaged(_)
            | StoreError::Io { .. } => {
                tracing::error!(error = %Chain(&error), "the outbox failed a request");
                Self::fault()
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({"code": self.code, "message": self.message, "hint": self.hint});
        let mut response = json_answer(self.status, &json!({ "error": error }));
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An answer in JSON.
pub fn json_answer(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => typed(status, "application/json", text),
        Err(error) => {
            tracing::error!(error = %error, "an answer could not be written");
            status_only(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// An answer of a given media type.
pub fn typed(status: StatusCode, media: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn status_only(status: StatusCode) -> Response {
    status.into_response()
}
