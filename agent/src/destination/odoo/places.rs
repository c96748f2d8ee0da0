//! Where goods lie and where they go: the store's warehouse and its shelves, suppliers, the way between two stores,
//! and the place that Odoo books losses to.
//!
//! A transfer to another store goes into the company's transit location, never straight onto the other's shelf: that
//! store says itself what arrived, and would book it a second time.

use serde_json::{Value, json};

use super::client::{CallError, Client, Search};
use super::reference::PosConfig;
use super::row::Row;

/// The store's warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warehouse {
    /// `stock.warehouse`.
    pub id: i64,
    /// Its company.
    pub company: i64,
    /// The place that its tills sell from.
    pub stock: i64,
    /// The type of its receipts.
    pub receipts: i64,
    /// The type of its deliveries.
    pub deliveries: i64,
    /// The type of its internal transfers.
    pub internal: i64,
}

/// Places outside the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outside {
    /// Where suppliers' goods come from.
    pub supplier: Option<i64>,
    /// Where losses and finds are booked to.
    pub losses: Option<i64>,
    /// Between two stores of the company.
    pub transit: Option<i64>,
}

/// The warehouse that a till sells from.
pub async fn warehouse(
    client: &Client,
    config: &PosConfig,
) -> Result<Option<Warehouse>, CallError> {
    let of_type = Search {
        domain: json!([["id", "=", config.picking_type]]),
        fields: &["warehouse_id", "default_location_src_id"],
        ..Search::default()
    };
    let types = client.search_read("stock.picking.type", of_type).await?;
    let place = types.first().and_then(|row| {
        Some((
            row.one("warehouse_id")?,
            row.one("default_location_src_id")?,
        ))
    });
    let Some((id, stock)) = place else {
        return Ok(None);
    };
    let search = Search {
        domain: json!([["id", "=", id]]),
        fields: &["in_type_id", "out_type_id", "int_type_id"],
        ..Search::default()
    };
    let rows = client.search_read("stock.warehouse", search).await?;
    Ok(rows.first().and_then(|row| {
        Some(Warehouse {
            id,
            company: config.company,
            stock,
            receipts: row.one("in_type_id")?,
            deliveries: row.one("out_type_id")?,
            internal: row.one("int_type_id")?,
        })
    }))
}

/// The company's places outside the store. The transit location is archived in Odoo as long as there is one warehouse.
pub async fn outside(client: &Client, company: i64) -> Result<Outside, CallError> {
    let search = Search {
        domain: json!([
            ["usage", "in", ["supplier", "inventory", "transit"]],
            ["company_id", "in", [company, false]]
        ]),
        fields: &["usage", "company_id", "active"],
        order: "id",
        context: json!({ "active_test": false }),
        ..Search::default()
    };
    let rows = client.search_read("stock.location", search).await?;
    Ok(chosen(&rows))
}

fn chosen(rows: &[Row]) -> Outside {
    let first = |usage: &str, fits: &dyn Fn(&Row) -> bool| {
        rows.iter()
            .find(|row| row.text("usage") == Some(usage) && fits(row))
            .map(Row::id)
    };
    Outside {
        supplier: first("supplier", &|row| row.flag("active")),
        losses: first("inventory", &|row| row.flag("active")),
        transit: first("transit", &|row| row.one("company_id").is_some()),
    }
}

/// A place below the store's stock, by its name, full name or barcode. The oldest of several.
pub async fn inside(client: &Client, stock: i64, name: &str) -> Result<Option<i64>, CallError> {
    find(client, json!(["id", "child_of", stock]), name).await
}

/// A place that losses or use are booked to, by its name, full name or barcode.
pub async fn loss(client: &Client, company: i64, name: &str) -> Result<Option<i64>, CallError> {
    let theirs = json!(["company_id", "in", [company, false]]);
    let found = find(client, theirs, name).await?;
    let Some(id) = found else { return Ok(None) };
    let search = Search {
        domain: json!([
            ["id", "=", id],
            ["usage", "in", ["inventory", "production"]]
        ]),
        fields: &["usage"],
        ..Search::default()
    };
    let rows = client.search_read("stock.location", search).await?;
    Ok(rows.first().map(Row::id))
}

async fn find(client: &Client, among: Value, name: &str) -> Result<Option<i64>, CallError> {
    let search = Search {
        domain: json!([
            among,
            "|",
            "|",
            ["name", "=", name],
            ["complete_name", "=", name],
            ["barcode", "=", name]
        ]),
        fields: &["name"],
        order: "id",
        limit: 1,
        ..Search::default()
    };
    let rows = client.search_read("stock.location", search).await?;
    Ok(rows.first().map(Row::id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, usage: &str, company: Value, active: bool) -> Row {
        let row = json!({ "id": id, "usage": usage, "company_id": company, "active": active });
        serde_json::from_value(row).expect("a row")
    }

    #[test]
    fn transit_is_the_companys_own_even_when_it_is_archived() {
        let rows = [
            row(4, "supplier", json!(false), true),
            row(6, "transit", json!(false), true),
            row(7, "transit", json!([1, "Shop"]), false),
            row(8, "inventory", json!([1, "Shop"]), false),
            row(9, "inventory", json!([1, "Shop"]), true),
        ];
        let expected = Outside {
            supplier: Some(4),
            losses: Some(9),
            transit: Some(7),
        };
        assert_eq!(chosen(&rows), expected);
    }
}
