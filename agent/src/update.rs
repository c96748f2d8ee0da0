//! The loop that brings the store's products and prices down: fetch, install, wake what waited for a product.
//!
//! A refresh never touches the outbox's lanes or a look-up: the new catalog is written beside the old one and swapped
//! in whole. A person's `catalog refresh` and a file that appears in a watched folder do not wait for the period.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::activity::{Bell, Board, Ear, Health, now};
use crate::catalog::{Active, CatalogSource, Fetched, Installed, Shrinking, Source};
use crate::intake::errand::Errand;
use crate::store::{Store, lane};

/// The name under which the loop reports.
pub const NAME: &str = "catalog";
/// The code of documents that wait for a product.
pub const UNKNOWN_PRODUCT: &str = "unknown_product";

/// Keeps the catalog fresh.
pub struct Refresh {
    /// Where products come from.
    pub source: Source,
    /// Where they go.
    pub active: Arc<Active>,
    /// How often to look.
    pub every: Duration,
    /// Documents that wait for a product lie here.
    pub store: Store,
    /// Where the loop says how it is doing.
    pub board: Board,
    /// Rings when a watched folder changed.
    pub ear: Ear,
    /// People who want it refreshed now.
    pub errands: mpsc::Receiver<Errand<()>>,
    /// Wakes the lanes.
    pub lanes: Bell,
    /// Ends the loop.
    pub stop: CancellationToken,
}

impl Refresh {
    /// Runs until it is stopped.
    pub async fn run(mut self) {
        let mut asked = None;
        while !self.stop.is_cancelled() {
            self.refresh().await;
            if let Some(errand) = asked.take() {
                Errand::done(errand);
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.ear.heard() => {}
                Some(errand) = self.errands.recv() => asked = Some(errand),
                () = self.stop.cancelled() => {}
            }
        }
    }

    async fn refresh(&self) {
        let since = self.active.revision();
        let fetched = tokio::select! {
            fetched = self.source.fetch(since.as_ref()) => fetched,
            () = self.stop.cancelled() => return,
        };
        match fetched {
            Ok(Fetched::Unchanged) => self.board.success(NAME, now()),
            Ok(Fetched::Snapshot(snapshot)) => {
                let active = Arc::clone(&self.active);
                let notes = snapshot.notes.clone();
                let work = move || active.install(&snapshot, Shrinking::Refused);
                match tokio::task::spawn_blocking(work).await {
                    Ok(Ok(installed)) => {
                        self.board.success(NAME, now());
                        if let Some(note) = notes.first() {
                            let words = [note.code.as_str(), &note.message, &note.hint];
                            self.board.trouble(NAME, Health::Attention, words, now());
                        }
                        tracing::info!(new = installed != Installed::Same, "catalog refreshed");
                    }
                    Ok(Err(error)) => self.refused(&error.to_string()),
                    Err(error) => self.refused(&error.to_string()),
                }
            }
            Err(outage) => {
                tracing::warn!(outage = %outage, "the catalog cannot be refreshed");
                let words = [
                    "catalog_unreachable",
                    "The prices cannot be refreshed; the last ones stay in force.",
                    "Nothing to do if the line is down; else run tillpost doctor.",
                ];
                self.board.trouble(NAME, Health::Offline, words, now());
            }
        }
        // Also when nothing changed here: what head office did not know may be known there now.
        self.wake().await;
    }

    fn refused(&self, why: &str) {
        tracing::error!(why, "a new catalog was not taken");
        let sentence =
            format!("The new prices were not taken: {why}. The last ones stay in force.");
        let words = ["catalog_refused", &sentence, "Show this to central IT."];
        self.board.trouble(NAME, Health::Attention, words, now());
    }

    async fn wake(&self) {
        let woken = self
            .store
            .write(|writer| lane::wake(writer, UNKNOWN_PRODUCT))
            .await;
        match woken {
            Ok(0) => {}
            Ok(_) => self.lanes.ring(),
            Err(error) => tracing::error!(error = %error, "cannot wake what waits for a product"),
        }
    }
}
