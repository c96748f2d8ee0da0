//! The catalog straight from Odoo: pull when something changed, work the prices out here, and have Odoo check some.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tillpost_shared::catalog::{Product, Revision, revision_of};
use tillpost_shared::config::Store;

use super::assemble::{Assembled, Origin, Settings, assemble};
use super::prices::rounded;
use super::pull::{Company, OVERLAP, PULL_AFTER, Probe, Shelf, company, probe, pull};
use super::{CatalogSource, Fetched, Snapshot, Stock};
use crate::activity;
use crate::destination::odoo::client::{CallError, Client, Search};
use crate::destination::odoo::parts::odoo_time;
use crate::destination::odoo::row::{Row, decimal};
use crate::destination::odoo::{answer, environment};
use crate::outbox::{Answer as Note, Outage};

/// Pulls at most in a row while head office keeps changing things; the last one is used, and the next refresh looks again.
const PULLS_MAX: usize = 3;
/// Prices of a new snapshot that Odoo is asked for, because a module over there may change prices in its own way.
const SPOT_CHECKS: usize = 5;
/// Past price changes are kept for so long, so that a store's clock that is behind still finds its price.
const PAST_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Odoo's products and price lists.
pub struct OdooCatalog {
    client: Client,
    settings: Settings,
    /// Whose prices they are to be.
    store: Store,
    /// Empty after a start: the first fetch pulls everything. Never held over a call.
    seen: Mutex<Option<Seen>>,
}

/// What the last pull saw.
#[derive(Clone)]
struct Seen {
    revision: Revision,
    probe: Probe,
    anchor: Timestamp,
    pulled_at: Instant,
    /// Article number and unit by variant, of what is counted on shelves.
    shelved: BTreeMap<i64, (String, String)>,
    /// What was said of it, the prices that were asked for aside.
    notes: Vec<Note>,
}

impl OdooCatalog {
    /// The catalog of a connection; nothing is sent.
    pub fn new(client: Client, settings: Settings, store: Store) -> Self {
        Self {
            client,
            settings,
            store,
            seen: Mutex::new(None),
        }
    }

    /// Stock on hand at the store, or none where its tills are not set up yet. Sales that are still here are not in it.
    pub async fn stock(&self, store: &str) -> Result<Option<Stock>, Outage> {
        let Some(Seen { shelved, .. }) = self.remembered() else {
            return Ok(None);
        };
        // Before the question: what arrives while it is answered counts as unsent, rather too long than not at all.
        let taken_at = activity::now();
        let Some(quantities) = self.quantities(store).await.map_err(outage)? else {
            return Ok(None);
        };
        // An empty shelf has no row over there.
        let on_hand = shelved.into_iter().map(|(variant, article)| {
            let quantity = quantities.get(&variant).copied();
            (article, quantity.unwrap_or_default())
        });
        Ok(Some(Stock {
            on_hand: on_hand.collect(),
            taken_at: Some(taken_at),
        }))
    }

    async fn quantities(&self, store: &str) -> Result<Option<BTreeMap<i64, Decimal>>, CallError> {
        let tills = Search {
            domain: json!([["name", "=like", format!("{store}-%")]]),
            fields: &["picking_type_id"],
            limit: 1,
            ..Search::default()
        };
        let tills = self.client.search_read("pos.config", tills).await?;
        let Some(picking) = tills.first().and_then(|row| row.one("picking_type_id")) else {
            return Ok(None);
        };
        let fields: &[&str] = &["default_location_src_id"];
        let read = json!({ "ids": [picking], "fields": fields });
        let pickings: Vec<Row> = self.client.call("stock.picking.type", "read", read).await?;
        let location = pickings
            .first()
            .and_then(|row| row.one("default_location_src_id"));
        let domain = json!([["location_id", "child_of", location]]);
        let (method, sum, group) = match self.client.facts().await?.unique_key {
            true => (
                "formatted_read_group",
                "quantity:sum",
                json!({ "domain": domain, "groupby": ["product_id"], "aggregates": ["quantity:sum"] }),
            ),
            false => (
                "read_group",
                "quantity",
                json!({ "domain": domain, "groupby": ["product_id"], "fields": ["quantity:sum"] }),
            ),
        };
        let groups: Vec<Row> = self.client.call("stock.quant", method, group).await?;
        let quantity = |row: &Row| Some((row.one("product_id")?, row.decimal(sum)));
        Ok(Some(groups.iter().filter_map(quantity).collect()))
    }

    fn remembered(&self) -> Option<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the state named by `since` still is the state.
    async fn unchanged(&self, since: Option<&Revision>, now: Timestamp) -> Result<bool, CallError> {
        let Some(seen) = self.remembered() else {
            return Ok(false);
        };
        if !worth_asking(&seen, since, seen.pulled_at.elapsed()) {
            return Ok(false);
        }
        let probe = probe(&self.client, seen.anchor, now).await?;
        Ok(probe.state == seen.probe.state)
    }

    /// A pull during which nothing changed, or the last of some.
    async fn pull(
        &self,
        company: &Company,
        anchor: Timestamp,
        now: Timestamp,
    ) -> Result<(Shelf, Probe), CallError> {
        let list = self.settings.price_list.as_deref();
        let mut before = probe(&self.client, anchor, now).await?;
        let mut shelf = pull(&self.client, company, list).await?;
        for _ in 1..PULLS_MAX {
            let after = probe(&self.client, anchor, now).await?;
            if after.state == before.state {
                break;
            }
            before = after;
            shelf = pull(&self.client, company, list).await?;
        }
        Ok((shelf, before))
    }

    /// Asks Odoo for some prices, at instants at which they differ, and notes what does not fit.
    async fn spot_check(&self, made: &Assembled, now: Timestamp, seed: &Revision) -> Vec<Note> {
        let mut notes = Vec::new();
        for turn in 0..SPOT_CHECKS.min(made.products.len()) {
            let index = sample(seed, turn, made.products.len());
            let (product, origin) = (&made.products[index], made.origins[index]);
            // Half of the samples look at a change to come, where there is one.
            let coming = product.changes().filter(|at| *at > now).min();
            let at = coming.filter(|_| turn % 2 == 1).unwrap_or(now);
            let ours = product.clone().at(at).price.amount;
            // A check that fails is no check; the prices stand without it.
            let Ok(theirs) = self.price_there(made.list, origin, at).await else {
                continue;
            };
            let theirs = rounded(theirs, ours.scale());
            if theirs != ours {
                notes.push(differs(product, ours, theirs, at));
            }
        }
        notes
    }

    async fn price_there(
        &self,
        list: Option<i64>,
        origin: Origin,
        at: Timestamp,
    ) -> Result<Decimal, CallError> {
        let mut context = json!({ "quantity": 1, "date": odoo_time(at) });
        if let Some(list) = list {
            context["pricelist"] = list.into();
        }
        if let Some(unit) = origin.unit {
            context["uom"] = unit.into();
        }
        if self.client.facts().await?.version == 14 {
            // There a price by list is a field that is read.
            let args = json!({ "ids": [origin.variant], "fields": ["price", "lst_price"], "context": context });
            let rows: Vec<Row> = self.client.call("product.product", "read", args).await?;
            let field = if list.is_some() { "price" } else { "lst_price" };
            let price = rows.first().map(|row| row.decimal(field));
            return price.ok_or_else(|| CallError::Unreadable("no price".to_owned()));
        }
        let args = json!({ "ids": [origin.variant], "context": context });
        let price: Value = self
            .client
            .call("product.product", "get_contextual_price", args)
            .await?;
        decimal(&price).ok_or_else(|| CallError::Unreadable("no price".to_owned()))
    }
}

/// The server may tell any time.
fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(now)
}

impl CatalogSource for OdooCatalog {
    async fn fetch(&self, since: Option<&Revision>) -> Result<Fetched, Outage> {
        let fetched = self.fetch_once(since).await;
        fetched.inspect_err(|outage| self.client.heard(outage))
    }
}

impl OdooCatalog {
    async fn fetch_once(&self, since: Option<&Revision>) -> Result<Fetched, Outage> {
        environment::compare(&self.client, &self.store.code, self.store.environment).await?;
        let (company, now) = company(&self.client).await.map_err(outage)?;
        if self.unchanged(since, now).await.map_err(outage)? {
            return Ok(Fetched::Unchanged);
        }
        let (anchor, pulled_at) = (before(now, OVERLAP), Instant::now());
        let (shelf, probe) = self.pull(&company, anchor, now).await.map_err(outage)?;
        let mut made = assemble(&shelf, &self.settings, before(now, PAST_KEPT))
            .map_err(Outage::Incomprehensible)?;
        if made.products.is_empty() {
            let message =
                "Odoo has no product that may be sold and is available in the point of sale";
            return Err(Outage::Incomprehensible(message.to_owned()));
        }
        let revision = revision_of(&made.products)
            .map_err(|error| Outage::Incomprehensible(error.to_string()))?;
        let mut notes = std::mem::take(&mut made.notes);
        // The same products under other notes: a person is told what is the matter now.
        let known = self.remembered().is_some_and(|seen| seen.notes == notes);
        let seen = Seen {
            revision: revision.clone(),
            probe,
            anchor,
            pulled_at,
            shelved: shelved(&made),
            notes: notes.clone(),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        if since == Some(&revision) && known {
            return Ok(Fetched::Unchanged);
        }
        notes.extend(self.spot_check(&made, now, &revision).await);
        Ok(Fetched::Snapshot(Snapshot {
            revision,
            taken_at: activity::now(),
            products: made.products,
            notes,
        }))
    }
}

/// Whether the probe can save a pull: it speaks of this revision, nothing was just being written, and it is not too long ago.
fn worth_asking(seen: &Seen, since: Option<&Revision>, ago: Duration) -> bool {
    since == Some(&seen.revision) && !seen.probe.fresh && ago < PULL_AFTER
}

/// What is counted on shelves: packs are not, they have their article's number.
fn shelved(made: &Assembled) -> BTreeMap<i64, (String, String)> {
    let products = made.origins.iter().zip(&made.products);
    let counted = products.filter(|(origin, _)| origin.storable && origin.unit.is_none());
    counted
        .map(|(origin, product)| (origin.variant, (product.sku.clone(), product.unit.clone())))
        .collect()
}

/// Which product a turn looks at: by chance, but the same for the same catalog.
fn sample(seed: &Revision, turn: usize, products: usize) -> usize {
    let hash = Sha256::digest(format!("{} {turn}", seed.0));
    let number = hash
        .iter()
        .take(7)
        .fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
    number % products.max(1)
}

fn differs(product: &Product, ours: Decimal, theirs: Decimal, at: Timestamp) -> Note {
    Note::new(
        "price_differs",
        format!(
            "The price of {} at {at} is {ours} here and {theirs} in Odoo.",
            product.sku
        ),
        "A module in Odoo may change prices in its own way. Tell your IT; until then compare prices before a promotion.",
    )
}

/// A read changes nothing: an answer that was lost is no more than a line that was down.
fn outage(error: CallError) -> Outage {
    let outage = answer::outage(&error);
    if let Outage::Ambiguous(text) = outage {
        return Outage::Unreachable(text);
    }
    outage
}

#[cfg(test)]
#[path = "odoo_tests.rs"]
mod tests;
