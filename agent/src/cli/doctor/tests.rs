//! Doctor says what is wrong in a line each, and never stops at the first.

use super::*;
use crate::cli::context::tests::store;
use crate::cli::outbox;
use crate::store::tills;

#[test]
fn without_a_configuration_there_is_nothing_else_to_look_at() {
    let (dir, mut context, paper) = store(false);
    std::fs::write(dir.path().join("tillpost.toml"), "[store]\n").unwrap();
    assert_eq!(run(&Doctor {}, &mut context).unwrap(), Exit::No);
    assert!(
        paper.text().starts_with("FAIL configuration: "),
        "{}",
        paper.text()
    );
}

#[test]
fn a_store_whose_service_does_not_run_is_told_so_and_the_rest_is_looked_at() {
    let (dir, mut context, paper) = store(false);
    let loaded = context.load().unwrap();
    let now = context.now;
    let codes = ["3".to_owned()];
    outbox::write(&loaded, |connection| {
        Ok(tills::add(connection, "3", &codes, None, "tp_x", now)?)
    })
    .unwrap();
    assert_eq!(run(&Doctor {}, &mut context).unwrap(), Exit::No);
    let text = paper
        .text()
        .replace(&dir.path().display().to_string(), "DIR");
    let text: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("free room"))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_program_reads_the_same_checks() {
    let (_dir, mut context, paper) = store(true);
    assert_eq!(run(&Doctor {}, &mut context).unwrap(), Exit::No);
    let answer: serde_json::Value = serde_json::from_str(&paper.text()).unwrap();
    assert_eq!(answer["ok"], false);
    assert_eq!(answer["checks"][0]["level"], "ok");
    assert_eq!(answer["checks"][1]["name"], "data folder");
}
