//! The API does what its own description says.
//!
//! Goal: no request that the description allows, and none that it forbids, gets an answer that it does not name, or a
//! 500. Method: schemathesis makes requests from `/v1/openapi.json` and checks every answer's status, type and shape,
//! as the command line's key, which may do everything, and as nobody. Left out: the stream of events, which does not end
//! by itself within a request.

use std::path::Path;
use std::process::Command;

use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

/// Requests made up for each operation.
const EXAMPLES: &str = "20";

fn schemathesis() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis/install");
    let said = Command::new(script).output().unwrap();
    let why = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{why}");
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

fn store() -> (Home, Agent) {
    let catalog = "[catalog]\nsource = \"folder\"\npath = \"{home}/catalog\"\nrefresh = \"1s\"";
    let home = Home::new(&Setup::folder().with(catalog));
    let folder = home.path().join("catalog");
    std::fs::create_dir(&folder).unwrap();
    let product = r#"{"sku":"A1","name":"Bread","price":{"amount":"4.80","currency":"USD","tax_included":true}}"#;
    std::fs::write(folder.join("all.ndjson"), product).unwrap();
    home.set_login("manager", "open sesame");
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 1), sale("1", 2)], "accepted");
    wait::until("the catalog", || {
        (agent.get(&token, "/v1/products?sku=A1").status == 200).then_some(())
    });
    (home, agent)
}

fn holds(credential: Option<String>) {
    let (home, agent) = store();
    let mut command = Command::new(schemathesis());
    command
        .args(["run", &format!("{}/v1/openapi.json", agent.url)])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--max-redirects", "0"])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
        .args(["--exclude-path", "/events", "--continue-on-failure", "--warnings", "off", "--no-color"])
        // What it keeps between runs stays with the test.
        .current_dir(home.path());
    if let Some(key) =
        credential.map(|file| std::fs::read_to_string(home.data().join(file)).unwrap())
    {
        command.args(["-H", &format!("Authorization: Bearer {}", key.trim())]);
    }
    let said = command.output().unwrap();
    let (told, why) = (
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr),
    );
    assert!(said.status.success(), "{told}\n{why}");
    assert!(
        told.contains("Tested: 31"),
        "it tested other operations than before:\n{told}"
    );
    assert_eq!(agent.get("", "/healthz").status, 200);
}

#[test]
fn long_every_answer_to_somebody_who_may_everything_is_described() {
    holds(Some("cli.key".to_owned()));
}

#[test]
fn long_every_answer_to_nobody_is_described() {
    holds(None);
}
