//! Loyalty cards and gift cards in Odoo: which of a receipt's changes are made on which card, how they go up, and what is
//! noted of them. Pure.
//!
//! To Odoo both are a `loyalty.card` of a programme. On a gift card a point is one of the company's currency.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::row::number;
use super::wishes::{GiftCard, Issuer, Points, Wishes};

/// How many characters of a gift card's number are told. Whoever has the whole number can spend it.
const TOLD: usize = 4;

/// A card in Odoo, or one to be made there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// `loyalty.card`; below zero for one that is to be made.
    pub id: i64,
    /// `loyalty.program`.
    pub program: i64,
    /// The programme's name.
    pub program_name: String,
    /// Its number (`code`).
    pub number: String,
    /// Whether money is on it instead of points.
    pub gift: bool,
    /// Whether somebody put it away (`active`).
    pub put_away: bool,
    /// What is on it.
    pub points: Decimal,
    /// Until when one that is to be made is good.
    pub expiry: Option<Date>,
}

/// What a receipt changes on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The card.
    pub card: Card,
    /// Put on it, less taken off.
    pub by: Decimal,
}

/// What becomes of the changes that a receipt asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Those that go up.
    pub changes: Vec<Change>,
    /// What is noted of the others.
    pub noted: String,
}

/// Why none of the changes can be made: noted of those that are the retailer's own.
pub fn none(wishes: &Wishes, why: &str) -> String {
    let points = wishes.points.iter();
    let points = points.map(|points| points_left(points.change, why));
    let ours = wishes
        .gift_cards
        .iter()
        .filter(|card| card.issuer == Issuer::Us);
    points
        .chain(ours.map(|card| money_left(card, why)))
        .collect()
}

/// Which changes are made on which cards. `found`: Odoo's cards with the numbers that are asked for, also those put away.
/// `programs`: its programmes for gift cards, by id and name.
pub fn plan(wishes: &Wishes, found: &[Card], programs: &[(i64, String)]) -> Plan {
    let mut plan = Plan::default();
    if let Some(points) = &wishes.points {
        match loyalty_card(points, found) {
            Ok(card) => plan.add(card.clone(), points.change),
            Err(why) => plan.noted += &points_left(points.change, why),
        }
    }
    for asked in &wishes.gift_cards {
        let made = plan
            .changes
            .iter()
            .filter(|change| change.card.id < 0)
            .count();
        match gift_card(asked, found, programs) {
            Ok(mut card) => {
                if card.id < 0 {
                    card.id -= i64::try_from(made).unwrap_or_default();
                }
                plan.add(card, asked.change);
            }
            Err(Some(why)) => plan.noted += &money_left(asked, why),
            Err(None) => {}
        }
    }
    plan
}

impl Plan {
    fn add(&mut self, card: Card, by: Decimal) {
        self.changes.push(Change { card, by });
    }
}

/// The card that points go to, or why there is none.
fn loyalty_card<'a>(points: &Points, found: &'a [Card]) -> Result<&'a Card, &'static str> {
    let Some(number) = &points.card else {
        return Err("the receipt names no loyalty card");
    };
    let named = |card: &&Card| card.number == *number && !card.put_away;
    let Some(card) = found.iter().find(named) else {
        return Err("Odoo does not know the loyalty card");
    };
    let same = |said: &String| said.to_lowercase() == card.program_name.trim().to_lowercase();
    match points.program.as_ref().is_none_or(same) {
        true => Ok(card),
        false => Err("the loyalty card is of another programme in Odoo"),
    }
}

/// The gift card that money goes to or comes from: one of Odoo's, or where the receipt sells it one to be made, numbered
/// -1. The reason otherwise; none for a voucher that is somebody else's.
fn gift_card(
    asked: &GiftCard,
    found: &[Card],
    programs: &[(i64, String)],
) -> Result<Card, Option<&'static str>> {
    let ours = asked.issuer == Issuer::Us;
    match (
        found.iter().find(|card| card.number == asked.number),
        programs,
    ) {
        (Some(card), _) if card.put_away => Err(Some("it was put away in Odoo")),
        (Some(card), _) if card.gift => Ok(card.clone()),
        (Some(_), _) => Err(Some("its number is that of another kind of card in Odoo")),
        (None, _) if !ours => Err(None),
        (None, _) if asked.change < Decimal::ZERO => Err(Some("Odoo does not know it")),
        (None, []) => Err(Some("Odoo has no programme for gift cards")),
        (None, [(program, program_name)]) => Ok(Card {
            id: -1,
            program: *program,
            program_name: program_name.clone(),
            number: asked.number.clone(),
            gift: true,
            put_away: false,
            points: Decimal::ZERO,
            expiry: asked.expiry,
        }),
        (None, _) => Err(Some(
            "Odoo has several programmes for gift cards, and does not know this one",
        )),
    }
}

/// What `confirm_coupon_programs` takes: cards, and by how much their points change.
pub fn coupon_data(changes: &[Change]) -> Value {
    let entry = |Change { card, by }: &Change| {
        let mut entry = json!({
            "points": number(*by),
            "program_id": card.program,
            // A gift card that this names would be changed in a way of its own: not at all where the change happens to be
            // what is on it. The key is enough.
            "coupon_id": false,
            // With a customer Odoo would look for a card of theirs, and might find another one.
            "partner_id": false,
        });
        if card.id < 0 {
            entry["code"] = card.number.clone().into();
            entry["expiration_date"] = card
                .expiry
                .map_or(Value::Bool(false), |day| day.to_string().into());
        }
        (card.id.to_string(), entry)
    };
    Value::Object(changes.iter().map(entry).collect::<Map<_, _>>())
}

/// A row of a card's history.
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
/// says so, because Odoo's own till writes a row of a gift card's first use before it.
pub fn booked(rows: &[Booked]) -> BTreeMap<i64, Decimal> {
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

/// What is noted of a change that went up. `there`: what stands in Odoo now, where the order changed it.
/// `refused`: what Odoo said against it.
pub fn noted(change: &Change, there: Option<&Change>, refused: Option<&str>) -> String {
    let Change { card, by } = change;
    let why = refused.map(|why| format!(": {why}")).unwrap_or_default();
    if !card.gift {
        let by = by.normalize();
        return match there.map(|there| there.by.normalize()) {
            Some(points) if points == by => format!("; {points} points on the loyalty card"),
            Some(points) => {
                format!("; {points} points on the loyalty card in Odoo instead of {by}")
            }
            None => format!("; {by} points not booked{why}"),
        };
    }
    let name = named(&card.number);
    let Some(Change {
        card: now,
        by: found,
    }) = there
    else {
        return format!("; {}{why}", not_moved(*by, &card.number));
    };
    let mut noted = match (*found == *by, *by > Decimal::ZERO) {
        (true, true) => format!("; {} put on {name}", money(*by)),
        (true, false) => format!("; {} taken off {name}", money(-*by)),
        (false, _) => {
            let (found, by) = (money(*found), money(*by));
            format!("; {name} changed by {found} in Odoo instead of {by}")
        }
    };
    if now.points < Decimal::ZERO {
        noted += &format!(", which is overdrawn in Odoo by {}", money(-now.points));
    }
    noted
}

fn points_left(by: Decimal, why: &str) -> String {
    format!("; {} points not booked: {why}", by.normalize())
}

fn money_left(asked: &GiftCard, why: &str) -> String {
    format!("; {}: {why}", not_moved(asked.change, &asked.number))
}

fn not_moved(by: Decimal, number: &str) -> String {
    let name = named(number);
    match by > Decimal::ZERO {
        true => format!("{} not put on {name}", money(by)),
        false => format!("{} not taken off {name}", money(-by)),
    }
}

/// A gift card by the end of its number.
fn named(number: &str) -> String {
    let length = number.chars().count();
    let end: String = number.chars().skip(length.saturating_sub(TOLD)).collect();
    match length > TOLD {
        true => format!("gift card ...{end}"),
        false => "the gift card".to_owned(),
    }
}

/// An amount as people write it: 50, 19.50.
fn money(amount: Decimal) -> Decimal {
    let mut amount = amount.normalize();
    if amount.scale() == 1 {
        amount.rescale(2);
    }
    amount
}

#[cfg(test)]
mod tests;
