//! Proofs that are kept: by itself the agent proves the days that are over, until they are complete, and signs it.
//!
//! Goal: a kept proof says what is missing, is replaced when that has come, and cannot be changed unnoticed. Method: a
//! day over two tills without one of its sales, handed in later; then a digit changed in the file. The built program
//! checks the signature, and so does `openssl`, which shares no code with it.

use std::process::{Command, Stdio};

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::day::{Day, HandIn, Plan};
use tillpost_tests::wait;

fn hand_in(agent: &Agent, tokens: &[String], documents: &[HandIn]) {
    for HandIn { till, document } in documents {
        let token = &tokens[till.parse::<usize>().unwrap() - 1];
        let result = agent.hand_in(token, document);
        assert_eq!(result["status"], "accepted", "{result}");
    }
}

fn kept(home: &Home, day: &Day) -> Option<Value> {
    let date = day.date.to_string();
    let said = home.run(&["proof", "--kept", "--date", &date, "--json"]);
    serde_json::from_str(&said.stdout).ok()
}

/// Whether openssl finds the last two lines of the day's file genuine.
fn openssl_agrees(home: &Home, day: &Day) -> bool {
    let text = std::fs::read_to_string(home.data().join(format!("proofs/{}.ndjson", day.date)));
    let text = text.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [statement, seal] = lines[lines.len() - 2..] else {
        panic!("{text}")
    };
    let seal: Value = serde_json::from_str(seal).unwrap();
    let bytes = |name: &str| {
        let text = seal[name].as_str().unwrap();
        let pairs = (0..text.len()).step_by(2);
        let bytes = pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap());
        bytes.collect::<Vec<u8>>()
    };
    // The fixed beginning of an Ed25519 public key in DER.
    let mut key = vec![
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    key.extend(bytes("public_key"));
    let place = |name: &str| home.path().join(name);
    std::fs::write(place("key.der"), key).unwrap();
    std::fs::write(place("signature"), bytes("signature")).unwrap();
    std::fs::write(place("statement"), statement).unwrap();
    let mut openssl = Command::new("openssl");
    openssl
        .args([
            "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", "-inkey",
        ])
        .arg(place("key.der"))
        .arg("-sigfile")
        .arg(place("signature"))
        .arg("-in")
        .arg(place("statement"));
    let status = openssl.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.unwrap().success()
}

#[test]
fn a_day_that_is_over_is_proven_kept_and_signed_until_it_is_complete() {
    let mut home = Home::new(&Setup::folder());
    let tokens = [home.add_till("1"), home.add_till("2")];
    home.set_env("TILLPOST_HURRY", "600");
    let mut day = Day::generate(&Plan::small(5));
    let lost = day
        .documents
        .iter()
        .position(|HandIn { document, .. }| {
            document["kind"] == "sale" && document["body"]["lines"][0]["returned_from"].is_null()
        })
        .unwrap();
    let lost = day.documents.remove(lost);
    let number = lost.document["sequence"].as_u64().unwrap();
    let agent = home.start();
    hand_in(&agent, &tokens, &day.earlier);
    hand_in(&agent, &tokens, &day.documents);

    let incomplete = wait::until("a proof to be kept", || kept(&home, &day));
    assert_eq!(incomplete["signature_good"], true, "{incomplete}");
    let proof = &incomplete["statement"]["proof"];
    assert_eq!(proof["complete"], false);
    let differences = proof["differences"].to_string();
    let words = "no document has this number yet; it may still be on its way";
    assert!(differences.contains(words), "{differences}");
    assert!(
        differences.contains(&format!("/{number}\"")),
        "{differences}"
    );
    assert_eq!(
        proof["gaps"],
        serde_json::json!([]),
        "it may still be on its way"
    );

    hand_in(&agent, &tokens, &[lost]);
    wait::until("a complete proof to be kept", || {
        let kept = kept(&home, &day)?;
        (kept["statement"]["proof"]["complete"] == true).then_some(())
    });
    agent.stop();
    let date = day.date.to_string();
    let show = ["proof", "--kept", "--date", date.as_str()];
    let said = home.run(&show).ended(0);
    assert!(
        said.stdout.contains("signed by this store's key"),
        "{said:?}"
    );
    assert!(openssl_agrees(&home, &day));

    let path = home.data().join(format!("proofs/{date}.ndjson"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("\"currency\":\"USD\"", "\"currency\":\"EUR\""),
    )
    .unwrap();
    let said = home.run(&show).ended(1);
    assert!(said.stdout.contains("NOT GENUINE"), "{said:?}");
    assert!(!openssl_agrees(&home, &day));
}
