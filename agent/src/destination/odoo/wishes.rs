//! What a receipt asks for beyond its sale: an invoice, and points on a loyalty card. Pure.
//!
//! The customer has left the shop with either, so none of it stands in the sale's way: what cannot be done is noted behind
//! the document's reference, for a person to do. Nothing that a receipt says of a customer goes up: whom Odoo does not
//! know by a reference or a card gets no invoice.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use tillpost_shared::document::Kind;
use tillpost_shared::document::sale::Sale;

use super::check_back::Stored;
use super::row::number;
use super::versions::Facts;
use crate::destination::Delivery;

/// What a receipt asks for beyond its sale.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// An invoice, or a credit note for a return.
    pub invoice: bool,
    /// Points on a loyalty card.
    pub points: Option<Points>,
}

/// By how much the points on a loyalty card change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Points {
    /// The programme's name, where the till says it.
    pub program: Option<String>,
    /// The card's number, where the till knows it.
    pub card: Option<String>,
    /// Points earned less points spent.
    pub change: Decimal,
}

impl Wishes {
    /// What a document asks for; nothing unless it is a sale or a return.
    pub fn of(delivery: &Delivery) -> Self {
        let Some(sale) = delivery.document.body.as_sale() else {
            return Self::default();
        };
        let customer = sale.customer.as_ref();
        Self {
            invoice: customer.is_some_and(|customer| customer.invoice.is_some()),
            points: points(sale, delivery.document.head.kind),
        }
    }

    /// Whether it asks for nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The number of the loyalty card that a receipt names, with its points or with its customer.
pub fn loyalty_card(sale: &Sale) -> Option<&str> {
    let of_points = sale.loyalty.as_ref().and_then(|said| said.card.as_ref());
    let customer = sale.customer.as_ref();
    let card = of_points.or_else(|| customer.and_then(|said| said.loyalty_card.as_ref()));
    card.map(|card| card.as_str())
}

fn points(sale: &Sale, kind: Kind) -> Option<Points> {
    let loyalty = sale.loyalty.as_ref()?;
    let earned = loyalty.earned.map_or(Decimal::ZERO, |points| points.0);
    let redeemed = loyalty.redeemed.map_or(Decimal::ZERO, |points| points.0);
    let change = match kind == Kind::Return {
        // Whichever sign a till gives them: what the sale earned is taken back, and what it spent is given back.
        true => redeemed.abs() - earned.abs(),
        false => earned - redeemed,
    };
    let program = loyalty.program.as_ref();
    (!change.is_zero()).then(|| Points {
        program: program.map(|program| program.as_str().to_owned()),
        card: loyalty_card(sale).map(str::to_owned),
        change,
    })
}

/// What is to be done about an order's invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoicing {
    /// It is there, under this name.
    There(String),
    /// Odoo is asked for it.
    Ask,
    /// It cannot be made, for this reason.
    No(&'static str),
}

/// What is to be done about an order's invoice. `closed`: whether the day it was booked with is closed.
pub fn invoicing(order: &Stored, closed: bool, facts: Facts) -> Invoicing {
    match &order.invoice {
        Some(name) => Invoicing::There(name.clone()),
        None if order.customer.is_none() => Invoicing::No("Odoo does not know the customer"),
        None if closed && !facts.invoices_after_close => Invoicing::No("its day is closed in Odoo"),
        None if facts.credit_by_flag && order.refund != (order.total < Decimal::ZERO) => {
            Invoicing::No(
                "Odoo makes no invoice of a sale that pays back, nor of a return that does not",
            )
        }
        None => Invoicing::Ask,
    }
}

/// What is noted of a receipt's invoices: their names, and why there are none. Each reason is told once.
pub fn invoices_noted(made: &[String], reasons: &[String]) -> String {
    let mut noted = String::new();
    if !made.is_empty() {
        noted += &format!("; invoice {}", made.join(", "));
    }
    let mut told: Vec<&str> = reasons.iter().map(String::as_str).collect();
    told.dedup();
    if !told.is_empty() {
        noted += &format!("; not invoiced: {}", told.join(", "));
    }
    noted
}

/// A loyalty card in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// `loyalty.card`.
    pub id: i64,
    /// `loyalty.program`.
    pub program: i64,
    /// The programme's name.
    pub program_name: String,
}

/// The card that points go to, or why there is none. `found`: the cards in Odoo with its number.
pub fn card<'a>(points: &Points, found: &'a [Card]) -> Result<&'a Card, &'static str> {
    if points.card.is_none() {
        return Err("the receipt names no loyalty card");
    }
    let [card, ..] = found else {
        return Err("Odoo does not know the loyalty card");
    };
    let same = |said: &String| said.to_lowercase() == card.program_name.trim().to_lowercase();
    match points.program.as_ref().is_none_or(same) {
        true => Ok(card),
        false => Err("the loyalty card is of another programme in Odoo"),
    }
}

/// What `confirm_coupon_programs` takes: cards, and by how much their points change.
pub fn coupon_data(changes: &[(Card, Decimal)]) -> Value {
    let entry = |(card, change): &(Card, Decimal)| {
        let entry = json!({
            "points": number(*change),
            "program_id": card.program,
            "coupon_id": card.id,
            // With a customer Odoo would look for a card of theirs, and might find another one.
            "partner_id": false,
        });
        (card.id.to_string(), entry)
    };
    Value::Object(changes.iter().map(entry).collect::<Map<_, _>>())
}

/// A row of a loyalty card's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// `loyalty.card`.
    pub card: i64,
    /// `pos.order`.
    pub order: i64,
    /// Points put on it, less points taken off.
    pub change: Decimal,
}

/// By how much orders changed the points of each card. `rows`: the newest first; of one order and card only the newest
/// says so, because Odoo writes a row of a gift card's first use before it.
pub fn changes(rows: &[Booked]) -> BTreeMap<i64, Decimal> {
    let mut newest: BTreeMap<(i64, i64), Decimal> = BTreeMap::new();
    for row in rows {
        newest.entry((row.order, row.card)).or_insert(row.change);
    }
    let mut changes: BTreeMap<i64, Decimal> = BTreeMap::new();
    for ((_, card), change) in newest {
        *changes.entry(card).or_default() += change;
    }
    changes.retain(|_, change| !change.is_zero());
    changes
}

/// What is noted of the points of one card: how many stand there, and what should.
pub fn points_noted(wanted: Decimal, there: Option<Decimal>) -> String {
    let wanted = wanted.normalize();
    match there.map(|points| points.normalize()) {
        Some(points) if points == wanted => format!("; {points} points on the loyalty card"),
        Some(points) => {
            format!("; {points} points on the loyalty card in Odoo instead of {wanted}")
        }
        None => format!("; {wanted} points not booked"),
    }
}

/// What is noted of points that could not be booked.
pub fn points_left(wanted: Decimal, why: &str) -> String {
    format!("; {} points not booked: {why}", wanted.normalize())
}

#[cfg(test)]
mod tests;
