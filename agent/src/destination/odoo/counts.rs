//! Stock counts: one absolute call per product, which may be made again and again.
//!
//! A count describes the moment of its cut-off, and Odoo's stock goes on. So what is written is counted + A - B: A is
//! what was sold before the cut-off and is not in Odoo's stock yet (sessions that move stock at their close), B what was
//! sold after it and already is. Sales are told apart by their own time, never by that of the stock move.
//!
//! Several uploads at once can leave several rows of one product and place in Odoo, of which a count would set only
//! one. So rows are merged first, and the sum is read back.
//!
//! A count in parts is applied with its last one: the outbox brings along whatever other parts are here. A part that
//! a person must look at first holds the whole count back, because without its lines goods would be counted away.

use std::collections::BTreeSet;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::json;
use tillpost_shared::document::stock::{CountLine, CountMode, MissingMeans};
use tillpost_shared::document::{Body, Document, StockCount};
use tillpost_shared::key;

use super::answer::{Blame, judge};
use super::client::CallError;
use super::desk::Desk;
use super::products::{self, Article, Code};
use super::reference::PosConfig;
use super::sold::{self, Sold};
use super::stock::{self, Spot, Stock};
use super::translate;
use crate::destination::Delivery;
use crate::outbox::{Cause, Outage, Verdict};

/// How many counts are remembered as applied, for parts that come once more.
const APPLIED_MAX: usize = 100;

/// Why a document does not go on.
pub(super) enum Stop {
    /// The destination is out.
    Outage(Outage),
    /// The document goes no further.
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
    ) -> Result<Verdict, Outage> {
        let whole = key::count(&delivery.document.head.store, &count.count);
        if self.counts_applied.contains(&whole) {
            return Ok(Verdict::Accepted(count_name(&whole)));
        }
        let others = &delivery.other_parts;
        let later = |answer| {
            Ok(Verdict::Postponed {
                answer,
                cause: Cause::NotYet,
            })
        };
        if !count.complete {
            let name = count_name(&whole);
            return if stock::was_applied(&self.client, &name).await? {
                Ok(Verdict::Accepted(name))
            } else {
                later(translate::parts_awaited(count.count.as_str()))
            };
        }
        if others.iter().any(|part| !part.waiting) {
            return later(translate::part_held(count.count.as_str()));
        }
        let others = others.iter().map(|part| &part.document);
        let documents: Vec<&Arc<Document>> = others.chain([&delivery.document]).collect();
        match self.apply(delivery, count, &documents, &whole).await {
            Ok(reference) => {
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

    async fn apply(
        &mut self,
        delivery: &Delivery,
        count: &StockCount,
        documents: &[&Arc<Document>],
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
        let Some(store_stock) = stock::store_stock(&self.client, &config).await? else {
            let answer = translate::location_unknown("the till's own");
            return Err(Stop::Verdict(translate::refused_here(answer)));
        };
        let (counted, left_out) = self
            .counted_stock(&lines, store_stock, config.company)
            .await?;
        let mut target = counted;
        if count.mode == CountMode::Full && count.missing_means == Some(MissingMeans::Zero) {
            for spot in stock::lying(
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
        let done = stock::already_counted(&self.client, &name).await?;
        target.retain(|spot, _| !done.contains(&spot.product));
        stock::merge_rows(&self.client).await?;
        let products: BTreeSet<i64> = target.keys().map(|spot| spot.product).collect();
        let sold = sold::around(&self.client, store_stock, &products, count).await?;
        correct(&mut target, &sold, store_stock);
        stock::write(&self.client, &target, &name).await?;
        let there = stock::lying(
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
    pub(super) async fn count_config(
        &mut self,
        delivery: &Delivery,
    ) -> Result<Option<PosConfig>, Outage> {
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
        let locations = stock::locations(&self.client, lines, store_stock).await?;
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
                Some(stock::lot_id(&self.client, article.id, name.as_str(), company).await?),
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
        Body::Sale(_)
        | Body::Return(_)
        | Body::Void(_)
        | Body::DayOpen(_)
        | Body::DayClose(_)
        | Body::CashMovement(_)
        | Body::TillActivity(_)
        | Body::Settlement(_)
        | Body::StockMove(_)
        | Body::Pickup(_) => &[],
    }
}

/// Puts sales around the cut-off where a till takes from: the lot that was sold, else the store's stock itself, without a
/// lot if there is one. A lot that was not counted stays as it is, and so needs nothing.
fn correct(target: &mut Stock, sold: &Sold, store_stock: i64) {
    for ((product, lot), change) in sold {
        let fits = |spot: &Spot| {
            spot.product == *product && (lot.is_none() || spot.lot.is_none() || spot.lot == *lot)
        };
        let best = target
            .keys()
            .filter(|spot| fits(spot))
            .min_by_key(|spot| {
                let elsewhere = spot.location != store_stock;
                (spot.lot != *lot, elsewhere, spot.lot.is_some())
            })
            .copied();
        if let Some(quantity) = best.and_then(|spot| target.get_mut(&spot)) {
            *quantity += *change;
        }
    }
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
            (spot(4, 8, Some(5)), dec("20")),
            (spot(4, 8, Some(6)), dec("30")),
            (spot(4, 9, Some(6)), dec("40")),
            (spot(5, 8, None), dec("50")),
        ]);
        let sold = Sold::from([
            ((1, None), dec("-2")),
            ((2, None), dec("1")),
            ((3, None), dec("7")),
            ((4, Some(6)), dec("-3")),
            // Sold, and not counted.
            ((4, Some(7)), dec("-9")),
            // Counted as a whole.
            ((5, Some(8)), dec("-1")),
        ]);
        correct(&mut target, &sold, 8);
        let quantities: Vec<String> = target.values().map(Decimal::to_string).collect();
        assert_eq!(quantities, ["8", "5", "4", "20", "27", "40", "49"]);
    }
}
