//! Errands: what an answer needs a loop to do first. The proof of a day has the day read back from the destinations; a
//! person's refresh has the catalog fetched now. The answer waits for it for a while.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::outbox::Answer as Note;

/// Errands that may wait.
const WAITING_MAX: usize = 16;
/// How long an answer waits for its errand; what was not done by then is left out.
const DONE_MAX: Duration = Duration::from_secs(30);

/// Something to be done, and who waits for what came of it.
#[derive(Debug)]
pub struct Errand<T, A = ()> {
    /// What.
    pub what: T,
    done: oneshot::Sender<A>,
}

impl<T, A> Errand<T, A> {
    /// Whether somebody still waits for it.
    pub fn is_awaited(&self) -> bool {
        !self.done.is_closed()
    }

    /// Tells whoever waits that it is done, and what came of it.
    pub fn done(self, answer: A) {
        // Whoever asked may have gone.
        let _ = self.done.send(answer);
    }
}

/// Whether a person allows that the catalog becomes much smaller when it is refreshed for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptSmaller(pub bool);

/// Has the catalog refreshed; the answer is what was the matter, if anything.
pub type Refreshes = Errands<AcceptSmaller, Result<(), Note>>;

/// Gives errands to a loop.
#[derive(Debug, Clone)]
pub struct Errands<T, A = ()>(mpsc::Sender<Errand<T, A>>);

impl<T, A> Errands<T, A> {
    /// Errands, and where they arrive.
    pub fn new() -> (Self, mpsc::Receiver<Errand<T, A>>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Has it done. Answers what came of it, `None` when it was not done in time.
    pub async fn run(&self, what: T) -> Option<A> {
        let (done, told) = oneshot::channel();
        let errand = async {
            // The loop may be gone: the agent stops, and the answer does without.
            self.0.send(Errand { what, done }).await.ok()?;
            told.await.ok()
        };
        timeout(DONE_MAX, errand).await.ok().flatten()
    }
}
