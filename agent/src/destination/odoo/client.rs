//! Odoo's interface, JSON-2 or JSON-RPC by the server's version: one call is one HTTP request and exactly one
//! transaction over there.
//!
//! The version is asked before the first call, and again whenever something is not there that was, or somebody wants to
//! know: a server may be upgraded while the agent runs. Callers speak as Odoo 19 is spoken with; rows come in its words.
//! Nothing here decides anything: a call gives a value or a [`CallError`], and [`super::answer`] says what that means.
//! The server's traceback is never kept: it quotes what was sent.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::overheard::Overheard;
use super::quiet::Quiet;
use super::row::Row;
use super::server::Known;
use super::versions::Protocol;
use crate::activity::now;
use crate::destination::line::{self, NoAnswer};
use crate::failpoint;
use crate::hurry;
use crate::outbox::Outage;
use crate::secret::Key;

/// How long an answer may take. Longer than the 120 s after which Odoo kills a request by default: when we give up,
/// nothing of it can still happen over there.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(150);
/// How much an answer may weigh; a page of 1,000 products with all their fields weighs about 2 MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How much of an error's text is kept.
const MESSAGE_CHARS_MAX: usize = 500;

/// A connection to one Odoo database with one key.
#[derive(Clone)]
pub struct Client {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    pub(super) database: String,
    pub(super) key: Key,
    pub(super) login: String,
    pub(super) wanted: Option<Protocol>,
    pub(super) known: Arc<Mutex<Known>>,
    /// What is heard beside the answers themselves.
    pub(super) overheard: Arc<Overheard>,
    /// What may be under way; `None` for whoever only reads, and for a person's `prepare`.
    pub(super) quiet: Option<Arc<Mutex<Quiet>>>,
}

/// What `search_read` asks for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Odoo's domain; empty: everything.
    pub domain: Value,
    /// The fields wanted.
    pub fields: &'static [&'static str],
    /// As in `id desc`; Odoo's own order when empty.
    pub order: &'static str,
    /// How many at most; 0: all.
    pub limit: usize,
    /// Odoo's context, an object or null.
    pub context: Value,
}

/// A value and the server's time when it was given, from the answer's `Date`.
#[derive(Debug, Clone)]
pub struct Dated<T> {
    /// The answer.
    pub value: T,
    /// The server's clock, to the second.
    pub at: Option<Timestamp>,
}

/// Why a call gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection: nothing can have happened.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// The request left, and no whole answer came: it may have happened.
    #[error("the connection ended without an answer: {0}")]
    Cut(String),
    /// Odoo answered with an error of its own.
    #[error("{name}: {message}")]
    Odoo {
        /// HTTP status.
        status: u16,
        /// Python's name of the exception: what to go by.
        name: String,
        /// Its text, shortened.
        message: String,
    },
    /// An error that is not Odoo's JSON: a proxy's, or Odoo's before it looks at a database.
    #[error("HTTP status {status}")]
    Status {
        /// HTTP status.
        status: u16,
        /// How long to wait, when it says so.
        retry_after: Option<Duration>,
    },
    /// Success, but not what was expected.
    #[error("cannot read the answer: {0}")]
    Unreadable(String),
    /// It did not leave: until then something else may still be under way that must come to its end first.
    #[error("something may still be under way until {0}")]
    UnderWay(Timestamp),
}

#[derive(Deserialize)]
struct ErrorBody {
    name: String,
    #[serde(default)]
    message: Value,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A connection; nothing is sent.
    pub fn new(http: reqwest::Client, url: &str, database: &str, key: impl Into<Key>) -> Self {
        Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            database: database.to_owned(),
            key: key.into(),
            login: String::new(),
            wanted: None,
            known: Arc::default(),
            overheard: Arc::default(),
            quiet: None,
        }
    }

    /// The same with a user's login, which versions below 19 need, and the protocol to use where there is a choice.
    pub fn with_login(mut self, login: Option<&str>, wanted: Option<Protocol>) -> Self {
        self.login = login.unwrap_or_default().to_owned();
        self.wanted = wanted;
        self
    }

    /// Looks for a new key when the one that is held was refused.
    pub fn heard(&self, outage: &Outage) {
        if matches!(outage, Outage::Unauthorized(_)) && self.key.refused(Instant::now()) {
            tracing::info!(url = self.url, "a new key is taken");
            self.overheard.key_taken();
        }
    }

    /// Calls a public method; `args` is an object of named arguments, with `ids` and `context` where they apply.
    pub async fn call<T: DeserializeOwned>(
        &self,
        model: &str,
        method: &str,
        args: Value,
    ) -> Result<T, CallError> {
        let answered = self.call_dated(model, method, args).await?;
        Ok(answered.value)
    }

    /// As [`Client::call`]; a test may let the power fail at `point`, once the call was answered.
    pub async fn call_at<T: DeserializeOwned>(
        &self,
        point: &'static str,
        model: &str,
        method: &str,
        args: Value,
    ) -> Result<T, CallError> {
        let answer = self.call(model, method, args).await;
        if !matches!(answer, Err(CallError::UnderWay(_))) {
            failpoint::hit(point);
        }
        answer
    }

    /// Calls a public method; with the server's time.
    pub async fn call_dated<T: DeserializeOwned>(
        &self,
        model: &str,
        method: &str,
        args: Value,
    ) -> Result<Dated<T>, CallError> {
        let facts = self.facts().await?;
        let left = self.leave(facts, model, method)?;
        let model = facts.model(model);
        let call = async {
            match facts.protocol {
                Protocol::Json2 => self.json2(model, method, args).await,
                Protocol::JsonRpc => self.execute(model, method, args).await,
            }
        };
        let begun = Instant::now();
        let called = failpoint::out(model, method, call).await;
        self.overheard.took(model, method, begun.elapsed());
        self.came_back(left, &called);
        if called.as_ref().is_err_and(super::answer::may_be_another) {
            self.forget_version();
        }
        called
    }

    async fn json2<T: DeserializeOwned>(
        &self,
        model: &str,
        method: &str,
        args: Value,
    ) -> Result<Dated<T>, CallError> {
        let request = self
            .http
            .post(format!("{}/json/2/{model}/{method}", self.url))
            .bearer_auth(self.key.expose())
            .header("X-Odoo-Database", &self.database)
            .header(header::CONTENT_TYPE, "application/json")
            .body(args.to_string());
        let (at, body) = send(request, &self.overheard).await?;
        let value = serde_json::from_slice(&body).map_err(|error| unreadable(&body, &error))?;
        Ok(Dated { value, at })
    }

    /// Reads what a search finds. Fields that this version does not have are left out.
    pub async fn search_read(&self, model: &str, search: Search) -> Result<Vec<Row>, CallError> {
        let facts = self.facts().await?;
        if facts.protocol == Protocol::Json2 {
            return self.call(model, "search_read", search.args()).await;
        }
        let there = self.fields_of(model).await?;
        let pairs = || {
            search
                .fields
                .iter()
                .map(|ours| (*ours, facts.field(model, ours)))
        };
        let asked: BTreeSet<&str> = pairs()
            .map(|(_, theirs)| theirs)
            .filter(|theirs| there.contains(*theirs))
            .collect();
        // No field at all would mean all of them.
        let asked: Vec<&str> = asked.into_iter().chain(["id"]).collect();
        let renamed: Vec<(&str, &str)> = pairs().filter(|(ours, theirs)| ours != theirs).collect();
        let mut args = search.args();
        args["fields"] = asked.into();
        let mut rows: Vec<Row> = self.call(model, "search_read", args).await?;
        for row in &mut rows {
            for (ours, theirs) in &renamed {
                if let Some(value) = row.0.get(*theirs).cloned() {
                    row.0.insert((*ours).to_owned(), value);
                }
            }
        }
        Ok(rows)
    }
}

impl Search {
    fn args(&self) -> Value {
        let domain = if self.domain.is_null() {
            json!([])
        } else {
            self.domain.clone()
        };
        let mut args = json!({ "domain": domain, "fields": self.fields });
        if !self.order.is_empty() {
            args["order"] = self.order.into();
        }
        if self.limit > 0 {
            args["limit"] = self.limit.into();
        }
        if !self.context.is_null() {
            args["context"] = self.context.clone();
        }
        args
    }
}

pub(super) async fn send(
    request: reqwest::RequestBuilder,
    overheard: &Overheard,
) -> Result<(Option<Timestamp>, Vec<u8>), CallError> {
    let request = request.timeout(hurry::shorter(ANSWER_MAX));
    let mut response = request.send().await.map_err(no_answer)?;
    let status = response.status();
    let at = response.headers().get(header::DATE).and_then(date);
    overheard.dated(at, now());
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| line::retry_after(value, now()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::Unreadable(format!(
                "more than {ANSWER_BYTES_MAX} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok((at, body));
    }
    Err(match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(error) => CallError::Odoo {
            status: status.as_u16(),
            name: error.name,
            message: shortened(&error.message),
        },
        Err(_) => CallError::Status {
            status: status.as_u16(),
            retry_after,
        },
    })
}

/// What came is not JSON.
pub(super) fn unreadable(body: &[u8], error: &serde_json::Error) -> CallError {
    CallError::Unreadable(match line::is_markup(body) {
        true => line::WEB_PAGE.to_owned(),
        false => error.to_string(),
    })
}

fn no_answer(error: reqwest::Error) -> CallError {
    match line::no_answer(error) {
        NoAnswer::Unreachable(text) => CallError::Unreachable(text),
        NoAnswer::Cut(text) => CallError::Cut(text),
    }
}

pub(super) fn shortened(message: &Value) -> String {
    let text = message
        .as_str()
        .map_or_else(|| message.to_string(), str::to_owned);
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

fn date(value: &header::HeaderValue) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new()
        .parse_timestamp(value.to_str().ok()?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_time_is_read_from_the_date() {
        let header = header::HeaderValue::from_static("Mon, 23 Nov 2026 20:46:22 GMT");
        let expected: Timestamp = "2026-11-23T20:46:22Z".parse().expect("a time");
        assert_eq!(date(&header), Some(expected));
    }

    #[test]
    fn a_search_sends_only_what_was_asked() {
        let search = Search {
            fields: &["name"],
            limit: 1,
            ..Search::default()
        };
        assert_eq!(
            search.args(),
            json!({ "domain": [], "fields": ["name"], "limit": 1 })
        );
    }

    #[test]
    fn the_key_never_shows() {
        // A second installation in one process is refused; one is enough.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new(
            reqwest::Client::default(),
            "http://x/",
            "d",
            "hush".to_owned(),
        );
        assert!(!format!("{client:?}").contains("hush"));
    }
}
