//! An idle lane looks, at start and every hour, whether it leads into the store's own world: found out in the morning
//! rather than with the first sale. Any other trouble shows itself when there is something to hand over.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::words::words;
use super::{HAND_OVER_MAX, Lane};
use crate::activity::now;
use crate::destination::Destination;
use crate::outbox::Outage;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// How soon it looks again when it led elsewhere, or nobody answered: whoever mends it waits to see that it is mended.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// When a lane looks next, and what it saw.
#[derive(Default)]
pub(super) struct Look {
    /// When it looks again; at once after a start.
    next: Option<Instant>,
    /// Whether it led elsewhere.
    misplaced: bool,
}

impl<D: Destination> Lane<D> {
    /// Looks, when it is time.
    pub(super) async fn look(&self, look: &mut Look) {
        if look.next.is_some_and(|next| Instant::now() < next) {
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
                look.next = Some(Instant::now() + LOOK_EVERY);
                if std::mem::take(&mut look.misplaced) {
                    self.board.success(&self.name, now());
                }
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}
