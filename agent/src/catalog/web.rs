//! Catalog snapshots behind a web address: the same lines as in a folder, fetched with `GET`, asked for again only when
//! the server says that they changed (`ETag`), packed by gzip if it likes.
//!
//! The revision is the hash of the lines, so that the same snapshot is the same revision however it comes here.

use std::fmt;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use reqwest::Response;
use reqwest::header::{self, HeaderValue};
use tillpost_shared::catalog::Revision;

use super::{CatalogSource, Fetched, lines};
use crate::activity::now;
use crate::destination::http::answer;
use crate::destination::line::{self, NoAnswer};
use crate::outbox::Outage;
use crate::outbox::outage::by_status;
use crate::secret::Key;

/// How much a snapshot may weigh, as it comes and unpacked: some hundred thousand products.
const BYTES_MAX: usize = 256 << 20;
/// How long it may take on a slow line.
const ANSWER_MAX: Duration = Duration::from_secs(600);
/// What a packed file begins with; no line of JSON does.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A snapshot behind a web address.
pub struct Web {
    http: reqwest::Client,
    url: String,
    key: Option<Key>,
    /// What the server called the revision that was fetched last.
    tag: Mutex<Option<(Revision, HeaderValue)>>,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Web {
    /// A source; nothing is asked yet.
    pub fn new(http: reqwest::Client, url: &str, key: Option<Key>) -> Self {
        Self {
            http,
            url: url.to_owned(),
            key,
            tag: Mutex::new(None),
        }
    }

    /// What the server called a revision, when that was the last one.
    fn tag_of(&self, since: Option<&Revision>) -> Option<HeaderValue> {
        let tag = self.tag.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tag.as_ref().filter(|(revision, _)| Some(revision) == since);
        known.map(|(_, tag)| tag.clone())
    }

    async fn ask(&self, tag: Option<&HeaderValue>) -> Result<Response, Outage> {
        let mut request = self
            .http
            .get(&self.url)
            .header(header::ACCEPT, "application/x-ndjson")
            .timeout(ANSWER_MAX);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        request.send().await.map_err(cut)
    }
}

impl CatalogSource for Web {
    async fn fetch(&self, since: Option<&Revision>) -> Result<Fetched, Outage> {
        let tag = self.tag_of(since);
        let response = self.ask(tag.as_ref()).await?;
        let status = response.status().as_u16();
        match status {
            304 if tag.is_some() => return Ok(Fetched::Unchanged),
            200 => {}
            _ => {
                let wait = response.headers().get(header::RETRY_AFTER);
                let wait = wait.and_then(|value| line::retry_after(value, now()));
                let outage = by_status(status, wait);
                if matches!(outage, Outage::Unauthorized(_))
                    && let Some(key) = &self.key
                    && key.refused(Instant::now())
                {
                    tracing::info!(url = self.url, "a new key is taken");
                }
                return Err(outage);
            }
        }
        let headers = response.headers();
        if headers
            .get(header::CONTENT_TYPE)
            .is_some_and(answer::is_web_page)
        {
            let message = "a web page came instead of products: is `url` right, or does the line ask somebody to log in?";
            return Err(Outage::Incomprehensible(message.to_owned()));
        }
        let tag = headers.get(header::ETAG).cloned();
        let text = unpacked(whole(response).await?)?;
        let revision = lines::revision(&text);
        let fetched = if since == Some(&revision) {
            Fetched::Unchanged
        } else {
            let snapshot = lines::snapshot(&text, revision.clone());
            Fetched::Snapshot(snapshot.map_err(Outage::Incomprehensible)?)
        };
        let tag = tag.map(|tag| (revision, tag));
        *self.tag.lock().unwrap_or_else(PoisonError::into_inner) = tag;
        Ok(fetched)
    }
}

async fn whole(mut response: Response) -> Result<Vec<u8>, Outage> {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(cut)? {
        if text.len() + chunk.len() > BYTES_MAX {
            return Err(too_large());
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

/// A file that was stored packed comes packed, whatever the server says of it.
fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Outage> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes.as_slice())
        .take(BYTES_MAX as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|error| Outage::Incomprehensible(format!("it cannot be unpacked: {error}")))?;
    if text.len() > BYTES_MAX {
        return Err(too_large());
    }
    Ok(text)
}

fn too_large() -> Outage {
    Outage::Incomprehensible(format!("it is larger than {BYTES_MAX} bytes"))
}

/// A question changes nothing: an answer that was lost is a line that was down.
fn cut(error: reqwest::Error) -> Outage {
    match line::no_answer(error) {
        NoAnswer::Unreachable(text) | NoAnswer::Cut(text) => Outage::Unreachable(text),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_packed_snapshot_is_the_same_revision() {
        let text = b"{\"sku\":\"A\"}\n".to_vec();
        assert_eq!(unpacked(text.clone()), Ok(text.clone()));
        assert_eq!(unpacked(packed(&text)), Ok(text));
    }

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_refused() {
        let bomb = packed(&vec![b' '; BYTES_MAX + 1]);
        assert!(bomb.len() < 4 << 20);
        assert_eq!(unpacked(bomb), Err(too_large()));
        let broken = unpacked(vec![0x1f, 0x8b, 1, 2]);
        assert!(matches!(broken, Err(Outage::Incomprehensible(_))));
    }
}
