//! A plain HTTP client for tests: one call, one answer, no hidden retries.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A request that takes longer hangs.
const HANG: Duration = Duration::from_secs(150);

/// A connection that was quiet for so long is not used again: the agent ends it after 75 seconds, and a client whose
/// runtime stands still between two calls would not see that before it has sent.
const QUIET_MAX: Duration = Duration::from_secs(30);

/// The client; blocks the calling thread.
pub struct Http {
    runtime: Runtime,
    client: Client,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Http {
    pub fn new() -> Self {
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client: client(),
        }
    }

    /// Sends what `build` makes; fails when there is no answer.
    pub fn try_send(
        &self,
        build: impl FnOnce(&Client) -> RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        self.runtime.block_on(exchange(build(&self.client)))
    }

    /// Sends what `build` makes and panics when there is no answer.
    pub fn send(&self, build: impl FnOnce(&Client) -> RequestBuilder) -> Answer {
        self.try_send(build)
            .unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }
}

/// The client by itself, for callers with a runtime of their own.
pub fn client() -> Client {
    // Only the first call in a process can install it; every other one finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "the agent's own client is what is tested"
    )]
    Client::builder()
        .timeout(HANG)
        .pool_idle_timeout(QUIET_MAX)
        .no_proxy()
        .build()
        .unwrap()
}

/// Sends a request and reads the answer to its end.
pub async fn exchange(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let headers = response.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    Ok(Answer {
        status: response.status().as_u16(),
        headers: headers.collect(),
        body: response.text().await?,
    })
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{} is no JSON ({error}): {}", self.status, self.body))
    }

    /// The body as JSON, of an answer with this status.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}
