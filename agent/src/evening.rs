//! The loop behind the proof: reads back from the destinations what they hold of a trading day, when somebody asks for
//! the day's proof. What a destination answered at the time of sending is no proof; what it holds now is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::destination::{Any, Destination};
use crate::intake::errand::Errand;
use crate::store::Store;
use crate::store::proof::{self, HeldThere, ReadBacks};

/// How long one destination may take to be read back; without an answer its column stays empty.
const READ_BACK_MAX: Duration = Duration::from_secs(60);

/// Reads days back on request.
pub struct Evening {
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
                () = self.stop.cancelled() => return,
            };
            let Some(errand) = errand else { return };
            tokio::select! {
                () = self.read_back(errand.what) => {}
                () = self.stop.cancelled() => return,
            }
            errand.done();
        }
    }

    async fn read_back(&self, date: Date) {
        let able = |(_, destination): &&(_, Arc<Any>)| destination.can_be_read_back();
        for (name, destination) in self.destinations.iter().filter(able) {
            let asked = self
                .store
                .read(|reader| proof::delivered(reader, name, date));
            let asked: BTreeSet<Uuid> = match asked {
                Ok(asked) => asked,
                Err(error) => {
                    tracing::error!(error = %error, "the day cannot be read from the outbox");
                    continue;
                }
            };
            let uids: Vec<Uuid> = asked.iter().copied().collect();
            match timeout(READ_BACK_MAX, destination.read_back(&uids)).await {
                Ok(Ok(held)) => {
                    let found = held
                        .into_iter()
                        .map(|held| (held.uid, held.total))
                        .collect();
                    self.read_backs.put(date, name, HeldThere { asked, found });
                }
                Ok(Err(outage)) => {
                    tracing::warn!(destination = name, outage = %outage, "a day cannot be read back");
                }
                Err(_) => tracing::warn!(destination = name, "a day is not read back in time"),
            }
        }
    }
}
