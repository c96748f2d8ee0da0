//! What stands in Odoo, read from its tables by SQL: the other half of every comparison.

mod posted;
mod tables;

use std::collections::BTreeMap;

use tables::{Tables, tables};

pub use tables::order_uid;

use crate::figures::{Figures, quantity};
use crate::odoo::Database;

/// The till's code in a point of sale's name, as in `ZH01-3 [test]`.
const TILL: &str = "regexp_replace(c.name, '^ZH01-(.*?)( \\[.*\\])?$', '\\1')";

/// Everything the shop's ledger also knows, as Odoo holds it.
pub fn figures(database: &Database) -> Figures {
    let mut figures = Figures::default();
    let tables = tables(database);
    for (name, select) in per_till(&tables) {
        for row in database.rows(&select) {
            figures.set(format!("till {}: {name}", row[0]), &row[1]);
        }
    }
    orders(database, &tables, &mut figures);
    order_lines(database, &tables, &mut figures);
    posted::booked(database, &tables, &mut figures);
    posted::days(database, &tables, &mut figures);
    let Tables {
        order,
        line,
        takes_back,
        ..
    } = &tables;
    for row in database.rows(&format!(
        "SELECT {line} AS a, string_agg({order}, ' and ') AS b FROM pos_order_line r \
         JOIN pos_order_line l ON {takes_back} JOIN pos_order o ON o.id = r.order_id GROUP BY 1",
    )) {
        figures.set(format!("line {} comes back by", row[0]), &row[1]);
    }
    for (sku, thousandths) in stock(database) {
        figures.set(format!("stock {sku}"), quantity(thousandths));
    }
    for row in database.rows(&format!(
        "SELECT p.default_code AS a, n.name AS b, round(sum(q.quantity) * 1000)::bigint::text AS c FROM stock_quant q \
         JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal' JOIN {} n ON n.id = q.lot_id \
         JOIN product_product p ON p.id = q.product_id WHERE p.default_code LIKE 'TP-%' GROUP BY 1, 2",
        tables.lots
    )) {
        let many = quantity(row[2].parse().unwrap());
        figures.set(format!("stock {} of {}", row[0], row[1]), many);
    }
    figures
}

/// The figures of each till: name and query.
fn per_till(tables: &Tables) -> Vec<(&'static str, String)> {
    let select = |value: &str, from: &str| {
        format!(
            "SELECT {TILL} AS a, {value} AS b FROM pos_config c {from} \
             WHERE c.name LIKE 'ZH01-%' GROUP BY 1"
        )
    };
    let session = "LEFT JOIN pos_session s ON s.config_id = c.id";
    let order = format!("{session} LEFT JOIN pos_order o ON o.session_id = s.id");
    let paid = |cash: &str| {
        select(
            "coalesce(sum(p.amount), 0)::numeric(16,2)::text",
            &format!(
                "{order} LEFT JOIN (SELECT p.* FROM pos_payment p JOIN pos_payment_method m \
                 ON m.id = p.payment_method_id WHERE {cash}) p ON p.pos_order_id = o.id"
            ),
        )
    };
    let moves = format!("{session} {}", tables.moves);
    let closed = format!("{session} AND s.state = 'closed'");
    vec![
        ("orders", select("count(o.id)::text", &order)),
        (
            "total",
            select(
                "coalesce(sum(o.amount_total), 0)::numeric(16,2)::text",
                &order,
            ),
        ),
        (
            "tax",
            select(
                "coalesce(sum(o.amount_tax), 0)::numeric(16,2)::text",
                &order,
            ),
        ),
        (
            "lines",
            select(
                "count(l.id)::text",
                &format!("{order} LEFT JOIN pos_order_line l ON l.order_id = o.id"),
            ),
        ),
        ("paid cash", paid("m.is_cash_count")),
        ("paid card", paid("NOT coalesce(m.is_cash_count, false)")),
        ("cash moves", select("count(l.id)::text", &moves)),
        (
            "cash moved",
            select("coalesce(sum(l.amount), 0)::numeric(16,2)::text", &moves),
        ),
        ("sessions closed", select("count(s.id)::text", &closed)),
    ]
}

/// Every order of our tills by its uuid, when it was sold, and what was paid for it by method. An order that stands there
/// twice shows its number behind the total.
fn orders(database: &Database, tables: &Tables, figures: &mut Figures) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let Tables {
        order: uid, method, ..
    } = tables;
    let ours = "JOIN pos_session s ON s.id = o.session_id JOIN pos_config c ON c.id = s.config_id \
                WHERE c.name LIKE 'ZH01-%'";
    for row in database.rows(&format!(
        "SELECT {uid} AS a, o.amount_total::numeric(16,2)::text AS b, extract(epoch FROM o.date_order)::bigint::text AS c \
         FROM pos_order o {ours} ORDER BY o.id",
    )) {
        let times = seen.entry(row[0].clone()).or_default();
        *times += 1;
        let again = if *times > 1 {
            format!(" (number {times})")
        } else {
            String::new()
        };
        figures.set(format!("order {}{again}", row[0]), &row[1]);
        figures.set(format!("order {}{again}: sold at", row[0]), &row[2]);
    }
    for row in database.rows(&format!(
        "SELECT {uid} AS a, CASE WHEN m.is_cash_count THEN 'cash' ELSE lower({method}) END AS b, \
         sum(p.amount)::numeric(16,2)::text AS c FROM pos_payment p \
         JOIN pos_payment_method m ON m.id = p.payment_method_id JOIN pos_order o ON o.id = p.pos_order_id {ours} \
         GROUP BY 1, 2 HAVING sum(p.amount) <> 0",
    )) {
        figures.set(format!("order {}: paid {}", row[0], row[1]), &row[2]);
    }
}

/// Every line of our tills' orders by its uuid: how many thousandths of a unit for how much, tax included.
fn order_lines(database: &Database, tables: &Tables, figures: &mut Figures) {
    for row in database.rows(&format!(
        "SELECT {} AS a, round(l.qty * 1000)::bigint::text AS b, l.price_subtotal_incl::numeric(16,2)::text AS c \
         FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id JOIN pos_session s ON s.id = o.session_id \
         JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%' ORDER BY l.id",
        tables.line
    )) {
        let many = quantity(row[1].parse().unwrap());
        figures.set(format!("line {}", row[0]), format!("{many} for {}", row[2]));
    }
}

/// Thousandths on hand by article number, over all shelves.
pub fn stock(database: &Database) -> BTreeMap<String, i64> {
    let rows = database.rows(
        "SELECT p.default_code AS a, round(sum(q.quantity) * 1000)::bigint::text AS b FROM stock_quant q \
         JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal' \
         JOIN product_product p ON p.id = q.product_id WHERE p.default_code LIKE 'TP-%' GROUP BY 1",
    );
    let pair = |row: Vec<String>| (row[0].clone(), row[1].parse().unwrap());
    rows.into_iter().map(pair).collect()
}

/// Everything that is wrong with the bookkeeping, one sentence each: entries that do not balance or are not posted,
/// pickings that are not done, sessions that are not closed, orders that are not done.
pub fn faults(database: &Database) -> Vec<String> {
    let tables = tables(database);
    let entries = format!(
        "SELECT m.name AS a, m.state AS b FROM account_move m WHERE m.state <> 'posted' AND m.id IN \
         (SELECT move FROM ({}) e)",
        tables.entries
    );
    let unfinished = format!(
        "SELECT {} AS a, o.state AS b FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
         JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%' AND o.state NOT IN ('done', 'invoiced')",
        tables.order
    );
    let checks = [
        (
            "entry {} does not balance: {}",
            "SELECT m.name AS a, sum(l.debit - l.credit)::text AS b FROM account_move m \
             JOIN account_move_line l ON l.move_id = m.id GROUP BY m.id, m.name \
             HAVING round(sum(l.debit - l.credit), 2) <> 0",
        ),
        ("entry {} is {}", entries.as_str()),
        (
            "picking {} is {}",
            "SELECT p.name AS a, p.state AS b FROM stock_picking p WHERE p.state <> 'done' AND p.pos_session_id IN \
             (SELECT s.id FROM pos_session s JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%')",
        ),
        (
            "session {} is {}",
            "SELECT s.name AS a, s.state AS b FROM pos_session s JOIN pos_config c ON c.id = s.config_id \
             WHERE c.name LIKE 'ZH01-%' AND s.state <> 'closed'",
        ),
        ("order {} is {}", unfinished.as_str()),
        (
            "entry {} was made to balance by {}",
            "SELECT m.name AS a, (l.debit - l.credit)::text AS b FROM account_move_line l JOIN account_move m ON m.id = l.move_id \
             JOIN pos_session s ON s.move_id = m.id JOIN pos_config c ON c.id = s.config_id \
             WHERE c.name LIKE 'ZH01-%' AND l.name = 'Difference at closing PoS session'",
        ),
    ];
    let mut faults = Vec::new();
    for (sentence, select) in checks {
        for row in database.rows(select) {
            faults.push(
                sentence
                    .replacen("{}", &row[0], 1)
                    .replacen("{}", &row[1], 1),
            );
        }
    }
    faults
}

/// How many stock moves there are.
pub fn stock_moves(database: &Database) -> i64 {
    database.number("SELECT count(*) AS a FROM stock_move")
}
