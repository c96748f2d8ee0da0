//! Sales and returns: look whether they are there, find what they need, build their orders.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use tillpost_shared::document::sale::Sale;

use super::answer::outage;
use super::coins::ROUNDING_PRODUCT;
use super::desk::Desk;
use super::orders::{self, Found, Good};
use super::originals::{self, Original};
use super::parts::{self, Expected, Part};
use super::products::{self, Code};
use super::reference::{PosConfig, base_name, config_name};
use super::send::{Unit, Verdicts};
use super::{late, lookup, payments, tax, translate};
use crate::destination::Delivery;
use crate::outbox::{Cause, Outage, Verdict};

/// A sale or return that Odoo does not hold yet.
struct Fresh<'a> {
    place: usize,
    delivery: &'a Delivery,
    sale: &'a Sale,
    /// The lines by what they take back.
    parts: Vec<Part>,
    /// The orders it becomes.
    orders: Vec<Part>,
    expected: Expected,
}

impl Desk {
    /// Sales and returns of one till and day.
    pub async fn upload(
        &mut self,
        batch: &[Delivery],
        places: &[usize],
        verdicts: &mut Verdicts,
    ) -> Result<(), Outage> {
        let Some(first) = places.first().map(|place| &batch[*place]) else {
            return Ok(());
        };
        let (till, day) = (first.document.head.till().to_owned(), first.business_date);
        let Some(config) = self.config(&till).await? else {
            for place in places {
                verdicts[*place] = Some(self.till_missing(&till));
            }
            return Ok(());
        };
        let mut fresh = self.receipts(batch, places);
        let wanted: Vec<&Expected> = fresh.iter().map(|fresh| &fresh.expected).collect();
        let stored = lookup::standing(&self.client, &wanted)
            .await
            .map_err(|error| outage(&error))?;
        let mut sessions = Vec::new();
        for fresh in &fresh {
            verdicts[fresh.place] = self
                .verdict_of(&fresh.expected, &stored, day, &mut sessions)
                .await?;
        }
        self.grant(batch, places, verdicts).await?;
        fresh.retain(|fresh| verdicts[fresh.place].is_none());
        if !fresh.is_empty() && self.asks_about(&config, day).await? {
            fresh.retain(|fresh| {
                let go = late::decided(fresh.delivery);
                verdicts[fresh.place] = (!go).then(|| late::held(day));
                go
            });
        }
        let deliveries: Vec<&Delivery> = fresh.iter().map(|fresh| fresh.delivery).collect();
        self.load_customers(&deliveries).await?;
        self.load_products(&fresh).await?;
        let mut units = Vec::new();
        for fresh in fresh {
            match self.build(&fresh, &config).await? {
                Ok(orders) => units.push(Unit {
                    place: fresh.place,
                    orders,
                    expected: fresh.expected,
                }),
                Err(verdict) => verdicts[fresh.place] = Some(verdict),
            }
        }
        let sent: Vec<usize> = units.iter().map(|unit| unit.place).collect();
        self.send(&config, day, units, verdicts).await?;
        self.grant(batch, &sent, verdicts).await
    }

    fn receipts<'a>(&self, batch: &'a [Delivery], places: &[usize]) -> Vec<Fresh<'a>> {
        let receipt = |place: &usize| {
            let delivery = &batch[*place];
            let sale = delivery.document.body.as_sale()?;
            let parts = parts::parts(delivery, sale, &self.numbering);
            let orders = match self.facts.one_original {
                true => parts.clone(),
                false => vec![parts::whole(delivery, sale)],
            };
            let expected = parts::expected(delivery, sale, &orders);
            Some(Fresh {
                place: *place,
                delivery,
                sale,
                parts,
                orders,
                expected,
            })
        };
        places.iter().filter_map(receipt).collect()
    }

    /// The verdict for a till that nobody set up.
    pub fn till_missing(&self, till: &str) -> Verdict {
        let name = config_name(&self.store, till, self.environment);
        translate::later(translate::till_missing(&name), Cause::NotYet)
    }

    async fn load_products(&mut self, fresh: &[Fresh<'_>]) -> Result<(), Outage> {
        let mut wanted: BTreeSet<Code> = BTreeSet::new();
        for fresh in fresh {
            wanted.extend(fresh.sale.lines.iter().flat_map(products::line_codes));
            if !payments::tips(&fresh.sale.tenders).is_zero() {
                wanted.insert(tip_code());
            }
            if self.facts.coins_for_all && !fresh.sale.cash_rounding().is_zero() {
                wanted.insert(rounding_code());
            }
        }
        products::load(&self.client, &mut self.shelf, wanted).await
    }

    /// The orders of a sale or return, or why there are none. Before it is refused the store is read again.
    async fn build(
        &mut self,
        fresh: &Fresh<'_>,
        config: &PosConfig,
    ) -> Result<Result<Vec<Value>, Verdict>, Outage> {
        let mut config = config.clone();
        loop {
            let verdict = match self.try_build(fresh, &config).await? {
                Ok(orders) => return Ok(Ok(orders)),
                Err(verdict) => verdict,
            };
            // What is only postponed was looked for just now.
            if !matches!(verdict, Verdict::Rejected { .. }) || !self.look_again().await? {
                return Ok(Err(verdict));
            }
            let till = fresh.delivery.document.head.till();
            match self.config(till).await? {
                Some(again) => config = again,
                None => return Ok(Err(self.till_missing(till))),
            }
        }
    }

    async fn try_build(
        &self,
        fresh: &Fresh<'_>,
        config: &PosConfig,
    ) -> Result<Result<Vec<Value>, Verdict>, Outage> {
        let mut found = match self.goods(fresh, config) {
            Ok(found) => found,
            Err(verdict) => return Ok(Err(verdict)),
        };
        for part in &fresh.parts {
            let Some(target) = &part.original else {
                continue;
            };
            let original =
                originals::find(&self.client, target.uid(), &fresh.expected.orders).await?;
            if let Err(verdict) = link(fresh.sale, part, original.as_ref(), &mut found.goods) {
                return Ok(Err(verdict));
            }
        }
        let till = fresh.delivery.document.head.till();
        let base = base_name(&self.store, till);
        let built = orders::orders(
            fresh.delivery,
            fresh.sale,
            &fresh.orders,
            &found,
            self.till(config, till, &base),
        );
        Ok(built.map_err(translate::refused_here))
    }

    /// What the lines are in Odoo.
    fn goods(&self, fresh: &Fresh<'_>, config: &PosConfig) -> Result<Found, Verdict> {
        let taxes: Vec<tax::Tax> = self
            .reference
            .taxes
            .iter()
            .filter(|tax| tax.company == config.company)
            .cloned()
            .collect();
        let mut goods = Vec::with_capacity(fresh.sale.lines.len());
        let mut unknown: Vec<String> = Vec::new();
        for line in &fresh.sale.lines {
            let codes = products::line_codes(line);
            let Some(article) = products::find(&self.shelf, &codes) else {
                match (products::type_code(line.r#type), codes.as_slice()) {
                    (Some(own), [Code::Sku(code)]) if own == *code => {
                        unknown.push(own_product(&own));
                    }
                    _ => unknown.push(products::named(&line.product)),
                }
                continue;
            };
            let applied = tax::applied(
                line,
                fresh.sale.prices,
                &taxes,
                &self.taxes,
                &article.taxes,
                self.facts,
            );
            let taxes = applied.map_err(translate::refused_here)?;
            goods.push(Good {
                product: article.id,
                taxes,
                refunds: None,
                tracked: article.tracked,
            });
        }
        let rounding_product = self.shelf.get(&rounding_code());
        let rounded = self.facts.coins_for_all && !config.rounds_cash;
        if rounded && !fresh.sale.cash_rounding().is_zero() && rounding_product.is_none() {
            unknown.push(own_product(ROUNDING_PRODUCT));
        }
        if !unknown.is_empty() {
            unknown.sort();
            unknown.dedup();
            return Err(translate::later(
                translate::products_unknown(&unknown),
                Cause::UnknownProduct,
            ));
        }
        let tip_product = config
            .tip_product
            .or_else(|| self.shelf.get(&tip_code()).map(|article| article.id));
        Ok(Found {
            goods,
            tip_product,
            rounding_product: rounding_product.map(|article| article.id),
            customer: self.customer(fresh.delivery),
        })
    }
}

/// The code of the product that stands for what was rounded to coins.
pub(super) fn rounding_code() -> Code {
    Code::Sku(ROUNDING_PRODUCT.to_owned())
}

/// How a product that `odoo prepare` makes is called in an answer.
fn own_product(code: &str) -> String {
    format!("the internal reference {code} (run `tillpost odoo prepare`)")
}

fn tip_code() -> Code {
    Code::Sku("TILLPOST-TIP".to_owned())
}

/// Links the lines of a part to the original they take back.
fn link(
    sale: &Sale,
    part: &Part,
    original: Option<&Original>,
    goods: &mut [Good],
) -> Result<(), Verdict> {
    let Some(target) = &part.original else {
        return Ok(());
    };
    let named = parts::named(target);
    let Some(original) = original else {
        return Err(translate::later(
            translate::original_unknown(&named),
            Cause::UnknownOriginal,
        ));
    };
    let mut taken = HashMap::new();
    for n in &part.lines {
        let line = &sale.lines[*n];
        if line.returned_from.is_none() {
            continue;
        }
        let found = original.line(target.uid(), line, goods[*n].product, &mut taken);
        let Some(id) = found else {
            return Err(translate::refused_here(translate::original_line_unknown(
                line.line.0,
                &named,
            )));
        };
        goods[*n].refunds = Some(id);
    }
    Ok(())
}
