//! The lines of a receipt: what was sold, at which price, with which sign, and what was taken off again.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::money::{amount, finer, plain};
use super::tree::Node;
use super::{Poslog, Transaction, VoidLines, prices};

/// A line as it is taken from the file.
#[derive(Debug)]
pub struct Line<'a> {
    /// Its number.
    pub number: i64,
    /// Where its element begins.
    pub at: usize,
    /// What the document says of it.
    pub json: Map<String, Value>,
    /// Negative when goods come back.
    pub quantity: Decimal,
    /// What it comes to, with its sign.
    pub total: Decimal,
    /// Its tax, where it says.
    pub tax: Option<Decimal>,
    /// Goods.
    pub item: bool,
    void: bool,
    signed_back: bool,
    link: Option<i64>,
    article: &'a str,
}

/// What stands in a `LineItem`, and the contract's type of it.
const GOODS: [(&str, &str); 13] = [
    ("Sale", "item"),
    ("Return", "item"),
    ("SaleForPickup", "prepayment"),
    ("SaleForDelivery", "prepayment"),
    ("CustomerOrderForPickup", "prepayment"),
    ("CustomerOrderForDelivery", "prepayment"),
    ("PaymentOnAccount", "account_payment"),
    ("GiftCertificate", "voucher"),
    ("GiftCard", "voucher"),
    ("StoredValueInstrument", "voucher"),
    ("StoredValueFund", "voucher"),
    ("Deposit", "deposit"),
    ("ItemReturn", "item"),
];
/// The unit where a line names none, or only says that it counts.
const EACH: [&str; 4] = ["EA", "Each", "each", "ST"];

/// The goods of a `LineItem`, if it is one.
pub fn read<'a>(
    transaction: &Transaction<'a>,
    item: &'a Node,
    position: usize,
    unit: Decimal,
) -> Option<Line<'a>> {
    let settings = transaction.settings;
    let (goods, kind) = item.children.iter().find_map(|child| {
        let known = GOODS.iter().find(|(name, _)| *name == child.name)?;
        Some((child, line_type(child, known.1)))
    })?;
    let stated = goods.number_at(&["Quantity"]).unwrap_or(Decimal::ONE);
    let quantity = if stated.is_zero() {
        Decimal::ONE
    } else {
        stated.abs()
    };
    let extended = extended(goods, quantity);
    let back = goods.name.ends_with("Return")
        || stated.is_sign_negative()
        || extended.is_sign_negative()
        || says_return(goods, settings);
    // Bottles that come back are rung up like goods with a price below zero.
    let negative =
        extended.is_sign_negative() && !stated.is_sign_negative() && !item.flag("VoidFlag");
    let kind = if negative && kind == "item" {
        "deposit"
    } else {
        kind
    };
    let sign = if back {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    };
    let mut json = Map::new();
    let number = item
        .number_at(&["SequenceNumber"])
        .and_then(|number| number.to_string().parse().ok());
    let number = number.unwrap_or(position as i64 + 1);
    json.insert("line".to_owned(), number.into());
    json.insert("type".to_owned(), kind.into());
    json.insert("product".to_owned(), product(goods, settings));
    json.insert("quantity".to_owned(), plain(quantity * sign));
    if let Some(measure) = goods.child("Quantity").and_then(measure) {
        json.insert("unit".to_owned(), measure.into());
    }
    prices::add(goods, quantity, extended.abs(), sign, unit, &mut json);
    let tax = taxes(goods, sign, unit, &mut json);
    json.insert("total".to_owned(), amount(extended.abs() * sign, unit));
    let link = goods.number_at(&["ItemLink", "CreateRefNumber"]);
    let link = link.or_else(|| item.number_at(&["ItemLink", "CreateRefNumber"]));
    extras(transaction, goods, back, &mut json);
    Some(Line {
        number,
        at: item.at,
        json,
        quantity: quantity * sign,
        total: extended.abs() * sign,
        tax,
        item: kind == "item",
        void: item.flag("VoidFlag") || item.flag("CancelFlag") || item.flag("DeleteFlag"),
        signed_back: stated.is_sign_negative() || extended.is_sign_negative(),
        link: link.and_then(|link| link.to_string().parse().ok()),
        article: article(goods, settings).unwrap_or_default(),
    })
}

fn line_type(goods: &Node, default: &'static str) -> &'static str {
    match goods.attribute("ItemType") {
        Some("Service" | "Alteration" | "Warranty") => "service",
        Some("Deposit") => "deposit",
        Some("Fee") => "fee",
        Some("GiftCertificate" | "GiftCard" | "Voucher" | "StoredValue") => "voucher",
        Some(_) | None => default,
    }
}

fn measure(quantity: &Node) -> Option<&str> {
    let stated = quantity.attribute("UnitOfMeasureCode")?;
    (!EACH.contains(&stated)).then_some(stated)
}

fn says_return(goods: &Node, settings: &Poslog) -> bool {
    settings.return_text.iter().any(|rule| {
        let (path, word) = rule.split_once('=').unwrap_or((rule, ""));
        goods.text_at(&[path]) == Some(word)
    })
}

fn extended(goods: &Node, quantity: Decimal) -> Decimal {
    let stated = goods.number_at(&["ExtendedAmount", "NetAmount", "Amount"]);
    stated.unwrap_or_else(|| {
        let each = goods.number_at(&[
            "ActualSalesUnitPrice",
            "RegularSalesUnitPrice",
            "UnitListPrice",
        ]);
        each.unwrap_or_default() * quantity
    })
}

fn article<'a>(goods: &'a Node, settings: &Poslog) -> Option<&'a str> {
    settings
        .item_paths
        .iter()
        .find_map(|path| goods.find(path)?.filled())
}

/// What stands for an article.
pub fn product(goods: &Node, settings: &Poslog) -> Value {
    let mut product = Map::new();
    let article = article(goods, settings);
    let own = goods.text_at(&["ItemID", "Item", "ItemCode"]);
    for code in [article, own].into_iter().flatten() {
        let scanned =
            (8..=14).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        let name = if scanned { "barcode" } else { "sku" };
        product.entry(name).or_insert_with(|| code.into());
    }
    let printed = goods
        .child("ItemID")
        .and_then(|item| item.attribute("Name"));
    let name = goods
        .text_at(&["Description", "ItemDescription"])
        .or(printed);
    if let Some(name) = name {
        let short: String = name.chars().take(crate::scalar::NOTE_MAX).collect();
        product.insert("name".to_owned(), short.into());
    }
    if let Some(group) = goods.text_at(&["MerchandiseHierarchy", "ProductGroup"]) {
        product.insert("department".to_owned(), group.into());
    }
    if product.is_empty() {
        product.insert("name".to_owned(), goods.name.clone().into());
    }
    Value::Object(product)
}

fn taxes(
    goods: &Node,
    sign: Decimal,
    unit: Decimal,
    json: &mut Map<String, Value>,
) -> Option<Decimal> {
    let mut sum = None;
    let mut list = Vec::new();
    for tax in goods.all("Tax") {
        let stated = tax.number_at(&["Amount"]).map(|stated| stated.abs() * sign);
        if let Some(stated) = stated {
            sum = Some(sum.unwrap_or_default() + stated);
        }
        let Some(rate) = tax.number_at(&["Percent"]) else {
            continue;
        };
        let code = tax.text_at(&["TaxRuleID", "TaxGroupID", "TaxGroupRuleID", "TaxAuthority"]);
        let code = code.map_or_else(|| rate.normalize().to_string(), str::to_owned);
        let mut one = json!({"code": code, "rate": plain(rate)});
        if let (Some(stated), Some(one)) =
            (stated.filter(|tax| !finer(*tax, unit)), one.as_object_mut())
        {
            one.insert("amount".to_owned(), amount(stated, unit));
        }
        list.push(one);
    }
    if !list.is_empty() {
        json.insert("taxes".to_owned(), Value::Array(list));
    }
    sum
}

fn extras(transaction: &Transaction<'_>, goods: &Node, back: bool, json: &mut Map<String, Value>) {
    let link = || {
        goods
            .child("TransactionLink")
            .or_else(|| sold_by(transaction))
    };
    if back && let Some(origin) = link().and_then(origin) {
        json.insert("returned_from".to_owned(), origin);
    }
    if let Some(reason) = goods.text_at(&["ReasonCode"]).filter(|_| back) {
        json.insert("reason".to_owned(), reason.into());
    }
    let disposition = match goods.text_at(&["Disposition", "Disposal/Method"]) {
        Some("ReturnToStock" | "Restock" | "RTS") => Some("restock"),
        Some("Damaged" | "Defective" | "Destroy" | "Scrap") => Some("damaged"),
        Some(_) | None => None,
    };
    if let Some(disposition) = disposition {
        json.insert("disposition".to_owned(), disposition.into());
    }
    let serial = goods.text_at(&["SerialNumber"]);
    let listed = transaction
        .settings
        .item_paths
        .iter()
        .any(|path| path.starts_with("SerialNumber"));
    if let Some(serial) = serial.filter(|_| !listed)
        && let Some(Value::String(quantity)) = json.get("quantity")
    {
        let quantity = quantity.trim_start_matches('-').to_owned();
        json.insert(
            "lots".to_owned(),
            json!([{"serial": serial, "quantity": quantity}]),
        );
    }
}

/// The sale to which a receipt of returns belongs as a whole.
fn sold_by<'a>(transaction: &Transaction<'a>) -> Option<&'a Node> {
    let node = transaction.node;
    let own = node.child("RetailTransaction").into_iter().chain([node]);
    let mut links = own.flat_map(|node| node.all("TransactionLink"));
    links.find(|link| {
        let reason = link
            .attribute("ReasonCode")
            .or_else(|| link.text_at(&["ReasonCode"]));
        reason == Some("Return")
    })
}

/// Which document a `TransactionLink` means.
pub fn origin(link: &Node) -> Option<Value> {
    let mut origin = Map::new();
    let mut put = |name: &str, paths: &[&str]| {
        if let Some(text) = link.text_at(paths) {
            origin.insert(name.to_owned(), text.into());
        }
    };
    put(
        "store",
        &["BusinessUnit/UnitID", "BusinessUnit", "RetailStoreID"],
    );
    put("till", &["WorkstationID", "TillID"]);
    put("sequence", &["SequenceNumber", "TransactionID"]);
    put("receipt_number", &["ReceiptNumber"]);
    put("line", &["LineItemSequenceNumber"]);
    if let Some(day) = link.text_at(&["BusinessDayDate", "BusinessDayDate/Date"]) {
        origin.insert(
            "business_date".to_owned(),
            day.get(..10).unwrap_or(day).into(),
        );
    }
    let named = origin.contains_key("sequence") || origin.contains_key("receipt_number");
    named.then_some(Value::Object(origin))
}

/// The lines that count, and those that were taken off again.
pub fn without_voided<'a>(
    lines: Vec<Line<'a>>,
    dialect: VoidLines,
) -> (Vec<Line<'a>>, Vec<Line<'a>>) {
    let (mut kept, mut gone): (Vec<Line<'a>>, Vec<Line<'a>>) = (Vec::new(), Vec::new());
    for line in lines {
        if !line.void {
            kept.push(line);
            continue;
        }
        let reversal = match dialect {
            VoidLines::FlagOnly => false,
            VoidLines::SignedReversal | VoidLines::UnsignedReversal => true,
            VoidLines::Auto | VoidLines::Omitted => line.signed_back || line.link.is_some(),
        };
        let victim = reversal.then(|| victim(&kept, &line)).flatten();
        match victim {
            Some(at) => gone.push(kept.remove(at)),
            // It takes off something that is not here: it counts with its sign.
            None if reversal && line.signed_back => kept.push(line),
            None => gone.push(line),
        }
    }
    (kept, gone)
}

/// The line that a reversal takes off: the one it names, else the last of the same article and amount.
fn victim(kept: &[Line<'_>], reversal: &Line<'_>) -> Option<usize> {
    let named = reversal
        .link
        .and_then(|link| kept.iter().rposition(|line| line.number == link));
    let same = |line: &Line<'_>| {
        line.article == reversal.article
            && line.quantity.abs() == reversal.quantity.abs()
            && line.total.abs() == reversal.total.abs()
    };
    named.or_else(|| kept.iter().rposition(same))
}
