//! A till's day, and what is planted in it.

use jiff::Timestamp;
use jiff::civil::{date, time};
use jiff::tz::TimeZone;
use rstest::rstest;
use rusqlite::params;
use serde_json::{Value, json};
use tillpost_shared::intake::{Reading, Terms, read};
use tillpost_shared::key;
use tillpost_shared::key::Numbering;
use tillpost_shared::scalar::Code;

use super::*;
use crate::store::accept::{Arrival, Route, Routes, accept};
use crate::store::connection::open_writer;

const NOW: &str = "2026-10-30T19:00:00+01:00";

fn document(kind: &str, sequence: i64, body: Value) -> Value {
    json!({"kind": kind, "store": "ZH01", "till": "3", "sequence": sequence, "currency": "CHF",
        "business_date": "2026-10-30", "occurred_at": "2026-10-30T17:03:11+01:00", "body": body})
}

fn sale(sequence: i64, quantity: i64, price: &str, tenders: Value) -> Value {
    let total = if quantity < 0 {
        format!("-{price}")
    } else {
        price.to_owned()
    };
    let kind = if quantity < 0 { "return" } else { "sale" };
    let mut body = json!({"prices": "tax_included", "total": total, "tenders": tenders,
        "lines": [{"line": 1, "type": "item", "product": {"sku": "A1"},
            "quantity": quantity.to_string(), "unit_price": price, "total": total}]});
    if body["tenders"][0]["amount"] == "20.00" {
        body["change"] = "10.00".into();
    }
    document(kind, sequence, body)
}

fn cash(amount: &str) -> Value {
    json!([{"type": "cash", "method": "CASH", "amount": amount}])
}

fn card(amount: &str) -> Value {
    json!([{"type": "card", "method": "CARD", "amount": amount}])
}

/// Opened with 200, sold for 10 in cash and 30 by card, took back 10, paid 5 out, voided the first sale, closed.
fn day() -> Vec<Value> {
    vec![
        document(
            "day_open",
            1,
            json!({"opening": [{"method": "CASH", "amount": "200.00"}]}),
        ),
        sale(2, 1, "10.00", cash("20.00")),
        sale(3, 1, "30.00", card("30.00")),
        sale(4, -1, "10.00", cash("-10.00")),
        document(
            "cash_movement",
            5,
            json!({"type": "pay_out", "method": "CASH", "amount": "-5.00"}),
        ),
        document("void", 6, json!({"of": {"sequence": 2}})),
        document(
            "day_close",
            7,
            json!({"first_sequence": 1, "last_sequence": 6,
            "sales": {"gross": "30.00", "returns": "-10.00"},
            "tenders": [{"method": "CASH", "expected": "185.00"}, {"method": "CARD", "counted": "30.00"}]}),
        ),
    ]
}

/// An outbox with these documents, all on their way.
fn outbox(documents: Vec<Value>) -> (tempfile::TempDir, Connection) {
    let dir = tempfile::tempdir().unwrap();
    let connection = open_writer(&dir.path().join("outbox.db")).unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let terms = Terms::new(Code::parse("ZH01").unwrap(), zone, time(4, 0, 0, 0), now);
    let route = Route {
        destination: "odoo".to_owned(),
        kinds: None,
    };
    for document in documents {
        let Reading::Read(judged) = read(document, &terms) else {
            panic!("refused");
        };
        let arrival = Arrival::of(*judged, &Numbering::default());
        accept(
            &connection,
            vec![arrival],
            &Routes(vec![route.clone()]),
            "till 3",
            now,
        )
        .unwrap();
    }
    (dir, connection)
}

/// Delivers every document but one.
fn deliver(connection: &Connection, but: i64) {
    for table in ["deliveries", "documents"] {
        let sql = format!("UPDATE {table} SET state = 'delivered' WHERE seq <> ?1");
        connection.execute(&sql, [but]).unwrap();
    }
}

fn question() -> Question {
    Question {
        date: date(2026, 10, 30),
        currency: "CHF".to_owned(),
        tills: None,
        numbering: Numbering::default(),
        wrapping: BTreeSet::new(),
        now: "2026-10-30T20:00:00+01:00".parse().unwrap(),
    }
}

fn prove(documents: Vec<Value>, read_back: &ReadBack) -> Proof {
    let (_dir, connection) = outbox(documents);
    deliver(&connection, 0);
    figures(&connection, &question(), read_back).unwrap()
}

fn uid(sequence: i64) -> Uuid {
    key::uid(&format!("ZH01/3/0/{sequence}"))
}

fn stands(sequence: i64, total: Decimal) -> Held {
    Held {
        uid: uid(sequence),
        total: Some(total),
        ..Held::default()
    }
}

/// What an honest Odoo holds of the day's sales, returns and voids.
fn held() -> HeldThere {
    let totals = [(2, 10), (3, 30), (4, -10), (6, -10)];
    HeldThere {
        asked: totals.iter().map(|(number, _)| uid(*number)).collect(),
        found: totals
            .iter()
            .map(|(number, total)| stands(*number, Decimal::from(*total)))
            .collect(),
        beside: Vec::new(),
    }
}

fn by_odoo(held: HeldThere) -> ReadBack {
    BTreeMap::from([("odoo".to_owned(), held)])
}

/// One line a row: name, rung up, stored, acknowledged, read back.
fn table(proof: &Proof) -> Vec<String> {
    let figure = |sum: Option<&Acknowledged>| {
        sum.map_or("-".to_owned(), |sum| {
            format!("{} {}", sum.count, sum.amount)
        })
    };
    let line = |row: &Row| {
        let rung_up = row.rung_up.as_ref().map_or("-".to_owned(), |rung| {
            let count = rung.count.map_or("?".to_owned(), |count| count.to_string());
            format!("{count} {}", rung.amount.as_deref().unwrap_or("?"))
        });
        let name = row.tender.as_deref().unwrap_or(row.kind);
        let stored = format!("{} {}", row.stored.count, row.stored.amount);
        let there = figure(row.acknowledged.first());
        let read_back = figure(row.read_back.first().and_then(Option::as_ref));
        format!("{name}: {rung_up} | {stored} | {there} | {read_back}")
    };
    proof.rows.iter().map(line).collect()
}

#[test]
fn a_day_on_which_everything_arrived_is_complete() {
    let proof = prove(day(), &by_odoo(held()));
    assert_eq!(proof.differences, []);
    assert!(proof.complete);
    assert_eq!(
        table(&proof),
        [
            "cash_movement: - | 1 -5.00 | 1 -5.00 | -",
            "day_close: 6 20.00 | 6 20.00 | 6 20.00 | 4 20.00",
            "day_open: - | 1 0.00 | 1 0.00 | -",
            "return: - | 1 -10.00 | 1 -10.00 | 1 -10.00",
            "sale: - | 2 40.00 | 2 40.00 | 2 40.00",
            "void: - | 1 -10.00 | 1 -10.00 | 1 -10.00",
            "CARD: ? 30.00 | 1 30.00 | 1 30.00 | -",
            "CASH: ? -10.00 | 3 -10.00 | 3 -10.00 | -",
        ]
    );
}

fn wrong_cent() -> Vec<Value> {
    let mut day = day();
    day[2] = sale(3, 1, "30.01", card("30.01"));
    day
}

fn lost() -> Vec<Value> {
    let mut day = day();
    day.remove(2);
    day
}

fn double() -> Vec<Value> {
    let mut day = day();
    day.push(sale(8, 1, "30.00", card("30.00")));
    day
}

#[rstest]
#[case::wrong_cent(
    wrong_cent(),
    "ZH01/3/0/7",
    "the day: the till rang up 20.00, stored is 20.01"
)]
#[case::lost(lost(), "ZH01/3/0/3", "no document has this number")]
#[case::double(
    double(),
    "ZH01/3/0/7",
    "CARD: the till rang up 30.00, stored is 60.00"
)]
fn what_is_wrong_in_the_store_is_named(
    #[case] day: Vec<Value>,
    #[case] key: &str,
    #[case] what: &str,
) {
    let proof = prove(day, &ReadBack::new());
    assert!(!proof.complete);
    let expected = Difference {
        key: key.to_owned(),
        what: what.to_owned(),
    };
    assert!(
        proof.differences.contains(&expected),
        "{:?}",
        proof.differences
    );
}

#[rstest]
#[case::wrong_cent(|held: &mut HeldThere| held.found[1].total = Some(Decimal::new(3001, 2)), "odoo holds 30.01, stored is 30.00")]
#[case::lost(|held: &mut HeldThere| { held.found.remove(1); }, "odoo does not hold it")]
#[case::double(|held: &mut HeldThere| held.found.push(stands(3, Decimal::from(30))), "odoo holds it 2 times")]
fn what_is_wrong_at_the_destination_is_named(
    #[case] plant: fn(&mut HeldThere),
    #[case] what: &str,
) {
    let mut held = held();
    plant(&mut held);
    let proof = prove(day(), &by_odoo(held));
    let expected = Difference {
        key: "ZH01/3/0/3".to_owned(),
        what: what.to_owned(),
    };
    assert_eq!((proof.complete, proof.differences), (false, vec![expected]));
}

#[test]
fn a_gap_is_named_by_till_series_and_range() {
    let mut day = day();
    day.drain(2..5);
    day.pop();
    let proof = prove(day, &ReadBack::new());
    let gap = Gap {
        till: "3".to_owned(),
        series: "0".to_owned(),
        from: 3,
        to: 5,
    };
    assert_eq!((proof.complete, proof.gaps), (false, vec![gap]));
}

#[test]
fn the_first_and_last_number_of_the_close_are_looked_for() {
    let mut day = day();
    day.remove(5);
    day.remove(0);
    let proof = prove(day, &ReadBack::new());
    let ends: Vec<(i64, i64)> = proof.gaps.iter().map(|gap| (gap.from, gap.to)).collect();
    assert_eq!(ends, [(1, 1), (6, 6)]);
}

#[test]
fn a_number_of_another_trading_day_is_no_gap() {
    let mut day = day();
    day[4]["business_date"] = "2026-10-31".into();
    let proof = prove(day, &ReadBack::new());
    assert_eq!(proof.gaps, []);
}

/// Numbers run on over the night: the one used last counts, not the highest. Today's are 3, 4 and 6.
#[rstest]
#[case::not_all_came(&[("2026-10-28", 99), ("2026-10-29", 1)], &[(2, 2), (5, 5)])]
#[case::rung_up_before_midnight(&[("2026-10-29", 1), ("2026-10-29", 2)], &[(5, 5)])]
#[case::rung_up_after_midnight(&[("2026-10-29", 2), ("2026-10-31", 5)], &[])]
#[case::the_same_number_weeks_ago(&[("2026-10-02", 5), ("2026-10-29", 2)], &[(5, 5)])]
#[case::begun_again_overnight(&[("2026-10-29", 99)], &[(5, 5)])]
fn between_two_days_of_a_till_whose_numbers_wrap(
    #[case] others: &[(&str, i64)],
    #[case] expected: &[(i64, i64)],
) {
    let other = |(date, number): &(&str, i64)| {
        let mut sale = sale(*number, 1, "10.00", cash("10.00"));
        sale["business_date"] = (*date).into();
        sale
    };
    let today = [3, 4, 6].map(|number| sale(number, 1, "10.00", cash("10.00")));
    let (_dir, connection) = outbox(others.iter().map(other).chain(today).collect());
    let mut question = question();
    question
        .numbering
        .set("3", None, tillpost_shared::key::Numbers::Restart);
    question.wrapping.insert("3".to_owned());
    let proof = figures(&connection, &question, &ReadBack::new()).unwrap();
    let gaps: Vec<(i64, i64)> = proof.gaps.iter().map(|gap| (gap.from, gap.to)).collect();
    assert_eq!(gaps, expected);
}

#[rstest]
#[case("parked", "parked for odoo: no such product")]
#[case("waiting", "waiting for odoo: no such product")]
fn what_has_not_arrived_is_named_with_its_reason(#[case] state: &str, #[case] what: &str) {
    let (_dir, connection) = outbox(day());
    deliver(&connection, 3);
    let answer = r#"{"code":"unknown_product","message":"no such product","hint":"add it"}"#;
    connection
        .execute(
            "UPDATE deliveries SET state = ?1, answer = ?2 WHERE seq = 3",
            params![state, answer],
        )
        .unwrap();
    let proof = figures(&connection, &question(), &ReadBack::new()).unwrap();
    let expected = Difference {
        key: "ZH01/3/0/3".to_owned(),
        what: what.to_owned(),
    };
    assert_eq!(
        (proof.complete, &proof.differences),
        (false, &vec![expected])
    );
    let sale = proof.rows.iter().find(|row| row.kind == "sale").unwrap();
    assert_eq!((sale.stored.count, sale.acknowledged[0].count), (2, 1));
}

#[test]
fn a_withdrawn_document_counts_nowhere_but_has_its_number() {
    let (_dir, connection) = outbox(day());
    deliver(&connection, 5);
    connection
        .execute_batch("UPDATE deliveries SET state = 'withdrawn' WHERE seq = 5; UPDATE documents SET state = 'withdrawn' WHERE seq = 5")
        .unwrap();
    let proof = figures(&connection, &question(), &ReadBack::new()).unwrap();
    assert_eq!(proof.gaps, []);
    assert!(proof.rows.iter().all(|row| row.kind != "cash_movement"));
    assert_eq!(
        proof.differences[0].what,
        "CASH: the till rang up -15.00, stored is -10.00"
    );
}

#[test]
fn a_till_proves_its_own_day() {
    let (_dir, connection) = outbox(day());
    let other = Question {
        tills: Some(vec!["4".to_owned()]),
        ..question()
    };
    let proof = figures(&connection, &other, &ReadBack::new()).unwrap();
    assert_eq!((proof.complete, proof.rows), (true, Vec::new()));
}

#[test]
fn an_old_day_that_was_just_read_back_is_remembered_and_the_days_are_few() {
    let read_backs = ReadBacks::default();
    let day = |n: i8| jiff::civil::date(2026, 3, 1 + n);
    for n in (0..20).rev() {
        read_backs.put(day(n), "odoo", HeldThere::default());
        assert_eq!(read_backs.of(day(n)).len(), 1, "{n}");
    }
    let remembered = (0..20).filter(|n| !read_backs.of(day(*n)).is_empty());
    assert_eq!(remembered.collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
}
