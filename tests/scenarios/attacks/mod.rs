//! People and pages that mean no good.
//!
//! Goal: another site's page reaches nothing, not by a name of its own that leads here, not by a form, not with the
//! cookie of whoever is signed in; a token that was taken away is worth nothing; secrets are not guessed; odd paths and
//! heads get a no, and the agent goes on. Method: one running service and requests as an attacker would write them.
//! [`wire`] writes requests that no client would, [`markup`] has it in every word that others say. Slow senders and
//! full rooms are in `overload`, who listens on the network in `network`.

mod markup;
mod wire;

use std::collections::BTreeSet;

use serde_json::json;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::http::Answer;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::socket::Socket;
use tillpost_tests::wait;

const SECRET: &str = "open sesame";
/// What pages and calls there are to be read.
const PLACES: [&str; 11] = [
    "/",
    "/documents",
    "/products?q=a",
    "/receipts?number=1",
    "/proof",
    "/charts",
    "/events",
    "/v1/status",
    "/v1/documents",
    "/metrics",
    "/sign-in",
];

struct Store {
    home: Home,
    agent: Agent,
    token: String,
    /// The id of a sale that waits for a person.
    held: String,
}

fn store() -> Store {
    let home = Home::new(&Setup::folder());
    home.set_login("manager", SECRET);
    let token = home.add_till("1");
    let agent = home.start();
    let mut odd = sale("1", 1);
    odd["body"]["tenders"][0]["amount"] = "0.01".into();
    let held = agent.hand_in(&token, &odd);
    let held = held["id"].as_str().unwrap().to_owned();
    Store {
        home,
        agent,
        token,
        held,
    }
}

impl Store {
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let url = format!("{}{path}", self.agent.url);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.agent.http.send(|client| {
            let request = client.request(method, url).body(body.to_owned());
            headers.iter().fold(request, |request, (name, value)| {
                request.header(*name, *value)
            })
        })
    }

    fn sign_in(&self, secret: &str) -> Answer {
        let body = json!({"role": "manager", "secret": secret}).to_string();
        self.ask(
            "POST",
            "/login",
            &[("Content-Type", "application/json")],
            &body,
        )
    }

    fn cookie(&self) -> String {
        let answer = self.sign_in(SECRET);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.header("set-cookie").unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    fn state(&self) -> String {
        let stored = self.agent.document(&self.token, &self.held);
        stored["state"].as_str().unwrap().to_owned()
    }

    fn address(&self) -> &str {
        self.agent.url.trim_start_matches("http://")
    }

    /// Sends a request as it is written, and reads whatever comes until the connection ends.
    fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut socket = Socket::connect(&self.agent.url);
        // The agent may answer and close before all of it is written.
        let _ = socket.write(request);
        socket.read_to_end()
    }
}

/// A name that an attacker owns and lets point to this PC.
#[test]
fn a_name_that_was_bent_to_this_pc_reads_nothing() {
    let store = store();
    let cookie = store.cookie();
    for host in [
        "evil.example",
        "evil.example:7470",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
    ] {
        for place in PLACES {
            let answer = store.ask("GET", place, &[("Host", host), ("Cookie", &cookie)], "");
            assert_eq!(answer.status, 403, "{host} {place}: {}", answer.body);
            assert!(
                !answer.body.contains("ZH01"),
                "{host} {place}: {}",
                answer.body
            );
        }
    }
}

/// Forms and fetches of other sites, with the cookie of the manager, whose browser it is.
#[test]
fn another_sites_page_changes_nothing() {
    let store = store();
    let cookie = store.cookie();
    let own = format!("http://{}", store.address());
    let release = format!("/v1/documents/{}/release", store.held);
    let withdraw = format!("/v1/documents/{}/withdraw", store.held);
    let form = format!("mark=guess&action=release&id={}", store.held);
    let foreign: [&[(&str, &str)]; 6] = [
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "http://127.0.0.1:3000")],
        &[
            ("Origin", "https://evil.example"),
            ("Origin", "http://127.0.0.1"),
        ],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
    ];
    for headers in foreign {
        for (path, body) in [
            (release.as_str(), "{}"),
            (&withdraw, "{\"reason\":\"x\"}"),
            ("/act", &form),
            ("/sign-out", "mark=x"),
            ("/logout", ""),
            (
                "/login",
                "{\"role\":\"manager\",\"secret\":\"open sesame\"}",
            ),
            ("/sign-in", "role=manager&secret=open+sesame"),
            ("/v1/documents", "[]"),
        ] {
            let headers = [headers, &[("Cookie", cookie.as_str())]].concat();
            let answer = store.ask("POST", path, &headers, body);
            assert_eq!(answer.status, 403, "{path} {headers:?}: {}", answer.body);
        }
    }
    // Its own origin, and still no page of ours: the mark is missing.
    let headers = [
        ("Origin", own.as_str()),
        ("Cookie", &cookie),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    store.ask("POST", "/act", &headers, &form);
    assert_eq!(store.state(), "held");
    let asked = store.ask(
        "OPTIONS",
        &release,
        &[
            ("Origin", "https://evil.example"),
            ("Access-Control-Request-Method", "POST"),
        ],
        "",
    );
    assert_eq!(asked.header("access-control-allow-origin"), None);
    let read = store.ask(
        "GET",
        "/v1/status",
        &[("Origin", "https://evil.example")],
        "",
    );
    assert_eq!(read.header("access-control-allow-origin"), None);
    assert_eq!(
        read.header("cross-origin-resource-policy"),
        Some("same-origin")
    );
    let done = store.ask("POST", &release, &[("Cookie", &cookie)], "{}");
    assert_eq!(done.status, 200, "the same, from here: {}", done.body);
}

#[test]
fn a_token_that_was_taken_away_is_worth_nothing_at_once() {
    let store = store();
    assert_eq!(store.agent.get(&store.token, "/v1/documents").status, 200);
    store.home.run(&["till", "remove", "1"]).ended(0);
    assert_eq!(store.agent.get(&store.token, "/v1/documents").status, 401);
    let answer = store.agent.post(&store.token, &sale("1", 2));
    assert_eq!(answer.status, 401, "{}", answer.body);
    for (name, value) in [
        ("Cookie", format!("tillpost_session={}", store.token)),
        ("X-Api-Key", store.token.clone()),
    ] {
        let answer = store.ask("GET", "/v1/documents", &[(name, &value)], "");
        assert_eq!(answer.status, 401, "{name}");
    }
    let in_address = format!("/v1/documents?token={}", store.token);
    assert!([400, 401].contains(&store.ask("GET", &in_address, &[], "").status));
    for (file, bytes) in store.home.every_file() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(&store.token),
            "the token stands in {}",
            file.display()
        );
        assert!(
            !text.contains(SECRET),
            "the password stands in {}",
            file.display()
        );
    }
}

#[test]
fn a_till_speaks_for_itself_only() {
    let store = store();
    let other = store.home.add_till("2");
    let answer = store.agent.hand_in(&other, &sale("1", 2));
    assert_eq!(answer["problems"][0]["code"], "foreign_till", "{answer}");
    for action in ["retry", "release", "withdraw"] {
        let path = format!("/v1/documents/{}/{action}", store.held);
        let bearer = format!("Bearer {other}");
        let answer = store.ask(
            "POST",
            &path,
            &[("Authorization", &bearer)],
            "{\"reason\":\"x\"}",
        );
        assert_eq!(answer.status, 403, "{action}: {}", answer.body);
    }
    let path = format!("/v1/documents/{}", store.held);
    assert!([403, 404].contains(&store.agent.get(&other, &path).status));
    assert_eq!(store.state(), "held");
}

/// By the API and by the page in turn: both count, and soon the next try waits. The right one comes in all the same.
#[test]
fn a_secret_is_not_guessed_and_nobody_is_shut_out_for_long() {
    let store = store();
    let mut seen = BTreeSet::new();
    for n in 0..12 {
        let wrong = format!("guess number {n}");
        let answer = if n % 2 == 0 {
            store.sign_in(&wrong)
        } else {
            let form = format!("role=manager&secret={}", wrong.replace(' ', "+"));
            store.ask(
                "POST",
                "/sign-in",
                &[("Content-Type", "application/x-www-form-urlencoded")],
                &form,
            )
        };
        assert!([401, 429].contains(&answer.status), "{}", answer.body);
        seen.insert(answer.status);
    }
    assert!(seen.contains(&429), "no try had to wait");
    wait::until("the right one to be let in", || {
        (store.sign_in(SECRET).status == 200).then_some(())
    });
    let said = store.home.run(&["audit", "verify", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let failures = trail(&store.home, "login of manager failed, from 127.0.0.1");
    assert!((5..=12).contains(&failures), "{failures} in the trail");
    assert_eq!(trail(&store.home, "logged in"), 1);
}

/// How often something stands in the trail.
fn trail(home: &Home, what: &str) -> i64 {
    let outbox = rusqlite::Connection::open(home.data().join("outbox.db")).unwrap();
    let question = "SELECT count(*) FROM history WHERE what = ?1";
    outbox
        .query_row(question, [what], |row| row.get(0))
        .unwrap()
}

/// A till that asks without end is put off and told for how long; nobody else notices, and what it has to hand in it
/// hands in when it waits as long as it was told.
#[test]
fn a_till_that_asks_without_end_is_put_off() {
    let home = Home::new(&Setup::folder());
    home.reword(
        "require_token = true",
        "require_token = true\ntill_requests_per_second = 1",
    );
    let [mad, other] = ["1", "2"].map(|code| home.add_till(code));
    let agent = home.start();
    // For so many seconds what was not asked for is saved up.
    let answers: Vec<Answer> = (0..230).map(|_| agent.get(&mad, "/v1/documents")).collect();
    let put_off: Vec<&Answer> = answers.iter().filter(|one| one.status == 429).collect();
    let served = answers.iter().filter(|one| one.status == 200).count();
    assert_eq!(served + put_off.len(), answers.len());
    assert!(served >= 200 && !put_off.is_empty(), "{served} were served");
    for answer in &put_off {
        assert_eq!(answer.json()["error"]["code"], "too_many_requests");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let put_off = put_off.len();
    agent.hand_in_all(&other, &[sale("2", 1)], "accepted");
    wait::until("its turn", || {
        let answer = agent.post(&mad, &sale("1", 1));
        assert!([200, 429].contains(&answer.status), "{}", answer.body);
        (answer.status == 200).then_some(())
    });
    let metrics = agent.get("", "/metrics").body;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("tillpost_requests_put_off_total{till=\"1\"} "));
    let counted: usize = line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap();
    assert!(counted >= put_off, "{counted} of {put_off}");
}
