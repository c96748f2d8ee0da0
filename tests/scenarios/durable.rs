//! Yes means durable: no answer leaves before the commit that makes it true.
//!
//! Goal: invariant 1. Method: the test itself takes SQLite's write lock on the agent's outbox, so that no commit can
//! end, and sees that no answer comes, neither `accepted` nor `duplicate`; it lets go, and the answers come. Kills at
//! random moments show that whatever was answered is there afterwards.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::http::{client, exchange};
use tillpost_tests::random::Random;
use tillpost_tests::shop::sample::{sale, sales};

/// How long the commit is held open; well below the time SQLite waits for a lock.
const HELD_OPEN: Duration = Duration::from_millis(1_500);

/// Hands in on a thread of its own; the result arrives in the channel.
fn hand_in_beside(
    agent: &Agent,
    token: &str,
    document: &Value,
) -> std::sync::mpsc::Receiver<Value> {
    let (sender, receiver) = channel();
    let (url, token, body) = (
        format!("{}/v1/documents", agent.url),
        token.to_owned(),
        document.to_string(),
    );
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let request = client()
            .post(url)
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .body(body);
        let answer = runtime.block_on(exchange(request)).unwrap();
        // Nobody listens any more when the test has failed.
        let _ = sender.send(answer.json()["results"][0].clone());
    });
    receiver
}

#[test]
fn no_answer_leaves_before_its_commit() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 1)], "accepted");
    let outbox = Connection::open(home.data().join("outbox.db")).unwrap();
    outbox.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut wrong = sale("1", 3);
    wrong["body"]["total"] = json!("900.00");
    let asked = [
        ("accepted", hand_in_beside(&agent, &token, &sale("1", 2))),
        ("duplicate", hand_in_beside(&agent, &token, &sale("1", 1))),
        ("held", hand_in_beside(&agent, &token, &wrong)),
    ];
    std::thread::sleep(HELD_OPEN);
    for (status, receiver) in &asked {
        let early = receiver.recv_timeout(Duration::from_millis(1));
        assert_eq!(
            early,
            Err(RecvTimeoutError::Timeout),
            "{status} was answered before its commit"
        );
    }
    assert_eq!(
        agent.get("", "/healthz").status,
        200,
        "others are served meanwhile"
    );
    outbox.execute_batch("ROLLBACK").unwrap();
    for (status, receiver) in asked {
        let result = receiver.recv_timeout(tillpost_tests::wait::HANG).unwrap();
        assert_eq!(result["status"], status, "{result}");
    }
}

#[test]
fn whatever_was_answered_is_there_after_a_kill() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let mut random = Random::new(9);
    let mut answered = Vec::new();
    let mut next = 1;
    for _ in 0..10 {
        let agent = home.start();
        let killer = kill_later(
            agent.process(),
            Duration::from_millis(random.between(20, 400)),
        );
        loop {
            let batch = sales("1", next, random.between(1, 5));
            next += batch.len() as u64;
            let answer = agent.http.try_send(|client| {
                client
                    .post(format!("{}/v1/documents", agent.url))
                    .header("Authorization", format!("Bearer {token}"))
                    .header("Content-Type", "application/json")
                    .body(json!(batch).to_string())
            });
            let Ok(answer) = answer else { break };
            let results = answer.ok();
            let keys = results["results"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["key"].as_str().unwrap().to_owned());
            answered.extend(keys);
        }
        killer.join().unwrap();
    }
    let agent = home.start();
    println!("{} documents answered in 10 lives", answered.len());
    assert!(!answered.is_empty());
    let stored = every_key(&agent, &token);
    let lost: Vec<&String> = answered
        .iter()
        .filter(|key| !stored.contains(*key))
        .collect();
    assert!(
        lost.is_empty(),
        "{} of {} answered documents are lost: {lost:?}",
        lost.len(),
        answered.len()
    );
}

fn kill_later(process: u32, after: Duration) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        std::thread::sleep(after);
        tillpost_tests::agent::signal(process, "KILL");
    })
}

/// Every stored key, page by page; also shows that pages neither overlap nor leave out.
fn every_key(agent: &Agent, token: &str) -> std::collections::BTreeSet<String> {
    let mut keys = std::collections::BTreeSet::new();
    let mut after = String::new();
    loop {
        let page = agent
            .get(token, &format!("/v1/documents?limit=50{after}"))
            .ok();
        for document in page["documents"].as_array().unwrap() {
            let new = keys.insert(document["key"].as_str().unwrap().to_owned());
            assert!(new, "twice on pages: {document}");
        }
        match &page["next"] {
            Value::Null => return keys,
            Value::String(next) => after = format!("&after={next}"),
            next => after = format!("&after={next}"),
        }
    }
}

#[test]
fn the_outbox_runs_with_the_settings_that_survive_a_power_cut() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 20), "accepted");
    let outbox = Connection::open(home.data().join("outbox.db")).unwrap();
    let mode: String = outbox
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    assert!(
        home.data().join("outbox.db-wal").is_file(),
        "the log is there while it runs"
    );
    let check: String = outbox
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn a_clean_stop_answers_what_it_took_and_ends_with_0() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 50), "accepted");
    let said = agent.stop();
    assert_eq!(said.code, Some(0), "{said:?}");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 50), "duplicate");
}
