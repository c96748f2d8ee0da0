//! The API's answers, as a till or a person gets them.

use axum::http::Method;
use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use rstest::rstest;
use serde_json::{Value, json};
use std::io::Write;

use super::fixture::{
    Answer, Fixture, SERVER_TOKEN, TOKEN, ask, fixture, get, hand_in, post, sale,
};
use super::login::{Role, Verifier};
use crate::activity::now;

/// The answer, indented, without what differs from run to run.
fn steady(mut json: Value) -> String {
    fn go(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map.iter_mut() {
                    if matches!(name.as_str(), "id" | "at" | "received_at") {
                        *value = "…".into();
                    }
                    go(value);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(go),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    go(&mut json);
    serde_json::to_string_pretty(&json).unwrap()
}

#[tokio::test]
async fn one_row_for_each_document_as_in_the_contract() {
    let fixture = fixture("").await;
    let held = sale("3", 3, "/body/tenders/0/amount", json!("9.00"));
    let mut broken = sale("3", 4, "/body/lines/0/quantity", Value::Null);
    broken["sequence"] = Value::Null;
    let body = json!([
        sale("3", 2, "", json!(0)),
        sale("3", 2, "", json!(0)),
        held,
        broken
    ]);
    let answer = post("/v1/documents", &body).token(TOKEN).of(&fixture).await;
    assert_eq!(answer.status, 422);
    let rows = answer.json["results"].as_array().unwrap();
    let row = |n: usize, name: &str| rows[n][name].as_str().unwrap_or("-").to_owned();
    let words: Vec<String> = (0..4).map(|n| row(n, "status")).collect();
    assert_eq!(words, ["accepted", "duplicate", "held", "refused"]);
    assert_eq!(
        (row(1, "id"), row(1, "state")),
        (row(0, "id"), "waiting".to_owned())
    );
    assert_eq!(row(2, "key"), "ZH01/3/0/3");
    assert_snapshot!(steady(answer.json["results"][0].clone()), @r#"
    {
      "id": "…",
      "key": "ZH01/3/0/2",
      "uid": "1c7f6fa2-16d8-5c1e-8203-83efc050a5c4",
      "status": "accepted"
    }
    "#);
}

#[tokio::test]
async fn a_stored_document_and_its_list() {
    let fixture = fixture("").await;
    let row = hand_in(&fixture, &sale("3", 1, "", json!(0))).await;
    let path = format!("/v1/documents/{}", row["id"].as_str().unwrap());
    let mut shown = get(&path).token(TOKEN).of(&fixture).await.json;
    shown["document"] = "…".into();
    assert_snapshot!(steady(shown), @r#"
    {
      "id": "…",
      "key": "ZH01/3/0/1",
      "uid": "a969dcc4-3262-5ec9-a951-598a18846147",
      "kind": "sale",
      "state": "waiting",
      "document": "…",
      "problems": [],
      "deliveries": [
        {
          "destination": "files",
          "state": "waiting",
          "attempts": 0
        }
      ],
      "history": [
        {
          "at": "…",
          "who": "till 3",
          "what": "received, waiting"
        }
      ]
    }
    "#);
    let list = get("/v1/documents?date=2026-10-30&state=waiting&kind=sale&till=3");
    assert_snapshot!(steady(list.token(TOKEN).of(&fixture).await.json), @r#"
    {
      "documents": [
        {
          "id": "…",
          "key": "ZH01/3/0/1",
          "kind": "sale",
          "till": "3",
          "business_date": "2026-10-30",
          "total": "10.00",
          "currency": "CHF",
          "state": "waiting",
          "received_at": "…"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest() {
    let fixture = fixture("").await;
    for sequence in 1..=5 {
        hand_in(&fixture, &sale("3", sequence, "", json!(0))).await;
    }
    let (mut keys, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("/v1/documents?limit=2{after}"))
            .token(TOKEN)
            .of(&fixture)
            .await
            .json;
        let rows = page["documents"].as_array().unwrap();
        keys.extend(
            rows.iter()
                .map(|row| row["key"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(
        keys.join(" "),
        "ZH01/3/0/5 ZH01/3/0/4 ZH01/3/0/3 ZH01/3/0/2 ZH01/3/0/1"
    );
}

#[rstest]
#[case("/v1/documents?limit=0")]
#[case("/v1/documents?limit=1001")]
#[case("/v1/documents?limit=x")]
#[case("/v1/documents?colour=red")]
#[case("/v1/documents?state=lost")]
#[case("/v1/documents?kind=gift")]
#[case("/v1/documents?date=30.10.2026")]
#[case("/v1/products")]
#[case("/v1/products?sku=1&q=2")]
#[case("/v1/proof?date=today")]
#[case("/v1/receipts/1?date=x")]
#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_so(#[case] path: &str) {
    let fixture = fixture("").await;
    let answer = get(path).token(TOKEN).of(&fixture).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "bad_query"));
}

#[rstest]
#[case::not_json("application/json", "{", 400, "not_json")]
#[case::not_utf8("application/json", "\u{0}", 400, "not_json")]
#[case::nothing("application/json", "[]", 400, "no_document")]
#[case::blank("application/x-ndjson", "\n\n", 400, "no_document")]
#[case::media("text/plain", "{}", 415, "media_type")]
#[tokio::test]
async fn a_body_as_a_whole_may_be_turned_away(
    #[case] media: &str,
    #[case] body: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let fixture = fixture("").await;
    let ask = ask(Method::POST, "/v1/documents").token(TOKEN);
    let answer = ask
        .header("content-type", media)
        .body(body)
        .of(&fixture)
        .await;
    assert_eq!((answer.status.as_u16(), answer.code()), (status, code));
    let text = answer.json["error"]["hint"].as_str();
    assert!(text.is_some_and(|hint| !hint.is_empty()));
}

#[tokio::test]
async fn gzip_and_cloud_events_are_read() {
    let fixture = fixture("").await;
    let event = json!({"specversion": "1.0", "id": "e1", "source": "/x", "type": "tillpost.sale.v1",
        "data": sale("3", 1, "", json!(0))});
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(event.to_string().as_bytes()).unwrap();
    let ask = ask(Method::POST, "/v1/documents").token(TOKEN);
    let ask = ask.header("content-type", "application/cloudevents+json");
    let ask = ask
        .header("content-encoding", "gzip")
        .body(encoder.finish().unwrap());
    let answer = ask.of(&fixture).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let listed = get("/v1/documents").token(TOKEN).of(&fixture).await;
    assert_eq!(listed.json["documents"][0]["key"], "ZH01/3/0/1");
}

#[tokio::test]
async fn a_till_sees_its_own_documents_only() {
    let fixture = fixture("").await;
    let row = hand_in(&fixture, &sale("3", 1, "", json!(0))).await;
    let path = format!("/v1/documents/{}", row["id"].as_str().unwrap());
    let other = |path: &str| get(path).token(SERVER_TOKEN);
    assert_eq!(other(&path).of(&fixture).await.status, 403);
    assert_eq!(other("/v1/documents?till=3").of(&fixture).await.status, 403);
    assert_eq!(
        other("/v1/documents").of(&fixture).await.json["documents"],
        json!([])
    );
    // Goods may come back at another till.
    let receipts = other("/v1/receipts/R-1").of(&fixture).await;
    assert_eq!(receipts.json["receipts"][0]["key"], "ZH01/3/0/1");
}

#[tokio::test]
async fn a_receipt_says_what_came_back() {
    let fixture = fixture("").await;
    hand_in(&fixture, &sale("3", 1, "", json!(0))).await;
    let mut back = sale("3", 2, "/kind", json!("return"));
    back["body"]["total"] = "-10.00".into();
    back["body"]["tenders"][0]["amount"] = "-10.00".into();
    let line = &mut back["body"]["lines"][0];
    (line["quantity"], line["total"]) = ("-1".into(), "-10.00".into());
    line["returned_from"] = json!({"sequence": 1, "line": 1});
    hand_in(&fixture, &back).await;
    let receipts = get("/v1/receipts/R-1?till=3&date=2026-10-30").token(TOKEN);
    let receipts = receipts.of(&fixture).await.json;
    let expected = json!([{"line": 1, "quantity": "1", "by": ["ZH01/3/0/2"]}]);
    assert_eq!(receipts["receipts"][0]["returned"], expected);
}

async fn log_in(fixture: &Fixture, secret: &str) -> Answer {
    post("/login", &json!({"role": "manager", "secret": secret}))
        .of(fixture)
        .await
}

async fn set_secret(fixture: &Fixture, secret: &str) {
    let verifier = Verifier::of(secret).unwrap();
    let keep =
        move |writer: &rusqlite::Connection| verifier.keep(writer, Role::Manager, "it", now());
    fixture.api.parts.store.write(keep).await.unwrap();
}

#[tokio::test]
async fn a_person_logs_in_with_the_secret_that_was_set() {
    let fixture = fixture("").await;
    assert_eq!(
        log_in(&fixture, "correct horse").await.code(),
        "no_login_set"
    );
    set_secret(&fixture, "correct horse").await;
    assert_eq!(log_in(&fixture, "wrong horse").await.code(), "wrong_secret");
    let answer = log_in(&fixture, "correct horse").await;
    assert_eq!(answer.status, 200);
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    let session = cookie.split(';').next().unwrap();
    let list = || get("/v1/documents").header("cookie", session);
    assert_eq!(list().of(&fixture).await.status, 200);
    let hand_over = post("/v1/documents", &sale("3", 1, "", json!(0))).header("cookie", session);
    assert_eq!(hand_over.of(&fixture).await.status, 403);
    // Another secret ends the sessions of the one before.
    set_secret(&fixture, "battery staple").await;
    assert_eq!(list().of(&fixture).await.status, 401);
}

#[tokio::test]
async fn a_person_retries_releases_and_withdraws() {
    let fixture = fixture("").await;
    let key = fixture.api.parts.cli_key.expose().to_owned();
    let act = |id: &str, what: &str, body: Value| {
        post(&format!("/v1/documents/{id}/{what}"), &body).token(&key)
    };
    let held = |number| sale("3", number, "/body/tenders/0/amount", json!("9.00"));
    let first = hand_in(&fixture, &held(1)).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let released = act(&first, "release", json!({})).of(&fixture).await;
    assert_eq!(
        (released.status.as_u16(), &released.json["state"]),
        (200, &json!("waiting"))
    );
    let last = released.json["history"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        (&last["who"], &last["what"]),
        (&json!("command line"), &json!("released"))
    );
    let again = act(&first, "release", json!({})).of(&fixture).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "wrong_state"));
    let fresh = act(&first, "retry", json!({})).of(&fixture).await;
    assert_eq!((fresh.status.as_u16(), fresh.code()), (409, "wrong_state"));
    let second = hand_in(&fixture, &held(2)).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let nameless = act(&second, "withdraw", json!({"reason": " "}))
        .of(&fixture)
        .await;
    assert_eq!(nameless.code(), "missing_reason");
    let withdrawn = act(&second, "withdraw", json!({"reason": "rung up twice"}))
        .of(&fixture)
        .await;
    assert_eq!(withdrawn.json["state"], "withdrawn");
    let nobody = act("00000000-0000-0000-0000-000000000000", "retry", json!({}));
    assert_eq!(nobody.of(&fixture).await.status, 404);
    let till = post(&format!("/v1/documents/{first}/retry"), &json!({})).token(TOKEN);
    assert_eq!(till.of(&fixture).await.status, 403);
}

#[tokio::test]
async fn without_a_token_only_health_is_told() {
    let closed = fixture("").await;
    let open = fixture("require_token = false").await;
    for (path, expected) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/v1/openapi.json", 200),
        ("/v1/documents", 401),
        ("/v1/proof", 401),
        ("/v1/receipts/1", 401),
        ("/v1/products?sku=1", 401),
        ("/nowhere", 404),
    ] {
        assert_eq!(get(path).of(&closed).await.status, expected, "{path}");
        assert_ne!(get(path).of(&open).await.status, 401, "{path}");
    }
    let wrong = get("/v1/documents").token("wrong").of(&closed).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.headers["www-authenticate"], "Bearer");
    let unsigned = post("/v1/documents", &sale("9", 1, "", json!(0)));
    assert_eq!(
        unsigned.of(&open).await.json["results"][0]["status"],
        "accepted"
    );
    assert_eq!(
        ask(Method::DELETE, "/v1/documents")
            .of(&closed)
            .await
            .code(),
        "method"
    );
}

#[tokio::test]
async fn other_sites_and_other_names_are_turned_away() {
    let fixture = fixture("").await;
    let answer = get("/healthz")
        .header("host", "evil.example")
        .of(&fixture)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (403, "foreign_host")
    );
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    let sale = sale("3", 1, "", json!(0));
    let posted = post("/v1/documents", &sale)
        .token(TOKEN)
        .header("origin", "https://evil.example");
    assert_eq!(posted.of(&fixture).await.code(), "foreign_origin");
}

#[tokio::test]
async fn a_stopping_agent_takes_nothing_more() {
    let fixture = fixture("").await;
    fixture.api.parts.stop.cancel();
    let posted = post("/v1/documents", &sale("3", 1, "", json!(0))).token(TOKEN);
    let answer = posted.of(&fixture).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (503, "stopping"));
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(get("/readyz").of(&fixture).await.status, 503);
}
