//! The store's products and prices: fetched from head office, kept in a file that is never changed, swapped whole.
//!
//! A source gives a complete [`Snapshot`]; [`file`] writes it as a database of its own; [`active`] points the look-ups
//! at it in one step. A look-up therefore sees one revision, never a mix, and never waits for a refresh.
//! From a [`folder`] or the [`web`] it comes as lines; from Odoo: [`pull`] reads, [`assemble`] and [`prices`] work out, [`odoo`] decides when and has some prices checked.
//! [`stock`] is what is on hand and what of it is sold already: it changes with every sale and stands beside the revision.

pub mod active;
pub mod assemble;
mod build;
pub mod file;
pub mod folder;
mod lines;
pub mod odoo;
pub mod price_file;
pub mod prices;
pub mod pull;
mod reading;
pub mod stock;
pub mod web;

use std::future::Future;

use jiff::Timestamp;
use serde::Serialize;
use tillpost_shared::catalog::{Product, Revision};

use crate::outbox::{Answer as Note, Outage};

pub use active::{Active, Installed, NoCatalog, Shrinking, Status};
pub use assemble::Settings;
pub use file::{CatalogError, Query};
pub use folder::Folder;
pub use odoo::OdooCatalog;
pub use stock::{Stock, Unsent};
pub use web::Web;

/// Everything a source knows at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Stands for exactly these products.
    pub revision: Revision,
    /// When it was taken, by this PC's clock.
    pub taken_at: Timestamp,
    /// The products, with prices to come.
    pub products: Vec<Product>,
    /// What a person should know about it: it can be used all the same.
    pub notes: Vec<Note>,
}

/// What a source answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    /// Nothing is new since the revision that was named.
    Unchanged,
    /// The state as it is.
    Snapshot(Snapshot),
}

/// Where products and prices come from.
pub trait CatalogSource {
    /// The state at the source, or that it still is the one named.
    fn fetch(
        &self,
        since: Option<&Revision>,
    ) -> impl Future<Output = Result<Fetched, Outage>> + Send;
}

/// The sources that exist.
pub enum Source {
    /// Snapshot files in a folder.
    Folder(Folder),
    /// Snapshots behind a web address.
    Web(Web),
    /// Odoo's products and price lists.
    Odoo(Box<OdooCatalog>),
}

impl CatalogSource for Source {
    async fn fetch(&self, since: Option<&Revision>) -> Result<Fetched, Outage> {
        match self {
            Self::Folder(folder) => folder.fetch(since).await,
            Self::Web(web) => web.fetch(since).await,
            Self::Odoo(odoo) => odoo.fetch(since).await,
        }
    }
}

impl Source {
    /// Stock on hand at the store, where the source knows it apart from the products; a snapshot file has it in them.
    pub async fn stock(&self, store: &str) -> Result<Option<Stock>, Outage> {
        match self {
            Self::Folder(_) | Self::Web(_) => Ok(None),
            Self::Odoo(odoo) => odoo.stock(store).await,
        }
    }

    /// Whether its snapshots may be much smaller than the one before. What somebody wrote is what they meant; what was
    /// worked out from Odoo may lack what a lost right or a changed filter hides.
    pub fn shrinking(&self) -> Shrinking {
        match self {
            Self::Folder(_) | Self::Web(_) => Shrinking::Noted,
            Self::Odoo(_) => Shrinking::Refused,
        }
    }
}

/// What a look-up found: the body of `GET /v1/products`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The revision the products stand in.
    pub revision: Revision,
    /// What was found; empty when nothing was.
    pub products: Vec<Product>,
}
