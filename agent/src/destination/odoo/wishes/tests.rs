//! What is asked for, of which card, whether an invoice can be made, what goes up and what is noted.

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

fn known(program_name: &str) -> Card {
    Card {
        id: 5,
        program: 2,
        program_name: program_name.to_owned(),
    }
}

#[rstest]
#[case::known(Some("77"), None, Some("Loyalty"), Ok(5))]
#[case::of_its_programme(Some("77"), Some("loyalty"), Some("Loyalty "), Ok(5))]
#[case::of_another(
    Some("77"),
    Some("Gold"),
    Some("Loyalty"),
    Err("the loyalty card is of another programme in Odoo")
)]
#[case::unknown(Some("77"), None, None, Err("Odoo does not know the loyalty card"))]
#[case::unnamed(
    None,
    Some("Loyalty"),
    Some("Loyalty"),
    Err("the receipt names no loyalty card")
)]
fn points_go_to_the_card_that_is_named_and_of_the_programme_that_is_named(
    #[case] number: Option<&str>,
    #[case] program: Option<&str>,
    #[case] there: Option<&str>,
    #[case] expected: Result<i64, &str>,
) {
    let points = Points {
        program: program.map(str::to_owned),
        card: number.map(str::to_owned),
        change: dec("1"),
    };
    let found: Vec<Card> = there.map(known).into_iter().collect();
    assert_eq!(card(&points, &found).map(|card| card.id), expected);
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

#[test]
fn cards_and_their_changes_go_up_as_odoo_takes_them() {
    let changes = [
        (known("Loyalty"), dec("6.50")),
        (
            Card {
                id: 9,
                ..known("Gold")
            },
            dec("-10"),
        ),
    ];
    insta::assert_snapshot!(serde_json::to_string_pretty(&coupon_data(&changes)).expect("json"), @r#"
    {
      "5": {
        "points": 6.5,
        "program_id": 2,
        "coupon_id": 5,
        "partner_id": false
      },
      "9": {
        "points": -10,
        "program_id": 2,
        "coupon_id": 9,
        "partner_id": false
      }
    }
    "#);
}

#[test]
fn of_an_order_and_a_card_the_newest_row_counts() {
    let row = |order, card, change| Booked {
        card,
        order,
        change: dec(change),
    };
    let rows = [
        row(71, 5, "-4"),
        row(70, 5, "-20"),
        row(70, 5, "50"),
        row(70, 6, "3"),
        row(71, 6, "-3"),
    ];
    assert_eq!(changes(&rows), BTreeMap::from([(5, dec("-24"))]));
}

#[rstest]
#[case::as_it_should("6.0", Some("6"), "; 6 points on the loyalty card")]
#[case::other(
    "6",
    Some("-2.5"),
    "; -2.5 points on the loyalty card in Odoo instead of 6"
)]
#[case::nothing("-6", None, "; -6 points not booked")]
fn what_stands_on_the_card_is_noted(
    #[case] wanted: &str,
    #[case] there: Option<&str>,
    #[case] expected: &str,
) {
    assert_eq!(points_noted(dec(wanted), there.map(dec)), expected);
}
