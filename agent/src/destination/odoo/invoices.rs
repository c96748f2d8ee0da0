//! Invoices of orders that are in Odoo: each is asked for when the order has none, and looked at afterwards.
//!
//! No document is printed with it: on a server that lacks the tool for that, the whole call would be refused (17 to 19;
//! older versions do not print here). What Odoo does not invoice stays a plain sale, with Odoo's reason behind its reference.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde_json::json;

use super::answer::{Blame, Refusal, judge, outage};
use super::check_back::Stored;
use super::client::{CallError, Search};
use super::desk::Desk;
use super::row::Row;
use super::sessions::{self, SessionState};
use super::wishes::{self, Invoicing};
use super::{refusals, translate};
use crate::outbox::{Outage, Verdict};

impl Desk {
    /// Has orders invoiced that are not yet; what is noted of it. `Err`: Odoo is at work on one of them, so that the
    /// document comes again.
    pub async fn invoiced(&self, orders: &[&Stored]) -> Result<Result<String, Verdict>, Outage> {
        let mut made: Vec<String> = Vec::new();
        let mut reasons: Vec<String> = Vec::new();
        let mut asked: Vec<i64> = Vec::new();
        let mut refused: HashMap<i64, Refusal> = HashMap::new();
        for order in orders {
            let closed = self.day_closed(order).await?;
            match wishes::invoicing(order, closed, self.facts) {
                Invoicing::There(name) => made.push(name),
                Invoicing::No(why) => reasons.push(why.to_owned()),
                Invoicing::Ask => {
                    asked.push(order.id);
                    refused.extend(self.ask_invoice(order.id).await?.map(|why| (order.id, why)));
                }
            }
        }
        let there = self.invoices_of(&asked).await?;
        for id in asked {
            match (there.get(&id), refused.get(&id)) {
                // A refusal may have been a lost race: what stands there decides.
                (Some(name), _) => made.push(name.clone()),
                (None, Some(refusal)) => {
                    let row = refusals::find(refusal.kind, &refusal.words);
                    if row.is_some_and(|row| row.by_itself) {
                        return Ok(Err(translate::refused_there(refusal)));
                    }
                    reasons.push(translate::refusal_answer(refusal).message);
                }
                (None, None) => reasons.push("Odoo made none".to_owned()),
            }
        }
        Ok(Ok(wishes::invoices_noted(&made, &reasons)))
    }

    /// Whether the day that an order was booked with is closed, where that decides.
    async fn day_closed(&self, order: &Stored) -> Result<bool, Outage> {
        let (false, Some(session)) = (self.facts.invoices_after_close, order.session) else {
            return Ok(false);
        };
        let found = sessions::by_id(&self.client, session).await?;
        Ok(found.is_some_and(|session| session.state == SessionState::Closed))
    }

    /// Asks for an order's invoice; Odoo's refusal, when it refuses.
    async fn ask_invoice(&self, order: i64) -> Result<Option<Refusal>, Outage> {
        let args = json!({
            "ids": [order],
            "context": { "generate_pdf": false, "lang": "en_US" },
        });
        let answer: Result<IgnoredAny, CallError> = self
            .client
            .call_at(
                "odoo.invoice_asked",
                "pos.order",
                "action_pos_order_invoice",
                args,
            )
            .await;
        match answer.map_err(|error| judge(&error)) {
            Ok(_) => Ok(None),
            Err(Blame::Document(refusal)) => Ok(Some(refusal)),
            Err(Blame::Destination(outage)) => Err(outage),
        }
    }

    /// The names of orders' invoices, by order.
    async fn invoices_of(&self, orders: &[i64]) -> Result<HashMap<i64, String>, Outage> {
        if orders.is_empty() {
            return Ok(HashMap::new());
        }
        let search = Search {
            domain: json!([["id", "in", orders], ["account_move", "!=", false]]),
            fields: &["account_move"],
            ..Search::default()
        };
        let rows = self.client.search_read("pos.order", search).await;
        let rows = rows.map_err(|error| outage(&error))?;
        let pair = |row: &Row| {
            let name = row.pair_name("account_move");
            (row.id(), name.unwrap_or_default().to_owned())
        };
        Ok(rows.iter().map(pair).collect())
    }
}
