//! What can wait goes in a window of the day, and nothing urgent waits for it.
//!
//! Goal: outside the window a sale and the day's close go while a count and a till's activity stay, behind which nothing
//! stays; nobody is alarmed by that, and everybody is told; the day is proven once the window was open. A person may send one of
//! them at once, and without the window they go. Method: a clock that the test sets, the hand-over folder, whose files are the
//! receiver's own word, and what the status, the page, the metrics and the proof say.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::clock::Clock;
use tillpost_tests::folder;
use tillpost_tests::home::{FOLDER, Home, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::shop::{ZONE, local, moment, now, yesterday};
use tillpost_tests::wait;

use jiff::tz::TimeZone;

const WINDOW: &str =
    "bulk = { kinds = [\"stock_count\", \"till_activity\"], from = \"22:00\", until = \"05:30\" }";

/// A store with a window, at eight in the evening of yesterday.
fn store() -> (Home, Clock, String) {
    let mut home = Home::new(&Setup::bare().with(&format!("{FOLDER}\n{WINDOW}")));
    let clock = Clock::of(&mut home);
    set(&clock, 20, 0, 0);
    let token = home.add_till("1");
    (home, clock, token)
}

/// Sets the store's clock to a time of day of yesterday.
fn set(clock: &Clock, hour: i8, minute: i8, second: i8) {
    let at = yesterday().at(hour, minute, second, 0);
    let at = at.to_zoned(TimeZone::get(ZONE).unwrap()).unwrap();
    let off = at.timestamp().as_second() - now().as_second();
    clock.jump(&format!("{off:+}"));
}

/// A till's document of another kind than a sale.
fn other(kind: &str, sequence: u64, body: Value) -> Value {
    let date = yesterday();
    json!({"kind": kind, "store": "ZH01", "till": "1", "sequence": sequence, "business_date": date.to_string(),
        "occurred_at": local(moment(date, 3_600)), "body": body})
}

fn activity(sequence: u64) -> Value {
    other("till_activity", sequence, json!({"type": "no_sale"}))
}

fn close(sequence: u64) -> Value {
    other("day_close", sequence, json!({"tenders": []}))
}

fn count(name: &str) -> Value {
    let date = yesterday();
    let at = local(moment(date, 0));
    json!({"kind": "stock_count", "store": "ZH01", "business_date": date.to_string(), "occurred_at": at,
        "body": {"count": name, "mode": "spot", "cutoff_at": at, "complete": true,
            "lines": [{"line": 1, "product": {"sku": "TP-001"}, "quantity": "3"}]}})
}

/// The keys in the receiver's files.
fn arrived(home: &Home) -> Vec<String> {
    folder::keys(&home.out()).into_keys().collect()
}

fn wait_for(home: &Home, keys: &[&str]) {
    wait::within(wait::HANG, "the documents to arrive", || {
        (arrived(home) == keys).then_some(())
    });
}

/// That so many wait for ten in the evening, that everybody is told so, and that nothing is old.
fn only_waits(home: &Home, agent: &Agent, waiting: u64) {
    // A file is there a moment before it is noted that it is.
    wait::within(wait::HANG, "the others to be noted", || {
        (agent.count("waiting") == waiting).then_some(())
    });
    let status = agent.status();
    assert_eq!(
        status["documents"]["oldest_waiting_at"],
        Value::Null,
        "{status}"
    );
    assert_eq!(status["state"], "ok", "{status}");
    let bulk = &status["destinations"][0]["bulk"];
    let opens = yesterday()
        .at(22, 0, 0, 0)
        .to_zoned(TimeZone::get(ZONE).unwrap());
    let opens_at = opens.unwrap().timestamp().to_string();
    assert_eq!(*bulk, json!({"waiting": waiting, "opens_at": opens_at}));
    let said = home.run(&["status"]).ended(0).stdout;
    let line = format!(
        "{waiting} document{} until 22:00",
        if waiting == 1 { " waits" } else { "s wait" }
    );
    assert!(said.contains(&line), "{said}");
    let page = agent.get("", "/").body;
    assert!(
        page.contains(&format!("Of these, waiting until 22:00: {waiting}.")),
        "{page}"
    );
    let metrics = agent.get("", "/metrics").body;
    for line in [
        "tillpost_oldest_waiting_timestamp_seconds 0".to_owned(),
        format!("tillpost_lane_in_window{{destination=\"files\"}} {waiting}"),
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}: {metrics}"
        );
    }
}

/// The proof of the day: whether it is complete, and what differs.
fn proof(home: &Home, complete: bool) -> String {
    let day = yesterday().to_string();
    let said = home.run(&["proof", "--date", &day, "--json"]);
    let said = said.ended(i32::from(!complete));
    let proof: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(proof["complete"], complete, "{proof}");
    proof["differences"].to_string()
}

#[test]
fn outside_the_window_a_sale_goes_and_a_count_stays_until_it_opens() {
    let (home, clock, token) = store();
    let agent = home.start();
    let bulk = [count("C1"), activity(1)];
    agent.hand_in_all(&token, &bulk, "accepted");
    agent.hand_in_all(&token, &[sale("1", 2), close(3)], "accepted");
    let urgent = ["ZH01/1/0/2", "ZH01/1/0/3"];
    wait_for(&home, &urgent);
    only_waits(&home, &agent, 2);
    let differs = proof(&home, false);
    assert!(differs.contains("ZH01/stock_count/C1"), "{differs}");
    assert!(differs.contains("waiting for files"), "{differs}");

    // An hour and a half later nothing has grown old, and what is urgent still goes at once.
    set(&clock, 21, 30, 0);
    agent.hand_in_all(&token, &[sale("1", 4)], "accepted");
    wait_for(&home, &["ZH01/1/0/2", "ZH01/1/0/3", "ZH01/1/0/4"]);
    only_waits(&home, &agent, 2);

    set(&clock, 22, 0, 1);
    agent.wait_drained(wait::HANG);
    let all = [
        "ZH01/1/0/1",
        "ZH01/1/0/2",
        "ZH01/1/0/3",
        "ZH01/1/0/4",
        "ZH01/stock_count/C1",
    ];
    assert_eq!(arrived(&home), all);
    assert_eq!(agent.status()["destinations"][0].get("bulk"), None);
    assert_eq!(proof(&home, true), "[]");
    agent.stop();
}

#[test]
fn a_person_sends_one_at_once_and_without_the_window_all_go() {
    let (home, _clock, token) = store();
    let agent = home.start();
    let wanted = agent.hand_in(&token, &count("C1"));
    agent.hand_in_all(&token, &[count("C2")], "accepted");
    agent.hand_in_all(&token, &[sale("1", 1)], "accepted");
    wait_for(&home, &["ZH01/1/0/1"]);
    only_waits(&home, &agent, 2);
    let id = wanted["id"].as_str().unwrap();
    home.run(&["documents", "retry", id]).ended(0);
    wait_for(&home, &["ZH01/1/0/1", "ZH01/stock_count/C1"]);
    only_waits(&home, &agent, 1);
    agent.stop();

    home.reword(WINDOW, "");
    let agent = home.start();
    agent.wait_drained(wait::HANG);
    assert_eq!(arrived(&home).len(), 3);
    agent.stop();
}

#[test]
fn a_window_for_sales_is_refused_with_what_to_do() {
    let (home, _clock, _) = store();
    home.reword("\"till_activity\"", "\"sale\"");
    let said = home.run(&["config", "check"]).ended(78).all();
    let why = "`sale` cannot wait: sales, returns, voids, days and cash always go at once";
    assert!(said.contains(why), "{said}");
}
