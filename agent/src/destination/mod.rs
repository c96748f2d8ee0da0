//! Where documents go. One trait, and an enum of the destinations that exist.

pub mod folder;
pub mod http;
pub mod line;
pub mod odoo;

use std::future::Future;

use rust_decimal::Decimal;
use tillpost_shared::document::Kind;
use uuid::Uuid;

pub use crate::outbox::Delivery;
use crate::outbox::{Outage, Verdict};

/// What a destination holds of a document, read back for the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The document's uid.
    pub uid: Uuid,
    /// What it is.
    pub kind: Kind,
    /// Its total there.
    pub total: Decimal,
}

/// Where documents go.
pub trait Destination {
    /// Hands over a batch, oldest first; one verdict per document, in order. Handing the same document over twice
    /// must be once in effect.
    fn deliver(
        &self,
        batch: &[Delivery],
    ) -> impl Future<Output = Result<Vec<Verdict>, Outage>> + Send;

    /// What it holds of these documents, for the proof; documents it does not hold are missing from the answer.
    fn read_back(&self, uids: &[Uuid]) -> impl Future<Output = Result<Vec<Held>, Outage>> + Send;
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
            Self::Http(http) => http.deliver(batch).await,
            Self::Odoo(odoo) => odoo.deliver(batch).await,
        }
    }

    async fn read_back(&self, uids: &[Uuid]) -> Result<Vec<Held>, Outage> {
        match self {
            Self::Folder(folder) => folder.read_back(uids).await,
            Self::Http(http) => http.read_back(uids).await,
            Self::Odoo(odoo) => odoo.read_back(uids).await,
        }
    }
}
