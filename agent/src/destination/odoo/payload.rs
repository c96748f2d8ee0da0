//! Orders as each version wants them: the builders write them as Odoo 19 stores them, and this turns that into what an
//! older one takes. Pure; a golden file per version and kind of receipt.
//!
//! Up to 17 an order travels in the wrapper of Odoo's own till of that time, and what Odoo does not know is ignored. From
//! 18 on an unknown field refuses the whole call, so only fields that the server names are sent.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::names;
use super::versions::{Facts, Identity, Link, Upload};

/// What an order needs beside its own content.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The server.
    pub facts: Facts,
    /// The session it goes into.
    pub session: i64,
    /// The agent's user there; older versions want it said.
    pub user: Option<i64>,
    /// The till's price list there; older versions want it said.
    pub price_list: Option<i64>,
    /// Fields that the server has, where unknown ones are refused and it was asked.
    pub known: Option<&'a KnownFields>,
}

/// The fields of orders, lines and payments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownFields {
    /// Of `pos.order`.
    pub order: BTreeSet<String>,
    /// Of `pos.order.line`.
    pub line: BTreeSet<String>,
    /// Of `pos.payment`.
    pub payment: BTreeSet<String>,
}

/// An order of 19 as this version takes it.
pub fn order(order: &Value, ground: &Ground<'_>) -> Value {
    let Value::Object(fields) = order else {
        return Value::Null;
    };
    match ground.facts.upload {
        Upload::Sync => flat(fields.clone(), ground),
        Upload::Create => wrapped(fields, ground),
    }
}

/// As it is stored.
fn flat(mut order: Map<String, Value>, ground: &Ground<'_>) -> Value {
    order.insert("session_id".to_owned(), ground.session.into());
    if !ground.facts.unique_key {
        // Where the reference is taken from differs within 18.
        if let Some(reference) = order.get("pos_reference").cloned() {
            order.insert("name".to_owned(), reference);
        }
        order.insert("user_id".to_owned(), ground.user.into());
        let price_list = ground.price_list.map_or(Value::Bool(false), Value::from);
        order.insert("pricelist_id".to_owned(), price_list);
        if let Some(note) = order.remove("internal_note") {
            let field = ground.facts.field("pos.order", "internal_note");
            order.insert(field.to_owned(), note);
        }
    }
    let Some(known) = ground.known else {
        return Value::Object(order);
    };
    for (field, names) in [("lines", &known.line), ("payment_ids", &known.payment)] {
        for row in rows(order.get_mut(field)) {
            row.retain(|name, _| names.contains(name));
        }
    }
    order.retain(|name, _| known.order.contains(name));
    Value::Object(order)
}

/// The fields of each row of a list of new rows.
fn rows(list: Option<&mut Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = list.and_then(Value::as_array_mut);
    list.into_iter()
        .flatten()
        .filter_map(|row| row.get_mut(2)?.as_object_mut())
}

/// As Odoo's own till sent it.
fn wrapped(order: &Map<String, Value>, ground: &Ground<'_>) -> Value {
    let of = |field: &str| order.get(field).cloned().unwrap_or(Value::Bool(false));
    let uuid = uuid_of(order);
    let refund = order.get("is_refund") == Some(&Value::Bool(true));
    let lines: Vec<Value> = list(order, "lines")
        .map(|fields| json!([0, 0, line(fields, uuid, refund, ground.facts)]))
        .collect();
    let payments: Vec<Value> = list(order, "payment_ids")
        .map(|fields| json!([0, 0, payment(fields)]))
        .collect();
    let at = order
        .get("date_order")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut data = json!({
        "name": of("pos_reference"),
        "uid": of("uuid"),
        // Without this key it would not look whether it has the order.
        "server_id": false,
        "pos_session_id": ground.session,
        "user_id": ground.user,
        "partner_id": of("partner_id"),
        "sequence_number": of("sequence_number"),
        "creation_date": format!("{}.000Z", at.replace(' ', "T")),
        "date_order": at,
        "fiscal_position_id": of("fiscal_position_id"),
        "pricelist_id": ground.price_list.map_or(Value::Bool(false), Value::from),
        "amount_total": of("amount_total"),
        "amount_tax": of("amount_tax"),
        "amount_paid": of("amount_paid"),
        "amount_return": of("amount_return"),
        "to_invoice": false,
        "lines": lines,
        "statement_ids": payments,
    });
    for field in ["is_tipped", "tip_amount"] {
        if let Some(value) = order.get(field) {
            data[field] = value.clone();
        }
    }
    json!({ "id": of("pos_reference"), "to_invoice": false, "data": data })
}

fn list<'a>(
    order: &'a Map<String, Value>,
    field: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    let list = order.get(field).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|row| row.get(2)?.as_object())
}

fn uuid_of(fields: &Map<String, Value>) -> Uuid {
    let text = fields.get("uuid").and_then(Value::as_str);
    text.and_then(|text| Uuid::parse_str(text).ok())
        .unwrap_or_default()
}

fn line(fields: &Map<String, Value>, order: Uuid, refund: bool, facts: Facts) -> Value {
    let mut line = fields.clone();
    // The server has no use for our amounts, and computes its own.
    line.remove("extra_tax_data");
    if facts.identity == Identity::Names {
        let name = names::line_name(order, uuid_of(fields), refund);
        line.insert("name".to_owned(), name.into());
    }
    if facts.link == Link::Notice {
        let of = line
            .remove("refunded_orderline_id")
            .and_then(|id| id.as_i64());
        if let Some(of) = of {
            line.insert("notice".to_owned(), names::takes_back(of).into());
        }
    }
    Value::Object(line)
}

/// Payments have other names, and the date stands in `name`.
fn payment(fields: &Map<String, Value>) -> Value {
    let mut payment = json!({
        "name": fields.get("payment_date"),
        "payment_method_id": fields.get("payment_method_id"),
        "amount": fields.get("amount"),
    });
    for (ours, theirs) in [
        ("card_brand", "card_type"),
        ("payment_ref_no", "transaction_id"),
    ] {
        if let Some(value) = fields.get(ours) {
            payment[theirs] = value.clone();
        }
    }
    payment
}

#[cfg(test)]
mod tests;
