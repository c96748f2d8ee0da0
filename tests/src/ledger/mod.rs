//! The shop's own books: what must stand in Odoo once everything the tills rang up has arrived.

mod order;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::figures::{Figures, money, quantity};
use crate::shop::receipt::Receipt;
use crate::shop::{CARD, CASH, Product, per_cent, uid};

pub use order::{Order, OrderLine};

/// The books of all tills, over all days.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Every session, the open one of a till last.
    sessions: Vec<Session>,
    /// Thousandths by article number.
    stock: BTreeMap<String, i64>,
    /// Thousandths by article number and lot.
    lots: BTreeMap<(String, String), i64>,
}

/// A till's day in Odoo.
#[derive(Debug, Clone)]
struct Session {
    till: String,
    /// One, or more where a day could not be closed.
    days: Vec<Date>,
    opening: i64,
    /// Cents that were put in or taken out by hand.
    moves: Vec<i64>,
    /// What was counted at the end.
    counted: Option<i64>,
    orders: Vec<Order>,
}

impl Session {
    fn paid(&self, method: &str) -> i64 {
        let paid = self
            .orders
            .iter()
            .filter_map(|order| order.paid.get(method));
        paid.sum()
    }

    fn moved(&self) -> i64 {
        self.moves.iter().sum()
    }

    /// What is too much in the drawer, negative when something lacks.
    fn difference(&self) -> i64 {
        let expected = self.opening + self.moved() + self.paid(CASH);
        self.counted.map_or(0, |counted| counted - expected)
    }
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

    /// A till was opened for a day, with so much in its drawer. What comes from now on goes into that day's books.
    pub fn open(&mut self, till: &str, date: Date, opening: i64) {
        self.sessions.push(Session {
            till: till.to_owned(),
            days: vec![date],
            opening,
            moves: Vec::new(),
            counted: None,
            orders: Vec::new(),
        });
    }

    /// The till's day could not be closed: the next one goes into the same books.
    pub fn goes_on(&mut self, till: &str, date: Date) {
        self.session(till).days.push(date);
    }

    /// A till was closed, with so much in its drawer.
    pub fn close(&mut self, till: &str, counted: i64) {
        self.session(till).counted = Some(counted);
    }

    /// A sale, return or exchange.
    pub fn receipt(&mut self, receipt: &Receipt) {
        for order in order::orders_of(receipt) {
            self.order(&receipt.till, order);
        }
    }

    /// The void `sequence`, of a whole receipt that became one order.
    pub fn void(&mut self, sequence: u64, at: i64, of: &Receipt) {
        let undone = undone(sequence, at, of);
        self.order(&of.till, undone);
    }

    /// The same, when all of it goes back by one method.
    pub fn void_by(&mut self, sequence: u64, at: i64, of: &Receipt, method: &'static str) {
        let mut undone = undone(sequence, at, of);
        undone.paid = BTreeMap::from([(method, undone.total())]);
        self.order(&of.till, undone);
    }

    /// An article whose stock is kept by lots of so many thousandths each.
    pub fn lots(&mut self, sku: &str, lots: &[&str], thousandths: i64) {
        for lot in lots {
            let name = (sku.to_owned(), (*lot).to_owned());
            self.lots.insert(name, thousandths);
            *self.stock.entry(sku.to_owned()).or_default() += thousandths;
        }
    }

    /// An order at a till.
    pub fn order(&mut self, till: &str, order: Order) {
        for line in &order.lines {
            *self.stock.get_mut(&line.sku).unwrap() -= line.thousandths;
            if let Some(lot) = line.lot {
                let name = (line.sku.clone(), lot.to_owned());
                *self.lots.get_mut(&name).unwrap() -= line.thousandths;
            }
        }
        self.session(till).orders.push(order);
    }

    /// Cash put in (positive) or taken out.
    pub fn cash(&mut self, till: &str, cents: i64) {
        self.session(till).moves.push(cents);
    }

    /// What lies on the shelf, in thousandths.
    pub fn on_hand(&self, sku: &str) -> i64 {
        self.stock[sku]
    }

    /// So many thousandths were found to lack when counting.
    pub fn lacks(&mut self, sku: &str, thousandths: i64) {
        *self.stock.get_mut(sku).unwrap() -= thousandths;
    }

    fn session(&mut self, till: &str) -> &mut Session {
        let mut sessions = self.sessions.iter_mut().rev();
        sessions.find(|session| session.till == till).unwrap()
    }

    /// Everything as figures, where Odoo takes every receipt as one order, and none of its taxes.
    pub fn figures_of_whole_receipts(&self) -> Figures {
        let mut joined = self.clone();
        for session in &mut joined.sessions {
            let mut whole: Vec<Order> = Vec::new();
            for order in session.orders.drain(..) {
                match whole.last_mut() {
                    Some(last) if last.whole == order.whole => last.join(order),
                    Some(_) | None => whole.push(order),
                }
            }
            for order in &mut whole {
                order.tax = order.tax_of_lines.clone();
            }
            session.orders = whole;
        }
        joined.figures()
    }

    /// Everything as figures.
    pub fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        let mut tills: BTreeMap<&str, Vec<&Session>> = BTreeMap::new();
        for session in &self.sessions {
            tills.entry(&session.till).or_default().push(session);
            day(session, &mut figures);
            for order in &session.orders {
                write_order(order, &mut figures);
            }
        }
        for (till, sessions) in tills {
            rung_up(till, &sessions, &mut figures);
            booked(till, &sessions, &mut figures);
        }
        for (sku, thousandths) in &self.stock {
            figures.set(format!("stock {sku}"), quantity(*thousandths));
        }
        for ((sku, lot), thousandths) in &self.lots {
            figures.set(format!("stock {sku} of {lot}"), quantity(*thousandths));
        }
        figures
    }
}

fn undone(sequence: u64, at: i64, of: &Receipt) -> Order {
    let [original] = order::orders_of(of).try_into().unwrap();
    original.undone_by(uid(&of.till, sequence), at)
}

/// What a till rang up.
fn rung_up(till: &str, sessions: &[&Session], figures: &mut Figures) {
    let orders = || sessions.iter().flat_map(|session| &session.orders);
    let moves = || sessions.iter().flat_map(|session| &session.moves);
    let paid = |method| money(sessions.iter().map(|session| session.paid(method)).sum());
    let mut set = |name: &str, value: String| figures.set(format!("till {till}: {name}"), value);
    let lines: usize = orders().map(|order| order.lines.len()).sum();
    set("orders", orders().count().to_string());
    set("lines", lines.to_string());
    set("total", money(orders().map(Order::total).sum()));
    set(
        "tax",
        money(orders().flat_map(|order| order.tax.values()).sum()),
    );
    set("paid cash", paid(CASH));
    set("paid card", paid(CARD));
    set("cash moves", moves().count().to_string());
    set("cash moved", money(moves().sum()));
    let closed = sessions.iter().filter(|session| session.counted.is_some());
    set("sessions closed", closed.count().to_string());
}

/// What must stand in the journals of a till's closed days. What comes to nothing is not written.
fn booked(till: &str, sessions: &[&Session], figures: &mut Figures) {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    let mut add = |name: &str, cents: i64| *sums.entry(name.to_owned()).or_default() += cents;
    for session in sessions.iter().filter(|session| session.counted.is_some()) {
        for order in &session.orders {
            let tax: i64 = order.tax.values().sum();
            let paid: i64 = order.paid.values().sum();
            add("income", order.total() - tax);
            add("Rounding line", paid - order.total());
            for (rate, tax) in &order.tax {
                add(&format!("tax {} %", per_cent(*rate)), *tax);
            }
            for (method, cents) in &order.paid {
                add(&format!("received {}", method.to_lowercase()), *cents);
            }
        }
        let (moved, difference) = (session.moved(), session.difference());
        add("into the drawer", session.paid(CASH) + moved + difference);
        add("cash moved", moved);
        add("cash difference", difference);
    }
    for (name, cents) in sums.into_iter().filter(|(_, cents)| *cents != 0) {
        figures.set(format!("till {till}: booked {name}"), money(cents));
    }
}

/// The two ends of a till's day.
fn day(session: &Session, figures: &mut Figures) {
    let Some(counted) = session.counted else {
        return;
    };
    let days: Vec<String> = session.days.iter().map(Date::to_string).collect();
    let mut set = |name: &str, cents: i64| {
        let name = format!("till {} on {}: {name}", session.till, days.join(" "));
        figures.set(name, money(cents));
    };
    set("opening", session.opening);
    set("counted", counted);
    set("difference", session.difference());
}

fn write_order(order: &Order, figures: &mut Figures) {
    figures.set(format!("order {}", order.uid), money(order.total()));
    figures.set(format!("order {}: sold at", order.uid), order.at);
    for (method, cents) in order.paid.iter().filter(|(_, cents)| **cents != 0) {
        let name = format!("order {}: paid {}", order.uid, method.to_lowercase());
        figures.set(name, money(*cents));
    }
    for line in &order.lines {
        let (many, total) = (quantity(line.thousandths), money(line.total));
        figures.set(format!("line {}", line.uid), format!("{many} for {total}"));
        if let Some(original) = line.takes_back {
            figures.set(format!("line {original} comes back by"), order.uid);
        }
    }
}
