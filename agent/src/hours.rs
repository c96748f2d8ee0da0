//! The loop that opens and closes tills' days by the store's hours, for tills that tell neither.
//!
//! It hands in a `day_open` or a `day_close` in the till's place, under a series of its own, and does no more: from there
//! on it goes the way of every other document. So a close waits for what is missing as a till's own does, takes effect once,
//! and what comes after it is late. An hour that passed while the PC was off is made up for; of days further back only a
//! till's last one, because whatever the till did after it has closed the others.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tillpost_shared::config;
use tillpost_shared::document::{Kind, SERIES_BY_HOURS};
use tokio_util::sync::CancellationToken;

use crate::activity::{Chain, now};
use crate::hurry;
use crate::intake::desk::{Desk, Sender, Status};
use crate::intake::house::House;
use crate::store::till_days::{self, TillDays};
use crate::store::{Store, StoreError};

/// How often it is looked whether an hour has come.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Opens and closes days.
pub struct ByHours {
    /// The store and its clock.
    pub house: House,
    /// When days are opened and closed.
    pub hours: Hours,
    /// The tills of the configuration.
    pub tills: Vec<config::Till>,
    /// What tills did.
    pub store: Store,
    /// Where documents are handed in that go to the destination with hours, and nowhere else.
    pub desk: Desk,
    /// Ends the loop.
    pub stop: CancellationToken,
}

/// The hours of a store.
#[derive(Debug, Clone)]
pub struct Hours {
    /// When days are opened.
    pub opens: Option<Time>,
    /// When days are closed.
    pub closes: Option<Time>,
    /// The store's zone.
    pub zone: TimeZone,
    /// Until when a time after midnight belongs to the day before.
    pub cutoff: Time,
}

/// What is to be handed in for a till.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Due {
    kind: Kind,
    till: String,
    date: Date,
    /// The hour.
    at: Timestamp,
}

impl Hours {
    /// When a time of day of a trading day comes. A time that a change of the clocks leaves out comes as much later as the
    /// clocks are put forward, one that there is twice comes the first time.
    fn at(&self, date: Date, time: Time) -> Option<Timestamp> {
        let date = if time < self.cutoff {
            date.tomorrow().ok()?
        } else {
            date
        };
        let moment = date.to_datetime(time).to_zoned(self.zone.clone());
        moment.ok().map(|moment| moment.timestamp())
    }

    /// What is to be handed in at `now`, in the trading day `today`. Pure.
    fn due(&self, tills: &[TillDays], today: Date, now: Timestamp) -> Vec<Due> {
        let close = |days: &TillDays| {
            let last = days.last.filter(|last| !last.closed)?;
            let at = self.at(last.date, self.closes?)?;
            (at <= now).then(|| Due {
                kind: Kind::DayClose,
                till: days.till.clone(),
                date: last.date,
                at,
            })
        };
        let open = |days: &TillDays| {
            let at = self.at(today, self.opens?)?;
            let closes = self.closes.and_then(|closes| self.at(today, closes));
            let shut = closes.is_some_and(|closes| closes <= now);
            let did = days.last.is_some_and(|last| last.date >= today);
            (at <= now && !shut && !did).then(|| Due {
                kind: Kind::DayOpen,
                till: days.till.clone(),
                date: today,
                at,
            })
        };
        let closes = tills.iter().filter_map(close);
        closes.chain(tills.iter().filter_map(open)).collect()
    }
}

impl Due {
    /// The document: nothing was counted. The same hour makes the same document, on a new PC too.
    fn document(&self, store: &str, zone: &TimeZone) -> Value {
        let at = self.at.to_zoned(zone.clone());
        json!({
            "kind": self.kind.as_str(), "store": store, "till": self.till, "series": SERIES_BY_HOURS,
            "business_date": self.date.to_string(), "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            "source": { "system": "Tillpost" }, "body": {},
        })
    }
}

impl ByHours {
    /// Runs until it is stopped.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.look(now()).await {
                tracing::warn!(error = %Chain(&error), "days cannot be opened or closed by hours just now");
            }
            tokio::select! {
                () = tokio::time::sleep(hurry::shorter(LOOK_EVERY)) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Hands in what is due.
    async fn look(&self, moment: Timestamp) -> Result<(), StoreError> {
        // Of a damaged outbox nobody knows yet which days are closed.
        if self.store.is_coming_back() {
            return Ok(());
        }
        let today = self.house.business_date(moment);
        let days = |reader: &_| till_days::of_tills(reader, &self.tills, today);
        let due = self.hours.due(&self.store.read(days)?, today, moment);
        if due.is_empty() {
            return Ok(());
        }
        let store = self.house.store.as_str();
        let items = due
            .iter()
            .map(|due| Ok(due.document(store, &self.hours.zone)));
        let rows = self
            .desk
            .take(items.collect(), &Sender::Hours, moment)
            .await?;
        for (due, row) in due.iter().zip(rows) {
            let (till, date, kind) = (&due.till, due.date, due.kind.as_str());
            match row.status {
                Status::Accepted | Status::Duplicate => {
                    tracing::info!(till, date = %date, kind, "a day was opened or closed by hours");
                }
                Status::Held | Status::Refused => {
                    tracing::error!(till, date = %date, kind, problems = ?row.problems, "a day cannot be opened or closed by hours");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
