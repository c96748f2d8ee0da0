//! What every loop has in common: a clock, a name, somebody to wake it, and a board on which it says how it is doing.
//! The status page, `doctor` and the metrics read the board; nobody asks a loop.

mod answers;
mod calls;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub use answers::{Answers, Took};
pub use calls::{CallTimes, Stopwatch};

/// The wall clock; the only place that reads it.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// An error with its causes behind it.
pub struct Chain<'a>(pub &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// A random number from 0 to 1, for jitter.
pub fn jitter() -> f64 {
    let mut bytes = [0_u8; 4];
    // Without randomness the waits are only less spread out.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

/// How a loop is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should.
    Ok,
    /// It runs; head office should look one day, the store need not.
    Noted,
    /// It runs, and a person should look.
    Attention,
    /// What it talks to cannot be reached.
    Offline,
}

/// What a loop says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it is doing.
    pub health: Health,
    /// Stable word for programs; empty when all is well.
    pub code: String,
    /// What is the matter, for a person; empty when all is well.
    pub sentence: String,
    /// What to do about it, for a person.
    pub hint: String,
    /// Since when it is like this.
    pub since: Timestamp,
    /// When it last did what it is for.
    pub last_success_at: Option<Timestamp>,
    /// The innermost cause of the trouble, as the machine says it; empty when all is well.
    pub cause: String,
    /// Until when all still goes well, of trouble that is to come.
    pub until: Option<Timestamp>,
}

/// What a destination told of itself while all is well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// When its key ends; `None` where it does not, or nobody says.
    pub key_ends_at: Option<Timestamp>,
    /// By how much its clock is ahead of this PC's.
    pub clock_ahead: Option<SignedDuration>,
}

/// The board on which loops report, by name.
#[derive(Debug, Clone)]
pub struct Board {
    reports: Arc<Mutex<BTreeMap<String, Report>>>,
    answers: Arc<Mutex<BTreeMap<String, Answers>>>,
    troubles: Arc<Mutex<BTreeMap<(String, String), u64>>>,
    terms: Arc<Mutex<BTreeMap<String, Terms>>>,
    calls: CallTimes,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            reports: Arc::default(),
            answers: Arc::default(),
            troubles: Arc::default(),
            terms: Arc::default(),
            calls: calls::none(),
        }
    }
}

impl Board {
    /// All is well with `name`, and it has just done what it is for.
    pub fn success(&self, name: &str, now: Timestamp) {
        self.put(name, Health::Ok, ["", "", ""], now, true);
    }

    /// Something is the matter with `name`: stable word, what it is, what to do.
    pub fn trouble(&self, name: &str, health: Health, words: [&str; 3], now: Timestamp) {
        let kind = (name.to_owned(), words[0].to_owned());
        *locked(&self.troubles).entry(kind).or_default() += 1;
        self.put(name, health, words, now, false);
    }

    /// What the machine says of the trouble that `name` has just told of.
    pub fn because(&self, name: &str, cause: String) {
        if let Some(report) = locked(&self.reports).get_mut(name) {
            report.cause = cause;
        }
    }

    /// Until when all still goes well, of the trouble that `name` has just announced.
    pub fn until(&self, name: &str, until: Timestamp) {
        if let Some(report) = locked(&self.reports).get_mut(name) {
            report.until = Some(until);
        }
    }

    fn put(&self, name: &str, health: Health, words: [&str; 3], now: Timestamp, success: bool) {
        let mut board = locked(&self.reports);
        let before = board.get(name);
        let [code, sentence, hint] = words.map(str::to_owned);
        let unchanged = before.filter(|b| b.health == health && b.code == code);
        let report = Report {
            health,
            since: unchanged.map_or(now, |b| b.since),
            last_success_at: if success {
                Some(now)
            } else {
                before.and_then(|b| b.last_success_at)
            },
            code,
            sentence,
            hint,
            cause: String::new(),
            until: None,
        };
        board.insert(name.to_owned(), report);
    }

    /// Everything that was reported, by name.
    pub fn read(&self) -> BTreeMap<String, Report> {
        locked(&self.reports).clone()
    }

    /// How often each loop told of trouble since the start, by its name and the trouble's code.
    pub fn troubles(&self) -> BTreeMap<(String, String), u64> {
        locked(&self.troubles).clone()
    }

    /// A destination's answer took so long.
    pub fn answered(&self, name: &str, took: Duration, now: Timestamp) {
        let mut answers = locked(&self.answers);
        answers.entry(name.to_owned()).or_default().add(took, now);
    }

    /// A destination's key ends then, or not at all.
    pub fn key_ends(&self, name: &str, until: Option<Timestamp>) {
        locked(&self.terms)
            .entry(name.to_owned())
            .or_default()
            .key_ends_at = until;
    }

    /// A destination's clock is ahead by so much.
    pub fn clock_ahead(&self, name: &str, ahead: SignedDuration) {
        locked(&self.terms)
            .entry(name.to_owned())
            .or_default()
            .clock_ahead = Some(ahead);
    }

    /// What destinations told of themselves, by name.
    pub fn terms(&self) -> BTreeMap<String, Terms> {
        locked(&self.terms).clone()
    }

    /// Times the calls to a destination.
    pub fn stopwatch(&self, destination: &str) -> Stopwatch {
        Stopwatch {
            times: self.calls.clone(),
            destination: destination.to_owned(),
        }
    }

    /// How long calls took.
    pub fn calls(&self) -> CallTimes {
        self.calls.clone()
    }

    /// How long answers took, by destination.
    pub fn answers(&self) -> BTreeMap<String, Answers> {
        locked(&self.answers).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes every loop that waits for new documents.
#[derive(Debug, Clone)]
pub struct Bell(watch::Sender<u64>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Bell {
    /// Wakes whoever listens.
    pub fn ring(&self) {
        self.0.send_modify(|rings| *rings = rings.wrapping_add(1));
    }
    /// Listens from now on.
    pub fn listen(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

/// Hears a bell, also when it rang while its loop was busy.
#[derive(Debug)]
pub struct Ear(watch::Receiver<u64>);

impl Ear {
    /// Waits for a ring since the last one heard. Never ends once the bell is gone.
    pub async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_keeps_its_beginning_and_the_last_success() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let board = Board::default();
        board.success("odoo", at(1));
        for second in [2, 3] {
            board.trouble(
                "odoo",
                Health::Offline,
                ["unreachable", "s", "h"],
                at(second),
            );
        }
        let report = board.read().remove("odoo").unwrap();
        assert_eq!((report.since, report.last_success_at), (at(2), Some(at(1))));
    }
}
