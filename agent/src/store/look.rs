//! Which documents of a queue may go now: due, not kept back by what they depend on, and where a destination takes little
//! at a time the most urgent first.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tillpost_shared::document::Kind;

use crate::outbox::pacing::{self, Ready};
use crate::store::depends::{self, Candidate};
use crate::store::{StoreError, micros};

/// How many documents that must wait are passed over in one look. With more, these are put off, so that they hide
/// nothing behind them.
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
    pub(super) put_off: Option<Vec<i64>>,
}

/// Looks for what may go now, at most `max`.
pub(super) fn look(
    connection: &Connection,
    destination: &str,
    (max, pace): (usize, Pace),
    beside: &[i64],
    now: Timestamp,
) -> Result<Look, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT d.seq, o.kind, o.till, o.business_date, d.since, d.sent
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
        Ok((candidate, row.get::<_, bool>(5)?))
    })?;
    let ready_max = match pace {
        Pace::AsItComes => max,
        Pace::MostUrgentFirst => max.saturating_mul(LOOKED_AHEAD),
    };
    let (mut ready, mut chosen, mut blocked) = (Vec::new(), Vec::new(), Vec::new());
    for candidate in rows {
        if chosen.len() == ready_max || blocked.len() == PASSED_OVER_MAX {
            break;
        }
        let (candidate, alone) = candidate?;
        if beside.contains(&candidate.seq) {
            continue;
        }
        if depends::must_wait(connection, destination, &candidate, &chosen, now)? {
            blocked.push(candidate.seq);
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
    if pace == Pace::MostUrgentFirst {
        let ready: Vec<_> = ready.iter().map(Candidate::as_ready).collect();
        let first = pacing::first(&ready, max);
        chosen = first.into_iter().map(|place| chosen[place]).collect();
    }
    let full = blocked.len() == PASSED_OVER_MAX;
    Ok(Look {
        chosen,
        put_off: full.then_some(blocked),
    })
}
