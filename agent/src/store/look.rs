//! Which documents of a queue may go now: due, not kept back by what they depend on or for another time of day, and where
//! a destination takes little at a time the most urgent first.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tillpost_shared::document::Kind;

use crate::outbox::pacing::{self, Ready};
use crate::outbox::window::Bulk;
use crate::store::depends::{self, Candidate};
use crate::store::{AT_ONCE, StoreError, micros};

/// How many documents that must wait are passed over in one look. With more, these are put off, so that they hide
/// nothing behind them. As long as they are fewer nothing is written, and the hour at which a window opens, or a changed
/// configuration, counts for them at once.
const PASSED_OVER_MAX: usize = 1_000;
/// How many times as many documents as go are looked at for the most urgent among them. What is further back waits until
/// it is nearer, so that nothing waits for ever.
const LOOKED_AHEAD: usize = 4;

/// Who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Whoever was there first: a destination that takes much at a time.
    AsItComes,
    /// Among the oldest, whatever is most urgent, see [`pacing`].
    MostUrgentFirst,
}

/// How a lane chooses.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// Who goes first.
    pub pace: Pace,
    /// What waits for a time of day.
    pub bulk: Option<&'a Bulk>,
}

impl Choice<'_> {
    /// Whatever is due, at any time of day.
    pub const fn of_all(pace: Pace) -> Self {
        Self { pace, bulk: None }
    }
}

impl Candidate {
    fn as_ready(&self) -> Ready<'_> {
        Ready {
            till: &self.till,
            kind: self.kind,
        }
    }
}

/// What a look at the queue found.
pub(super) struct Look {
    /// What goes, oldest first.
    pub(super) chosen: Vec<i64>,
    /// Set when so many must wait that the look ended at them.
    pub(super) put_off: Option<PutOff>,
}

/// What must wait.
#[derive(Default)]
pub(super) struct PutOff {
    /// For others.
    pub(super) for_others: Vec<i64>,
    /// For its time of day.
    pub(super) for_window: Vec<i64>,
}

impl PutOff {
    fn is_full(&self) -> bool {
        self.for_others.len() + self.for_window.len() == PASSED_OVER_MAX
    }
}

/// Looks for what may go now, at most `max`.
pub(super) fn look(
    connection: &Connection,
    destination: &str,
    (max, choice): (usize, Choice<'_>),
    beside: &[i64],
    now: Timestamp,
) -> Result<Look, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT d.seq, o.kind, o.till, o.business_date, d.since, d.sent, d.due_at
         FROM deliveries d INDEXED BY deliveries_due CROSS JOIN documents o ON o.seq = d.seq
         WHERE d.destination = ?1 AND d.state = 'waiting' AND d.due_at <= ?2 ORDER BY d.seq",
    )?;
    let rows = question.query_map(params![destination, micros(now)], |row| {
        let kind: String = row.get(1)?;
        let candidate = Candidate {
            seq: row.get(0)?,
            kind: Kind::from_word(&kind).unwrap_or(Kind::TillActivity),
            till: row.get(2)?,
            business_date: row.get(3)?,
            since: row.get(4)?,
        };
        Ok((candidate, row.get::<_, bool>(5)?, row.get(6)?))
    })?;
    let shut = choice.bulk.filter(|bulk| !bulk.window().is_open(now));
    let ready_max = match choice.pace {
        Pace::AsItComes => max,
        Pace::MostUrgentFirst => max.saturating_mul(LOOKED_AHEAD),
    };
    let (mut ready, mut chosen, mut put_off) = (Vec::new(), Vec::new(), PutOff::default());
    for candidate in rows {
        if chosen.len() == ready_max || put_off.is_full() {
            break;
        }
        let (candidate, alone, due_at): (Candidate, bool, i64) = candidate?;
        if beside.contains(&candidate.seq) {
            continue;
        }
        // What may have been seen there is finished at any time of day, and so is what a person wants to go.
        let at_any_time = alone || due_at == AT_ONCE;
        if !at_any_time && shut.is_some_and(|bulk| bulk.names(candidate.kind)) {
            put_off.for_window.push(candidate.seq);
            continue;
        }
        let there = (destination, choice.bulk);
        if depends::must_wait(connection, there, &candidate, &chosen, now)? {
            put_off.for_others.push(candidate.seq);
            continue;
        }
        // What went unanswered goes alone, so that one document on which a destination chokes is found out.
        if alone && !chosen.is_empty() {
            break;
        }
        chosen.push(candidate.seq);
        ready.push(candidate);
        if alone {
            break;
        }
    }
    if choice.pace == Pace::MostUrgentFirst {
        let ready: Vec<_> = ready.iter().map(Candidate::as_ready).collect();
        let first = pacing::first(&ready, max);
        chosen = first.into_iter().map(|place| chosen[place]).collect();
    }
    let full = put_off.is_full();
    Ok(Look {
        chosen,
        put_off: full.then_some(put_off),
    })
}
