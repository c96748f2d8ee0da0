//! Points on loyalty cards and money on gift cards, where Odoo's own module for them (`pos_loyalty`) keeps a history by
//! order: from 19 on.
//!
//! `confirm_coupon_programs` looks there for the order and the card's programme before it changes anything, so that a change
//! is booked once however often it is called; all cards of a document go up in one call, because of a second one with a
//! card of the same programme it would take nothing. What stands in the history afterwards is what is noted.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::{Blame, judge, outage};
use super::cards::{self, Booked, Card, Change};
use super::client::{CallError, Search};
use super::desk::Desk;
use super::row::Row;
use super::translate;
use super::wishes::Wishes;
use crate::outbox::Outage;

/// What is noted where Odoo keeps no cards.
const NO_CARDS: &str = "this Odoo keeps no history of cards";

/// Odoo's name of the programmes for gift cards.
const GIFT_CARD: &str = "gift_card";

impl Desk {
    /// Whether Odoo keeps cards with a history: its module for tills is there where a till's line may name a card.
    pub async fn keeps_cards(&self) -> Result<bool, CallError> {
        if !self.facts.points_once {
            return Ok(false);
        }
        let fields = self.client.fields_of("pos.order.line").await?;
        Ok(fields.contains("coupon_id"))
    }

    /// Contacts by the number of a loyalty card of theirs.
    pub async fn owners(&self, numbers: Vec<String>) -> Result<Vec<(String, i64)>, CallError> {
        let search = Search {
            domain: json!([["code", "in", numbers], ["partner_id", "!=", false]]),
            fields: &["code", "partner_id"],
            ..Search::default()
        };
        let rows = self.client.search_read("loyalty.card", search).await?;
        let pair = |row: &Row| Some((row.text("code")?.to_owned(), row.one("partner_id")?));
        Ok(rows.iter().filter_map(pair).collect())
    }

    /// Books what a receipt changes on cards with its order; what is noted of it.
    pub async fn cards_changed(&self, wishes: &Wishes, order: i64) -> Result<String, Outage> {
        if wishes.points.is_none() && wishes.gift_cards.is_empty() {
            return Ok(String::new());
        }
        let keeps = self.keeps_cards().await;
        if !keeps.map_err(|error| outage(&error))? {
            return Ok(cards::none(wishes, NO_CARDS));
        }
        let of_points = wishes
            .points
            .iter()
            .filter_map(|points| points.card.as_ref());
        let of_money = wishes.gift_cards.iter().map(|card| &card.number);
        let numbers: Vec<&String> = of_points.chain(of_money).collect();
        let found = self.cards(json!(["code", "in", numbers])).await?;
        let programs = match wishes.gift_cards.is_empty() {
            true => Vec::new(),
            false => self.gift_card_programs().await?,
        };
        let plan = cards::plan(wishes, &found, &programs);
        let noted = self.changes_confirmed(&plan.changes, order).await?;
        Ok(noted + &plan.noted)
    }

    /// Makes changes on cards with an order, unless that was done; what is noted of it.
    pub async fn changes_confirmed(
        &self,
        changes: &[Change],
        order: i64,
    ) -> Result<String, Outage> {
        if changes.is_empty() {
            return Ok(String::new());
        }
        let args = json!({
            "ids": [order],
            "coupon_data": cards::coupon_data(changes),
            "context": { "lang": "en_US" },
        });
        let answer: Result<IgnoredAny, CallError> = self
            .client
            .call_at(
                "odoo.points_sent",
                "pos.order",
                "confirm_coupon_programs",
                args,
            )
            .await;
        let refused = match answer.map_err(|error| judge(&error)) {
            Ok(_) => None,
            Err(Blame::Document(refusal)) => Some(translate::refusal_answer(&refusal).message),
            Err(Blame::Destination(outage)) => return Err(outage),
        };
        let there = self.changed_by(&[order]).await?;
        let there: BTreeMap<&str, &Change> = there
            .iter()
            .map(|change| (change.card.number.as_str(), change))
            .collect();
        let noted = changes.iter().map(|change| {
            let there = there.get(change.card.number.as_str()).copied();
            cards::noted(change, there, refused.as_deref())
        });
        Ok(noted.collect())
    }

    /// By how much orders changed which cards.
    pub async fn changed_by(&self, orders: &[i64]) -> Result<Vec<Change>, Outage> {
        let keeps = self.keeps_cards().await;
        if !keeps.map_err(|error| outage(&error))? {
            return Ok(Vec::new());
        }
        let booked = cards::booked(&self.history(orders).await?);
        if booked.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = booked.keys().copied().collect();
        let found = self.cards(json!(["id", "in", ids])).await?;
        let change = |card: Card| {
            let by = booked.get(&card.id).copied()?;
            Some(Change { card, by })
        };
        Ok(found.into_iter().filter_map(change).collect())
    }

    /// Cards, also those put away.
    async fn cards(&self, condition: Value) -> Result<Vec<Card>, Outage> {
        let search = Search {
            domain: json!([condition, ["active", "in", [true, false]]]),
            fields: &["program_id", "program_type", "code", "active", "points"],
            order: "id",
            ..Search::default()
        };
        let rows = self.client.search_read("loyalty.card", search).await;
        let rows = rows.map_err(|error| outage(&error))?;
        let card = |row: &Row| {
            Some(Card {
                id: row.id(),
                program: row.one("program_id")?,
                program_name: row.pair_name("program_id").unwrap_or_default().to_owned(),
                number: row.text("code").unwrap_or_default().to_owned(),
                gift: row.text("program_type") == Some(GIFT_CARD),
                put_away: !row.flag("active"),
                points: row.decimal("points"),
                expiry: None,
            })
        };
        Ok(rows.iter().filter_map(card).collect())
    }

    /// The programmes for gift cards that tills may use.
    async fn gift_card_programs(&self) -> Result<Vec<(i64, String)>, Outage> {
        let search = Search {
            domain: json!([["program_type", "=", GIFT_CARD], ["pos_ok", "=", true]]),
            fields: &["name"],
            order: "id",
            ..Search::default()
        };
        let rows = self.client.search_read("loyalty.program", search).await;
        let rows = rows.map_err(|error| outage(&error))?;
        let pair = |row: &Row| (row.id(), row.text("name").unwrap_or_default().to_owned());
        Ok(rows.iter().map(pair).collect())
    }

    /// What orders changed on cards, the newest first.
    async fn history(&self, orders: &[i64]) -> Result<Vec<Booked>, Outage> {
        let search = Search {
            domain: json!([
                ["order_model", "=", "pos.order"],
                ["order_id", "in", orders]
            ]),
            fields: &["card_id", "order_id", "issued", "used"],
            order: "id desc",
            ..Search::default()
        };
        let rows = self.client.search_read("loyalty.history", search).await;
        let rows = rows.map_err(|error| outage(&error))?;
        let booked = |row: &Row| {
            Some(Booked {
                card: row.one("card_id")?,
                order: row.one("order_id")?,
                change: row.decimal("issued") - row.decimal("used"),
            })
        };
        Ok(rows.iter().filter_map(booked).collect())
    }
}
