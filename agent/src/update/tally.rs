//! Keeps count of the goods that left the store and are not in head office's figures yet, so that a look-up need not.
//!
//! Between two readings of the stock the count only grows: what is delivered meanwhile is not in the figures either. So
//! a new document is added when the bell of the lanes rings, and everything is counted anew with each refresh, which is
//! also when a withdrawn document drops out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::activity::{Ear, now};
use crate::catalog::{Active, Stock, Unsent};
use crate::store::unsent::{self, Question};
use crate::store::{Store, StoreError};

/// What rings within this time is counted together.
const GATHER: Duration = Duration::from_millis(200);

/// The count, and what it is made from.
pub struct Tally {
    store: Store,
    active: Arc<Active>,
    store_code: String,
    destinations: Vec<String>,
    counted: Mutex<Counted>,
}

/// What was counted, and up to which document.
#[derive(Default)]
struct Counted {
    unsent: Unsent,
    up_to: i64,
}

impl Tally {
    /// A count for a store whose sales head office hears of by these destinations.
    pub fn new(
        store: Store,
        active: Arc<Active>,
        store_code: String,
        destinations: Vec<String>,
    ) -> Self {
        Self {
            store,
            active,
            store_code,
            destinations,
            counted: Mutex::default(),
        }
    }

    /// Counts new documents when the bell rings, until it is stopped.
    pub async fn run(self: Arc<Self>, mut ear: Ear, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = ear.heard() => {}
                () = stop.cancelled() => return,
            }
            tokio::time::sleep(GATHER).await;
            self.told(self.count_more().await);
        }
    }

    /// Counts everything anew, beside the newest stock if there is newer.
    pub async fn count_all(&self, stock: Option<Stock>) {
        self.told(self.try_count_all(stock).await);
    }

    async fn try_count_all(&self, stock: Option<Stock>) -> Result<(), StoreError> {
        let mut counted = self.counted.lock().await;
        let newer = stock.as_ref().and_then(|stock| stock.taken_at);
        let taken_at = newer.or_else(|| self.active.stock_taken_at());
        *counted = self.look(taken_at, 0).await?;
        self.active.set_stock(stock, counted.unsent.clone());
        Ok(())
    }

    async fn count_more(&self) -> Result<(), StoreError> {
        let mut counted = self.counted.lock().await;
        let taken_at = self.active.stock_taken_at();
        let found = self.look(taken_at, counted.up_to).await?;
        counted.up_to = found.up_to;
        if !found.unsent.is_empty() {
            counted.unsent.join(found.unsent);
            self.active.set_stock(None, counted.unsent.clone());
        }
        Ok(())
    }

    async fn look(
        &self,
        taken_at: Option<jiff::Timestamp>,
        after: i64,
    ) -> Result<Counted, StoreError> {
        let question = Question {
            store: self.store_code.clone(),
            destinations: self.destinations.clone(),
            taken_at: taken_at.unwrap_or_else(now),
            after,
        };
        let look = move |reader: &_| {
            let mut unsent = Unsent::default();
            let up_to = unsent::unsent(reader, &question, |moved| unsent.add([moved]))?;
            Ok(Counted { unsent, up_to })
        };
        self.store.ask(look).await
    }

    /// A count that fails leaves the one before it.
    fn told(&self, counted: Result<(), StoreError>) {
        if let Err(error) = counted {
            tracing::error!(error = %error, "cannot count what is unsent");
        }
    }
}
