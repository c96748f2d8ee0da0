//! What Odoo's own tax engine makes of a line. Pure.
//!
//! Where Odoo takes no amounts of ours (below 19) it computes the taxes again at the close, and a day closes only with
//! what it comes to. So its ways are followed here, rounding by rounding: up to 17 both the price and the price without
//! tax are rounded per line, whatever the company chose, and the last included tax is what is left between them; from 18
//! on every tax is computed by itself. Without any rounding both come to the same.

use rust_decimal::Decimal;
use tillpost_shared::document::sale::PriceMode;

use super::shares::Rounding;
use super::tax::{Applied, Kind, Tax};
use super::versions::TaxEngine;

const HUNDRED: Decimal = Decimal::ONE_HUNDRED;
/// Digits beyond the currency's that taxes are rounded to, up to 17, when a document's sum is rounded.
const FINER_DIGITS: u32 = 5;

/// A line in Odoo's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoned {
    /// What quantity, price and discount are to come to: with the taxes that its price includes, without the others.
    pub price: Decimal,
    /// The taxes, in the order given; rounded only where Odoo rounds them line by line.
    pub taxes: Vec<Decimal>,
}

/// The taxes of a line that comes to `total` in the receipt's price mode.
pub fn line(
    total: Decimal,
    mode: PriceMode,
    quantity: Decimal,
    taxes: &[Applied],
    rounding: Rounding,
) -> Reckoned {
    let taxes: Vec<&Tax> = taxes.iter().map(|applied| &applied.tax).collect();
    let price = price(total, mode, quantity, &taxes);
    match rounding.engine {
        TaxEngine::Totals => {
            let price = rounding.round(price);
            let taxes = by_totals(price, quantity, &taxes, rounding);
            Reckoned { price, taxes }
        }
        TaxEngine::EachTax => {
            let price = if rounding.per_line {
                rounding.round(price)
            } else {
                price
            };
            let taxes = each_tax(price, quantity, &taxes, rounding);
            Reckoned { price, taxes }
        }
    }
}

/// What a tax comes to for the price without any: a fixed part and a part of that price.
#[derive(Clone, Copy, Default)]
struct Linear {
    fixed: Decimal,
    part: Decimal,
}

impl Linear {
    fn plus(self, other: Self) -> Self {
        Self {
            fixed: self.fixed + other.fixed,
            part: self.part + other.part,
        }
    }
}

/// The line's total with the taxes that prices include, without the others; not rounded.
fn price(total: Decimal, mode: PriceMode, quantity: Decimal, taxes: &[&Tax]) -> Decimal {
    let mut linear: Vec<Linear> = Vec::with_capacity(taxes.len());
    for tax in taxes {
        let mut base = Linear {
            fixed: Decimal::ZERO,
            part: Decimal::ONE,
        };
        for (before, amount) in taxes.iter().zip(&linear) {
            if before.raises && tax.raised {
                base = base.plus(*amount);
            }
        }
        linear.push(match tax.kind {
            Kind::Percent => Linear {
                fixed: base.fixed * tax.rate / HUNDRED,
                part: base.part * tax.rate / HUNDRED,
            },
            Kind::Fixed | Kind::Other => Linear {
                fixed: quantity * tax.rate,
                part: Decimal::ZERO,
            },
        });
    }
    let sum = |which: &dyn Fn(&Tax) -> bool| {
        let chosen = taxes.iter().zip(&linear).filter(|(tax, _)| which(tax));
        chosen.fold(Linear::default(), |sum, (_, amount)| sum.plus(*amount))
    };
    let included = sum(&|tax| tax.included);
    let net = match mode {
        PriceMode::TaxExcluded => total,
        // Nothing to work out, and so nothing that a division could leave over.
        PriceMode::TaxIncluded if taxes.iter().all(|tax| tax.included) => return total,
        PriceMode::TaxIncluded => {
            let all = sum(&|_| true);
            (total - all.fixed) / (Decimal::ONE + all.part)
        }
    };
    net + included.fixed + included.part * net
}

/// Up to 17 (`compute_all`).
fn by_totals(
    price: Decimal,
    quantity: Decimal,
    taxes: &[&Tax],
    rounding: Rounding,
) -> Vec<Decimal> {
    // At a price of nothing an amount each goes the way of the goods.
    let negative = price < Decimal::ZERO || (price.is_zero() && quantity < Decimal::ZERO);
    let (price, quantity) = (price.abs(), quantity.abs());
    let finer = if rounding.per_line { 0 } else { FINER_DIGITS };
    let fine = |amount| rounding.round_to(amount, rounding.digits + finer);
    let mut reached: Vec<Option<Decimal>> = vec![None; taxes.len()];
    let (mut base, mut fixed, mut percent) = (price, Decimal::ZERO, Decimal::ZERO);
    let without =
        |base, fixed, percent: Decimal| (base - fixed) / (Decimal::ONE + percent / HUNDRED);
    let mut first_of_row = true;
    for (n, tax) in taxes.iter().enumerate().rev() {
        if tax.raises {
            base = without(base, fixed, percent);
            (fixed, percent) = (Decimal::ZERO, Decimal::ZERO);
            first_of_row = true;
        }
        if !tax.included {
            continue;
        }
        match tax.kind {
            Kind::Percent => percent += tax.rate,
            Kind::Fixed | Kind::Other => fixed += quantity * tax.rate,
        }
        if first_of_row && !tax.rate.is_zero() {
            reached[n] = Some(base).filter(|base| !base.is_zero());
            first_of_row = false;
        }
    }
    let net = rounding.round(without(base, fixed, percent));
    let (mut base, mut before) = (net, Decimal::ZERO);
    let mut amounts = Vec::with_capacity(taxes.len());
    for (tax, reached) in taxes.iter().zip(reached) {
        let on = if tax.included || tax.raised {
            base
        } else {
            net
        };
        let amount = match (reached, tax.kind) {
            (Some(reached), _) => reached - (base + std::mem::take(&mut before)),
            (None, Kind::Percent) => on * tax.rate / HUNDRED,
            (None, Kind::Fixed | Kind::Other) => quantity * tax.rate,
        };
        let amount = fine(amount);
        if tax.included && reached.is_none() {
            before += amount;
        }
        if tax.raises {
            base += amount;
        }
        amounts.push(if negative { -amount } else { amount });
    }
    amounts
}

/// From 18 on (`_get_tax_details`).
fn each_tax(price: Decimal, quantity: Decimal, taxes: &[&Tax], rounding: Rounding) -> Vec<Decimal> {
    let batch = batches(taxes);
    let mut amounts: Vec<Option<Decimal>> = vec![None; taxes.len()];
    let mut extra = vec![Decimal::ZERO; taxes.len()];
    let percent = |n: usize| taxes[n].kind == Kind::Percent;
    let fixed = (0..taxes.len()).rev().filter(|n| !percent(*n));
    let included = (0..taxes.len())
        .rev()
        .filter(|n| percent(*n) && taxes[*n].included);
    let on_top = (0..taxes.len()).filter(|n| percent(*n) && !taxes[*n].included);
    for n in fixed.chain(included).chain(on_top) {
        let tax = taxes[n];
        let base = price + extra[n];
        let amount = match (tax.kind, tax.included) {
            (Kind::Fixed | Kind::Other, _) => quantity * tax.rate,
            (Kind::Percent, true) => {
                let together: Decimal = batch[n].clone().map(|m| taxes[m].rate).sum();
                base * tax.rate / (HUNDRED + together)
            }
            (Kind::Percent, false) => base * tax.rate / HUNDRED,
        };
        let amount = if rounding.per_line {
            rounding.round(amount)
        } else {
            amount
        };
        amounts[n] = Some(amount);
        for (m, other) in taxes.iter().enumerate() {
            if batch[n].contains(&m) {
                continue;
            }
            let after = m > n;
            let sign = match (tax.included, tax.raises) {
                (true, true) if after && other.raised => Decimal::ZERO,
                (true, _) => Decimal::NEGATIVE_ONE,
                (false, true) if after && other.raised => Decimal::ONE,
                (false, _) => Decimal::ZERO,
            };
            extra[m] += sign * amount;
        }
    }
    amounts.into_iter().map(Option::unwrap_or_default).collect()
}

/// Which taxes are computed together with each: neighbours of one kind that do not raise each other.
fn batches(taxes: &[&Tax]) -> Vec<std::ops::Range<usize>> {
    let mut batches = vec![0..0; taxes.len()];
    let mut end = taxes.len();
    for start in (0..taxes.len()).rev() {
        let alike = start > 0 && {
            let (before, tax) = (taxes[start - 1], taxes[start]);
            before.kind == tax.kind
                && before.included == tax.included
                && before.raises == tax.raises
                && !(before.raises && tax.raised)
        };
        if !alike {
            for batch in &mut batches[start..end] {
                *batch = start..end;
            }
            end = start;
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::destination::odoo::testing::{dec, tax};

    /// A tax as in `8.1i` (included), `5x` (on top), `0.25f` (an amount each, included; `d`: on top), with `+` when it raises the next.
    fn taxes(words: &str) -> Vec<Applied> {
        let one = |(n, word): (usize, &str)| {
            let (word, raises) = match word.strip_suffix('+') {
                Some(word) => (word, true),
                None => (word, false),
            };
            let (rate, kind) = word.split_at(word.len() - 1);
            let mut tax = tax(n as i64 + 1, rate, !["x", "d"].contains(&kind));
            tax.raises = raises;
            if kind == "f" || kind == "d" {
                tax.kind = Kind::Fixed;
            }
            Applied {
                tax,
                code: None,
                amount: None,
            }
        };
        words.split_whitespace().enumerate().map(one).collect()
    }

    fn reckon(
        words: &str,
        total: &str,
        mode: PriceMode,
        engine: TaxEngine,
        per_line: bool,
    ) -> String {
        let rounding = Rounding {
            digits: 2,
            per_line,
            fixed: false,
            engine,
        };
        let pieces = if total.starts_with('-') { "-2" } else { "2" };
        let found = line(dec(total), mode, dec(pieces), &taxes(words), rounding);
        let all = std::iter::once(&found.price).chain(&found.taxes);
        let texts: Vec<String> = all
            .map(|amount| amount.round_dp(4).normalize().to_string())
            .collect();
        texts.join(" ")
    }

    use PriceMode::{TaxExcluded, TaxIncluded};
    use TaxEngine::{EachTax, Totals};

    // The figures were worked out by hand.
    #[rstest]
    #[case::included("8.1i", "1.00", TaxIncluded, EachTax, false, "1 0.0749")]
    #[case::rounded_all_the_same("8.1i", "1.00", TaxIncluded, Totals, false, "1 0.07")]
    #[case::on_top_in_a_price_with_it("8.1x", "1.00", TaxIncluded, EachTax, false, "0.9251 0.0749")]
    #[case::on_top_rounded_first("8.1x", "1.00", TaxIncluded, Totals, true, "0.93 0.08")]
    #[case::two_in_the_price("5i 7i", "1.12", TaxIncluded, Totals, true, "1.12 0.05 0.07")]
    #[case::tax_on_tax_in_the_price(
        "10i+ 5i",
        "1.155",
        TaxIncluded,
        EachTax,
        false,
        "1.155 0.1 0.055"
    )]
    #[case::tax_on_tax_line_by_line(
        "10i+ 5i",
        "9.99",
        TaxIncluded,
        EachTax,
        true,
        "9.99 0.86 0.48"
    )]
    #[case::tax_on_tax_by_totals("10i+ 5i", "9.99", TaxIncluded, Totals, true, "9.99 0.86 0.48")]
    #[case::tax_on_tax_on_top("10x+ 5x", "10.00", TaxExcluded, EachTax, false, "10 1 0.55")]
    #[case::tax_on_tax_with_it("10x+ 5x", "11.55", TaxIncluded, Totals, true, "10 1 0.55")]
    #[case::one_of_each("3i 5x", "10.80", TaxIncluded, EachTax, false, "10.3 0.3 0.5")]
    #[case::one_of_each_without("3i 5x", "10.00", TaxExcluded, Totals, true, "10.3 0.3 0.5")]
    #[case::an_amount_each("0.25f 10i", "11.50", TaxIncluded, EachTax, false, "11.5 0.5 1")]
    #[case::an_amount_each_by_totals(
        "0.25f 10i",
        "11.50",
        TaxIncluded,
        Totals,
        false,
        "11.5 0.5 1"
    )]
    #[case::nothing_but_the_amount_each("0.25d", "-0.50", TaxIncluded, Totals, true, "0 -0.5")]
    #[case::taken_back("8.1i", "-1.00", TaxIncluded, Totals, true, "-1 -0.07")]
    fn a_line_as_odoo_reckons_it(
        #[case] words: &str,
        #[case] total: &str,
        #[case] mode: PriceMode,
        #[case] engine: TaxEngine,
        #[case] per_line: bool,
        #[case] expected: &str,
    ) {
        assert_eq!(reckon(words, total, mode, engine, per_line), expected);
    }
}
