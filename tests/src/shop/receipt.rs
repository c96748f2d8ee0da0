//! Sales, returns and exchanges: lines one way, tenders the other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CARD, CASH, Product, divide, key, local, part, per_cent, tax_code, tax_in, uid};
use crate::figures::{money, quantity};
use crate::home::STORE;

/// A receipt as the till keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// `sale` or `return`.
    pub kind: &'static str,
    pub till: String,
    pub sequence: u64,
    pub at: Timestamp,
    pub date: Date,
    pub lines: Vec<Line>,
    /// Method and cents; negative when paid back.
    pub tenders: Vec<(&'static str, i64)>,
    /// Cash given back from the tenders, in cents.
    pub change: i64,
    /// Whether its prices are without tax.
    pub net_prices: bool,
    /// By how many cents cash was rounded to coins.
    pub cash_rounding: i64,
}

/// One line of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub product: Product,
    pub thousandths: i64,
    /// Taken off, in cents, with the line's sign.
    pub discount: i64,
    /// The line it brings back.
    pub from: Option<Origin>,
    /// The lot that the goods are of.
    pub lot: Option<&'static str>,
}

/// A line of an earlier receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub till: String,
    pub sequence: u64,
    pub line: usize,
}

impl Line {
    /// What it comes to in cents.
    pub fn total(&self) -> i64 {
        divide(self.product.price * self.thousandths, 1000) - self.discount
    }

    fn json(&self, number: usize) -> Value {
        let product = &self.product;
        let mut line = json!({
            "line": number,
            "type": "item",
            "product": {"sku": product.sku, "barcode": product.barcode, "name": product.name},
            "quantity": quantity(self.thousandths),
            "unit": product.unit(),
            "unit_price": money(product.price),
            "taxes": [{"code": tax_code(product.rate), "rate": per_cent(product.rate)}],
            "total": money(self.total()),
        });
        if self.discount != 0 {
            line["discounts"] = json!([{"amount": money(self.discount), "reason": "Promotion"}]);
        }
        if let Some(lot) = self.lot {
            line["lots"] = json!([{"lot": lot, "quantity": quantity(self.thousandths.abs())}]);
        }
        if let Some(origin) = &self.from {
            line["returned_from"] =
                json!({"till": origin.till, "sequence": origin.sequence, "line": origin.line});
            line["reason"] = json!("changed mind");
        }
        line
    }
}

impl Receipt {
    /// An empty sale.
    pub fn sale(till: &str, sequence: u64, at: Timestamp, date: Date) -> Self {
        Self {
            kind: "sale",
            till: till.to_owned(),
            sequence,
            at,
            date,
            lines: Vec::new(),
            tenders: Vec::new(),
            change: 0,
            net_prices: false,
            cash_rounding: 0,
        }
    }

    /// An empty return.
    pub fn back(till: &str, sequence: u64, at: Timestamp, date: Date) -> Self {
        Self {
            kind: "return",
            ..Self::sale(till, sequence, at, date)
        }
    }

    /// Adds a line of so many thousandths of a unit.
    pub fn item(mut self, product: &Product, thousandths: i64) -> Self {
        self.lines.push(Line {
            product: product.clone(),
            thousandths,
            discount: 0,
            from: None,
            lot: None,
        });
        self
    }

    /// Has prices without tax.
    pub fn without_tax(mut self) -> Self {
        self.net_prices = true;
        self
    }

    /// The last line's goods are of a lot.
    pub fn of_lot(mut self, lot: &'static str) -> Self {
        self.lines.last_mut().unwrap().lot = Some(lot);
        self
    }

    /// Takes something off the last line.
    pub fn less(mut self, cents: i64) -> Self {
        self.lines.last_mut().unwrap().discount = cents;
        self
    }

    /// Brings back a whole line of an earlier receipt; lines count from 1.
    pub fn item_of(mut self, sold: &Self, line: usize) -> Self {
        let original = &sold.lines[line - 1];
        self.lines.push(Line {
            product: original.product.clone(),
            thousandths: -original.thousandths,
            discount: -original.discount,
            from: Some(Origin {
                till: sold.till.clone(),
                sequence: sold.sequence,
                line,
            }),
            lot: original.lot,
        });
        self
    }

    /// Paid, or paid back, exactly and by one method.
    pub fn paid(mut self, method: &'static str) -> Self {
        self.tenders = match self.total() {
            0 => Vec::new(),
            total => vec![(method, total)],
        };
        self.change = 0;
        self
    }

    /// Paid in cash, or paid back, rounded to coins of so many cents.
    pub fn paid_in_coins(mut self, coin: i64) -> Self {
        let rounded = divide(self.total(), coin) * coin;
        self.cash_rounding = rounded - self.total();
        self.tenders = vec![(CASH, rounded)];
        self.change = 0;
        self
    }

    /// Paid with a note: the rest is change.
    pub fn paid_with_note(mut self, note: i64) -> Self {
        self.tenders = vec![(CASH, note)];
        self.change = note - self.total();
        assert!(self.change >= 0);
        self
    }

    /// Paid partly by card, the rest in cash.
    pub fn paid_in_parts(mut self, by_card: i64) -> Self {
        self.tenders = vec![(CARD, by_card), (CASH, self.total() - by_card)];
        self.change = 0;
        self
    }

    pub fn key(&self) -> String {
        key(&self.till, self.sequence)
    }

    pub fn uid(&self) -> Uuid {
        uid(&self.till, self.sequence)
    }

    pub fn line_uid(&self, line: usize) -> Uuid {
        part(self.uid(), &format!("line/{line}"))
    }

    /// What is owed, in cents.
    pub fn total(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(Line::total).sum();
        if self.net_prices {
            lines + self.tax()
        } else {
            lines
        }
    }

    /// What a line comes to with its tax, in cents.
    pub fn with_tax(&self, line: &Line) -> i64 {
        if !self.net_prices {
            return line.total();
        }
        let same = self
            .lines
            .iter()
            .filter(|other| other.product.rate == line.product.rate);
        assert_eq!(
            same.count(),
            1,
            "nobody has said how a rate's tax divides over lines"
        );
        line.total() + self.tax_by_rate()[&line.product.rate]
    }

    /// The lines' cents by tax rate.
    fn sums_by_rate(&self) -> BTreeMap<i64, i64> {
        let mut gross = BTreeMap::new();
        for line in &self.lines {
            *gross.entry(line.product.rate).or_default() += line.total();
        }
        gross
    }

    /// Tax in cents by rate.
    pub fn tax_by_rate(&self) -> BTreeMap<i64, i64> {
        let tax = |sum, rate| match self.net_prices {
            true => divide(sum * rate, 1000),
            false => tax_in(sum, rate),
        };
        let sums = self.sums_by_rate().into_iter();
        sums.map(|(rate, sum)| (rate, tax(sum, rate))).collect()
    }

    /// The same rounded line by line, where prices include it.
    pub fn tax_by_rate_of_lines(&self) -> BTreeMap<i64, i64> {
        if self.net_prices {
            return self.tax_by_rate();
        }
        let mut taxes = BTreeMap::new();
        for line in &self.lines {
            let rate = line.product.rate;
            *taxes.entry(rate).or_default() += tax_in(line.total(), rate);
        }
        taxes
    }

    /// Tax in cents.
    pub fn tax(&self) -> i64 {
        self.tax_by_rate().values().sum()
    }

    /// What is left in the drawer or on the terminal, by method, change taken off.
    pub fn paid_by(&self) -> BTreeMap<&'static str, i64> {
        let mut paid = BTreeMap::new();
        for (method, cents) in &self.tenders {
            *paid.entry(*method).or_default() += cents;
        }
        if self.change != 0 {
            *paid.entry(CASH).or_default() -= self.change;
        }
        paid
    }

    /// The document.
    pub fn json(&self) -> Value {
        let numbered = self.lines.iter().enumerate();
        let lines: Vec<Value> = numbered.map(|(n, line)| line.json(n + 1)).collect();
        let tax_by_rate = self.tax_by_rate();
        let taxes = self.sums_by_rate().into_iter().map(|(rate, sum)| {
            let tax = tax_by_rate[&rate];
            let base = if self.net_prices { sum } else { sum - tax };
            json!({"code": tax_code(rate), "rate": per_cent(rate), "base": money(base), "amount": money(tax)})
        });
        let tenders = self.tenders.iter().map(|(method, cents)| {
            let kind = if *method == CASH { "cash" } else { "card" };
            json!({"type": kind, "method": method, "amount": money(*cents)})
        });
        let mut body = json!({
            "prices": if self.net_prices { "tax_excluded" } else { "tax_included" },
            "lines": lines,
            "taxes": taxes.collect::<Vec<_>>(),
            "tax_total": money(self.tax()),
            "total": money(self.total()),
            "tenders": tenders.collect::<Vec<_>>(),
        });
        if self.change != 0 {
            body["change"] = json!(money(self.change));
        }
        if self.cash_rounding != 0 {
            body["cash_rounding"] = json!(money(self.cash_rounding));
        }
        json!({
            "kind": self.kind,
            "store": STORE,
            "till": self.till,
            "sequence": self.sequence,
            "receipt_number": format!("{}-{:06}", self.till, self.sequence),
            "business_date": self.date.to_string(),
            "occurred_at": local(self.at),
            "currency": "USD",
            "operator": "op-7",
            "body": body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::{moment, range};

    #[test]
    fn a_receipt_adds_up() {
        let (range, date) = (range(), "2026-11-20".parse().unwrap());
        let sale = Receipt::sale("1", 7, moment(date, 60), date)
            .item(&range[0], 2000)
            .item(&range[9], 345)
            .less(10)
            .paid_with_note(5000);
        let line_totals = [2 * range[0].price, divide(range[9].price * 345, 1000) - 10];
        assert_eq!(sale.total(), line_totals.iter().sum::<i64>());
        assert_eq!(sale.paid_by()[CASH], sale.total());
        let back = Receipt::back("1", 8, moment(date, 90), date)
            .item_of(&sale, 2)
            .paid(CARD);
        assert_eq!(back.total(), -line_totals[1]);
        let body = &back.json()["body"];
        assert_eq!(body["lines"][0]["returned_from"]["line"], 2);
        assert_eq!(body["tenders"][0]["amount"], money(-line_totals[1]));
    }
}
