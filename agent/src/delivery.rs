//! A lane: the loop that brings documents to one destination. No lane waits for another.
//!
//! Claim a batch (noted before anything is sent), hand it over, note what became of each document: three steps, and
//! after a crash in any of them the same batch goes again. What an answer means is decided in [`crate::outbox`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::activity::{Board, Ear, Health, jitter, now};
use crate::backoff;
use crate::destination::Destination;
use crate::failpoint;
use crate::outbox::{self, Outage, Policy};
use crate::store::lane::{self, Batch};
use crate::store::{Store, StoreError};

/// How long an idle lane sleeps when nobody rings: due times pass without a bell.
const IDLE_PAUSE: Duration = Duration::from_secs(5);
/// A due time further ahead than this is brought back: a clock that jumped must not freeze a lane.
const DUE_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(15);
/// The first batch.
const BATCH_FIRST: usize = 20;
/// The largest batch.
const BATCH_MAX: usize = 200;
/// A batch that takes longer than this is followed by a smaller one.
const BATCH_SLOW: Duration = Duration::from_secs(5);
/// A batch that is faster than this is followed by a larger one.
const BATCH_FAST: Duration = Duration::from_secs(2);
/// The longest that one hand-over may take before it counts as unanswered.
const HAND_OVER_MAX: Duration = Duration::from_secs(300);

/// Brings documents to one destination.
pub struct Lane<D> {
    /// The destination's name.
    pub name: String,
    /// Where documents go.
    pub destination: Arc<D>,
    /// Where they come from.
    pub store: Store,
    /// Rings when there are new ones.
    pub ear: Ear,
    /// Where the lane says how it is doing.
    pub board: Board,
    /// Ends the lane after the batch in hand.
    pub stop: CancellationToken,
}

impl<D: Destination> Lane<D> {
    /// Runs until it is stopped.
    pub async fn run(mut self) {
        let mut size = BATCH_FIRST;
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            let started = Instant::now();
            match self.one_batch(size).await {
                Ok(Passed::Nothing) => self.pause(IDLE_PAUSE).await,
                Ok(Passed::Batch(count)) => {
                    failures = 0;
                    size = paced(size, count, started.elapsed());
                }
                Err(Failed::Outage(outage)) => {
                    failures += 1;
                    size = self.after_outage(&outage, failures, size).await;
                }
                Err(Failed::Store(error)) => {
                    failures += 1;
                    tracing::error!(destination = self.name, error = %error, "the outbox failed a lane");
                    let words = [
                        "outbox_failed",
                        "The outbox cannot be read or written.",
                        "Run: tillpost doctor",
                    ];
                    self.board
                        .trouble(&self.name, Health::Attention, words, now());
                    self.pause(wait(backoff::outage(failures, jitter()))).await;
                }
            }
        }
    }

    async fn one_batch(&self, size: usize) -> Result<Passed, Failed> {
        let name = self.name.clone();
        let moment = now();
        // Asked beside the writer first: an idle lane writes nothing.
        let latest = moment + DUE_AHEAD_MAX;
        if self
            .store
            .read(|reader| lane::any_due_beyond(reader, latest))?
        {
            self.store
                .write(move |writer| lane::cap_due(writer, latest))
                .await?;
        }
        if !self
            .store
            .read(|reader| lane::any_due(reader, &name, moment))?
        {
            return Ok(Passed::Nothing);
        }
        let batch = self
            .store
            .write(move |writer| lane::claim(writer, &name, size, moment))
            .await?;
        if batch.deliveries.is_empty() {
            return Ok(Passed::Nothing);
        }
        failpoint::hit("lane.claimed");
        let handed_over = timeout(HAND_OVER_MAX, self.destination.deliver(&batch.deliveries)).await;
        let verdicts = handed_over
            .map_err(|_| Outage::Ambiguous("it took too long".to_owned()))
            .flatten()?;
        failpoint::hit("lane.answered");
        self.settle(batch, verdicts).await
    }

    async fn settle(&self, batch: Batch, verdicts: Vec<outbox::Verdict>) -> Result<Passed, Failed> {
        if verdicts.len() != batch.deliveries.len() {
            return Err(Outage::Incomprehensible("not one verdict per document".to_owned()).into());
        }
        let moment = now();
        let policy = Policy::default();
        let outcomes: Vec<_> = batch
            .deliveries
            .iter()
            .zip(batch.standings)
            .zip(verdicts)
            .map(|((delivery, standing), verdict)| {
                let next = outbox::after(standing, verdict, moment, &policy, jitter());
                (delivery.seq, next)
            })
            .collect();
        let (name, count) = (self.name.clone(), outcomes.len());
        self.store
            .write(move |writer| lane::settle(writer, &name, &outcomes, moment))
            .await?;
        failpoint::hit("lane.noted");
        self.board.success(&self.name, moment);
        Ok(Passed::Batch(count))
    }

    /// Says what is the matter, waits, and answers the size of the next batch.
    async fn after_outage(&self, outage: &Outage, failures: u32, size: usize) -> usize {
        tracing::warn!(destination = self.name, outage = %outage, failures, "a destination is out");
        let (health, words) = words(outage);
        self.board.trouble(&self.name, health, words, now());
        let mut pause = backoff::outage(failures, jitter());
        let mut size = size;
        match outage {
            Outage::Throttled {
                retry_after: Some(asked),
            } => {
                pause = pause.max(SignedDuration::try_from(*asked).unwrap_or(DUE_AHEAD_MAX));
            }
            Outage::BatchTooLarge => {
                // The claimed batch must not come again as it is.
                let name = self.name.clone();
                let _ = self
                    .store
                    .write(move |writer| lane::let_go(writer, &name))
                    .await;
                size = (size / 2).max(1);
                pause = SignedDuration::ZERO;
            }
            Outage::Throttled { retry_after: None }
            | Outage::Unreachable(_)
            | Outage::Unauthorized(_)
            | Outage::Ambiguous(_)
            | Outage::Incomprehensible(_)
            | Outage::WrongEnvironment(_) => {}
        }
        self.pause_deaf(wait(pause)).await;
        size
    }

    /// Waits for the bell, the time or the stop, whichever comes first.
    async fn pause(&mut self, length: Duration) {
        tokio::select! {
            () = self.ear.heard() => {}
            () = tokio::time::sleep(length) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Waits without the bell: new documents are no reason to hurry a destination that is out.
    async fn pause_deaf(&self, length: Duration) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

enum Passed {
    Nothing,
    Batch(usize),
}

enum Failed {
    Outage(Outage),
    Store(StoreError),
}

impl From<Outage> for Failed {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}
impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn wait(length: SignedDuration) -> Duration {
    Duration::try_from(length).unwrap_or(IDLE_PAUSE)
}

/// The next batch's size: twice as much while it is fast, half when it is slow. A batch that was not full says
/// nothing about speed.
fn paced(size: usize, count: usize, took: Duration) -> usize {
    if took > BATCH_SLOW {
        (size / 2).max(1)
    } else if took < BATCH_FAST && count >= size {
        (size * 2).min(BATCH_MAX)
    } else {
        size
    }
}

/// An outage in words: stable word, what is the matter, what to do.
fn words(outage: &Outage) -> (Health, [&'static str; 3]) {
    match outage {
        Outage::Unreachable(_) | Outage::Ambiguous(_) => (
            Health::Offline,
            [
                "unreachable",
                "Head office cannot be reached.",
                "Nothing to do: everything is kept and sent when the line is back.",
            ],
        ),
        Outage::Throttled { .. } | Outage::BatchTooLarge => (
            Health::Ok,
            [
                "throttled",
                "Head office asks to send more slowly.",
                "Nothing to do.",
            ],
        ),
        Outage::Unauthorized(_) => (
            Health::Attention,
            [
                "unauthorized",
                "Head office does not accept this store's key.",
                "Ask central IT for a new key and set it in tillpost.toml.",
            ],
        ),
        Outage::Incomprehensible(_) => (
            Health::Attention,
            [
                "incomprehensible",
                "Head office answers something that makes no sense.",
                "Run tillpost doctor and show its answer to central IT.",
            ],
        ),
        Outage::WrongEnvironment(_) => (
            Health::Attention,
            [
                "wrong_environment",
                "Head office's system belongs to another environment than this store.",
                "Check environment, url and database in tillpost.toml.",
            ],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_follows_the_seconds_of_the_one_before() {
        let seconds = Duration::from_secs;
        assert_eq!(paced(20, 20, seconds(1)), 40);
        assert_eq!(paced(20, 5, seconds(1)), 20);
        assert_eq!(paced(20, 20, seconds(3)), 20);
        assert_eq!(paced(20, 20, seconds(9)), 10);
        assert_eq!(paced(1, 1, seconds(9)), 1);
        assert_eq!(paced(BATCH_MAX, BATCH_MAX, seconds(0)), BATCH_MAX);
    }
}
