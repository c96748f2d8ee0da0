//! CloudEvents in: an envelope's `type` says the kind, its `id` is the sender's reference, its `data` the document.
//!
//! Method: the same documents handed in bare, in one envelope and in a batch come to the same keys.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

fn service() -> (Home, Agent, String) {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    (home, agent, token)
}

/// An envelope; the document says its kind only when `kind` is kept.
fn event(id: &str, kind: &str, mut document: Value, keep: bool) -> Value {
    if !keep {
        document.as_object_mut().unwrap().remove("kind");
    }
    json!({"specversion": "1.0", "id": id, "source": "/tills/1", "type": kind, "time": "2026-11-20T10:00:00Z",
        "datacontenttype": "application/json", "data": document})
}

fn results(agent: &Agent, token: &str, media: &str, body: &Value) -> (u16, Vec<Value>) {
    let answer = agent.post_as(token, media, body.to_string());
    let value: Value = serde_json::from_str(&answer.body).unwrap();
    (answer.status, value["results"].as_array().unwrap().clone())
}

#[test]
fn a_document_in_an_envelope_is_the_document() {
    let (_home, agent, token) = service();
    let first = event("till-1-a", "tillpost.sale.v1", sale("1", 1), false);
    let (status, found) = results(&agent, &token, ONE, &first);
    assert_eq!((status, &found[0]["status"]), (200, &"accepted".into()));
    assert_eq!(found[0]["key"], "ZH01/1/0/1");
    let stored = agent.document(&token, found[0]["id"].as_str().unwrap());
    assert_eq!(stored["document"]["kind"], "sale");
    assert_eq!(stored["document"]["source"]["reference"], "till-1-a");
    // The same sale without an envelope, and in one with another id, is the same.
    agent.hand_in_all(&token, &[sale("1", 1)], "duplicate");
    let again = event("till-1-b", "tillpost.sale.v1", sale("1", 1), true);
    assert_eq!(
        results(&agent, &token, ONE, &again).1[0]["status"],
        "duplicate"
    );
}

#[test]
fn a_batch_has_a_result_for_each_event_and_a_bad_one_takes_no_other_along() {
    let (_home, agent, token) = service();
    let batch = json!([
        event("a", "tillpost.sale.v1", sale("1", 1), false),
        event("b", "tillpost.return.v1", sale("1", 2), true),
        event("c", "com.example.receipt", sale("1", 3), true),
        {"specversion": "1.0", "id": "d", "type": "tillpost.sale.v1"},
        event("e", "tillpost.sale.v9", sale("1", 5), false),
    ]);
    let (status, found) = results(&agent, &token, BATCH, &batch);
    assert_eq!(status, 422);
    let told: Vec<&str> = found
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["accepted", "refused", "accepted", "refused", "held"]);
    assert_eq!(found[1]["problems"][0]["path"], "kind");
    assert_eq!(found[3]["problems"][0]["path"], "data");
    assert_eq!(found[4]["problems"][0]["code"], "schema_newer");
}
