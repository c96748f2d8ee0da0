//! Who is let in, and from where.
//!
//! Goal: tokens, tills, hosts and origins as the contract says; a till sees its own documents, a person's actions need a
//! person, anybody on the PC sees that it is alive. Method: one running service, requests with all the wrong papers.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;

fn service() -> (Home, Agent, String) {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    (home, agent, token)
}

#[test]
fn only_the_right_people_from_the_right_place_are_let_in() {
    let (home, agent, token) = service();
    let other = home.add_till("2");
    let url = format!("{}/v1/documents", agent.url);
    let post = |headers: &[(&str, &str)]| {
        let answer = agent.http.send(|client| {
            let request = client.post(&url).header("Content-Type", "application/json");
            let request = headers
                .iter()
                .fold(request, |r, (name, value)| r.header(*name, *value));
            request.body(sale("1", 1).to_string())
        });
        answer.status
    };
    let bearer = format!("Bearer {token}");
    assert_eq!(post(&[]), 401, "no token");
    assert_eq!(
        post(&[("Authorization", "Bearer wrong")]),
        401,
        "a wrong token"
    );
    assert_eq!(
        post(&[("Authorization", "Basic Og==")]),
        401,
        "another scheme"
    );
    assert_eq!(
        post(&[("Authorization", &bearer), ("Host", "evil.example")]),
        403,
        "a foreign Host"
    );
    let origin = ("Origin", "https://evil.example");
    assert_eq!(
        post(&[("Authorization", &bearer), origin]),
        403,
        "a foreign Origin"
    );
    assert_eq!(post(&[("Authorization", &bearer)]), 200);
    let answer = agent.hand_in(&other, &sale("1", 2));
    assert_eq!(answer["problems"][0]["code"], "foreign_till", "{answer}");
}

#[test]
fn a_till_sees_its_own_documents_and_is_no_person() {
    let (home, agent, token) = service();
    let other = home.add_till("2");
    agent.hand_in(&token, &sale("1", 1));
    let id = agent.get(&token, "/v1/documents").ok()["documents"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = |token: &str| agent.get(token, &format!("/v1/documents/{id}")).status;
    assert_eq!((read(&token), read("")), (200, 401));
    assert!(
        [403, 404].contains(&read(&other)),
        "a till sees its own documents only: {}",
        read(&other)
    );
    let missing = agent.get(&token, "/v1/documents/01935000-0000-7000-8000-000000000000");
    assert_eq!(missing.status, 404, "{}", missing.body);
    let release = agent.http.send(|client| {
        client
            .post(format!("{}/v1/documents/{id}/release", agent.url))
            .header("Authorization", format!("Bearer {token}"))
            .body("{}")
    });
    assert!(
        [401, 403].contains(&release.status),
        "a till is no person: {}",
        release.status
    );
    let login = agent.http.send(|client| {
        let body = json!({"role": "manager", "secret": "x"}).to_string();
        client
            .post(format!("{}/login", agent.url))
            .header("Content-Type", "application/json")
            .body(body)
    });
    assert_eq!(login.status, 403, "{}", login.body);
    assert!(login.body.contains("no_login_set"), "{}", login.body);
}

#[test]
fn anybody_on_this_pc_sees_that_it_is_alive_and_no_money() {
    let (_home, agent, token) = service();
    agent.hand_in(&token, &sale("1", 1));
    for path in ["/healthz", "/readyz", "/v1/openapi.json", "/", "/metrics"] {
        assert_eq!(agent.get("", path).status, 200, "{path}");
    }
    let status = agent.status();
    assert_eq!(
        (&status["store"], &status["environment"]),
        (&json!("ZH01"), &json!("test"))
    );
    assert_eq!(status["documents"]["accepted_today"], 1, "{status}");
    assert_eq!(
        status["documents"]["waiting_value"],
        Value::Null,
        "{status}"
    );
    assert!(
        status["sentence"]
            .as_str()
            .is_some_and(|sentence| !sentence.is_empty()),
        "{status}"
    );
}

/// A count, a move, a pickup and a settlement need no till: they are of whoever handed them in.
#[test]
fn a_till_sees_what_it_handed_in_without_a_till() {
    let (home, agent, token) = service();
    let other = home.add_till("2");
    let count = json!({
        "kind": "stock_count", "store": "ZH01", "occurred_at": sale("1", 1)["occurred_at"],
        "body": {"count": "C-1", "mode": "spot", "cutoff_at": sale("1", 1)["occurred_at"], "complete": true,
            "lines": [{"line": 1, "product": {"sku": "A"}, "quantity": "3", "ext": {"shelf": "7"}}]},
    });
    let id = agent.hand_in(&token, &count)["id"].clone();
    let path = format!("/v1/documents/{}", id.as_str().unwrap());
    let listed = |token: &str, query: &str| {
        let page = agent.get(token, &format!("/v1/documents{query}")).ok();
        let documents = page["documents"].as_array().unwrap().iter();
        documents.map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    let shown = agent.get(&token, &path).ok();
    assert_eq!(
        shown["document"]["body"]["lines"][0]["ext"],
        json!({"shelf": "7"})
    );
    assert_eq!(listed(&token, ""), [id]);
    assert_eq!(
        listed(&token, "?till=1"),
        [Value::Null; 0],
        "it names no till"
    );
    assert_eq!(agent.get(&other, &path).status, 403);
    assert_eq!(listed(&other, ""), [Value::Null; 0]);
    // A second sender of the same is told that it is stored; it stays the first one's.
    assert_eq!(agent.hand_in(&other, &count)["status"], "duplicate");
    assert_eq!(agent.get(&other, &path).status, 403);
    // Another token of the same till is the same till.
    let fresh = home.add_till("1");
    assert_eq!(agent.get(&fresh, &path).status, 200);
}

#[test]
fn what_a_form_leaves_empty_is_not_asked_for() {
    let (_home, agent, token) = service();
    agent.hand_in_all(&token, &[sale("1", 1)], "accepted");
    let page = agent
        .get(
            &token,
            "/v1/documents?state=&kind=&till=&date=&limit=&after=",
        )
        .ok();
    assert_eq!(page["documents"].as_array().unwrap().len(), 1);
    let receipts = agent.get(&token, "/v1/receipts/1-000001?till=&date=").ok();
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 1);
    assert_eq!(agent.get(&token, "/v1/documents?limit=x").status, 400);
    assert_eq!(agent.get(&token, "/v1/documents?state=lost").status, 400);
}

#[test]
fn a_store_servers_token_is_one_of_its_own() {
    let (home, agent, own) = service();
    let server = home
        .run(&["till", "add", "srv", "--for", "1,2", "--json"])
        .json();
    let server = server["token"].as_str().unwrap().to_owned();
    agent.hand_in_all(&server, &[sale("1", 1), sale("2", 1)], "accepted");
    agent.hand_in_all(&own, &[sale("1", 2)], "accepted");
    let foreign = agent.hand_in(&server, &sale("srv", 1));
    assert_eq!(
        foreign["problems"][0]["code"], "foreign_till",
        "the server is no till: {foreign}"
    );
    home.run(&["till", "remove", "srv"]).ended(0);
    assert_eq!(
        agent.post(&server, &sale("2", 2)).status,
        401,
        "for every till"
    );
    agent.hand_in_all(&own, &[sale("1", 3)], "accepted");
}
