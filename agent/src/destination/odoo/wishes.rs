//! What a receipt asks for beyond its sale: an invoice, points on a loyalty card, money on gift cards. Pure.
//!
//! The customer has left the shop with either, so none of it stands in the sale's way: what cannot be done is noted behind
//! the document's reference, for a person to do. Nothing that a receipt says of a customer goes up: whom Odoo does not
//! know by a reference or a card gets no invoice.

use jiff::civil::Date;
use rust_decimal::Decimal;
use tillpost_shared::document::Kind;
use tillpost_shared::document::sale::{Line, LineType, PriceMode, Sale};
use tillpost_shared::document::tender::{Tender, TenderType};

use super::check_back::Stored;
use super::versions::Facts;
use crate::destination::Delivery;

/// What a receipt asks for beyond its sale.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// An invoice, or a credit note for a return.
    pub invoice: bool,
    /// Points on a loyalty card.
    pub points: Option<Points>,
    /// Money put on gift cards and taken off them, each number once.
    pub gift_cards: Vec<GiftCard>,
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

/// By how much the money on a gift card, voucher or credit slip changes. Its number is the `serial` of the line that sells
/// it, and the `reference` of the tender that uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftCard {
    /// Its number, which whoever has it can spend.
    pub number: String,
    /// Put on it less taken off, in the store's currency.
    pub change: Decimal,
    /// Until when it is good, where the till says so.
    pub expiry: Option<Date>,
    /// Whose it is.
    pub issuer: Issuer,
}

/// Whose gift card or voucher it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Issuer {
    /// Anybody's: a meal voucher, a manufacturer's coupon, one of ours. Ours if Odoo knows it.
    Anybody,
    /// The retailer's own.
    Us,
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
            gift_cards: gift_cards(sale),
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

/// The gift cards of a receipt that have a number, each once. What it sells counts by its face, whatever was taken off its
/// price; signs are the receipt's, so that a return needs no rule of its own.
fn gift_cards(sale: &Sale) -> Vec<GiftCard> {
    let sold = sale.lines.iter().flat_map(|line| put_on(sale, line));
    let used = sale.tenders.iter().filter_map(taken_off);
    let mut cards: Vec<GiftCard> = Vec::new();
    for one in sold.chain(used) {
        match cards.iter_mut().find(|card| card.number == one.number) {
            Some(card) => {
                card.change += one.change;
                card.expiry = card.expiry.or(one.expiry);
                card.issuer = card.issuer.max(one.issuer);
            }
            None => cards.push(one),
        }
    }
    cards.retain(|card| !card.change.is_zero());
    cards
}

fn put_on(sale: &Sale, line: &Line) -> Vec<GiftCard> {
    if line.r#type != LineType::Voucher || line.quantity.0.is_zero() {
        return Vec::new();
    }
    let on_top = match (sale.prices, &line.tax) {
        (PriceMode::TaxExcluded, Some(tax)) => tax.0 / line.quantity.0,
        _ => Decimal::ZERO,
    };
    let each = line.unit_price.0 + on_top;
    let each = match line.quantity.0 < Decimal::ZERO {
        true => -each,
        false => each,
    };
    let numbered = line.lots.iter().filter_map(|lot| {
        Some(GiftCard {
            number: lot.serial.as_ref()?.as_str().to_owned(),
            change: each * lot.quantity.0,
            expiry: lot.expiry.as_ref().map(|day| day.0),
            issuer: Issuer::Us,
        })
    });
    numbered.collect()
}

fn taken_off(tender: &Tender) -> Option<GiftCard> {
    let issuer = match tender.r#type {
        TenderType::GiftCard | TenderType::StoreCredit => Issuer::Us,
        TenderType::Voucher => Issuer::Anybody,
        TenderType::Cash
        | TenderType::Card
        | TenderType::OnAccount
        | TenderType::Cheque
        | TenderType::Mobile
        | TenderType::Bank
        | TenderType::Loyalty
        | TenderType::Other => return None,
    };
    Some(GiftCard {
        number: tender.reference.as_ref()?.as_str().to_owned(),
        change: -tender.amount.0,
        expiry: None,
        issuer,
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

#[cfg(test)]
mod tests;
