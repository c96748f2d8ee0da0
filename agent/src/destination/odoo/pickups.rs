//! Orders handed over in the store: what a `pickup` makes of a sales order in Odoo.
//!
//! `handed_over` and `shipped` validate the order's delivery with the lines that left; the rest stays as a remainder.
//! Without lines everything that is left is meant. `not_collected` and `refused` change nothing: whether the order
//! lives on, is cancelled or paid back is head office's decision, so a note on the order says what happened.
//!
//! The delivery is Odoo's own, so our mark stands in its notes, written with the quantities in one call, before it is
//! validated: a resend finds the mark, and a kill in between goes on with the same delivery. The carrier is a note and
//! never Odoo's carrier, because setting that one could order a label; the tracking number goes into its field where
//! Odoo has one.

use serde_json::{Value, json};
use tillpost_shared::document::Pickup;
use tillpost_shared::document::stock::{PickupLine, PickupType};
use uuid::Uuid;

use super::answer::{Blame, judge};
use super::client::{CallError, Search};
use super::counts::Stop;
use super::deliveries;
use super::desk::Desk;
use super::moves::Line;
use super::places::{self, Warehouse};
use super::row::Row;
use super::transfers::{self, Picking};
use super::{translate, translate_goods as answers};
use crate::destination::Delivery;
use crate::outbox::{Cause, Outage, Verdict};

/// What the reference of a document begins with that only left a note.
pub const NOTED: &str = "noted on";

/// An order in Odoo.
pub(super) struct Order {
    /// `sale.order`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// draft, sent, sale, cancel.
    pub state: String,
}

impl Desk {
    /// Hands over an order, or notes why not.
    pub async fn pickup(
        &mut self,
        delivery: &Delivery,
        pickup: &Pickup,
    ) -> Result<Verdict, Outage> {
        match self.fetch(delivery, pickup).await {
            Ok(verdict) | Err(Stop::Verdict(verdict)) => Ok(verdict),
            Err(Stop::Outage(outage)) => Err(outage),
        }
    }

    async fn fetch(&mut self, delivery: &Delivery, pickup: &Pickup) -> Result<Verdict, Stop> {
        let Some(config) = self.count_config(delivery).await? else {
            return Err(Stop::Verdict(
                self.till_missing(delivery.document.head.till()),
            ));
        };
        let Some(warehouse) = places::warehouse(&self.client, &config).await? else {
            return Err(refused(answers::place_missing("warehouse")));
        };
        let order = self.order(pickup.order.as_str(), warehouse.company).await?;
        match pickup.r#type {
            PickupType::HandedOver | PickupType::Shipped => {
                self.deliver_order(delivery, pickup, &order, &warehouse)
                    .await
            }
            PickupType::NotCollected | PickupType::Refused => {
                self.note_order(delivery, pickup, &order).await
            }
        }
    }

    /// The order of that name, else the only one with that customer reference.
    async fn order(&self, wanted: &str, company: i64) -> Result<Order, Stop> {
        let search = Search {
            domain: json!([
                ["company_id", "=", company],
                "|",
                ["name", "=", wanted],
                ["client_order_ref", "=", wanted]
            ]),
            fields: &["name", "state"],
            order: "id",
            ..Search::default()
        };
        let rows = match self.client.search_read("sale.order", search).await {
            Err(CallError::Odoo { name, .. }) if name == "werkzeug.exceptions.NotFound" => {
                return Err(refused(answers::no_orders()));
            }
            rows => rows?,
        };
        let name = |row: &Row| row.text("name").unwrap_or_default().to_owned();
        let row = match (rows.iter().find(|row| name(row) == wanted), rows.as_slice()) {
            (Some(row), _) | (None, [row]) => row,
            (None, []) => {
                let answer = answers::order_unknown(wanted);
                return Err(Stop::Verdict(translate::later(answer, Cause::NotYet)));
            }
            (None, several) => {
                let names: Vec<String> = several.iter().map(name).collect();
                return Err(refused(answers::order_ambiguous(wanted, &names)));
            }
        };
        Ok(Order {
            id: row.id(),
            name: name(row),
            state: row.text("state").unwrap_or_default().to_owned(),
        })
    }

    async fn deliver_order(
        &mut self,
        delivery: &Delivery,
        pickup: &Pickup,
        order: &Order,
        warehouse: &Warehouse,
    ) -> Result<Verdict, Stop> {
        let lines: Vec<Line<'_>> = pickup.lines.iter().map(of_pickup).collect();
        let (found, _) = self.found_goods(&lines).await?;
        let goods = deliveries::goods(&found)?;
        let told = (!pickup.lines.is_empty()).then_some(&goods);
        let marked = json!([
            ["sale_id", "=", order.id],
            ["note", "like", mark(delivery.uid)]
        ]);
        if let Some(picking) = transfers::first(&self.client, marked).await? {
            let name = self.finish(&picking, told).await?;
            return self.handed_over(delivery, picking.id, &name).await;
        }
        if let Some(verdict) = not_deliverable(order) {
            return Err(Stop::Verdict(verdict));
        }
        let picking = self.open_delivery(order, warehouse).await?;
        let due = self.due(&picking).await?;
        let writes = match told {
            None => deliveries::whole(&due, self.facts),
            Some(goods) => {
                let lots = self.lots_of(goods, warehouse.company).await?;
                let way = deliveries::Way {
                    facts: self.facts,
                    picking: picking.id,
                    units: transfers::units(&self.client, goods).await?,
                };
                deliveries::split(&found, goods, &lots, &due, &picking, &way)?
            }
        };
        self.mark(delivery, pickup, &picking, writes).await?;
        let there = transfers::by_id(&self.client, picking.id).await?;
        let name = self.finish(&there.unwrap_or(picking.clone()), told).await?;
        self.handed_over(delivery, picking.id, &name).await
    }

    /// Notes on the delivery whose it is, and what leaves with it, in one call.
    async fn mark(
        &self,
        delivery: &Delivery,
        pickup: &Pickup,
        picking: &Picking,
        writes: Vec<Value>,
    ) -> Result<(), Stop> {
        let note = transfers::escaped(&note(delivery, pickup));
        let moves = self.facts.field("stock.picking", "move_ids");
        let mut vals = json!({ "note": note, moves: writes });
        if let Some(tracking) = &pickup.tracking
            && self.tracks().await?
        {
            vals["carrier_tracking_ref"] = tracking.as_str().into();
        }
        let args = json!({ "ids": [picking.id], "vals": vals });
        let answer: Result<Value, CallError> = self
            .client
            .call_at("odoo.delivery_marked", "stock.picking", "write", args)
            .await;
        answer?;
        Ok(())
    }

    /// Takes our mark off what is left over, which Odoo copied with it.
    async fn handed_over(
        &self,
        delivery: &Delivery,
        picking: i64,
        name: &str,
    ) -> Result<Verdict, Stop> {
        let search = Search {
            domain: json!([
                ["backorder_id", "=", picking],
                ["note", "like", mark(delivery.uid)]
            ]),
            fields: &["name"],
            ..Search::default()
        };
        let left = self.client.search_read("stock.picking", search).await?;
        let ids: Vec<i64> = left.iter().map(Row::id).collect();
        if !ids.is_empty() {
            let args = json!({ "ids": ids, "vals": { "note": false } });
            let _: Value = self.client.call("stock.picking", "write", args).await?;
        }
        let rest: Vec<&str> = left.iter().filter_map(|row| row.text("name")).collect();
        Ok(Verdict::Accepted(match rest.as_slice() {
            [] => name.to_owned(),
            rest => format!("{name}; left to hand over: {}", rest.join(", ")),
        }))
    }

    /// Says on the order what became of it, once.
    async fn note_order(
        &self,
        delivery: &Delivery,
        pickup: &Pickup,
        order: &Order,
    ) -> Result<Verdict, Stop> {
        let noted = Verdict::Accepted(format!("{NOTED} {}", order.name));
        let search = Search {
            domain: json!([
                ["model", "=", "sale.order"],
                ["res_id", "=", order.id],
                ["body", "like", mark(delivery.uid)]
            ]),
            fields: &["res_id"],
            limit: 1,
            ..Search::default()
        };
        if !self
            .client
            .search_read("mail.message", search)
            .await?
            .is_empty()
        {
            return Ok(noted);
        }
        let args = json!({
            "ids": [order.id],
            "body": note(delivery, pickup),
            "message_type": "comment",
            "subtype_xmlid": "mail.mt_note",
        });
        let answer: Result<serde::de::IgnoredAny, CallError> = self
            .client
            .call_at("odoo.order_noted", "sale.order", "message_post", args)
            .await;
        match answer.map_err(|error| judge(&error)) {
            Ok(_) => Ok(noted),
            Err(Blame::Destination(outage)) => Err(Stop::Outage(outage)),
            Err(Blame::Document(refusal)) => Err(Stop::Verdict(translate::refused_there(&refusal))),
        }
    }
}

pub(super) fn refused(answer: crate::outbox::Answer) -> Stop {
    Stop::Verdict(translate::refused_here(answer))
}

/// What a document is found again by.
pub fn mark(uid: Uuid) -> String {
    format!("Tillpost {uid}")
}

/// What people in Odoo read.
fn note(delivery: &Delivery, pickup: &Pickup) -> String {
    let what = match pickup.r#type {
        PickupType::HandedOver => "handed over",
        PickupType::Shipped => "shipped",
        PickupType::NotCollected => "not collected; nothing was changed here",
        PickupType::Refused => "refused by the customer; nothing was changed here",
    };
    let head = &delivery.document.head;
    let mut parts = vec![format!(
        "{what}, store {}, {}",
        head.store.as_str(),
        delivery.business_date
    )];
    let named = |what: &str, text: Option<&str>| text.map(|text| format!("{what} {text}"));
    parts.extend(named(
        "carrier",
        pickup.carrier.as_ref().map(|c| c.as_str()),
    ));
    parts.extend(named(
        "tracking number",
        pickup.tracking.as_ref().map(|t| t.as_str()),
    ));
    for line in &pickup.lines {
        let product = super::products::named(&line.product);
        parts.push(format!("{} of {product}", line.quantity.0.normalize()));
    }
    format!("{} ({})", parts.join(", "), mark(delivery.uid))
}

fn not_deliverable(order: &Order) -> Option<Verdict> {
    match order.state.as_str() {
        "draft" | "sent" => Some(translate::later(
            answers::order_unconfirmed(&order.name),
            Cause::NotYet,
        )),
        "cancel" => Some(translate::refused_here(answers::order_cancelled(
            &order.name,
        ))),
        _ => None,
    }
}

fn of_pickup(line: &PickupLine) -> Line<'_> {
    Line {
        number: line.line.0,
        product: &line.product,
        quantity: line.quantity.0,
        lots: &line.lots,
    }
}
