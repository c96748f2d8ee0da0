//! The way from the command line to the running service: its local HTTP API, with the key from the data folder.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tillpost_shared::config::Listen;

use crate::cli::context::Loaded;
use crate::cli::report::{Exit, Failure};
use crate::paths;
use crate::secret::{self, Secret, SecretError};

/// How long to wait for a connection to a program on the same machine.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long to wait for an answer; a full request of documents on a slow disk takes seconds.
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// A connection to the running service.
pub struct Client {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    base: String,
    key: Result<Secret, SecretError>,
}

/// What the service answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long it asks to wait.
    pub retry_after: Option<Duration>,
    /// Its JSON; null when it sent none.
    pub body: Value,
}

impl Client {
    /// The service of this configuration; nothing is sent yet.
    #[expect(
        clippy::disallowed_methods,
        reason = "not to head office: to this machine, and never by a proxy"
    )]
    pub fn new(loaded: &Loaded) -> Result<Self, Failure> {
        let address = address(&loaded.config.listen, &loaded.data_dir)?;
        let failed = |error| Failure::bug("cannot make an HTTP client").because(error);
        // Never by a proxy: the service is on this machine, whatever the environment says.
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX)
            .build()
            .map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                Failure::bug("cannot start the program's event loop").because(error)
            })?;
        Ok(Self {
            http,
            runtime,
            base: format!("http://{address}"),
            key: secret::read_cli_key(&loaded.data_dir),
        })
    }

    /// Where the service is, as in `http://127.0.0.1:7470`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks.
    pub fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send(self.http.get(format!("{}{path}", self.base)))
    }

    /// Hands over.
    pub fn post(&self, path: &str, media: &str, body: Vec<u8>) -> Result<Answer, Failure> {
        let request = self.http.post(format!("{}{path}", self.base));
        self.send(request.header("content-type", media).body(body))
    }

    fn send(&self, mut request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
        if let Ok(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        let answered = self.runtime.block_on(async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let retry_after = response.headers().get("retry-after");
            let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
            Ok((status, seconds, response.bytes().await?))
        });
        let (status, seconds, bytes) = answered.map_err(|error| self.no_answer(error))?;
        let answer = Answer {
            status,
            retry_after: seconds.map(Duration::from_secs),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        };
        match (status, &self.key) {
            (401, Err(error)) => Err(Failure::no("the service wants the command line's key")
                .because(error.to_string())
                .hint("run it as administrator, or as the service's own account")),
            _ => Ok(answer),
        }
    }

    fn no_answer(&self, error: reqwest::Error) -> Failure {
        let failure = if error.is_timeout() && !error.is_connect() {
            Failure::unreachable(format!(
                "the service at {} did not answer in time",
                self.base
            ))
            .hint("nothing is lost or doubled by calling the command again")
        } else {
            Failure::unreachable(format!("cannot reach the service at {}", self.base))
                .hint("is it running? `tillpost doctor` says what is the matter")
        };
        // Of a chain of libraries only the last knows something: connection refused, say.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        failure.because(cause.to_string())
    }
}

impl Answer {
    /// The JSON of a good answer, else the failure that the answer is.
    pub fn good(self) -> Result<Value, Failure> {
        match self.status {
            200..=299 => Ok(self.body),
            _ => Err(self.failure()),
        }
    }

    /// What an answer other than the hoped for one means to a person.
    pub fn failure(&self) -> Failure {
        let text = |name: &str| self.body.get("error")?.get(name)?.as_str();
        let (exit, plain) = match self.status {
            401 => (Exit::No, "the service does not know the command line's key"),
            403 => (Exit::No, "the service does not allow it"),
            404 => (Exit::No, "there is no such thing"),
            429 => (Exit::Unreachable, "the service is too busy"),
            // The service was reached: it only has no prices.
            503 if text("code") == Some("no_catalog") => (Exit::No, "there is no catalog"),
            503 => (Exit::Unreachable, "the service is not ready"),
            507 => (
                Exit::Unreachable,
                "there is no room on the disk of the service",
            ),
            _ => (Exit::No, "the service said no"),
        };
        let message = text("message")
            .map_or_else(|| format!("{plain} (HTTP {})", self.status), str::to_owned);
        let failure = match exit {
            Exit::Unreachable => Failure::unreachable(message),
            Exit::Done | Exit::No | Exit::Usage | Exit::Bug | Exit::Config => Failure::no(message),
        };
        match text("hint") {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Where the service listens: as configured, or what it wrote down when it took a free port.
fn address(listen: &Listen, data_dir: &Path) -> Result<SocketAddr, Failure> {
    let configured = listen.socket();
    if configured.port() != 0 {
        return Ok(reachable(configured));
    }
    let file = paths::address_file(data_dir);
    let written = std::fs::read_to_string(&file).ok();
    let address = written.and_then(|text| text.trim().parse().ok());
    address.map(reachable).ok_or_else(|| {
        Failure::unreachable("the service has not written down on which port it listens")
            .because(format!("{} cannot be read", file.display()))
            .hint("is it running? `tillpost doctor` says what is the matter")
    })
}

/// "Every address" is one to listen on, not one to talk to.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let ip = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listen(address: &str) -> Listen {
        Listen {
            address: address.to_owned(),
            ..Listen::default()
        }
    }

    #[test]
    fn the_service_is_talked_to_where_it_listens() {
        let dir = tempfile::tempdir().unwrap();
        let at = |text: &str| {
            address(&listen(text), dir.path())
                .map(|found| found.to_string())
                .ok()
        };
        assert_eq!(at("127.0.0.1:7470").as_deref(), Some("127.0.0.1:7470"));
        assert_eq!(at("0.0.0.0:7470").as_deref(), Some("127.0.0.1:7470"));
        assert_eq!(at("[::]:7470").as_deref(), Some("[::1]:7470"));
        assert_eq!(at("127.0.0.1:0"), None);
        std::fs::write(paths::address_file(dir.path()), "127.0.0.1:4711\n").unwrap();
        assert_eq!(at("127.0.0.1:0").as_deref(), Some("127.0.0.1:4711"));
        assert_eq!(at("127.0.0.1:7470").as_deref(), Some("127.0.0.1:7470"));
    }

    #[test]
    fn a_refusal_is_told_in_the_services_own_words() {
        let answer = |status, body| Answer {
            status,
            retry_after: None,
            body,
        };
        let told = answer(
            409,
            json!({"error": {"message": "it is delivered", "hint": "nothing to do"}}),
        );
        assert_eq!(
            told.failure().text(),
            "error: it is delivered\n  nothing to do"
        );
        let silent = answer(503, Value::Null).failure();
        assert_eq!(silent.text(), "error: the service is not ready (HTTP 503)");
        assert_eq!(silent.exit(), Exit::Unreachable);
    }
}
