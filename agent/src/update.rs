//! The loop that brings the store's products, prices and stock down: fetch, install, wake what waited for a product.
//!
//! A refresh never touches the outbox's lanes or a look-up: the new catalog is written beside the old one and swapped
//! in whole. A person's `catalog refresh` and a file that appears in a watched folder do not wait for the period.
//! What a snapshot has to say stays on the board until a snapshot comes that does not say it any more.

pub mod tally;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::activity::{Bell, Board, Ear, Health, now};
use crate::catalog::{
    Active, CatalogError, CatalogSource, Fetched, Installed, Shrinking, Snapshot, Source,
};
use crate::intake::errand::{AcceptSmaller, Errand};
use crate::outbox::{Answer as Note, Outage};
use crate::store::{Store, lane};
use tally::Tally;

/// The name under which the loop reports.
pub const NAME: &str = "catalog";
/// The code of documents that wait for a product.
pub const UNKNOWN_PRODUCT: &str = "unknown_product";
/// What to do about prices that cannot be taken.
const TELL_IT: &str = "Show this to central IT.";
/// Stock is asked for no more often than this, unless a person asks: it is a sum over all shelves over there.
const STOCK_EVERY: Duration = Duration::from_secs(60);

/// A person wants it refreshed now, perhaps even when it became much smaller; they are told what was the matter.
pub type Asked = Errand<AcceptSmaller, Result<(), Note>>;

/// How a refresh ended.
enum Ended {
    /// What is new is in use; it may be nothing.
    Done,
    /// Head office answered, and what it gave was not taken.
    NotTaken(Note),
    /// Head office gave no answer.
    Unanswered(Note),
}

/// Keeps the catalog fresh.
pub struct Refresh {
    /// Where products come from.
    pub source: Source,
    /// Where they go.
    pub active: Arc<Active>,
    /// The store whose stock is asked for.
    pub store_code: String,
    /// Counts what head office's stock does not know yet.
    pub tally: Arc<Tally>,
    /// How often to look.
    pub every: Duration,
    /// Documents that wait for a product lie here.
    pub store: Store,
    /// Where the loop says how it is doing.
    pub board: Board,
    /// Rings when a watched folder changed.
    pub ear: Ear,
    /// People who want it refreshed now.
    pub errands: mpsc::Receiver<Asked>,
    /// Wakes the lanes.
    pub lanes: Bell,
    /// Wakes who writes price files.
    pub installed: Bell,
    /// Ends the loop.
    pub stop: CancellationToken,
}

impl Refresh {
    /// Runs until it is stopped.
    pub async fn run(mut self) {
        let (mut asked, mut stock_at): (Option<Asked>, _) = (None, None);
        let mut notes = Notes::default();
        notes.show(&self.board, self.active.notes());
        while !self.stop.is_cancelled() {
            let allowed = asked.as_ref().is_some_and(|asked| asked.what.0);
            let Some(ended) = self.refresh(allowed, &mut notes).await else {
                return;
            };
            let answered = !matches!(ended, Ended::Unanswered(_));
            let due = stock_at.is_none_or(|at: Instant| at.elapsed() >= STOCK_EVERY);
            let due = answered && (due || asked.is_some());
            self.count(due, &mut stock_at).await;
            // Also when nothing changed here: what head office did not know may be known there now.
            self.wake().await;
            if let Some(errand) = asked.take() {
                errand.done(match ended {
                    Ended::Done => Ok(()),
                    Ended::NotTaken(why) | Ended::Unanswered(why) => Err(why),
                });
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.ear.heard() => {}
                Some(errand) = self.errands.recv() => asked = Some(errand),
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Fetches and installs; `None` when the loop ends meanwhile.
    async fn refresh(&self, smaller: bool, notes: &mut Notes) -> Option<Ended> {
        let since = self.active.revision();
        let fetched = tokio::select! {
            fetched = self.source.fetch(since.as_ref()) => fetched,
            () = self.stop.cancelled() => return None,
        };
        Some(match fetched {
            Ok(Fetched::Unchanged) => {
                self.board.success(NAME, now());
                Ended::Done
            }
            Ok(Fetched::Snapshot(snapshot)) => self.install(snapshot, smaller, notes).await,
            Err(outage) => {
                tracing::warn!(outage = %outage, "the catalog cannot be refreshed");
                let Told {
                    health,
                    code,
                    sentence,
                    hint,
                } = told(&outage);
                self.board
                    .trouble(NAME, health, [code, &sentence, hint], now());
                Ended::Unanswered(Note::new(code, sentence, hint))
            }
        })
    }

    async fn install(&self, snapshot: Snapshot, smaller: bool, notes: &mut Notes) -> Ended {
        let active = Arc::clone(&self.active);
        let mut said = snapshot.notes.clone();
        let shrinking = match smaller {
            true => Shrinking::Allowed,
            false => self.source.shrinking(),
        };
        let work = move || active.install(&snapshot, shrinking);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(installed)) => {
                self.board.success(NAME, now());
                tracing::info!(new = installed != Installed::Same, "catalog refreshed");
                if let Installed::New { note, .. } = installed {
                    said.extend(note);
                }
                notes.show(&self.board, &said);
                self.installed.ring();
                Ended::Done
            }
            Ok(Err(error)) => self.refused(&error.to_string(), hint(&error)),
            Err(error) => self.refused(&error.to_string(), TELL_IT),
        }
    }

    /// What head office has on hand, and what of it is gone already. Where it does not answer, the figures before stay:
    /// the refresh has said on the board what is the matter.
    async fn count(&self, stock_due: bool, stock_at: &mut Option<Instant>) {
        let mut newer = None;
        if stock_due {
            let stock = tokio::select! {
                stock = self.source.stock(&self.store_code) => stock,
                () = self.stop.cancelled() => return,
            };
            match stock {
                Ok(stock) => {
                    newer = stock;
                    *stock_at = Some(Instant::now());
                }
                Err(outage) => tracing::warn!(outage = %outage, "the stock cannot be read"),
            }
        }
        self.tally.count_all(newer).await;
    }

    fn refused(&self, why: &str, hint: &str) -> Ended {
        tracing::error!(why, "a new catalog was not taken");
        let sentence =
            format!("The new prices were not taken: {why}. The last ones stay in force.");
        let words = ["catalog_refused", &sentence, hint];
        self.board.trouble(NAME, Health::Attention, words, now());
        Ended::NotTaken(Note::new(words[0], sentence.clone(), hint))
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

/// What to do about prices that were not taken.
fn hint(error: &CatalogError) -> &'static str {
    if matches!(error, CatalogError::Shrinks { .. }) {
        return "If head office means it: tillpost catalog refresh --accept-smaller. Else show this to central IT.";
    }
    TELL_IT
}

/// The notes that stand on the board, each under a name of its own.
#[derive(Debug, Default)]
struct Notes(BTreeSet<String>);

impl Notes {
    /// Puts these on the board and takes off what is not among them any more. Of several with one code the first counts.
    fn show(&mut self, board: &Board, notes: &[Note]) {
        let mut shown = BTreeSet::new();
        for note in notes {
            let name = format!("{NAME}: {}", note.code);
            if shown.insert(name.clone()) {
                let words = [note.code.as_str(), &note.message, &note.hint];
                board.trouble(&name, Health::Noted, words, now());
            }
        }
        for gone in self.0.difference(&shown) {
            board.success(gone, now());
        }
        self.0 = shown;
    }
}

/// An outage of the catalog, for the board.
#[derive(Debug, PartialEq)]
struct Told {
    health: Health,
    code: &'static str,
    sentence: String,
    hint: &'static str,
}

/// What a person is told of an outage: a line that is down mends itself, the rest needs somebody.
fn told(outage: &Outage) -> Told {
    let (health, code, what, hint) = match outage {
        // A read changes nothing: an answer that was lost is a line that was down.
        Outage::Unreachable(_) | Outage::Ambiguous(_) => (
            Health::Offline,
            "catalog_unreachable",
            "The prices cannot be refreshed".to_owned(),
            "Nothing to do if the line is down; else run tillpost doctor.",
        ),
        Outage::Throttled { .. } | Outage::UnderWay { .. } | Outage::BatchTooLarge => (
            Health::Offline,
            "catalog_throttled",
            "Head office is busy and asks to fetch the prices later".to_owned(),
            "Nothing to do: it is tried again by itself. Tell central IT if it stays like this for a day.",
        ),
        Outage::Unauthorized(_) => (
            Health::Attention,
            "catalog_unauthorized",
            "Head office does not accept this store's key for the prices: it has expired or lacks a right".to_owned(),
            "Ask central IT for a new key of the store's user in Odoo, and set it where `secret` in tillpost.toml says.",
        ),
        Outage::Incomprehensible(why) => (
            Health::Attention,
            "catalog_incomprehensible",
            format!("The prices that head office gives cannot be used: {why}"),
            "Have central IT check [catalog] in tillpost.toml, price_list above all, and what head office gives.",
        ),
        Outage::WrongEnvironment(why) => (
            Health::Attention,
            "catalog_wrong_environment",
            format!("The prices come from another environment than this store's: {why}"),
            "Have central IT check environment, url and database in tillpost.toml.",
        ),
    };
    Told {
        health,
        code,
        sentence: format!("{what}. The last prices stay in force."),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn text() -> String {
        "there is no price list called `Shpo` in Odoo".to_owned()
    }

    #[rstest]
    #[case(
        Outage::Unreachable(text()),
        Health::Offline,
        "catalog_unreachable",
        false
    )]
    #[case(
        Outage::Ambiguous(text()),
        Health::Offline,
        "catalog_unreachable",
        false
    )]
    #[case(Outage::Throttled { retry_after: None }, Health::Offline, "catalog_throttled", false)]
    #[case(Outage::BatchTooLarge, Health::Offline, "catalog_throttled", false)]
    #[case(
        Outage::Unauthorized(text()),
        Health::Attention,
        "catalog_unauthorized",
        false
    )]
    #[case(
        Outage::Incomprehensible(text()),
        Health::Attention,
        "catalog_incomprehensible",
        true
    )]
    #[case(
        Outage::WrongEnvironment(text()),
        Health::Attention,
        "catalog_wrong_environment",
        true
    )]
    fn every_outage_has_words_of_its_own(
        #[case] outage: Outage,
        #[case] health: Health,
        #[case] code: &str,
        #[case] quoted: bool,
    ) {
        let told = told(&outage);
        assert_eq!((told.health, told.code), (health, code));
        assert_eq!(told.sentence.contains("Shpo"), quoted, "{}", told.sentence);
        assert!(told.sentence.ends_with("The last prices stay in force.") && !told.hint.is_empty());
    }

    #[test]
    fn a_note_stays_until_a_snapshot_does_not_say_it_any_more() {
        let (board, mut notes) = (Board::default(), Notes::default());
        let note = |code: &str| Note::new(code, format!("{code}."), "Look.");
        let standing = || {
            let rows = board.read().into_values();
            let trouble = rows.filter(|row| row.health != Health::Ok);
            trouble.map(|row| row.code).collect::<Vec<_>>()
        };
        notes.show(&board, &[note("b"), note("a"), note("a")]);
        // What a refresh without news does.
        board.success(NAME, now());
        assert_eq!(standing(), ["a", "b"]);
        notes.show(&board, &[note("b")]);
        assert_eq!(standing(), ["b"]);
        notes.show(&board, &[]);
        assert_eq!(standing(), [""; 0]);
    }
}
