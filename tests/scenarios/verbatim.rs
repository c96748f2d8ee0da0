//! What a till hands over comes back as it was given.
//!
//! Goal: no reader on the way turns numbers into floats or loses what it does not need. Method: hand in documents with
//! hard numbers, read them back by every way out (HTTP, hand-over file, export) and compare bytes.

use serde_json::{Value, json};
use tillpost_tests::folder;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

const FISCAL: &str =
    r#"{"big":1234567890123456789012345,"fine":0.10000000000000000555,"neg":-0.0,"text":"é\"\\/"}"#;
const PLACE: &str = r#""fiscal":"here""#;

#[test]
fn a_number_of_25_digits_in_fiscal_comes_back_byte_for_byte() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    let mut document = sale("1", 1);
    document["fiscal"] = json!("here");
    let text = document
        .to_string()
        .replace(PLACE, &format!("\"fiscal\":{FISCAL}"));
    assert!(text.contains(FISCAL));
    let answer = agent.post_as(&token, "application/json", text.clone()).ok();
    let id = answer["results"][0]["id"].as_str().unwrap().to_owned();
    let shown = agent.get(&token, &format!("/v1/documents/{id}")).body;
    let compact = |text: &str| text.split_whitespace().collect::<String>();
    assert!(compact(&shown).contains(FISCAL), "{shown}");
    agent.wait_drained(wait::HANG);
    let lines = folder::read(&home.out());
    assert_eq!(lines.len(), 1);
    assert!(lines[0].text.contains(FISCAL), "{}", lines[0].text);
    let again = agent.post_as(
        &token,
        "application/json",
        text.replace(r#""fine":0.10000000000000000555"#, r#""fine":0.1"#),
    );
    let result = &again.ok()["results"][0];
    assert_eq!(
        result["status"], "held",
        "another number is another content: {result}"
    );
}

#[test]
fn an_exponent_in_fiscal_keeps_its_digits() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    let mut document = sale("1", 1);
    document["fiscal"] = json!("here");
    let fiscal = "\"fiscal\":[1.50e+3,1e+5,2e-7,-0.0]";
    let answer = agent.post_as(
        &token,
        "application/json",
        document.to_string().replace(PLACE, fiscal),
    );
    let id = answer.ok()["results"][0]["id"].as_str().unwrap().to_owned();
    let shown = agent.get(&token, &format!("/v1/documents/{id}")).body;
    assert!(shown.contains(fiscal), "{shown}");
}

#[test]
fn what_the_folder_wrote_is_read_again_as_the_same_document() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    let mut document = sale("1", 1);
    document["body"]["lines"][0]["unit_price"] = json!("1.32000000");
    document["body"]["lines"][0]["discounts"] = json!([]);
    document["ext"] = json!({"own": {"deep": [1, 2.50]}});
    agent.hand_in_all(&token, std::slice::from_ref(&document), "accepted");
    agent.wait_drained(wait::HANG);
    let line = folder::read(&home.out()).remove(0);
    let written = line.document;
    assert_eq!(written["key"], "ZH01/1/0/1");
    assert_eq!(written["ext"], document["ext"]);
    assert_eq!(written["body"]["lines"][0]["unit_price"], "1.32000000");
    let result = agent.hand_in(&token, &written);
    assert_eq!(result["status"], "duplicate", "{result}");
    let mut forged = sale("1", 2);
    forged["key"] = json!("ZH01/1/0/99");
    let result = agent.hand_in(&token, &forged);
    let said = (&result["status"], &result["problems"][0]["code"]);
    assert_eq!(said, (&json!("held"), &json!("key_mismatch")), "{result}");
}

/// What is spelled in another way, and how.
type Spelling<'a> = (&'a str, &'a dyn Fn(&mut Value));

#[test]
fn content_is_compared_by_value_not_by_spelling() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    let mut document = sale("1", 1);
    document["occurred_at"] = json!("2026-11-20T10:00:00+01:00");
    document["business_date"] = json!("2026-11-20");
    document["body"]["lines"][0]["quantity"] = json!("1");
    let first = agent.hand_in(&token, &document);
    assert_eq!(first["status"], "accepted", "{first}");
    let spell = |change: &dyn Fn(&mut Value)| {
        let mut again = document.clone();
        change(&mut again);
        agent.hand_in(&token, &again)
    };
    let same: [Spelling; 8] = [
        ("trailing zeros", &|d| {
            d["body"]["lines"][0]["quantity"] = json!("1.000")
        }),
        ("a number for a text", &|d| {
            d["body"]["lines"][0]["quantity"] = serde_json::from_str("1.0").unwrap()
        }),
        ("the same instant", &|d| {
            d["occurred_at"] = json!("2026-11-20T09:00:00.000Z")
        }),
        ("the default written out", &|d| d["series"] = json!("0")),
        ("an empty list", &|d| d["body"]["voided_lines"] = json!([])),
        ("the date left out", &|d| d["business_date"] = Value::Null),
        ("another source", &|d| {
            d["source"] = json!({"file": "again.json"})
        }),
        ("another ext", &|d| d["ext"] = json!({"attempt": 2})),
    ];
    for (name, change) in same {
        let result = spell(change);
        assert_eq!(
            (&result["status"], &result["id"]),
            (&json!("duplicate"), &first["id"]),
            "{name}: {result}"
        );
    }
    let other = spell(&|d| d["operator"] = json!("op-8"));
    assert_eq!(other["status"], "held", "{other}");
}
