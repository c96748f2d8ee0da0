//! What a connection asks of the server itself: its version, who its user is, which fields a model has.
//!
//! Everything is asked once and remembered until the version is another one.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use reqwest::header;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{ANSWER_MAX, CallError, Client, Dated, send};
use super::json_rpc::{self, Asker};
use super::versions::Facts;
use crate::hurry;

/// What was asked of the server itself. Never locked over a call.
#[derive(Default)]
pub struct Known {
    facts: Option<Facts>,
    /// The user's id, where calls need it.
    uid: Option<i64>,
    /// The fields of models.
    fields: HashMap<String, Arc<BTreeSet<String>>>,
    /// The cookie of a session, see [`Client::cookie`].
    cookie: Option<Option<String>>,
}

impl Client {
    /// What is there is not there any more: the version is asked again before the next call.
    pub(super) fn forget_version(&self) {
        self.known(|known| known.facts = None);
    }

    pub(super) fn known<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is to be known about the server's version, asked once.
    pub async fn facts(&self) -> Result<Facts, CallError> {
        match self.known(|known| known.facts) {
            Some(facts) => Ok(facts),
            None => self.facts_now().await,
        }
    }

    /// The same, asked anew.
    pub async fn facts_now(&self) -> Result<Facts, CallError> {
        let facts = Facts::of(self.version().await?).spoken(self.wanted);
        self.known(|known| {
            if known.facts != Some(facts) {
                *known = Known::default();
            }
            known.facts = Some(facts);
        });
        Ok(facts)
    }

    /// The user's id.
    pub async fn uid(&self) -> Result<i64, CallError> {
        if let Some(uid) = self.known(|known| known.uid) {
            return Ok(uid);
        }
        let args = json!([self.database, self.login, self.key.expose()]);
        let (_, answer) = self.rpc(json_rpc::request("common", "login", args)).await?;
        let uid = answer.as_i64().ok_or_else(|| CallError::Odoo {
            status: 200,
            name: "odoo.exceptions.AccessDenied".to_owned(),
            message: format!("the login \"{}\" or its key is wrong", self.login),
        })?;
        self.known(|known| known.uid = Some(uid));
        Ok(uid)
    }

    /// The names of a model's fields.
    pub async fn fields_of(&self, model: &str) -> Result<Arc<BTreeSet<String>>, CallError> {
        if let Some(fields) = self.known(|known| known.fields.get(model).cloned()) {
            return Ok(fields);
        }
        let args = json!({ "attributes": ["type"] });
        let fields: HashMap<String, serde::de::IgnoredAny> =
            self.call(model, "fields_get", args).await?;
        // Whatever else answers in Odoo's place may be an object too. Taken for a model's fields it would cut every order
        // short until the next start, so it has to name what each model has.
        if !fields.contains_key("id") {
            let what = format!("the fields of {model} without an id");
            return Err(CallError::Unreadable(what));
        }
        let fields: Arc<BTreeSet<String>> = Arc::new(fields.into_keys().collect());
        self.known(|known| known.fields.insert(model.to_owned(), Arc::clone(&fields)));
        Ok(fields)
    }

    /// The server's major version, as in 19.
    pub async fn version(&self) -> Result<u32, CallError> {
        #[derive(Deserialize)]
        struct Version {
            version_info: Vec<Value>,
        }
        let request = self.http.get(format!("{}/web/version", self.url));
        let answered = send(request, &self.overheard).await;
        let found: Option<Version> = match &answered {
            Ok((_, body)) => serde_json::from_slice(body).ok(),
            // Whoever asks for patience or a key speaks before Odoo.
            Err(CallError::Status { status, .. }) if !matches!(status, 401 | 403 | 429 | 500..) => {
                None
            }
            Err(error) => return Err(error.clone()),
        };
        if let Some(version) = found {
            return major(version.version_info.first());
        }
        let request = json_rpc::request("common", "version", json!([]));
        let (_, answer) = self.rpc(request).await?;
        major(answer.pointer("/server_version_info/0"))
    }

    pub(super) async fn execute<T: DeserializeOwned>(
        &self,
        model: &str,
        method: &str,
        args: Value,
    ) -> Result<Dated<T>, CallError> {
        let (uid, key) = (self.uid().await?, self.key.expose());
        let asker = Asker {
            database: &self.database,
            uid,
            key: &key,
        };
        let request = json_rpc::execute(asker, model, method, args);
        let (at, value) = self.rpc(request).await?;
        let value = serde_json::from_value(value)
            .map_err(|error| CallError::Unreadable(error.to_string()))?;
        Ok(Dated { value, at })
    }

    async fn rpc(&self, request: Value) -> Result<(Option<Timestamp>, Value), CallError> {
        let request = self
            .http
            .post(format!("{}/jsonrpc", self.url))
            .header(header::CONTENT_TYPE, "application/json")
            .body(request.to_string());
        let request = match self.cookie().await {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        };
        let answered = send(request, &self.overheard).await;
        if let Err(CallError::Status { status: 500, .. }) = &answered {
            // Maybe the server does not know the session any more.
            self.known(|known| known.cookie = None);
        }
        let (at, body) = answered?;
        json_rpc::answer(&body).map(|value| (at, value))
    }

    /// The cookie of a session of nobody that names the database. Odoo up to 15 with several databases writes a refusal as
    /// JSON only for requests that come with one; without it every refusal is a page with the status 500.
    async fn cookie(&self) -> Option<String> {
        let facts = self.known(|known| known.facts)?;
        if !facts.errors_need_session {
            return None;
        }
        if let Some(cookie) = self.known(|known| known.cookie.clone()) {
            return cookie;
        }
        let request = self
            .http
            .get(format!("{}/web/login?db={}", self.url, self.database))
            .timeout(hurry::shorter(ANSWER_MAX));
        let answer = request.send().await.ok()?;
        let cookies = answer.headers().get_all(header::SET_COOKIE);
        let session = |cookie: &header::HeaderValue| {
            let pair = cookie.to_str().ok()?.split(';').next()?;
            pair.starts_with("session_id=").then(|| pair.to_owned())
        };
        let cookie = cookies.iter().find_map(session);
        self.known(|known| known.cookie = Some(cookie.clone()));
        cookie
    }
}

/// Odoo Online writes `saas~19`.
fn major(info: Option<&Value>) -> Result<u32, CallError> {
    let info = info.map(Value::to_string).unwrap_or_default();
    let digits: String = info.chars().filter(char::is_ascii_digit).collect();
    digits
        .parse()
        .map_err(|_| CallError::Unreadable("no version number".to_owned()))
}
