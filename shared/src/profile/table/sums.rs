//! What a receipt comes to, where its file leaves open whether prices are with tax and whether a discount or a gift card
//! stands in the lines already: the receipt's own sums decide.

use rust_decimal::Decimal;

use super::Table;
use super::receipt::{Charge, Receipt};
use super::sold::Sold;

/// How the lines and charges of a receipt are to be read.
#[derive(Debug)]
pub struct Found {
    /// Whether its prices are without tax.
    pub excluded: bool,
    /// What is owed beside the lines or taken off them all, with its sign.
    pub charges: Vec<Charge>,
    /// The tax in it.
    pub tax: Option<Decimal>,
    /// What is owed, tax included.
    pub total: Decimal,
}

/// Whether a file's charge stands in no line, in part, or is in the lines already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Whole,
    /// What the lines' own discounts leave of it.
    Rest,
    Nothing,
}

/// The reading whose sum is the receipt's own; of several the first, and if there is none, the nearest.
pub fn decide(table: &Table, receipt: &Receipt, lines: &[Sold]) -> Found {
    let flip = |amount: Decimal| {
        if receipt.reversed {
            -amount.abs()
        } else {
            amount
        }
    };
    let goods: Decimal = lines.iter().map(|line| line.total).sum();
    let of_lines = lines.iter().any(|line| line.tax.is_some());
    let of_lines = of_lines.then(|| lines.iter().filter_map(|line| line.tax).sum());
    let tax = receipt.tax.map(flip).or(of_lines);
    let stated = receipt.total.map(|total| flip(total) - receipt.tip);
    let modes: &[bool] = match (table.defaults.prices.as_deref(), stated) {
        (Some("tax_excluded"), _) => &[true],
        (Some("auto"), Some(_)) if tax.is_some_and(|tax| !tax.is_zero()) => &[false, true],
        _ => &[false],
    };
    let has = |kind: &str| receipt.charges.iter().any(|charge| charge.what.0 == kind);
    let discounts: &[Beside] = match stated {
        Some(_) if has("discount") => &[Beside::Whole, Beside::Rest, Beside::Nothing],
        _ => &[Beside::Whole],
    };
    let vouchers: &[Beside] = match stated {
        Some(_) if has("voucher") => &[Beside::Whole, Beside::Nothing],
        _ => &[Beside::Whole],
    };
    let mut best: Option<(Decimal, Found)> = None;
    for excluded in modes {
        for discount in discounts {
            for voucher in vouchers {
                let charges = charges(receipt, lines, *discount, *voucher);
                let added = tax.filter(|_| *excluded).unwrap_or_default();
                let beside: Decimal = charges.iter().map(|charge| charge.amount).sum();
                let sum = goods + beside + added;
                let off = stated.map_or(Decimal::ZERO, |stated| (stated - sum).abs());
                if best.as_ref().is_none_or(|(least, _)| off < *least) {
                    let found = Found {
                        excluded: *excluded,
                        charges,
                        tax,
                        total: stated.unwrap_or(sum),
                    };
                    best = Some((off, found));
                }
            }
        }
    }
    best.map_or_else(
        || Found {
            excluded: false,
            charges: Vec::new(),
            tax,
            total: stated.unwrap_or(goods),
        },
        |(_, found)| found,
    )
}

fn charges(receipt: &Receipt, lines: &[Sold], discount: Beside, voucher: Beside) -> Vec<Charge> {
    let told = |charge: &Charge| -> Option<Charge> {
        let sign = if receipt.reversed {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        };
        let amount = match charge.what.0 {
            // However the file signs it: it makes a sale cheaper and a return smaller.
            "discount" => {
                let back =
                    receipt.reversed || receipt.total.is_some_and(|total| total.is_sign_negative());
                let own: Decimal = lines.iter().map(|line| line.discount.abs()).sum();
                let whole = match discount {
                    Beside::Whole => charge.amount.abs(),
                    Beside::Rest => charge.amount.abs() - own,
                    Beside::Nothing => Decimal::ZERO,
                };
                if back { whole } else { -whole }
            }
            "voucher" if voucher == Beside::Nothing => Decimal::ZERO,
            _ => charge.amount * sign,
        };
        (!amount.is_zero()).then(|| Charge {
            amount,
            ..charge.clone()
        })
    };
    receipt.charges.iter().filter_map(told).collect()
}
