//! Errands: what an answer needs a loop to do first. The proof of a day has the day read back from the destinations; a
//! person's refresh has the catalog fetched now. The answer waits for it for a while.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Errands that may wait.
const WAITING_MAX: usize = 16;
/// How long an answer waits for its errand; what was not done by then is left out.
const DONE_MAX: Duration = Duration::from_secs(30);

/// Something to be done, and who waits for it.
#[derive(Debug)]
pub struct Errand<T> {
    /// What.
    pub what: T,
    done: oneshot::Sender<()>,
}

impl<T> Errand<T> {
    /// Whether somebody still waits for it.
    pub fn is_awaited(&self) -> bool {
        !self.done.is_closed()
    }

    /// Tells whoever waits that it is done.
    pub fn done(self) {
        // Whoever asked may have gone.
        let _ = self.done.send(());
    }
}

/// Gives errands to a loop.
#[derive(Debug, Clone)]
pub struct Errands<T>(mpsc::Sender<Errand<T>>);

impl<T> Errands<T> {
    /// Errands, and where they arrive.
    pub fn new() -> (Self, mpsc::Receiver<Errand<T>>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Has it done. Answers whether it was done in time.
    pub async fn run(&self, what: T) -> bool {
        let (done, told) = oneshot::channel();
        let errand = async {
            // The loop may be gone: the agent stops, and the answer does without.
            self.0.send(Errand { what, done }).await.is_ok() && told.await.is_ok()
        };
        timeout(DONE_MAX, errand).await.unwrap_or(false)
    }
}
