//! How a lane waits: with an ear for new documents, or without.

use std::time::Duration;

use super::Lane;
use crate::destination::Destination;

impl<D: Destination> Lane<D> {
    /// Waits for the bell, the time or the stop, whichever comes first.
    pub(super) async fn pause(&mut self, length: Duration) {
        tokio::select! {
            () = self.ear.heard() => {}
            () = tokio::time::sleep(length) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Waits without the bell: new documents are no reason to hurry a destination that is out.
    pub(super) async fn pause_deaf(&self, length: Duration) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.stop.cancelled() => {}
        }
    }
}
