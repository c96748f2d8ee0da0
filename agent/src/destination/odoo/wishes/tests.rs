//! What is asked for, of which card, and whether an invoice can be made.

use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::destination::odoo::testing::{dec, delivery};

fn wishes(kind: &str, more: Value) -> Wishes {
    let mut body = json!({ "prices": "tax_included", "total": "0" });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    Wishes::of(&delivery(kind, 1, body))
}

#[rstest]
#[case::nobody(json!({}), false)]
#[case::a_customer(json!({ "customer": { "reference": "C1" } }), false)]
#[case::who_asks(json!({ "customer": { "reference": "C1", "invoice": { "name": "Muster" } } }), true)]
fn an_invoice_is_wanted_where_the_receipt_has_one(#[case] body: Value, #[case] wanted: bool) {
    let found = wishes("sale", body);
    assert_eq!((found.invoice, found.is_nothing()), (wanted, !wanted));
}

#[rstest]
#[case::earned("sale", json!({ "earned": "6" }), Some("6"))]
#[case::spent("sale", json!({ "redeemed": "2.5" }), Some("-2.5"))]
#[case::both("sale", json!({ "earned": "6", "redeemed": "10" }), Some("-4"))]
#[case::as_many("sale", json!({ "earned": "6", "redeemed": "6" }), None)]
#[case::none("sale", json!({}), None)]
#[case::an_exchange_takes_back("sale", json!({ "earned": "-3" }), Some("-3"))]
#[case::back("return", json!({ "earned": "6", "redeemed": "2" }), Some("-4"))]
#[case::back_with_its_sign("return", json!({ "earned": "-6", "redeemed": "-2" }), Some("-4"))]
fn a_return_takes_back_what_was_earned_whichever_sign_the_till_gives_it(
    #[case] kind: &str,
    #[case] loyalty: Value,
    #[case] expected: Option<&str>,
) {
    let found = wishes(kind, json!({ "loyalty": loyalty })).points;
    assert_eq!(found.map(|points| points.change), expected.map(dec));
}

#[rstest]
#[case::of_the_points(json!({ "loyalty": { "card": "77", "earned": "1" }, "customer": { "loyalty_card": "88" } }), Some("77"))]
#[case::of_the_customer(json!({ "loyalty": { "earned": "1" }, "customer": { "loyalty_card": "88" } }), Some("88"))]
#[case::none(json!({ "loyalty": { "earned": "1" } }), None)]
fn the_card_is_that_of_the_points_or_else_the_customers(
    #[case] body: Value,
    #[case] expected: Option<&str>,
) {
    let found = wishes("sale", body).points.expect("points");
    assert_eq!(found.card.as_deref(), expected);
}

/// A receipt's gift cards: their ends, changes, and whether they are ours.
fn cards(kind: &str, body: Value) -> Vec<(String, String, bool)> {
    let found = wishes(kind, body).gift_cards.into_iter();
    let row = |card: GiftCard| {
        let change = card.change.normalize().to_string();
        (card.number, change, card.issuer == Issuer::Us)
    };
    found.map(row).collect()
}

fn sold(quantity: &str, price: &str, serials: &[&str]) -> Value {
    let lots: Vec<Value> = serials
        .iter()
        .map(|serial| json!({ "serial": serial, "quantity": "1", "expiry": "2028-12-31" }))
        .collect();
    json!({ "line": 1, "type": "voucher", "product": { "name": "Gift card" }, "quantity": quantity,
            "unit_price": price, "total": "1", "lots": lots })
}

fn paid(kind: &str, amount: &str, number: &str) -> Value {
    json!({ "type": kind, "method": "X", "amount": amount, "reference": number })
}

#[rstest]
#[case::one_sold("sale", json!({ "lines": [sold("1", "50", &["G1"])] }), &[("G1", "50", true)])]
#[case::two_sold("sale", json!({ "lines": [sold("2", "25", &["G1", "G2"])] }), &[("G1", "25", true), ("G2", "25", true)])]
#[case::given_back("return", json!({ "lines": [sold("-1", "50", &["G1"])] }), &[("G1", "-50", true)])]
#[case::without_a_number("sale", json!({ "lines": [sold("1", "50", &[])] }), &[])]
#[case::used("sale", json!({ "tenders": [paid("gift_card", "20", "G1")] }), &[("G1", "-20", true)])]
#[case::paid_back_onto("return", json!({ "tenders": [paid("store_credit", "-20", "G1")] }), &[("G1", "20", true)])]
#[case::somebodys("sale", json!({ "tenders": [paid("voucher", "20", "G1")] }), &[("G1", "-20", false)])]
#[case::a_cheque("sale", json!({ "tenders": [paid("cheque", "20", "G1")] }), &[])]
#[case::used_for_a_new_one(
    "sale", json!({ "lines": [sold("1", "50", &["G2"])], "tenders": [paid("voucher", "30", "G1"), paid("gift_card", "20", "G1")] }),
    &[("G2", "50", true), ("G1", "-50", true)])]
#[case::of_its_own_money("sale", json!({ "lines": [sold("1", "20", &["G1"])], "tenders": [paid("gift_card", "20", "G1")] }), &[])]
fn a_gift_card_is_known_by_its_number_and_changes_by_its_face(
    #[case] kind: &str,
    #[case] body: Value,
    #[case] expected: &[(&str, &str, bool)],
) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(number, change, ours)| ((*number).to_owned(), (*change).to_owned(), *ours))
        .collect();
    assert_eq!(cards(kind, body), expected);
}

#[test]
fn a_gift_card_counts_by_what_it_is_worth_and_not_by_what_it_cost() {
    let mut line = sold("1", "50", &["G1"]);
    line["discounts"] = json!([{ "amount": "5" }]);
    line["total"] = "45".into();
    assert_eq!(cards("sale", json!({ "lines": [line] }))[0].1, "50");
    let mut line = sold("-2", "10", &["G1", "G2"]);
    line["tax"] = "-3.20".into();
    let on_top = json!({ "prices": "tax_excluded", "lines": [line] });
    assert_eq!(cards("return", on_top)[1].1, "-11.6");
    let until = wishes("sale", json!({ "lines": [sold("1", "50", &["G1"])] })).gift_cards;
    assert_eq!(until[0].expiry, Some(jiff::civil::date(2028, 12, 31)));
}

fn order(customer: Option<i64>, invoice: Option<&str>) -> Stored {
    Stored {
        id: 70,
        uuid: Uuid::from_u128(7),
        by_reference: false,
        name: "ZH01-3 - 4711".to_owned(),
        state: "paid".to_owned(),
        at: "2026-11-20 16:00:00".to_owned(),
        reference: "ZH01-3-0-20261120-4711".to_owned(),
        total: dec("12.80"),
        paid: dec("12.80"),
        rounding: Decimal::ZERO,
        tip: Decimal::ZERO,
        refund: false,
        customer,
        session: Some(1),
        invoice: invoice.map(str::to_owned),
        lines: Vec::new(),
    }
}

#[rstest]
#[case::made_before(19, Some(3), Some("INV/1"), false, Invoicing::There("INV/1".into()))]
#[case::made_before_its_day_was_closed(14, Some(3), Some("INV/1"), true, Invoicing::There("INV/1".into()))]
#[case::to_be_made(14, Some(3), None, false, Invoicing::Ask)]
#[case::for_nobody(
    19,
    None,
    None,
    false,
    Invoicing::No("Odoo does not know the customer")
)]
#[case::after_the_close(19, Some(3), None, true, Invoicing::Ask)]
#[case::after_the_close_of_14(14, Some(3), None, true, Invoicing::No("its day is closed in Odoo"))]
fn an_invoice_is_asked_for_only_where_there_is_none_and_it_can_be_made(
    #[case] version: u32,
    #[case] customer: Option<i64>,
    #[case] invoice: Option<&str>,
    #[case] closed: bool,
    #[case] expected: Invoicing,
) {
    let found = invoicing(&order(customer, invoice), closed, Facts::of(version));
    assert_eq!(found, expected);
}

#[rstest]
#[case::nothing(&[], &[], "")]
#[case::one(&["INV/1"], &[], "; invoice INV/1")]
#[case::a_return_of_two(&["R/1", "R/2"], &[], "; invoice R/1, R/2")]
#[case::none(&[], &["why", "why"], "; not invoiced: why")]
#[case::half(&["R/1"], &["why"], "; invoice R/1; not invoiced: why")]
fn what_became_of_the_invoice_is_noted(
    #[case] made: &[&str],
    #[case] reasons: &[&str],
    #[case] expected: &str,
) {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(invoices_noted(&texts(made), &texts(reasons)), expected);
}

#[test]
fn what_pays_back_is_invoiced_only_where_its_sign_counts() {
    let asks = |version, total: &str, refund| {
        let order = Stored {
            total: dec(total),
            refund,
            ..order(Some(3), None)
        };
        invoicing(&order, false, Facts::of(version)) == Invoicing::Ask
    };
    assert!(asks(19, "12.80", false) && asks(19, "-12.80", true) && asks(19, "0", false));
    assert!(!asks(19, "-12.80", false), "an exchange");
    assert!(!asks(19, "1.00", true), "a return whose fee is higher");
    assert!(asks(18, "-12.80", false) && asks(18, "1.00", true));
}
