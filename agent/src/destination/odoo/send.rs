//! Orders on their way into Odoo, and back to see what stands there.
//!
//! A whole call rolls back with its worst order, and the answer does not say which that was. So a refused batch is
//! halved until the one is alone: it is refused, the rest went up.

use std::collections::HashMap;
use std::time::Instant;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::answer::{Blame, Refusal, RefusalKind, judge, outage};
use super::client::CallError;
use super::desk::{Desk, ORDERS_MAX};
use super::parts::Expected;
use super::payload::{self, Ground, KnownFields};
use super::reference::PosConfig;
use super::sessions::{self, Session, SessionState};
use super::versions::{Protocol, Upload};
use super::{lookup, translate};
use crate::backoff;
use crate::failpoint;
use crate::outbox::{Answer, Cause, Outage, Verdict};

/// Verdicts by position in the batch.
pub type Verdicts = Vec<Option<Verdict>>;

/// A document ready to be sent.
pub struct Unit {
    /// Its position in the batch.
    pub place: usize,
    /// Its orders, but for the session.
    pub orders: Vec<Value>,
    /// What must stand there afterwards.
    pub expected: Expected,
}

impl Desk {
    /// Sends what is ready and reads it back.
    pub async fn send(
        &mut self,
        config: &PosConfig,
        day: Date,
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
        let mut ranges: Vec<(usize, usize)> = vec![(0, units.len())];
        let mut refusals: HashMap<usize, Refusal> = HashMap::new();
        while let Some((from, end)) = ranges.pop() {
            let to = end.min(from + self.orders_max);
            if to < end {
                ranges.push((to, end));
            }
            if self.facts.rescues {
                self.still_open(session.id).await?;
            }
            let begun = Instant::now();
            match self.sync(config, &units[from..to], session.id).await {
                Ok(()) => {
                    let (count, took) = (to - from, begun.elapsed());
                    self.orders_max = backoff::at_a_time(self.orders_max, count, took, ORDERS_MAX);
                }
                Err(error) => match judge(&error) {
                    Blame::Destination(outage) => {
                        if matches!(outage, Outage::Ambiguous(_) | Outage::BatchTooLarge) {
                            self.orders_max = ((to - from) / 2).max(1);
                        }
                        // Others of the batch may have gone up: that this call was too much is not said of them.
                        if outage != Outage::BatchTooLarge {
                            return Err(outage);
                        }
                        if to - from > 1 {
                            ranges.extend(halves(from, to));
                        } else {
                            refusals.insert(from, too_large());
                        }
                    }
                    Blame::Document(_) if to - from > 1 => {
                        ranges.extend(halves(from, to));
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
        self.read_back(&units, &refusals, session, day, verdicts)
            .await
    }

    async fn sync(
        &mut self,
        config: &PosConfig,
        units: &[Unit],
        session: i64,
    ) -> Result<(), CallError> {
        let facts = self.facts;
        let known = match facts.strict {
            true => Some(KnownFields {
                order: (*self.client.fields_of("pos.order").await?).clone(),
                line: (*self.client.fields_of("pos.order.line").await?).clone(),
                payment: (*self.client.fields_of("pos.payment").await?).clone(),
            }),
            false => None,
        };
        let ground = Ground {
            facts,
            session,
            user: match facts.protocol {
                Protocol::JsonRpc => Some(self.client.uid().await?),
                Protocol::Json2 => None,
            },
            price_list: config.price_list,
            known: known.as_ref(),
        };
        let orders = units.iter().flat_map(|unit| &unit.orders);
        let orders: Vec<Value> = orders.map(|order| payload::order(order, &ground)).collect();
        let args = json!({ "orders": orders, "context": { "lang": "en_US" } });
        let method = match facts.upload {
            Upload::Sync => "sync_from_ui",
            Upload::Create => "create_from_ui",
        };
        let answer: Result<serde::de::IgnoredAny, CallError> = self
            .client
            .call_at("odoo.request_sent", "pos.order", method, args)
            .await;
        answer.map(|_| ())
    }

    /// Where an order for a session that is not open makes a rescue session, it is looked at before every call.
    async fn still_open(&self, session: i64) -> Result<(), Outage> {
        let found = sessions::by_id(&self.client, session).await?;
        match found.map(|session| session.state) {
            Some(SessionState::Opened) => Ok(()),
            _ => Err(Outage::Throttled { retry_after: None }),
        }
    }

    /// One document alone was refused: maybe its session was closed under our hands. `None`: it went up after all.
    async fn alone(
        &mut self,
        config: &PosConfig,
        day: Date,
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
        match self
            .sync(config, std::slice::from_ref(unit), session.id)
            .await
        {
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
        session: Session,
        day: Date,
        verdicts: &mut Verdicts,
    ) -> Result<(), Outage> {
        let wanted: Vec<&Expected> = units.iter().map(|unit| &unit.expected).collect();
        let stored = lookup::standing(&self.client, &wanted)
            .await
            .map_err(|error| outage(&error))?;
        failpoint::hit("odoo.answer_read");
        let mut sessions = vec![session];
        let mut judged = Vec::with_capacity(units.len());
        for (n, unit) in units.iter().enumerate() {
            let there = self
                .verdict_of(&unit.expected, &stored, day, &mut sessions)
                .await?;
            // A refusal may have been a lost race: what stands there decides.
            let verdict = match (there, refusals.get(&n)) {
                (Some(verdict), _) => verdict,
                (None, Some(refusal)) => translate::refused_there(refusal),
                (None, None) => {
                    return Err(Outage::Incomprehensible(
                        "it took an order and does not hold it".to_owned(),
                    ));
                }
            };
            judged.push((unit.place, verdict));
        }
        // All of them or none: what comes after the orders is done for whatever has a verdict.
        for (place, verdict) in judged {
            verdicts[place] = Some(verdict);
        }
        Ok(())
    }

    /// The session for a till's day, after the day before was closed with what the till counted.
    pub async fn session(
        &mut self,
        config: &PosConfig,
        day: Date,
        opening: Option<Decimal>,
    ) -> Result<Result<Session, Answer>, Outage> {
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

/// A range in two, the first half last, because the last one goes next.
fn halves(from: usize, to: usize) -> [(usize, usize); 2] {
    let middle = from + (to - from) / 2;
    [(middle, to), (from, middle)]
}

/// One document alone is more than the server takes.
fn too_large() -> Refusal {
    Refusal {
        kind: RefusalKind::Business,
        words: "it is larger than the server takes in one call (HTTP status 413)".to_owned(),
    }
}
