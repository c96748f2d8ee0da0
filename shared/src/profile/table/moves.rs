//! Goods that came or went without a sale: the rows of one delivery note, transfer or list of waste.
//!
//! `[line_types]` says what a row's word means, or `[defaults] line_type` what all of the file is. Quantities are the
//! file's own, turned round where all of them are negative: some programs write what leaves the store with a minus.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Table;
use super::document::lots;
use super::receipt::Receipt;
use crate::problem::{Code, Problem};
use crate::profile::piece::Part;
use crate::profile::poslog::money::plain;

/// The one type whose quantities have a sign.
const SIGNED: &str = "adjustment";
/// What names the document, in this order.
const NAMES: [&str; 3] = ["reference", "receipt_number", "sequence"];

/// The body of a stock move.
pub fn body(
    table: &Table,
    receipt: &Receipt,
    parts: &mut Vec<(Part, usize)>,
) -> Result<Value, Problem> {
    let kind = kind(table, receipt)?;
    let head = |name: &str| {
        let found = receipt.head.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| text.as_str())
    };
    let Some(reference) = NAMES.iter().find_map(|name| head(name)) else {
        let message = "no column names the document; map one to `reference`";
        return Err(Problem::refused(
            Code::MissingField,
            "body.reference",
            message,
        ));
    };
    let mut body = Map::new();
    body.insert("type".to_owned(), kind.into());
    body.insert("reference".to_owned(), reference.into());
    for name in ["partner", "from", "to"] {
        if let Some(text) = head(name) {
            body.insert(name.to_owned(), text.into());
        }
    }
    let back = receipt
        .lines
        .iter()
        .all(|line| line.quantity <= Decimal::ZERO);
    let sign = if back && kind != SIGNED {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    };
    let lines = receipt.lines.iter().enumerate().map(|(index, line)| {
        parts.push((Part::Line(index), line.at));
        let product = line.product.iter();
        let product = product.map(|(name, text)| ((*name).to_owned(), text.clone().into()));
        let product: Map<String, Value> = product.collect();
        let quantity = line.quantity * sign;
        let mut told = json!({"line": index + 1, "product": product, "quantity": plain(quantity)});
        let unit = line.unit.as_ref().or(table.defaults.unit.as_ref());
        let more = [("unit", unit), ("reason", line.reason.as_ref())];
        if let Some(told) = told.as_object_mut() {
            for (name, text) in more {
                if let Some(text) = text {
                    told.insert(name.to_owned(), text.clone().into());
                }
            }
            if let Some(lots) = lots(&line.lot, quantity) {
                told.insert("lots".to_owned(), lots);
            }
        }
        told
    });
    body.insert("lines".to_owned(), lines.collect());
    Ok(Value::Object(body))
}

/// What became of the goods: all rows of a document say the same.
fn kind<'a>(table: &'a Table, receipt: &'a Receipt) -> Result<&'a str, Problem> {
    let default = table.defaults.line_type.as_deref();
    let mut kinds = receipt
        .lines
        .iter()
        .map(|line| line.kind.as_deref().or(default));
    let Some(first) = kinds.next().flatten() else {
        let message = "the row does not say what became of the goods; name its words under [line_types], or one for all under [defaults] line_type";
        return Err(Problem::refused(Code::UnknownValue, "body.type", message));
    };
    if kinds.any(|other| other != Some(first)) {
        let message = "one document says that goods went several ways; add the column of the type to `group_by`";
        return Err(Problem::refused(Code::BadValue, "body.type", message));
    }
    Ok(first)
}
