//! The PC's clock jumps while documents wait for something at head office.
//!
//! Goal: patience is measured in time that went by. Method: a sale of an article that Odoo does not know waits, and with it
//! the day's close; the clock jumps by thirty days, more than any patience; when Odoo was asked again, both still wait.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::clock::Clock;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

#[test]
fn a_jump_of_thirty_days_parks_nothing_and_closes_no_day() {
    let mut office = HeadOffice::new("clock_jumps", &["1".to_owned()]);
    let clock = Clock::of(&mut office.home);
    let agent = office.start();
    let token = office.token("1");
    let mut unknown = sale("1", 1);
    unknown["body"]["lines"][0]["product"] = json!({ "sku": "NOBODY-KNOWS" });
    let mut close = unknown.clone();
    close["kind"] = json!("day_close");
    close["sequence"] = json!(2);
    close["body"] = json!({ "tenders": [] });
    close
        .as_object_mut()
        .unwrap()
        .shift_remove("receipt_number");
    let stored: Vec<String> = [unknown, close]
        .iter()
        .map(|document| {
            let result = agent.hand_in(token, document);
            assert_eq!(result["status"], "accepted", "{result}");
            result["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let asked = asked_again(&agent, token, &stored[0], 0);
    clock.jump("+30d");
    let later = asked_again(&agent, token, &stored[0], asked);
    println!("asked {asked} times before the jump, {later} times after it");
    for id in &stored {
        let document = agent.document(token, id);
        assert_eq!(document["state"], "waiting", "{document}");
    }
    assert_eq!(
        agent.document(token, &stored[1])["deliveries"][0]["attempts"],
        0
    );
}

/// How often Odoo was asked for the document, once that is more often than it was.
fn asked_again(agent: &Agent, token: &str, id: &str, before: u64) -> u64 {
    wait::within(DRAIN, "the sale to be looked at", || {
        let document: Value = agent.document(token, id);
        let delivery = &document["deliveries"][0];
        let attempts = delivery["attempts"].as_u64().unwrap();
        (attempts > before || document["state"] != "waiting").then_some(attempts)
    })
}
