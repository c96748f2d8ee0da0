//! The `http` destination: documents as a batch of CloudEvents, one POST a batch, one result a document.
//!
//! # What it relies on
//! - The receiver knows a document by its event's `id`, the uid, for ever: sent again it answers `duplicate` and does
//!   nothing. So after a lost answer there is nothing better to ask than the same batch again: **the repetition is the
//!   question**. A first request that still runs over there when the second arrives changes nothing of that, as long
//!   as the receiver takes an id and notes it in one transaction.
//! - It compares what it holds under an id with what comes: another document under the same id (a till that starts at 1
//!   again on a PC that lost its outbox) is `rejected`, never `duplicate`. Only the receiver can see it.
//! - It cannot be read back: the contract has no such question. The proof shows what it acknowledged and leaves the
//!   column of what it holds empty; comparing is the receiver's side's work.
//!
//! What is sent is built in [`events`], what the answer means is judged in [`answer`]; both are pure.

pub mod answer;
pub mod events;

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::header;
use tillpost_shared::config;
use uuid::Uuid;

use self::answer::{Reply, judge};
use super::line::{self, NoAnswer};
use super::{Asked, Delivery, Destination, HeldThere};
use crate::activity::now;
use crate::failpoint;
use crate::hurry;
use crate::outbox::{Outage, Verdict};
use crate::secret::Key;

/// How long an answer may take, from the first byte sent to the last one read: a large document needs its time on a
/// slow line.
const ANSWER_MAX: Duration = Duration::from_secs(120);
/// How much an answer may weigh, unpacked: a batch of 200 results with their problems is far below it.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// What a batch is on the wire.
const MEDIA: &str = "application/cloudevents-batch+json";

/// A receiver of CloudEvents as a destination.
pub struct Http {
    http: reqwest::Client,
    url: String,
    /// None where the receiver asks for none.
    key: Option<Key>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Http {
    /// A destination; nothing is asked yet.
    pub fn new(config: &config::Destination, key: Option<Key>, http: reqwest::Client) -> Self {
        Self {
            http,
            url: config.url.clone().unwrap_or_default(),
            key,
        }
    }

    /// It was out: where it was for the key, a new one is looked for.
    pub fn heard(&self, outage: &Outage) {
        let renewed = |key: &Key| key.refused(Instant::now());
        if matches!(outage, Outage::Unauthorized(_)) && self.key.as_ref().is_some_and(renewed) {
            tracing::info!(url = self.url, "a new key is taken");
        }
    }

    /// For `doctor`: hands over a batch without documents, which changes nothing over there and shows that address,
    /// certificate and key are right and that the far end speaks our language. `false`: it is there and turns an empty
    /// batch away, as some do; whether it takes the key is then not known.
    pub async fn check(&self) -> Result<bool, Outage> {
        let reply = self.send(&[]).await?;
        if matches!(reply.status, 400 | 422) {
            return Ok(false);
        }
        judge(&reply, &[]).map(|_| true)
    }

    async fn send(&self, batch: &[Delivery]) -> Result<Reply, Outage> {
        let Some(body) = events::batch(batch) else {
            return Err(Outage::BatchTooLarge);
        };
        let answered = self.exchange(body).await;
        failpoint::hit("http.answered");
        answered.map_err(|missing| match missing {
            NoAnswer::Unreachable(text) => Outage::Unreachable(text),
            NoAnswer::Cut(text) => Outage::Ambiguous(text),
        })
    }

    async fn exchange(&self, body: Vec<u8>) -> Result<Reply, NoAnswer> {
        let mut request = self.http.post(&self.url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        let request = request
            .header(header::CONTENT_TYPE, MEDIA)
            .header(header::ACCEPT, "application/json")
            .timeout(hurry::shorter(ANSWER_MAX))
            .body(body);
        let mut response = request.send().await.map_err(line::no_answer)?;
        let headers = response.headers();
        let mut reply = Reply {
            status: response.status().as_u16(),
            web_page: headers
                .get(header::CONTENT_TYPE)
                .is_some_and(answer::is_web_page),
            retry_after: headers
                .get(header::RETRY_AFTER)
                .and_then(|value| line::retry_after(value, now())),
            body: Vec::new(),
            too_long: false,
        };
        // Of every other answer the status says all that counts.
        while reply.status == answer::GOOD
            && let Some(chunk) = response.chunk().await.map_err(line::no_answer)?
        {
            if reply.body.len() + chunk.len() > ANSWER_BYTES_MAX {
                reply.too_long = true;
                break;
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }
}

impl Destination for Http {
    async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        let reply = self.send(batch).await?;
        let uids: Vec<Uuid> = batch.iter().map(|delivery| delivery.uid).collect();
        judge(&reply, &uids)
    }

    async fn read_back(&self, _: &[Asked]) -> Result<HeldThere, Outage> {
        // Nothing is known; an empty list would say that it holds nothing.
        let why = "a destination of type http cannot be read back";
        Err(Outage::Incomprehensible(why.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_never_shows() {
        // A second installation in one process is refused; one is enough.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Http {
            http: line::client().unwrap(),
            url: "https://receiver.example.com/documents".to_owned(),
            key: Some("hush".to_owned().into()),
        };
        let shown = format!("{http:?}");
        assert!(
            shown.contains("receiver") && !shown.contains("hush"),
            "{shown}"
        );
    }
}
