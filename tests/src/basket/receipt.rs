//! A random basket as a till rings it up: its receipt, and its document.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Money;
use super::exact::Exact;
use super::tax::{Amount, BY_PIECE, MENUS, Rounds, Tax};
use crate::figures::quantity;
use crate::home::STORE;
use crate::random::Random;
use crate::shop::{CARD, CASH};

/// Coins are steps of so many minor units, at tills that round.
pub const STEP: i64 = 5;

/// What the till says of taxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// What each comes to on each line; rounded there.
    Lines,
    /// What each comes to on the receipt; rounded there.
    Sums,
    /// Only which.
    Names,
    /// Nothing; the goods' own taxes are meant.
    Nothing,
}

/// A line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Which goods: those of this menu.
    pub goods: usize,
    /// Minor units.
    pub price: i64,
    /// With the line's sign.
    pub discount: i64,
    pub amount: Amount,
}

/// A receipt.
#[derive(Debug, Clone)]
pub struct Receipt {
    pub till: &'static str,
    pub number: u64,
    pub back: bool,
    pub with_tax: bool,
    pub says: Says,
    pub lines: Vec<Line>,
    /// Of each line and tax, where the till says so.
    pub line_taxes: Vec<Vec<i64>>,
    /// Code and minor units, where it says so.
    pub sums: Vec<(&'static str, i64)>,
    pub tax: i64,
    pub total: i64,
    pub rounding: i64,
    pub cash: i64,
    pub card: i64,
    pub change: i64,
}

/// Where and how it is rung up.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub till: &'static str,
    /// Whether the till rounds to coins.
    pub coins: bool,
    /// Whether Odoo wants everything rounded there, cards too.
    pub strict: bool,
    /// How the company rounds, for tills that leave it to the company.
    pub company: Rounds,
    /// The taxes of a receipt as the company's Odoo computes them.
    pub reckons: fn(&[Line], Rounds) -> Vec<Vec<Exact>>,
}

impl Receipt {
    /// A random one.
    pub fn random(random: &mut Random, number: u64, place: &Place, money: Money) -> Self {
        loop {
            let receipt = Self::rung_up(random, number, place, money);
            // So small an amount would be rounded away and could not be paid.
            if receipt.total.abs() > 2 * STEP {
                return receipt;
            }
        }
    }

    fn rung_up(random: &mut Random, number: u64, place: &Place, money: Money) -> Self {
        let back = random.chance(1, 9);
        let exchange = !back && random.chance(1, 9);
        let with_tax = random.chance(1, 2);
        let says = [Says::Lines, Says::Sums, Says::Names, Says::Nothing][random.index(4)];
        let mut lines = Vec::new();
        for n in 0..random.between(1, 5) {
            let sign = if back || (exchange && n == 0) { -1 } else { 1 };
            lines.push(line(random, sign, with_tax, says, money));
        }
        let mut receipt = Self {
            till: place.till,
            number,
            back,
            with_tax,
            says,
            lines,
            line_taxes: Vec::new(),
            sums: Vec::new(),
            tax: 0,
            total: 0,
            rounding: 0,
            cash: 0,
            card: 0,
            change: 0,
        };
        receipt.tax(place);
        receipt.pay(random, place, money);
        receipt
    }

    /// What the till makes of the taxes.
    fn tax(&mut self, place: &Place) {
        let exact: Vec<Vec<Exact>> = self
            .lines
            .iter()
            .map(|line| line.amount.exact().1)
            .collect();
        match self.says {
            Says::Lines => {
                let rounded = |row: &Vec<Exact>| row.iter().map(|tax| tax.round()).collect();
                self.line_taxes = exact.iter().map(rounded).collect();
                let rows = self.line_taxes.iter();
                let whole = rows.map(|row| row.iter().map(|units| Exact::whole(*units)).collect());
                self.sums = sums(&self.lines, &whole.collect::<Vec<_>>());
            }
            Says::Sums => self.sums = sums(&self.lines, &exact),
            Says::Names | Says::Nothing => {
                let rows = (place.reckons)(&self.lines, place.company);
                self.sums = sums(&self.lines, &rows);
            }
        }
        self.tax = self.sums.iter().map(|(_, units)| units).sum();
        self.total = self.lines.iter().map(|line| line.amount.total).sum();
        if !self.with_tax {
            self.total += self.tax;
        }
    }

    fn pay(&mut self, random: &mut Random, place: &Place, money: Money) {
        let total = self.total;
        let rounded = if place.coins {
            Exact::of(total, STEP).round() * STEP
        } else {
            total
        };
        let notes = |owed: i64| (owed / money.whole() / 10 + 1) * 10 * money.whole();
        match random.below(4) {
            0 if !(place.coins && place.strict) => self.card = total,
            1 if rounded > STEP * 3 => {
                self.card = rounded / 3 / STEP * STEP;
                self.cash = rounded - self.card;
            }
            2 if rounded > 0 => {
                self.cash = notes(rounded);
                self.change = self.cash - rounded;
            }
            _ => self.cash = rounded,
        }
        self.rounding = self.cash + self.card - self.change - total;
    }

    /// The document.
    pub fn json(&self, at: Timestamp, date: Date, money: Money) -> Value {
        let lines = self.lines.iter().enumerate();
        let lines: Vec<Value> = lines.map(|(n, line)| self.line(n, line, money)).collect();
        let mut body = json!({
            "prices": if self.with_tax { "tax_included" } else { "tax_excluded" },
            "lines": lines, "total": money.text(self.total), "tenders": self.tenders(money),
        });
        if self.says != Says::Nothing || !self.with_tax {
            body["tax_total"] = money.text(self.tax).into();
        }
        if matches!(self.says, Says::Lines | Says::Sums) {
            let sum = |(code, units): &(&str, i64)| json!({ "code": code, "rate": rate(find(code)), "base": money.text(0), "amount": money.text(*units) });
            body["taxes"] = self.sums.iter().map(sum).collect();
        }
        if self.rounding != 0 {
            body["cash_rounding"] = money.text(self.rounding).into();
        }
        if self.change != 0 {
            body["change"] = money.text(self.change).into();
        }
        json!({
            "kind": if self.back { "return" } else { "sale" }, "store": STORE, "till": self.till, "sequence": self.number,
            "business_date": date.to_string(), "occurred_at": at.to_string(), "currency": money.currency, "body": body,
        })
    }

    fn line(&self, n: usize, line: &Line, money: Money) -> Value {
        let amount = &line.amount;
        let mut json = json!({
            "line": n + 1, "type": "item", "product": { "sku": sku(line.goods, amount.thousandths % 1_000 != 0) },
            "quantity": quantity(amount.thousandths), "unit_price": money.text(line.price), "total": money.text(amount.total),
        });
        if line.discount != 0 {
            json["discounts"] = json!([{ "amount": money.text(line.discount) }]);
        }
        if self.says == Says::Nothing {
            return json;
        }
        let tax = |(m, tax): (usize, &Tax)| {
            let mut named = json!({ "code": tax.code, "rate": rate(tax) });
            if let Some(row) = self.line_taxes.get(n) {
                named["amount"] = money.text(row[m]).into();
            }
            named
        };
        json["taxes"] = amount.taxes().iter().enumerate().map(tax).collect();
        json
    }

    fn tenders(&self, money: Money) -> Value {
        let mut tenders = Vec::new();
        for (kind, method, units) in [("card", CARD, self.card), ("cash", CASH, self.cash)] {
            if units != 0 {
                tenders
                    .push(json!({ "type": kind, "method": method, "amount": money.text(units) }));
            }
        }
        tenders.into()
    }
}

/// One line; its taxes are now and then not those of its goods, where the till says which.
fn line(random: &mut Random, sign: i64, with_tax: bool, says: Says, money: Money) -> Line {
    let goods = random.index(MENUS.len());
    let weighed = goods != BY_PIECE && random.chance(1, 3);
    let otherwise = says != Says::Nothing && !weighed && random.chance(1, 5);
    let menu = if otherwise {
        random.index(MENUS.len())
    } else {
        goods
    };
    let most = 4_000 * money.whole() / 100;
    // Nobody sells goods for less than the amount that is in the price of each piece.
    let (least, cheaper) = if menu == BY_PIECE {
        (60, false)
    } else {
        (7, true)
    };
    let price = i64::try_from(random.between(least, most.max(900) as u64)).unwrap();
    let thousandths = if weighed {
        i64::try_from(random.between(20, 2_500)).unwrap()
    } else {
        1_000 * i64::try_from(random.between(1, 6)).unwrap()
    };
    let before = Exact::of(price * thousandths, 1_000).round();
    let discount = if cheaper && before > 2 && random.chance(1, 4) {
        i64::try_from(random.between(1, (before / 2) as u64)).unwrap()
    } else {
        0
    };
    Line {
        goods,
        price,
        discount: sign * discount,
        amount: Amount {
            total: sign * (before - discount),
            with_tax,
            thousandths: sign * thousandths,
            menu,
        },
    }
}

/// The number of the goods of a menu, sold by the piece or weighed.
pub fn sku(menu: usize, weighed: bool) -> String {
    format!("BK-{menu}{}", if weighed { "W" } else { "P" })
}

fn find(code: &str) -> &'static Tax {
    let mut all = MENUS.iter().copied().flatten();
    all.find(|tax| tax.code == code).unwrap()
}

/// Per cent, as the till prints it; an amount for each piece is of no rate.
fn rate(tax: &Tax) -> String {
    if tax.each {
        "0".to_owned()
    } else {
        quantity(tax.rate)
    }
}

/// Each code's sum, rounded.
pub fn sums(lines: &[Line], rows: &[Vec<Exact>]) -> Vec<(&'static str, i64)> {
    let mut sums: Vec<(&'static str, Exact)> = Vec::new();
    for (line, row) in lines.iter().zip(rows) {
        for (tax, amount) in line.amount.taxes().iter().zip(row) {
            match sums.iter_mut().find(|(code, _)| *code == tax.code) {
                Some((_, sum)) => *sum = *sum + *amount,
                None => sums.push((tax.code, *amount)),
            }
        }
    }
    sums.into_iter()
        .map(|(code, sum)| (code, sum.round()))
        .collect()
}
