//! The shop's own books: what must stand in Odoo once everything the tills rang up has arrived.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::figures::{Figures, money, quantity};
use crate::shop::receipt::{Line, Receipt};
use crate::shop::{CARD, CASH, Product, key, part, tax_in, uid};

/// The books of all tills, over all days.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    tills: BTreeMap<String, TillBook>,
    /// Cents by order.
    orders: BTreeMap<Uuid, i64>,
    /// Orders that are parts of one receipt: its till and uid.
    parts: BTreeMap<Uuid, (String, Uuid)>,
    /// The line that comes back, and the order that brings it.
    links: BTreeMap<Uuid, Uuid>,
    /// Thousandths by article number.
    stock: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, Default)]
struct TillBook {
    orders: usize,
    lines: usize,
    total: i64,
    tax: i64,
    /// Rounded line by line, as Odoo 14 does with prices that include tax.
    tax_of_lines: i64,
    paid: BTreeMap<&'static str, i64>,
    cash_moves: usize,
    cash_moved: i64,
    sessions: usize,
}

impl Ledger {
    /// Books of a shop with so many thousandths of every article.
    pub fn new(range: &[Product], stock: i64) -> Self {
        let stock = range.iter().map(|product| (product.sku.clone(), stock));
        Self {
            stock: stock.collect(),
            ..Self::default()
        }
    }

    /// A till was opened for a day.
    pub fn open(&mut self, till: &str) {
        self.book(till).sessions += 1;
    }

    /// A sale, return or exchange.
    pub fn receipt(&mut self, receipt: &Receipt) {
        self.sums(receipt, 1);
        for (order, lines) in orders_of(receipt) {
            self.book(&receipt.till).orders += 1;
            let total = lines.iter().map(|(_, line)| line.total()).sum();
            self.orders.insert(order, total);
            if order != receipt.uid() {
                let whole = (receipt.till.clone(), receipt.uid());
                self.parts.insert(order, whole);
            }
        }
        for (order, lines) in orders_of(receipt) {
            for origin in lines.iter().filter_map(|(_, line)| line.from.as_ref()) {
                let sale = uid(&origin.till, origin.sequence);
                let line = part(sale, &format!("line/{}", origin.line));
                self.links.insert(line, order);
            }
        }
    }

    /// The void `sequence` of a whole receipt.
    pub fn void(&mut self, sequence: u64, of: &Receipt) {
        self.sums(of, -1);
        let void = uid(&of.till, sequence);
        self.book(&of.till).orders += 1;
        self.orders.insert(void, -of.total());
        for (number, _) in numbered(of) {
            self.links.insert(of.line_uid(number), void);
        }
    }

    fn sums(&mut self, receipt: &Receipt, sign: i64) {
        let book = self.book(&receipt.till);
        book.lines += receipt.lines.len();
        book.total += sign * receipt.total();
        book.tax += sign * receipt.tax();
        let of_lines = receipt.lines.iter();
        let of_lines = of_lines.map(|line| tax_in(line.total(), line.product.rate));
        book.tax_of_lines += sign * of_lines.sum::<i64>();
        for (method, cents) in receipt.paid_by() {
            *book.paid.entry(method).or_default() += sign * cents;
        }
        for line in &receipt.lines {
            *self.stock.get_mut(&line.product.sku).unwrap() -= sign * line.thousandths;
        }
    }

    /// Cash put in (positive) or taken out.
    pub fn cash(&mut self, till: &str, cents: i64) {
        let book = self.book(till);
        book.cash_moves += 1;
        book.cash_moved += cents;
    }

    /// What lies on the shelf, in thousandths.
    pub fn on_hand(&self, sku: &str) -> i64 {
        self.stock[sku]
    }

    /// So many thousandths were found to lack when counting.
    pub fn lacks(&mut self, sku: &str, thousandths: i64) {
        *self.stock.get_mut(sku).unwrap() -= thousandths;
    }

    fn book(&mut self, till: &str) -> &mut TillBook {
        self.tills.entry(till.to_owned()).or_default()
    }

    /// Everything as figures, where Odoo takes every receipt as one order, and none of its taxes.
    pub fn figures_of_whole_receipts(&self) -> Figures {
        let whole = |order: &Uuid| self.parts.get(order).map_or(*order, |(_, whole)| *whole);
        let mut joined = self.clone();
        joined.orders.clear();
        for (order, cents) in &self.orders {
            *joined.orders.entry(whole(order)).or_default() += cents;
        }
        for order in joined.links.values_mut() {
            *order = whole(order);
        }
        let receipts: BTreeSet<Uuid> = self.parts.values().map(|(_, whole)| *whole).collect();
        for (till, _) in self.parts.values() {
            joined.book(till).orders -= 1;
        }
        for receipt in receipts {
            let (till, _) = self
                .parts
                .values()
                .find(|(_, whole)| *whole == receipt)
                .unwrap();
            joined.book(till).orders += 1;
        }
        for book in joined.tills.values_mut() {
            book.tax = book.tax_of_lines;
        }
        joined.figures()
    }

    /// Everything as figures.
    pub fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        for (till, book) in &self.tills {
            let mut set =
                |name: &str, value: String| figures.set(format!("till {till}: {name}"), value);
            let paid = |method| money(book.paid.get(method).copied().unwrap_or_default());
            set("orders", book.orders.to_string());
            set("lines", book.lines.to_string());
            set("total", money(book.total));
            set("tax", money(book.tax));
            set("paid cash", paid(CASH));
            set("paid card", paid(CARD));
            set("cash moves", book.cash_moves.to_string());
            set("cash moved", money(book.cash_moved));
            set("sessions closed", book.sessions.to_string());
        }
        for (order, cents) in &self.orders {
            figures.set(format!("order {order}"), money(*cents));
        }
        for (line, order) in &self.links {
            figures.set(format!("line {line} comes back by"), order);
        }
        for (sku, thousandths) in &self.stock {
            figures.set(format!("stock {sku}"), quantity(*thousandths));
        }
        figures
    }
}

fn numbered(receipt: &Receipt) -> impl Iterator<Item = (usize, &Line)> {
    let lines = receipt.lines.iter().enumerate();
    lines.map(|(n, line)| (n + 1, line))
}

/// The orders a receipt becomes: one, or one for each original when it brings back goods of several.
fn orders_of(receipt: &Receipt) -> Vec<(Uuid, Vec<(usize, &Line)>)> {
    let original = |line: &Line| {
        line.from
            .as_ref()
            .map(|from| key(&from.till, from.sequence))
    };
    let originals: BTreeSet<_> = receipt.lines.iter().filter_map(original).collect();
    if originals.len() < 2 {
        return vec![(receipt.uid(), numbered(receipt).collect())];
    }
    let parts = originals.into_iter().map(|wanted| {
        let order = part(receipt.uid(), &format!("part/{wanted}"));
        let of_it = |(_, line): &(usize, &Line)| original(line).as_ref() == Some(&wanted);
        (order, numbered(receipt).filter(of_it).collect())
    });
    parts.collect()
}
