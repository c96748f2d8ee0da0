//! Where documents go. One trait, and an enum of the destinations that exist.

pub mod folder;
pub mod http;
pub mod line;
pub mod odoo;
pub mod terms;

use std::future::{Future, ready};

use jiff::{SignedDuration, Timestamp};

use crate::activity::Stopwatch;
pub use crate::outbox::Delivery;
use crate::outbox::{Outage, Verdict};
use crate::store::lane::Pace;
pub use crate::store::proof::{Asked, Held, HeldThere};

/// Where documents go.
pub trait Destination {
    /// Hands over a batch, oldest first; one verdict per document, in order. Handing the same document over twice
    /// must be once in effect.
    fn deliver(
        &self,
        batch: &[Delivery],
    ) -> impl Future<Output = Result<Vec<Verdict>, Outage>> + Send;

    /// Looks whether it is the right one, while there is nothing to hand over. Files and receivers bear no mark.
    fn look(&self) -> impl Future<Output = Result<(), Outage>> + Send {
        ready(Ok(()))
    }

    /// Who goes first, when there is more than it takes at a time.
    fn who_goes_first(&self) -> Pace {
        Pace::AsItComes
    }

    /// The name of its only call, where a hand-over is one; what makes several times each by itself, see `time_by`.
    fn only_call(&self) -> Option<&'static str> {
        None
    }

    /// Times each of its calls by this.
    fn time_by(&self, _: Stopwatch) {}

    /// By how much its clock was ahead of this PC's at its last answer; `None` where it does not tell its time.
    fn clock_ahead(&self) -> Option<SignedDuration> {
        None
    }

    /// How often another key was taken since the start.
    fn keys_taken(&self) -> u32 {
        0
    }

    /// When its key ends; `None` where it does not, or nobody says.
    fn key_ends(&self) -> impl Future<Output = Result<Option<Timestamp>, Outage>> + Send {
        ready(Ok(None))
    }

    /// What it holds of these documents of one day, for the proof; documents it does not hold are missing from what is
    /// found, those of which it cannot know from what was asked.
    fn read_back(&self, asked: &[Asked]) -> impl Future<Output = Result<HeldThere, Outage>> + Send;
}

/// The destinations that exist.
pub enum Any {
    /// Files in a folder.
    Folder(folder::Folder),
    /// A receiver of CloudEvents.
    Http(http::Http),
    /// Odoo itself.
    Odoo(Box<odoo::Odoo>),
}

impl Any {
    /// Whether it can say what it holds. Where it cannot, the proof leaves its column empty.
    pub const fn can_be_read_back(&self) -> bool {
        match self {
            Self::Folder(_) | Self::Odoo(_) => true,
            Self::Http(_) => false,
        }
    }
}

impl Destination for Any {
    async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Verdict>, Outage> {
        match self {
            Self::Folder(folder) => folder.deliver(batch).await,
            Self::Http(http) => {
                let answered = http.deliver(batch).await;
                answered.inspect_err(|outage| http.heard(outage))
            }
            Self::Odoo(odoo) => {
                let answered = odoo.deliver(batch).await;
                answered.inspect_err(|outage| odoo.heard(outage))
            }
        }
    }

    async fn look(&self) -> Result<(), Outage> {
        match self {
            Self::Folder(folder) => folder.look().await,
            Self::Http(http) => http.look().await,
            Self::Odoo(odoo) => odoo.look().await,
        }
    }

    fn who_goes_first(&self) -> Pace {
        match self {
            Self::Folder(_) | Self::Http(_) => Pace::AsItComes,
            Self::Odoo(_) => Pace::MostUrgentFirst,
        }
    }

    fn only_call(&self) -> Option<&'static str> {
        match self {
            Self::Folder(_) => Some("write"),
            Self::Http(_) => Some("post"),
            Self::Odoo(_) => None,
        }
    }

    fn time_by(&self, stopwatch: Stopwatch) {
        if let Self::Odoo(odoo) = self {
            odoo.time_by(stopwatch);
        }
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        match self {
            Self::Odoo(odoo) => odoo.clock_ahead(),
            Self::Folder(_) | Self::Http(_) => None,
        }
    }

    fn keys_taken(&self) -> u32 {
        match self {
            Self::Odoo(odoo) => odoo.keys_taken(),
            Self::Folder(_) | Self::Http(_) => 0,
        }
    }

    async fn key_ends(&self) -> Result<Option<Timestamp>, Outage> {
        match self {
            Self::Odoo(odoo) => odoo.key_ends().await,
            Self::Folder(_) | Self::Http(_) => Ok(None),
        }
    }

    async fn read_back(&self, asked: &[Asked]) -> Result<HeldThere, Outage> {
        match self {
            Self::Folder(folder) => folder.read_back(asked).await,
            Self::Http(http) => http.read_back(asked).await,
            Self::Odoo(odoo) => odoo.read_back(asked).await,
        }
    }
}
