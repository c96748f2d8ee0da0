//! Errands: what an answer needs somebody else to do first. The proof of a day asks that the day be read back from the
//! destinations, and waits for it for a while.

use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Errands that may wait.
const WAITING_MAX: usize = 16;
/// How long an answer waits for its errand; what was not done by then is left out.
const DONE_MAX: Duration = Duration::from_secs(20);

/// A day to be read back.
#[derive(Debug)]
pub struct Errand {
    /// The trading day.
    pub date: Date,
    /// Told when it is done.
    pub done: oneshot::Sender<()>,
}

/// Gives errands.
#[derive(Debug, Clone)]
pub struct Errands(mpsc::Sender<Errand>);

impl Errands {
    /// Errands, and where they arrive.
    pub fn new() -> (Self, mpsc::Receiver<Errand>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Has a day read back. Comes back when it is done, or when it takes too long.
    pub async fn read_back(&self, date: Date) {
        let (done, told) = oneshot::channel();
        let errand = async {
            // Whoever does errands may be gone: the agent stops, and the answer does without.
            if self.0.send(Errand { date, done }).await.is_ok() {
                let _ = told.await;
            }
        };
        let _ = timeout(DONE_MAX, errand).await;
    }
}
