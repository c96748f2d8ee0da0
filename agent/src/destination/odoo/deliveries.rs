//! An order's delivery in Odoo: which one is open here, what it is still to bring, and what leaves with it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::client::{CallError, Search};
use super::counts::Stop;
use super::desk::Desk;
use super::moves::{self, Found};
use super::pickups::{Order, refused};
use super::places::Warehouse;
use super::row::{Row, number};
use super::transfers::{self, Goods, Lots, Picking, Units};
use super::versions::{Facts, Moved};
use super::{translate, translate_goods as answers};
use crate::outbox::{Cause, Outage};

/// What a delivery is still to bring of a product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Due {
    /// `stock.move`.
    id: i64,
    /// `product.product`.
    product: i64,
    /// How much.
    quantity: Decimal,
    /// `stock.location` that it leaves.
    from: i64,
    /// `stock.location` that it comes to.
    to: i64,
}

/// How quantities are put on a delivery's moves.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// The server.
    pub facts: Facts,
    /// The delivery.
    pub picking: i64,
    /// Units of the goods, where lines must name them.
    pub units: Units,
}

impl Desk {
    /// The oldest delivery of the order that is still open here.
    pub(super) async fn open_delivery(
        &self,
        order: &Order,
        warehouse: &Warehouse,
    ) -> Result<Picking, Stop> {
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

    pub(super) async fn due(&self, picking: &Picking) -> Result<Vec<Due>, CallError> {
        let search = Search {
            domain: json!([
                ["picking_id", "=", picking.id],
                ["state", "not in", ["done", "cancel"]]
            ]),
            fields: &[
                "product_id",
                "product_qty",
                "location_id",
                "location_dest_id",
            ],
            order: "id",
            ..Search::default()
        };
        let rows = self.client.search_read("stock.move", search).await?;
        let due = |row: &Row| Due {
            id: row.id(),
            product: row.one("product_id").unwrap_or(0),
            quantity: row.decimal("product_qty"),
            from: row.one("location_id").unwrap_or(0),
            to: row.one("location_dest_id").unwrap_or(0),
        };
        Ok(rows.iter().map(due).collect())
    }

    /// Whether deliveries have a tracking number: the app for it may not be installed.
    pub(super) async fn tracks(&self) -> Result<bool, CallError> {
        let fields = self.client.fields_of("stock.picking").await?;
        Ok(fields.contains("carrier_tracking_ref"))
    }
}

/// What left, by product and lot.
pub(super) fn goods(found: &[Found<'_>]) -> Result<Goods, Stop> {
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
pub(super) fn whole(due: &[Due], facts: Facts) -> Vec<Value> {
    let write = |due: &Due| json!([1, due.id, left(due.quantity, facts)]);
    due.iter().map(write).collect()
}

/// So much of a move leaves.
fn left(quantity: Decimal, facts: Facts) -> Value {
    match facts.moved {
        Moved::Picked => json!({ "quantity": number(quantity), "picked": true }),
        Moved::Done => json!({ "quantity_done": number(quantity) }),
    }
}

/// What left, put on the delivery's moves; what is more than they hold is refused.
pub(super) fn split(
    found: &[Found<'_>],
    goods: &Goods,
    lots: &Lots,
    due: &[Due],
    picking: &Picking,
    way: &Way,
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
            writes.push(json!([1, due.id, values(due, &taken, lots, way)]));
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

fn values(due: &Due, taken: &[(Option<String>, Decimal)], lots: &Lots, way: &Way) -> Value {
    let sum: Decimal = taken.iter().map(|(_, quantity)| *quantity).sum();
    if taken.iter().all(|(lot, _)| lot.is_none()) {
        return left(sum, way.facts);
    }
    // Lots that Odoo has reserved make way for those that left.
    let mut lines = vec![json!([5, 0, 0])];
    for (lot, quantity) in taken {
        let lot = lot
            .as_ref()
            .and_then(|lot| lots.get(&(due.product, lot.clone())));
        let quantity = number(*quantity);
        lines.push(match way.facts.moved {
            Moved::Picked => json!([0, 0, {
                "product_id": due.product, "lot_id": lot, "quantity": quantity, "picked": true,
            }]),
            Moved::Done => json!([0, 0, {
                "product_id": due.product, "lot_id": lot, "qty_done": quantity, "picking_id": way.picking,
                "product_uom_id": way.units.get(&due.product), "location_id": due.from, "location_dest_id": due.to,
            }]),
        });
    }
    match way.facts.moved {
        Moved::Picked => json!({ "move_line_ids": lines, "picked": true }),
        Moved::Done => json!({ "move_line_ids": lines }),
    }
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
            from: 8,
            to: 5,
        };
        let way = |version| Way {
            facts: Facts::of(version),
            picking: 3,
            units: Units::from([(7, 1)]),
        };
        let taken = [(Some("A".to_owned()), dec("2"))];
        let lots = Lots::from([((7, "A".to_owned()), 71)]);
        let expected = json!({ "move_line_ids": [[5, 0, 0], [0, 0, {
            "product_id": 7, "lot_id": 71, "quantity": 2, "picked": true }]], "picked": true });
        assert_eq!(
            values(&due, &taken, &lots, &way(19)).to_string(),
            expected.to_string()
        );
        let expected = json!({ "move_line_ids": [[5, 0, 0], [0, 0, { "product_id": 7, "lot_id": 71, "qty_done": 2,
            "picking_id": 3, "product_uom_id": 1, "location_id": 8, "location_dest_id": 5 }]] });
        assert_eq!(
            values(&due, &taken, &lots, &way(14)).to_string(),
            expected.to_string()
        );
    }
}
