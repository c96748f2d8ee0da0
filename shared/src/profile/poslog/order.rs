//! A customer's order at the till: paid for now and fetched later, or fetched now and paid for before.
//!
//! Where money was taken it is a receipt; what is not handed over with it is a prepayment. Where goods only changed hands
//! it is a pickup. Whatever else is done with an order at a till uses a number and moves nothing.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::head::Body;
use super::money::{plain, unit};
use super::tree::Node;
use super::{Transaction, lines, sale};
use crate::problem::{Code, Problem};
use crate::profile::piece::Part;

/// Where the order's number stands.
const NUMBERS: [&str; 6] = [
    "CustomerOrderID",
    "CustomerOrderNumber",
    "SpecialOrderNumber",
    "OrderID",
    "OrderNumber",
    "CustomerOrder/CustomerOrderID",
];
/// What became of an order, by the words of its status, and the contract's type of it.
const ENDS: [(&str, &str); 10] = [
    ("delivered", HANDED_OVER),
    ("pickedup", HANDED_OVER),
    ("collected", HANDED_OVER),
    ("handedover", HANDED_OVER),
    ("shipped", "shipped"),
    ("dispatched", "shipped"),
    ("refus", "refused"),
    ("reject", "refused"),
    ("expired", "not_collected"),
    ("abandon", "not_collected"),
];
const HANDED_OVER: &str = "handed_over";

/// The kind and body of a customer's order.
pub fn body(
    transaction: &Transaction<'_>,
    order: &Node,
    currency: &str,
    found: &mut Vec<Problem>,
    parts: &mut Vec<(Part, usize)>,
) -> Body {
    if let Some(word) = sale::unused(transaction.node, order) {
        return Ok(("till_activity", json!({"type": word})));
    }
    let number = order.text_at(&NUMBERS);
    let number = number.or_else(|| transaction.node.text_at(&NUMBERS));
    let end = end(order);
    if takes_money(order) {
        let (kind, mut body) = sale::body(transaction, order, currency, found, parts)?;
        if let Some(body) = body.as_object_mut() {
            if let Some(number) = number {
                body.insert("order".to_owned(), number.into());
            }
            if end != Some(HANDED_OVER) {
                prepaid(body);
            }
        }
        return Ok((kind, body));
    }
    let Some(end) = end else {
        return Ok(("till_activity", json!({"type": "other"})));
    };
    let Some(number) = number else {
        let message = "goods of an order were handed over, and the order's number is missing";
        return Err(Problem::refused(Code::MissingField, "body.order", message));
    };
    let lines = goods(transaction, order, unit(currency), parts);
    Ok((
        "pickup",
        json!({"order": number, "type": end, "lines": lines}),
    ))
}

/// What became of the order, where its status says.
fn end(order: &Node) -> Option<&'static str> {
    let names = ["TransactionStatus", "TypeCode", "OrderStatus", "ActionCode"];
    let told = names
        .iter()
        .flat_map(|name| [order.attribute(name), order.text_at(&[name])]);
    let told = told.flatten().map(|word| {
        let letters = word.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_ascii_lowercase()
    });
    let told: Vec<String> = told.collect();
    // Not collected holds the word collected.
    if told.iter().any(|word| word.contains("notcollected")) {
        return Some("not_collected");
    }
    let held = |word: &str| told.iter().any(|own| own.contains(word));
    let known = ENDS.iter().find(|(word, _)| held(word));
    known.map(|(_, end)| *end)
}

fn takes_money(order: &Node) -> bool {
    let paid = order.all("LineItem").filter_map(|item| {
        let tender = item.child("Tender")?;
        tender.number_at(&["Amount", "TenderAmount"])
    });
    paid.into_iter().any(|amount| !amount.is_zero())
}

/// Goods that are paid for and fetched later.
fn prepaid(body: &mut Map<String, Value>) {
    let lines = body.get_mut("lines").and_then(Value::as_array_mut);
    for line in lines.into_iter().flatten() {
        if let Some(kind) = line.get_mut("type").filter(|kind| *kind == "item") {
            *kind = "prepayment".into();
        }
    }
}

fn goods(
    transaction: &Transaction<'_>,
    order: &Node,
    unit: Decimal,
    parts: &mut Vec<(Part, usize)>,
) -> Vec<Value> {
    let items = order.all("LineItem").enumerate();
    let lines = items.filter_map(|(position, item)| lines::read(transaction, item, position, unit));
    let (kept, _) = lines::without_voided(lines.collect(), transaction.settings.void_lines);
    let told = kept.into_iter().enumerate().map(|(index, mut line)| {
        parts.push((Part::Line(index), line.at));
        let mut json = Map::new();
        json.insert("line".to_owned(), (index + 1).into());
        json.insert("quantity".to_owned(), plain(line.quantity.abs()));
        for name in ["product", "lots"] {
            if let Some(value) = line.json.remove(name) {
                json.insert(name.to_owned(), value);
            }
        }
        Value::Object(json)
    });
    told.collect()
}
