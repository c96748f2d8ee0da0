//! Odoo's JSON-2 interface: one call is one HTTP request and exactly one transaction over there.
//!
//! Nothing here decides anything: a call gives a value or a [`CallError`], and [`super::answer`] says what that means.
//! The server's traceback is never kept: it quotes what was sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::row::Row;
use crate::activity::now;
use crate::destination::line::{self, NoAnswer};
use crate::hurry;

/// How long an answer may take. Longer than the 120 s after which Odoo kills a request by default: when we give up,
/// nothing of it can still happen over there.
const ANSWER_MAX: Duration = Duration::from_secs(150);
/// How much an answer may weigh; a page of 1,000 products with all their fields weighs about 2 MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How much of an error's text is kept.
const MESSAGE_CHARS_MAX: usize = 500;

/// A connection to one Odoo database with one key.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    database: String,
    key: String,
    /// The server's time in its last answer, in seconds; 0: none yet.
    seen_at: Arc<AtomicI64>,
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
    pub fn new(http: reqwest::Client, url: &str, database: &str, key: String) -> Self {
        Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            database: database.to_owned(),
            key,
            seen_at: Arc::default(),
        }
    }

    /// The server's clock at its last answer: what counts when ours may be wrong.
    pub fn server_time(&self) -> Option<Timestamp> {
        let second = self.seen_at.load(Ordering::Relaxed);
        (second > 0)
            .then(|| Timestamp::from_second(second).ok())
            .flatten()
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

    /// Calls a public method; with the server's time.
    pub async fn call_dated<T: DeserializeOwned>(
        &self,
        model: &str,
        method: &str,
        args: Value,
    ) -> Result<Dated<T>, CallError> {
        let request = self
            .http
            .post(format!("{}/json/2/{model}/{method}", self.url))
            .bearer_auth(&self.key)
            .header("X-Odoo-Database", &self.database)
            .header(header::CONTENT_TYPE, "application/json")
            .body(args.to_string());
        let (at, body) = send(request).await?;
        if let Some(at) = at {
            self.seen_at.store(at.as_second(), Ordering::Relaxed);
        }
        let value = serde_json::from_slice(&body)
            .map_err(|error| CallError::Unreadable(error.to_string()))?;
        Ok(Dated { value, at })
    }

    /// Reads what a search finds.
    pub async fn search_read(&self, model: &str, search: Search) -> Result<Vec<Row>, CallError> {
        self.call(model, "search_read", search.args()).await
    }

    /// The server's major version, as in 19.
    pub async fn version(&self) -> Result<u32, CallError> {
        #[derive(Deserialize)]
        struct Version {
            version_info: Vec<Value>,
        }
        let (_, body) = send(self.http.get(format!("{}/web/version", self.url))).await?;
        let version: Version = serde_json::from_slice(&body)
            .map_err(|error| CallError::Unreadable(error.to_string()))?;
        // Odoo Online writes `saas~19` here.
        let major = version.version_info.first().map(Value::to_string);
        let digits: String = major
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits
            .parse()
            .map_err(|_| CallError::Unreadable("no version number".to_owned()))
    }
}

impl Search {
    fn args(self) -> Value {
        let domain = if self.domain.is_null() {
            json!([])
        } else {
            self.domain
        };
        let mut args = json!({ "domain": domain, "fields": self.fields });
        if !self.order.is_empty() {
            args["order"] = self.order.into();
        }
        if self.limit > 0 {
            args["limit"] = self.limit.into();
        }
        if !self.context.is_null() {
            args["context"] = self.context;
        }
        args
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<(Option<Timestamp>, Vec<u8>), CallError> {
    let request = request.timeout(hurry::shorter(ANSWER_MAX));
    let mut response = request.send().await.map_err(no_answer)?;
    let status = response.status();
    let at = response.headers().get(header::DATE).and_then(date);
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

fn no_answer(error: reqwest::Error) -> CallError {
    match line::no_answer(error) {
        NoAnswer::Unreachable(text) => CallError::Unreachable(text),
        NoAnswer::Cut(text) => CallError::Cut(text),
    }
}

fn shortened(message: &Value) -> String {
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
