//! Commands against a service that really runs: what a till's day looks like from the command line.

use serde_json::Value;

use super::context::tests::store;
use super::*;
use crate::app;
use crate::cli::output::tests::Paper;

/// A store whose service runs, on a port of its own.
struct Shop {
    dir: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    running: Option<app::Running>,
}

impl Shop {
    fn open() -> Self {
        let (dir, context, _) = store(false);
        let file = dir.path().join("tillpost.toml");
        let out = dir.path().join("out");
        let mut text = std::fs::read_to_string(&file).unwrap();
        text += &format!(
            "[[destination]]\nname = \"files\"\ntype = \"folder\"\npath = '{}'\nkinds = [\"return\"]\n",
            out.display()
        );
        std::fs::write(&file, text).unwrap();
        let runtime = app::runtime().unwrap();
        let running = runtime
            .block_on(app::start(context.load().unwrap().config, dir.path()))
            .unwrap();
        Self {
            dir,
            runtime,
            running: Some(running),
        }
    }

    fn close(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }

    /// Calls the program; answers how it ended and what it printed.
    fn call(&self, arguments: &[&str]) -> (Exit, String) {
        let file = self.dir.path().join("tillpost.toml");
        let named = ["tillpost", "--config", file.to_str().unwrap()];
        let read = Arguments::try_parse_from(named.iter().chain(arguments)).unwrap();
        let paper = Paper::default();
        let mut context = Context::new(Out::to(read.json, paper.clone()), read.config);
        let exit = ended(run(&read.command, &mut context));
        (exit, paper.text())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.close();
    }
}

fn sale(number: u32, paid: &str) -> String {
    format!(
        r#"{{"kind":"sale","store":"ZH01","till":"3","sequence":{number},"occurred_at":"2026-10-31T10:00:00+01:00","currency":"CHF","body":{{"prices":"tax_included","lines":[{{"line":1,"type":"item","product":{{"sku":"A"}},"quantity":"1","unit_price":"19.90","total":"19.90"}}],"total":"19.90","tenders":[{{"type":"cash","method":"CASH","amount":"{paid}"}}]}}}}"#
    )
}

fn held_id(shop: &Shop) -> String {
    let (_, page) = shop.call(&["documents", "list", "--state", "held", "--json"]);
    let page: Value = serde_json::from_str(&page).unwrap();
    page["documents"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn documents_are_handed_over_once_and_each_gets_its_line() {
    let shop = Shop::open();
    assert_eq!(shop.call(&["till", "add", "3"]).0, Exit::Done);
    let file = shop.file(
        "a.json",
        &format!("{}\n\n{}\n", sale(4711, "19.90"), sale(4712, "20.90")),
    );
    let (exit, text) = shop.call(&["submit", &file]);
    assert_eq!(exit, Exit::Done, "held counts as done");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "accepted ZH01/3/0/4711");
    let held = format!("held ZH01/3/0/4712 ({file}:3): body.tenders: ");
    assert!(lines[1].starts_with(&held), "{text}");
    assert_eq!(lines.len(), 2, "one line each: {text}");
    let (exit, text) = shop.call(&["submit", "--json", &file]);
    assert_eq!(exit, Exit::Done);
    let again: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(again["results"][1]["status"], "duplicate");
    assert_eq!(again["results"][1]["line"], 3);
    assert_eq!(again["counts"]["duplicate"], 2);
}

#[test]
fn one_refused_line_is_a_no_and_the_others_are_stored() {
    let shop = Shop::open();
    let file = shop.file("a.ndjson", &format!("{{\n{}\n", sale(1, "19.90")));
    let (exit, text) = shop.call(&["submit", &file]);
    assert_eq!(exit, Exit::No);
    assert!(
        text.starts_with(&format!("refused {file}:1: not_json: ")),
        "{text}"
    );
    // The till was not added: a sale that happened is kept all the same.
    assert!(text.contains("held ZH01/3/0/1"), "{text}");
    assert_eq!(
        shop.call(&["submit", &shop.file("none.ndjson", "\n")]).0,
        Exit::No
    );
    assert_eq!(shop.call(&["submit", "/not/there"]).0, Exit::No);
}

#[test]
fn a_person_releases_and_withdraws_and_a_wrong_state_is_a_no() {
    let shop = Shop::open();
    let file = shop.file(
        "a.ndjson",
        &format!("{}\n{}\n", sale(1, "19.90"), sale(2, "19.90")),
    );
    shop.call(&["submit", &file]);
    let id = held_id(&shop);
    let (exit, text) = shop.call(&["documents", "withdraw", &id, "--reason", "rung up twice"]);
    assert_eq!(
        (exit, text),
        (Exit::Done, format!("withdrawn: ZH01/3/0/2 ({id})\n"))
    );
    assert!(
        shop.call(&["documents", "show", &id])
            .1
            .contains("withdrawn: rung up twice")
    );
    let other = held_id(&shop);
    let (exit, text) = shop.call(&["documents", "release", &id, "../healthz", &other]);
    assert_eq!(
        (exit, text),
        (Exit::No, format!("released: ZH01/3/0/1 ({other})\n"))
    );
}

#[test]
fn without_the_service_one_can_still_look_and_take_everything_along() {
    let mut shop = Shop::open();
    let file = shop.file("a.ndjson", &sale(1, "19.90"));
    shop.call(&["submit", &file]);
    let id = held_id(&shop);
    shop.close();
    assert_eq!(shop.call(&["documents", "retry", &id]).0, Exit::Unreachable);
    assert_eq!(shop.call(&["submit", &file]).0, Exit::Unreachable);
    assert_eq!(shop.call(&["status"]).0, Exit::Unreachable);
    let (exit, shown) = shop.call(&["documents", "show", "--json", &id]);
    assert_eq!(exit, Exit::Done);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let stick = shop.dir.path().join("stick");
    let (exit, text) = shop.call(&[
        "documents",
        "export",
        "--json",
        "--to",
        stick.to_str().unwrap(),
    ]);
    assert_eq!(exit, Exit::Done);
    let exported: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(exported["totals"][0]["amount"], "19.90");
    let line = std::fs::read_to_string(exported["file"].as_str().unwrap()).unwrap();
    assert!(
        line.starts_with(&format!(
            "{{\"id\":\"{id}\",\"key\":\"ZH01/3/0/1\",\"uid\":"
        )),
        "{line}"
    );
    let mut written: Value = serde_json::from_str(&line).unwrap();
    for name in ["id", "key", "uid"] {
        written.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(written, shown["document"]);
    // What was taken along is a document again wherever it is read.
    let (exit, text) = shop.call(&["check", exported["file"].as_str().unwrap()]);
    assert_eq!(exit, Exit::Done);
    // Nobody added the till, here as there.
    assert!(text.starts_with("held ZH01/3/0/1 "), "{text}");
    assert!(text.contains("was not added"), "{text}");
    assert_eq!(shop.call(&["audit", "verify"]).0, Exit::Done);
}

#[test]
fn the_proof_comes_from_the_service_or_from_the_outbox() {
    let mut shop = Shop::open();
    shop.call(&["till", "add", "3"]);
    shop.call(&["submit", &shop.file("a.ndjson", &sale(1, "19.90"))]);
    let (_, with) = shop.call(&["proof", "--date", "2026-10-31", "--json"]);
    shop.close();
    let (_, without) = shop.call(&["proof", "--date", "2026-10-31", "--json"]);
    let stored =
        |text: &str| serde_json::from_str::<Value>(text).unwrap()["rows"][0]["stored"].clone();
    assert_eq!(stored(&with)["count"], 1, "{with}");
    assert_eq!(stored(&with), stored(&without));
}
