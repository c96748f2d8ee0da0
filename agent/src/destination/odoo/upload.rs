//! Sales, returns and voids on their way into Odoo: look whether they are there, build, send, read back.
//!
//! A whole call rolls back with its worst order, and the answer does not say which that was. So a refused batch is
//! halved until the one is alone: it is refused, the rest went up.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use tillpost_shared::document::sale::{Sale, Void};
use uuid::Uuid;

use super::answer::{Blame, Refusal, judge, outage};
use super::check_back::{self, Holding};
use super::client::CallError;
use super::desk::{Desk, ORDERS_MAX};
use super::orders::{self, Found, Good};
use super::originals::{self, Original};
use super::parts::{self, Expected, Part};
use super::products::{self, Code};
use super::reference::{PosConfig, base_name, config_name};
use super::sessions::{self, Session, SessionState};
use super::{payments, tax, translate, voids};
use crate::destination::Delivery;
use crate::failpoint;
use crate::outbox::{Cause, Outage, Verdict};

/// Verdicts by position in the batch.
pub type Verdicts = Vec<Option<Verdict>>;

/// A document ready to be sent.
struct Unit {
    place: usize,
    orders: Vec<Value>,
    expected: Expected,
}

/// A sale or return that Odoo does not hold yet.
struct Fresh<'a> {
    place: usize,
    delivery: &'a Delivery,
    sale: &'a Sale,
    parts: Vec<Part>,
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
        let mut fresh = Vec::new();
        for place in places {
            let delivery = &batch[*place];
            let Some(sale) = delivery.document.body.as_sale() else {
                continue;
            };
            let parts = parts::parts(delivery, sale, &self.numbering);
            let expected = parts::expected(delivery, sale, &parts);
            fresh.push(Fresh {
                place: *place,
                delivery,
                sale,
                parts,
                expected,
            });
        }
        let uuids: Vec<Uuid> = fresh
            .iter()
            .flat_map(|fresh| fresh.expected.orders.clone())
            .collect();
        let stored = check_back::read(&self.client, &uuids)
            .await
            .map_err(|error| outage(&error))?;
        fresh.retain(
            |fresh| match verdict_of(check_back::compare(&fresh.expected, &stored)) {
                Some(verdict) => {
                    verdicts[fresh.place] = Some(verdict);
                    false
                }
                None => true,
            },
        );
        let Some(first) = fresh.first() else {
            return Ok(());
        };
        let (till, day) = (
            first.delivery.document.head.till().to_owned(),
            first.delivery.business_date,
        );
        let Some(config) = self.config(&till).await? else {
            for fresh in fresh {
                verdicts[fresh.place] = Some(self.till_missing(&till));
            }
            return Ok(());
        };
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
        self.send(&config, day, units, verdicts).await
    }

    /// Undoes a sale or return.
    pub async fn void(
        &mut self,
        delivery: &Delivery,
        void: &Void,
        place: usize,
        verdicts: &mut Verdicts,
    ) -> Result<(), Outage> {
        let head = &delivery.document.head;
        let day = tillpost_shared::scalar::Day(delivery.business_date);
        let Some(target) = tillpost_shared::key::origin_key(&void.of, head, day, &self.numbering)
        else {
            verdicts[place] = Some(translate::later(
                translate::original_unknown("without a number"),
                Cause::UnknownOriginal,
            ));
            return Ok(());
        };
        let named = parts::named(&target);
        let found = originals::find(&self.client, target.uid(), &[]).await?;
        let Some(original) = found else {
            verdicts[place] = Some(translate::later(
                translate::original_unknown(&named),
                Cause::UnknownOriginal,
            ));
            return Ok(());
        };
        let expected = voids::expected(delivery, void, &original);
        let stored = check_back::read(&self.client, &expected.orders)
            .await
            .map_err(|error| outage(&error))?;
        if let Some(verdict) = verdict_of(check_back::compare(&expected, &stored)) {
            verdicts[place] = Some(verdict);
            return Ok(());
        }
        if original.touched() {
            verdicts[place] = Some(translate::refused_here(translate::already_reversed(&named)));
            return Ok(());
        }
        let till = head.till().to_owned();
        let Some(config) = self.config(&till).await? else {
            verdicts[place] = Some(self.till_missing(&till));
            return Ok(());
        };
        let ids: Vec<i64> = original.orders.iter().map(|order| order.id).collect();
        let paid = originals::payments(&self.client, &ids).await?;
        let base = base_name(&self.store, &till);
        let built = voids::orders(
            delivery,
            void,
            &original,
            &paid,
            self.till(&config, &till, &base),
        );
        match built {
            Ok(orders) => {
                self.send(
                    &config,
                    delivery.business_date,
                    vec![Unit {
                        place,
                        orders,
                        expected,
                    }],
                    verdicts,
                )
                .await
            }
            Err(answer) => {
                // What is missing may have been set up since: the next batch reads the store again.
                self.look_again().await?;
                verdicts[place] = Some(translate::refused_here(answer));
                Ok(())
            }
        }
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
        }
        products::load(&self.client, &mut self.shelf, wanted).await
    }

    /// The orders of a sale or return, or why there are none. What is missing in Odoo is looked for twice.
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
            let till = fresh.delivery.document.head.till();
            if !self.look_again().await? {
                return Ok(Err(verdict));
            }
            self.load_customers(&[fresh.delivery]).await?;
            self.load_products(std::slice::from_ref(fresh)).await?;
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
            &fresh.parts,
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
                    (Some(own), [Code::Sku(code)]) if own == *code => unknown.push(format!(
                        "the internal reference {own} (run `tillpost odoo prepare`)"
                    )),
                    _ => unknown.push(products::named(&line.product)),
                }
                continue;
            };
            let applied =
                tax::applied(line, fresh.sale.prices, &taxes, &self.taxes, &article.taxes);
            let taxes = applied.map_err(translate::refused_here)?;
            goods.push(Good {
                product: article.id,
                taxes,
                refunds: None,
                tracked: article.tracked,
            });
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
            customer: self.customer(fresh.delivery),
        })
    }

    /// Sends what is ready and reads it back.
    async fn send(
        &mut self,
        config: &PosConfig,
        day: jiff::civil::Date,
        units: Vec<Unit>,
        verdicts: &mut Verdicts,
    ) -> Result<(), Outage> {
        if units.is_empty() {
            return Ok(());
        }
        let session = match self.session(config, day, None).await? {
            Ok(session) => session,
            Err(answer) => {
                for unit in units {
                    verdicts[unit.place] = Some(translate::later(answer.clone(), Cause::NotYet));
                }
                return Ok(());
            }
        };
        // Ranges still to be sent, the next one last.
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        let mut refusals: HashMap<usize, Refusal> = HashMap::new();
        let mut start = 0;
        while start < units.len() {
            let end = (start + self.orders_max).min(units.len());
            ranges.push((start, end));
            start = end;
        }
        ranges.reverse();
        while let Some((from, to)) = ranges.pop() {
            match self.sync(&units[from..to], session.id).await {
                Ok(()) => self.orders_max = (self.orders_max * 2).min(ORDERS_MAX),
                Err(error) => match judge(&error) {
                    Blame::Destination(outage) => {
                        let cut = matches!(outage, Outage::Ambiguous(_) | Outage::BatchTooLarge);
                        if cut {
                            self.orders_max = ((to - from) / 2).max(1);
                        }
                        return Err(outage);
                    }
                    Blame::Document(_) if to - from > 1 => {
                        let middle = from + (to - from) / 2;
                        ranges.push((middle, to));
                        ranges.push((from, middle));
                    }
                    Blame::Document(refusal) => {
                        if let Some(refusal) = self
                            .alone(config, day, &units[from], session.id, refusal)
                            .await?
                        {
                            refusals.insert(from, refusal);
                        }
                    }
                },
            }
        }
        self.read_back(&units, &refusals, verdicts).await
    }

    async fn sync(&self, units: &[Unit], session: i64) -> Result<(), CallError> {
        let mut orders: Vec<Value> = units.iter().flat_map(|unit| unit.orders.clone()).collect();
        for order in &mut orders {
            order["session_id"] = session.into();
        }
        let args = json!({ "orders": orders, "context": { "lang": "en_US" } });
        let answer: Result<serde::de::IgnoredAny, CallError> =
            self.client.call("pos.order", "sync_from_ui", args).await;
        failpoint::hit("odoo.request_sent");
        answer.map(|_| ())
    }

    /// One document alone was refused: maybe its session was closed under our hands. `None`: it went up after all.
    async fn alone(
        &mut self,
        config: &PosConfig,
        day: jiff::civil::Date,
        unit: &Unit,
        session: i64,
        refusal: Refusal,
    ) -> Result<Option<Refusal>, Outage> {
        let still_open = sessions::by_id(&self.client, session).await?;
        let usable = |session: &Session| {
            matches!(session.state, SessionState::Opened | SessionState::Opening)
        };
        if still_open.as_ref().is_some_and(usable) {
            return Ok(Some(refusal));
        }
        let Ok(session) = self.session(config, day, None).await? else {
            return Ok(Some(refusal));
        };
        match self.sync(std::slice::from_ref(unit), session.id).await {
            Ok(()) => Ok(None),
            Err(error) => match judge(&error) {
                Blame::Destination(outage) => Err(outage),
                Blame::Document(refusal) => Ok(Some(refusal)),
            },
        }
    }

    async fn read_back(
        &self,
        units: &[Unit],
        refusals: &HashMap<usize, Refusal>,
        verdicts: &mut Verdicts,
    ) -> Result<(), Outage> {
        let uuids: Vec<Uuid> = units
            .iter()
            .flat_map(|unit| unit.expected.orders.clone())
            .collect();
        let stored = check_back::read(&self.client, &uuids)
            .await
            .map_err(|error| outage(&error))?;
        failpoint::hit("odoo.answer_read");
        for (n, unit) in units.iter().enumerate() {
            // A refusal may have been a lost race: what stands there decides.
            let verdict = match (
                verdict_of(check_back::compare(&unit.expected, &stored)),
                refusals.get(&n),
            ) {
                (Some(verdict), _) => verdict,
                (None, Some(refusal)) => translate::refused_there(refusal),
                (None, None) => {
                    return Err(Outage::Incomprehensible(
                        "it took an order and does not hold it".to_owned(),
                    ));
                }
            };
            verdicts[unit.place] = Some(verdict);
        }
        Ok(())
    }

    /// The session for a till's day, after the day before was closed with what the till counted.
    pub async fn session(
        &mut self,
        config: &PosConfig,
        day: jiff::civil::Date,
        opening: Option<rust_decimal::Decimal>,
    ) -> Result<Result<Session, crate::outbox::Answer>, Outage> {
        let counted = self
            .counted
            .iter()
            .find(|((name, before), _)| *name == config.name && *before < day);
        let counted = counted.map(|(_, counted)| *counted);
        let session = sessions::for_day(&self.client, config, day, opening, counted).await?;
        self.counted
            .retain(|(name, before), _| *name != config.name || *before >= day);
        Ok(session)
    }
}

fn tip_code() -> Code {
    Code::Sku("TILLPOST-TIP".to_owned())
}

fn verdict_of(holding: Holding) -> Option<Verdict> {
    match holding {
        Holding::Nothing => None,
        Holding::Same(name) => Some(Verdict::Accepted(name)),
        Holding::Other(difference) => Some(translate::conflict(&difference)),
    }
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
