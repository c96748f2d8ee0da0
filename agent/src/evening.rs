//! The loop behind the proof: reads back from the destinations what they hold of a trading day, when somebody asks for
//! the day's proof. What a destination answered at the time of sending is no proof; what it holds now is.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::destination::{Any, Destination};
use crate::store::Store;
use crate::store::proof::{self, ReadBacks};

/// How long one destination may take to be read back; without an answer its column stays empty.
const READ_BACK_MAX: Duration = Duration::from_secs(60);

/// Reads days back on request.
pub struct Evening {
    /// The store's destinations, by name.
    pub destinations: Arc<Vec<(String, Arc<Any>)>>,
    /// What was delivered.
    pub store: Store,
    /// Who asks, and where the answer goes.
    pub read_backs: ReadBacks,
    /// Ends the loop.
    pub stop: CancellationToken,
}

impl Evening {
    /// Runs until it is stopped.
    pub async fn run(self) {
        loop {
            let date = tokio::select! {
                date = self.read_backs.asked() => date,
                () = self.stop.cancelled() => return,
            };
            tokio::select! {
                () = self.read_back(date) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn read_back(&self, date: Date) {
        let mut day = proof::ReadBack::new();
        for (name, destination) in self.destinations.iter() {
            let uids = self.store.read(|reader| proof::delivered(reader, name, date));
            let uids: Vec<Uuid> = match uids {
                Ok(uids) => uids,
                Err(error) => {
                    tracing::error!(error = %error, "the day cannot be read from the outbox");
                    continue;
                }
            };
            match timeout(READ_BACK_MAX, destination.read_back(&uids)).await {
                Ok(Ok(held)) => {
                    let held = held.into_iter().map(|held| (held.uid, held.total));
                    day.insert(name.clone(), held.collect());
                }
                Ok(Err(outage)) => tracing::warn!(destination = name, outage = %outage, "a day cannot be read back"),
                Err(_) => tracing::warn!(destination = name, "a day is not read back in time"),
            }
        }
        self.read_backs.answer(date, day);
    }
}
