//! A golden file per version and kind of receipt: what leaves for Odoo, key by key.

use rstest::rstest;

use super::*;

/// The fields that the tried 18 names, and 19, of those that the builders write.
fn known(version: u32) -> KnownFields {
    let set = |names: &str| names.split(' ').map(str::to_owned).collect();
    let order = "uuid session_id name pos_reference date_order sequence_number partner_id lines payment_ids state \
                 user_id pricelist_id fiscal_position_id amount_total amount_tax amount_paid amount_return is_tipped \
                 tip_amount";
    let line = "uuid name product_id qty price_unit discount tax_ids price_subtotal price_subtotal_incl \
                full_product_name refunded_orderline_id pack_lot_ids";
    let payment = "uuid payment_method_id amount payment_date is_change card_no card_brand payment_ref_no name";
    let more = |names: &str, then: &str, now: &str| match version {
        19.. => set(&format!("{names} {now}")),
        _ => set(&format!("{names} {then}")),
    };
    KnownFields {
        order: more(order, "general_note", "internal_note is_refund"),
        line: more(line, "note", "extra_tax_data"),
        payment: more(payment, "ticket", "payment_method_authcode"),
    }
}

fn uuid(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

fn line(n: u128, fields: Value) -> Value {
    let mut line = json!({ "uuid": uuid(10 + n), "name": format!("ZH01-3-0-20261120-7-{n}"), "discount": 0,
        "tax_ids": [[6, 0, [1]]], "extra_tax_data": {} });
    for (field, value) in fields.as_object().expect("fields") {
        line[field] = value.clone();
    }
    json!([0, 0, line])
}

fn payment(n: u128, fields: Value) -> Value {
    let mut payment = json!({ "uuid": uuid(20 + n), "payment_date": "2026-11-20 16:03:11" });
    for (field, value) in fields.as_object().expect("fields") {
        payment[field] = value.clone();
    }
    json!([0, 0, payment])
}

fn receipt(fields: Value) -> Value {
    let mut order = json!({
        "uuid": uuid(1), "state": "paid", "date_order": "2026-11-20 16:03:11", "pos_reference": "ZH01-3-0-20261120-7",
        "sequence_number": 7, "fiscal_position_id": false, "partner_id": false, "amount_return": 0,
    });
    for (field, value) in fields.as_object().expect("fields") {
        order[field] = value.clone();
    }
    order
}

/// A card return of one line of another receipt, one of several orders of its receipt.
fn back() -> Value {
    receipt(json!({
        "amount_total": -8.1, "amount_tax": -0.6, "amount_paid": -8.1, "is_refund": true, "internal_note": "n",
        "lines": [line(1, json!({ "product_id": 5, "qty": -1, "price_unit": 8.1, "price_subtotal": -7.5,
            "price_subtotal_incl": -8.1, "refunded_orderline_id": 77 }))],
        "payment_ids": [payment(1, json!({ "payment_method_id": 4, "amount": -8.1, "card_brand": "VISA",
            "payment_method_authcode": "77", "payment_ref_no": "R1" }))],
    }))
}

/// A sale of a lot, rounded to coins, with a tip, paid with a note: change is a payment of its own.
fn sold() -> Value {
    receipt(json!({
        "partner_id": 9, "amount_total": 10.03, "amount_tax": 0.6, "amount_paid": 10.05, "is_tipped": true,
        "tip_amount": 1.93,
        "lines": [
            line(1, json!({ "product_id": 5, "qty": 0.345, "price_unit": 23.48, "price_subtotal": 7.5,
                "price_subtotal_incl": 8.1, "full_product_name": "Cheese", "pack_lot_ids": [[0, 0, { "lot_name": "L1" }]] })),
            line(2, json!({ "product_id": 6, "qty": 1, "price_unit": 1.93, "price_subtotal": 1.93,
                "price_subtotal_incl": 1.93, "tax_ids": [[6, 0, []]] })),
        ],
        "payment_ids": [
            payment(1, json!({ "payment_method_id": 3, "amount": 20 })),
            payment(2, json!({ "payment_method_id": 3, "amount": -9.95, "is_change": true })),
        ],
    }))
}

#[rstest]
fn an_order_as_each_version_takes_it(
    #[values(14, 15, 16, 17, 18, 19)] version: u32,
    #[values(("a_return", back()), ("a_sale", sold()))] made: (&str, Value),
) {
    let facts = Facts::of(version);
    let known = known(version);
    let ground = Ground {
        facts,
        session: 3,
        user: (version < 19).then_some(8),
        price_list: Some(1),
        known: facts.strict.then_some(&known),
    };
    let (kind, made) = made;
    let sent = order(&made, &ground);
    insta::assert_snapshot!(
        format!("{kind}_as_{version}_takes_it"),
        serde_json::to_string_pretty(&sent).expect("json")
    );
}
