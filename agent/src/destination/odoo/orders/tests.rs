//! Golden payloads, and what is refused before it is sent.

use rstest::rstest;

use super::*;
use crate::destination::odoo::testing::{dec, delivery, tax};
use tillpost_shared::key::Numbering;

fn config(rounds_cash: bool) -> PosConfig {
    let method = |id, name: &str, cash, needs_customer| Method {
        id,
        name: name.to_owned(),
        cash,
        needs_customer,
    };
    PosConfig {
        id: 4,
        name: "ZH01-3".to_owned(),
        company: 1,
        currency: 5,
        currency_code: "CHF".to_owned(),
        methods: vec![
            method(7, "Cash ZH01-3", true, false),
            method(8, "Card", false, false),
            method(9, "On account", false, true),
        ],
        rounds_cash,
        coin: Some(dec("0.05")),
        tip_product: None,
        price_list: None,
        picking_type: None,
        rounds_per_line: false,
        digits: 2,
    }
}

fn build(kind: &str, body: Value, rounds_cash: bool) -> Result<Vec<Value>, Answer> {
    let delivery = delivery(kind, 4711, body);
    let sale = delivery.document.body.as_sale().expect("a sale");
    let parts = parts::parts(&delivery, sale, &Numbering::default());
    let good = |line: &Line| Good {
        product: 100 + line.line.0,
        taxes: match &line.taxes {
            Some(taxes) if taxes.is_empty() => Vec::new(),
            _ => vec![Applied {
                tax: tax(1, "8.1", true),
                code: Some("V81".to_owned()),
                amount: None,
            }],
        },
        refunds: line.returned_from.as_ref().map(|_| 900 + line.line.0),
        tracked: true,
    };
    let goods = sale.lines.iter().map(good).collect();
    let found = Found {
        goods,
        tip_product: Some(50),
        rounding_product: Some(51),
        customer: None,
    };
    let methods = BTreeMap::new();
    let config = config(rounds_cash);
    let till = Till {
        config: &config,
        base: "ZH01-3",
        code: "3",
        methods: &methods,
        quantity_digits: 3,
        store: &[],
        facts: Facts::of(19),
    };
    orders(&delivery, sale, &parts, &found, till)
}

fn line(n: i64, quantity: &str, unit: &str, total: &str) -> Value {
    json!({ "line": n, "type": "item", "product": { "sku": "A", "name": "Milk" }, "quantity": quantity,
            "unit_price": unit, "total": total })
}

fn pretty(orders: &[Value]) -> String {
    serde_json::to_string_pretty(orders).expect("json")
}

#[test]
fn a_sale_with_discount_tip_rounding_and_change() {
    let mut first = line(1, "2", "6.00", "10.80");
    first["discounts"] = json!([{ "amount": "1.20" }]);
    first["lots"] = json!([{ "lot": "L1", "quantity": "2" }]);
    let mut second = line(2, "0.345", "9.99", "3.45");
    second["taxes"] = json!([]);
    let body = json!({ "prices": "tax_included", "total": "14.25", "cash_rounding": "0.05", "change": "1.30",
        "lines": [first, second], "tenders": [
        { "type": "cash", "method": "CASH", "amount": "10.00" },
        { "type": "card", "method": "card", "amount": "7.60", "tip": "2.00",
          "card": { "brand": "VISA", "last4": "4242", "auth_code": "77" } }]});
    let orders = build("sale", body, true).expect("an order");
    insta::assert_snapshot!(pretty(&orders));
}

#[test]
fn a_return_of_two_receipts_and_one_without() {
    let mut lines = [
        line(1, "-1", "5.00", "-5.00"),
        line(2, "-1", "3.00", "-3.00"),
        line(3, "-1", "2.00", "-2.00"),
    ];
    lines[0]["returned_from"] = json!({ "sequence": 11, "line": 1 });
    lines[1]["returned_from"] = json!({ "sequence": 12 });
    let body = json!({ "prices": "tax_included", "total": "-10.00", "lines": lines,
        "tenders": [{ "type": "cash", "method": "CASH", "amount": "-10.00" }]});
    let orders = build("return", body, false).expect("orders");
    insta::assert_snapshot!(pretty(&orders));
}

#[rstest]
#[case::unknown_method(json!([{ "type": "mobile", "method": "TWINT", "amount": "10" }]), json!({}), "method_not_in_odoo")]
#[case::nobody_to_bill(json!([{ "type": "on_account", "method": "On Account", "amount": "10" }]), json!({}), "customer_missing")]
#[case::underpaid(json!([{ "type": "card", "method": "Card", "amount": "9" }]), json!({}), "totals_differ")]
#[case::no_rounding(json!([{ "type": "cash", "method": "Cash", "amount": "9.95" }]), json!({ "cash_rounding": "-0.05" }), "rounding_not_in_odoo")]
#[case::too_fine(json!([{ "type": "card", "method": "Card", "amount": "10" }]), json!({ "lines": [line(1, "0.1234", "81.04", "10")] }), "quantity_digits")]
#[case::lines_do_not_add_up(json!([{ "type": "card", "method": "Card", "amount": "10" }]), json!({ "lines": [line(1, "1", "9", "9")] }), "totals_differ")]
fn what_would_only_fail_at_the_close_is_refused_before(
    #[case] tenders: Value,
    #[case] change: Value,
    #[case] code: &str,
) {
    let mut body = json!({ "prices": "tax_included", "total": "10", "lines": [line(1, "1", "10", "10")], "tenders": tenders });
    for (field, value) in change.as_object().expect("an object") {
        body[field] = value.clone();
    }
    assert_eq!(
        build("sale", body, false).map_err(|answer| answer.code),
        Err(code.to_owned())
    );
}

#[test]
fn another_currency_is_refused() {
    let mut delivery = delivery("sale", 1, json!({ "prices": "tax_included", "total": "0" }));
    let mut document = (*delivery.document).clone();
    document.head.currency = tillpost_shared::scalar::Currency::parse("EUR");
    delivery.document = document.into();
    let answer = check_currency(&delivery, &config(false)).expect_err("another currency");
    assert_eq!(answer.code, "currency_differs");
}
