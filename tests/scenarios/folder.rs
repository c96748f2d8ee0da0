//! Hand-over to files: every document stands in exactly one of them, whatever happens to the process.
//!
//! Goal: the `folder` destination of contract section 4. Method: hand in, kill at random moments, start again, start on
//! an empty data folder, and count in which files every key stands.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::folder;
use tillpost_tests::home::{FOLDER, Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::shop::day::{Day, HandIn, Plan};
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::shop::{key, yesterday};
use tillpost_tests::wait;

/// Panics unless every key of these stands there once and no other key does.
#[track_caller]
fn assert_once(home: &Home, expected: impl IntoIterator<Item = String>) {
    let found = folder::keys(&home.out());
    let expected: BTreeMap<String, usize> = expected.into_iter().map(|key| (key, 1)).collect();
    let differ = |key: &&String| expected.get(*key) != found.get(*key);
    let wrong: Vec<&String> = expected.keys().chain(found.keys()).filter(differ).collect();
    assert!(wrong.is_empty(), "not exactly once: {wrong:?}");
}

fn keys(till: &str, count: u64) -> impl Iterator<Item = String> {
    (1..=count).map(move |n| key(till, n))
}

#[test]
fn files_are_named_as_the_contract_says_and_hold_documents_as_stored() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 25), "accepted");
    agent.wait_drained(wait::HANG);
    assert_once(&home, keys("1", 25));
    for line in folder::read(&home.out()) {
        let date = line.document["business_date"].as_str().unwrap();
        let path = line.file.strip_prefix(home.out()).unwrap();
        let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
        assert_eq!(parts.len(), 2, "{path:?}");
        assert_eq!(parts[0], date);
        let name = parts[1].strip_suffix(".ndjson").unwrap();
        assert!(
            name.starts_with("ZH01-") && name.split('-').count() >= 3,
            "{name}"
        );
        let sequence = line.document["sequence"].as_u64().unwrap();
        let mut stored = line.document.clone();
        for field in ["id", "key", "uid"] {
            assert!(
                stored
                    .as_object_mut()
                    .unwrap()
                    .shift_remove(field)
                    .is_some(),
                "{field} is written"
            );
        }
        assert_eq!(stored, sale("1", sequence));
    }
    let parts = walk(&home)
        .into_iter()
        .filter(|name| name.ends_with(".part"));
    assert_eq!(parts.count(), 0, "no half-written file is left");
}

fn walk(home: &Home) -> Vec<String> {
    home.every_file()
        .into_iter()
        .map(|(path, _)| path.display().to_string())
        .collect()
}

#[test]
fn killed_at_random_moments_nothing_is_missing_and_nothing_double() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let mut random = Random::new(4711);
    let mut handed_in = 0;
    for _ in 0..12 {
        let agent = home.start();
        agent.hand_in_all(&token, &sales("1", handed_in + 1, 40), "accepted");
        handed_in += 40;
        std::thread::sleep(Duration::from_millis(random.below(120)));
        agent.kill();
    }
    let agent = home.start();
    agent.wait_drained(wait::HANG);
    assert_once(&home, keys("1", handed_in));
    agent.stop();
}

#[test]
fn killed_at_every_named_point_nothing_is_missing_and_nothing_double() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let mut handed_in = 0;
    for point in [
        "lane.claimed",
        "folder.written",
        "folder.renamed",
        "lane.answered",
        "lane.noted",
    ] {
        let failpoint = format!("{point}:1");
        let mut agent = Agent::start(&home, &[("TILLPOST_FAILPOINT", &failpoint)]);
        // It may die while it answers; what it did not answer is handed in again below.
        let batch = json!(sales("1", handed_in + 1, 40));
        let url = format!("{}/v1/documents", agent.url);
        let _ = agent.http.try_send(|client| {
            let request = client.post(url).header("Content-Type", "application/json");
            request
                .header("Authorization", format!("Bearer {token}"))
                .body(batch.to_string())
        });
        handed_in += 40;
        let said = agent.wait_ended(wait::HANG);
        assert!(
            said.stderr.contains(&format!("failpoint {point} hit")),
            "{point}: {said:?}"
        );
        println!("hit: {point}");
    }
    let agent = home.start();
    let answer = agent.post(&token, &json!(sales("1", 1, handed_in))).ok();
    assert_eq!(
        answer["results"].as_array().unwrap().len() as u64,
        handed_in
    );
    agent.wait_drained(wait::HANG);
    assert_once(&home, keys("1", handed_in));
}

#[test]
fn an_agent_with_an_empty_data_folder_writes_nothing_twice() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 30), "accepted");
    agent.wait_drained(wait::HANG);
    agent.kill();
    let before = files_and_bytes(&home);
    std::fs::remove_dir_all(home.data()).unwrap();
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 30), "accepted");
    agent.wait_drained(wait::HANG);
    assert_eq!(
        files_and_bytes(&home),
        before,
        "all of it lay there already"
    );
    agent.hand_in_all(&token, &[sale("1", 31)], "accepted");
    agent.wait_drained(wait::HANG);
    assert_once(&home, keys("1", 31));
}

/// The uid lies under another day: that counts too.
#[test]
fn an_agent_with_an_empty_data_folder_looks_at_every_day() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 3), "accepted");
    agent.wait_drained(wait::HANG);
    agent.kill();
    let before = files_and_bytes(&home);
    std::fs::remove_dir_all(home.data()).unwrap();
    let token = home.add_till("1");
    let agent = home.start();
    // The same sale on the day that another cut-off gives it; and a till that began at 1 again a day later.
    let tomorrow = json!(yesterday().tomorrow().unwrap().to_string());
    let mut same = sale("1", 1);
    same["business_date"] = tomorrow.clone();
    let mut other = sale("1", 2);
    other["business_date"] = tomorrow;
    other["operator"] = json!("op-8");
    let other = agent.hand_in(&token, &other)["id"].clone();
    let same = agent.hand_in(&token, &same)["id"].clone();
    let state = |id: &Value| {
        wait::until("an answer", || {
            let document = agent.document(&token, id.as_str().unwrap());
            (document["state"] != "waiting").then_some(document)
        })
    };
    assert_eq!(state(&same)["state"], "delivered");
    let other = state(&other);
    assert_eq!(other["state"], "parked", "{other}");
    assert_eq!(other["deliveries"][0]["answer"]["code"], "key_conflict");
    assert_eq!(files_and_bytes(&home), before, "one uid, one document");
    agent.hand_in_all(&token, &[sale("1", 4)], "accepted");
    agent.wait_drained(wait::HANG);
    assert_once(&home, keys("1", 4));
}

fn files_and_bytes(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let files = folder::files(&home.out());
    files
        .into_iter()
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn a_whole_day_handed_in_twice_is_one_day() {
    let home = Home::new(&Setup::folder());
    let day = Day::generate(&Plan::small(3));
    let tokens: BTreeMap<&String, String> = day
        .tills
        .iter()
        .map(|till| (till, home.add_till(till)))
        .collect();
    let agent = home.start();
    let all: Vec<&HandIn> = day.earlier.iter().chain(&day.documents).collect();
    for status in ["accepted", "duplicate"] {
        for HandIn { till, document } in &all {
            let result = agent.hand_in(&tokens[till], document);
            assert_eq!(result["status"], status, "{result} for {document}");
        }
        agent.wait_drained(wait::HANG);
        assert_eq!(folder::read(&home.out()).len(), all.len());
    }
    let twice = folder::keys(&home.out())
        .into_values()
        .filter(|times| *times > 1)
        .count();
    assert_eq!(twice, 0);
}

#[test]
fn a_folder_that_is_away_stops_nobody_and_gets_everything_when_it_is_back() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    // A file where the folder should be: nothing can be written below it.
    std::fs::write(home.out(), "in the way").unwrap();
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 20), "accepted");
    wait::until("the status to say that the folder is away", || {
        let state = agent.status()["destinations"][0]["state"].clone();
        (state != "ok").then_some(())
    });
    agent.hand_in_all(&token, &sales("1", 21, 20), "accepted");
    assert_eq!(agent.count("waiting"), 40);
    assert_eq!(agent.count("parked"), 0, "nobody in the queue is to blame");
    std::fs::remove_file(home.out()).unwrap();
    agent.wait_drained(wait::HANG);
    assert_once(&home, keys("1", 40));
}

#[test]
fn kinds_go_where_they_are_routed_and_what_goes_nowhere_is_delivered() {
    let sales_only = format!("{FOLDER}\nkinds = [\"sale\"]");
    let home = Home::new(&Setup::bare().with(&sales_only));
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 1)], "accepted");
    let activity = json!({
        "kind": "till_activity", "store": "ZH01", "till": "1", "sequence": 2,
        "occurred_at": sale("1", 2)["occurred_at"], "body": {"type": "no_sale"},
    });
    let result = agent.hand_in(&token, &activity);
    agent.wait_drained(wait::HANG);
    assert_once(&home, keys("1", 1));
    let stored = agent.document(&token, result["id"].as_str().unwrap());
    assert_eq!(
        (&stored["state"], &stored["deliveries"]),
        (&json!("delivered"), &Value::Array(Vec::new()))
    );
}
