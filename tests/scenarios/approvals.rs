//! A store's own rules: what a person must approve before it leaves the store.
//!
//! Goal: a return without receipt is held by `[[approval]]`, is released only with a reason, and the history tells it;
//! without a rule nothing of this happens. Method: hand in, release by the command line without and with a reason.

use tillpost_tests::folder;
use tillpost_tests::home::{FOLDER, Home, Setup};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::shop::{CASH, moment, range, yesterday};
use tillpost_tests::wait;

const RULE: &str = "[[approval]]\nrule = \"return_without_receipt\"";

fn goods_back(sequence: u64) -> serde_json::Value {
    let receipt = Receipt::back("1", sequence, moment(yesterday(), 60), yesterday());
    receipt.item(&range()[0], -1_000).paid(CASH).json()
}

#[test]
fn a_return_without_receipt_waits_for_a_person_and_a_reason() {
    let home = Home::new(&Setup::bare().with(FOLDER).with(RULE));
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 1)], "accepted");
    let held = agent.hand_in(&token, &goods_back(2));
    assert_eq!(held["status"], "held", "{held}");
    assert_eq!(held["problems"][0]["code"], "approval_needed", "{held}");
    agent.wait_drained(wait::HANG);
    assert_eq!(
        folder::read(&home.out()).len(),
        1,
        "the sale alone has left"
    );

    let id = held["id"].as_str().unwrap();
    let said = home.run(&["documents", "release", id]);
    assert_ne!(said.code, Some(0), "{said:?}");
    assert!(said.all().contains("reason"), "{said:?}");
    assert_eq!(agent.count("held"), 1);
    let reason = "known customer, seen by MK";
    home.run(&["documents", "release", id, "--reason", reason])
        .ended(0);
    agent.wait_drained(wait::HANG);
    assert_eq!(folder::read(&home.out()).len(), 2);
    let history = agent.document(&token, id)["history"].to_string();
    assert!(
        history.contains(&format!("released: {reason}")),
        "{history}"
    );
}

#[test]
fn without_a_rule_nothing_waits() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[goods_back(1)], "accepted");
}
