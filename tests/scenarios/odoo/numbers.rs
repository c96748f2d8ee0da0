//! Keys against what Odoo already holds.
//!
//! Goal: an old order is never passed off as a new sale, a conflict is decided by a person and arrives as decided.
//! Method: lose a PC's queue and begin again at number 1; release and withdraw what is held; look at Odoo's orders.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::odoo::Database;
use tillpost_tests::shop::sample::{receipt, sale};
use tillpost_tests::shop::{uid, uid_of_key};
use tillpost_tests::wait;

fn office(name: &str) -> HeadOffice {
    HeadOffice::new(name, &["1".to_owned()])
}

/// Uuid and total of every order of the store.
fn orders(database: &Database) -> Vec<(String, String)> {
    let rows = database.rows(
        "SELECT o.uuid AS a, o.amount_total::numeric(16,2)::text AS b FROM pos_order o JOIN pos_session s \
         ON s.id = o.session_id JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%' ORDER BY o.id",
    );
    rows.into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect()
}

fn total(sequence: u64) -> String {
    money(receipt("1", sequence).total())
}

fn wait_state(agent: &Agent, token: &str, result: &Value, state: &str) -> Value {
    let id = result["id"].as_str().unwrap();
    wait::within(DRAIN, &format!("{result} to be {state}"), || {
        let document = agent.document(token, id);
        (document["state"] == state).then_some(document)
    })
}

#[test]
fn a_till_that_starts_at_1_again_is_not_taken_for_its_old_self() {
    let mut office = office("starts_again");
    let agent = office.start();
    let first = agent.hand_in(office.token("1"), &sale("1", 1));
    wait_state(&agent, office.token("1"), &first, "delivered");
    agent.kill();

    office.new_home();
    let agent = office.start();
    let mut other = sale("1", 2);
    other["sequence"] = json!(1);
    assert_ne!(total(1), total(2));
    let result = agent.hand_in(office.token("1"), &other);
    assert_eq!(
        result["status"], "accepted",
        "the new PC knows nothing of the old one: {result}"
    );
    let document = wait_state(&agent, office.token("1"), &result, "parked");
    let answer = &document["deliveries"][0]["answer"];
    assert_eq!(answer["code"], "key_conflict", "{document}");
    let hint = answer["hint"].as_str().unwrap_or_default();
    assert!(
        hint.contains("series"),
        "the hint says that a new number circle needs a new series: {answer}"
    );
    assert_eq!(
        orders(&office.database),
        [(uid("1", 1).to_string(), total(1))],
        "the old order is untouched"
    );

    other["series"] = json!("B");
    let result = agent.hand_in(office.token("1"), &other);
    wait_state(&agent, office.token("1"), &result, "delivered");
    let in_series = (uid_of_key("ZH01/1/B/1").to_string(), total(2));
    assert_eq!(orders(&office.database)[1..], [in_series]);
}

#[test]
fn a_released_conflict_arrives_as_an_order_of_its_own() {
    let office = office("released");
    let agent = office.start();
    let token = office.token("1");
    let first = agent.hand_in(token, &sale("1", 1));
    let mut other = sale("1", 2);
    other["sequence"] = json!(1);
    let held = agent.hand_in(token, &other);
    assert_eq!(
        (&held["status"], &held["key"]),
        (&json!("held"), &json!("ZH01/1/0/1~2")),
        "{held}"
    );
    wait_state(&agent, token, &first, "delivered");
    assert_eq!(
        orders(&office.database).len(),
        1,
        "held means not delivered"
    );
    office
        .home
        .run(&["documents", "release", held["id"].as_str().unwrap()])
        .ended(0);
    wait_state(&agent, token, &held, "delivered");
    let expected = [
        (uid("1", 1).to_string(), total(1)),
        (uid_of_key("ZH01/1/0/1~2").to_string(), total(2)),
    ];
    assert_eq!(orders(&office.database), expected);
}

#[test]
fn withdrawn_before_it_was_sent_its_corrected_version_takes_its_place() {
    let office = office("withdrawn");
    let agent = office.start();
    let token = office.token("1");
    let mut wrong = sale("1", 1);
    wrong["body"]["total"] = json!("900.00");
    let held = agent.hand_in(token, &wrong);
    assert_eq!(held["status"], "held", "{held}");
    let id = held["id"].as_str().unwrap();
    office
        .home
        .run(&["documents", "withdraw", id, "--reason", "typing error"])
        .ended(0);
    let corrected = agent.hand_in(token, &sale("1", 1));
    assert_eq!(
        (&corrected["status"], &corrected["key"]),
        (&json!("accepted"), &json!("ZH01/1/0/1"))
    );
    wait_state(&agent, token, &corrected, "delivered");
    assert_eq!(
        orders(&office.database),
        [(uid("1", 1).to_string(), total(1))]
    );
}
