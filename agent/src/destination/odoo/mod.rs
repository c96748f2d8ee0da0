//! Odoo as a destination, 14 to 19, without any module of ours inside it.
//!
//! # Layout
//! Pure: [`answer`] (what an error means), [`tax`], [`shares`], [`lines`], [`payments`], [`coins`], [`parts`], [`orders`], [`voids`] (what is
//! sent), [`check_back`] (what must stand there afterwards), [`figures`]
//! (a day's, compared), [`wishes`] (what a receipt asks for beyond its sale), [`translate`] (what a person is told). Calls: [`client`],
//! [`reference`], `key_end`, [`products`], [`originals`], [`sessions`], [`opening`], [`close`], [`stock`], [`places`], [`transfers`], [`deliveries`],
//! [`invoices`], [`points`].
//! Together: [`desk`], [`upload`], [`customers`], [`undo`], [`send`], [`days`], [`counts`], [`moves`], [`scrap`], [`pickups`],
//! [`proof_back`], [`doctor`]. What differs between versions: [`versions`] (the table), [`payload`], [`names`] (pure),
//! [`json_rpc`], [`server`], [`lookup`], [`drawer`], [`inventory`]. What may not be sent yet: [`effect`], [`quiet`]; what is
//! heard beside the answers: [`overheard`]; what need
//! not be asked again: [`kept`].
//!
//! # What it relies on
//! - From 19 on a document's uid is the order's `uuid`, which is unique over there: sending again is harmless. Nothing
//!   else is, and below 19 nothing at all: one sender asks before every sending, and waits out what may be under way.
//! - One request in flight per store. Odoo's own parallelism only makes it wait for its locks.
//! - A document is looked for before it is sent and read back after; what stands there decides, not the answer.

pub mod answer;
pub mod cards;
pub mod check_back;
pub mod client;
pub mod close;
mod closing;
pub mod coins;
pub mod counts;
pub mod customers;
pub mod days;
pub mod deliveries;
pub mod desk;
pub mod doctor;
pub mod drawer;
pub mod effect;
pub mod environment;
pub mod figures;
pub mod inventory;
pub mod invoices;
pub mod json_rpc;
mod kept;
mod key_end;
pub mod late;
pub mod lines;
pub mod lookup;
pub mod moves;
pub mod names;
pub mod opening;
pub mod orders;
pub mod originals;
pub mod overheard;
pub mod parts;
pub mod payload;
pub mod payments;
pub mod pickups;
pub mod places;
pub mod points;
pub mod products;
pub mod proof_back;
pub mod quiet;
pub mod reckon;
pub mod reference;
pub mod refunds;
pub mod refusals;
pub mod row;
pub mod scrap;
pub mod send;
pub mod server;
pub mod sessions;
pub mod shares;
pub mod sold;
pub mod stands_against;
pub mod stock;
pub mod tax;
pub mod taxes;
#[cfg(test)]
pub mod testing;
pub mod transfers;
pub mod translate;
pub mod translate_goods;
pub mod undo;
pub mod upload;
pub mod versions;
pub mod voids;
pub mod ways;
pub mod wishes;

use jiff::{SignedDuration, Timestamp};
use tillpost_shared::config;
use tillpost_shared::document::Body;
use tillpost_shared::key::Numbering;
use tokio::sync::Mutex;

use self::answer::{Blame, judge};
use self::client::Client;
use self::desk::{Desk, Run};
use self::versions::Protocol;
use super::{Asked, Delivery, Destination, HeldThere};
use crate::activity::Stopwatch;
use crate::outbox::{Outage, Verdict};
use crate::secret::Key;

/// An Odoo database as a destination.
pub struct Odoo {
    client: Client,
    desk: Mutex<Desk>,
}

impl Odoo {
    /// A destination; nothing is asked yet. `numbering` tells how the store's tills number, for receipts that point
    /// back at others.
    pub fn new(
        config: &config::Destination,
        store: &config::Store,
        key: Key,
        http: reqwest::Client,
        numbering: Numbering,
    ) -> Self {
        let url = config.url.as_deref().unwrap_or_default();
        let database = config.database.as_deref().unwrap_or_default();
        let client = Client::new(http, url, database, key)
            .with_login(config.login.as_deref(), protocol(config));
        let desk = Desk::new(client.clone(), config, store, numbering);
        Self {
            client,
            desk: Mutex::new(desk),
        }
    }

    /// It was out: where it was for the key, a new one is looked for.
    pub fn heard(&self, outage: &Outage) {
        self.client.heard(outage);
    }

    /// What `doctor` shows: each check with what was found, or what is wrong.
    pub async fn check(&self) -> Vec<(&'static str, Result<String, String>)> {
        let desk = self.desk.lock().await;
        doctor::check(&self.client, &desk).await
    }
}

/// How the configuration wants Odoo to be spoken with.
pub fn protocol(config: &config::Destination) -> Option<Protocol> {
    config.protocol.map(|protocol| match protocol {
        config::OdooProtocol::Json2 => Protocol::Json2,
        config::OdooProtocol::JsonRpc => Protocol::JsonRpc,
    })
}

impl Destination for Odoo {
    async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        let mut desk = self.desk.lock().await;
        desk.begin().await?;
        let mut verdicts = desk.kept.of(batch);
        desk.client.inherit(batch);
        let mut held: Vec<(usize, Timestamp)> = Vec::new();
        for run in desk::runs(batch) {
            let mut open = run.open(&verdicts);
            if open.is_empty() {
                continue;
            }
            let turn: Vec<&Delivery> = open.iter().map(|place| &batch[*place]).collect();
            desk.client.begin(&turn);
            let done = match &run {
                Run::Orders(_) => desk.upload(batch, &open, &mut verdicts).await,
                Run::Single(place) => single(&mut desk, batch, *place, &mut verdicts).await,
            };
            match done {
                Ok(()) => {}
                // Others need not wait for what these must wait for.
                Err(Outage::UnderWay { until }) => {
                    open.retain(|place| verdicts[*place].is_none());
                    desk.client.hold(open.iter().map(|place| batch[*place].seq));
                    held.extend(open.into_iter().map(|place| (place, until)));
                }
                Err(outage) => {
                    desk.kept.failed(batch, &verdicts);
                    return Err(of_whole(outage, batch.len()));
                }
            }
        }
        if let Some(until) = whole_waits(&desk, &held, batch.len()) {
            return Err(Outage::UnderWay { until });
        }
        for (place, until) in held {
            verdicts[place] = Some(translate::under_way(until));
        }
        desk.kept.told(batch);
        let missing = || translate::refused_here(translate::not_supported("this document"));
        Ok(verdicts
            .into_iter()
            .map(|verdict| verdict.unwrap_or_else(missing))
            .collect())
    }

    async fn look(&self) -> Result<(), Outage> {
        let desk = self.desk.lock().await;
        environment::compare(&self.client, &desk.store, desk.environment).await
    }

    fn time_by(&self, stopwatch: Stopwatch) {
        self.client.overheard.time_by(stopwatch);
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.client.overheard.clock_ahead()
    }

    fn keys_taken(&self) -> u32 {
        self.client.overheard.keys_taken()
    }

    async fn key_ends(&self) -> Result<Option<Timestamp>, Outage> {
        // One request in flight, here too.
        let _desk = self.desk.lock().await;
        match key_end::of(&self.client).await {
            Ok(until) => Ok(until),
            Err(error) => match judge(&error) {
                Blame::Destination(outage) => Err(outage),
                Blame::Document(_) => Ok(None),
            },
        }
    }

    async fn read_back(&self, asked: &[Asked]) -> Result<HeldThere, Outage> {
        let mut desk = self.desk.lock().await;
        desk.begin().await?;
        desk.read_day(asked).await
    }
}

/// Until when the whole batch has to wait, rather than documents of it one by one: where orders wait too, or nothing
/// may pass a count.
fn whole_waits(desk: &Desk, held: &[(usize, Timestamp)], documents: usize) -> Option<Timestamp> {
    let last = held.iter().map(|(_, until)| *until).max()?;
    let all = !desk.facts.unique_key && held.len() == documents;
    desk.client.count_under_way().or(all.then_some(last))
}

/// Too large says that nothing of the batch arrived; of several calls only one was too large.
fn of_whole(outage: Outage, documents: usize) -> Outage {
    if documents > 1 && outage == Outage::BatchTooLarge {
        return Outage::Ambiguous("one of several calls was too large for it".to_owned());
    }
    outage
}

async fn single(
    desk: &mut Desk,
    batch: &[Delivery],
    place: usize,
    verdicts: &mut send::Verdicts,
) -> Result<(), Outage> {
    let delivery = &batch[place];
    if matches!(
        delivery.document.body,
        Body::Void(_) | Body::CashMovement(_)
    ) && let Some(verdict) = desk.late(delivery).await?
    {
        verdicts[place] = Some(verdict);
        return Ok(());
    }
    let verdict = match &delivery.document.body {
        Body::Void(void) => desk.void(delivery, void).await?,
        Body::DayOpen(open) => desk.day_open(delivery, open).await?,
        Body::DayClose(close) => desk.day_close(delivery, close).await?,
        Body::CashMovement(movement) => desk.cash_movement(delivery, movement).await?,
        Body::StockCount(count) => desk.stock_count(delivery, count).await?,
        Body::TillActivity(_) => Verdict::Accepted("nothing to post".to_owned()),
        // Matched in the proof, by the receipts that are here; Odoo's books stay finance's own.
        Body::Settlement(_) => Verdict::Accepted("kept for finance, nothing is posted".to_owned()),
        Body::StockMove(moved) => desk.stock_move(delivery, moved).await?,
        Body::Pickup(pickup) => desk.pickup(delivery, pickup).await?,
        Body::Sale(_) | Body::Return(_) => return desk.upload(batch, &[place], verdicts).await,
    };
    verdicts[place] = Some(verdict);
    Ok(())
}
