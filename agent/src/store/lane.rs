//! A lane's dealings with the outbox: which documents go next, and what became of them.
//!
//! Per till oldest first; a parked or postponed document does not stop those behind it, except what depends on it
//! (`depends`). A batch is noted before anything is sent: after a crash or an outage the same batch goes again, so
//! that a destination that names it by its first document finds it, and nobody withdraws what may be under way.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::outbox::Delivery;
use crate::outbox::patience::Jump;
use crate::outbox::window::Bulk;
use crate::outbox::{self, Answer, Next, Policy, Standing, State, Verdict};
use crate::store::load::load;
pub use crate::store::load::read_body;
pub use crate::store::look::{Choice, Pace};
use crate::store::look::{PutOff, look};
use crate::store::{StoreError, history, micros};

/// For how long those that must wait for others are put off.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(1);
/// For how long those that wait for a time of day are put off at most: when the clock is set or the configuration is
/// changed, the old time is soon forgotten. A hundred thousand keep the writer busy for a few seconds of it, a thousand at a time.
const PUT_OFF_FOR_WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// A batch, noted in the outbox before anything is sent.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Oldest first.
    pub deliveries: Vec<Delivery>,
    /// Standing of each, in the same order.
    pub standings: Vec<Standing>,
    /// Whether documents were parked or put off on the way: with an empty batch, others may be behind them.
    pub set_aside: bool,
}

/// What is known of a batch that was noted and not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// It did not arrive: the line was down, or the destination turned it away as a whole.
    NeverArrived,
    /// It may have arrived: the agent was started anew, or the answer was lost.
    MayHaveArrived,
}

/// The documents that go next, at most `max`, and the note that they are being sent; or those of the batch that was
/// noted before, of which `unanswered` is known.
pub fn claim(
    connection: &Connection,
    destination: &str,
    max: usize,
    unanswered: Unanswered,
    now: Timestamp,
    choice: Choice<'_>,
) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    let mut chosen = unfinished(connection, destination)?;
    if chosen.is_empty() {
        let look = look(connection, destination, (max, choice), &[], now)?;
        if let Some(off) = &look.put_off {
            put_off(connection, destination, off, choice.bulk, now)?;
            batch.set_aside = true;
        }
        chosen = look.chosen;
        let first = chosen.first().copied();
        for seq in &chosen {
            connection
                .prepare_cached(
                    "UPDATE deliveries SET batch = ?3 WHERE destination = ?1 AND seq = ?2",
                )?
                .execute(params![destination, seq, first])?;
        }
    } else if unanswered == Unanswered::MayHaveArrived {
        note_sent(connection, destination)?;
    }
    for seq in chosen {
        match load(connection, destination, seq, choice.bulk)? {
            (standing, Ok(delivery)) => {
                batch.deliveries.push(delivery);
                batch.standings.push(standing);
            }
            (standing, Err(answer)) => {
                park(connection, destination, seq, standing, answer, now)?;
                batch.set_aside = true;
            }
        }
    }
    Ok(batch)
}

/// Whether [`claim`] would find something to do now; asked beside the writer, so that an idle lane writes nothing.
pub fn any_due(
    connection: &Connection,
    destination: &str,
    now: Timestamp,
    bulk: Option<&Bulk>,
) -> Result<bool, StoreError> {
    if !unfinished(connection, destination)?.is_empty() {
        return Ok(true);
    }
    let look = look(connection, destination, one_of(bulk), &[], now)?;
    Ok(!look.chosen.is_empty() || look.put_off.is_some())
}

fn one_of(bulk: Option<&Bulk>) -> (usize, Choice<'_>) {
    let pace = Pace::AsItComes;
    (1, Choice { pace, bulk })
}

/// Whether anything beside the batch that is noted could go now.
pub fn others_due(
    connection: &Connection,
    destination: &str,
    now: Timestamp,
    bulk: Option<&Bulk>,
) -> Result<bool, StoreError> {
    let batch = unfinished(connection, destination)?;
    let look = look(connection, destination, one_of(bulk), &batch, now)?;
    Ok(!look.chosen.is_empty() || look.put_off.is_some())
}

/// Whether anything waits, due or not.
pub fn any_waiting(connection: &Connection, destination: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM deliveries INDEXED BY deliveries_due WHERE destination = ?1 AND state = 'waiting')",
        )?
        .query_row([destination], |row| row.get(0))?)
}

/// Makes what may have been sent due at once, at a lane's start: what is behind it must not go before it.
pub fn recall(connection: &Connection, destination: &str) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE deliveries INDEXED BY deliveries_later SET due_at = 0
         WHERE state = 'waiting' AND due_at > 0 AND destination = ?1 AND sent = 1",
        [destination],
    )?;
    Ok(())
}

fn unfinished(connection: &Connection, destination: &str) -> Result<Vec<i64>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT seq FROM deliveries INDEXED BY deliveries_batch
         WHERE destination = ?1 AND batch IS NOT NULL AND state = 'waiting' ORDER BY seq",
    )?;
    let rows = question.query_map([destination], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn put_off(
    connection: &Connection,
    destination: &str,
    off: &PutOff,
    bulk: Option<&Bulk>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let opens = bulk.map_or(now, |bulk| bulk.window().open_from(now));
    let for_window = opens.min(now + PUT_OFF_FOR_WINDOW);
    let mut update = connection.prepare_cached(
        "UPDATE deliveries SET due_at = ?3 WHERE destination = ?1 AND seq = ?2 AND state = 'waiting'",
    )?;
    for (all, until) in [
        (&off.for_others, now + PUT_OFF),
        (&off.for_window, for_window),
    ] {
        for seq in all {
            update.execute(params![destination, seq, micros(until)])?;
        }
    }
    Ok(())
}

fn park(
    connection: &Connection,
    destination: &str,
    seq: i64,
    standing: Standing,
    answer: Answer,
    now: Timestamp,
) -> Result<(), StoreError> {
    let verdict = Verdict::Rejected {
        answer,
        sent: false,
    };
    let next = outbox::after(standing, verdict, now, &Policy::default(), 0.0);
    settle_one(connection, destination, seq, &next, now)
}

/// Notes what became of a batch, all in one commit.
pub fn settle(
    connection: &Connection,
    destination: &str,
    outcomes: &[(i64, Next)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (seq, next) in outcomes {
        settle_one(connection, destination, *seq, next, now)?;
    }
    Ok(())
}

fn settle_one(
    connection: &Connection,
    destination: &str,
    seq: i64,
    next: &Next,
    now: Timestamp,
) -> Result<(), StoreError> {
    let answer = next.answer.as_ref().map(serde_json::to_string);
    let answer = answer
        .transpose()
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    let before: Option<Option<String>> = connection
        .prepare_cached(
            "SELECT answer FROM deliveries WHERE destination = ?1 AND seq = ?2 AND state = 'waiting'",
        )?
        .query_row(params![destination, seq], |row| row.get(0))
        .optional()?;
    let Some(before) = before else {
        // Only what waits is sent, and what is being sent is not taken away.
        tracing::error!(
            destination,
            seq,
            "an answer to a document that does not wait"
        );
        return Ok(());
    };
    connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?3, attempts = ?4, due_at = ?5, batch = NULL, sent = MAX(sent, ?6),
                 reference = COALESCE(?7, reference), answer = ?8, delivered_at = ?9
             WHERE destination = ?1 AND seq = ?2",
        )?
        .execute(params![
            destination,
            seq,
            next.state.as_str(),
            next.attempts,
            next.due_at.map_or(0, micros),
            next.sent,
            next.reference,
            answer,
            (next.state == State::Delivered).then(|| micros(now)),
        ])?;
    refresh_state(connection, seq)?;
    // A document that is postponed again and again for the same reason has one row, not one an attempt.
    if next.state == State::Waiting && answer == before {
        return Ok(());
    }
    let what = match &next.answer {
        Some(answer) => format!("{}: {}", next.state.as_str(), answer.message),
        None => next.state.as_str().to_owned(),
    };
    history::add(connection, Some(seq), destination, &what, now)
}

/// Lets go of a batch that was not answered, so that the next one may be another: a smaller one, or, where it may have
/// arrived, its documents one by one. They come again at `due_at`, at once when `None`.
pub fn let_go(
    connection: &Connection,
    destination: &str,
    unanswered: Unanswered,
    due_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    if unanswered == Unanswered::MayHaveArrived {
        note_sent(connection, destination)?;
    }
    connection.execute(
        "UPDATE deliveries INDEXED BY deliveries_batch SET batch = NULL, due_at = IIF(?2 = 0, MIN(due_at, 0), ?2)
         WHERE destination = ?1 AND batch IS NOT NULL",
        params![destination, due_at.map_or(0, micros)],
    )?;
    Ok(())
}

/// What may have been seen may not be sent again under other content: see `sent` in the schema.
fn note_sent(connection: &Connection, destination: &str) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE deliveries INDEXED BY deliveries_batch SET sent = 1
         WHERE destination = ?1 AND batch IS NOT NULL",
        [destination],
    )?;
    Ok(())
}

/// Makes what waits for `cause_code` due at once: after a catalog refresh, say.
pub fn wake(connection: &Connection, cause_code: &str) -> Result<usize, StoreError> {
    Ok(connection.execute(
        "UPDATE deliveries SET due_at = 0
         WHERE state = 'waiting' AND due_at > 0 AND answer ->> 'code' = ?1",
        [cause_code],
    )?)
}

/// Whether a due time lies further ahead than makes sense.
pub fn any_due_beyond(connection: &Connection, latest: Timestamp) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'waiting' AND due_at > 0 AND due_at > ?1)")?
        .query_row([micros(latest)], |row| row.get(0))?)
}

/// No due time lies further ahead than this: a clock that jumped back must not freeze a lane.
pub fn cap_due(connection: &Connection, latest: Timestamp) -> Result<usize, StoreError> {
    Ok(connection.execute(
        "UPDATE deliveries SET due_at = ?1 WHERE state = 'waiting' AND due_at > 0 AND due_at > ?1",
        [micros(latest)],
    )?)
}

/// Moves the beginning of every wait along with a jump of the clock.
pub fn move_waits(
    connection: &Connection,
    destination: &str,
    jump: Jump,
) -> Result<usize, StoreError> {
    let by = jump.by.as_micros().clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    let moved = connection.execute(
        "UPDATE deliveries INDEXED BY deliveries_due
         SET since = since + ?2, due_at = IIF(due_at > 0, MAX(due_at + ?2, 1), due_at)
         WHERE destination = ?1 AND state = 'waiting' AND NOT (since BETWEEN ?3 AND ?4)",
        params![destination, by, micros(jump.from), micros(jump.now)],
    )?;
    let what = format!(
        "the clock jumped by {:#}; {moved} documents have not waited for that",
        jump.by
    );
    history::add(connection, None, destination, &what, jump.now)?;
    Ok(moved)
}

/// A clock that jumped while the agent did not run: the last that happened tells what it showed then.
pub fn move_waits_over_a_stop(
    connection: &Connection,
    destinations: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(last) = history::last_at(connection)? else {
        return Ok(());
    };
    if let Some(jump) = Jump::over_a_stop(last, now) {
        for destination in destinations {
            move_waits(connection, destination, jump)?;
        }
    }
    Ok(())
}

/// A document's state is the worst of its deliveries.
pub(super) fn refresh_state(connection: &Connection, seq: i64) -> Result<State, StoreError> {
    let mut question = connection.prepare_cached("SELECT state FROM deliveries WHERE seq = ?1")?;
    let words = question.query_map([seq], |row| row.get::<_, String>(0))?;
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    let state = State::worst(words.iter().filter_map(|word| State::from_word(word)));
    connection
        .prepare_cached("UPDATE documents SET state = ?2 WHERE seq = ?1 AND state <> ?2")?
        .execute(params![seq, state.as_str()])?;
    Ok(state)
}
