//! A count in parts: nothing is applied before the last one, and then all of it, whatever happens in between.
//!
//! Goal: the stock is what all parts together say, although the process ends between them, and a part that a person must
//! look at holds the whole count back. Method: parts one by one with a kill after each; a conflict among the parts.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::books;
use tillpost_tests::head_office::HeadOffice;
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::{Product, count, moment, range, yesterday};
use tillpost_tests::wait;

/// One part of the count `name`.
fn part(name: &str, part: &str, complete: bool, counted: &[(Product, i64)]) -> Value {
    let mut document = count::spot(name, yesterday(), moment(yesterday(), 0), counted);
    document["body"]["part"] = json!(part);
    document["body"]["complete"] = json!(complete);
    document
}

/// What Odoo has of these products in the store, in thousandths.
fn stock<const N: usize>(office: &HeadOffice, products: [&Product; N]) -> [i64; N] {
    let stock = books::stock(&office.database);
    products.map(|product| stock[&product.sku])
}

fn accepted(office: &HeadOffice, agent: &Agent, document: &Value) {
    let documents = std::slice::from_ref(document);
    agent.hand_in_all(office.token("1"), documents, "accepted");
}

fn wait_tried(agent: &Agent, office: &HeadOffice, code: &str) {
    wait::until("the part to be tried", || {
        let page = agent.get(office.token("1"), "/v1/status").ok();
        page.to_string().contains(code).then_some(())
    });
}

on_19_and_14! {
    a_count_in_parts_is_applied_whole_with_a_kill_after_each_part
    a_part_that_a_person_must_look_at_holds_the_count_back
}

fn a_count_in_parts_is_applied_whole_with_a_kill_after_each_part(version: u32) {
    let office = HeadOffice::on(
        version,
        &format!("count_parts_{version}"),
        &["1".to_owned()],
    );
    let goods = range();
    let [a, b, c] = [&goods[0], &goods[1], &goods[2]].map(Clone::clone);
    for (name, counted) in [
        ("1", vec![(a.clone(), 7_000), (b.clone(), 1_000)]),
        ("2", vec![(b.clone(), 4_000)]),
    ] {
        let agent = office.start();
        accepted(&office, &agent, &part("inventory", name, false, &counted));
        wait_tried(&agent, &office, "waits_for_parts");
        agent.kill();
        assert_eq!(
            stock(&office, [&a]),
            [STOCK_AT_START],
            "applied before it is whole"
        );
    }
    let agent = office.start();
    accepted(
        &office,
        &agent,
        &part("inventory", "3", true, &[(c.clone(), 9_000)]),
    );
    wait::until("the count", || (agent.count("waiting") == 0).then_some(()));
    let there = stock(&office, [&a, &b, &c]);
    assert_eq!(
        there,
        [7_000, 5_000, 9_000],
        "quantities add up over the parts"
    );
    agent.stop();
}

fn a_part_that_a_person_must_look_at_holds_the_count_back(version: u32) {
    let office = HeadOffice::on(version, &format!("count_held_{version}"), &["1".to_owned()]);
    let goods = range();
    let [a, b] = [&goods[0], &goods[1]].map(Clone::clone);
    let agent = office.start();
    let first = part("inventory", "1", false, &[(a.clone(), 7_000)]);
    let other = part("inventory", "1", false, &[(a.clone(), 3_000)]);
    accepted(&office, &agent, &first);
    agent.hand_in_all(office.token("1"), &[other], "held");
    accepted(
        &office,
        &agent,
        &part("inventory", "2", true, &[(b.clone(), 9_000)]),
    );
    wait_tried(&agent, &office, "waits_for_part\"");
    assert_eq!(stock(&office, [&b]), [STOCK_AT_START]);
    let held = office
        .home
        .run(&["documents", "list", "--state", "held", "--json"])
        .json();
    let id = held["documents"][0]["id"].as_str().unwrap().to_owned();
    office
        .home
        .run(&["documents", "withdraw", &id, "--reason", "counted twice"])
        .ended(0);
    wait::until("the count", || (agent.count("waiting") == 0).then_some(()));
    assert_eq!(stock(&office, [&a, &b]), [7_000, 9_000]);
    agent.stop();
}
