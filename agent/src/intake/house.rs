//! What of the configuration decides how documents are read: the store, its clock, how its tills number, and where
//! documents of which kind go.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tillpost_shared::check::approval::Checkpoint;
use tillpost_shared::config::{Approval, Config, Numbers, Till};
use tillpost_shared::document::{Kind, SCHEMA};
use tillpost_shared::intake::Terms;
use tillpost_shared::key::Numbering;
use tillpost_shared::scalar::{Code, Moment};

use crate::store::accept::{Route, Routes};
use crate::store::numbers;

/// The store that this agent serves.
#[derive(Debug, Clone)]
pub struct House {
    /// Its code.
    pub store: Code,
    /// Its time zone.
    pub zone: TimeZone,
    /// Until when a sale after midnight belongs to the day before.
    pub day_cutoff: Time,
    /// How its tills number.
    pub numbering: Numbering,
    /// Tills whose numbers run on over the night and begin again only after their highest.
    pub wrapping: BTreeSet<String>,
    /// What a person must approve.
    pub checkpoints: Vec<Checkpoint>,
}

impl House {
    /// The store of a configuration, its tills numbering from ever as it says; `None` when its code is none, which [`tillpost_shared::config::read`] refuses.
    pub fn of(config: &Config) -> Option<Self> {
        Some(Self {
            store: Code::parse(&config.store.code)?,
            zone: config.store.zone(),
            day_cutoff: config.store.cutoff(),
            numbering: numbers::Kept::first(&config.tills).numbering(),
            wrapping: wrapping(&config.tills),
            checkpoints: config
                .approvals
                .iter()
                .filter_map(Approval::checkpoint)
                .collect(),
        })
    }

    /// The same with what was kept of how its tills numbered.
    pub fn numbering_as(self, kept: &numbers::Kept) -> Self {
        Self {
            numbering: kept.numbering(),
            ..self
        }
    }

    /// The terms for documents that are received now.
    pub fn terms(&self, now: Timestamp) -> Terms {
        Terms {
            store: self.store.clone(),
            zone: self.zone.clone(),
            day_cutoff: self.day_cutoff,
            numbering: self.numbering.clone(),
            checkpoints: self.checkpoints.clone(),
            received_at: now,
            schema: SCHEMA,
        }
    }

    /// The trading day of an instant.
    pub fn business_date(&self, now: Timestamp) -> Date {
        self.terms(now).business_date(&Moment::from(now)).0
    }

    /// When the trading day of an instant began.
    pub fn day_began_at(&self, now: Timestamp) -> Timestamp {
        let began = self
            .business_date(now)
            .to_datetime(self.day_cutoff)
            .to_zoned(self.zone.clone());
        // Only at the ends of the calendar has a date no instant.
        began.map_or(now - SignedDuration::from_hours(24), |began| {
            began.timestamp()
        })
    }
}

/// Which destinations take which kinds.
pub fn routes(config: &Config) -> Routes {
    let route = |destination: &tillpost_shared::config::Destination| Route {
        destination: destination.name.clone(),
        kinds: destination.kinds.is_some().then(|| {
            Kind::ALL
                .iter()
                .copied()
                .filter(|kind| destination.takes(*kind))
                .collect()
        }),
    };
    Routes(config.destinations.iter().map(route).collect())
}

fn wrapping(tills: &[Till]) -> BTreeSet<String> {
    let wrapping = tills
        .iter()
        .filter(|till| till.numbers == Numbers::Wrapping);
    wrapping.map(|till| till.code.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tillpost_shared::config;
    use tillpost_shared::key::Numbers;
    use tillpost_shared::scalar::Day;

    fn house() -> (Config, House) {
        let text = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n\
            [[till]]\ncode = \"3\"\nnumbers = \"daily\"\n\
            [[destination]]\nname = \"files\"\ntype = \"folder\"\npath = \"/tmp/out\"\nkinds = [\"sale\"]\n";
        let config = config::read(text).unwrap();
        let house = House::of(&config).unwrap();
        (config, house)
    }

    #[test]
    fn a_trading_day_begins_at_the_cutoff_of_the_stores_own_clock() {
        let (_, house) = house();
        let night = "2026-10-31T02:30:00+01:00".parse().unwrap();
        assert_eq!(house.business_date(night).to_string(), "2026-10-30");
        assert_eq!(
            house.day_began_at(night).to_string(),
            "2026-10-30T03:00:00Z"
        );
    }

    #[test]
    fn numbering_and_routes_follow_the_configuration() {
        let (config, house) = house();
        let day = Day::parse("2026-10-30").unwrap();
        assert_eq!(house.numbering.of("3", day), Numbers::Restart);
        assert_eq!(house.numbering.of("4", day), Numbers::Never);
        assert_eq!(routes(&config).0[0].kinds, Some(vec![Kind::Sale]));
    }
}
