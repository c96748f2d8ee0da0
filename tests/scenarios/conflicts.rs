//! The same key with other content: never merged, never lost, decided by a person.
//!
//! Goal: contract section 3, "Same content". Method: hand in, hand in again, change a digit; let the command line be the
//! person; look at what arrives in the hand-over folder.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::folder;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::shop::uid_of_key;
use tillpost_tests::wait;

fn service(setup: &Setup) -> (Home, Agent, String) {
    let home = Home::new(setup);
    let token = home.add_till("1");
    let agent = home.start();
    (home, agent, token)
}

/// The sale number 7 as another till's operator rang it up.
fn changed(operator: &str) -> Value {
    let mut document = sale("1", 7);
    document["operator"] = json!(operator);
    document
}

fn id(result: &Value) -> &str {
    result["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {result}"))
}

#[test]
fn other_content_under_a_known_key_is_held_under_a_key_of_its_own() {
    let (_home, agent, token) = service(&Setup::bare());
    let first = agent.hand_in(&token, &sale("1", 7));
    assert_eq!(
        (&first["status"], &first["key"]),
        (&json!("accepted"), &json!("ZH01/1/0/7"))
    );
    assert_eq!(first["uid"], uid_of_key("ZH01/1/0/7").to_string());
    let again = agent.hand_in(&token, &sale("1", 7));
    assert_eq!(
        (&again["status"], &again["id"], &again["state"]),
        (&json!("duplicate"), &first["id"], &json!("delivered"))
    );
    for (n, operator) in [(2, "op-8"), (3, "op-9")] {
        let held = agent.hand_in(&token, &changed(operator));
        let key = format!("ZH01/1/0/7~{n}");
        assert_eq!(
            (&held["status"], &held["key"]),
            (&json!("held"), &json!(key)),
            "{held}"
        );
        assert_eq!(held["uid"], uid_of_key(&key).to_string());
        let problem = &held["problems"][0];
        assert_eq!(
            (&problem["code"], &problem["level"]),
            (&json!("key_conflict"), &json!("held"))
        );
        assert!(
            problem["message"].as_str().unwrap().contains(id(&first)),
            "names the first: {problem}"
        );
        let again = agent.hand_in(&token, &changed(operator));
        assert_eq!(
            (&again["status"], &again["id"]),
            (&json!("duplicate"), &held["id"]),
            "its own duplicate: {again}"
        );
        assert_eq!(again["state"], "held", "{again}");
    }
    assert_eq!(agent.count("held"), 2);
}

#[test]
fn both_in_one_request_are_told_apart_too() {
    let (_home, agent, token) = service(&Setup::bare());
    let all = json!([sale("1", 7), sale("1", 7), changed("op-8"), changed("op-8")]);
    let answer = agent.post(&token, &all).ok();
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<&Value> = results.iter().map(|result| &result["status"]).collect();
    assert_eq!(
        statuses,
        ["accepted", "duplicate", "held", "duplicate"],
        "{answer}"
    );
    assert_eq!(
        (&results[0]["id"], &results[2]["id"]),
        (&results[1]["id"], &results[3]["id"])
    );
}

#[test]
fn a_released_conflict_arrives_as_a_document_of_its_own() {
    let (home, agent, token) = service(&Setup::folder());
    agent.hand_in_all(&token, &[sale("1", 7)], "accepted");
    let held = agent.hand_in(&token, &changed("op-8"));
    agent.wait_drained(wait::HANG);
    assert_eq!(
        folder::keys(&home.out()).len(),
        1,
        "a held document is not delivered"
    );
    home.run(&["documents", "release", id(&held)]).ended(0);
    wait::until("the released document", || {
        let document = agent.document(&token, id(&held));
        (document["state"] == "delivered").then_some(document)
    });
    let keys = folder::keys(&home.out());
    assert_eq!(
        keys.into_iter().collect::<Vec<_>>(),
        [("ZH01/1/0/7".to_owned(), 1), ("ZH01/1/0/7~2".to_owned(), 1)]
    );
    home.run(&["documents", "release", id(&held)]).ended(1);
    let history = agent.document(&token, id(&held))["history"].clone();
    let said: Vec<String> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["what"].to_string())
        .collect();
    assert!(
        said.iter().any(|what| what.contains("release")),
        "the release is in the history: {said:?}"
    );
}

#[test]
fn withdrawing_what_was_never_sent_frees_the_key_and_never_the_content() {
    let (home, agent, token) = service(&Setup::folder());
    let mut wrong = sale("1", 7);
    wrong["body"]["total"] = json!("900.00");
    let held = agent.hand_in(&token, &wrong);
    assert_eq!(
        (&held["status"], &held["key"]),
        (&json!("held"), &json!("ZH01/1/0/7")),
        "{held}"
    );
    home.run(&["documents", "withdraw", id(&held)]).ended(64);
    home.run(&[
        "documents",
        "withdraw",
        id(&held),
        "--reason",
        "typing error",
    ])
    .ended(0);
    let document = agent.document(&token, id(&held));
    assert_eq!(document["state"], "withdrawn", "{document}");
    assert!(
        document["history"].to_string().contains("typing error"),
        "{document}"
    );
    let corrected = agent.hand_in(&token, &sale("1", 7));
    assert_eq!(
        (&corrected["status"], &corrected["key"]),
        (&json!("accepted"), &json!("ZH01/1/0/7")),
        "{corrected}"
    );
    let again = agent.hand_in(&token, &wrong);
    assert_eq!(
        (&again["status"], &again["id"], &again["state"]),
        (&json!("duplicate"), &held["id"], &json!("withdrawn"))
    );
    agent.wait_drained(wait::HANG);
    let lines = folder::read(&home.out());
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].document["id"], corrected["id"]);
    home.run(&[
        "documents",
        "withdraw",
        id(&corrected),
        "--reason",
        "too late",
    ])
    .ended(1);
}

#[test]
fn a_withdrawn_conflict_stays_its_own_duplicate() {
    let (home, agent, token) = service(&Setup::folder());
    agent.hand_in_all(&token, &[sale("1", 7)], "accepted");
    let held = agent.hand_in(&token, &changed("op-8"));
    home.run(&["documents", "withdraw", id(&held), "--reason", "not a sale"])
        .ended(0);
    let again = agent.hand_in(&token, &changed("op-8"));
    assert_eq!(
        (&again["status"], &again["state"]),
        (&json!("duplicate"), &json!("withdrawn")),
        "{again}"
    );
    agent.wait_drained(wait::HANG);
    assert_eq!(folder::read(&home.out()).len(), 1);
}

#[test]
fn a_return_of_a_held_sale_waits_for_it_and_nothing_else_does() {
    let (home, agent, token) = service(&Setup::folder());
    let mut wrong = sale("1", 7);
    wrong["body"]["total"] = json!("900.00");
    let held = agent.hand_in(&token, &wrong);
    let mut back = sale("1", 8);
    back["kind"] = json!("return");
    let body = &mut back["body"];
    for pointer in [
        "/lines/0/quantity",
        "/lines/0/total",
        "/total",
        "/tax_total",
        "/tenders/0/amount",
        "/taxes/0/base",
        "/taxes/0/amount",
    ] {
        let value = body.pointer_mut(pointer).unwrap();
        *value = json!(format!("-{}", value.as_str().unwrap()));
    }
    body["lines"][0]["returned_from"] = json!({"sequence": 7, "line": 1});
    agent.hand_in_all(&token, &[back], "accepted");
    agent.hand_in_all(&token, &[sale("1", 9)], "accepted");
    let arrived = |key: &str| folder::keys(&home.out()).contains_key(key);
    wait::until("the sale behind them", || {
        arrived("ZH01/1/0/9").then_some(())
    });
    assert!(!arrived("ZH01/1/0/8"), "a return went before its sale");
    home.run(&["documents", "release", id(&held)]).ended(0);
    wait::until("the return", || arrived("ZH01/1/0/8").then_some(()));
    agent.wait_drained(wait::HANG);
    let order: Vec<Value> = folder::read(&home.out())
        .into_iter()
        .map(|line| line.document["sequence"].clone())
        .collect();
    let at = |sequence: u64| order.iter().position(|n| *n == json!(sequence)).unwrap();
    assert!(at(7) < at(8), "{order:?}");
}
