//! The day's proof against a real Odoo: green when everything stands there, and by name whatever does not.
//!
//! Goal: the proof's read-back is what stands in Odoo's tables, by till, kind and method; an order deleted, changed, paid
//! otherwise or added behind our back is named, each. Method: a whole small day, its figures by SQL; then one fault after
//! the other planted in the tables.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::odoo::Database;
use tillpost_tests::shop::day::{Day, Plan};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, moment, range, yesterday};
use tillpost_tests::wait;

use super::{shop, wait_arrived};

fn proof(office: &HeadOffice, day: &Day, complete: bool) -> Value {
    let date = day.date.to_string();
    let said = office.home.run(&["proof", "--date", &date, "--json"]);
    let proof: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    assert_eq!(proof["complete"], complete, "{:#}", proof["differences"]);
    said.ended(i32::from(!complete));
    proof
}

/// Read back by `row`'s name, as count and amount.
fn read_back(proof: &Value, name: impl Fn(&Value) -> Option<String>) -> BTreeMap<String, String> {
    let mut sums: BTreeMap<String, (i64, f64)> = BTreeMap::new();
    for row in proof["rows"].as_array().unwrap() {
        let (Some(name), Some(read)) = (name(row), row["read_back"][0].as_object()) else {
            continue;
        };
        let sum = sums.entry(name).or_default();
        sum.0 += read["count"].as_i64().unwrap();
        let amount: f64 = read["amount"].as_str().unwrap().parse().unwrap();
        sum.1 += amount;
    }
    let text = |(name, (count, amount))| (name, format!("{count}: {amount:.2}"));
    sums.into_iter().map(text).collect()
}

fn by_sql(database: &Database, select: &str) -> BTreeMap<String, String> {
    let rows = database.rows(select);
    rows.into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect()
}

#[test]
fn a_day_is_proven_by_what_stands_in_odoo_and_every_fault_is_named() {
    let (office, day) = shop("proof", &Plan::small(77));
    let agent = office.start();
    office.hand_in(&agent, &day.earlier, "accepted");
    wait_arrived(&agent, &office.database);
    office.hand_in(&agent, &day.documents, "accepted");
    wait_arrived(&agent, &office.database);

    let green = proof(&office, &day, true);
    let mark = format!("%-{}-%", day.date.strftime("%Y%m%d"));
    let receipts = |row: &Value| {
        let kind = row["kind"].as_str().unwrap();
        let counts = ["sale", "return", "void"].contains(&kind);
        counts.then(|| row["till"].as_str().unwrap().to_owned())
    };
    let ours = format!(
        "FROM pos_order o JOIN pos_session s ON s.id = o.session_id JOIN pos_config c ON c.id = s.config_id \
         WHERE o.pos_reference LIKE '{mark}'"
    );
    let till = "substring(c.name from 'ZH01-([0-9]+)')";
    // A receipt of goods from two others is two orders.
    let orders = format!(
        "SELECT {till} AS a, count(DISTINCT coalesce(nullif(o.internal_note, ''), o.uuid)) || ': ' || \
         sum(o.amount_total)::numeric(16,2) AS b {ours} GROUP BY 1"
    );
    assert_eq!(
        read_back(&green, receipts),
        by_sql(&office.database, &orders)
    );
    let tenders = |row: &Value| {
        let method = row["tender"].as_str()?;
        Some(format!("{} {method}", row["till"].as_str().unwrap()))
    };
    let money: BTreeMap<String, String> = read_back(&green, tenders)
        .into_iter()
        .map(|(name, sum)| (name, sum.split(": ").nth(1).unwrap().to_owned()))
        .collect();
    let paid = format!(
        "SELECT {till} || CASE WHEN m.is_cash_count THEN ' CASH' ELSE ' CARD' END AS a, \
         sum(p.amount)::numeric(16,2)::text AS b FROM pos_payment p \
         JOIN pos_payment_method m ON m.id = p.payment_method_id JOIN pos_order o ON o.id = p.pos_order_id \
         JOIN pos_session s ON s.id = o.session_id JOIN pos_config c ON c.id = s.config_id \
         WHERE o.pos_reference LIKE '{mark}' GROUP BY 1"
    );
    assert_eq!(money, by_sql(&office.database, &paid));
    plant(&office, &day, &agent);
    agent.stop();
}

/// Plants one fault after the other; each is named beside those before it.
fn plant(office: &HeadOffice, day: &Day, agent: &Agent) {
    let mark = format!("-{}-", day.date.strftime("%Y%m%d"));
    let mut named = 0;
    for fault in FAULTS {
        let sql = fault.sql.replace("{mark}", &mark);
        office.database.tamper(&sql);
        let red = proof(office, day, false);
        let differences = red["differences"].as_array().unwrap();
        let seen = |difference: &&Value| {
            let what = difference["what"].as_str().unwrap();
            fault.seen.iter().all(|words| what.contains(words))
        };
        assert!(
            differences.iter().any(|difference| seen(&difference)),
            "{} goes unnoticed: {differences:#?}",
            fault.name
        );
        assert!(differences.len() > named, "{}", fault.name);
        named = differences.len();
    }
    let status = agent.status();
    assert_eq!(status["documents"]["parked"], 0, "{status}");
}

/// A fault planted in the tables, and the words by which the proof tells it.
struct Fault {
    name: &'static str,
    sql: &'static str,
    seen: &'static [&'static str],
}

const FAULTS: [Fault; 5] = [
    Fault {
        name: "an order that was changed",
        sql: "UPDATE pos_order SET amount_total = amount_total + 0.01 WHERE id = \
              (SELECT max(id) FROM pos_order WHERE pos_reference LIKE '%{mark}%')",
        seen: &["odoo holds", "stored is"],
    },
    Fault {
        name: "a payment by another method",
        sql: "UPDATE pos_payment p SET payment_method_id = (SELECT max(m.id) FROM pos_payment_method m \
              JOIN pos_config_pos_payment_method_rel r ON r.pos_payment_method_id = m.id \
              JOIN pos_session s ON s.config_id = r.pos_config_id JOIN pos_order o ON o.session_id = s.id \
              WHERE o.id = p.pos_order_id AND NOT m.is_cash_count) \
              WHERE p.id = (SELECT min(q.id) FROM pos_payment q JOIN pos_order o ON o.id = q.pos_order_id \
              JOIN pos_payment_method m ON m.id = q.payment_method_id \
              WHERE o.pos_reference LIKE '%{mark}%' AND m.is_cash_count AND o.amount_total > 0 AND o.amount_paid = q.amount)",
        seen: &["odoo holds nothing of CASH"],
    },
    Fault {
        name: "an order that was deleted",
        sql: "BEGIN; CREATE TEMP TABLE lost AS SELECT min(o.id) AS id FROM pos_order o \
              WHERE o.pos_reference LIKE '%{mark}%' AND o.amount_total > 0 AND NOT EXISTS \
              (SELECT 1 FROM pos_order_line l JOIN pos_order_line r ON r.refunded_orderline_id = l.id WHERE l.order_id = o.id); \
              DELETE FROM pos_payment WHERE pos_order_id IN (SELECT id FROM lost); \
              DELETE FROM pos_order_line WHERE order_id IN (SELECT id FROM lost); \
              DELETE FROM pos_order WHERE id IN (SELECT id FROM lost); COMMIT",
        seen: &["odoo does not hold it"],
    },
    Fault {
        name: "an order that was added by hand",
        sql: "BEGIN; CREATE TEMP TABLE again AS SELECT * FROM pos_order WHERE pos_reference LIKE '%{mark}%' \
              AND coalesce(internal_note, '') = '' ORDER BY id DESC LIMIT 1; \
              UPDATE again SET id = id + 1000000, uuid = '00000000-0000-4000-8000-000000000000', access_token = NULL, \
              pos_reference = 'by hand'; INSERT INTO pos_order SELECT * FROM again; COMMIT",
        seen: &["this store never sent"],
    },
    Fault {
        name: "goods that did not leave the stock",
        sql: "UPDATE stock_picking SET state = 'confirmed' WHERE id = (SELECT max(p.id) FROM stock_picking p \
              JOIN pos_session s ON s.id = p.pos_session_id JOIN pos_order o ON o.session_id = s.id \
              WHERE o.pos_reference LIKE '%{mark}%')",
        seen: &["have not left the stock"],
    },
];

/// A card sale of one article, with the terminal's reference.
fn by_card(number: u64, reference: &str) -> Value {
    let at = moment(yesterday(), 60 * i64::try_from(number).unwrap());
    let sale = Receipt::sale("1", number, at, yesterday());
    let mut sale = sale.item(&range()[0], 1_000).paid(CARD).json();
    sale["body"]["tenders"][0]["card"] = json!({ "terminal": "T1", "reference": reference });
    sale
}

#[test]
fn a_settlement_is_held_against_the_receipts_and_posts_nothing() {
    let office = HeadOffice::new("settlement", &["1".to_owned()]);
    let agent = office.start();
    let amount = money(range()[0].price);
    let items =
        json!([{ "reference": "R1", "amount": amount }, { "reference": "R9", "amount": amount }]);
    let settlement = json!({
        "kind": "settlement", "store": "ZH01", "currency": "USD", "business_date": yesterday().to_string(),
        "occurred_at": moment(yesterday(), 7_200).to_string(),
        "body": {
            "provider": "SIX", "terminal": "T1", "batch": "7", "from_at": moment(yesterday(), 0).to_string(),
            "to_at": moment(yesterday(), 7_200).to_string(), "fees": "0.15", "payout_date": "2026-12-01",
            "totals": [{ "count": 2, "amount": money(2 * range()[0].price) }], "items": items,
        },
    });
    let sales = [by_card(1, "R1"), by_card(2, "R2")];
    agent.hand_in_all(office.token("1"), &sales, "accepted");
    let posted = || {
        let entries = "SELECT count(*) AS a FROM account_move";
        office.database.number(entries)
    };
    let settled = || {
        let waiting = (agent.count("waiting"), agent.count("parked"));
        (waiting == (0, 0)).then_some(())
    };
    wait::within(DRAIN, "the sales", settled);
    let before = posted();
    agent.hand_in_all(office.token("1"), &[settlement], "accepted");
    wait::within(DRAIN, "the settlement", settled);
    assert_eq!(posted(), before);

    let date = yesterday().to_string();
    let said = office.home.run(&["proof", "--date", &date, "--json"]);
    let proof: Value = serde_json::from_str(&said.stdout).unwrap();
    let batch = &proof["settlements"][0];
    assert_eq!(batch["charged"], json!([2, money(2 * range()[0].price)]));
    assert_eq!(
        batch["matched"],
        json!([1, amount]),
        "only what the reference says"
    );
    assert_eq!(
        (&batch["fees"], &batch["payout_date"]),
        (&json!("0.15"), &json!("2026-12-01"))
    );
    let differences = proof["differences"].to_string();
    for words in [
        "R9: the batch holds",
        "it could be ZH01/1/0/2",
        "the receipt ZH01/1/0/2 has a card payment",
    ] {
        assert!(differences.contains(words), "{words}: {differences}");
    }
    agent.stop();
}
