//! What an idle lane looks at: at start and every hour, whether it leads into the store's own world, found out in the
//! morning rather than with the first sale, and whether its clock agrees with this PC's; once a day, when its key ends. Any
//! other trouble shows itself when there is something to hand over. What is found here stops nothing.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::words::words;
use super::{HAND_OVER_MAX, Lane};
use crate::activity::{Health, now};
use crate::destination::{Destination, terms};
use crate::outbox::Outage;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// How soon it looks again when it led elsewhere, or nobody answered: whoever mends it waits to see that it is mended.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How often it asks when its key ends: keys are made for months.
const KEY_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// When a lane looks next, and what it saw.
#[derive(Default)]
pub(super) struct Look {
    /// When it looks again; at once after a start.
    next: Option<Instant>,
    /// Whether it led elsewhere.
    misplaced: bool,
    /// When it last heard when its key ends.
    key_heard: Option<Instant>,
    /// How many other keys had been taken then.
    keys_taken: u32,
}

impl Look {
    /// Whether it is time to look. Another key is looked at at once.
    fn is_due(&mut self, now: Instant, keys_taken: u32) -> bool {
        if self.keys_taken != keys_taken {
            self.keys_taken = keys_taken;
            self.key_heard = None;
            self.next = None;
        }
        self.next.is_none_or(|next| next <= now)
    }

    /// Whether it is time to ask when the key ends.
    fn asks_for_key(&self, now: Instant) -> bool {
        self.key_heard
            .is_none_or(|heard| now.saturating_duration_since(heard) >= KEY_EVERY)
    }
}

impl<D: Destination> Lane<D> {
    /// Looks, when it is time.
    pub(super) async fn look(&self, look: &mut Look) {
        if !look.is_due(Instant::now(), self.destination.keys_taken()) {
            return;
        }
        let looked = tokio::select! {
            looked = timeout(HAND_OVER_MAX, self.destination.look()) => looked,
            () = self.stop.cancelled() => return,
        };
        look.next = Some(Instant::now() + LOOK_AGAIN);
        match looked {
            Ok(Err(outage @ Outage::WrongEnvironment(_))) => {
                let (health, words) = words(&outage);
                tracing::warn!(destination = self.name, outage = %outage, "a lane leads into another environment");
                self.board.trouble(&self.name, health, words, now());
                self.board.because(&self.name, outage.to_string());
                look.misplaced = true;
            }
            Ok(Ok(())) => {
                if std::mem::take(&mut look.misplaced) {
                    self.board.success(&self.name, now());
                }
                self.compare_clocks();
                if self.key_looked_at(look).await {
                    look.next = Some(Instant::now() + LOOK_EVERY);
                }
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// Says whether its clock agrees with this PC's.
    fn compare_clocks(&self) {
        let Some(ahead) = self.destination.clock_ahead() else {
            return;
        };
        let (name, moment) = (format!("{} clock", self.name), now());
        self.board.clock_ahead(&self.name, ahead);
        if !terms::apart(ahead) {
            return self.board.success(&name, moment);
        }
        let way = if ahead.is_positive() {
            "behind"
        } else {
            "ahead of"
        };
        let off = ahead.abs().as_secs();
        let sentence = format!(
            "This PC's clock is {} min {} s {way} that of {}.",
            off / 60,
            off % 60,
            self.name
        );
        let hint = "Set this PC's clock, and let it follow a time server; if it is right, tell central IT.";
        tracing::warn!(
            destination = self.name,
            seconds = ahead.as_secs(),
            "clocks do not agree"
        );
        let words = ["clock_differs", &sentence, hint];
        self.board.trouble(&name, Health::Attention, words, moment);
    }

    /// Asks when its key ends, when it is time, and says so when it is soon; `false` when nobody answered.
    async fn key_looked_at(&self, look: &mut Look) -> bool {
        if !look.asks_for_key(Instant::now()) {
            return true;
        }
        let asked = tokio::select! {
            asked = timeout(HAND_OVER_MAX, self.destination.key_ends()) => asked,
            () = self.stop.cancelled() => return false,
        };
        let Ok(Ok(ends)) = asked else {
            return false;
        };
        look.key_heard = Some(Instant::now());
        let (name, moment) = (format!("{} key", self.name), now());
        self.board.key_ends(&self.name, ends);
        let Some(until) = ends.filter(|until| terms::ends_soon(*until, moment)) else {
            // Only what was announced needs an all-clear: most destinations have no key that ends.
            if self.board.read().contains_key(&name) {
                self.board.success(&name, moment);
            }
            return true;
        };
        tracing::warn!(destination = self.name, until = %until, "a key ends soon");
        let sentence = format!("The key to {} ends at {until}.", self.name);
        let hint = "Make a new key for the agent's user in Odoo and put it where `secret` in tillpost.toml says; one in a \
                    file is taken without a restart. Until then everything is sent.";
        let words = ["key_ends", &sentence, hint];
        self.board.trouble(&name, Health::Attention, words, moment);
        self.board.until(&name, until);
        true
    }
}

#[cfg(test)]
mod tests;
