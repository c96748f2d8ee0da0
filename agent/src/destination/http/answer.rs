//! What a receiver's answer means: a verdict on every document, or an outage. Pure and total.
//!
//! Only a 200 whose results name every document of the batch exactly once, and no other, says anything about a
//! document. Everything else is about the destination: nobody in the batch is to blame, and nothing counts as arrived
//! that was not named.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::destination::line;
use crate::outbox::outage::by_status;
use crate::outbox::{Answer, Outage, Verdict};

/// The one status that carries results.
pub const GOOD: u16 = 200;
/// How much of a receiver's words is kept.
const WORDS_CHARS_MAX: usize = 500;
/// How much of its reference is kept.
const REFERENCE_CHARS_MAX: usize = 200;
/// How much of a problem's code is kept.
const CODE_CHARS_MAX: usize = 64;

/// An answer as it came, read to its end if its status is [`GOOD`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Whether it says of itself that it is a web page.
    pub web_page: bool,
    /// How long to wait, when it says so.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether there was more than is read.
    pub too_long: bool,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    status: Status,
    #[serde(default)]
    reference: Value,
    #[serde(default)]
    problems: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Accepted,
    Duplicate,
    Rejected,
}

/// Whether a content type is that of a page for people.
pub fn is_web_page(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    text.trim().to_ascii_lowercase().starts_with("text/html")
}

/// One verdict per uid, in their order; or what is the matter with the destination.
pub fn judge(reply: &Reply, uids: &[Uuid]) -> Result<Vec<Verdict>, Outage> {
    if reply.status != GOOD {
        return Err(by_status(reply.status, reply.retry_after));
    }
    if reply.web_page || line::is_markup(&reply.body) {
        return Err(senseless(line::WEB_PAGE));
    }
    if reply.too_long {
        return Err(senseless("the answer is longer than any answer can be"));
    }
    let results: Results = serde_json::from_slice(&reply.body)
        .map_err(|error| senseless(&format!("the answer is not as agreed: {error}")))?;
    by_id(results.results, uids)
}

/// Matches by id, never by position.
fn by_id(results: Vec<Entry>, uids: &[Uuid]) -> Result<Vec<Verdict>, Outage> {
    let mut named: HashMap<Uuid, Entry> = HashMap::with_capacity(results.len());
    for entry in results {
        let Ok(id) = Uuid::parse_str(&entry.id) else {
            let id = shortened(&entry.id, CODE_CHARS_MAX);
            return Err(senseless(&format!(
                "the answer names {id:?}, which is no id"
            )));
        };
        if named.insert(id, entry).is_some() {
            return Err(senseless(&format!("the answer names {id} twice")));
        }
    }
    let mut verdicts = Vec::with_capacity(uids.len());
    for uid in uids {
        let Some(entry) = named.remove(uid) else {
            return Err(senseless(&format!("the answer does not name {uid}")));
        };
        verdicts.push(verdict(*uid, entry));
    }
    match named.keys().next() {
        Some(stranger) => Err(senseless(&format!(
            "the answer names {stranger}, which was not sent"
        ))),
        None => Ok(verdicts),
    }
}

fn verdict(uid: Uuid, entry: Entry) -> Verdict {
    match entry.status {
        Status::Accepted | Status::Duplicate => {
            let reference = match &entry.reference {
                Value::String(text) => shortened(text, REFERENCE_CHARS_MAX),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
            };
            // A receiver without numbers of its own knows the document by its uid.
            let named = Some(reference).filter(|text| !text.is_empty());
            Verdict::Accepted(named.unwrap_or_else(|| uid.to_string()))
        }
        Status::Rejected => Verdict::Rejected {
            answer: words(&entry.problems),
            sent: true,
        },
    }
}

/// The receiver's first problem in its words; further ones are counted.
fn words(problems: &Value) -> Answer {
    let problems = problems.as_array().map_or(&[][..], Vec::as_slice);
    let first = problems.first().unwrap_or(&Value::Null);
    let field = |name: &str, max| {
        let text = first[name].as_str().map(|text| shortened(text, max));
        text.filter(|text| !text.is_empty())
    };
    let code = field("code", CODE_CHARS_MAX).unwrap_or_else(|| "rejected".to_owned());
    let mut message = field("message", WORDS_CHARS_MAX)
        .unwrap_or_else(|| "Head office refuses the document and does not say why.".to_owned());
    if problems.len() > 1 {
        message.push_str(&format!(" (and {} more)", problems.len() - 1));
    }
    let hint = field("hint", WORDS_CHARS_MAX)
        .unwrap_or_else(|| "Ask head office what is wrong with it, then retry.".to_owned());
    Answer {
        code,
        message,
        hint,
    }
}

/// Text of a stranger's: cut to a length, on one line.
fn shortened(text: &str, chars_max: usize) -> String {
    let plain = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    plain.take(chars_max).collect()
}

fn senseless(why: &str) -> Outage {
    // It may quote what came, which may be long.
    Outage::Incomprehensible(shortened(why, WORDS_CHARS_MAX))
}

#[cfg(test)]
mod tests;
