//! Documents as a CloudEvents batch. Pure.

use serde_json::json;
use tillpost_shared::document::SCHEMA;
use tillpost_shared::shape::Form;

use crate::destination::Delivery;

/// How much one request may weigh; what a document may weigh at most fits in many times, so a single one always goes.
const REQUEST_BYTES_MAX: usize = 16 << 20;

/// The body of the request; `None` when the batch is too much for one.
pub fn batch(batch: &[Delivery]) -> Option<Vec<u8>> {
    let mut body = b"[".to_vec();
    for (n, delivery) in batch.iter().enumerate() {
        if n > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event(delivery).as_bytes());
        // Looked at after each, so that a batch of large documents is not built whole to be thrown away.
        if body.len() >= REQUEST_BYTES_MAX {
            return None;
        }
    }
    body.push(b']');
    Some(body)
}

/// One document, its text put in as it is stored. `subject` is its natural key, so that a person finds the receipt in the
/// receiver's log. Its source is the store that it names: one that a person released may be another's.
fn event(delivery: &Delivery) -> String {
    let document = &delivery.document;
    // Tills may write a blank between date and time; a CloudEvents reader may not like it.
    let time = document.head.occurred_at.as_str().replacen(' ', "T", 1);
    let envelope = json!({
        "specversion": "1.0",
        "id": delivery.uid.to_string(),
        "source": format!("/stores/{}", document.head.store.as_str()),
        "type": format!("tillpost.{}.v{SCHEMA}", document.head.kind.as_str()),
        "subject": delivery.key,
        "time": time,
        "datacontenttype": "application/json",
    });
    let mut text = envelope.to_string();
    text.pop();
    text.push_str(",\"data\":");
    text.push_str(&document.text(Form::Stored));
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use serde_json::Value;
    use tillpost_shared::document::Document;
    use tillpost_shared::shape::{Place, Unknown};
    use uuid::Uuid;

    use super::*;

    /// The till's document, as a lane hands it over.
    fn delivery(document: &Value) -> Delivery {
        let read = Document::read(document.clone(), &mut Place::new(Unknown::Ignored));
        Delivery {
            seq: 1,
            id: Uuid::from_u128(1),
            key: "ZH01/3/0/4711".to_owned(),
            uid: "4636ef54-b9db-52a8-b215-fe307dff173b".parse().unwrap(),
            business_date: "2026-10-31".parse().unwrap(),
            since: Timestamp::UNIX_EPOCH,
            attempts: 0,
            sent_before: false,
            missing: Vec::new(),
            last_code: None,
            other_parts: Vec::new(),
            document: Arc::new(read.expect("a document")),
        }
    }

    fn no_sale(occurred_at: &str, note: &str) -> Value {
        json!({"kind": "till_activity", "store": "ZH01", "till": "3", "sequence": 4711,
            "occurred_at": occurred_at, "body": {"type": "no_sale"}, "ext": {"note": note}})
    }

    #[test]
    fn a_document_becomes_the_event_that_the_contract_describes() {
        let document = no_sale("2026-10-31T17:03:11+01:00", "n");
        let body = batch(&[delivery(&document)]).unwrap();
        let events: Value = serde_json::from_slice(&body).unwrap();
        let expected = json!([{
            "specversion": "1.0",
            "id": "4636ef54-b9db-52a8-b215-fe307dff173b",
            "source": "/stores/ZH01",
            "type": "tillpost.till_activity.v1",
            "subject": "ZH01/3/0/4711",
            "time": "2026-10-31T17:03:11+01:00",
            "datacontenttype": "application/json",
            "data": document,
        }]);
        assert_eq!(events, expected);
    }

    #[test]
    fn a_time_with_a_blank_is_written_as_the_standard_wants_it() {
        let document = no_sale("2026-10-31 17:03:11+01:00", "n");
        let text = event(&delivery(&document));
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["time"], "2026-10-31T17:03:11+01:00");
        assert_eq!(event["data"]["occurred_at"], "2026-10-31 17:03:11+01:00");
    }

    #[test]
    fn the_source_is_the_store_that_the_document_names() {
        let mut document = no_sale("2026-10-31T17:03:11+01:00", "n");
        document["store"] = "BE02".into();
        let event: Value = serde_json::from_str(&event(&delivery(&document))).unwrap();
        assert_eq!(event["source"], "/stores/BE02");
    }

    #[test]
    fn no_documents_are_an_empty_batch() {
        assert_eq!(batch(&[]), Some(b"[]".to_vec()));
    }

    #[test]
    fn a_batch_beyond_the_limit_is_too_much_and_half_of_it_is_not() {
        let large = delivery(&no_sale("2026-10-31T17:03:11+01:00", &"n".repeat(4 << 20)));
        let four = vec![large; 4];
        assert_eq!(batch(&four), None);
        assert!(batch(&four[..2]).is_some());
    }
}
