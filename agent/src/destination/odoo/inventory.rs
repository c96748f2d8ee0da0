//! Stock counts of Odoo 14: a `stock.inventory`, known again by its name.
//!
//! Its lines remember what lay there when they were made, and validating posts the difference. So one that was made and
//! not validated, because the agent was ended or the line was cut, is validated as it is: what was sold since is not
//! counted away.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{CallError, Client, Search};
use super::row::{Row, number};
use super::stock::Stock;

/// A count in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    id: i64,
    state: String,
}

/// Products of the count of this name, once it was validated.
pub async fn counted(client: &Client, name: &str) -> Result<BTreeSet<i64>, CallError> {
    match find(client, name).await? {
        Some(found) if found.state == "done" => {
            let search = Search {
                domain: json!([["inventory_id", "=", found.id]]),
                fields: &["product_id"],
                ..Search::default()
            };
            let lines = client.search_read("stock.inventory.line", search).await?;
            let product = |line: &Row| line.one("product_id");
            Ok(lines.iter().filter_map(product).collect())
        }
        Some(_) | None => Ok(BTreeSet::new()),
    }
}

/// Sets how much is to lie where, once.
pub async fn apply(client: &Client, target: &Stock, name: &str) -> Result<(), CallError> {
    if target.is_empty() {
        return Ok(());
    }
    let id = match find(client, name).await? {
        Some(found) if found.state == "done" => return Ok(()),
        Some(found) => found.id,
        None => create(client, target, name).await?,
    };
    for step in ["action_start", "action_validate"] {
        let answer: Result<Value, CallError> = client
            .call_at(
                "odoo.count_written",
                "stock.inventory",
                step,
                json!({ "ids": [id] }),
            )
            .await;
        answer?;
    }
    Ok(())
}

async fn create(client: &Client, target: &Stock, name: &str) -> Result<i64, CallError> {
    let args = json!({ "vals_list": [values(target, name)] });
    let ids: Vec<i64> = client.call("stock.inventory", "create", args).await?;
    let id = ids.first().copied();
    id.ok_or_else(|| CallError::Unreadable("no id of a new count".to_owned()))
}

/// A new count.
fn values(target: &Stock, name: &str) -> Value {
    let products: BTreeSet<i64> = target.keys().map(|spot| spot.product).collect();
    let locations: BTreeSet<i64> = target.keys().map(|spot| spot.location).collect();
    let lines: Vec<Value> = target
        .iter()
        .map(|(spot, quantity)| {
            let mut line = json!({
                "product_id": spot.product,
                "location_id": spot.location,
                "product_qty": number(*quantity),
            });
            if let Some(lot) = spot.lot {
                line["prod_lot_id"] = lot.into();
            }
            json!([0, 0, line])
        })
        .collect();
    json!({
        "name": name,
        "location_ids": [[6, 0, locations]],
        "product_ids": [[6, 0, products]],
        "line_ids": lines,
    })
}

async fn find(client: &Client, name: &str) -> Result<Option<Found>, CallError> {
    let search = Search {
        domain: json!([["name", "=", name], ["state", "!=", "cancel"]]),
        fields: &["state"],
        order: "id",
        limit: 1,
        ..Search::default()
    };
    let rows = client.search_read("stock.inventory", search).await?;
    Ok(rows.first().map(|row| Found {
        id: row.id(),
        state: row.text("state").unwrap_or_default().to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::stock::Spot;
    use crate::destination::odoo::testing::dec;

    #[test]
    fn a_count_as_14_takes_it() {
        let spot = |product, lot| Spot {
            product,
            location: 8,
            lot,
        };
        let target = Stock::from([(spot(1, None), dec("9.5")), (spot(2, Some(4)), dec("0"))]);
        let values = values(&target, "Tillpost 1");
        insta::assert_snapshot!(serde_json::to_string_pretty(&values).expect("json"));
    }
}
