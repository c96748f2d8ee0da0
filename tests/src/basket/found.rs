//! What stands in Odoo's books of each till's session, by SQL; the same figures as a [`super::book`]'s.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Money;
use crate::figures::Figures;
use crate::odoo::Database;

/// The figures of every till's sessions, one a day.
pub fn books(database: &Database, money: Money, tills: &[&str], dates: &[Date]) -> Figures {
    let mut figures = Figures::default();
    let mut names = BTreeMap::new();
    for till in tills {
        let sessions = database.rows(&format!(
            "SELECT s.id AS a, s.state AS b FROM pos_session s JOIN pos_config c ON c.id = s.config_id \
             WHERE c.name LIKE 'ZH01-{till}%' ORDER BY s.id"
        ));
        assert_eq!(sessions.len(), dates.len(), "sessions of till {till}");
        // A till's sessions follow each other as its days do.
        for (row, date) in sessions.iter().zip(dates) {
            let name = format!("till {till} {date}");
            figures.set(format!("{name}: state"), &row[1]);
            names.insert(row[0].clone(), name);
        }
    }
    for (what, select) in sums(money) {
        for row in database.rows(&select) {
            let units = row[1].parse().unwrap();
            figures.set(format!("{}: {what}", names[&row[0]]), money.text(units));
        }
    }
    for row in database.rows(&per_session("count(o.id)::text", ORDERS)) {
        figures.set(format!("{}: receipts", names[&row[0]]), &row[1]);
    }
    for row in database.rows(&taxes(database.server.version, money)) {
        let units = row[2].parse().unwrap();
        let name = format!("{}: booked as tax {}", names[&row[0]], row[1]);
        figures.set(name, money.text(units));
    }
    figures.set("cash differences", cash_differences(database));
    figures
}

/// How many entries there are of cash that was not there, or too much.
pub fn cash_differences(database: &Database) -> i64 {
    database.number(
        "SELECT count(*) AS a FROM account_bank_statement_line WHERE payment_ref ILIKE '%difference%'",
    )
}

const ORDERS: &str = "LEFT JOIN pos_order o ON o.session_id = s.id";

fn per_session(what: &str, from: &str) -> String {
    format!(
        "SELECT s.id AS a, {what} AS b FROM pos_session s JOIN pos_config c ON c.id = s.config_id {from} \
         WHERE c.name LIKE 'ZH01-%' GROUP BY 1 ORDER BY 1"
    )
}

/// Sums in minor units: name and query.
fn sums(money: Money) -> Vec<(&'static str, String)> {
    let units = |sum: &str| {
        format!(
            "round(coalesce(sum({sum})::numeric, 0) * {})::bigint::text",
            money.whole()
        )
    };
    let paid = |cash: &str| {
        format!(
            "LEFT JOIN (SELECT p.amount, o.session_id FROM pos_payment p JOIN pos_order o ON o.id = p.pos_order_id \
             JOIN pos_payment_method m ON m.id = p.payment_method_id WHERE {cash}) p ON p.session_id = s.id"
        )
    };
    let entry = |which: &str| {
        format!("LEFT JOIN account_move_line l ON l.move_id = s.move_id AND l.name {which}")
    };
    vec![
        ("total", per_session(&units("o.amount_total"), ORDERS)),
        ("tax", per_session(&units("o.amount_tax"), ORDERS)),
        (
            "cash",
            per_session(&units("p.amount"), &paid("m.is_cash_count")),
        ),
        (
            "card",
            per_session(
                &units("p.amount"),
                &paid("NOT coalesce(m.is_cash_count, false)"),
            ),
        ),
        (
            "booked as income",
            per_session(&units("-l.balance"), &entry("~ '^(Sales|Refund)'")),
        ),
        (
            "booked as rounding",
            per_session(&units("-l.balance"), &entry("~ '^Rounding line'")),
        ),
        (
            "booked as difference",
            per_session(&units("abs(l.balance)"), &entry("ILIKE '%difference%'")),
        ),
    ]
}

/// Session, code and minor units of each tax that comes to something.
fn taxes(version: u32, money: Money) -> String {
    let name = match version {
        14 => "t.name",
        _ => "t.name->>'en_US'",
    };
    format!(
        "SELECT s.id AS a, replace({name}, 'Basket ', '') AS b, round(-sum(l.balance) * {})::bigint::text AS c \
         FROM pos_session s JOIN pos_config c ON c.id = s.config_id JOIN account_move_line l ON l.move_id = s.move_id \
         JOIN account_tax t ON t.id = l.tax_line_id WHERE c.name LIKE 'ZH01-%' GROUP BY 1, 2 HAVING sum(l.balance) <> 0",
        money.whole()
    )
}
