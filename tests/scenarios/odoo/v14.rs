//! The same job against a real Odoo 14, which has no unique key, no uids and no way to say what a line takes back.
//!
//! Goal: what was rung up stands there once, in books that balance; the same day from a PC with an empty data folder
//! changes nothing; kill -9 while it drains, or with a request out, loses and doubles nothing; a first request that still
//! runs is waited out; and no rescue session is ever made. Method: as in `whole_day` and `kills`, with the books read from
//! Odoo 14's tables. Runs with `tests/run --all`, as do the modules `v14` of `parked`, `refusals`, `counts`, `moves` and
//! `pickups`.

use tillpost_tests::head_office::HeadOffice;
use tillpost_tests::odoo::Database;
use tillpost_tests::shop::day::{Day, Plan};

use super::counts;
use super::kills::{REQUEST_LIMIT, dies_at_each, killed_while_it_drains, queue};
use super::once::{self, Lost, Store};
use super::whole_day::arrives_once;
use super::{assert_books, faults, hard_day, wait_arrived};

/// Kills in the middle of the drain.
const KILLS: usize = 3;
/// What a day passes from its morning on: calls with the request out and the answer unread, and one that was answered.
const EARLY: [&str; 5] = [
    "odoo.out.pos.session.set_cashbox_pos",
    "odoo.out.pos.order.create_from_ui",
    "odoo.request_sent",
    "odoo.out.pos.session.action_pos_session_validate",
    "odoo.out.cash.box.out.run",
];
/// What it passes at its end.
const LATE: [&str; 1] = ["odoo.out.stock.inventory.action_validate"];

fn shop(name: &str, plan: &Plan) -> (HeadOffice, Day) {
    let day = Day::generate(plan);
    (HeadOffice::on(14, name, &day.tills), day)
}

fn rescue_sessions(database: &Database) -> i64 {
    database.number("SELECT count(*) AS a FROM pos_session WHERE rescue")
}

#[test]
fn a_small_day_arrives_once_and_handed_in_again_changes_nothing() {
    let (mut office, day) = shop("v14_small", &Plan::small(14));
    arrives_once(&mut office, &day);
    assert_eq!(rescue_sessions(&office.database), 0);
}

#[test]
fn a_whole_day_arrives_once_and_handed_in_again_changes_nothing() {
    let (mut office, day) = shop(
        "v14_whole",
        &Plan {
            tills: 3,
            ..Plan::small(19)
        },
    );
    arrives_once(&mut office, &day);
    assert_eq!(rescue_sessions(&office.database), 0);
    faults::are_noticed(&office.database, &day.ledger);
}

#[test]
fn long_two_hard_days_are_booked_to_the_cent_when_goods_leave_at_once() {
    hard_day::arrives(14, "real");
}

#[test]
fn long_two_hard_days_are_booked_to_the_cent_when_goods_leave_at_the_close() {
    hard_day::arrives(14, "closing");
}

#[test]
fn killed_while_it_drains_nothing_is_missing_and_nothing_double() {
    let (office, day) = shop("v14_kills", &Plan::small(15));
    office.request_limit(REQUEST_LIMIT);
    queue(&office, &day);
    // Below 19 all that was in the batch in hand is waited out, so each of these takes a while.
    dies_at_each(&office, &EARLY);
    killed_while_it_drains(&office, 14, KILLS);
    dies_at_each(&office, &LATE);
    let agent = office.start();
    wait_arrived(&agent, &office.database);
    assert_books(&office.database, &day.ledger);
    assert_eq!(rescue_sessions(&office.database), 0);
    agent.stop();
}

#[test]
fn what_has_no_key_is_there_once_though_the_first_request_still_runs() {
    let mut store = Store::<14>::patient("v14_once");
    store.assert_once(&once::opening(), Lost::Cut);
    store.assert_once(&once::order(2), Lost::Cut);
    store.assert_once(&once::order(3), Lost::Killed);
    store.assert_once(&once::cash(14, 4), Lost::Cut);
    store.assert_once(&once::counted(14), Lost::Killed);
}

#[test]
fn a_count_whose_answer_was_lost_is_not_passed_by_a_sale() {
    counts::not_passed_by_a_sale::<14>("v14_count_lost", Lost::Cut);
}

#[test]
fn longest_a_limit_that_is_too_short_doubles() {
    let mut store = Store::<14>::hasty("v14_doubles");
    // Else the second would trip over the first one's stock, start again and find it there.
    store.moves_stock_at_the_close();
    store.sells(1);
    store.assert_doubles(&once::order(2));
    store.assert_doubles(&once::cash(14, 3));
}
