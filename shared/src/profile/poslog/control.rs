//! What a till logs beside receipts: who signed on, money moved, the day's end. Each uses a number.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::head::Body;
use super::money::{amount, unit};
use super::tree::Node;
use super::{Transaction, lines, tenders};
use crate::problem::{Code, Problem};

/// Control transactions by their element, and the contract's word.
const ACTIVITIES: [(&str, &str); 15] = [
    ("OperatorSignOn", "sign_on"),
    ("SignOn", "sign_on"),
    ("OperatorSignOff", "sign_off"),
    ("SignOff", "sign_off"),
    ("NoSale", "no_sale"),
    ("OpenDrawer", "no_sale"),
    ("TrainingModeStart", "training"),
    ("TrainingModeEnd", "training"),
    ("Training", "training"),
    ("Suspend", "suspended"),
    ("Suspended", "suspended"),
    ("Resume", "resumed"),
    ("Retrieve", "resumed"),
    ("Reprint", "reprint"),
    ("ReceiptReprint", "reprint"),
];
/// Money in and out of a drawer: element, the contract's type, and the direction.
const MOVEMENTS: [(&str, &str, Decimal); 7] = [
    ("TenderLoan", "float", Decimal::ONE),
    ("PaidIn", "pay_in", Decimal::ONE),
    ("TenderPickup", "pickup", Decimal::NEGATIVE_ONE),
    ("PaidOut", "pay_out", Decimal::NEGATIVE_ONE),
    ("BankDeposit", "bank_deposit", Decimal::NEGATIVE_ONE),
    ("Deposit", "bank_deposit", Decimal::NEGATIVE_ONE),
    ("TenderReceipt", "bank_deposit", Decimal::NEGATIVE_ONE),
];

/// The kind and body of a transaction that is no receipt.
pub fn body(transaction: &Transaction<'_>, currency: &str) -> Body {
    let node = transaction.node;
    if let Some(control) = node.child("TenderControlTransaction") {
        if node.flag("TrainingModeFlag") {
            return Ok(("till_activity", json!({"type": "training"})));
        }
        return money(transaction, control, unit(currency));
    }
    if let Some(control) = node.child("ControlTransaction") {
        return Ok(activity(transaction, control));
    }
    let stock = node
        .children
        .iter()
        .find(|child| child.name.ends_with("Transaction"));
    let name = stock.map_or("no transaction", |child| child.name.as_str());
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .collect();
    let message = format!("{name} is not read by POSLog profiles");
    Err(Problem::refused(Code::UnknownValue, "kind", message))
}

fn activity(transaction: &Transaction<'_>, control: &Node) -> (&'static str, Value) {
    let settings = transaction.settings;
    let has = |names: &[String]| names.iter().any(|name| control.child(name).is_some());
    if let Some(post_void) = control.child("PostVoid") {
        let link = post_void.child("TransactionLink").unwrap_or(post_void);
        if let Some(of) = lines::origin(link) {
            return ("void", json!({"of": of}));
        }
    }
    if has(&settings.day_open) {
        return ("day_open", json!({}));
    }
    if has(&settings.day_close) {
        return ("day_close", json!({}));
    }
    let known = ACTIVITIES
        .iter()
        .find(|(name, _)| control.child(name).is_some());
    let cancelled = transaction.node.flag("CancelFlag").then_some("cancelled");
    let word = known
        .map(|(_, word)| *word)
        .or(cancelled)
        .unwrap_or("other");
    ("till_activity", json!({"type": word}))
}

fn money(transaction: &Transaction<'_>, control: &Node, unit: Decimal) -> Body {
    if let Some(settle) = control.child("TillSettle") {
        return Ok((
            "day_close",
            json!({"tenders": counted(transaction, settle, unit)}),
        ));
    }
    let known = MOVEMENTS
        .iter()
        .find_map(|(name, kind, sign)| Some((control.child(name)?, *kind, *sign)));
    let Some((movement, kind, sign)) = known else {
        return Ok(("till_activity", json!({"type": "other"})));
    };
    let parts = amounts(movement);
    let mut names: Vec<String> = parts
        .iter()
        .map(|(part, _)| tenders::named(transaction, part).1)
        .collect();
    names.dedup();
    if names.len() != 1 {
        let message =
            "the movement holds no amount, or amounts of several methods, under one number";
        return Err(Problem::refused(Code::BadValue, "body.method", message));
    }
    let sum: Decimal = parts.iter().map(|(_, amount)| amount.abs()).sum();
    let method = match names.pop() {
        Some(name) if name != "OTHER" => name,
        _ => "CASH".to_owned(),
    };
    let mut body = json!({"type": kind, "method": method, "amount": amount(sum * sign, unit)});
    let reason = movement
        .text_at(&["Reason", "ReasonCode"])
        .or_else(|| control.text_at(&["ReasonCode"]));
    if let (Some(reason), Some(body)) = (reason, body.as_object_mut()) {
        body.insert("reason".to_owned(), reason.into());
    }
    Ok(("cash_movement", body))
}

/// The amounts of a movement, each with the element that names its tender.
fn amounts(movement: &Node) -> Vec<(&Node, Decimal)> {
    let own = movement
        .number_at(&["Amount"])
        .map(|amount| (movement, amount));
    let below = movement.children.iter().filter_map(|child| {
        let amount = child.number_at(&["Amount", "Ending/Amount"])?;
        Some((child, amount))
    });
    let below: Vec<_> = below.collect();
    match own {
        Some(own) if below.is_empty() => vec![own],
        Some(_) | None => below,
    }
}

/// What was counted at the close, by method.
fn counted(transaction: &Transaction<'_>, settle: &Node, unit: Decimal) -> Value {
    let summaries = settle.all("TenderSummary").chain(settle.all("Tender"));
    let rows = summaries.filter_map(|summary| {
        let counted = summary.number_at(&["Ending/Amount", "Amount", "Count/Amount"])?;
        let (_, method) = tenders::named(transaction, summary);
        let expected = summary.number_at(&["Expected/Amount", "System/Amount"]);
        let difference = summary.number_at(&["OverShort/Amount", "Over/Amount"]);
        let mut row = json!({"method": method, "counted": amount(counted, unit)});
        if let Some(row) = row.as_object_mut() {
            for (name, value) in [("expected", expected), ("difference", difference)] {
                if let Some(value) = value {
                    row.insert(name.to_owned(), amount(value, unit));
                }
            }
        }
        Some(row)
    });
    rows.collect()
}
