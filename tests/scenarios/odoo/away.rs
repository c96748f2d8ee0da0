//! Odoo is away for the whole day.
//!
//! Goal: promise 6, "the till never feels it". Method: stop the real server, ring up a whole (small) day, look up prices,
//! start the server again, see everything drain in the order in which it was handed in.

use std::collections::BTreeMap;

use serde_json::Value;
use tillpost_tests::shop::day::{Day, HandIn, Plan};
use tillpost_tests::wait;

use super::{assert_books, shop, wait_arrived};

#[test]
fn tills_notice_nothing_while_odoo_is_away_and_everything_drains_in_order() {
    let (mut office, day) = shop("away", &Plan::small(21));
    let agent = office.start();
    office.hand_in(&agent, &day.earlier, "accepted");
    wait_arrived(&agent, &office.database);
    let token = office.token("1").to_owned();
    let look_up = || agent.get(&token, "/v1/products?sku=TP-001");
    wait::until("the catalog", || (look_up().status == 200).then_some(()));
    let price = look_up().ok();

    let stopped = office.database.stop_server();
    office.hand_in(&agent, &day.documents, "accepted");
    office.hand_in(&agent, &day.documents, "duplicate");
    let amount = |answer: &Value| answer["products"][0]["price"].clone();
    assert_eq!(amount(&look_up().ok()), amount(&price), "prices stay");
    wait::until("the status to say that Odoo is away", || {
        (agent.status()["state"] == "offline").then_some(())
    });
    let status = agent.status();
    assert_eq!(
        status["documents"]["waiting"],
        day.documents.len(),
        "{status}"
    );
    assert_eq!(status["documents"]["parked"], 0, "{status}");
    assert_eq!(
        agent.get("", "/readyz").status,
        200,
        "ready to accept, line or not"
    );
    drop(stopped);

    wait_arrived(&agent, &office.database);
    assert_books(&office.database, &day.ledger);
    let mut arrived = BTreeMap::<String, Vec<String>>::new();
    for row in office.database.rows(
        "SELECT o.uuid AS a, c.name AS b FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
         JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%' ORDER BY o.id",
    ) {
        arrived.entry(row[1].clone()).or_default().push(row[0].clone());
    }
    let handed_in = plain_sales(&day);
    for till in arrived.values() {
        let order: Vec<usize> = till
            .iter()
            .filter_map(|uuid| handed_in.iter().position(|known| known == uuid))
            .collect();
        assert!(
            order.is_sorted(),
            "a till's sales arrived out of order: {order:?}"
        );
    }
}

/// Uids of the day's sales that depend on nothing, in the order in which they were handed in.
fn plain_sales(day: &Day) -> Vec<String> {
    let plain = |hand_in: &&HandIn| {
        let lines = hand_in.document["body"]["lines"].as_array();
        hand_in.document["kind"] == "sale"
            && lines
                .into_iter()
                .flatten()
                .all(|line| line["returned_from"] == Value::Null)
    };
    let uid = |hand_in: &HandIn| {
        let sequence = hand_in.document["sequence"].as_u64().unwrap();
        tillpost_tests::shop::uid(&hand_in.till, sequence).to_string()
    };
    day.documents.iter().filter(plain).map(uid).collect()
}
