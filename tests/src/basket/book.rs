//! What a till's session must come to in Odoo's books: the till's own figures where Odoo takes them, else what its company
//! computes.

use std::collections::BTreeMap;

use super::Money;
use super::exact::Exact;
use super::receipt::{Line, Receipt, Says, sums};
use super::tax::Rounds;
use crate::figures::Figures;

/// The taxes of a receipt's lines as Odoo 19 computes them. Goods sold and goods taken back are rounded apart.
pub fn as_19(lines: &[Line], rounds: Rounds) -> Vec<Vec<Exact>> {
    if rounds == Rounds::PerLine {
        let whole = |line: &Line| {
            let units = line.amount.each_rounded().into_iter();
            units.map(Exact::whole).collect()
        };
        return lines.iter().map(whole).collect();
    }
    // Rounded to whole units already, so that summing up over both adds nothing: the first line of a tax bears it.
    let mut rows: Vec<Vec<Exact>> = lines
        .iter()
        .map(|line| vec![Exact::ZERO; line.amount.taxes().len()])
        .collect();
    for taken_back in [false, true] {
        let chosen: Vec<usize> = (0..lines.len())
            .filter(|n| (lines[*n].amount.thousandths < 0) == taken_back)
            .collect();
        let some: Vec<Line> = chosen.iter().map(|n| lines[*n]).collect();
        let exact: Vec<Vec<Exact>> = some.iter().map(|line| line.amount.exact().1).collect();
        for (code, units) in sums(&some, &exact) {
            let place = chosen.iter().find_map(|n| {
                let taxes = lines[*n].amount.taxes();
                Some((*n, taxes.iter().position(|tax| tax.code == code)?))
            });
            let (n, m) = place.unwrap();
            rows[n][m] = Exact::whole(units);
        }
    }
    rows
}

/// The same as Odoo 14 does.
pub fn as_14(lines: &[Line], rounds: Rounds) -> Vec<Vec<Exact>> {
    lines
        .iter()
        .map(|line| line.amount.between_totals(rounds))
        .collect()
}

/// One session's sums, in minor units.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub receipts: i64,
    pub total: i64,
    pub cash: i64,
    pub card: i64,
    pub rounding: i64,
    pub taxes: BTreeMap<&'static str, i64>,
}

impl Book {
    /// Adds a receipt to the books of an Odoo that takes the till's taxes, or computes its own.
    pub fn add(&mut self, receipt: &Receipt, takes: bool, company: Rounds) {
        self.receipts += 1;
        self.total += receipt.total;
        self.cash += receipt.cash - receipt.change;
        self.card += receipt.card;
        self.rounding += receipt.rounding;
        let said = matches!(receipt.says, Says::Lines | Says::Sums);
        let taxes = match (takes, said) {
            (true, true) => receipt.sums.clone(),
            (true, false) => sums(&receipt.lines, &as_19(&receipt.lines, company)),
            (false, _) => sums(&receipt.lines, &as_14(&receipt.lines, company)),
        };
        for (code, units) in taxes {
            *self.taxes.entry(code).or_default() += units;
        }
    }

    /// The figures of a session, by its name.
    pub fn figures(&self, session: &str, money: Money, figures: &mut Figures) {
        let tax: i64 = self.taxes.values().sum();
        let mut set = |what: &str, units: i64| {
            figures.set(format!("{session}: {what}"), money.text(units));
        };
        set("total", self.total);
        set("tax", tax);
        set("cash", self.cash);
        set("card", self.card);
        set("booked as income", self.total - tax);
        set("booked as rounding", self.rounding);
        set("booked as difference", 0);
        for (code, units) in &self.taxes {
            if *units != 0 {
                set(&format!("booked as tax {code}"), *units);
            }
        }
        figures.set(format!("{session}: receipts"), self.receipts);
        figures.set(format!("{session}: state"), "closed");
    }
}
