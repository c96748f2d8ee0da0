//! Goods thrown away: scrap in Odoo, a row per product and lot.
//!
//! Odoo's `do_scrap` moves the goods again whenever it is called, so only rows that are still drafts are given to it,
//! all of a document in one call: either all of them are done afterwards or none.

use serde_json::{Value, json};

use super::client::{CallError, Search};
use super::counts::Stop;
use super::desk::Desk;
use super::places::Warehouse;
use super::row::{Row, number};
use super::transfers::{self, Goods};
use super::translate_goods;
use crate::destination::Delivery;
use crate::outbox::{Outage, Verdict};

impl Desk {
    /// Throws goods away, once.
    pub(super) async fn scrap(
        &self,
        delivery: &Delivery,
        warehouse: &Warehouse,
        from: i64,
        goods: &Goods,
    ) -> Result<Verdict, Stop> {
        if goods.is_empty() {
            return Ok(Verdict::Accepted(super::moves::NOTHING.to_owned()));
        }
        let mut rows = self.scraps(&delivery.key).await?;
        if rows.is_empty() {
            self.make_scraps(delivery, warehouse, from, goods).await?;
            rows = self.scraps(&delivery.key).await?;
        }
        let named = name(&rows);
        if held(&rows) != *goods {
            return Err(Stop::Verdict(translate_goods::transfer_differs(&named)));
        }
        let drafts: Vec<i64> = rows.iter().filter(|row| !done(row)).map(Row::id).collect();
        if drafts.is_empty() {
            return Ok(Verdict::Accepted(named));
        }
        let args = json!({ "ids": drafts, "context": { "lang": "en_US" } });
        let answer: Result<Value, CallError> = self
            .client
            .call_at("odoo.scrap_done", "stock.scrap", "do_scrap", args)
            .await;
        answer?;
        let rows = self.scraps(&delivery.key).await?;
        if !rows.iter().all(done) {
            return Err(Stop::Outage(Outage::Incomprehensible(
                "it took scrap and does not hold it".to_owned(),
            )));
        }
        Ok(Verdict::Accepted(name(&rows)))
    }

    async fn make_scraps(
        &self,
        delivery: &Delivery,
        warehouse: &Warehouse,
        from: i64,
        goods: &Goods,
    ) -> Result<(), Stop> {
        let lots = self.lots_of(goods, warehouse.company).await?;
        let units = transfers::units(&self.client, goods).await?;
        let row = |((product, lot), quantity): (&(i64, Option<String>), &_)| {
            let lot = lot
                .as_ref()
                .and_then(|lot| lots.get(&(*product, lot.clone())));
            let mut row = json!({
                "origin": delivery.key,
                "company_id": warehouse.company,
                "product_id": product,
                "lot_id": lot.map_or(Value::Bool(false), |lot| json!(lot)),
                "scrap_qty": number(*quantity),
                "location_id": from,
            });
            if let Some(unit) = units.get(product) {
                row["product_uom_id"] = (*unit).into();
            }
            row
        };
        let args = json!({ "vals_list": goods.iter().map(row).collect::<Vec<_>>() });
        let made: Result<Vec<i64>, CallError> = self
            .client
            .call_at("odoo.scrap_created", "stock.scrap", "create", args)
            .await;
        made?;
        Ok(())
    }

    async fn scraps(&self, origin: &str) -> Result<Vec<Row>, CallError> {
        let search = Search {
            domain: json!([["origin", "=", origin]]),
            fields: &["name", "state", "product_id", "lot_id", "scrap_qty"],
            order: "id",
            ..Search::default()
        };
        self.client.search_read("stock.scrap", search).await
    }
}

fn done(row: &Row) -> bool {
    row.text("state") == Some("done")
}

fn held(rows: &[Row]) -> Goods {
    let mut goods = Goods::new();
    for row in rows {
        let lot = row.pair_name("lot_id").map(str::to_owned);
        let product = row.one("product_id").unwrap_or(0);
        *goods.entry((product, lot)).or_default() += row.decimal("scrap_qty");
    }
    goods
}

fn name(rows: &[Row]) -> String {
    let names: Vec<&str> = rows.iter().filter_map(|row| row.text("name")).collect();
    names.join(", ")
}
