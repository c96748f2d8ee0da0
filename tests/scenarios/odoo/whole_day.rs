//! A whole generated day of three tills arrives, and arrives once.
//!
//! Goal: orders, lines, payments, totals and taxes per till, links of refunds, the counted stock and the books are what
//! was rung up; the same day from a PC with an empty data folder changes nothing; and the comparison would notice.
//! Method: hand in the day before and the day, drain, compare with SQL; hand in again; plant a wrong cent, a loss and a
//! double in the tables and see the comparison turn red for each.

use tillpost_tests::books;
use tillpost_tests::head_office::HeadOffice;
use tillpost_tests::odoo::Database;
use tillpost_tests::shop::day::{Day, Plan};

use super::{assert_books, faults, shop, wait_arrived};

#[test]
fn a_whole_day_arrives_once_and_handed_in_again_changes_nothing() {
    let (mut office, day) = shop(
        "whole_day",
        &Plan {
            tills: 3,
            ..Plan::small(19)
        },
    );
    arrives_once(&mut office, &day);
    faults::are_noticed(&office.database, &day.ledger);
}

/// The day before, the day, and both again from a PC with an empty data folder.
pub(super) fn arrives_once(office: &mut HeadOffice, day: &Day) {
    let agent = office.start();
    office.hand_in(&agent, &day.earlier, "accepted");
    wait_arrived(&agent, &office.database);
    office.hand_in(&agent, &day.documents, "accepted");
    wait_arrived(&agent, &office.database);
    assert_books(&office.database, &day.ledger);
    agent.stop();

    let before = [
        orders(&office.database),
        books::stock_moves(&office.database),
    ];
    office.new_home();
    let agent = office.start();
    office.hand_in(&agent, &day.earlier, "accepted");
    office.hand_in(&agent, &day.documents, "accepted");
    wait_arrived(&agent, &office.database);
    let after = [
        orders(&office.database),
        books::stock_moves(&office.database),
    ];
    assert_eq!(after, before, "new orders or stock moves");
    assert_books(&office.database, &day.ledger);
    agent.stop();
}

fn orders(database: &Database) -> i64 {
    database.number("SELECT count(*) AS a FROM pos_order")
}
