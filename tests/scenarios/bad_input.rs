//! Input as it really comes: broken, wrong, too big, from the wrong place.
//!
//! Goal: every bad request gets exactly the contract's answer, with the place of the mistake and without quoting a
//! value, and what was good in it is stored all the same. Method: one running service, a table of requests.

use std::io::Write;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::http::Http;
use tillpost_tests::shop::sample::{sale, sales};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
/// Stands in every bad value; no answer may repeat it.
const VALUE: &str = "Zq9-secret";

fn service() -> (Home, Agent, String) {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    (home, agent, token)
}

/// A sale with one thing changed.
fn with(sequence: u64, change: impl FnOnce(&mut Value)) -> Value {
    let mut document = sale("1", sequence);
    change(&mut document);
    document
}

#[test]
fn after_a_body_that_is_too_large_the_next_request_is_answered() {
    let (_home, agent, token) = service();
    let large = sized(20 << 20);
    for n in 1..=5 {
        assert_eq!(agent.post_as(&token, JSON, large.clone()).status, 413);
        // On the same client: a connection that is gone must have been announced as closing.
        let result = agent.hand_in(&token, &sale("1", n));
        assert_eq!(result["status"], "accepted", "{result}");
    }
}

#[test]
fn a_request_that_is_no_document_at_all_is_turned_away_whole() {
    let (_home, agent, token) = service();
    let gzip = |text: &str| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let cases: Vec<(&str, &str, Vec<u8>, u16)> = vec![
        ("nothing", JSON, Vec::new(), 400),
        ("no JSON", JSON, b"{\"kind\": ".to_vec(), 400),
        ("words", JSON, b"a sale of two pens".to_vec(), 400),
        ("an empty list", JSON, b"[]".to_vec(), 400),
        ("no line", LINES, b"\n\n".to_vec(), 400),
        ("a number", JSON, b"17".to_vec(), 400),
        ("no UTF-8", JSON, b"{\"kind\": \"\xff\xfe\"}".to_vec(), 400),
        ("another type", "application/xml", b"<sale/>".to_vec(), 415),
        ("20 MB", JSON, sized(20 << 20), 413),
        (
            "10,001 documents",
            LINES,
            "{}\n".repeat(10_001).into_bytes(),
            413,
        ),
    ];
    for (name, media, body, status) in cases {
        let answer = Http::new().send(|client| {
            client
                .post(format!("{}/v1/documents", agent.url))
                .header("Authorization", format!("Bearer {token}"))
                .header("Content-Type", media)
                .body(body)
        });
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
    let packed = [
        ("no gzip", b"no gzip".to_vec(), 400),
        ("a bomb", gzip(&format!("[{}]", " ".repeat(12 << 20))), 413),
        ("a sale", gzip(&sale("1", 1).to_string()), 200),
    ];
    for (name, body, status) in packed {
        let answer = agent.http.send(|client| {
            client
                .post(format!("{}/v1/documents", agent.url))
                .header("Authorization", format!("Bearer {token}"))
                .header("Content-Type", JSON)
                .header("Content-Encoding", "gzip")
                .body(body)
        });
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
    let stored = agent.get(&token, "/v1/documents").ok();
    assert_eq!(stored["documents"].as_array().unwrap().len(), 1, "{stored}");
}

/// A sale that is so many bytes long.
fn sized(bytes: usize) -> Vec<u8> {
    let document = with(1, |d| {
        d["body"]["lines"][0]["product"]["name"] = json!("N".repeat(bytes))
    });
    document.to_string().into_bytes()
}

/// What is wrong, the document, the problem's code and path.
type Bad = (&'static str, Value, &'static str, &'static str);

fn line(document: &mut Value, field: &str, value: Value) {
    document["body"]["lines"][0][field] = value;
}

/// Documents in which something is missing, unknown or too much.
fn incomplete() -> Vec<Bad> {
    let nested = (0..40).fold(json!(1), |inside, _| json!([inside]));
    let many = vec![sale("1", 1)["body"]["lines"][0].clone(); 2_001];
    let null = |field: &str| with(1, |d| d[field] = Value::Null);
    let no_number = with(1, |d| {
        d["sequence"] = Value::Null;
        d["receipt_number"] = Value::Null;
    });
    let quantity = with(1, |d| line(d, "quantity", Value::Null));
    let deep = with(1, |d| line(d, "colour", json!(VALUE)));
    vec![
        ("no kind", null("kind"), "missing_field", "kind"),
        ("no body", null("body"), "missing_field", "body"),
        ("no till", null("till"), "missing_field", "till"),
        ("no currency", null("currency"), "missing_field", "currency"),
        ("no number at all", no_number, "missing_key", ""),
        (
            "no quantity",
            quantity,
            "missing_field",
            "body.lines[0].quantity",
        ),
        (
            "an unknown field",
            with(1, |d| d["colour"] = json!(VALUE)),
            "unknown_field",
            "colour",
        ),
        (
            "an unknown field deep down",
            deep,
            "unknown_field",
            "body.lines[0].colour",
        ),
        (
            "too deep",
            with(1, |d| d["ext"] = nested),
            "too_large",
            "ext",
        ),
        (
            "too many lines",
            with(1, |d| d["body"]["lines"] = json!(many)),
            "too_large",
            "body.lines",
        ),
        (
            "another till's",
            with(1, |d| d["till"] = json!("2")),
            "foreign_till",
            "till",
        ),
    ]
}

/// Documents in which a value is not what it should be.
fn mistaken() -> Vec<Bad> {
    let head = |field: &'static str, value: Value| with(1, |d| d[field] = value);
    let inside = |field: &'static str, value: Value| with(1, |d| line(d, field, value));
    let (quantity, total) = ("body.lines[0].quantity", "body.lines[0].total");
    vec![
        (
            "an unknown kind",
            head("kind", json!(VALUE)),
            "unknown_value",
            "kind",
        ),
        (
            "a list for a body",
            head("body", json!([1])),
            "wrong_type",
            "body",
        ),
        (
            "a day for a time",
            head("occurred_at", json!("yesterday")),
            "bad_value",
            "occurred_at",
        ),
        (
            "a time without offset",
            head("occurred_at", json!("2026-11-20T10:00:00")),
            "bad_value",
            "occurred_at",
        ),
        (
            "a blank in a code",
            head("series", json!("a b")),
            "bad_value",
            "series",
        ),
        (
            "a till called as a kind",
            head("till", json!("pickup")),
            "bad_value",
            "till",
        ),
        (
            "a truth for a quantity",
            inside("quantity", json!(true)),
            "wrong_type",
            quantity,
        ),
        (
            "words for money",
            inside("total", json!(VALUE)),
            "bad_value",
            total,
        ),
        (
            "a comma in money",
            inside("total", json!("12,50")),
            "bad_value",
            total,
        ),
        (
            "too many digits",
            inside("total", json!("1234567890123")),
            "bad_value",
            total,
        ),
    ]
}

#[test]
fn a_bad_document_is_refused_with_the_place_of_the_mistake() {
    let (_home, agent, token) = service();
    for (name, document, code, path) in incomplete().into_iter().chain(mistaken()) {
        let answer = agent.post(&token, &document);
        assert_eq!(answer.status, 422, "{name}: {}", answer.body);
        assert!(
            !answer.body.contains(VALUE),
            "{name} quotes a value: {}",
            answer.body
        );
        let result = &answer.json()["results"][0];
        assert_eq!(result["status"], "refused", "{name}: {result}");
        let problems = result["problems"].as_array().unwrap();
        let named = problems
            .iter()
            .any(|p| p["code"] == code && is_at(p, path) && p["level"] == "refused");
        assert!(named, "{name}: expected {code} at {path:?}, got {result}");
        assert!(
            problems
                .iter()
                .all(|p| p["message"].as_str().is_some_and(|m| !m.is_empty())),
            "{result}"
        );
    }
    let repeated =
        sale("1", 1)
            .to_string()
            .replacen("\"sequence\"", "\"till\":\"1\",\"sequence\"", 1);
    let answer = agent.post_as(&token, JSON, repeated);
    assert_eq!(
        answer.json()["results"][0]["problems"][0]["code"],
        "repeated_key",
        "{}",
        answer.body
    );
    let huge = with(1, |d| d["fiscal"] = json!("N".repeat(5 << 20)));
    let answer = agent.post(&token, &huge);
    assert_eq!(
        (
            answer.status,
            &answer.json()["results"][0]["problems"][0]["code"]
        ),
        (422, &json!("too_large"))
    );
    let stored = agent.get(&token, "/v1/documents").ok();
    assert_eq!(
        stored["documents"],
        json!([]),
        "nothing of all that is stored"
    );
}

/// What is too deep is too deep somewhere below.
fn is_at(problem: &Value, path: &str) -> bool {
    let found = problem["path"].as_str().unwrap();
    found == path || problem["code"] == "too_large" && found.starts_with(path)
}

#[test]
fn what_is_good_in_a_request_is_stored_and_every_element_has_its_result_in_order() {
    let (_home, agent, token) = service();
    let good = sales("1", 1, 3);
    let body = format!(
        "{}\n\n{{\"kind\": \n{}\n[1]\n   \r\n{}\n",
        good[0], good[1], good[2]
    );
    let answer = agent.post_as(&token, LINES, body);
    assert_eq!(answer.status, 422, "{}", answer.body);
    let results = answer.json();
    let statuses: Vec<&Value> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["status"])
        .collect();
    assert_eq!(
        statuses,
        ["accepted", "refused", "accepted", "refused", "accepted"],
        "{results}"
    );
    for n in [1, 3] {
        assert_eq!(
            results["results"][n]["problems"][0]["code"], "not_json",
            "{results}"
        );
        assert_eq!(results["results"][n]["key"], Value::Null, "{results}");
    }
    let list = json!([sale("1", 4), 17, sale("1", 5)]);
    let results = agent.post(&token, &list).json();
    assert_eq!(
        results["results"][1]["problems"][0]["code"], "not_json",
        "{results}"
    );
    let events = json!([{"specversion": "1.0", "id": "e-1", "source": "/x", "type": "tillpost.sale.v1", "data": sale("1", 6)}]);
    let answer = agent.post_as(
        &token,
        "application/cloudevents-batch+json",
        events.to_string(),
    );
    let result = &answer.ok()["results"][0];
    assert_eq!(
        (&result["status"], &result["key"]),
        (&json!("accepted"), &json!("ZH01/1/0/6"))
    );
    let document = agent.document(&token, result["id"].as_str().unwrap());
    assert_eq!(
        document["document"]["source"]["reference"], "e-1",
        "{document}"
    );
}
