//! What every document says before its body, and which kind a transaction is.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::tree::Node;
use super::{Transaction, control, money, order, sale, stock};
use crate::intake::Item;
use crate::problem::{Code, Problem};
use crate::profile::piece::Part;
use crate::profile::when;

/// A kind and its body.
pub type Body = Result<(&'static str, Value), Problem>;

/// Elements of transactions that move goods and no money.
const INVENTORY: [&str; 2] = ["InventoryControlTransaction", "InventoryTransaction"];

/// The document of a transaction.
pub fn document(
    transaction: &Transaction<'_>,
    found: &mut Vec<Problem>,
    parts: &mut Vec<(Part, usize)>,
) -> Item {
    let node = transaction.node;
    let retail: Vec<&Node> = node.all("RetailTransaction").collect();
    if retail.len() > 1 || node.all("SequenceNumber").count() > 1 {
        let message = "several transactions stand in one Transaction element";
        return Err(Problem::refused(Code::BadValue, "", message));
    }
    let currency = money::currency(node, &transaction.about.currency);
    let when = occurred(
        node,
        &transaction.settings.time_paths,
        &transaction.about.zone,
    )?;
    let (kind, body) = if let Some(retail) = retail.first() {
        sale::body(transaction, retail, &currency, found, parts)?
    } else if let Some(order) = node.child("CustomerOrderTransaction") {
        order::body(transaction, order, &currency, found, parts)?
    } else if let Some(inventory) = INVENTORY.iter().find_map(|name| node.child(name)) {
        stock::body(transaction, inventory, &when.text, parts)?
    } else {
        control::body(transaction, &currency)?
    };
    let mut document = head(transaction, kind, &currency, when, found);
    document.insert("body".to_owned(), body);
    Ok(Value::Object(document))
}

fn head(
    transaction: &Transaction<'_>,
    kind: &str,
    currency: &str,
    when: when::When,
    found: &mut Vec<Problem>,
) -> Map<String, Value> {
    let Transaction {
        node,
        settings,
        about,
    } = *transaction;
    let at = |paths: &[String]| paths.iter().find_map(|path| node.find(path)?.filled());
    let mut head = Map::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            head.insert(name.to_owned(), value.into());
        }
    };
    put("kind", Some(kind));
    put(
        "store",
        Some(at(&settings.store_path).unwrap_or(&about.store)),
    );
    put("till", at(&settings.till_path));
    let sequence = node.text_at(&["SequenceNumber"]);
    let number = sequence.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    put("sequence", number);
    // A number that is none still names the receipt.
    let other = sequence.filter(|_| number.is_none());
    put("receipt_number", node.text_at(&["ReceiptNumber"]).or(other));
    let day = node.text_at(&["BusinessDayDate", "BusinessDayDate/Date"]);
    put("business_date", day.map(|day| day.get(..10).unwrap_or(day)));
    put("currency", Some(currency));
    put(
        "operator",
        node.text_at(&["OperatorID", "Operator/OperatorID"]),
    );
    if let Some(odd) = when.odd {
        found.push(Problem::flag(Code::TimeOdd, "occurred_at", odd));
    }
    head.insert("occurred_at".to_owned(), when.text.into());
    let source = json!({"system": "poslog", "file": about.file_name});
    head.insert("source".to_owned(), source);
    let fiscal: Map<String, Value> = settings
        .fiscal
        .iter()
        .filter_map(|name| Some((name.clone(), verbatim(node.find(name)?))))
        .collect();
    if !fiscal.is_empty() {
        head.insert("fiscal".to_owned(), Value::Object(fiscal));
    }
    head
}

/// The time that counts: the first that says its offset, else the first there is, in the store's zone.
fn occurred(node: &Node, paths: &[String], zone: &TimeZone) -> Result<when::When, Problem> {
    let texts = paths.iter().filter_map(|path| node.find(path)?.filled());
    let texts: Vec<&str> = texts.chain(retail_time(node)).collect();
    let mut times = texts.iter().filter_map(|text| when::iso(text, zone));
    let offset = |text: &&&str| text.parse::<jiff::Timestamp>().is_ok();
    let absolute = texts
        .iter()
        .find(offset)
        .and_then(|text| when::iso(text, zone));
    let missing = || {
        let message =
            "no EndDateTime, POSLogDateTime, ReceiptDateTime or BeginDateTime can be read";
        Problem::refused(Code::MissingField, "occurred_at", message)
    };
    absolute.or_else(|| times.next()).ok_or_else(missing)
}

fn retail_time(node: &Node) -> Option<&str> {
    node.text_at(&["RetailTransaction/ReceiptDateTime"])
}

/// An element as JSON: its text, or its children by name.
fn verbatim(node: &Node) -> Value {
    if node.children.is_empty() {
        return node.text.clone().into();
    }
    let children = node.children.iter();
    Value::Object(
        children
            .map(|child| (child.name.clone(), verbatim(child)))
            .collect(),
    )
}
