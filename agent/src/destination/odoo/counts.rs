//! Stock counts: one absolute call per product, which may be made again and again.
//!
//! A count describes the moment of its cut-off, and Odoo's stock goes on. So what is written is counted + A - B: A is
//! what was sold before the cut-off and is not in Odoo's stock yet (sessions that move stock at their close), B what was
//! sold after it and already is. Sales are told apart by their own time, never by that of the stock move.
//!
//! Several uploads at once can leave several rows of one product and place in Odoo, of which a count would set only
//! one. So rows are merged first, and the sum is read back.
//!
//! # Limits
//! Parts of a count are kept in memory until the last one comes; after a restart they are delivered again and gather
//! anew. The last part waits for one further attempt if no other part is here yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::stock::{CountLine, CountMode, MissingMeans};
use tillpost_shared::document::{Body, Document, StockCount};
use tillpost_shared::key;

use super::answer::{Blame, judge, outage};
use super::client::{CallError, Client, Search};
use super::desk::Desk;
use super::parts::odoo_time;
use super::products::{self, Article, Code};
use super::reference::PosConfig;
use super::row::{Row, number};
use super::translate;
use crate::destination::Delivery;
use crate::failpoint;
use crate::outbox::{Cause, Outage, Verdict};

/// How many rows are written in one call; 200 take Odoo about 5 s.
const ROWS_MAX: usize = 200;
/// How many counts are remembered as applied, for parts that come once more.
const APPLIED_MAX: usize = 100;

/// Where stock lies: product, place and lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    product: i64,
    location: i64,
    lot: Option<i64>,
}

/// How much lies, or is to lie, where.
type Stock = BTreeMap<Spot, Decimal>;

/// Why a count does not go on.
enum Stop {
    Outage(Outage),
    Verdict(Verdict),
}

impl From<Outage> for Stop {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        match judge(&error) {
            Blame::Destination(outage) => Self::Outage(outage),
            Blame::Document(refusal) => Self::Verdict(translate::refused_there(&refusal)),
        }
    }
}

impl Desk {
    /// Applies a count once its last part is here.
    pub async fn stock_count(
        &mut self,
        delivery: &Delivery,
        count: &StockCount,
        batch: &[Delivery],
    ) -> Result<Verdict, Outage> {
        let whole = format!("{}/stock_count/{}", self.store, count.count);
        if self.counts_applied.contains(&whole) {
            return Ok(Verdict::Accepted(count_name(&whole)));
        }
        self.gather(&whole, count, batch);
        let parts = self.count_parts.get(&whole).cloned().unwrap_or_default();
        let alone = count.part.is_some() && parts.len() < 2 && delivery.attempts == 0;
        if !count.complete || alone {
            let applied = was_applied(&self.client, &count_name(&whole)).await?;
            let awaited = translate::later(
                translate::parts_awaited(count.count.as_str()),
                Cause::NotYet,
            );
            return Ok(if applied {
                Verdict::Accepted(count_name(&whole))
            } else {
                awaited
            });
        }
        let documents: Vec<Arc<Document>> =
            parts.into_iter().map(|(_, document)| document).collect();
        match self.apply(delivery, count, &documents, &whole).await {
            Ok(reference) => {
                self.count_parts.remove(&whole);
                if self.counts_applied.len() >= APPLIED_MAX {
                    self.counts_applied.remove(0);
                }
                self.counts_applied.push(whole);
                Ok(Verdict::Accepted(reference))
            }
            Err(Stop::Verdict(verdict)) => Ok(verdict),
            Err(Stop::Outage(outage)) => Err(outage),
        }
    }

    /// Remembers the parts of a count that are in this batch.
    fn gather(&mut self, whole: &str, count: &StockCount, batch: &[Delivery]) {
        let parts = self.count_parts.entry(whole.to_owned()).or_default();
        for delivery in batch {
            let Body::StockCount(part) = &delivery.document.body else {
                continue;
            };
            if part.count == count.count && parts.iter().all(|(uid, _)| *uid != delivery.uid) {
                parts.push((delivery.uid, Arc::clone(&delivery.document)));
            }
        }
    }

    async fn apply(
        &mut self,
        delivery: &Delivery,
        count: &StockCount,
        documents: &[Arc<Document>],
        whole: &str,
    ) -> Result<String, Stop> {
        let lines: Vec<&CountLine> = documents
            .iter()
            .flat_map(|document| count_lines(document))
            .collect();
        let Some(config) = self.count_config(delivery).await? else {
            return Err(Stop::Verdict(
                self.till_missing(delivery.document.head.till()),
            ));
        };
        let store_stock = store_stock(&self.client, &config).await?;
        let (counted, left_out) = self
            .counted_stock(&lines, store_stock, config.company)
            .await?;
        let mut target = counted;
        if count.mode == CountMode::Full && count.missing_means == Some(MissingMeans::Zero) {
            for spot in stock(
                &self.client,
                json!([["location_id", "child_of", store_stock]]),
            )
            .await?
            .into_keys()
            {
                target.entry(spot).or_default();
            }
        }
        let name = count_name(whole);
        let done = already_counted(&self.client, &name).await?;
        target.retain(|spot, _| !done.contains(&spot.product));
        merge_rows(&self.client).await?;
        let products: BTreeSet<i64> = target.keys().map(|spot| spot.product).collect();
        let sold = sold_around(&self.client, &config, &products, count).await?;
        correct(&mut target, &sold, store_stock);
        write(&self.client, &target, &name).await?;
        let there = stock(
            &self.client,
            json!([
                ["product_id", "in", products],
                ["location_id", "child_of", store_stock]
            ]),
        )
        .await?;
        let wrong = target
            .iter()
            .filter(|(spot, quantity)| there.get(spot).copied().unwrap_or_default() != **quantity)
            .count();
        if wrong > 0 {
            return Err(Stop::Verdict(translate::later(
                translate::stock_differs(wrong),
                Cause::NotYet,
            )));
        }
        Ok(match left_out {
            0 => name,
            n => format!("{name}; {n} lines of products that keep no stock in Odoo were left out"),
        })
    }

    /// Any till of the store: they share its stock.
    async fn count_config(&mut self, delivery: &Delivery) -> Result<Option<PosConfig>, Outage> {
        if let Some(till) = &delivery.document.head.till {
            return self.config(till.as_str()).await;
        }
        let mark = super::reference::config_name("", "", self.environment);
        let mark = mark.trim_start_matches('-').to_owned();
        let ours = |config: &&PosConfig| match mark.as_str() {
            "" => !config.name.ends_with(']'),
            mark => config.name.ends_with(mark),
        };
        if let Some(config) = self.reference.configs.iter().find(ours) {
            return Ok(Some(config.clone()));
        }
        self.look_again().await?;
        Ok(self.reference.configs.iter().find(ours).cloned())
    }

    /// What was counted where; and how many lines are of products that keep no stock.
    async fn counted_stock(
        &mut self,
        lines: &[&CountLine],
        store_stock: i64,
        company: i64,
    ) -> Result<(Stock, usize), Stop> {
        let wanted: BTreeSet<Code> = lines
            .iter()
            .flat_map(|line| products::codes(&line.product))
            .collect();
        products::load(&self.client, &mut self.shelf, wanted).await?;
        let mut unknown: Vec<String> = Vec::new();
        let mut counted = Stock::new();
        let mut left_out = 0;
        let locations = locations(&self.client, lines, store_stock).await?;
        for line in lines {
            let Some(article) =
                products::find(&self.shelf, &products::codes(&line.product)).cloned()
            else {
                unknown.push(products::named(&line.product));
                continue;
            };
            if !article.storable {
                left_out += 1;
                continue;
            }
            let location = line.location.as_ref().map_or(Some(store_stock), |name| {
                locations.get(name.as_str()).copied()
            });
            let Some(location) = location else {
                let name = line.location.as_ref().map_or("", |name| name.as_str());
                return Err(Stop::Verdict(translate::refused_here(
                    translate::location_unknown(name),
                )));
            };
            for (lot, quantity) in self.lots(line, &article, company).await? {
                *counted
                    .entry(Spot {
                        product: article.id,
                        location,
                        lot,
                    })
                    .or_default() += quantity;
            }
        }
        if unknown.is_empty() {
            return Ok((counted, left_out));
        }
        unknown.sort();
        unknown.dedup();
        Err(Stop::Verdict(translate::later(
            translate::products_unknown(&unknown),
            Cause::UnknownProduct,
        )))
    }

    /// A line's quantities by lot, where the product's stock is kept so.
    async fn lots(
        &self,
        line: &CountLine,
        article: &Article,
        company: i64,
    ) -> Result<Vec<(Option<i64>, Decimal)>, Stop> {
        if !article.tracked || line.lots.is_empty() {
            return Ok(vec![(None, line.quantity.0)]);
        }
        let mut lots = Vec::with_capacity(line.lots.len());
        for lot in &line.lots {
            let Some(name) = lot.serial.as_ref().or(lot.lot.as_ref()) else {
                continue;
            };
            lots.push((
                Some(lot_id(&self.client, article.id, name.as_str(), company).await?),
                lot.quantity.0,
            ));
        }
        Ok(lots)
    }
}

/// What a count is called in Odoo: made of its key's uid, it is found again by it.
fn count_name(whole: &str) -> String {
    format!("Tillpost {}", key::uid(whole))
}

fn count_lines(document: &Document) -> &[CountLine] {
    match &document.body {
        Body::StockCount(count) => &count.lines,
        _ => &[],
    }
}

async fn was_applied(client: &Client, name: &str) -> Result<bool, Outage> {
    already_counted(client, name)
        .await
        .map(|products| !products.is_empty())
        .map_err(|error| outage(&error))
}

/// Products that the count has moved already.
async fn already_counted(client: &Client, name: &str) -> Result<BTreeSet<i64>, CallError> {
    let search = Search {
        domain: json!([["inventory_name", "=", name]]),
        fields: &["product_id"],
        ..Search::default()
    };
    let rows = client.search_read("stock.move", search).await?;
    Ok(rows
        .iter()
        .filter_map(|row| row.one("product_id"))
        .collect())
}

async fn store_stock(client: &Client, config: &PosConfig) -> Result<i64, Stop> {
    let search = Search {
        domain: json!([["id", "=", config.picking_type]]),
        fields: &["default_location_src_id"],
        ..Search::default()
    };
    let rows = client.search_read("stock.picking.type", search).await?;
    let location = rows
        .first()
        .and_then(|row| row.one("default_location_src_id"));
    location.ok_or_else(|| {
        Stop::Verdict(translate::refused_here(translate::location_unknown(
            "the till's own",
        )))
    })
}

/// Places below the store's stock, by the names that the count gives them.
async fn locations(
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

async fn lot_id(client: &Client, product: i64, name: &str, company: i64) -> Result<i64, CallError> {
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
async fn merge_rows(client: &Client) -> Result<(), CallError> {
    let _: Value = client
        .call("stock.quant", "action_view_inventory", json!({}))
        .await?;
    Ok(())
}

/// What lies where.
async fn stock(client: &Client, domain: Value) -> Result<Stock, CallError> {
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

/// By how much sales around the cut-off move each product's target: + A - B.
async fn sold_around(
    client: &Client,
    config: &PosConfig,
    products: &BTreeSet<i64>,
    count: &StockCount,
) -> Result<BTreeMap<i64, Decimal>, CallError> {
    let cutoff = odoo_time(count.cutoff_at.at());
    let states = json!(["paid", "done", "invoiced"]);
    let search = Search {
        domain: json!([
            ["product_id", "in", products],
            ["order_id.state", "in", states],
            [
                "order_id.config_id.picking_type_id.default_location_src_id",
                "=?",
                false
            ],
            [
                "order_id.config_id.picking_type_id",
                "=",
                config.picking_type
            ],
            "|",
            ["order_id.date_order", ">", cutoff],
            "&",
            ["order_id.session_id.update_stock_at_closing", "=", true],
            ["order_id.session_id.state", "!=", "closed"],
        ]),
        fields: &["product_id", "qty", "order_id"],
        ..Search::default()
    };
    let lines = client.search_read("pos.order.line", search).await?;
    let orders: BTreeSet<i64> = lines.iter().filter_map(|row| row.one("order_id")).collect();
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
    let waiting = json!([
        ["id", "in", sessions],
        ["update_stock_at_closing", "=", true],
        ["state", "!=", "closed"]
    ]);
    let search = Search {
        domain: waiting,
        fields: &["state"],
        ..Search::default()
    };
    let waiting: BTreeSet<i64> = client
        .search_read("pos.session", search)
        .await?
        .iter()
        .map(Row::id)
        .collect();
    let mut sold: BTreeMap<i64, Decimal> = BTreeMap::new();
    for line in &lines {
        let Some(order) = orders
            .iter()
            .find(|order| Some(order.id()) == line.one("order_id"))
        else {
            continue;
        };
        let after = order.text("date_order").unwrap_or_default() > cutoff.as_str();
        let in_stock = order
            .one("session_id")
            .is_none_or(|session| !waiting.contains(&session));
        let quantity = line.decimal("qty");
        let change = match (after, in_stock) {
            (true, true) => -quantity,
            (false, false) => quantity,
            (true, false) | (false, true) => continue,
        };
        *sold.entry(line.one("product_id").unwrap_or(0)).or_default() += change;
    }
    Ok(sold)
}

/// Puts sales around the cut-off where a till takes from: the store's stock itself, without a lot if there is one.
fn correct(target: &mut Stock, sold: &BTreeMap<i64, Decimal>, store_stock: i64) {
    for (product, change) in sold {
        let own = |spot: &Spot| spot.product == *product;
        let best = target
            .keys()
            .filter(|spot| own(spot))
            .min_by_key(|spot| (spot.location != store_stock, spot.lot.is_some()))
            .copied();
        if let Some(quantity) = best.and_then(|spot| target.get_mut(&spot)) {
            *quantity += *change;
        }
    }
}

async fn write(client: &Client, target: &Stock, name: &str) -> Result<(), CallError> {
    let rows: Vec<(&Spot, &Decimal)> = target.iter().collect();
    for rows in rows.chunks(ROWS_MAX) {
        let row = |(spot, quantity): &(&Spot, &Decimal)| {
            let mut vals = json!({
                "product_id": spot.product,
                "location_id": spot.location,
                "inventory_quantity_auto_apply": number(**quantity),
            });
            if let Some(lot) = spot.lot {
                vals["lot_id"] = lot.into();
            }
            vals
        };
        let args = json!({
            "vals_list": rows.iter().map(row).collect::<Vec<_>>(),
            "context": { "inventory_mode": true, "inventory_name": name },
        });
        let answer: Result<Value, CallError> = client.call("stock.quant", "create", args).await;
        failpoint::hit("odoo.count_written");
        answer?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::dec;

    #[test]
    fn sales_around_the_cut_off_move_the_target_where_the_till_takes_from() {
        let spot = |product, location, lot| Spot {
            product,
            location,
            lot,
        };
        let mut target = Stock::from([
            (spot(1, 8, None), dec("10")),
            (spot(1, 9, None), dec("5")),
            (spot(2, 9, Some(4)), dec("3")),
        ]);
        let sold = BTreeMap::from([(1, dec("-2")), (2, dec("1")), (3, dec("7"))]);
        correct(&mut target, &sold, 8);
        let quantities: Vec<String> = target.values().map(Decimal::to_string).collect();
        assert_eq!(quantities, ["8", "5", "4"]);
    }
}
