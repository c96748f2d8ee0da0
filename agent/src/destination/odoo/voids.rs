//! A void goes up as a full refund that is linked to its sale, line by line, with the sale's own figures turned round.
//!
//! So the reversal is exact whatever the sale was: discounts, tips, rounding, change. A voided return is the same the
//! other way. The money goes back as the document says, else as it came.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::sale::Void;
use tillpost_shared::key;
use uuid::Uuid;

use super::check_back::Stored;
use super::coins::{self, ROUNDING_PRODUCT};
use super::orders::{self, Till, part_note};
use super::originals::{OldLine, OldPayment, Original, fixed_of_reversal};
use super::parts::{self, Expected};
use super::payments;
use super::reference::{Method, method_matches};
use super::row::{Row, number};
use super::translate;
use crate::destination::Delivery;
use crate::outbox::Answer;

/// The order that undoes each of the original's orders; one has the document's uid, several have their own.
pub fn uuids(delivery: &Delivery, original: &Original) -> Vec<Uuid> {
    match original.orders.as_slice() {
        [_] => vec![delivery.uid],
        several => several
            .iter()
            .map(|order| key::part_uid(delivery.uid, Some(&order.uuid.to_string())))
            .collect(),
    }
}

/// What Odoo must hold of the void.
pub fn expected(delivery: &Delivery, void: &Void, original: &Original) -> Expected {
    let total: Decimal = original.orders.iter().map(|order| order.total).sum();
    let lines = goods(original).map(|line| (line_uuid(delivery.uid, line), -line.quantity));
    Expected {
        orders: uuids(delivery, original),
        reference: parts::reference(delivery),
        at: parts::odoo_time(delivery.document.head.occurred_at.at()),
        total: -total,
        paid: paid_back(void, original),
        lines: lines.collect(),
    }
}

/// Its lines, but for one that carries what it was rounded to coins by.
fn goods(original: &Original) -> impl Iterator<Item = &OldLine> {
    let is_rounding = |line: &&OldLine| {
        let order = original.orders.iter().find(|order| order.id == line.order);
        order.is_some_and(|order| line.uuid == Some(parts::rounding_uuid(order.uuid)))
    };
    original.lines.iter().filter(move |line| !is_rounding(line))
}

fn line_uuid(document: Uuid, line: &OldLine) -> Uuid {
    let name = line
        .uuid
        .map_or_else(|| line.id.to_string(), |uuid| uuid.to_string());
    Uuid::new_v5(&document, format!("line/{name}").as_bytes())
}

fn paid_back(void: &Void, original: &Original) -> Decimal {
    let stated = void.refund_tenders.as_ref().map(|tenders| {
        payments::flows(tenders, Decimal::ZERO)
            .iter()
            .map(|flow| flow.amount)
            .sum()
    });
    let paid: Decimal = original.orders.iter().map(|order| order.paid).sum();
    stated.unwrap_or(-paid)
}

/// The orders that undo the original's, for `sync_from_ui`, but for the session.
pub fn orders(
    delivery: &Delivery,
    void: &Void,
    original: &Original,
    paid: &[OldPayment],
    rounding_product: Option<i64>,
    till: Till<'_>,
) -> Result<Vec<Value>, Answer> {
    let uuids = uuids(delivery, original);
    let money = money(delivery, void, original, paid, till)?;
    let mut reversals = Vec::with_capacity(uuids.len());
    for ((order, uuid), payments) in original.orders.iter().zip(&uuids).zip(money) {
        let total = -order.total;
        let lines: Vec<&OldLine> = goods(original)
            .filter(|line| line.order == order.id)
            .collect();
        let gross: Decimal = lines
            .iter()
            .map(|line| line.row.decimal("price_subtotal_incl"))
            .sum();
        let net: Decimal = lines
            .iter()
            .map(|line| line.row.decimal("price_subtotal"))
            .sum();
        let (sum, payments) = payments;
        let rounded = match coins::on_a_line(till) {
            true => sum - total,
            false => Decimal::ZERO,
        };
        let mut reversal = orders::head(delivery, *uuid, total + rounded, net - gross, sum);
        let line = |line: &&OldLine| {
            json!([
                0,
                0,
                reversed_line(
                    delivery,
                    line,
                    order.total < Decimal::ZERO,
                    total < Decimal::ZERO
                )
            ])
        };
        let mut values: Vec<Value> = lines.iter().map(line).collect();
        if !rounded.is_zero() {
            let product = rounding_product;
            let product =
                product.ok_or_else(|| translate::kind_product_missing(ROUNDING_PRODUCT))?;
            let (reference, currency) = (parts::reference(delivery), till.config.currency);
            let line = coins::line(*uuid, &reference, product, rounded, currency);
            values.push(json!([0, 0, line]));
        }
        reversal.insert("lines".to_owned(), values.into());
        reversal.insert("payment_ids".to_owned(), payments.into());
        reversal.insert("is_refund".to_owned(), (total < Decimal::ZERO).into());
        let customer = order.customer.map_or(Value::Bool(false), Value::from);
        reversal.insert("partner_id".to_owned(), customer);
        if !order.tip.is_zero() {
            reversal.insert("is_tipped".to_owned(), true.into());
            reversal.insert("tip_amount".to_owned(), number(-order.tip));
        }
        if uuids.len() > 1 {
            reversal.insert("internal_note".to_owned(), part_note(delivery.uid).into());
        }
        reversals.push(Value::Object(reversal));
    }
    Ok(reversals)
}

fn reversed_line(delivery: &Delivery, line: &OldLine, was_reversed: bool, reversed: bool) -> Value {
    let row: &Row = &line.row;
    let mut values = json!({
        "uuid": line_uuid(delivery.uid, line).to_string(),
        "name": format!("{}-{}", parts::reference(delivery), line.id),
        "product_id": line.product,
        "qty": number(-line.quantity),
        "price_unit": row.0.get("price_unit"),
        "discount": row.0.get("discount"),
        "tax_ids": [[6, 0, row.many("tax_ids")]],
        "price_subtotal": number(-row.decimal("price_subtotal")),
        "price_subtotal_incl": number(-row.decimal("price_subtotal_incl")),
        "refunded_orderline_id": line.id,
    });
    if let Some(name) = row.text("full_product_name") {
        values["full_product_name"] = name.into();
    }
    if !line.lots.is_empty() {
        let lot = |name: &String| json!([0, 0, { "lot_name": name }]);
        values["pack_lot_ids"] = line.lots.iter().map(lot).collect();
    }
    if let Some(fixed) = fixed_of_reversal(row, was_reversed, reversed) {
        values["extra_tax_data"] = fixed;
    }
    values
}

/// Per order of the original: what goes back, and its payments.
fn money(
    delivery: &Delivery,
    void: &Void,
    original: &Original,
    paid: &[OldPayment],
    till: Till<'_>,
) -> Result<Vec<(Decimal, Vec<Value>)>, Answer> {
    let uuids = uuids(delivery, original);
    let at = parts::odoo_time(delivery.document.head.occurred_at.at());
    let Some(tenders) = &void.refund_tenders else {
        let turned = |(order, uuid): (&Stored, &Uuid)| {
            let own: Vec<&OldPayment> = paid
                .iter()
                .filter(|payment| payment.order == order.id)
                .collect();
            let sum: Decimal = own.iter().map(|payment| -payment.amount).sum();
            let payments: Result<Vec<Value>, Answer> = own
                .iter()
                .enumerate()
                .map(|(n, payment)| turned_payment(*uuid, n, payment, &at, till))
                .collect();
            Ok((sum, payments?))
        };
        return original.orders.iter().zip(&uuids).map(turned).collect();
    };
    let flows = payments::flows(tenders, Decimal::ZERO);
    let customer = original.orders.iter().find_map(|order| order.customer);
    let methods = orders::methods(&flows, till, customer)?;
    let sum: Decimal = flows.iter().map(|flow| flow.amount).sum();
    let mut owed: Vec<Decimal> = original.orders.iter().map(|order| -order.total).collect();
    let total: Decimal = owed.iter().sum();
    if let Some(last) = owed.last_mut() {
        *last += sum - total;
    }
    let rounded = void.cash_rounding.map_or(Decimal::ZERO, |amount| amount.0);
    if sum != total + rounded {
        return Err(translate::totals_differ(
            "What is to go back and what went back",
            total + rounded,
            sum,
        ));
    }
    let rows = payments::divide(&flows, &owed);
    let row = |(row, uuid): (&Vec<(usize, Decimal)>, &Uuid)| {
        let sum: Decimal = row.iter().map(|(_, amount)| *amount).sum();
        let payment = |(flow, amount): &(usize, Decimal)| {
            payments::values(*uuid, &flows[*flow], *amount, methods[*flow], &at, tenders)
        };
        (sum, row.iter().map(payment).collect())
    };
    Ok(rows.iter().zip(&uuids).map(row).collect())
}

fn turned_payment(
    order: Uuid,
    n: usize,
    payment: &OldPayment,
    at: &str,
    till: Till<'_>,
) -> Result<Value, Answer> {
    let mut values = json!({
        "uuid": key::tender_uid(order, n + 1).to_string(),
        "payment_method_id": method_here(payment.method, till)?.id,
        "amount": number(-payment.amount),
        "payment_date": at,
    });
    if payment.change {
        values["is_change"] = true.into();
    }
    Ok(json!([0, 0, values]))
}

/// The till's method for one that a sale was paid with, maybe at another till: the same, else the drawer for a
/// drawer, else the one of the same name.
fn method_here<'a>(id: i64, till: Till<'a>) -> Result<&'a Method, Answer> {
    let here = &till.config.methods;
    if let Some(method) = here.iter().find(|method| method.id == id) {
        return Ok(method);
    }
    let there = till.store.iter().find_map(|config| {
        let method = config.methods.iter().find(|method| method.id == id)?;
        Some((config, method))
    });
    let missing = || translate::method_missing("of the original", "of the original", till.code);
    let (config, method) = there.ok_or_else(missing)?;
    if method.cash {
        return till.config.cash().ok_or_else(missing);
    }
    let base = config.name.split(" [").next().unwrap_or_default();
    let plain = method
        .name
        .strip_suffix(base)
        .map_or(method.name.as_str(), str::trim_end);
    let found = here
        .iter()
        .find(|candidate| method_matches(&candidate.name, plain, till.base));
    found.ok_or_else(|| translate::method_missing(&method.name, plain, till.code))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tillpost_shared::document::Body;

    use super::*;
    use crate::destination::odoo::reference::PosConfig;
    use crate::destination::odoo::testing::{dec, delivery};
    use crate::destination::odoo::versions::Facts;

    fn original() -> Original {
        let order = Stored {
            id: 70,
            uuid: Uuid::from_u128(7),
            by_reference: false,
            name: "ZH01-3 - 4711".to_owned(),
            state: "done".to_owned(),
            at: "2026-11-20 16:00:00".to_owned(),
            reference: "ZH01-3-0-20261120-4711".to_owned(),
            total: dec("12.80"),
            paid: dec("12.80"),
            rounding: Decimal::ZERO,
            tip: dec("2.00"),
            refund: false,
            customer: Some(3),
            session: None,
            invoice: None,
            lines: Vec::new(),
        };
        let row: Row = serde_json::from_value(json!({
            "price_unit": 6.0, "discount": 10.0, "tax_ids": [1], "price_subtotal": 9.99, "price_subtotal_incl": 10.8,
            "full_product_name": "Milk", "extra_tax_data": { "quantity": 2, "price_unit": 6, "discount": 10,
            "manual_total_excluded_currency": 9.99 } }))
        .expect("a row");
        let line = OldLine {
            id: 700,
            uuid: Some(Uuid::from_u128(700)),
            order: 70,
            product: 101,
            quantity: dec("2"),
            returned: Decimal::ZERO,
            lots: Vec::new(),
            row,
        };
        Original {
            orders: vec![order],
            lines: vec![line],
        }
    }

    fn undo(body: Value) -> Result<Vec<Value>, Answer> {
        let method = |id, name: &str, cash| Method {
            id,
            name: name.to_owned(),
            cash,
            needs_customer: false,
        };
        let config = |id, name: &str, drawer| PosConfig {
            id,
            name: name.to_owned(),
            company: 1,
            currency: 5,
            currency_code: "CHF".to_owned(),
            methods: vec![
                method(drawer, &format!("Cash {name}"), true),
                method(8, "Card", false),
            ],
            rounds_cash: false,
            coin: None,
            tip_product: None,
            price_list: None,
            picking_type: None,
            rounds_per_line: false,
            digits: 2,
        };
        let (here, there) = (config(4, "ZH01-3", 7), config(5, "ZH01-1", 6));
        let delivery = delivery("void", 4712, body);
        let Body::Void(void) = &delivery.document.body else {
            panic!("not a void")
        };
        let paid = |method, amount: &str, change| OldPayment {
            order: 70,
            method,
            amount: dec(amount),
            change,
        };
        let paid = [
            paid(6, "15.00", false),
            paid(6, "-4.20", true),
            paid(8, "2.00", false),
        ];
        let methods = BTreeMap::new();
        let store = [here.clone(), there];
        let till = Till {
            config: &here,
            base: "ZH01-3",
            code: "3",
            methods: &methods,
            quantity_digits: 3,
            store: &store,
            facts: Facts::of(19),
        };
        orders(&delivery, void, &original(), &paid, None, till)
    }

    #[test]
    fn a_sale_is_turned_round_with_this_tills_drawer() {
        let orders = undo(json!({ "of": { "sequence": 4711, "till": "1" } })).expect("an order");
        insta::assert_snapshot!(serde_json::to_string_pretty(&orders).expect("json"));
    }

    #[test]
    fn the_money_goes_back_as_the_void_says_or_not_at_all() {
        let back = |amount: &str| {
            let tenders = json!([{ "type": "card", "method": "CARD", "amount": amount }]);
            undo(json!({ "of": { "sequence": 4711 }, "refund_tenders": tenders }))
        };
        let orders = back("-12.80").expect("an order");
        assert_eq!(orders[0]["payment_ids"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            back("-10.00").map_err(|answer| answer.code),
            Err("totals_differ".to_owned())
        );
    }
}
