//! Counts: nothing of one in parts is applied before the last one, and then all of it, whatever happens in between; and no
//! sale passes one whose answer was lost.
//!
//! Goal: the stock is what all parts together say, although the process ends between them, and a part that a person must
//! look at holds the whole count back; a count that takes effect late does not count away what was sold after it. Method:
//! parts one by one with a kill after each; a conflict among the parts; a line that keeps the count back after the agent
//! was cut off or killed, with a sale of the same goods behind it.

use std::time::Duration;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::books;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::place::{OdooOf, Place, TILL};
use tillpost_tests::proxy::faults::Fault;
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::shop::{CASH, Product, count, moment, range, yesterday};
use tillpost_tests::wait;

use super::once::Lost;

/// How long a request may run, as the agent is told, and by how much the count comes late: within that.
const LIMIT: &str = "10s";
const LATE: Duration = Duration::from_secs(8);
/// After what time an agent no longer waits for what one before it may have sent: longer than [`LIMIT`].
const SETTLED: Duration = Duration::from_secs(16);

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

/// A count that reaches Odoo when its sender has long gone, and a sale of the same goods behind it.
pub(super) fn not_passed_by_a_sale<const VERSION: u32>(name: &str, lost: Lost) {
    let place = OdooOf::<VERSION>::new(name);
    place.office.request_limit(LIMIT);
    let hurry = [("TILLPOST_HURRY", "20")];
    let mut agent = Agent::start(place.home(), &hurry);
    agent.hand_in_all(&place.token(), &[sale(TILL, 1)], "accepted");
    agent.wait_drained(DRAIN);
    std::thread::sleep(SETTLED);
    let call = match VERSION {
        14 => "/stock.inventory/create",
        _ => "/stock.quant/create",
    };
    place.proxy().late_by(LATE);
    place.proxy().plan(call, Fault::LateRequest);
    let product = &range()[5];
    let counted = [(product.clone(), 7_000)];
    let counted = count::spot("LATE", yesterday(), moment(yesterday(), 600), &counted);
    let sold = Receipt::sale(TILL, 2, moment(yesterday(), 900), yesterday());
    let sold = sold.item(product, 1_000).paid(CASH).json();
    agent.hand_in_all(&place.token(), &[counted, sold], "accepted");
    wait::until("the count to be cut off", || {
        (place.proxy().on_the_way() == 1).then_some(())
    });
    if lost == Lost::Killed {
        agent.kill();
        agent = Agent::start(place.home(), &hurry);
    }
    agent.wait_drained(DRAIN);
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    wait::until("the late request to come to its end", || {
        (place.proxy().on_the_way() == 0).then_some(())
    });
    assert_eq!(
        stock(&place.office, [product]),
        [6_000],
        "one was sold after the count"
    );
    agent.stop();
}

#[test]
fn a_count_whose_answer_was_lost_is_not_passed_by_a_sale() {
    not_passed_by_a_sale::<19>("count_lost", Lost::Cut);
}

#[test]
fn a_count_that_was_under_way_when_the_agent_was_killed_is_not_passed_by_a_sale() {
    not_passed_by_a_sale::<19>("count_killed", Lost::Killed);
}
