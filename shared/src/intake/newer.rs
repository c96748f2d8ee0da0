//! Documents of a later schema: kept whole, held, and read again after an update.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::claim::Claim;
use super::{Reading, Terms, foreign_store, refused, worst_first};
use crate::document::Kind;
use crate::problem::{Code, Problem};
use crate::scalar::Day;
use crate::shape::{Place, Shape, Unknown};
use crate::{content, key};

/// A document of a later schema. Its key is known; the rest is for a later version of this program.
#[derive(Debug, Clone)]
pub struct Newer {
    /// What happened, which may be a word that only the later schema knows.
    pub kind: String,
    /// What of it could be read: all that goes into its key. Of a kind that is not known here, `kind` is a stand-in.
    pub facts: key::Facts,
    /// Its natural key.
    pub key: String,
    /// The key's uid.
    pub uid: Uuid,
    /// The conflict key under which it came, if it came with one.
    pub conflict_key: Option<String>,
    /// Equal for the same JSON, however ordered.
    pub content_hash: [u8; 32],
    /// The trading day.
    pub business_date: Day,
    /// The document as it came, without card and personal data, its business date filled in.
    pub value: Value,
    /// Everything found; it is always held.
    pub problems: Vec<Problem>,
}

/// The schema a document says it follows, if it says so in a way that can be read.
pub(super) fn schema(document: &Map<String, Value>) -> Option<i64> {
    match document.get("schema")? {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A kind of a later schema is keyed as everything is that uses a till's number: one without till or number has no key
/// that this version could know, and is refused.
const STAND_IN: Kind = Kind::TillActivity;
/// Characters of a kind's word: it is shown in lists.
const KIND_CHARS_MAX: usize = 32;

/// The word of a kind that is not known here, where it looks like one.
fn strange_kind(document: &Value) -> Option<String> {
    let word = document.get("kind")?.as_str()?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let looks = (1..=KIND_CHARS_MAX).contains(&word.len()) && word.bytes().all(plain);
    (looks && Kind::from_word(word).is_none()).then(|| word.to_owned())
}

/// Reads no more of it than its key needs.
pub(super) fn read(mut value: Value, claim: &Claim, flags: Vec<Problem>, terms: &Terms) -> Reading {
    let mut place = Place::new(Unknown::Ignored);
    let strange = strange_kind(&value);
    let mut readable = value.clone();
    if strange.is_some() {
        readable["kind"] = STAND_IN.as_str().into();
    }
    let Some(facts) = key::Facts::read(readable, &mut place) else {
        return refused(None, place.problems);
    };
    let date_default = terms.business_date(&facts.occurred_at);
    let business_date = facts.business_date.unwrap_or(date_default);
    let Some(key) = key::key(&facts, business_date, &terms.numbering) else {
        return refused(None, vec![super::missing_key()]);
    };
    let content_hash = content::hash_of_json(&value);
    if let Value::Object(object) = &mut value {
        object.insert("business_date".to_owned(), business_date.to_string().into());
    }
    let message = "the document follows a later schema than this version of Tillpost reads";
    let mut problems = vec![Problem::held(Code::SchemaNewer, "schema", message)];
    problems.extend(foreign_store(&facts.store, terms));
    problems.extend(claim.check(&key));
    problems.extend(flags);
    Reading::Newer(Box::new(Newer {
        kind: strange.unwrap_or_else(|| facts.kind.as_str().to_owned()),
        uid: key::uid(&key),
        conflict_key: claim.conflict_key(&key),
        facts,
        key,
        content_hash,
        business_date,
        value,
        problems: worst_first(problems),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{changed, sale, terms};

    #[test]
    fn a_kind_that_a_later_schema_knows_is_held_under_its_tills_number() {
        let document = changed(
            sale(),
            &[
                ("/kind", json!("hologram")),
                ("/schema", json!(2)),
                ("/body", json!({"beams": 3})),
            ],
        );
        let Reading::Newer(newer) = super::super::read(document, &terms()) else {
            panic!("it is of a later schema");
        };
        assert_eq!((&*newer.kind, &*newer.key), ("hologram", "ZH01/3/0/4711"));
        assert_eq!(newer.value["kind"], "hologram");
        let found: Vec<String> = newer.problems.iter().map(crate::sample::words).collect();
        assert_eq!(found, ["held schema_newer schema"]);
    }
}
