//! Documents over HTTP: handed over, listed, shown, and what a person does with one.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tillpost_shared::document::Kind;
use tillpost_shared::intake::{BodyError, split};
use tillpost_shared::redact::redact;
use tillpost_shared::scalar::{Code, Day, NOTE_MAX};
use tillpost_shared::shape::Unknown;
use uuid::Uuid;

use crate::activity::now;
use crate::intake::desk::{ResultRow, Status};
use crate::intake::http::access::{Acts, HandsOver, Reads, Scope};
use crate::intake::http::answer::{Refusal, json_answer};
use crate::intake::http::api::Api;
use crate::intake::http::body;
use crate::intake::http::query::{given, parameters};
use crate::outbox::State as DocumentState;
use crate::store::person::{self, Action, Done};
use crate::store::read::{self, DocumentView, Filter};
use crate::store::senders;

/// Bodies up to this size are taken apart on the spot; more on a thread of its own, a few at a time.
const BYTES_ON_THE_SPOT_MAX: usize = 64 * 1024;
/// What cannot be done without saying why.
pub(crate) const MISSING_REASON: &str = "missing_reason";
/// Documents on a page.
const LIMIT_MAX: usize = 1_000;
/// Documents on a page that does not say how many.
const LIMIT_DEFAULT: usize = 100;

/// The answer to `POST /v1/documents`.
#[derive(Serialize)]
struct Results {
    results: Vec<ResultRow>,
}

/// `POST /v1/documents`.
pub async fn hand_over(
    State(api): State<Arc<Api>>,
    HandsOver(sender): HandsOver,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if api.stopping() {
        return Err(Refusal::stopping());
    }
    let media = body::media(&headers)?;
    let mut read = body::read(&headers, body, &api.room).await?;
    let large = read.bytes.len() > BYTES_ON_THE_SPOT_MAX;
    let _turn = match large {
        true => Some(api.large.acquire().await.map_err(|_| Refusal::stopping())?),
        false => None,
    };
    let items = if !large {
        split(&read.bytes, media)
    } else {
        let bytes = std::mem::take(&mut read.bytes);
        let splitting = tokio::task::spawn_blocking(move || split(&bytes, media));
        splitting.await.map_err(|_| Refusal::stopping())?
    };
    let results = api.parts.desk.take(items?, &sender, now()).await?;
    let refused = results.iter().any(|row| row.status == Status::Refused);
    let status = if refused {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Ok(json_answer(status, &Results { results }))
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        let (status, code, hint) = match error {
            BodyError::NotJson => (StatusCode::BAD_REQUEST, "not_json", "check how it is built"),
            BodyError::NotUtf8 => (StatusCode::BAD_REQUEST, "not_utf8", "send it in UTF-8"),
            BodyError::Empty => (
                StatusCode::BAD_REQUEST,
                "no_document",
                "send at least one document",
            ),
            BodyError::TooManyDocuments => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_many_documents",
                "send fewer documents at once",
            ),
        };
        Self::new(status, code, error.to_string(), hint)
    }
}

/// What `GET /v1/documents` may be asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    #[serde(default, deserialize_with = "given")]
    pub(crate) state: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) kind: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) till: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) date: Option<String>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) limit: Option<usize>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) after: Option<i64>,
}

impl ListQuery {
    /// What is asked for, as the outbox understands it.
    ///
    /// # Errors
    /// 400 for a value that cannot be one, 403 for another till's documents.
    pub(crate) fn filter(self, scope: Scope) -> Result<Filter, Refusal> {
        let checked = |text: Option<String>, legal: fn(&str) -> bool, message| match text {
            Some(text) if !legal(&text) => Err(Refusal::query(message)),
            text => Ok(text),
        };
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Refusal::query("limit is a number from 1 to 1000"));
        }
        let till = checked(self.till, is_code, "till is no till's code")?;
        let sender = scope.sender().filter(|_| till.is_none());
        Ok(Filter {
            state: checked(
                self.state,
                |word| DocumentState::from_word(word).is_some(),
                "state is held, parked, waiting, withdrawn or delivered",
            )?,
            kind: checked(
                self.kind,
                |word| Kind::from_word(word).is_some(),
                "kind is no kind of document",
            )?,
            tills: scope.tills(till)?,
            sender,
            date: checked(self.date, is_day, "date is a day such as 2026-11-20")?,
            limit,
            after: self.after,
        })
    }
}

pub(crate) fn is_day(text: &str) -> bool {
    Day::parse(text).is_some()
}

pub(crate) fn is_code(text: &str) -> bool {
    Code::parse(text).is_some()
}

/// `GET /v1/documents`.
pub async fn list(
    State(api): State<Arc<Api>>,
    Reads(scope): Reads,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let filter = parameters(query)?.filter(scope)?;
    let page = api
        .ask(move |reader| read::documents(reader, &filter))
        .await?;
    Ok(json_answer(StatusCode::OK, &page))
}

/// `GET /v1/documents/{id}`.
pub async fn show(
    State(api): State<Arc<Api>>,
    Reads(scope): Reads,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = known_id(&id)?;
    let found = api.ask(move |reader| {
        let sender = senders::of(reader, &id)?;
        Ok(read::document(reader, &id)?.map(|view| (view, sender)))
    });
    let (view, sender) = found.await?.ok_or_else(|| Refusal::not_found("document"))?;
    if !scope.holds(&view.till, sender.as_deref()) {
        return Err(super::access::Denied::NotAllowed.into());
    }
    Ok(json_answer(StatusCode::OK, &view))
}

pub(crate) fn known_id(text: &str) -> Result<String, Refusal> {
    let id = Uuid::parse_str(text).map_err(|_| Refusal::not_found("document"))?;
    Ok(id.to_string())
}

/// `POST /v1/documents/{id}/retry`.
pub async fn retry(
    State(api): State<Arc<Api>>,
    Acts(who): Acts,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    act(&api, &id, Action::Retry, who, None).await
}

/// `POST /v1/documents/{id}/release`.
pub async fn release(
    State(api): State<Arc<Api>>,
    Acts(who): Acts,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let read = body::read(&HeaderMap::new(), body, &api.room).await?;
    // What is no reason is none: only where a rule of the store's held it is one needed.
    let why = reason(&read.bytes).ok();
    act(&api, &id, Action::Release, who, why).await
}

/// `POST /v1/documents/{id}/withdraw`.
pub async fn withdraw(
    State(api): State<Arc<Api>>,
    Acts(who): Acts,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let read = body::read(&HeaderMap::new(), body, &api.room).await?;
    let reason = reason(&read.bytes)?;
    act(&api, &id, Action::Withdraw(reason), who, None).await
}

/// Why a person withdraws or releases a document. It goes into the history, so it is searched for card numbers like a document.
fn reason(body: &[u8]) -> Result<String, Refusal> {
    let given: Value = serde_json::from_slice(body).map_err(|_| missing_reason())?;
    let text = given.get("reason").and_then(Value::as_str);
    text.and_then(said).ok_or_else(missing_reason)
}

fn missing_reason() -> Refusal {
    let message = "a reason of 1 to 256 characters is needed";
    let hint = "send {\"reason\": \"…\"}";
    Refusal::new(StatusCode::BAD_REQUEST, MISSING_REASON, message, hint)
}

/// What a person gave as a reason, without card numbers; `None` for nothing and for more than [`NOTE_MAX`] characters.
pub(crate) fn said(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NOTE_MAX {
        return None;
    }
    let mut stripped = json!({"body": {"reason": text}});
    redact(&mut stripped, Unknown::Ignored);
    let stripped = stripped.pointer("/body/reason").and_then(Value::as_str);
    stripped.map(str::to_owned)
}

async fn act(
    api: &Api,
    id: &str,
    action: Action,
    who: String,
    why: Option<String>,
) -> Result<Response, Refusal> {
    let view = perform(api, id, action, who, why).await?;
    Ok(json_answer(StatusCode::OK, &view))
}

/// Does what a person wants done with a document; `why` goes into its history beside it.
///
/// # Errors
/// 404 for a document that is not there, 409 for one in another state, 400 when it may not be done without a reason.
pub(crate) async fn perform(
    api: &Api,
    id: &str,
    action: Action,
    who: String,
    why: Option<String>,
) -> Result<DocumentView, Refusal> {
    if api.stopping() {
        return Err(Refusal::stopping());
    }
    let (id, moment) = (known_id(id)?, now());
    let acted = api.parts.store.write(move |writer| {
        let done = person::act(writer, &id, &action, &who, why.as_deref(), moment)?;
        Ok((done, read::document(writer, &id)?))
    });
    match acted.await? {
        (Done::Done, Some(view)) => {
            api.parts.desk.ring();
            Ok(view)
        }
        (Done::ReasonNeeded, _) => Err(missing_reason()),
        (Done::NotFound, _) | (Done::Done, None) => Err(Refusal::not_found("document")),
        (Done::WrongState(state), _) => {
            let message = format!(
                "the document is {}; this cannot be done with it",
                state.as_str()
            );
            let hint = "retry parked documents and those that wait for another try, release held ones, withdraw what is not on its way just now";
            let status = StatusCode::CONFLICT;
            Err(Refusal::new(status, "wrong_state", message, hint))
        }
    }
}
