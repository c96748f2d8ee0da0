//! What Odoo itself refuses, where nothing could have been known before it was sent.
//!
//! Goal: of 25 sales that go up in one call, the one that Odoo refuses is parked and 24 arrive; no refusal, of whichever
//! kind, brings Odoo's traceback into the store. Method: a constraint in Odoo's database that one order breaks, a serial
//! number that is in stock already, a right that is taken away; then everything that the store shows and keeps is
//! searched.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::{AGENT_KEY, DRAIN, HeadOffice, LOGIN};
use tillpost_tests::kept;
use tillpost_tests::shop::drawer::cash_movement;
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::shop::{moment, yesterday};
use tillpost_tests::wait;

on_19_and_14! {
    one_sale_that_only_odoo_refuses_is_parked_and_24_arrive
    no_refusal_brings_a_traceback_into_the_store
}

/// The sale that is refused.
const BAD: u64 = 13;

fn office(version: u32, name: &str) -> HeadOffice {
    HeadOffice::on(version, &format!("{name}_{version}"), &["1".to_owned()])
}

fn reference(sequence: u64) -> String {
    format!("ZH01-1-0-{}-{sequence}", yesterday().strftime("%Y%m%d"))
}

/// From now on Odoo's database refuses this order.
fn refuse(office: &HeadOffice, sequence: u64) {
    office.database.tamper(&format!(
        "ALTER TABLE pos_order ADD CONSTRAINT tp_refused CHECK (pos_reference <> '{}') NOT VALID",
        reference(sequence)
    ));
}

fn arrived(office: &HeadOffice) -> i64 {
    let orders = "SELECT count(*) AS a FROM pos_order WHERE pos_reference LIKE 'ZH01-%'";
    office.database.number(orders)
}

fn one_sale_that_only_odoo_refuses_is_parked_and_24_arrive(version: u32) {
    let office = office(version, "one_bad");
    refuse(&office, BAD);
    // All of them wait, so that they go up in one call.
    let wrong = [(AGENT_KEY, "0000000000000000000000000000000000000000")];
    let agent = Agent::start(&office.home, &wrong);
    agent.hand_in_all(office.token("1"), &sales("1", 1, 25), "accepted");
    agent.kill();
    let agent = office.start();
    agent.wait_drained(DRAIN);
    assert_eq!((arrived(&office), agent.count("parked")), (24, 1));
    let parked = agent
        .get(office.token("1"), "/v1/documents?state=parked")
        .ok();
    let key = format!("ZH01/1/0/{BAD}");
    assert_eq!(parked["documents"][0]["key"], key.as_str(), "{parked}");
    office
        .database
        .tamper("ALTER TABLE pos_order DROP CONSTRAINT tp_refused");
    let id = parked["documents"][0]["id"].as_str().unwrap();
    office.home.run(&["documents", "retry", id]).ended(0);
    wait::within(DRAIN, "the one that was refused", || {
        (arrived(&office) == 25).then_some(())
    });
    agent.stop();
}

/// Waits until so many are parked, and returns what is told of them.
fn wait_parked(office: &HeadOffice, agent: &Agent, count: u64) -> Vec<Value> {
    wait::within(DRAIN, "a refusal", || {
        (agent.count("parked") == count).then_some(())
    });
    let list = agent
        .get(office.token("1"), "/v1/documents?state=parked")
        .ok();
    let documents = list["documents"].as_array().unwrap();
    let told = |document: &Value| {
        let id = document["id"].as_str().unwrap();
        agent.document(office.token("1"), id)["deliveries"][0]["answer"].clone()
    };
    documents.iter().map(told).collect()
}

fn no_refusal_brings_a_traceback_into_the_store(version: u32) {
    let office = office(version, "traceback");
    let (agent, token) = (office.start(), office.token("1"));
    // A constraint of the database.
    refuse(&office, BAD);
    agent.hand_in_all(token, &[sale("1", BAD)], "accepted");
    wait_parked(&office, &agent, 1);
    // A right that is missing.
    office.database.shell(&format!(
        "user = env['res.users'].search([('login', '=', '{LOGIN}')])\n\
         env.ref('account.group_account_invoice').sudo().write({{'{}': [(3, user.id)]}})\nenv.cr.commit()\n",
        if version >= 19 { "user_ids" } else { "users" }
    ));
    let taken = cash_movement(
        "1",
        14,
        moment(yesterday(), 900),
        yesterday(),
        "pay_out",
        -100,
    );
    agent.hand_in_all(token, &[taken], "accepted");
    wait_parked(&office, &agent, 2);
    // A bug, as Odoo sees it: a function of its own that fails.
    office.database.tamper(
        "CREATE FUNCTION tp_fails() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'a trigger of somebody else' USING ERRCODE = '22003'; END $$; \
         CREATE TRIGGER tp_fails BEFORE INSERT ON pos_payment FOR EACH ROW EXECUTE FUNCTION tp_fails()",
    );
    agent.hand_in_all(token, &[sale("1", 15)], "accepted");
    let told = wait_parked(&office, &agent, 3);
    for answer in &told {
        println!("told: {answer}");
        assert!(
            answer["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
            "{answer}"
        );
    }
    assert!(
        json!(told)
            .to_string()
            .contains("a trigger of somebody else"),
        "the words themselves are told"
    );
    let seen = kept::everything(&office.home, token, &agent);
    for trace in ["Traceback", "File \\\"/usr", "File \"/usr"] {
        assert!(!seen.contains(trace), "{trace} is in the store");
    }
    agent.stop();
}
