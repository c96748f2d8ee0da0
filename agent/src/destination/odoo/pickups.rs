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

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::Pickup;
use tillpost_shared::document::stock::{PickupLine, PickupType};
use uuid::Uuid;

use super::answer::{Blame, judge};
use super::client::{CallError, Search};
use super::counts::Stop;
use super::desk::Desk;
use super::moves::{self, Found, Line};
use super::places::{self, Warehouse};
use super::row::{Row, number};
use super::transfers::{self, Goods, Lots, Picking};
use super::{translate, translate_goods as answers};
use crate::destination::Delivery;
use crate::failpoint;
use crate::outbox::{Cause, Outage, Verdict};

/// What the reference of a document begins with that only left a note.
pub const NOTED: &str = "noted on";

/// An order in Odoo.
struct Order {
    id: i64,
    name: String,
    state: String,
}

/// What a delivery is still to bring of a product.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Due {
    /// `stock.move`.
    id: i64,
    /// `product.product`.
    product: i64,
    /// How much.
    quantity: Decimal,
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
        let goods = goods(&found)?;
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
            None => whole(&due),
            Some(goods) => {
                let lots = self.lots_of(goods, warehouse.company).await?;
                split(&found, goods, &lots, &due, &picking)?
            }
        };
        self.mark(delivery, pickup, &picking, writes).await?;
        let there = transfers::by_id(&self.client, picking.id).await?;
        let name = self.finish(&there.unwrap_or(picking.clone()), told).await?;
        self.handed_over(delivery, picking.id, &name).await
    }

    /// The oldest delivery of the order that is still open here.
    async fn open_delivery(&self, order: &Order, warehouse: &Warehouse) -> Result<Picking, Stop> {
        let search = Search {
            domain: json!([
                ["sale_id", "=", order.id],
                ["picking_type_code", "=", "outgoing"],
                ["state", "!=", "cancel"]
            ]),
            fields: &["name", "state", "picking_type_id", "location_id"],
            order: "id",
            ..Search::default()
        };
        let rows = self.client.search_read("stock.picking", search).await?;
        let open: Vec<&Row> = rows
            .iter()
            .filter(|row| row.text("state") != Some("done"))
            .collect();
        if open.is_empty() && !rows.is_empty() {
            let names = rows.iter().filter_map(|row| row.text("name"));
            let names: Vec<String> = names.map(str::to_owned).collect();
            return Err(refused(answers::order_delivered(&order.name, &names)));
        }
        let here = Search {
            domain: json!([["warehouse_id", "=", warehouse.id]]),
            fields: &["name"],
            ..Search::default()
        };
        let types = self.client.search_read("stock.picking.type", here).await?;
        let ours = |row: &&&Row| {
            let r#type = row.one("picking_type_id");
            types.iter().any(|known| Some(known.id()) == r#type)
        };
        let Some(row) = open.iter().find(ours) else {
            return Err(refused(answers::order_elsewhere(&order.name)));
        };
        let name = row.text("name").unwrap_or_default();
        if row.text("state") == Some("waiting") {
            let answer = answers::delivery_waits(name);
            return Err(Stop::Verdict(translate::later(answer, Cause::NotYet)));
        }
        let picking = transfers::by_id(&self.client, row.id()).await?;
        picking
            .ok_or_else(|| Stop::Outage(Outage::Incomprehensible("a delivery is gone".to_owned())))
    }

    async fn due(&self, picking: &Picking) -> Result<Vec<Due>, CallError> {
        let search = Search {
            domain: json!([
                ["picking_id", "=", picking.id],
                ["state", "not in", ["done", "cancel"]]
            ]),
            fields: &["product_id", "product_qty"],
            order: "id",
            ..Search::default()
        };
        let rows = self.client.search_read("stock.move", search).await?;
        let due = |row: &Row| Due {
            id: row.id(),
            product: row.one("product_id").unwrap_or(0),
            quantity: row.decimal("product_qty"),
        };
        Ok(rows.iter().map(due).collect())
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
        let mut vals = json!({ "note": note, "move_ids": writes });
        if let Some(tracking) = &pickup.tracking
            && self.tracks().await?
        {
            vals["carrier_tracking_ref"] = tracking.as_str().into();
        }
        let args = json!({ "ids": [picking.id], "vals": vals });
        let answer: Result<Value, CallError> =
            self.client.call("stock.picking", "write", args).await;
        failpoint::hit("odoo.delivery_marked");
        answer?;
        Ok(())
    }

    /// Whether deliveries have a tracking number: the app for it may not be installed.
    async fn tracks(&self) -> Result<bool, CallError> {
        let args = json!({ "allfields": ["carrier_tracking_ref"], "attributes": ["type"] });
        let fields: Value = self
            .client
            .call("stock.picking", "fields_get", args)
            .await?;
        Ok(fields.get("carrier_tracking_ref").is_some())
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
        let answer: Result<serde::de::IgnoredAny, CallError> =
            self.client.call("sale.order", "message_post", args).await;
        failpoint::hit("odoo.order_noted");
        match answer.map_err(|error| judge(&error)) {
            Ok(_) => Ok(noted),
            Err(Blame::Destination(outage)) => Err(Stop::Outage(outage)),
            Err(Blame::Document(refusal)) => Err(Stop::Verdict(translate::refused_there(&refusal))),
        }
    }
}

fn refused(answer: crate::outbox::Answer) -> Stop {
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

/// What left, by product and lot.
fn goods(found: &[Found<'_>]) -> Result<Goods, Stop> {
    let mut goods = Goods::new();
    for line in found {
        if line.quantity < Decimal::ZERO {
            return Err(refused(answers::quantity_sign(line.line)));
        }
        for (lot, quantity) in moves::by_lot(line).map_err(refused)? {
            *goods.entry((line.article.id, lot)).or_default() += quantity;
        }
    }
    goods.retain(|_, quantity| !quantity.is_zero());
    Ok(goods)
}

/// Everything that is due leaves.
fn whole(due: &[Due]) -> Vec<Value> {
    let write = |due: &Due| {
        let quantity = number(due.quantity);
        json!([1, due.id, { "quantity": quantity, "picked": true }])
    };
    due.iter().map(write).collect()
}

/// What left, put on the delivery's moves; what is more than they hold is refused.
fn split(
    found: &[Found<'_>],
    goods: &Goods,
    lots: &Lots,
    due: &[Due],
    picking: &Picking,
) -> Result<Vec<Value>, Stop> {
    let mut left: BTreeMap<i64, Vec<(Option<String>, Decimal)>> = BTreeMap::new();
    for ((product, lot), quantity) in goods {
        let of = left.entry(*product).or_default();
        of.push((lot.clone(), *quantity));
    }
    let mut writes = Vec::new();
    for due in due {
        let Some(of) = left.get_mut(&due.product) else {
            continue;
        };
        let taken = take(of, due.quantity);
        if !taken.is_empty() {
            writes.push(json!([1, due.id, values(due, &taken, lots)]));
        }
    }
    let over = left
        .iter()
        .find(|(_, of)| !of.is_empty())
        .map(|(product, _)| product);
    if let Some(line) = over.and_then(|over| found.iter().find(|line| line.article.id == *over)) {
        let answer = answers::not_of_the_order(line.line, &line.named, &picking.name);
        return Err(refused(answer));
    }
    Ok(writes)
}

/// Takes up to `max` off what is left.
fn take(left: &mut Vec<(Option<String>, Decimal)>, max: Decimal) -> Vec<(Option<String>, Decimal)> {
    let (mut taken, mut room) = (Vec::new(), max);
    while let Some((lot, quantity)) = left.first_mut() {
        let part = room.min(*quantity);
        if part <= Decimal::ZERO {
            break;
        }
        taken.push((lot.clone(), part));
        *quantity -= part;
        room -= part;
        if quantity.is_zero() {
            left.remove(0);
        }
    }
    taken
}

fn values(due: &Due, taken: &[(Option<String>, Decimal)], lots: &Lots) -> Value {
    let sum: Decimal = taken.iter().map(|(_, quantity)| *quantity).sum();
    if taken.iter().all(|(lot, _)| lot.is_none()) {
        return json!({ "quantity": number(sum), "picked": true });
    }
    // Lots that Odoo has reserved make way for those that left.
    let mut lines = vec![json!([5, 0, 0])];
    for (lot, quantity) in taken {
        let lot = lot
            .as_ref()
            .and_then(|lot| lots.get(&(due.product, lot.clone())));
        lines.push(json!([0, 0, {
            "product_id": due.product, "lot_id": lot, "quantity": number(*quantity), "picked": true,
        }]));
    }
    json!({ "move_line_ids": lines, "picked": true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::dec;

    #[test]
    fn what_left_fills_one_move_after_the_other_and_the_rest_stays() {
        let mut left = vec![(None, dec("5"))];
        assert_eq!(take(&mut left, dec("3")), [(None, dec("3"))]);
        assert_eq!(take(&mut left, dec("3")), [(None, dec("2"))]);
        assert_eq!((take(&mut left, dec("3")), left.len()), (vec![], 0));
    }

    #[test]
    fn lots_replace_what_odoo_has_reserved() {
        let due = Due {
            id: 9,
            product: 7,
            quantity: dec("2"),
        };
        let taken = [(Some("A".to_owned()), dec("2"))];
        let lots = Lots::from([((7, "A".to_owned()), 71)]);
        let expected = json!({ "move_line_ids": [[5, 0, 0], [0, 0, {
            "product_id": 7, "lot_id": 71, "quantity": 2, "picked": true }]], "picked": true });
        assert_eq!(
            values(&due, &taken, &lots).to_string(),
            expected.to_string()
        );
    }
}
