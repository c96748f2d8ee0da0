//! The PC's clock jumps while documents wait for something at head office.
//!
//! Goal: patience is measured in time that went by. Method: a sale of an article that Odoo does not know waits, and with it
//! the day's close; the clock jumps by thirty days, more than any patience; when Odoo was asked again, both still wait.
//! The same with a return whose sale has not come, while the clock jumps by an hour and by thirty days, on and back; when
//! the sale comes, both arrive, as soon as without a jump.

use std::time::Duration;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::clock::Clock;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::sample::{receipt, sale};
use tillpost_tests::shop::{CASH, moment};
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

/// The longest that a return may wait for its next turn after its sale has come. Without the jumps it is seconds; a due
/// time by the old clock would be up to thirty days off, or the quarter of an hour to which it is cut.
const NEXT_TURN_MAX: Duration = Duration::from_secs(300);

#[test]
fn a_return_that_waits_for_its_sale_goes_soon_after_any_jump() {
    let mut office = HeadOffice::new("clock_waits", &["1".to_owned()]);
    let clock = Clock::of(&mut office.home);
    let agent = office.start();
    let token = office.token("1").to_owned();
    let mut first = 1;
    for jump in ["+1h", "-1h", "+30d", "-30d"] {
        clock.jump("+0");
        let sold = receipt("1", first);
        let back = Receipt::back("1", first + 1, moment(sold.date, 7_200), sold.date);
        let back = back.item_of(&sold, 1).paid(CASH).json();
        let id = agent.hand_in(&token, &back)["id"].clone();
        let id = id.as_str().unwrap();
        asked_again(&agent, &token, id, 0);
        let seen = jumps(&office);
        clock.jump(jump);
        wait::until("the jump to be noticed", || {
            (jumps(&office) > seen).then_some(())
        });
        let document = agent.document(&token, id);
        assert_eq!(document["state"], "waiting", "{document}");
        agent.hand_in_all(&token, &[sold.json()], "accepted");
        wait::within(NEXT_TURN_MAX, "both to arrive", || {
            assert_eq!(agent.count("parked"), 0, "{}", agent.status());
            (agent.count("waiting") == 0).then_some(())
        });
        println!("{jump}: the return went when its sale had come");
        first += 2;
    }
    let orders = "SELECT count(*) AS a FROM pos_order WHERE pos_reference LIKE 'ZH01-%'";
    assert_eq!(office.database.number(orders), 8);
}

/// How often the lane has seen its clock jump, as its log says.
fn jumps(office: &HeadOffice) -> usize {
    let log = std::fs::read_dir(office.home.data().join("log")).unwrap();
    let texts = log.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts
        .map(|text| text.matches("the clock jumped").count())
        .sum()
}
