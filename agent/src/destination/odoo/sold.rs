//! What was sold around a count's cut-off, by product and lot. Sales are told apart by their own time, and by whether their
//! goods have left Odoo's stock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use serde_json::json;
use tillpost_shared::document::StockCount;

use super::client::{CallError, Client, Search};
use super::originals;
use super::parts::odoo_time;
use super::row::Row;

/// By how much sales around the cut-off move the targets, by product and lot: + A - B.
pub type Sold = BTreeMap<(i64, Option<i64>), Decimal>;

/// What sales around the cut-off are to be added and taken off.
pub async fn around(
    client: &Client,
    store_stock: i64,
    products: &BTreeSet<i64>,
    count: &StockCount,
) -> Result<Sold, CallError> {
    let cutoff = odoo_time(count.cutoff_at.at());
    let search = Search {
        domain: json!([
            ["product_id", "in", products],
            ["order_id.state", "in", ["paid", "done", "invoiced"]],
            [
                "order_id.config_id.picking_type_id.default_location_src_id",
                "=",
                store_stock
            ],
            "|",
            ["order_id.date_order", ">", cutoff],
            "&",
            ["order_id.session_id.update_stock_at_closing", "=", true],
            ["order_id.session_id.state", "!=", "closed"],
        ]),
        fields: &["product_id", "qty", "order_id", "pack_lot_ids"],
        ..Search::default()
    };
    let lines = client.search_read("pos.order.line", search).await?;
    let named = originals::lots(client, &lines).await?;
    let lots = lots_named(client, &lines, &named).await?;
    let orders: BTreeSet<i64> = lines.iter().filter_map(|row| row.one("order_id")).collect();
    let orders = moments(client, &orders, &cutoff).await?;
    let mut sold = Sold::new();
    for line in &lines {
        let sign = match line.one("order_id").and_then(|order| orders.get(&order)) {
            Some(Moment {
                after: true,
                in_stock: true,
            }) => -Decimal::ONE,
            Some(Moment {
                after: false,
                in_stock: false,
            }) => Decimal::ONE,
            Some(_) | None => continue,
        };
        let product = line.one("product_id").unwrap_or(0);
        let names = named.get(&line.id()).map_or(&[][..], Vec::as_slice);
        for (name, quantity) in by_lot(line.decimal("qty"), names) {
            let lot = name.and_then(|name| lots.get(&(product, name.to_owned())).copied());
            *sold.entry((product, lot)).or_default() += sign * quantity;
        }
    }
    Ok(sold)
}

/// How much of a line is of which lot, as Odoo moves it: one of each serial number, otherwise all of the first.
fn by_lot(quantity: Decimal, names: &[String]) -> Vec<(Option<&str>, Decimal)> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names[..] {
        [] => vec![(None, quantity)],
        [_, _, ..] if quantity.abs() == Decimal::from(names.len()) => {
            let each = quantity / quantity.abs();
            names.into_iter().map(|name| (Some(name), each)).collect()
        }
        [first, ..] => vec![(Some(first), quantity)],
    }
}

/// The lots of products by their names, as far as lines name them.
async fn lots_named(
    client: &Client,
    lines: &[Row],
    named: &HashMap<i64, Vec<String>>,
) -> Result<HashMap<(i64, String), i64>, CallError> {
    let names: BTreeSet<&String> = named.values().flatten().collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let with_lot = lines.iter().filter(|line| named.contains_key(&line.id()));
    let products: BTreeSet<i64> = with_lot.filter_map(|line| line.one("product_id")).collect();
    let search = Search {
        domain: json!([["product_id", "in", products], ["name", "in", names]]),
        fields: &["product_id", "name"],
        order: "id desc",
        ..Search::default()
    };
    let rows = client.search_read("stock.lot", search).await?;
    let lot = |row: &Row| {
        let product = row.one("product_id")?;
        Some(((product, row.text("name")?.to_owned()), row.id()))
    };
    Ok(rows.iter().filter_map(lot).collect())
}

/// An order, as seen from a cut-off.
struct Moment {
    /// Sold after it.
    after: bool,
    /// Already in Odoo's stock.
    in_stock: bool,
}

async fn moments(
    client: &Client,
    orders: &BTreeSet<i64>,
    cutoff: &str,
) -> Result<HashMap<i64, Moment>, CallError> {
    let search = Search {
        domain: json!([["id", "in", orders]]),
        fields: &["date_order", "session_id"],
        ..Search::default()
    };
    let orders = client.search_read("pos.order", search).await?;
    let sessions: BTreeSet<i64> = orders
        .iter()
        .filter_map(|row| row.one("session_id"))
        .collect();
    let search = Search {
        domain: json!([
            ["id", "in", sessions],
            ["update_stock_at_closing", "=", true],
            ["state", "!=", "closed"],
        ]),
        fields: &["state"],
        ..Search::default()
    };
    let waiting = client.search_read("pos.session", search).await?;
    let waiting: BTreeSet<i64> = waiting.iter().map(Row::id).collect();
    let moment = |order: &Row| {
        let session = order.one("session_id");
        let moment = Moment {
            after: order.text("date_order").unwrap_or_default() > cutoff,
            in_stock: session.is_none_or(|session| !waiting.contains(&session)),
        };
        (order.id(), moment)
    };
    Ok(orders.iter().map(moment).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::dec;

    #[test]
    fn a_line_is_of_its_lots_as_odoo_moves_it() {
        let shares = |quantity: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let shares = by_lot(dec(quantity), &names).into_iter();
            let text = shares.map(|(name, part)| format!("{} {part}", name.unwrap_or("-")));
            text.collect::<Vec<_>>()
        };
        assert_eq!(shares("2.5", &[]), ["- 2.5"]);
        assert_eq!(shares("-3", &["A"]), ["A -3"]);
        assert_eq!(shares("-2", &["S1", "S2"]), ["S1 -1", "S2 -1"]);
        assert_eq!(shares("5", &["A", "B"]), ["A 5"]);
        assert_eq!(shares("0", &["A"]), ["A 0"]);
    }
}
