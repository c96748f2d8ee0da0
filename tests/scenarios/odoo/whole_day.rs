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

use super::{assert_books, shop, wait_arrived};

#[test]
fn a_whole_day_arrives_once_and_handed_in_again_changes_nothing() {
    let (mut office, day) = shop("whole_day", &Plan::whole());
    arrives_once(&mut office, &day);
    let expected = day.ledger.figures();
    for fault in FAULTS {
        let before = expected.differences(&books::figures(&office.database));
        office.database.tamper(fault.sql);
        let after = expected.differences(&books::figures(&office.database));
        assert!(
            after.len() > before.len(),
            "{} goes unnoticed: {after:?}",
            fault.name
        );
        let named = after
            .iter()
            .any(|sentence| sentence.contains(fault.seen_in) && !before.contains(sentence));
        assert!(named, "{}: {after:?}", fault.name);
    }
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

/// A fault planted in the tables, and a figure that must show it.
struct Fault {
    name: &'static str,
    sql: &'static str,
    seen_in: &'static str,
}

const FAULTS: [Fault; 3] = [
    Fault {
        name: "a wrong cent",
        sql: "UPDATE pos_order SET amount_total = amount_total + 0.01 WHERE id = (SELECT max(o.id) FROM pos_order o \
              JOIN pos_session s ON s.id = o.session_id JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-1%')",
        seen_in: "till 1: total",
    },
    Fault {
        name: "a loss",
        sql: "BEGIN; \
              CREATE TEMP TABLE lost AS SELECT max(o.id) AS id FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
              JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-2%' AND o.amount_total > 0 AND NOT EXISTS \
              (SELECT 1 FROM pos_order_line l JOIN pos_order_line r ON r.refunded_orderline_id = l.id WHERE l.order_id = o.id); \
              DELETE FROM pos_payment WHERE pos_order_id IN (SELECT id FROM lost); \
              DELETE FROM pos_order_line WHERE order_id IN (SELECT id FROM lost); \
              DELETE FROM pos_order WHERE id IN (SELECT id FROM lost); COMMIT",
        seen_in: "till 2: orders",
    },
    Fault {
        name: "a double",
        sql: "BEGIN; \
              CREATE TEMP TABLE again AS SELECT o.* FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
              JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-3%' ORDER BY o.id DESC LIMIT 1; \
              UPDATE again SET id = id + 1000000, uuid = '00000000-0000-4000-8000-000000000000', access_token = NULL; \
              INSERT INTO pos_order SELECT * FROM again; COMMIT",
        seen_in: "till 3: orders",
    },
];
