//! The loop behind the proof: reads back from the destinations what they hold of a trading day, when somebody asks for
//! the day's proof. What a destination answered at the time of sending is no proof; what it holds now is.
//!
//! By itself it proves the days that are over, now and then until they are complete, and keeps each proof, signed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Span;
use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::activity::now;
use crate::destination::{Any, Destination};
use crate::hurry;
use crate::intake::errand::Errand;
use crate::intake::house::House;
use crate::store::proof::kept::{self, SigningKey};
use crate::store::proof::{self, Asked, Question, ReadBack, ReadBacks};
use crate::store::{Store, StoreError};

/// How long one destination may take to be read back; without an answer its column stays empty.
const READ_BACK_MAX: Duration = Duration::from_secs(60);

/// How soon after the start days are proven, and how often.
const PROVE_EVERY: Duration = Duration::from_secs(600);
/// How many days that are over are proven; what has not arrived by then is told by the outbox itself.
const PROVE_DAYS: i64 = 7;

/// Reads days back on request, and keeps the proofs of those that are over.
pub struct Evening {
    /// The store, its clock and how its tills number.
    pub house: House,
    /// Its currency.
    pub currency: String,
    /// The data folder.
    pub dir: PathBuf,
    /// The store's destinations, by name.
    pub destinations: Arc<Vec<(String, Arc<Any>)>>,
    /// What was delivered.
    pub store: Store,
    /// What is asked for.
    pub errands: mpsc::Receiver<Errand<Date>>,
    /// Where the answers go.
    pub read_backs: ReadBacks,
    /// Ends the loop.
    pub stop: CancellationToken,
}

impl Evening {
    /// Runs until it is stopped.
    pub async fn run(mut self) {
        loop {
            let errand = tokio::select! {
                errand = self.errands.recv() => errand,
                () = tokio::time::sleep(hurry::shorter(PROVE_EVERY)) => {
                    tokio::select! {
                        () = self.prove_days() => continue,
                        () = self.stop.cancelled() => return,
                    }
                }
                () = self.stop.cancelled() => return,
            };
            let Some(errand) = errand else { return };
            // Reading a day back takes a destination's time: not for somebody who has gone.
            if !errand.is_awaited() {
                continue;
            }
            tokio::select! {
                () = self.read_back(errand.what) => {}
                () = self.stop.cancelled() => return,
            }
            errand.done(());
        }
    }

    /// Proves the last days that are over and not yet proven complete.
    async fn prove_days(&self) {
        let today = self.house.business_date(now());
        for back in 1..=PROVE_DAYS {
            let date = today.saturating_sub(Span::new().days(back));
            if let Err(error) = self.prove(date).await {
                tracing::error!(date = %date, error = %error, "a day's proof cannot be kept");
            }
        }
    }

    async fn prove(&self, date: Date) -> Result<(), NotKept> {
        let last = kept::last(&self.dir, date)?;
        if last.is_some_and(|last| last.genuine && last.statement["proof"]["complete"] == true) {
            return Ok(());
        }
        let question = Question {
            date,
            currency: self.currency.clone(),
            tills: None,
            numbering: self.house.numbering.clone(),
            wrapping: self.house.wrapping.clone(),
            now: now(),
        };
        // It reads every document of the day: on a thread that keeps no till waiting.
        let of = |read_back: Arc<ReadBack>| {
            let question = question.clone();
            self.store
                .ask(move |reader| proof::figures(reader, &question, &read_back))
        };
        if of(Arc::default()).await?.rows.is_empty() {
            return Ok(());
        }
        self.read_back(date).await;
        let proof = of(self.read_backs.of(date)).await?;
        let key = SigningKey::open(&self.dir)?;
        let store = self.house.store.as_str();
        if kept::keep(&self.dir, &key, store, date, &proof, now())? {
            tracing::info!(date = %date, complete = proof.complete, "a day's proof is kept");
        }
        Ok(())
    }

    async fn read_back(&self, date: Date) {
        let able = |(_, destination): &&(_, Arc<Any>)| destination.can_be_read_back();
        for (name, destination) in self.destinations.iter().filter(able) {
            let of = name.clone();
            let asked = self
                .store
                .ask(move |reader| proof::delivered(reader, &of, date))
                .await;
            let asked: Vec<Asked> = match asked {
                Ok(asked) => asked,
                Err(error) => {
                    tracing::error!(error = %error, "the day cannot be read from the outbox");
                    continue;
                }
            };
            match timeout(READ_BACK_MAX, destination.read_back(&asked)).await {
                Ok(Ok(there)) => self.read_backs.put(date, name, there),
                Ok(Err(outage)) => {
                    tracing::warn!(destination = name, outage = %outage, "a day cannot be read back");
                }
                Err(_) => tracing::warn!(destination = name, "a day is not read back in time"),
            }
        }
    }
}

/// Why a proof was not kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error("the outbox cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error("the data folder cannot be written: {0}")]
    Disk(#[from] std::io::Error),
}
