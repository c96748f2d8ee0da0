//! What is known of the outbox in use beside its content: whether the disk fails it, whether it shows damage, how often
//! a new one was begun, and whether documents of an old one are still coming back.
//!
//! Whoever meets damage says so here; the writer, which alone may, sets the file aside before its next commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::store::rescue;

/// What the writer has to look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// The file is no whole outbox: SQLite says so.
    Certain(String),
    /// Something of it could not be read, once; the disk may have had a moment.
    Suspected(String),
}

/// The outbox's condition.
#[derive(Debug)]
pub struct Condition {
    damage: Mutex<Option<Damage>>,
    renewed: watch::Sender<u64>,
    failing: AtomicBool,
    coming_back: AtomicBool,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            damage: Mutex::new(None),
            renewed: watch::Sender::new(0),
            failing: AtomicBool::new(false),
            coming_back: AtomicBool::new(false),
        }
    }
}

impl Condition {
    /// Notes what an error says of the file's content; answers whether it says anything.
    pub fn notice(&self, error: &rusqlite::Error) -> bool {
        if !rescue::is_damage(error) {
            return false;
        }
        let found = match rescue::is_certain(error) {
            true => Damage::Certain(error.to_string()),
            false => Damage::Suspected(error.to_string()),
        };
        tracing::error!(error = %error, "the outbox shows damage");
        self.found(found);
        true
    }

    /// Damage was found.
    pub fn found(&self, damage: Damage) {
        let mut known = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        // What is certain is not doubted again.
        if !matches!(*known, Some(Damage::Certain(_))) {
            *known = Some(damage);
        }
        self.failing.store(true, Ordering::Relaxed);
    }

    /// Damage that nobody has looked into yet; from now on the asker does.
    pub fn take(&self) -> Option<Damage> {
        self.damage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// A new outbox lies in the place of the old one.
    pub fn begun_anew(&self) {
        self.coming_back.store(true, Ordering::Relaxed);
        self.renewed.send_modify(|times| *times += 1);
    }

    /// How often a new one was begun: connections of an earlier one are good for nothing any more.
    pub fn generation(&self) -> u64 {
        *self.renewed.borrow()
    }

    /// Hears when a new one is begun.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.renewed.subscribe()
    }

    /// Whether the disk failed the last write.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Notes whether the disk failed a write.
    pub fn failed(&self, failed: bool) {
        self.failing.store(failed, Ordering::Relaxed);
    }

    /// Whether documents of an old outbox are still coming back.
    pub fn is_coming_back(&self) -> bool {
        self.coming_back.load(Ordering::Relaxed)
    }

    /// Notes whether documents are coming back.
    pub fn comes_back(&self, comes_back: bool) {
        self.coming_back.store(comes_back, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certain_is_not_doubted_again() {
        let condition = Condition::default();
        condition.found(Damage::Certain("page 7".to_owned()));
        condition.found(Damage::Suspected("a read".to_owned()));
        assert_eq!(condition.take(), Some(Damage::Certain("page 7".to_owned())));
        assert_eq!(condition.take(), None);
        assert!(condition.is_failing(), "until a write goes through");
    }
}
