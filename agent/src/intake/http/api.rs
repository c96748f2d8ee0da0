//! What every answer of the API draws on.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Connection;
use tillpost_shared::config::Config;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::activity::{Board, now};
use crate::catalog::Active;
use crate::intake::desk::Desk;
use crate::intake::errand::{Errands, Refreshes};
use crate::intake::house::House;
use crate::intake::http::answer::Refusal;
use crate::intake::http::body::IN_HAND_KIB_MAX;
use crate::intake::http::hosts::Hosts;
use crate::intake::http::live::Live;
use crate::intake::http::login::Logins;
use crate::intake::http::pace::Pace;
use crate::secret::Secret;
use crate::store::figures::{self, Figures, Question};
use crate::store::proof::ReadBacks;
use crate::store::proof::recent::Recent;
use crate::store::room::Room;
use crate::store::{Store, StoreError, tills};

/// How long one proof of readiness holds: whoever asks more often is told the same again.
const READY_FOR: Duration = Duration::from_secs(1);
/// How long a commit may take before the agent is not called ready.
const READY_MAX: Duration = Duration::from_secs(5);
/// The setting that a proof of readiness writes.
const READY_SETTING: &str = "ready_at";

/// Figures that cost less than this are counted anew for whoever asks.
const FIGURES_CHEAP: Duration = Duration::from_millis(250);
/// Others are told again for so many times what they cost: with a queue of a million documents, counting takes a few
/// per cent of the machine, however often the page is asked for.
const FIGURES_KEPT: u32 = 20;
/// Large bodies that are read and stored at one time: one is read while another is stored. More would cost memory, ten
/// times a body's size for each, and gain nothing.
const LARGE_AT_ONCE: usize = 2;

/// What the API is made of.
pub struct Parts {
    /// The outbox.
    pub store: Store,
    /// Takes documents.
    pub desk: Arc<Desk>,
    /// Where the loops report.
    pub board: Board,
    /// Answers look-ups; `None` where no catalog is configured.
    pub catalog: Option<Arc<Active>>,
    /// What the store is told.
    pub config: Arc<Config>,
    /// The store, from the same configuration.
    pub house: House,
    /// The command line's key.
    pub cli_key: Secret,
    /// What destinations were found to hold, for the proof; whoever reads it back puts it there.
    pub read_backs: ReadBacks,
    /// Has a day read back.
    pub days: Errands<Date>,
    /// Has the catalog refreshed now.
    pub refreshes: Refreshes,
    /// Cancelled when the agent stops.
    pub stop: CancellationToken,
}

/// The API: its parts, and what it keeps between two requests.
pub struct Api {
    pub(crate) parts: Parts,
    pub(crate) logins: Logins,
    pub(crate) pace: Pace,
    pub(crate) hosts: Hosts,
    pub(crate) started: Instant,
    pub(crate) live: Live,
    pub(crate) days: Recent,
    pub(crate) room: Semaphore,
    /// Whose turn it is among large bodies.
    pub(super) large: Semaphore,
    look_ups: AtomicU64,
    ready: tokio::sync::Mutex<Option<(Instant, bool)>>,
    figures: tokio::sync::Mutex<Option<Counted>>,
}

/// Figures as they were counted.
struct Counted {
    figures: Figures,
    day_began_at: Timestamp,
    ended: Instant,
    cost: Duration,
}

impl Counted {
    /// Whether they are still told. Pure.
    fn holds(cost: Duration, age: Duration) -> bool {
        cost >= FIGURES_CHEAP && age < cost * FIGURES_KEPT
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// The API of these parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            hosts: Hosts::of(&parts.config.listen),
            pace: Pace::new(parts.config.listen.till_requests_per_second),
            parts,
            logins: Logins::default(),
            started: Instant::now(),
            live: Live::default(),
            days: Recent::default(),
            room: Semaphore::new(IN_HAND_KIB_MAX),
            large: Semaphore::new(LARGE_AT_ONCE),
            look_ups: AtomicU64::new(0),
            ready: tokio::sync::Mutex::default(),
            figures: tokio::sync::Mutex::default(),
        })
    }

    /// Whether tokens and read calls are open to anybody.
    pub(crate) fn open(&self) -> bool {
        !self.parts.config.listen.require_token
    }

    /// Whether the agent is on its way out.
    pub(crate) fn stopping(&self) -> bool {
        self.parts.stop.is_cancelled()
    }

    /// Asks the outbox, on a thread that may wait for the disk.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        Ok(self.parts.store.ask(work).await?)
    }

    /// How the outbox stands. Counted for one at a time, and where that takes long, told again for a while.
    pub(crate) async fn figures(&self, question: Question) -> Result<Figures, Refusal> {
        let mut last = self.figures.lock().await;
        if let Some(counted) = &*last
            && counted.day_began_at == question.day_began_at
            && Counted::holds(counted.cost, counted.ended.elapsed())
        {
            return Ok(counted.figures.clone());
        }
        let (begun, day_began_at) = (Instant::now(), question.day_began_at);
        let figures = self
            .ask(move |reader| figures::figures(reader, &question))
            .await?;
        *last = Some(Counted {
            figures: figures.clone(),
            day_began_at,
            ended: Instant::now(),
            cost: begun.elapsed(),
        });
        Ok(figures)
    }

    /// The figures as they were last counted, when that was within `age`; else counted now.
    pub(crate) async fn recent_figures(
        &self,
        question: Question,
        age: Duration,
    ) -> Result<Figures, Refusal> {
        if let Some(counted) = &*self.figures.lock().await
            && counted.day_began_at == question.day_began_at
            && counted.ended.elapsed() < age
        {
            return Ok(counted.figures.clone());
        }
        self.figures(question).await
    }

    /// How many look-ups were answered since the start.
    pub(crate) fn look_ups(&self) -> u64 {
        self.look_ups.load(Ordering::Relaxed)
    }

    pub(super) fn count_look_up(&self) {
        self.look_ups.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a document handed in now would be durable: shown by a commit, at most once a second.
    pub(super) async fn ready(&self) -> bool {
        if self.stopping() {
            return false;
        }
        let mut last = self.ready.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < READY_FOR
        {
            return ready;
        }
        let text = now().to_string();
        let commit = self
            .parts
            .store
            .write(move |writer| tills::set_setting(writer, READY_SETTING, &text));
        let ready = self.parts.store.room() != Room::Reserve
            && matches!(tokio::time::timeout(READY_MAX, commit).await, Ok(Ok(())));
        *last = Some((Instant::now(), ready));
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_counted_anew_unless_that_takes_long() {
        let millis = Duration::from_millis;
        assert!(
            !Counted::holds(millis(249), millis(0)),
            "cheap ones are always fresh"
        );
        assert!(Counted::holds(millis(250), millis(4_999)));
        assert!(!Counted::holds(millis(250), millis(5_000)));
    }
}
