//! The command line: exit codes and words a script or a person can rely on.
//!
//! Goal: contract section 1. Method: run the built program, with and without a running service, with good and with bad
//! configuration.

use serde_json::{Value, json};
use tillpost_tests::folder;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::wait;

#[test]
fn the_demo_rings_up_a_day_delivers_it_and_proves_it() {
    let home = Home::new(&Setup::bare());
    let folder = home.path().join("demo");
    let mut command = home.command(&["demo", "--once", "--dir", folder.to_str().unwrap()]);
    let said = tillpost_tests::home::run(&mut command).ended(0);
    let first = said.stdout.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("listening on http://127.0.0.1:"),
        "{said:?}"
    );
    let proof = said.stdout.to_lowercase();
    assert!(proof.contains("complete"), "the proof is printed: {said:?}");
    for row in ["sale", "return", "day_close", "stock_count"] {
        assert!(proof.contains(row), "no {row} in the proof: {said:?}");
    }
    let written = folder::keys(&folder.join("head-office"));
    let twice = written.values().filter(|times| **times > 1).count();
    assert!(
        written.len() > 20 && twice == 0,
        "{} documents, {twice} twice",
        written.len()
    );
    let kinds = folder::read(&folder.join("head-office"))
        .into_iter()
        .map(|line| line.document["kind"].as_str().unwrap().to_owned());
    let kinds: std::collections::BTreeSet<String> = kinds.collect();
    for kind in [
        "sale",
        "return",
        "void",
        "stock_count",
        "day_open",
        "day_close",
    ] {
        assert!(kinds.contains(kind), "no {kind} among {kinds:?}");
    }
    let mut again = home.command(&["demo", "--once", "--dir", folder.to_str().unwrap()]);
    let said = tillpost_tests::home::run(&mut again).ended(0);
    assert!(said.stdout.to_lowercase().contains("complete"), "{said:?}");
    let both = folder::keys(&folder.join("head-office"));
    assert_eq!(
        both.len(),
        2 * written.len(),
        "a second day beside the first"
    );
    assert!(both.values().all(|times| *times == 1));
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let home = Home::new(&Setup::bare());
    home.run(&["nonsense"]).ended(64);
    home.run(&["documents", "withdraw"]).ended(64);
    let said = home.run(&["status"]).ended(69);
    assert!(
        said.stderr.contains("tillpost run") || said.stderr.contains("service"),
        "{said:?}"
    );
    std::fs::write(home.path().join("one.json"), sale("1", 1).to_string()).unwrap();
    home.run(&["submit", "one.json"]).ended(69);
    let help = home.run(&["--help"]).ended(0);
    assert!(help.stdout.contains("submit"), "{help:?}");
    for command in [
        "run",
        "demo",
        "submit",
        "check",
        "status",
        "documents",
        "catalog",
        "proof",
        "till",
        "doctor",
    ] {
        let help = home.run(&[command, "--help"]).ended(0);
        assert!(
            help.stdout.contains(&format!("tillpost {command}")),
            "an example: {help:?}"
        );
    }
}

#[test]
fn a_bad_configuration_is_refused_with_line_and_suggestion() {
    let cases = [
        (
            "[store]\ncode = \"ZH01\"\ntimezon = \"Europe/Zurich\"",
            &["3", "timezone"][..],
        ),
        (
            "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = 17",
            &["4"],
        ),
        (
            "[store]\ncode = \"Z H\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"",
            &["2", "code"],
        ),
        (
            "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zuric\"\ncurrency = \"CHF\"",
            &["3", "Europe/Zurich"],
        ),
        (
            "[store]\ncode = \"ZH01\"\ncurrency = \"CHF\"",
            &["timezone"],
        ),
        ("[store\ncode", &["1"]),
    ];
    let home = Home::new(&Setup::bare());
    for (text, words) in cases {
        std::fs::write(home.config(), text).unwrap();
        for command in [&["config", "check"][..], &["run"]] {
            let said = home.run(command).ended(78);
            for word in words {
                assert!(said.all().contains(word), "{text}: no {word} in {said:?}");
            }
        }
    }
    std::fs::remove_file(home.config()).unwrap();
    home.run(&["run"]).ended(78);
}

#[test]
fn what_is_not_safe_is_refused() {
    let nats = "[[destination]]\nname = \"n\"\ntype = \"nats\"\nurl = \"nats://x\"";
    let literal = "[[destination]]\nname = \"o\"\ntype = \"odoo\"\nurl = \"https://x.example\"\ndatabase = \"d\"\n\
                   secret = { literal = \"s3cret-value\" }";
    let mut open = Setup::bare();
    open.require_token = false;
    let mut open_production = open.clone();
    open_production.environment = "production".to_owned();
    let mut production = Setup::bare().with(literal);
    production.environment = "production".to_owned();
    let cases = [
        ("nats is reserved", Setup::bare().with(nats), 78),
        ("no token in production", open_production, 78),
        ("a literal secret in production", production, 78),
        ("no token in test on loopback", open, 0),
        ("a literal secret in test", Setup::bare().with(literal), 0),
    ];
    for (name, setup, code) in cases {
        let home = Home::new(&setup);
        let said = home.run(&["config", "check"]);
        assert_eq!(said.code, Some(code), "{name}: {said:?}");
        assert!(!said.all().contains("s3cret-value"), "{name}: {said:?}");
    }
    let home = Home::new(&Setup::bare());
    let text = std::fs::read_to_string(home.config()).unwrap();
    let open = text
        .replace("require_token = true", "require_token = false")
        .replace("127.0.0.1:0", "0.0.0.0:0");
    std::fs::write(home.config(), open).unwrap();
    home.run(&["config", "check"]).ended(78);
}

#[test]
fn a_second_agent_on_the_same_data_folder_is_refused() {
    let home = Home::new(&Setup::bare());
    let first = home.start();
    let second = tillpost_tests::agent::Agent::try_start(&home, &[]);
    let Err(said) = second else {
        panic!("two agents run on one data folder")
    };
    assert!(![None, Some(0)].contains(&said.code), "{said:?}");
    assert!(
        said.all()
            .contains("another agent is using the data folder"),
        "{said:?}"
    );
    assert_eq!(
        first.get("", "/healthz").status,
        200,
        "the first one is not disturbed"
    );
}

#[test]
fn documents_are_submitted_checked_and_listed() {
    let home = Home::new(&Setup::folder());
    home.add_till("1");
    let mut wrong = sale("1", 3);
    wrong["body"]["total"] = json!("900.00");
    let lines: Vec<String> = sales("1", 1, 2)
        .iter()
        .chain([&wrong])
        .map(Value::to_string)
        .collect();
    std::fs::write(home.path().join("day.ndjson"), lines.join("\n")).unwrap();
    std::fs::write(home.path().join("bad.json"), "{\"kind\": \"sale\"}").unwrap();
    home.run(&["check", "day.ndjson"]).ended(0);
    let said = home.run(&["check", "bad.json"]).ended(1);
    assert!(
        said.all().contains("occurred_at"),
        "the place of the mistake: {said:?}"
    );
    assert!(
        !home.data().join("outbox.db").exists()
            || home.run(&["documents", "list", "--json"]).json()["documents"] == json!([])
    );
    let agent = home.start();
    let said = home.run(&["submit", "day.ndjson"]).ended(0);
    // Problems stand indented below their document.
    let results: Vec<&str> = said
        .stdout
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert_eq!(results.len(), 3, "one result line each: {said:?}");
    for (line, status) in results.iter().zip(["accepted", "accepted", "held"]) {
        assert!(line.contains(status), "{said:?}");
    }
    home.run(&["submit", "bad.json"]).ended(1);
    let unknown = sale("9", 1);
    std::fs::write(home.path().join("unknown.json"), unknown.to_string()).unwrap();
    let said = home.run(&["submit", "unknown.json"]).ended(0);
    assert!(
        said.stdout.contains("held") && said.stdout.contains("was not added"),
        "{said:?}"
    );
    agent.wait_drained(wait::HANG);
    let listed = home.run(&["documents", "list", "--json"]).json();
    assert_eq!(listed["documents"].as_array().unwrap().len(), 4, "{listed}");
    home.run(&["documents", "show", "01935000-0000-7000-8000-000000000000"])
        .ended(1);
    home.run(&["status"]).ended(0);
    agent.stop();
    let listed = home.run(&["documents", "list", "--json"]).json();
    assert_eq!(
        listed["documents"].as_array().unwrap().len(),
        4,
        "also without the service: {listed}"
    );
    home.run(&["documents", "export", "--to", "stick"]).ended(0);
    assert_eq!(
        folder::read(&home.path().join("stick")).len(),
        2,
        "what is held"
    );
    home.run(&["documents", "export", "--all", "--to", "all"])
        .ended(0);
    assert_eq!(folder::read(&home.path().join("all")).len(), 4);
}

#[test]
fn a_tills_token_is_shown_once_and_its_removal_counts_at_once() {
    let home = Home::new(&Setup::bare());
    let agent = home.start();
    let token = home.add_till("1");
    agent.hand_in_all(&token, &[sale("1", 1)], "accepted");
    let listed = home.run(&["till", "list"]).ended(0);
    assert!(!listed.all().contains(&token), "{listed:?}");
    let (server, other) = (
        home.run(&["till", "add", "srv", "--for", "5,6", "--json"])
            .json(),
        home.add_till("7"),
    );
    let server = server["token"].as_str().unwrap();
    agent.hand_in_all(server, &[sale("5", 1), sale("6", 1)], "accepted");
    assert_eq!(agent.hand_in(server, &sale("7", 1))["status"], "refused");
    agent.hand_in_all(&other, &[sale("7", 1)], "accepted");
    home.run(&["till", "remove", "1"]).ended(0);
    assert_eq!(agent.post(&token, &sale("1", 2)).status, 401);
    for (path, bytes) in home.every_file() {
        let found = bytes
            .windows(token.len())
            .any(|window| window == token.as_bytes());
        assert!(!found, "a till's token stands in {}", path.display());
    }
}
