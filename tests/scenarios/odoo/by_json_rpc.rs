//! Odoo 19 by JSON-RPC, where a store's configuration asks for it.
//!
//! Goal: the books are the same as by JSON-2. Method: a small day, as in `whole_day`, with `protocol = "json_rpc"`.

use tillpost_tests::shop::day::Plan;

use super::{assert_books, shop, wait_arrived};

#[test]
fn a_small_day_arrives_by_json_rpc() {
    let (office, day) = shop("json_rpc", &Plan::small(41));
    let config = std::fs::read_to_string(office.home.config()).unwrap();
    let asked = config.replace("\nlogin = ", "\nprotocol = \"json_rpc\"\nlogin = ");
    assert_ne!(asked, config);
    std::fs::write(office.home.config(), asked).unwrap();
    let doctor = office.home.run(&["doctor"]).all();
    assert!(doctor.contains("by JSON-RPC"), "{doctor}");
    let agent = office.start();
    office.hand_in(&agent, &day.earlier, "accepted");
    wait_arrived(&agent, &office.database);
    office.hand_in(&agent, &day.documents, "accepted");
    wait_arrived(&agent, &office.database);
    assert_books(&office.database, &day.ledger);
    agent.stop();
}
