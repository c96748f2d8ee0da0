//! Documents for tests: one full sample per kind, and a short way to change one thing in them.

use jiff::civil::time;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::document::Kind;
use crate::intake::{Judged, Reading, Terms, read};
use crate::key::{Numbering, Numbers};
use crate::problem::Problem;
use crate::scalar::Code;

/// A store in Zurich whose day ends at four, at 19:00 of the sample day.
pub fn terms() -> Terms {
    let received_at = "2026-10-30T19:00:00+01:00".parse().unwrap();
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    Terms::new(
        Code::parse("ZH01").unwrap(),
        zone,
        time(4, 0, 0, 0),
        received_at,
    )
}

/// The same store, where till 3 starts again every day.
pub fn terms_restarting() -> Terms {
    let mut numbering = Numbering::default();
    numbering.set("3", None, Numbers::Restart);
    Terms {
        numbering,
        ..terms()
    }
}

fn head(kind: &str) -> Value {
    json!({
        "kind": kind, "schema": 1, "store": "ZH01", "till": "3", "series": "0", "sequence": 4711,
        "receipt_number": "3-4711", "business_date": "2026-10-30",
        "occurred_at": "2026-10-30T17:03:11+01:00", "currency": "CHF", "operator": "op7",
        "source": {"system": "kasse", "version": "7.1", "file": "day.xml", "reference": "r-1"},
        "fiscal": {"signature": "abc", "counter": 12, "rate": 1.50},
        "ext": {"shelf": "B4"},
    })
}

fn document(kind: &str, body: Value) -> Value {
    with(head(kind), "/body", body)
}

/// A line of one piece for 10.00, tax included.
pub fn line(number: i64) -> Value {
    json!({"line": number, "type": "item", "product": {"sku": "A1"}, "quantity": "1",
        "unit_price": "10.00", "total": "10.00"})
}

/// The smallest sale: one line, paid in cash.
pub fn sale() -> Value {
    json!({"kind": "sale", "store": "ZH01", "till": "3", "sequence": 4711, "currency": "CHF",
        "occurred_at": "2026-10-30T17:03:11+01:00",
        "body": {"prices": "tax_included", "lines": [line(1)], "total": "10.00",
            "tenders": [{"type": "cash", "method": "CASH", "amount": "10.00"}]}})
}

/// The smallest return: one line, paid back in cash.
pub fn goods_back() -> Value {
    let sale = with(with(sale(), "/kind", "return"), "/body/total", "-10.00");
    let sale = with(
        sale,
        "/body/lines/0/returned_from",
        json!({"sequence": 4000}),
    );
    let sale = with(sale, "/body/lines/0/quantity", "-1");
    let sale = with(sale, "/body/lines/0/total", "-10.00");
    with(sale, "/body/tenders/0/amount", "-10.00")
}

/// A document of the kind in which every field of the contract is filled.
pub fn full(kind: Kind) -> Value {
    match kind {
        Kind::Sale => document("sale", full_sale()),
        Kind::Return => with(goods_back(), "/body/lines/0/disposition", "restock"),
        Kind::Void => document(
            "void",
            json!({"of": origin(), "reason": "mistake",
            "refund_tenders": [with(full_tender(), "/type", "cash")], "cash_rounding": "0.02"}),
        ),
        Kind::DayOpen => document(
            "day_open",
            json!({"opening": [{"method": "CASH", "amount": "200.00"}]}),
        ),
        Kind::DayClose => document("day_close", full_close()),
        Kind::CashMovement => document(
            "cash_movement",
            json!({"type": "pay_in", "method": "CASH",
            "amount": "93.00", "reason": "coins",
            "foreign": {"currency": "EUR", "amount": "100.00", "rate": "0.93"}}),
        ),
        Kind::TillActivity => document(
            "till_activity",
            json!({"type": "cancelled", "amount": "12.00"}),
        ),
        Kind::Settlement => document("settlement", full_settlement()),
        Kind::StockCount => document(
            "stock_count",
            json!({"count": "C1", "part": "1",
            "mode": "full", "cutoff_at": "2026-10-30T06:00:00+01:00", "complete": true,
            "missing_means": "zero", "lines": [{"line": 1, "location": "SHOP",
            "product": full_product(), "quantity": "3", "unit": "EA", "lots": full_lots(),
            "counted_at": "2026-10-30T07:00:00+01:00", "ext": {"shelf": "7"}}]}),
        ),
        Kind::StockMove => document(
            "stock_move",
            json!({"type": "transfer_out", "reference": "T/1",
            "part": "1", "partner": "ZH02", "from": "SHOP", "to": "ZH02", "lines": [{"line": 1,
            "product": full_product(), "quantity": "3", "unit": "EA", "lots": full_lots(),
            "reason": "asked for", "ext": {"box": "7"}}]}),
        ),
        Kind::Pickup => document(
            "pickup",
            json!({"order": "SO1", "part": "1",
            "type": "handed_over", "carrier": "post", "tracking": "99", "lines": [{"line": 1,
            "product": full_product(), "quantity": "3", "lots": full_lots(), "ext": {"box": "7"}}]}),
        ),
    }
}

fn full_product() -> Value {
    json!({"sku": "A1", "barcode": "7610200000000", "plu": "12", "name": "Apple",
        "department": "fruit"})
}

fn full_lots() -> Value {
    json!([{"lot": "L1", "quantity": "2", "expiry": "2027-01-31"},
        {"serial": "S1", "quantity": "1"}])
}

fn origin() -> Value {
    json!({"uid": "4636ef54-b9db-52a8-b215-fe307dff173b", "store": "ZH01", "till": "3",
        "series": "0", "sequence": 4000, "receipt_number": "3-4000",
        "business_date": "2026-10-29", "line": 2})
}

fn full_tender() -> Value {
    json!({"type": "card", "method": "CARD", "amount": "93.00", "reference": "x1",
        "foreign": {"currency": "EUR", "amount": "100.00", "rate": "0.93"}, "tip": "2.00",
        "cashback": "60.00", "card": {"brand": "visa", "last4": "1111", "auth_code": "1234",
        "terminal": "T1", "reference": "c1"}, "ext": {"wallet": "phone"}})
}

fn full_line() -> Value {
    json!({"line": 1, "type": "item", "product": full_product(), "quantity": "3", "unit": "EA",
        "unit_price": "12.00", "list_price": "13.00",
        "discounts": [{"amount": "5.00", "code": "D", "reason": "damaged", "promotion": "P"}],
        "taxes": [{"code": "V81", "rate": "8.1", "amount": "2.32"}], "net": "28.68",
        "tax": "2.32", "total": "31.00", "returned_from": origin(), "reason": "too big",
        "disposition": "restock", "lots": full_lots(),
        "price_override": {"original": "13.00", "reason": "asked", "operator": "op7"},
        "parent_line": 9, "ext": {"shelf": "B4"}})
}

fn full_sale() -> Value {
    json!({"prices": "tax_included", "lines": [full_line()],
        "taxes": [{"code": "V81", "rate": "8.1", "base": "28.68", "amount": "2.32"}],
        "tax_total": "2.32", "total": "31.00", "cash_rounding": "-0.01",
        "tenders": [full_tender()], "change": "0.01",
        "customer": {"reference": "C1", "loyalty_card": "77", "invoice": {"name": "Anna Muster",
            "street": "Weg 1", "zip": "8000", "city": "Zurich", "country": "CH",
            "tax_number": "CHE-1", "email": "anna@example.com"}},
        "loyalty": {"program": "P", "card": "77", "earned": "3", "redeemed": "1"},
        "order": "SO1", "voided_lines": [line(5)],
        "approvals": [{"type": "age", "operator": "op7", "line": 1, "reason": "wine",
            "minimum_age": 18, "passed": true}]})
}

fn full_close() -> Value {
    json!({"z_number": 12, "first_sequence": 4700, "last_sequence": 4799,
        "counts": {"receipts": 99}, "sales": {"gross": "100.00", "returns": "-10.00",
            "discounts": "5.00", "tax": "6.74",
            "by_tax": [{"code": "V81", "rate": "8.1", "base": "83.26", "amount": "6.74"}]},
        "tenders": [{"method": "CASH", "expected": "290.00", "counted": "289.00",
            "difference": "-1.00", "foreign": {"currency": "EUR", "expected": "5.00",
            "counted": "5.00"}}],
        "drawer": {"opening": "200.00", "in": "10.00", "out": "20.00", "closing": "289.00"}})
}

fn full_settlement() -> Value {
    json!({"provider": "six", "terminal": "T1", "batch": "B7",
        "from_at": "2026-10-30T00:00:00+01:00", "to_at": "2026-10-30T17:00:00+01:00",
        "totals": [{"brand": "visa", "count": 2, "amount": "30.00"},
            {"brand": "amex", "count": 1, "amount": "-10.00"}],
        "fees": "0.40", "payout_date": "2026-11-02",
        "items": [{"reference": "c1", "amount": "20.00",
            "occurred_at": "2026-10-30T17:03:11+01:00"}]})
}

/// The document with `value` at a JSON pointer; the last step may be new, `-` appends to a list.
pub fn with(mut document: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).expect("the place exists");
    match parent {
        Value::Object(map) => drop(map.insert(name.to_owned(), value.into())),
        Value::Array(list) if name == "-" => list.push(value.into()),
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("{parent} has no fields")
        }
    }
    document
}

/// The document without the field at a JSON pointer.
pub fn without(mut document: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
    parent
        .expect("the place exists")
        .shift_remove(name)
        .expect("the field is there");
    document
}

/// The document as it was judged; it must not be refused.
pub fn judge(document: Value) -> Judged {
    match read(document, &terms()) {
        Reading::Read(judged) => *judged,
        Reading::Refused { problems, .. } => panic!("refused: {problems:?}"),
        Reading::Newer(newer) => panic!("of a later schema: {:?}", newer.problems),
    }
}

/// Every problem of a document, as `level code path`.
pub fn problems(document: Value) -> Vec<String> {
    let found = match read(document, &terms()) {
        Reading::Read(judged) => judged.problems,
        Reading::Refused { problems, .. } => problems,
        Reading::Newer(newer) => newer.problems,
    };
    found.iter().map(words).collect()
}

/// A problem as `level code path`.
pub fn words(problem: &Problem) -> String {
    let level = format!("{:?}", problem.level).to_lowercase();
    format!("{level} {} {}", problem.code.as_str(), problem.path)
        .trim_end()
        .to_owned()
}

/// The document with several values in their places.
pub fn changed(document: Value, changes: &[(&str, Value)]) -> Value {
    let change =
        |document, (pointer, value): &(&str, Value)| with(document, pointer, value.clone());
    changes.iter().fold(document, change)
}
