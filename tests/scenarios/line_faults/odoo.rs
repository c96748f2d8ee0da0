//! The bad line in front of a real Odoo 19: here every batch takes several requests, and each may meet a fault. First
//! sales alone, counted by their uids; then whole days of everything that a store does, compared with Odoo's own books.

use std::time::Instant;

use tillpost_tests::agent::Agent;
use tillpost_tests::place::{ByOdoo, Place};
use tillpost_tests::proxy::faults::{Fault, assert_hit};
use tillpost_tests::report;
use tillpost_tests::shop::day::{Day, Plan};
use tillpost_tests::wait;

use super::{every_kind, over_a_bad_line};
use crate::odoo::{assert_books, faults, wait_arrived};

const ODOO: &str = "real Odoo 19";
/// How long a request of these days runs at the longest, as the agent is told: what Odoo knows no key for waits so long
/// after each answer that is lost.
const REQUEST_LIMIT: &str = "8s";
/// By how much the agent shortens its waits, see `agent/src/hurry.rs`: the close of a day must still be answered in time.
const HURRY: &str = "12";
/// Fewer faults are no bad line.
const FAULTS_MIN: usize = 15;

#[test]
fn forty_sales_over_a_bad_line_to_odoo() {
    let place = ByOdoo::new("bad_line");
    // A wrong certificate is dealt too, but so seldom that waiting for it would make many more of them.
    over_a_bad_line(&place, ODOO, 100, 40, 6, &Fault::OF_REQUESTS);
}

#[test]
fn long_1_000_sales_over_a_bad_line_to_odoo() {
    let place = ByOdoo::new("long_bad_line");
    over_a_bad_line(&place, ODOO, 1_000, 1_000, 30, &Fault::OF_REQUESTS);
}

/// Hands in the two days of a plan over a bad line and compares with Odoo's books; then plants faults in these, a wrong
/// cent, a loss and a double among them, and sees the comparison turn red for each.
fn days_over_a_bad_line(name: &str, plan: &Plan, one_in: u64, kinds: &[Fault]) {
    let begin = Instant::now();
    let day = Day::generate(plan);
    let place = ByOdoo::with_tills(name, &day.tills);
    place.office.request_limit(REQUEST_LIMIT);
    let database = &place.office.database;
    place.proxy().at_random(plan.seed, one_in);
    let agent = Agent::start(place.home(), &[("TILLPOST_HURRY", HURRY)]);
    for documents in [&day.earlier, &day.documents] {
        place.office.hand_in(&agent, documents, "accepted");
        wait_arrived(&agent, database);
    }
    wait::until("late requests to arrive", || {
        (place.proxy().on_the_way() == 0).then_some(())
    });
    let (counts, requests) = (place.proxy().counts(), place.proxy().seen().len());
    assert_books(database, &day.ledger);
    assert_eq!(agent.count("held"), 0, "{}", agent.status());
    let documents = day.earlier.len() + day.documents.len();
    let name = format!("{documents} documents of whole days over a bad line to {ODOO}");
    let words = format!(
        "| documents | requests | faults that happened | figures of Odoo's books that differ |\n|---|---|---|---|\n\
         | {documents} | {requests} | {} | 0 |\n",
        report::times(&counts)
    );
    report::publish(&name, &words);
    println!("{requests} requests, {} s", begin.elapsed().as_secs());
    assert_hit(&counts, kinds);
    let met = counts.values().sum::<usize>();
    assert!(
        met >= FAULTS_MIN,
        "only {met} faults in {requests} requests"
    );
    drop(agent);
    faults::are_noticed(database, &day.ledger);
}

#[test]
fn long_two_days_of_everything_over_a_bad_line_stand_in_odoos_books_once() {
    let plan = Plan {
        tills: 3,
        sales: 50,
        returns: 10,
        voids: 5,
        exchanges: 3,
        ..Plan::small(61)
    };
    days_over_a_bad_line("bad_days", &plan, 24, &[]);
}

#[test]
fn longest_1_000_documents_of_everything_over_a_bad_line_stand_in_odoos_books_once() {
    let plan = Plan {
        tills: 4,
        sales: 780,
        returns: 90,
        blind: 25,
        old: 10,
        voids: 40,
        early_voids: 10,
        exchanges: 30,
        ..Plan::small(62)
    };
    days_over_a_bad_line("bad_thousand", &plan, 24, &every_kind());
}
