//! CloudEvents envelopes: only `data` and `type` count, and the `id` as the sender's reference.
//!
//! `type` is `tillpost.<kind>.v<schema>` for every kind of document: `tillpost.sale.v1`, `tillpost.return.v1`,
//! `tillpost.void.v1`, `tillpost.day_open.v1`, `tillpost.day_close.v1`, `tillpost.cash_movement.v1`,
//! `tillpost.till_activity.v1`, `tillpost.settlement.v1`, `tillpost.stock_count.v1`, `tillpost.stock_move.v1`,
//! `tillpost.pickup.v1`. It fills in a `kind` that the document leaves out, and refuses one that says otherwise; of a
//! later version the document is held. Any other type says nothing: then the document's own `kind` counts.

use serde_json::{Map, Value};

use crate::document::{Kind, SCHEMA};
use crate::json;
use crate::problem::{Code, Problem};
use crate::scalar::Text;

use super::split::{Item, Unreadable, too_large};

/// Before the kind in an event's type, as in `tillpost.sale.v1`.
const TYPE_PREFIX: &str = "tillpost.";
/// Between the kind and the version.
const TYPE_VERSION: &str = ".v";

/// The document in an envelope.
pub(super) fn read(text: &str) -> Result<Item, Unreadable> {
    if let Some(problem) = too_large(text)? {
        return Ok(Err(problem));
    }
    match json::read(text, 1) {
        Ok(Value::Object(envelope)) => Ok(open(envelope)),
        Ok(_) => Ok(Err(not_an_object(""))),
        Err(json::JsonError::Syntax) => Err(Unreadable),
        Err(json::JsonError::Refused(mut problem)) => {
            // Places are told as in the document itself.
            if let Some(inner) = problem.path.strip_prefix("data.") {
                problem.path = inner.to_owned();
            }
            Ok(Err(problem))
        }
    }
}

fn open(mut envelope: Map<String, Value>) -> Item {
    let mut document = match envelope.shift_remove("data") {
        Some(Value::Object(document)) => document,
        None | Some(Value::Null) => {
            let message = "the event holds no document";
            return Err(Problem::refused(Code::MissingField, "data", message));
        }
        Some(_) => return Err(not_an_object("data")),
    };
    if let Some((kind, version)) = envelope.get("type").and_then(Value::as_str).and_then(kind) {
        match document.get("kind") {
            None | Some(Value::Null) => {
                document.insert("kind".to_owned(), kind.as_str().into());
            }
            Some(Value::String(own)) if own == kind.as_str() => {}
            Some(_) => {
                let message = "the document is of another kind than the event's type says";
                return Err(Problem::refused(Code::BadValue, "kind", message));
            }
        }
        // An event of a later version is held like a document that says so itself.
        if version != SCHEMA && document.get("schema").is_none_or(Value::is_null) {
            document.insert("schema".to_owned(), version.into());
        }
    }
    if let Some(id) = envelope.get("id").and_then(Value::as_str) {
        refer(&mut document, id);
    }
    Ok(Value::Object(document))
}

fn not_an_object(path: &str) -> Problem {
    Problem::refused(Code::NotJson, path, "expected an object")
}

/// The kind and version of an event's type; `None` for types that are not ours.
fn kind(r#type: &str) -> Option<(Kind, i64)> {
    let (kind, version) = r#type.strip_prefix(TYPE_PREFIX)?.split_once(TYPE_VERSION)?;
    Some((Kind::from_word(kind)?, version.parse().ok()?))
}

/// Notes the event's id as `source.reference`, unless the document has one or the id is too long for one.
fn refer(document: &mut Map<String, Value>, id: &str) {
    let Some(id) = Text::parse(id) else {
        return;
    };
    let source = document.entry("source").or_insert(Value::Null);
    if source.is_null() {
        *source = Value::Object(Map::new());
    }
    if let Value::Object(source) = source {
        let reference = source.entry("reference").or_insert(Value::Null);
        if reference.is_null() {
            *reference = id.as_str().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::super::split::{Media, split};
    use super::*;

    fn one(envelope: &Value) -> Item {
        let body = envelope.to_string();
        let mut items = split(body.as_bytes(), Media::CloudEvent).unwrap();
        assert_eq!(items.len(), 1);
        items.remove(0)
    }

    #[test]
    fn the_type_gives_the_kind_and_the_id_becomes_the_reference() {
        let envelope = json!({"specversion": "1.0", "id": "evt-1", "type": "tillpost.sale.v1", "source": "/x",
            "data": {"store": "ZH01", "source": {"system": "till"}}});
        let expected = json!({"store": "ZH01", "kind": "sale",
            "source": {"system": "till", "reference": "evt-1"}});
        assert_eq!(one(&envelope).unwrap(), expected);
    }

    #[test]
    fn a_reference_of_the_documents_own_stays() {
        let envelope = json!({"id": "evt-1", "type": "com.example.sale",
            "data": {"kind": "sale", "source": {"reference": "own"}}});
        assert_eq!(one(&envelope).unwrap(), envelope["data"]);
    }

    #[test]
    fn an_id_too_long_for_a_reference_is_left_out() {
        let envelope = json!({"id": "x".repeat(65), "data": {"kind": "sale"}});
        assert_eq!(one(&envelope).unwrap(), json!({"kind": "sale"}));
    }

    #[test]
    fn a_later_version_says_a_later_schema() {
        let envelope = json!({"type": "tillpost.sale.v2", "data": {}});
        assert_eq!(
            one(&envelope).unwrap(),
            json!({"kind": "sale", "schema": 2})
        );
    }

    #[rstest]
    #[case(json!({"type": "tillpost.sale.v1", "data": {"kind": "return"}}), Code::BadValue, "kind")]
    #[case(json!({"type": "tillpost.sale.v1"}), Code::MissingField, "data")]
    #[case(json!({"type": "tillpost.sale.v1", "data": [1]}), Code::NotJson, "data")]
    fn an_envelope_without_its_document_is_refused(
        #[case] envelope: Value,
        #[case] code: Code,
        #[case] path: &str,
    ) {
        let problem = one(&envelope).unwrap_err();
        assert_eq!((problem.code, problem.path.as_str()), (code, path));
    }

    #[test]
    fn a_place_is_told_as_in_the_document() {
        let body = r#"{"data":{"body":{"total":1,"total":2}}}"#;
        let items = split(body.as_bytes(), Media::CloudEvent).unwrap();
        assert_eq!(items[0].as_ref().unwrap_err().path, "body.total");
    }
}
