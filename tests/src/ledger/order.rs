//! What must stand in Odoo of a receipt: one order, or one for each original when it brings back goods of several.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::shop::receipt::{Line, Receipt};
use crate::shop::{key, part, uid};

/// An order.
#[derive(Debug, Clone)]
pub struct Order {
    pub uid: Uuid,
    /// The receipt it is a part of, or itself.
    pub whole: Uuid,
    /// When it was sold, in seconds since 1970.
    pub at: i64,
    pub lines: Vec<OrderLine>,
    /// Tax in cents by rate.
    pub tax: BTreeMap<i64, i64>,
    /// The same rounded line by line, as Odoo 14 does with prices that include tax.
    pub tax_of_lines: BTreeMap<i64, i64>,
    /// Cents by method, change taken off.
    pub paid: BTreeMap<&'static str, i64>,
}

/// A line of an order.
#[derive(Debug, Clone)]
pub struct OrderLine {
    pub uid: Uuid,
    pub sku: String,
    pub thousandths: i64,
    /// Cents, tax included.
    pub total: i64,
    /// The line it brings back.
    pub takes_back: Option<Uuid>,
    /// The lot that the goods are of.
    pub lot: Option<&'static str>,
}

impl Order {
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.total).sum()
    }

    /// What undoes it: the same figures with the opposite sign, in an order of its own.
    pub fn undone_by(&self, void: Uuid, at: i64) -> Self {
        let turned = |line: &OrderLine| OrderLine {
            uid: part(void, &format!("line/{}", line.uid)),
            sku: line.sku.clone(),
            thousandths: -line.thousandths,
            total: -line.total,
            takes_back: Some(line.uid),
            lot: line.lot,
        };
        Self {
            uid: void,
            whole: void,
            at,
            lines: self.lines.iter().map(turned).collect(),
            tax: turned_round(&self.tax),
            tax_of_lines: turned_round(&self.tax_of_lines),
            paid: self
                .paid
                .iter()
                .map(|(how, cents)| (*how, -cents))
                .collect(),
        }
    }

    /// Takes another part of the same receipt in.
    pub fn join(&mut self, other: Self) {
        self.uid = self.whole;
        self.lines.extend(other.lines);
        for (rate, tax) in other.tax {
            *self.tax.entry(rate).or_default() += tax;
        }
        for (rate, tax) in other.tax_of_lines {
            *self.tax_of_lines.entry(rate).or_default() += tax;
        }
        for (method, cents) in other.paid {
            *self.paid.entry(method).or_default() += cents;
        }
    }
}

fn turned_round(tax: &BTreeMap<i64, i64>) -> BTreeMap<i64, i64> {
    tax.iter().map(|(rate, tax)| (*rate, -tax)).collect()
}

/// The orders that a receipt becomes.
pub fn orders_of(receipt: &Receipt) -> Vec<Order> {
    let original = |line: &Line| {
        let from = line.from.as_ref();
        from.map(|from| key(&from.till, from.sequence))
    };
    let originals: BTreeSet<_> = receipt.lines.iter().filter_map(original).collect();
    let numbered = || receipt.lines.iter().enumerate();
    if originals.len() < 2 {
        let lines = numbered().map(|(n, line)| order_line(receipt, n + 1, line));
        return vec![Order {
            lines: lines.collect(),
            tax: receipt.tax_by_rate(),
            tax_of_lines: receipt.tax_by_rate_of_lines(),
            paid: receipt.paid_by(),
            ..empty(receipt, receipt.uid())
        }];
    }
    let [(method, _)] = receipt.tenders.as_slice() else {
        panic!("nobody has said how two tenders divide over two originals");
    };
    let part_of = |wanted: String| {
        let of_it = |(_, line): &(usize, &Line)| original(line).as_ref() == Some(&wanted);
        let mut alone = receipt.clone();
        alone.lines.retain(|line| of_it(&(0, line)));
        let lines = numbered().filter(of_it);
        let uid = part(receipt.uid(), &format!("part/{wanted}"));
        Order {
            lines: lines
                .map(|(n, line)| order_line(receipt, n + 1, line))
                .collect(),
            tax: alone.tax_by_rate(),
            tax_of_lines: alone.tax_by_rate_of_lines(),
            paid: BTreeMap::from([(*method, alone.total())]),
            ..empty(receipt, uid)
        }
    };
    originals.into_iter().map(part_of).collect()
}

fn empty(receipt: &Receipt, uid: Uuid) -> Order {
    Order {
        uid,
        whole: receipt.uid(),
        at: receipt.at.as_second(),
        lines: Vec::new(),
        tax: BTreeMap::new(),
        tax_of_lines: BTreeMap::new(),
        paid: BTreeMap::new(),
    }
}

fn order_line(receipt: &Receipt, number: usize, line: &Line) -> OrderLine {
    let origin = |from: &crate::shop::receipt::Origin| {
        part(
            uid(&from.till, from.sequence),
            &format!("line/{}", from.line),
        )
    };
    OrderLine {
        uid: receipt.line_uid(number),
        sku: line.product.sku.clone(),
        thousandths: line.thousandths,
        total: receipt.with_tax(line),
        takes_back: line.from.as_ref().map(origin),
        lot: line.lot,
    }
}
