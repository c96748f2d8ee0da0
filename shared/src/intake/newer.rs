//! Documents of a later schema: kept whole, held, and read again after an update.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::claim::Claim;
use super::{Reading, Terms, foreign_store, refused, worst_first};
use crate::problem::{Code, Problem};
use crate::scalar::Day;
use crate::shape::{Place, Shape, Unknown};
use crate::{content, key};

/// A document of a later schema. Its key is known; the rest is for a later version of this program.
#[derive(Debug, Clone)]
pub struct Newer {
    /// What of it could be read: all that goes into its key.
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

/// Reads no more of it than its key needs.
pub(super) fn read(mut value: Value, claim: &Claim, flags: Vec<Problem>, terms: &Terms) -> Reading {
    let mut place = Place::new(Unknown::Ignored);
    let Some(facts) = key::Facts::read(value.clone(), &mut place) else {
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
