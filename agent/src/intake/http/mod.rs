//! The local HTTP API: the door for tills, people and scripts on the machine (and, where configured, on its network).
//!
//! Read [`access`] for who may what, [`body`] for the limits on the way in, [`hosts`] for what keeps other sites' pages
//! out. A request is measured, identified and admitted before its body is read; every no has one shape ([`answer`]).
//! Bodies and tokens are never logged.

pub mod access;
pub mod answer;
pub mod api;
pub mod body;
mod crowd;
pub mod documents;
mod health;
mod hosts;
pub mod live;
pub mod login;
pub mod look_up;
pub mod pace;
mod patience;
pub mod query;
mod serve;
pub(crate) mod sign_in;
pub mod tls;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderName,
    REFERRER_POLICY, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::intake::http::answer::Refusal;

pub use api::{Api, Parts};
pub use serve::serve;

/// Routes and their names, so that a test can hold the API's description against them.
#[derive(Default)]
pub struct Routes {
    router: Router<Arc<Api>>,
    names: Vec<(Method, &'static str)>,
}

impl Routes {
    /// Adds what is read at a path.
    #[must_use]
    pub fn get<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Api>>,
        T: 'static,
    {
        self.names.push((Method::GET, path));
        self.router = self.router.route(path, get(handler));
        self
    }

    /// Adds what is done at a path.
    #[must_use]
    pub fn post<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Api>>,
        T: 'static,
    {
        self.names.push((Method::POST, path));
        self.router = self.router.route(path, post(handler));
        self
    }

    /// Every route's method and path.
    pub fn names(&self) -> &[(Method, &'static str)] {
        &self.names
    }

    /// The documents' routes and those that lead to them.
    pub fn of_documents() -> Self {
        Self::default()
            .get("/healthz", health::alive)
            .get("/readyz", health::readiness)
            .get("/v1/openapi.json", health::description)
            .post("/v1/documents", documents::hand_over)
            .get("/v1/documents", documents::list)
            .get("/v1/documents/{id}", documents::show)
            .post("/v1/documents/{id}/retry", documents::retry)
            .post("/v1/documents/{id}/release", documents::release)
            .post("/v1/documents/{id}/withdraw", documents::withdraw)
            .get("/v1/products", look_up::products)
            .get("/v1/receipts/{number}", look_up::receipts)
            .get("/v1/proof", look_up::proof)
            .post("/login", sign_in::log_in)
            .post("/logout", sign_in::log_out)
    }

    /// The whole API over these routes, ready to be served.
    pub fn router(self, api: &Arc<Api>) -> Router {
        let nowhere = || std::future::ready(Refusal::not_found("place").into_response());
        let other_method = || {
            let message = "this is not done with this address";
            let hint = "see /v1/openapi.json for the methods";
            let status = StatusCode::METHOD_NOT_ALLOWED;
            std::future::ready(Refusal::new(status, "method", message, hint).into_response())
        };
        self.router
            .fallback(nowhere)
            .method_not_allowed_fallback(other_method)
            .layer(from_fn_with_state(Arc::clone(api), guard))
            .with_state(Arc::clone(api))
    }
}

/// A body up to this size has arrived with its request's head and is read whatever the answer is.
const SMALL_BYTES_MAX: u64 = 8 * 1024;

/// A body that is not read to its end when it is refused: it is announced as large, or nothing announces its length.
fn is_large(headers: &HeaderMap) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|text| text.to_str().ok());
    let bytes = length.and_then(|text| text.parse::<u64>().ok());
    headers.contains_key(TRANSFER_ENCODING) || bytes.is_some_and(|bytes| bytes > SMALL_BYTES_MAX)
}

/// On every answer: it is kept nowhere, taken for nothing else, framed by nobody and read by no other site. The referrer
/// stays among our own pages; without any, browsers would send a form's origin as `null`.
const ALWAYS: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];
/// What an answer that is no page may load: nothing.
const NOTHING_LOADED: &str = "default-src 'none'; frame-ancestors 'none'";

/// Before every answer: is the agent called by a name of its own? Behind it: nothing is kept, nothing is guessed.
async fn guard(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let checked = api
        .hosts
        .check(request.method(), request.uri(), request.headers());
    let large = is_large(request.headers());
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if large && refused {
        // The rest of the body is not read and the connection ends: the sender must know before it sends the next.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(NOTHING_LOADED));
    response
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
