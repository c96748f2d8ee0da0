//! What a line costs: its price before discounts, what comes off it, and whether somebody changed it by hand.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::approvals;
use super::money::{amount, near, plain};
use super::tree::Node;
use crate::profile::number::price;

/// How modifiers are called by which a person sets another price; compared in small letters.
const BY_HAND: [&str; 5] = [
    "override",
    "newprice",
    "manualprice",
    "pricechange",
    "pricecorrection",
];

/// The unit price before discounts and the discounts, so that quantity times price less discounts is the total.
pub fn add(
    goods: &Node,
    quantity: Decimal,
    total: Decimal,
    sign: Decimal,
    unit: Decimal,
    json: &mut Map<String, Value>,
) {
    let regular = goods
        .number_at(&["RegularSalesUnitPrice", "UnitListPrice"])
        .map(|price| price.abs());
    let actual = goods
        .number_at(&["ActualSalesUnitPrice"])
        .map(|price| price.abs());
    let discounts = discounts(goods, quantity);
    let off: Decimal = discounts.iter().map(|(off, _)| *off).sum();
    let fits = |price: Option<Decimal>, off: Decimal| {
        price.filter(|price| near(quantity * price - off, total, unit))
    };
    let (each, discounted) = match (fits(regular, off), fits(actual, off)) {
        (Some(price), _) | (None, Some(price)) if !off.is_zero() => (price, true),
        _ => match fits(actual, Decimal::ZERO).or_else(|| fits(regular, Decimal::ZERO)) {
            Some(price) => (price, false),
            None => (price(total + off, quantity), !off.is_zero()),
        },
    };
    json.insert("unit_price".to_owned(), plain(each));
    if let Some(list) = regular.filter(|list| *list != each) {
        json.insert("list_price".to_owned(), plain(list));
    }
    if discounted {
        let told = discounts.into_iter().map(|(off, mut more)| {
            more.insert("amount".to_owned(), amount(off * sign, unit));
            Value::Object(more)
        });
        json.insert("discounts".to_owned(), told.collect());
    }
    if let Some(changed) = overridden(goods, regular.or(actual).filter(|list| *list != each)) {
        json.insert("price_override".to_owned(), changed);
    }
}

fn modifiers(goods: &Node) -> impl Iterator<Item = &Node> {
    let all = goods.all("RetailPriceModifier");
    all.filter(|modifier| !modifier.flag("VoidFlag"))
}

/// Whether a person changed the price: by a word, or because another price took its place.
pub fn by_hand(modifier: &Node) -> bool {
    let told = modifier.attribute("MethodCode").unwrap_or_default();
    let plain: String = told.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    BY_HAND.iter().any(|word| plain.contains(word))
}

/// The price that stood there before a person changed it, why, and who allowed it.
fn overridden(goods: &Node, list: Option<Decimal>) -> Option<Value> {
    let modifier = modifiers(goods).find(|modifier| by_hand(modifier))?;
    let stated = modifier.number_at(&["PreviousPrice", "OriginalPrice"]);
    let mut told = Map::new();
    if let Some(original) = stated.or(list) {
        told.insert("original".to_owned(), plain(original.abs()));
    }
    if let Some(reason) = modifier.text_at(&["ReasonCode", "Reason", "Description"]) {
        told.insert("reason".to_owned(), reason.into());
    }
    let by = approvals::within(modifier).find_map(approvals::approver);
    let by = by.or_else(|| modifier.text_at(&["OperatorID", "AssociateID"]));
    if let Some(by) = by {
        told.insert("operator".to_owned(), by.into());
    }
    Some(Value::Object(told))
}

fn discounts(goods: &Node, quantity: Decimal) -> Vec<(Decimal, Map<String, Value>)> {
    let mut found = Vec::new();
    for modifier in modifiers(goods) {
        let Some(amount) = modifier.child("Amount") else {
            continue;
        };
        // It is the price that took the place of another, not what comes off.
        if amount.attribute("Action") == Some("Replace") {
            continue;
        }
        let off = amount.number().unwrap_or_default().abs();
        let raises = amount.attribute("Action") == Some("Add");
        let mut more = Map::new();
        if let Some(promotion) = modifier.text_at(&["PromotionID"]) {
            more.insert("promotion".to_owned(), promotion.into());
        }
        if let Some(reason) = modifier.text_at(&["ReasonCode"]) {
            more.insert("code".to_owned(), reason.into());
        }
        found.push((if raises { -off } else { off }, more));
    }
    let summed = goods.number_at(&["ExtendedDiscountAmount"]);
    let each = || Some(goods.number_at(&["DiscountAmount"])? * quantity);
    if found.is_empty()
        && let Some(off) = summed.or_else(each).map(|off| off.abs())
        && !off.is_zero()
    {
        found.push((off, Map::new()));
    }
    found.retain(|(off, _)| !off.is_zero());
    found
}
