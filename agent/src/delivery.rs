//! A lane: the loop that brings documents to one destination. No lane waits for another.
//!
//! Claim a batch (noted before anything is sent), hand it over, note what became of each document: three steps, and
//! after a crash in any of them the same batch goes again. What an answer means is decided in [`crate::outbox`].

mod look;
mod pause;
mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::look::Look;
use self::words::words;
use crate::activity::{Board, Ear, Health, jitter, now};
use crate::backoff;
use crate::destination::Destination;
use crate::failpoint;
use crate::hurry;
use crate::outbox::outage::{self, Fate};
use crate::outbox::patience::{Jump, Watch};
use crate::outbox::window::Bulk;
use crate::outbox::{self, Answer, Outage, Policy, Verdict};
use crate::store::lane::{self, Batch, Choice, Unanswered};
use crate::store::{Store, StoreError};

/// How long an idle lane sleeps when nobody rings: due times pass without a bell.
const IDLE_PAUSE: Duration = Duration::from_secs(5);
/// A due time further ahead than this is brought back: a clock that jumped must not freeze a lane.
const DUE_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(15);
/// The first batch.
const BATCH_FIRST: usize = 20;
/// The largest batch.
const BATCH_MAX: usize = 200;
/// The longest that one hand-over may take before it counts as unanswered.
const HAND_OVER_MAX: Duration = Duration::from_secs(300);
/// How long a hand-over may still take once the agent is to stop; the batch goes again after the start.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// The longest that a destination may ask for patience: after it, it is asked again.
const PATIENCE_MAX: SignedDuration = SignedDuration::from_hours(1);
/// For how long a document that never gets an answer is put aside.
const PUT_ASIDE: Duration = Duration::from_secs(600);

/// Brings documents to one destination.
pub struct Lane<D> {
    /// The destination's name.
    pub name: String,
    /// Where documents go.
    pub destination: Arc<D>,
    /// What waits there for a time of day.
    pub bulk: Option<Arc<Bulk>>,
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
        let mut pace = Pace {
            size: BATCH_FIRST,
            failures: 0,
            troubled: false,
            // What was under way when the agent stopped, nobody knows.
            unanswered: Unanswered::MayHaveArrived,
            looked: Watch::new(now(), Instant::now()),
        };
        self.destination.time_by(self.board.stopwatch(&self.name));
        let name = self.name.clone();
        let recall = move |writer: &_| lane::recall(writer, &name);
        if let Err(error) = self.store.write(recall).await {
            self.outbox_failed(&error);
        }
        let mut look = Look::default();
        while !self.stop.is_cancelled() {
            let started = Instant::now();
            match self.one_batch(&mut pace).await {
                Ok(Passed::Nothing) => {
                    // Only an answer says that an outage is over; or that nothing is left to be answered.
                    if pace.failures > 0 && !self.any_waiting() {
                        pace.failures = 0;
                        pace.troubled = false;
                        self.board.success(&self.name, now());
                    }
                    self.look(&mut look).await;
                    self.pause(IDLE_PAUSE).await;
                }
                // There may be others behind those that were set aside.
                Ok(Passed::SetAside) => {}
                Ok(Passed::Batch(count)) => {
                    pace.failures = 0;
                    pace.troubled = false;
                    pace.unanswered = Unanswered::NeverArrived;
                    pace.size = backoff::at_a_time(pace.size, count, started.elapsed(), BATCH_MAX);
                }
                Err(Failed::Outage(outage, batch)) => {
                    pace.failures = pace.failures.saturating_add(1);
                    self.after_outage(&outage, batch, &mut pace).await;
                }
                Err(Failed::Store(error)) => {
                    pace.failures = pace.failures.saturating_add(1);
                    pace.unanswered = Unanswered::MayHaveArrived;
                    self.outbox_failed(&error);
                    self.pause(wait(backoff::outage(pace.failures, jitter())))
                        .await;
                }
            }
        }
    }

    async fn one_batch(&self, pace: &mut Pace) -> Result<Passed, Failed> {
        if self.store.is_coming_back() {
            return Ok(Passed::Nothing);
        }
        let moment = now();
        self.mind_the_clock(pace, moment).await?;
        self.cap_due(moment).await?;
        let (name, size, unanswered) = (self.name.clone(), pace.size, pace.unanswered);
        let (first, bulk) = (self.destination.who_goes_first(), self.bulk.clone());
        // Asked beside the writer first: an idle lane writes nothing.
        if !self
            .store
            .read(|reader| lane::any_due(reader, &name, moment, bulk.as_deref()))?
        {
            return Ok(Passed::Nothing);
        }
        let batch = self
            .store
            .write(move |writer| {
                let bulk = bulk.as_deref();
                let choice = Choice { pace: first, bulk };
                lane::claim(writer, &name, size, unanswered, moment, choice)
            })
            .await?;
        if batch.deliveries.is_empty() {
            return Ok(match batch.set_aside {
                true => Passed::SetAside,
                false => Passed::Nothing,
            });
        }
        failpoint::hit("lane.claimed");
        let Some(answered) = self.hand_over(&batch).await else {
            return Ok(Passed::Nothing);
        };
        failpoint::hit("lane.answered");
        match answered {
            Ok(verdicts) if verdicts.len() == batch.deliveries.len() => {
                self.settle(batch, verdicts, pace).await
            }
            Ok(_) => {
                let outage = Outage::Incomprehensible("not one verdict per document".to_owned());
                Err(Failed::Outage(outage, batch))
            }
            Err(outage) => Err(Failed::Outage(outage, batch)),
        }
    }

    async fn cap_due(&self, moment: Timestamp) -> Result<(), StoreError> {
        let latest = moment + DUE_AHEAD_MAX;
        let beyond = |reader: &_| lane::any_due_beyond(reader, latest);
        if self.store.read(beyond)? {
            self.store
                .write(move |writer| lane::cap_due(writer, latest))
                .await?;
        }
        Ok(())
    }

    /// `None` when the agent is to stop and the answer does not come in time.
    async fn hand_over(&self, batch: &Batch) -> Option<Result<Vec<Verdict>, Outage>> {
        let late = |_| Outage::Ambiguous("it took too long".to_owned());
        let hand_over = async {
            let begun = Instant::now();
            let answered =
                timeout(HAND_OVER_MAX, self.destination.deliver(&batch.deliveries)).await;
            self.board.answered(&self.name, begun.elapsed(), now());
            if let Some(call) = self.destination.only_call() {
                let stopwatch = self.board.stopwatch(&self.name);
                stopwatch.took(call, begun.elapsed());
            }
            answered
        };
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(STOP_GRACE).await;
        };
        tokio::select! {
            answered = hand_over => Some(answered.map_err(late).flatten()),
            () = stopped => None,
        }
    }

    /// Nobody has waited for what a clock jumped. What is in hand moves along, too.
    async fn mind_the_clock(
        &self,
        pace: &mut Pace,
        moment: Timestamp,
    ) -> Result<Option<Jump>, StoreError> {
        let look = Watch::new(moment, Instant::now());
        let jump = look.jump_since(pace.looked);
        if let Some(jump) = jump {
            tracing::warn!(destination = self.name, by = %jump.by, "the clock jumped");
            let name = self.name.clone();
            self.store
                .write(move |writer| lane::move_waits(writer, &name, jump))
                .await?;
        }
        pace.looked = look;
        Ok(jump)
    }

    async fn settle(
        &self,
        mut batch: Batch,
        verdicts: Vec<Verdict>,
        pace: &mut Pace,
    ) -> Result<Passed, Failed> {
        let moment = now();
        if let Some(jump) = self.mind_the_clock(pace, moment).await? {
            for standing in &mut batch.standings {
                standing.since = jump.moved(standing.since);
            }
        }
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

    /// Says what is the matter, does what lets the others pass, and waits.
    async fn after_outage(&self, outage: &Outage, batch: Batch, pace: &mut Pace) {
        tracing::warn!(destination = self.name, outage = %outage, failures = pace.failures, "a destination is out");
        let (health, words) = words(outage);
        self.board.trouble(&self.name, health, words, now());
        self.board.because(&self.name, outage.to_string());
        let mut pause = backoff::outage(pace.failures, jitter());
        if let Outage::UnderWay { until } = outage {
            pause = until
                .duration_since(now())
                .clamp(SignedDuration::ZERO, PATIENCE_MAX);
        }
        if let Outage::Throttled {
            retry_after: Some(asked),
        } = outage
        {
            let asked = SignedDuration::try_from(*asked).unwrap_or(PATIENCE_MAX);
            pause = pause.max(asked.min(PATIENCE_MAX));
        }
        let count = batch.deliveries.len();
        let means = outage::consequence(outage, pace.failures, count, pace.troubled);
        pace.troubled |= *outage != Outage::BatchTooLarge;
        pace.unanswered = match means.may_have_arrived {
            true => Unanswered::MayHaveArrived,
            false => Unanswered::NeverArrived,
        };
        match means.batch {
            Fate::Again => {}
            Fate::Halved => {
                pause = SignedDuration::ZERO;
                pace.size = (count / 2).max(1);
                self.let_go(pace.unanswered, None).await;
            }
            Fate::TooLarge => {
                pause = SignedDuration::ZERO;
                self.park_too_large(batch, means.may_have_arrived, pace)
                    .await;
            }
            Fate::OneByOne => self.let_go(pace.unanswered, None).await,
            // It makes way for others; alone it waits as long as the outage says.
            Fate::PutAside if !self.others_due() => {}
            Fate::PutAside => {
                let until = now() + hurry::shorter(PUT_ASIDE);
                self.let_go(pace.unanswered, Some(until)).await;
            }
        }
        self.pause_deaf(hurry::shorter(wait(pause))).await;
    }

    /// What cannot be read counts as being there.
    fn any_waiting(&self) -> bool {
        let any = |reader: &_| lane::any_waiting(reader, &self.name);
        self.store.read(any).unwrap_or(true)
    }

    fn others_due(&self) -> bool {
        let bulk = self.bulk.as_deref();
        let others = |reader: &_| lane::others_due(reader, &self.name, now(), bulk);
        self.store.read(others).unwrap_or(true)
    }

    /// A single document that is too much is nobody's fault but its own.
    async fn park_too_large(&self, batch: Batch, sent: bool, pace: &mut Pace) {
        let answer = Answer::new(
            "too_large",
            "The document is larger than head office takes.",
            "Ask central IT to raise the limit there, then retry; or withdraw it and send it in parts.",
        );
        let verdict = Verdict::Rejected { answer, sent };
        if let Err(Failed::Store(error)) = self.settle(batch, vec![verdict], pace).await {
            self.outbox_failed(&error);
        }
    }

    async fn let_go(&self, unanswered: Unanswered, due_at: Option<Timestamp>) {
        let name = self.name.clone();
        let let_go = move |writer: &_| lane::let_go(writer, &name, unanswered, due_at);
        if let Err(error) = self.store.write(let_go).await {
            // The same batch comes again, and with it this decision.
            self.outbox_failed(&error);
        }
    }

    fn outbox_failed(&self, error: &StoreError) {
        tracing::error!(destination = self.name, error = %error, "the outbox failed a lane");
        let words = [
            "outbox_failed",
            "The outbox cannot be read or written.",
            "Run: tillpost doctor",
        ];
        self.board
            .trouble(&self.name, Health::Attention, words, now());
    }
}

/// How a lane goes.
struct Pace {
    /// How many documents the next batch may hold.
    size: usize,
    /// Outages in a row.
    failures: u32,
    /// Whether one of them was another than that the batch is too large.
    troubled: bool,
    /// What is known of the batch that was noted and not answered, if there is one.
    unanswered: Unanswered,
    /// Both clocks, when they were last looked at.
    looked: Watch,
}

enum Passed {
    /// There was nothing to do.
    Nothing,
    /// Documents were set aside, none was sent.
    SetAside,
    /// So many documents were answered.
    Batch(usize),
}

enum Failed {
    Outage(Outage, Batch),
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn wait(length: SignedDuration) -> Duration {
    Duration::try_from(length).unwrap_or(IDLE_PAUSE)
}

#[cfg(test)]
mod tests;
