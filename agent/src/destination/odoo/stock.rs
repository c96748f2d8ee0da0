//! Stock in Odoo: what lies where, and the one absolute call that sets it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::stock::CountLine;

use super::answer::outage;
use super::client::{CallError, Client, Search};
use super::inventory;
use super::reference::PosConfig;
use super::row::number;
use super::versions::Counting;
use crate::outbox::Outage;

/// How many rows are written in one call; 200 take Odoo about 5 s.
const ROWS_MAX: usize = 200;

/// Where stock lies: product, place and lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// `product.product`.
    pub product: i64,
    /// `stock.location`.
    pub location: i64,
    /// `stock.lot`.
    pub lot: Option<i64>,
}

/// How much lies, or is to lie, where.
pub type Stock = BTreeMap<Spot, Decimal>;

/// Whether the count has moved anything yet.
pub async fn was_applied(client: &Client, name: &str) -> Result<bool, Outage> {
    already_counted(client, name)
        .await
        .map(|products| !products.is_empty())
        .map_err(|error| outage(&error))
}

/// Products that the count has moved already.
pub async fn already_counted(client: &Client, name: &str) -> Result<BTreeSet<i64>, CallError> {
    let named = match client.facts().await?.counting {
        Counting::Inventory => return inventory::counted(client, name).await,
        Counting::Quants => json!(["inventory_name", "=", name]),
        // Behind it stands the user whom the count was given to.
        Counting::Applied => json!(["name", "=like", format!("{name}%")]),
    };
    let search = Search {
        domain: json!([named]),
        fields: &["product_id"],
        ..Search::default()
    };
    let rows = client.search_read("stock.move", search).await?;
    Ok(rows
        .iter()
        .filter_map(|row| row.one("product_id"))
        .collect())
}

/// The place that a till sells from.
pub async fn store_stock(client: &Client, config: &PosConfig) -> Result<Option<i64>, CallError> {
    let search = Search {
        domain: json!([["id", "=", config.picking_type]]),
        fields: &["default_location_src_id"],
        ..Search::default()
    };
    let rows = client.search_read("stock.picking.type", search).await?;
    Ok(rows
        .first()
        .and_then(|row| row.one("default_location_src_id")))
}

/// Places below the store's stock, by the names that the count gives them.
pub async fn locations(
    client: &Client,
    lines: &[&CountLine],
    store_stock: i64,
) -> Result<BTreeMap<String, i64>, CallError> {
    let wanted: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| line.location.as_ref())
        .map(|name| name.as_str())
        .collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let named = json!([
        ["id", "child_of", store_stock],
        "|",
        "|",
        ["name", "in", wanted],
        ["complete_name", "in", wanted],
        ["barcode", "in", wanted]
    ]);
    let search = Search {
        domain: named,
        fields: &["name", "complete_name", "barcode"],
        order: "id desc",
        ..Search::default()
    };
    let mut found = BTreeMap::new();
    for row in client.search_read("stock.location", search).await? {
        for field in ["name", "complete_name", "barcode"] {
            if let Some(name) = row.text(field) {
                found.insert(name.to_owned(), row.id());
            }
        }
    }
    Ok(found)
}

/// The lot of a product, made if it is not there.
pub async fn lot_id(
    client: &Client,
    product: i64,
    name: &str,
    company: i64,
) -> Result<i64, CallError> {
    let search = Search {
        domain: json!([
            ["product_id", "=", product],
            ["name", "=", name],
            ["company_id", "in", [company, false]]
        ]),
        fields: &["name"],
        order: "id",
        limit: 1,
        ..Search::default()
    };
    if let Some(lot) = client.search_read("stock.lot", search).await?.first() {
        return Ok(lot.id());
    }
    let vals = json!([{ "product_id": product, "name": name, "company_id": company }]);
    let ids: Vec<i64> = client
        .call("stock.lot", "create", json!({ "vals_list": vals }))
        .await?;
    ids.first()
        .copied()
        .ok_or_else(|| CallError::Unreadable("no id of a new lot".to_owned()))
}

/// Lets Odoo merge the rows of one product and place.
pub async fn merge_rows(client: &Client) -> Result<(), CallError> {
    if client.facts().await?.counting == Counting::Inventory {
        // Its counts go by the sum of the rows.
        return Ok(());
    }
    let _: Value = client
        .call("stock.quant", "action_view_inventory", json!({}))
        .await?;
    Ok(())
}

/// What lies where.
pub async fn lying(client: &Client, domain: Value) -> Result<Stock, CallError> {
    let search = Search {
        domain,
        fields: &["product_id", "location_id", "lot_id", "quantity"],
        ..Search::default()
    };
    let mut stock = Stock::new();
    for row in client.search_read("stock.quant", search).await? {
        let spot = Spot {
            product: row.one("product_id").unwrap_or(0),
            location: row.one("location_id").unwrap_or(0),
            lot: row.one("lot_id"),
        };
        *stock.entry(spot).or_default() += row.decimal("quantity");
    }
    Ok(stock)
}

/// Writes how much is to lie where. All places of one product stand in one call: either all of them are written or
/// none, so that a product found moved by the count needs nothing more.
pub async fn write(client: &Client, target: &Stock, name: &str) -> Result<(), CallError> {
    let counting = client.facts().await?.counting;
    let quantity = match counting {
        Counting::Inventory => return inventory::apply(client, target, name).await,
        Counting::Quants => "inventory_quantity_auto_apply",
        Counting::Applied => "inventory_quantity",
    };
    let context = json!({ "inventory_mode": true, "inventory_name": name });
    for rows in by_product(target, quantity) {
        let args = json!({ "vals_list": rows, "context": context });
        let quants: Value = client
            .call_at("odoo.count_written", "stock.quant", "create", args)
            .await?;
        if counting == Counting::Applied {
            // What it answers when goods moved meanwhile, or lots are missing, is seen when the stock is read back.
            let args = json!({ "ids": quants, "context": context });
            let _: Value = client
                .call_at(
                    "odoo.count_applied",
                    "stock.quant",
                    "action_apply_inventory",
                    args,
                )
                .await?;
        }
    }
    Ok(())
}

/// The rows to write, a call each; `quantity` is the field that takes what was counted.
fn by_product(target: &Stock, quantity: &str) -> Vec<Vec<Value>> {
    let mut calls: Vec<Vec<Value>> = vec![Vec::new()];
    let mut last = None;
    for (spot, counted) in target {
        let mut row = json!({
            "product_id": spot.product,
            "location_id": spot.location,
            quantity: number(*counted),
        });
        if let Some(lot) = spot.lot {
            row["lot_id"] = lot.into();
        }
        let full = calls.last().is_none_or(|call| call.len() >= ROWS_MAX);
        if full && last != Some(spot.product) {
            calls.push(Vec::new());
        }
        last = Some(spot.product);
        if let Some(call) = calls.last_mut() {
            call.push(row);
        }
    }
    calls.retain(|call| !call.is_empty());
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_products_places_stand_in_one_call() {
        let mut target = Stock::new();
        for product in 0..ROWS_MAX as i64 {
            target.insert(
                Spot {
                    product,
                    location: 1,
                    lot: None,
                },
                Decimal::ONE,
            );
        }
        let last = ROWS_MAX as i64 - 1;
        target.insert(
            Spot {
                product: last,
                location: 2,
                lot: None,
            },
            Decimal::ONE,
        );
        target.insert(
            Spot {
                product: last + 1,
                location: 1,
                lot: None,
            },
            Decimal::ONE,
        );
        let sizes: Vec<usize> = by_product(&target, "q").iter().map(Vec::len).collect();
        assert_eq!(sizes, [ROWS_MAX + 1, 1]);
    }
}
