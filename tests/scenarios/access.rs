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
