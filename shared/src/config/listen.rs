//! `[listen]`: where tills and people reach the agent, and what they must speak.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where tills reach the agent.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Address and port; port 0 takes a free one.
    pub address: String,
    /// Whether tills need a token. `false` is for development and tests only.
    pub require_token: bool,
    /// Further names the status page may be called by.
    pub hosts: Vec<String>,
    /// How many requests a till's token may make in a second for long. What it does not use it may use later at once,
    /// for up to 200 seconds; beyond it answers 429 with `Retry-After`.
    pub till_requests_per_second: u32,
    /// The store's own certificate; one is made when it is left out and others than this machine can reach the agent.
    pub tls: Option<Tls>,
    /// Whether others than this machine may speak in the open, as tills must that know no TLS. Whoever is on the same
    /// network can then read their tokens and every sale.
    pub unencrypted: bool,
}

/// The store's own certificate.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The file with the certificate and those that vouch for it, in PEM.
    pub certificate: String,
    /// The file with its key, in PEM.
    pub key: String,
}

/// How many requests a till may make in a second for long: a till makes a few in a minute.
const TILL_REQUESTS_DEFAULT: u32 = 500;

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:7470".to_owned(),
            require_token: true,
            hosts: Vec::new(),
            till_requests_per_second: TILL_REQUESTS_DEFAULT,
            tls: None,
            unencrypted: false,
        }
    }
}
