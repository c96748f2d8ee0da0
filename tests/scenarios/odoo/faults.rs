//! Faults planted in Odoo's tables behind its back: the comparison with the shop's books must turn red for each, or it
//! proves nothing.

use tillpost_tests::books;
use tillpost_tests::ledger::Ledger;
use tillpost_tests::odoo::Database;

use super::expected;

/// A fault planted in the tables, and the figure that must show it.
struct Fault {
    name: &'static str,
    sql: String,
    seen_in: &'static str,
}

/// An order of a till, its newest.
fn newest(till: &str) -> String {
    format!(
        "(SELECT max(o.id) FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
         JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-{till}%')"
    )
}

/// Plants every fault, one upon the other; panics when one changes nothing that is compared, or not the figure it must.
pub fn are_noticed(database: &Database, ledger: &Ledger) {
    let rung_up = expected(database, ledger);
    for fault in faults(database.server.version) {
        let before = rung_up.differences(&books::figures(database));
        database.tamper(&fault.sql);
        let after = rung_up.differences(&books::figures(database));
        let mut new = after.iter().filter(|sentence| !before.contains(sentence));
        let named = new.find(|sentence| sentence.contains(fault.seen_in));
        let (Fault { name, seen_in, .. }, figures) = (&fault, rung_up.0.len());
        let named = named.unwrap_or_else(|| {
            panic!("{name} goes unnoticed in \"{seen_in}\" among {figures} figures: {after:?}")
        });
        println!("noticed: {name}: {named}");
    }
}

/// What differs between the versions' tables.
struct Words {
    /// That the line `r` takes back the line `l`.
    taken_back: &'static str,
    /// What a copied order must have of its own.
    own_uid: &'static str,
    /// That the account `a` is one of income.
    income: &'static str,
    /// The table of what was counted, its column, and the session's id there.
    counted: [&'static str; 3],
}

fn words(version: u32) -> Words {
    match version {
        14 => Words {
            taken_back: "r.notice = 'takes back line ' || l.id",
            own_uid: "",
            income: "a.internal_group = 'income'",
            counted: [
                "account_bank_statement",
                "balance_end_real",
                "pos_session_id",
            ],
        },
        _ => Words {
            taken_back: "r.refunded_orderline_id = l.id",
            own_uid: ", uuid = '00000000-0000-4000-8000-000000000000', access_token = NULL",
            income: "a.account_type LIKE 'income%'",
            counted: ["pos_session", "cash_register_balance_end_real", "id"],
        },
    }
}

fn faults(version: u32) -> Vec<Fault> {
    let words = words(version);
    let mut faults = Vec::from(in_orders());
    faults.push(wrong_payment());
    faults.extend(in_journals(&words));
    faults.extend(lost_and_doubled(&words));
    faults
}

fn fault(name: &'static str, seen_in: &'static str, sql: String) -> Fault {
    Fault { name, sql, seen_in }
}

fn in_orders() -> [Fault; 3] {
    let newest = newest("1");
    [
        fault(
            "a wrong cent",
            "till 1: total",
            format!("UPDATE pos_order SET amount_total = amount_total + 0.01 WHERE id = {newest}"),
        ),
        fault(
            "a wrong cent on a line",
            "line ",
            format!(
                "UPDATE pos_order_line SET price_subtotal_incl = price_subtotal_incl + 0.01 \
                 WHERE id = (SELECT min(id) FROM pos_order_line WHERE order_id = {newest})"
            ),
        ),
        fault(
            "a wrong hour",
            ": sold at",
            format!(
                "UPDATE pos_order SET date_order = date_order + interval '1 hour' WHERE id = {newest}"
            ),
        ),
    ]
}

/// Cash that stands there as paid by card.
fn wrong_payment() -> Fault {
    let card = "(SELECT m.id FROM pos_payment_method m \
                JOIN pos_config_pos_payment_method_rel r ON r.pos_payment_method_id = m.id \
                JOIN pos_config c ON c.id = r.pos_config_id \
                WHERE c.name LIKE 'ZH01-1%' AND NOT coalesce(m.is_cash_count, false) ORDER BY m.id LIMIT 1)";
    let cash = "(SELECT max(p.id) FROM pos_payment p JOIN pos_payment_method m ON m.id = p.payment_method_id \
                JOIN pos_session s ON s.id = p.session_id JOIN pos_config c ON c.id = s.config_id \
                WHERE c.name LIKE 'ZH01-1%' AND m.is_cash_count AND p.amount > 0)";
    let sql = format!("UPDATE pos_payment SET payment_method_id = {card} WHERE id = {cash}");
    fault("a wrong payment", ": paid card", sql)
}

fn in_journals(words: &Words) -> [Fault; 3] {
    // A line of a till's closing entry.
    let item = |till: &str, which: &str| {
        format!(
            "(SELECT min(l.id) FROM account_move_line l JOIN pos_session s ON s.move_id = l.move_id \
             JOIN pos_config c ON c.id = s.config_id JOIN account_account a ON a.id = l.account_id \
             WHERE c.name LIKE 'ZH01-{till}%' AND {which})"
        )
    };
    let shift = |cents: &str, from: String, to: String| {
        format!(
            "UPDATE account_move_line SET balance = balance - {cents} WHERE id = {from}; \
             UPDATE account_move_line SET balance = balance + {cents} WHERE id = {to}"
        )
    };
    let of_tax = "l.tax_line_id IN (SELECT id FROM account_tax WHERE amount = 8.1)";
    let of_income = format!("l.tax_line_id IS NULL AND {}", words.income);
    let [table, column, session] = words.counted;
    [
        fault(
            "a wrong tax",
            "till 1: booked tax 8.1 %",
            shift("0.01", item("1", of_tax), item("1", &of_income)),
        ),
        fault(
            "a payment booked on another till",
            "till 2: booked received cash",
            shift(
                "5",
                item("2", "l.name LIKE '% - Cash ZH01-2%'"),
                item("1", "l.name LIKE '% - Cash ZH01-1%'"),
            ),
        ),
        fault(
            "another amount counted",
            ": counted",
            format!(
                "UPDATE {table} SET {column} = {column} - 1 WHERE {session} = (SELECT max(s.id) FROM pos_session s \
                 JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-2%')"
            ),
        ),
    ]
}

fn lost_and_doubled(words: &Words) -> [Fault; 2] {
    let Words {
        taken_back,
        own_uid,
        ..
    } = words;
    let newest = newest("3");
    [
        fault(
            "a loss",
            "till 2: orders",
            format!(
                "BEGIN; \
                 CREATE TEMP TABLE lost AS SELECT max(o.id) AS id FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
                 JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-2%' AND o.amount_total > 0 AND NOT EXISTS \
                 (SELECT 1 FROM pos_order_line l JOIN pos_order_line r ON {taken_back} WHERE l.order_id = o.id); \
                 DELETE FROM pos_payment WHERE pos_order_id IN (SELECT id FROM lost); \
                 DELETE FROM pos_order_line WHERE order_id IN (SELECT id FROM lost); \
                 DELETE FROM pos_order WHERE id IN (SELECT id FROM lost); COMMIT"
            ),
        ),
        fault(
            "a double",
            "till 3: orders",
            format!(
                "BEGIN; CREATE TEMP TABLE again AS SELECT * FROM pos_order WHERE id = {newest}; \
                 UPDATE again SET id = id + 1000000{own_uid}; \
                 INSERT INTO pos_order SELECT * FROM again; COMMIT"
            ),
        ),
    ]
}
