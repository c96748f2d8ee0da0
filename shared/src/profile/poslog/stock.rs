//! Goods that came, went or were counted without a sale: a POSLog's inventory transactions.
//!
//! The standard leaves most of it to the vendors. What a transaction is stands in the name of the element in it, or in a
//! type's code; both are compared as words. Quantities are the document's own, turned round where all of them are
//! negative: some tills write what leaves the store with a minus.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Transaction;
use super::head::Body;
use super::lines;
use super::money::plain;
use super::tree::Node;
use crate::problem::{Code, Problem};
use crate::profile::number;
use crate::profile::piece::Part;

/// What an inventory transaction says it is, and the contract's type of it: the first word that it holds counts.
const MOVES: [(&str, &str); 22] = [
    ("adjust", "adjustment"),
    ("correction", "adjustment"),
    ("transferin", "transfer_in"),
    ("transferreceipt", "transfer_in"),
    ("receivetransfer", "transfer_in"),
    ("transferout", "transfer_out"),
    ("transfershipment", "transfer_out"),
    ("transfer", TRANSFER),
    ("return", "return_to_vendor"),
    ("internaluse", "internal_use"),
    ("storeuse", "internal_use"),
    ("ownuse", "internal_use"),
    ("consumption", "internal_use"),
    ("loss", "waste"),
    ("waste", "waste"),
    ("spoil", "waste"),
    ("scrap", "waste"),
    ("writeoff", "waste"),
    ("breakage", "waste"),
    ("receiv", "receipt"),
    ("reception", "receipt"),
    ("receipt", "receipt"),
];
/// A transfer of which only the stores say whether it comes or goes.
const TRANSFER: &str = "transfer";
/// The kind that counts have.
const COUNT: &str = "stock_count";
/// What a count is called.
const COUNTS: [&str; 3] = ["count", "stocktak", "stockcheck"];
/// Where the document's own number stands.
const REFERENCES: [&str; 7] = [
    "DocumentID",
    "InventoryDocumentID",
    "InventoryControlDocumentID",
    "SerialFormID",
    "DocumentNumber",
    "TransferID",
    "ReceiptNumber",
];
/// Where the other side stands: a vendor.
const PARTNERS: [&str; 5] = ["SupplierID", "Supplier", "VendorID", "Vendor", "PartyID"];
/// Where it came from.
const SOURCES: [&str; 4] = [
    "SourceRetailStoreID",
    "SourceRetailStore",
    "FromStoreID",
    "Source/BusinessUnit/UnitID",
];
/// Where it went.
const DESTINATIONS: [&str; 4] = [
    "DestinationRetailStoreID",
    "DestinationRetailStore",
    "ToStoreID",
    "Destination/BusinessUnit/UnitID",
];
const QUANTITIES: [&str; 8] = [
    "Quantity",
    "UnitCount",
    "CountedQuantity",
    "ReceivedQuantity",
    "ShippedQuantity",
    "AdjustedQuantity",
    "QuantityReceived",
    "Units",
];
const REASONS: [&str; 3] = ["ReasonCode", "Reason", "InventoryAdjustmentType"];
/// Elements of a line have names that end like this.
const LINE: &str = "lineitem";

/// The kind and body of an inventory transaction.
pub fn body(
    transaction: &Transaction<'_>,
    control: &Node,
    occurred_at: &str,
    parts: &mut Vec<(Part, usize)>,
) -> Body {
    if let Some(word) = super::sale::unused(transaction.node, control) {
        return Ok(("till_activity", json!({"type": word})));
    }
    let document = control.children.iter().find(|child| holds_line(child));
    let document = document.unwrap_or(control);
    let told = told(control, document);
    let mut items = Vec::new();
    gather(control, &mut items);
    if items.is_empty() {
        let message = "the inventory transaction holds no line with an article";
        return Err(Problem::refused(Code::MissingField, "body.lines", message));
    }
    let reference = at([document, control], &REFERENCES).map_or_else(
        || number_of(transaction),
        |reference| Ok(reference.to_owned()),
    )?;
    // What a count came to may be booked as an adjustment: then the quantities are differences.
    if COUNTS.iter().any(|word| told.contains(word)) && !told.contains("adjust") {
        let lines = rows(transaction, &items, COUNT, parts)?;
        return Ok((COUNT, count(&told, &reference, occurred_at, lines)));
    }
    let known = MOVES.iter().find(|(word, _)| told.contains(word));
    let Some((_, kind)) = known else {
        let message = "the inventory transaction does not say what became of the goods";
        return Err(Problem::refused(Code::UnknownValue, "body.type", message));
    };
    let (source, destination) = (
        at([document, control], &SOURCES),
        at([document, control], &DESTINATIONS),
    );
    let kind = match *kind {
        TRANSFER => direction(transaction, source, destination)?,
        kind => kind,
    };
    let lines = rows(transaction, &items, kind, parts)?;
    let mut body = Map::new();
    body.insert("type".to_owned(), kind.into());
    body.insert("reference".to_owned(), reference.into());
    let partner = at([document, control], &PARTNERS);
    for (name, text) in [("partner", partner), ("from", source), ("to", destination)] {
        if let Some(text) = text.filter(|_| name == "partner" || source != destination) {
            body.insert(name.to_owned(), text.into());
        }
    }
    body.insert("lines".to_owned(), lines.into());
    Ok(("stock_move", Value::Object(body)))
}

/// What it says it is: the name of the element with the lines, and codes of types, in small letters and without signs.
fn told(control: &Node, document: &Node) -> String {
    let types = ["TypeCode", "DocumentType", "DocumentTypeCode", "ActionCode"];
    let mut words: Vec<&str> = vec![&document.name];
    for node in [control, document] {
        words.extend(types.iter().filter_map(|name| node.attribute(name)));
        words.extend(types.iter().filter_map(|name| node.text_at(&[name])));
    }
    let plain = words.into_iter().map(|word| {
        let letters = word.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_ascii_lowercase()
    });
    plain.collect::<Vec<_>>().join(" ")
}

fn at<'a>(nodes: [&'a Node; 2], paths: &[&str]) -> Option<&'a str> {
    nodes.into_iter().find_map(|node| node.text_at(paths))
}

/// The till's own number stands for a document that has none.
fn number_of(transaction: &Transaction<'_>) -> Result<String, Problem> {
    let node = transaction.node;
    let till = node.text_at(&["WorkstationID", "TillID"]);
    match (till, node.text_at(&["SequenceNumber"])) {
        (Some(till), Some(number)) => Ok(format!("{till}-{number}")),
        (None, Some(number)) => Ok(number.to_owned()),
        (_, None) => {
            let message = "the inventory transaction has no number of its own";
            Err(Problem::refused(
                Code::MissingField,
                "body.reference",
                message,
            ))
        }
    }
}

/// Whether a transfer comes or goes: this store is its source or its destination.
fn direction(
    transaction: &Transaction<'_>,
    source: Option<&str>,
    destination: Option<&str>,
) -> Result<&'static str, Problem> {
    let stated = transaction.settings.store_path.iter();
    let own = stated
        .filter_map(|path| transaction.node.find(path)?.filled())
        .next()
        .unwrap_or(&transaction.about.store);
    match (source == Some(own), destination == Some(own)) {
        (true, false) => Ok("transfer_out"),
        (false, true) => Ok("transfer_in"),
        (true, true) | (false, false) => {
            let message =
                "a transfer names this store as its source or as its destination, and not as both";
            Err(Problem::refused(Code::BadValue, "body.type", message))
        }
    }
}

fn holds_line(node: &Node) -> bool {
    let mut children = node.children.iter();
    children.any(|child| is_line(child) || holds_line(child))
}

fn is_line(node: &Node) -> bool {
    node.name.to_ascii_lowercase().ends_with(LINE)
}

/// The elements of lines, wherever they stand.
fn gather<'a>(node: &'a Node, items: &mut Vec<&'a Node>) {
    for child in &node.children {
        if is_line(child) && !child.flag("VoidFlag") {
            items.push(child);
        } else {
            gather(child, items);
        }
    }
}

fn rows(
    transaction: &Transaction<'_>,
    items: &[&Node],
    kind: &str,
    parts: &mut Vec<(Part, usize)>,
) -> Result<Vec<Value>, Problem> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        found.push((*item, row(transaction, item)?));
    }
    let back = found
        .iter()
        .all(|(_, (_, quantity))| !quantity.is_sign_positive() || quantity.is_zero());
    let sign = if back && !matches!(kind, COUNT | "adjustment") {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    };
    let rows = found.into_iter().enumerate();
    let rows = rows.map(|(index, (item, (goods, quantity)))| {
        parts.push((Part::Line(index), item.at));
        let mut json = Map::new();
        json.insert("line".to_owned(), (index + 1).into());
        json.insert("product".to_owned(), goods);
        json.insert("quantity".to_owned(), plain(quantity * sign));
        let reason = item.text_at(&REASONS);
        if let Some(reason) = reason.filter(|_| kind != COUNT) {
            json.insert("reason".to_owned(), reason.into());
        }
        Value::Object(json)
    });
    Ok(rows.collect())
}

/// A line's article and quantity: they may stand within an element of its own.
fn row(transaction: &Transaction<'_>, item: &Node) -> Result<(Value, Decimal), Problem> {
    let inner = item
        .children
        .iter()
        .find(|child| QUANTITIES.iter().any(|name| child.child(name).is_some()));
    let goods = inner
        .filter(|_| item.text_at(&QUANTITIES).is_none())
        .unwrap_or(item);
    let stated = goods
        .text_at(&QUANTITIES)
        .and_then(|text| text.parse().ok());
    let Some(quantity) = stated.and_then(number::bounded) else {
        let message = "a line of the inventory transaction holds no quantity";
        return Err(Problem::refused(
            Code::MissingField,
            "body.lines.quantity",
            message,
        ));
    };
    let product = lines::product(goods, transaction.settings);
    if product.get("sku").or(product.get("barcode")).is_none() {
        let message = "a line of the inventory transaction holds no article";
        let path = "body.lines.product";
        return Err(Problem::refused(Code::MissingField, path, message));
    }
    Ok((product, quantity))
}

/// A count is whole by itself; what it does not name was not counted, unless all was.
fn count(told: &str, reference: &str, occurred_at: &str, lines: Vec<Value>) -> Value {
    let mode = if told.contains("full") || told.contains("physicalinventory") {
        "full"
    } else if told.contains("cycle") {
        "cycle"
    } else {
        "spot"
    };
    let code: String = reference
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    json!({
        "count": code, "mode": mode, "cutoff_at": occurred_at, "complete": true,
        "missing_means": "not_counted", "lines": lines,
    })
}
