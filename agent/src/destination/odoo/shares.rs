//! How a receipt's money divides into base and tax, line by line, so that Odoo's close balances to the cent.
//!
//! Odoo computes a receipt's taxes again at the close, days later, in the company's own rounding; a till that rounds
//! otherwise would be off by a cent and stop the close. So the till's own figures are taken where it gives them, the
//! rest is computed here in the company's rounding, and every line's base and taxes are sent along as fixed amounts
//! (`extra_tax_data`, Odoo's own field for that), which Odoo then uses instead of its own.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use tillpost_shared::document::sale::{PriceMode, Sale, TaxSum};

use super::reckon;
use super::tax::Applied;
use super::translate;
use super::versions::TaxEngine;
use crate::outbox::Answer;

/// A line's money: `base` plus the taxes is what it adds to the total.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    /// Without tax.
    pub base: Decimal,
    /// Taxes in the order in which Odoo computes them.
    pub taxes: Vec<Levied>,
    /// What quantity, price and discount come to in Odoo: with the taxes that its price includes, without the others.
    pub price: Decimal,
}

/// A tax's money on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levied {
    /// `account.tax`.
    pub tax: i64,
    /// How much.
    pub amount: Decimal,
    /// Places of the taxes before it that it taxes too.
    pub on: Vec<usize>,
}

impl Share {
    /// With tax.
    pub fn gross(&self) -> Decimal {
        self.base + self.tax()
    }
    /// The tax.
    pub fn tax(&self) -> Decimal {
        self.taxes.iter().map(|levied| levied.amount).sum()
    }
    /// What one of the taxes is a tax on.
    pub fn base_of(&self, levied: &Levied) -> Decimal {
        let before = levied.on.iter().filter_map(|n| self.taxes.get(*n));
        self.base + before.map(|levied| levied.amount).sum::<Decimal>()
    }
}

/// How amounts are rounded.
#[derive(Debug, Clone, Copy)]
pub struct Rounding {
    /// Digits of the currency.
    pub digits: u32,
    /// Per line, rather than per document.
    pub per_line: bool,
    /// Whether Odoo takes our amounts. If not, it computes the taxes again at the close.
    pub fixed: bool,
    /// How it computes them.
    pub engine: TaxEngine,
}

impl Rounding {
    /// Half away from zero, as Odoo does.
    pub fn round(self, amount: Decimal) -> Decimal {
        self.round_to(amount, self.digits)
    }
    /// The same to another number of digits.
    pub fn round_to(self, amount: Decimal, digits: u32) -> Decimal {
        amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
    }
    /// Whether it is rounded apart from what is sold: up to 17 goods taken back are so only among their own kind.
    fn apart(self, quantity: Decimal) -> bool {
        self.engine == TaxEngine::EachTax && quantity < Decimal::ZERO
    }
    fn unit(self) -> Decimal {
        Decimal::new(1, self.digits)
    }
}

/// The money of every line. Differences of the till's own rounding, which the contract tolerates (a unit per two
/// lines), are put into the largest line's base; larger ones are refused, because Odoo could not close with them.
pub fn shares(
    sale: &Sale,
    applied: &[Vec<Applied>],
    rounding: Rounding,
) -> Result<Vec<Share>, Answer> {
    let amounts = amounts(sale, applied, rounding);
    let each = sale.lines.iter().zip(applied).zip(amounts);
    let mut shares: Vec<Share> = each
        .map(|((line, applied), (price, amounts))| {
            let taxes = levied(applied, amounts);
            let mut share = Share {
                base: line.total.0,
                taxes,
                price,
            };
            if sale.prices == PriceMode::TaxIncluded {
                share.base -= share.tax();
            }
            share
        })
        .collect();
    stated_tax(sale, &mut shares, rounding)?;
    let lines = Decimal::from(sale.lines.len());
    let sum: Decimal = shares.iter().map(Share::gross).sum();
    let difference = sale.total.0 - sum;
    if difference.abs() > rounding.unit() * (lines / Decimal::TWO).ceil() {
        return Err(translate::totals_differ(
            "The total and the sum of the lines",
            sale.total.0,
            sum,
        ));
    }
    if let Some(share) = shares.iter_mut().max_by_key(|share| share.gross().abs()) {
        share.base += difference;
    }
    if rounding.fixed {
        // Where Odoo takes the amounts, the price is to say the same as they do.
        for (share, applied) in shares.iter_mut().zip(applied) {
            let taxes = share.taxes.iter().zip(applied);
            let included = taxes.filter(|(_, applied)| applied.tax.included);
            let included: Decimal = included.map(|(levied, _)| levied.amount).sum();
            share.price = share.base + included;
        }
    }
    Ok(shares)
}

fn levied(applied: &[Applied], amounts: Vec<Decimal>) -> Vec<Levied> {
    let place = |(n, amount): (usize, Decimal)| {
        let tax = &applied[n].tax;
        let before = (0..n).filter(|m| tax.raised && applied[*m].tax.raises);
        Levied {
            tax: tax.id,
            amount,
            on: before.collect(),
        }
    };
    amounts.into_iter().enumerate().map(place).collect()
}

/// Prices without tax: what the till says it took as tax counts, where Odoo takes our amounts; else what it took more or
/// less than Odoo computes is the goods'.
fn stated_tax(sale: &Sale, shares: &mut [Share], rounding: Rounding) -> Result<(), Answer> {
    let (PriceMode::TaxExcluded, Some(stated)) = (sale.prices, sale.tax_total) else {
        return Ok(());
    };
    let sum: Decimal = shares.iter().map(Share::tax).sum();
    let difference = stated.0 - sum;
    let taxes: usize = shares.iter().map(|share| share.taxes.len().max(1)).sum();
    if difference.abs() > rounding.unit() * Decimal::from(taxes) {
        return Err(translate::totals_differ(
            "The tax and the sum of the lines' taxes",
            stated.0,
            sum,
        ));
    }
    let taxed = shares.iter_mut().filter(|share| !share.taxes.is_empty());
    if let Some(share) = taxed.max_by_key(|share| share.tax().abs()) {
        match share.taxes.first_mut() {
            Some(levied) if rounding.fixed => levied.amount += difference,
            _ => share.base += difference,
        }
    }
    Ok(())
}

/// Which amounts are rounded together: of one tax, with one of the till's codes, on goods sold or taken back.
type Together<'a> = (i64, Option<&'a str>, bool);

/// What was computed of them.
#[derive(Default)]
struct Computed {
    /// Line and tax of each amount.
    places: Vec<(usize, usize)>,
    /// Their sum, not rounded.
    raw: Decimal,
}

/// Every line's price and tax amounts: the till's where it gives them and Odoo takes them, else computed and rounded, so
/// that each tax's sum is the printed one, or else rounded as the company does.
fn amounts(
    sale: &Sale,
    applied: &[Vec<Applied>],
    rounding: Rounding,
) -> Vec<(Decimal, Vec<Decimal>)> {
    let mut rows: Vec<(Decimal, Vec<Decimal>)> = Vec::with_capacity(applied.len());
    let mut computed: BTreeMap<Together<'_>, Computed> = BTreeMap::new();
    let printed = |code: Option<&str>| {
        let named = |sum: &&TaxSum| rounding.fixed && Some(sum.code.as_str()) == code;
        sale.taxes.iter().find(named).map(|sum| sum.amount.0)
    };
    for (n, (line, taxes)) in sale.lines.iter().zip(applied).enumerate() {
        let reckoned = reckon::line(line.total.0, sale.prices, line.quantity.0, taxes, rounding);
        let mut row = Vec::with_capacity(taxes.len());
        for (m, (applied, raw)) in taxes.iter().zip(reckoned.taxes).enumerate() {
            if let Some(given) = applied.amount.filter(|_| rounding.fixed) {
                row.push(given);
                continue;
            }
            let code = applied.code.as_deref();
            let together = match printed(code) {
                Some(_) => (applied.tax.id, code, false),
                None => (applied.tax.id, None, rounding.apart(line.quantity.0)),
            };
            let entry = computed.entry(together).or_default();
            entry.places.push((n, m));
            entry.raw += raw;
            row.push(rounding.round(raw));
        }
        rows.push((reckoned.price, row));
    }
    for ((_, code, _), Computed { places, raw }) in computed {
        let near = |amount: &Decimal| {
            (*amount - raw).abs() <= rounding.unit() * Decimal::from(places.len())
        };
        let target = match printed(code).filter(near) {
            Some(printed) => printed,
            None if rounding.per_line => continue,
            None => rounding.round(raw),
        };
        let sum: Decimal = places.iter().map(|(n, m)| rows[*n].1[*m]).sum();
        spread(target - sum, &places, &mut rows, rounding.unit());
    }
    rows
}

/// Spreads a difference over amounts, a unit each, the largest first.
fn spread(
    difference: Decimal,
    places: &[(usize, usize)],
    rows: &mut [(Decimal, Vec<Decimal>)],
    unit: Decimal,
) {
    let mut order: Vec<(usize, usize)> = places.to_vec();
    order.sort_by_key(|(n, m)| std::cmp::Reverse(rows[*n].1[*m].abs()));
    let step = if difference < Decimal::ZERO {
        -unit
    } else {
        unit
    };
    let mut left = difference;
    for (n, m) in order.iter().cycle() {
        if left.abs() < unit {
            break;
        }
        rows[*n].1[*m] += step;
        left -= step;
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::destination::odoo::tax::applied;
    use crate::destination::odoo::testing::{sale, tax};
    use crate::destination::odoo::versions::Facts;

    fn divide(body: serde_json::Value, per_line: bool) -> Result<Vec<(String, String)>, Answer> {
        let sale = sale(body);
        let included = sale.prices == PriceMode::TaxIncluded;
        let taxes = [tax(1, "8.1", included), tax(2, "2.6", included)];
        let map = BTreeMap::new();
        let applied: Vec<_> = sale
            .lines
            .iter()
            .map(|line| applied(line, sale.prices, &taxes, &map, &[1], Facts::default()))
            .collect::<Result<_, _>>()?;
        let shares = shares(
            &sale,
            &applied,
            Rounding {
                digits: 2,
                per_line,
                fixed: true,
                engine: TaxEngine::EachTax,
            },
        )?;
        Ok(shares
            .iter()
            .map(|share| (share.base.to_string(), share.tax().to_string()))
            .collect())
    }
    fn line(n: i64, total: &str, taxes: serde_json::Value) -> serde_json::Value {
        json!({ "line": n, "type": "item", "product": { "sku": "A" }, "quantity": "1", "unit_price": total,
                "total": total, "taxes": taxes })
    }
    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(base, tax)| ((*base).to_owned(), (*tax).to_owned()))
            .collect()
    }

    #[test]
    fn the_tills_own_amounts_are_taken_as_they_are() {
        let body = json!({ "prices": "tax_included", "total": "10.00", "lines": [
            line(1, "10.00", json!([{ "code": "V81", "rate": "8.1", "amount": "0.74" }])),
        ]});
        assert_eq!(divide(body, false), Ok(pairs(&[("9.26", "0.74")])));
    }

    // Three times 1.00 at 8.1 %: 0.0749... each.
    #[rstest]
    #[case::per_line(true, [("0.93", "0.07"), ("0.93", "0.07"), ("0.93", "0.07")])]
    #[case::per_document(false, [("0.92", "0.08"), ("0.93", "0.07"), ("0.93", "0.07")])]
    fn what_the_till_does_not_say_is_rounded_as_the_company_does(
        #[case] per_line: bool,
        #[case] expected: [(&str, &str); 3],
    ) {
        let named = || json!([{ "code": "V81", "rate": "8.1" }]);
        let body = json!({ "prices": "tax_included", "total": "3.00", "lines": [
            line(1, "1.00", named()), line(2, "1.00", named()), line(3, "1.00", named()),
        ]});
        assert_eq!(divide(body, per_line), Ok(pairs(&expected)));
    }

    #[test]
    fn the_printed_sum_wins_over_our_own_rounding() {
        let named = || json!([{ "code": "V81", "rate": "8.1" }]);
        let body = json!({ "prices": "tax_included", "total": "3.00",
            "taxes": [{ "code": "V81", "rate": "8.1", "base": "2.79", "amount": "0.21" }],
            "lines": [line(1, "1.00", named()), line(2, "1.00", named()), line(3, "1.00", named())]});
        assert_eq!(
            divide(body, false),
            Ok(pairs(&[
                ("0.93", "0.07"),
                ("0.93", "0.07"),
                ("0.93", "0.07")
            ]))
        );
    }

    #[test]
    fn prices_without_tax_take_the_stated_tax_on_top() {
        let body = json!({ "prices": "tax_excluded", "tax_total": "0.82", "total": "10.82",
            "lines": [line(1, "10.00", json!([{ "code": "V81", "rate": "8.1" }]))]});
        assert_eq!(divide(body, false), Ok(pairs(&[("10.00", "0.82")])));
    }

    #[test]
    fn untaxed_and_unsaid_are_not_the_same() {
        let mut unsaid = line(2, "10.00", json!(null));
        unsaid["taxes"] = serde_json::Value::Null;
        let body = json!({ "prices": "tax_included", "total": "20.00",
            "lines": [line(1, "10.00", json!([])), unsaid]});
        assert_eq!(
            divide(body, false),
            Ok(pairs(&[("10.00", "0"), ("9.25", "0.75")]))
        );
    }

    #[test]
    fn a_tolerated_difference_goes_into_the_largest_line_and_a_larger_one_is_refused() {
        let lines = json!([line(1, "1.00", json!([])), line(2, "9.00", json!([]))]);
        let body =
            |total: &str| json!({ "prices": "tax_included", "total": total, "lines": lines });
        assert_eq!(
            divide(body("10.01"), false),
            Ok(pairs(&[("1.00", "0"), ("9.01", "0")]))
        );
        assert_eq!(
            divide(body("10.02"), false).map_err(|answer| answer.code),
            Err("totals_differ".to_owned())
        );
    }
}
