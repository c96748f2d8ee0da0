//! A line with its signs, whatever of quantity, price and total the file gives.

use rust_decimal::Decimal;

use super::receipt::Line;
use crate::profile::number::price;
use crate::profile::poslog::money::near;

/// Goods that all come back are a return.
pub fn kind(lines: &[Sold], total: Decimal) -> &'static str {
    let back = !lines.is_empty() && lines.iter().all(|line| line.quantity.is_sign_negative());
    if back || (lines.is_empty() && total.is_sign_negative()) {
        "return"
    } else {
        "sale"
    }
}

/// A line with its signs.
pub struct Sold {
    /// Negative when goods come back.
    pub quantity: Decimal,
    /// Before discounts.
    pub unit_price: Decimal,
    /// With the line's sign.
    pub discount: Decimal,
    /// With the line's sign.
    pub total: Decimal,
    /// With the line's sign.
    pub tax: Option<Decimal>,
}

/// The quantity carries the sign; where a till gives only totals, the price follows from them.
pub fn sold(line: &Line, sign: Decimal, unit: Decimal) -> Sold {
    let quantity = if line.quantity.is_zero() {
        Decimal::ONE
    } else {
        line.quantity
    };
    let back = quantity.is_sign_negative()
        || sign.is_sign_negative()
        || line
            .total
            .is_some_and(|total| total.is_sign_negative() && !total.is_zero());
    let direction = if back {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    };
    let each = line.unit_price.map(|price| price.abs());
    let pieces = quantity.abs();
    let mut discount = line.discount;
    let total = match (line.total, each) {
        (Some(total), _) => total.abs(),
        (None, Some(each)) => (pieces * each - discount).round_dp(unit.scale()),
        (None, None) => Decimal::ZERO,
    };
    // A discount that is in the price already.
    if let Some(each) = each
        && !discount.is_zero()
        && near(pieces * each, total, unit)
    {
        discount = Decimal::ZERO;
    }
    Sold {
        quantity: pieces * direction,
        unit_price: each.unwrap_or_else(|| price(total + discount, pieces)),
        discount: discount * direction,
        total: total * direction,
        tax: line.tax.map(|tax| tax.abs() * direction),
    }
}
