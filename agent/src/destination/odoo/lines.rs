//! A receipt's line as an Odoo order line: price, discount and fixed amounts that give the till's total to the cent.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use tillpost_shared::document::sale::Line;
use uuid::Uuid;

use super::row::number;
use super::shares::{Rounding, Share};
use super::translate;
use super::versions::TaxEngine;
use crate::outbox::Answer;

/// Digits of a discount in per cent and of a unit price that Odoo computes with.
const FACTOR_DIGITS: u32 = 10;
/// A discount of more than so many times the price is an error, and what is computed from it leaves all ranges.
const PARTS_MAX: Decimal = Decimal::ONE_THOUSAND;
/// Less than this cannot move a document's sum by a cent.
const NEARLY_NOTHING: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

/// What of a line is said in Odoo's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// Before the discount.
    pub unit: Decimal,
    /// In per cent.
    pub discount: Decimal,
}

/// The unit price and discount of a line, with the taxes that its price includes in Odoo. The till's own price and a
/// visible discount where they reproduce the line's total exactly; else the price that does.
pub fn priced(line: &Line, share: &Share, rounding: Rounding) -> Result<Priced, Answer> {
    let target = share.price;
    let quantity = line.quantity.0;
    let before = quantity * line.unit_price.0;
    if quantity.is_zero() {
        let free = target.is_zero().then_some(Priced {
            unit: line.unit_price.0,
            discount: Decimal::ZERO,
        });
        return free.ok_or_else(|| translate::line_unfit(line.line.0));
    }
    let discount = if before.is_zero() {
        Decimal::ZERO
    } else {
        part_off(line.discount(), before).ok_or_else(|| translate::line_unfit(line.line.0))?
    };
    // A receipt with tax in its prices on a tax that comes on top, or the other way round.
    let other_mode = target != line.total.0 && !line.total.0.is_zero();
    let unit = if other_mode {
        (line.unit_price.0 * target / line.total.0).round_dp(FACTOR_DIGITS)
    } else {
        line.unit_price.0
    };
    let left = Decimal::ONE - discount / Decimal::ONE_HUNDRED;
    let visible = Priced { unit, discount };
    let reckoned = quantity * unit * left;
    // Where Odoo computes again with the amount as it is, and rounds only a document's sum.
    let exact = rounding.fixed
        || rounding.engine == TaxEngine::Totals
        || (reckoned - target).abs() < NEARLY_NOTHING;
    if exact && rounding.round(reckoned) == target && discount >= Decimal::ZERO {
        return Ok(visible);
    }
    let unit = (target / quantity).round_dp(FACTOR_DIGITS);
    Ok(Priced {
        unit,
        discount: Decimal::ZERO,
    })
}

/// A discount in per cent of the price before it; none where it is beyond all that can be computed with.
fn part_off(discount: Decimal, before: Decimal) -> Option<Decimal> {
    let part = discount.checked_div(before)?;
    (part.abs() <= PARTS_MAX).then(|| (part * Decimal::ONE_HUNDRED).round_dp(FACTOR_DIGITS))
}

/// What makes an order line beside the receipt's own line.
pub struct Frame<'a> {
    /// Its uuid.
    pub uuid: Uuid,
    /// The product in Odoo.
    pub product: i64,
    /// Taxes.
    pub taxes: &'a [i64],
    /// Its money.
    pub share: &'a Share,
    /// The currency in Odoo.
    pub currency: i64,
    /// Whether the order's total is negative: Odoo then reckons with the opposite signs.
    pub reversed: bool,
    /// The order line it takes back.
    pub refunds: Option<i64>,
    /// The name of the line.
    pub name: String,
}

/// The fields of an order line.
pub fn values(
    frame: &Frame<'_>,
    quantity: Decimal,
    priced: &Priced,
    full_name: Option<&str>,
) -> Map<String, Value> {
    let share = frame.share;
    let values = json!({
        "uuid": frame.uuid.to_string(),
        "name": frame.name,
        "product_id": frame.product,
        "qty": number(quantity),
        "price_unit": number(priced.unit),
        "discount": number(priced.discount),
        "tax_ids": [[6, 0, frame.taxes]],
        "price_subtotal": number(share.base),
        "price_subtotal_incl": number(share.gross()),
        "extra_tax_data": fixed(frame, quantity, priced),
    });
    let Value::Object(mut values) = values else {
        return Map::new();
    };
    if let Some(name) = full_name.filter(|name| !name.is_empty()) {
        values.insert("full_product_name".to_owned(), name.into());
    }
    if let Some(refunds) = frame.refunds {
        values.insert("refunded_orderline_id".to_owned(), refunds.into());
    }
    values
}

/// Fixed amounts for Odoo's tax engine. Without a tax an entry for no tax at all makes it believe the base.
fn fixed(frame: &Frame<'_>, quantity: Decimal, priced: &Priced) -> Value {
    let sign = if frame.reversed {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    };
    let share = frame.share;
    let base = number(share.base * sign);
    let mut amounts = Map::new();
    for levied in &share.taxes {
        let amount = json!({
            "base_amount_currency": number(share.base_of(levied) * sign),
            "tax_amount_currency": number(levied.amount * sign),
        });
        amounts.insert(levied.tax.to_string(), amount);
    }
    if amounts.is_empty() {
        amounts.insert("0".to_owned(), json!({}));
    }
    json!({
        "currency_id": frame.currency,
        "quantity": number(quantity * sign),
        "price_unit": number(priced.unit),
        "discount": number(priced.discount),
        "manual_total_excluded_currency": base,
        "manual_tax_amounts": amounts,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::destination::odoo::shares::Levied;
    use crate::destination::odoo::testing::{dec, sale};

    fn price(line: Value, included: bool, base: &str, tax: &str) -> (String, String) {
        let sale = sale(json!({ "prices": "tax_included", "total": "0", "lines": [line] }));
        let (base, tax) = (dec(base), dec(tax));
        let share = Share {
            base,
            taxes: vec![Levied {
                tax: 1,
                amount: tax,
                on: Vec::new(),
            }],
            price: if included { base + tax } else { base },
        };
        let rounding = Rounding {
            digits: 2,
            per_line: false,
            fixed: true,
            engine: TaxEngine::EachTax,
        };
        let priced = priced(&sale.lines[0], &share, rounding);
        let priced = priced.expect("a price");
        (
            priced.unit.normalize().to_string(),
            priced.discount.normalize().to_string(),
        )
    }
    fn line(quantity: &str, unit: &str, discount: &str, total: &str) -> Value {
        json!({ "line": 1, "type": "item", "product": {}, "quantity": quantity, "unit_price": unit, "total": total,
                "discounts": if discount == "0" { json!([]) } else { json!([{ "amount": discount }]) } })
    }

    #[rstest]
    #[case::plain(line("2", "5.00", "0", "10.00"), "9.25", "0.75", "5", "0")]
    #[case::a_visible_discount(line("2", "5.00", "1.00", "9.00"), "8.33", "0.67", "5", "10")]
    #[case::three_for_ten(
        line("3", "4.50", "3.50", "10.00"),
        "9.25",
        "0.75",
        "4.5",
        "25.9259259259"
    )]
    #[case::weighed(line("0.345", "9.99", "0", "3.45"), "3.19", "0.26", "9.99", "0")]
    #[case::the_till_reckons_otherwise(
        line("0.345", "9.99", "0", "3.44"),
        "3.18",
        "0.26",
        "9.9710144928",
        "0"
    )]
    #[case::taken_back(line("-2", "5.00", "-1.00", "-9.00"), "-8.33", "-0.67", "5", "10")]
    fn the_tills_total_is_reproduced(
        #[case] line: Value,
        #[case] base: &str,
        #[case] tax: &str,
        #[case] unit: &str,
        #[case] discount: &str,
    ) {
        assert_eq!(
            price(line, true, base, tax),
            (unit.to_owned(), discount.to_owned())
        );
    }

    #[test]
    fn discounts_beyond_all_ranges_are_refused_and_end_nothing() {
        let mut line = line("0.001", "0.00000001", "0", "0");
        line["discounts"] = vec![json!({ "amount": "999999999999.99" }); 10_000].into();
        let sale = sale(json!({ "prices": "tax_included", "total": "0", "lines": [line] }));
        let before = sale.lines[0].quantity.0 * sale.lines[0].unit_price.0;
        assert_eq!(part_off(sale.lines[0].discount(), before), None);
    }

    #[test]
    fn on_a_tax_that_comes_on_top_the_price_is_without_it() {
        assert_eq!(
            price(line("2", "5.00", "0", "10.00"), false, "9.25", "0.75"),
            ("4.625".to_owned(), "0".to_owned())
        );
    }
}
