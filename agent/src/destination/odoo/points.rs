//! Points on loyalty cards, where Odoo's own module for them (`pos_loyalty`) keeps a history by order: from 19 on.
//!
//! `confirm_coupon_programs` looks there for the order and the card's programme before it changes anything, so that points
//! are booked once however often it is called; all cards of a document go up in one call, because of a second one with a
//! card of the same programme it would take nothing. What stands in the history afterwards is what is noted.

use rust_decimal::Decimal;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Search};
use super::desk::Desk;
use super::row::Row;
use super::translate;
use super::wishes::{self, Booked, Card, Points};
use crate::outbox::Outage;

/// What is noted where Odoo keeps no cards.
const NO_CARDS: &str = "this Odoo keeps no history of points";

impl Desk {
    /// Whether Odoo keeps loyalty cards with a history: its module for tills is there where a till's line may name a card.
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

    /// Books a receipt's points with its order; what is noted of it.
    pub async fn points_booked(&self, points: &Points, order: i64) -> Result<String, Outage> {
        let keeps = self.keeps_cards().await;
        if !keeps.map_err(|error| outage(&error))? {
            return Ok(wishes::points_left(points.change, NO_CARDS));
        }
        let found = match &points.card {
            Some(number) => self.cards(json!([["code", "=", number]])).await?,
            None => Vec::new(),
        };
        match wishes::card(points, &found) {
            Err(why) => Ok(wishes::points_left(points.change, why)),
            Ok(card) => {
                let changes = [(card.clone(), points.change)];
                self.points_confirmed(&changes, order).await
            }
        }
    }

    /// Changes the points on cards with an order, unless that was done; what is noted of it.
    pub async fn points_confirmed(
        &self,
        changes: &[(Card, Decimal)],
        order: i64,
    ) -> Result<String, Outage> {
        let args = json!({
            "ids": [order],
            "coupon_data": wishes::coupon_data(changes),
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
        let there = wishes::changes(&self.history(&[order]).await?);
        let noted = changes.iter().map(|(card, wanted)| {
            let booked = there.get(&card.id).copied();
            match (booked, &refused) {
                (None, Some(why)) => wishes::points_left(*wanted, why),
                (booked, _) => wishes::points_noted(*wanted, booked),
            }
        });
        Ok(noted.collect())
    }

    /// By how much orders changed the points of which cards.
    pub async fn changed_by(&self, orders: &[i64]) -> Result<Vec<(Card, Decimal)>, Outage> {
        let keeps = self.keeps_cards().await;
        if !keeps.map_err(|error| outage(&error))? {
            return Ok(Vec::new());
        }
        let changes = wishes::changes(&self.history(orders).await?);
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = changes.keys().copied().collect();
        let cards = self.cards(json!([["id", "in", ids]])).await?;
        let pair = |card: Card| Some((changes.get(&card.id).copied()?, card));
        let pairs = cards.into_iter().filter_map(pair);
        Ok(pairs.map(|(change, card)| (card, change)).collect())
    }

    /// Loyalty cards; one that was put away is none.
    async fn cards(&self, domain: Value) -> Result<Vec<Card>, Outage> {
        let search = Search {
            domain,
            fields: &["program_id"],
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
            })
        };
        Ok(rows.iter().filter_map(card).collect())
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
