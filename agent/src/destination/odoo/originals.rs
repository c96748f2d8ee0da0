//! The receipts that returns and voids refer to, as Odoo holds them.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::sale::Line;
use tillpost_shared::key;
use uuid::Uuid;

use super::answer::outage;
use super::check_back::Stored;
use super::client::{CallError, Client, Search};
use super::row::{Row, decimal};
use super::{lookup, refunds};
use crate::outbox::Outage;

/// An order line as Odoo holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct OldLine {
    /// `pos.order.line`.
    pub id: i64,
    /// Its uuid.
    pub uuid: Option<Uuid>,
    /// `pos.order`.
    pub order: i64,
    /// The product.
    pub product: i64,
    /// Quantity.
    pub quantity: Decimal,
    /// How much of it came back so far, in the line's direction; what was undone again does not count.
    pub returned: Decimal,
    /// The lots or serial numbers that its goods are of.
    pub lots: Vec<String>,
    /// Everything needed to write its opposite.
    pub row: Row,
}

/// A payment as Odoo holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct OldPayment {
    /// `pos.order`.
    pub order: i64,
    /// `pos.payment.method`.
    pub method: i64,
    /// Amount.
    pub amount: Decimal,
    /// Whether it is change.
    pub change: bool,
}

/// A receipt as Odoo holds it: one order, or one per original if it took back lines of several.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Original {
    /// Its orders.
    pub orders: Vec<Stored>,
    /// Their lines.
    pub lines: Vec<OldLine>,
}

/// The receipt with that uid, `None` when Odoo does not hold it. `ours`: lines of these orders do not count as
/// returned (they are the document's own, sent before).
pub async fn find(client: &Client, uid: Uuid, ours: &[Uuid]) -> Result<Option<Original>, Outage> {
    let failed = |error| outage(&error);
    let mut orders = lookup::by_uids(client, &[uid]).await.map_err(failed)?;
    if orders.is_empty() {
        orders = lookup::parts(client, uid).await.map_err(failed)?;
    }
    if orders.is_empty() {
        return Ok(None);
    }
    let ids: Vec<i64> = orders.iter().map(|order| order.id).collect();
    let search = Search {
        domain: json!([["order_id", "in", ids]]),
        fields: &[
            "uuid",
            "name",
            "order_id",
            "product_id",
            "qty",
            "price_unit",
            "discount",
            "tax_ids",
            "price_subtotal",
            "price_subtotal_incl",
            "full_product_name",
            "extra_tax_data",
            "refund_orderline_ids",
            "pack_lot_ids",
        ],
        order: "id",
        ..Search::default()
    };
    let rows = client
        .search_read("pos.order.line", search)
        .await
        .map_err(failed)?;
    let returned = refunds::returned(client, &rows, ours).await?;
    let lots = lots(client, &rows).await.map_err(failed)?;
    let lines = rows
        .into_iter()
        .map(|row| old_line(row, &returned, &lots))
        .collect();
    Ok(Some(Original { orders, lines }))
}

/// The lots and serial numbers of lines, by line.
pub async fn lots(client: &Client, rows: &[Row]) -> Result<HashMap<i64, Vec<String>>, CallError> {
    let ids: Vec<i64> = rows
        .iter()
        .flat_map(|row| row.many("pack_lot_ids"))
        .collect();
    let mut lots: HashMap<i64, Vec<String>> = HashMap::new();
    if ids.is_empty() {
        return Ok(lots);
    }
    let search = Search {
        domain: json!([["id", "in", ids]]),
        fields: &["lot_name", "pos_order_line_id"],
        order: "id",
        ..Search::default()
    };
    for row in client.search_read("pos.pack.operation.lot", search).await? {
        if let (Some(line), Some(name)) = (row.one("pos_order_line_id"), row.text("lot_name")) {
            lots.entry(line).or_default().push(name.to_owned());
        }
    }
    Ok(lots)
}

fn old_line(
    row: Row,
    returned: &HashMap<i64, Decimal>,
    lots: &HashMap<i64, Vec<String>>,
) -> OldLine {
    OldLine {
        id: row.id(),
        uuid: lookup::line_uuid(&row),
        order: row.one("order_id").unwrap_or(0),
        product: row.one("product_id").unwrap_or(0),
        quantity: row.decimal("qty"),
        returned: returned.get(&row.id()).copied().unwrap_or_default(),
        lots: lots.get(&row.id()).cloned().unwrap_or_default(),
        row,
    }
}

/// The payments of orders.
pub async fn payments(client: &Client, orders: &[i64]) -> Result<Vec<OldPayment>, Outage> {
    let search = Search {
        domain: json!([["pos_order_id", "in", orders]]),
        fields: &["pos_order_id", "payment_method_id", "amount", "is_change"],
        order: "id",
        ..Search::default()
    };
    let rows = client
        .search_read("pos.payment", search)
        .await
        .map_err(|error| outage(&error))?;
    let payment = |row: &Row| OldPayment {
        order: row.one("pos_order_id").unwrap_or(0),
        method: row.one("payment_method_id").unwrap_or(0),
        amount: row.decimal("amount"),
        change: row.flag("is_change"),
    };
    Ok(rows.iter().map(payment).collect())
}

impl Original {
    /// The line that a return's line takes back: by its number, or by its product, of which something is left. `taken`
    /// counts what this receipt's earlier lines took from each.
    pub fn line(
        &self,
        original: Uuid,
        line: &Line,
        product: i64,
        taken: &mut HashMap<i64, Decimal>,
    ) -> Option<i64> {
        let number = line.returned_from.as_ref()?.line;
        let back = -line.quantity.0;
        let left = |old: &&OldLine| {
            let taken = taken.get(&old.id).copied().unwrap_or_default();
            old.quantity - old.returned - taken
        };
        let found = match number {
            Some(number) => {
                let uuid = key::line_uid(original, number);
                self.lines.iter().find(|old| old.uuid == Some(uuid))
            }
            None => {
                let of_product = || {
                    self.lines
                        .iter()
                        .filter(|old| old.product == product && old.quantity > Decimal::ZERO)
                };
                let enough = of_product().find(|old| left(old) >= back);
                enough.or_else(|| of_product().next())
            }
        }?;
        *taken.entry(found.id).or_default() += back;
        Some(found.id)
    }

    /// Whether some of it came back already.
    pub fn touched(&self) -> bool {
        self.lines.iter().any(|line| !line.returned.is_zero())
    }
}

/// A line's fixed amounts (see [`super::lines`]) for the order that undoes it. Odoo reckons with the quantity's sign
/// turned round where the order's total is negative. In a reversal both turn and nothing changes; only where neither
/// total is negative (an even exchange) the amounts turn with the quantity.
pub fn fixed_of_reversal(row: &Row, was_negative: bool, negative: bool) -> Option<Value> {
    let fixed = row
        .0
        .get("extra_tax_data")
        .filter(|value| value.is_object())?;
    if was_negative != negative {
        return Some(fixed.clone());
    }
    let mut turned = fixed.clone();
    turn(&mut turned, &["quantity", "manual_total_excluded_currency"]);
    if let Some(amounts) = turned
        .get_mut("manual_tax_amounts")
        .and_then(Value::as_object_mut)
    {
        for amount in amounts.values_mut() {
            turn(amount, &["base_amount_currency", "tax_amount_currency"]);
        }
    }
    Some(turned)
}

fn turn(value: &mut Value, fields: &[&str]) {
    for field in fields {
        if let Some(amount) = value.get(*field).and_then(decimal) {
            value[*field] = super::row::number(-amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::{dec, sale};

    fn old(id: i64, product: i64, quantity: &str, returned: &str, uuid: Option<Uuid>) -> OldLine {
        let row = Row(serde_json::Map::new());
        OldLine {
            id,
            uuid,
            order: 1,
            product,
            quantity: dec(quantity),
            returned: dec(returned),
            lots: Vec::new(),
            row,
        }
    }

    #[test]
    fn a_line_is_found_by_number_else_by_a_product_of_which_enough_is_left() {
        let uid = Uuid::from_u128(9);
        let second = key::line_uid(uid, tillpost_shared::scalar::Number(2));
        let lines = vec![
            old(10, 5, "2", "2", None),
            old(11, 5, "3", "0", None),
            old(12, 6, "1", "0", Some(second)),
        ];
        let original = Original {
            orders: Vec::new(),
            lines,
        };
        let mut taken = HashMap::new();
        let mut find = |quantity: &str, product: i64, line: Value| {
            let sale = sale(json!({ "prices": "tax_included", "total": "0", "lines": [
                { "line": 1, "type": "item", "product": {}, "quantity": quantity, "unit_price": "0", "total": "0",
                  "returned_from": { "sequence": 1, "line": line } }]}));
            original.line(uid, &sale.lines[0], product, &mut taken)
        };
        assert_eq!(find("-1", 0, json!(2)), Some(12));
        assert_eq!(find("-2", 5, json!(null)), Some(11));
        // Only one is left of it: the first of the product then, and a person sees it in Odoo.
        assert_eq!(find("-2", 5, json!(null)), Some(10));
        assert_eq!(find("-1", 7, json!(null)), None);
    }

    #[test]
    fn a_reversal_keeps_its_fixed_amounts_as_odoo_reckons_with_turned_signs() {
        let row: Row = serde_json::from_value(json!({ "extra_tax_data": {
            "quantity": 2, "manual_total_excluded_currency": 10.5, "manual_tax_amounts": { "1": { "tax_amount_currency": 0.5 } } } }))
        .expect("a row");
        let same = fixed_of_reversal(&row, false, true).expect("amounts");
        assert_eq!(same["quantity"], json!(2));
        let turned = fixed_of_reversal(&row, false, false).expect("amounts");
        assert_eq!(
            turned["manual_tax_amounts"]["1"]["tax_amount_currency"].to_string(),
            "-0.5"
        );
    }
}
