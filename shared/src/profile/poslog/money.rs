//! Amounts of a POSLog: their currency, their smallest unit, and how they are written.

use rust_decimal::Decimal;
use serde_json::Value;

use super::tree::Node;
use crate::currency;

/// The currency in which a till writes zero.
const NO_CURRENCY: &str = "XXX";

/// The currency of a transaction: its own, or that of its first amount.
pub fn currency(transaction: &Node, default: &str) -> String {
    let stated = transaction.text_at(&["CurrencyCode", "RetailTransaction/CurrencyCode"]);
    let of_amount = || first_currency(transaction);
    stated.or_else(of_amount).unwrap_or(default).to_owned()
}

fn first_currency(node: &Node) -> Option<&str> {
    let own = node
        .attribute("CurrencyCode")
        .or_else(|| node.attribute("Currency"));
    own.filter(|code| *code != NO_CURRENCY)
        .or_else(|| node.children.iter().find_map(first_currency))
}

/// The smallest amount of a currency.
pub fn unit(code: &str) -> Decimal {
    currency::smallest_unit(code)
}

/// Whether two amounts are the same up to `tolerance`.
pub fn near(one: Decimal, other: Decimal, tolerance: Decimal) -> bool {
    (one - other).abs() <= tolerance
}

/// An amount as documents write it: without the zeros that some tills put behind.
pub fn amount(amount: Decimal, unit: Decimal) -> Value {
    let mut plain = amount.normalize();
    if plain.scale() < unit.scale() {
        plain.rescale(unit.scale());
    }
    Value::String(plain.to_string())
}

/// Whether an amount is finer than the currency can pay.
pub fn finer(amount: Decimal, unit: Decimal) -> bool {
    amount.normalize().scale() > unit.scale()
}

/// A quantity or a price, without the zeros behind.
pub fn plain(number: Decimal) -> Value {
    Value::String(number.normalize().to_string())
}
