//! The loop that brings back what can be read of an outbox that was set aside, while tills go on with the new one.
//!
//! Reading the old file is done beside everything else; what was read comes back a few documents in each commit. Until
//! that is done no lane sends, so that a sale of today does not overtake its till's sales of yesterday. Where it cannot
//! go on, for lack of room say, the lanes go on without, it is told, and it is tried again.

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::activity::{Bell, Board, Health, now};
use crate::store::accept::Routes;
use crate::store::rescue::{self, Rescued};
use crate::store::{Store, StoreError};
use crate::{failpoint, paths};

/// The name under which the board tells of a damaged outbox.
const OUTBOX: &str = "outbox";
/// How long to wait before what could not go on is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Brings documents back.
pub struct Recovery {
    /// The outbox in use.
    pub store: Store,
    /// The data folder.
    pub dir: PathBuf,
    /// Where documents go that have lost where they go.
    pub routes: Routes,
    /// Wakes the lanes once everything is back.
    pub lanes: Bell,
    /// Where the loop says how it is doing.
    pub board: Board,
    /// Ends the loop.
    pub stop: CancellationToken,
}

/// Why it cannot go on now.
enum Held {
    NoRoom,
    Failed(StoreError),
}

impl From<StoreError> for Held {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::NoRoom) {
            return Self::NoRoom;
        }
        Self::Failed(error)
    }
}

impl Recovery {
    /// Runs until it is stopped.
    pub async fn run(self) {
        let mut begun_anew = self.store.begun_anew();
        if self.store.was_not_checked() {
            self.look().await;
        }
        loop {
            // Seen before the look at what is pending: what begins in between is heard.
            begun_anew.borrow_and_update();
            let pause = match self.bring_all_back().await {
                Ok(()) => None,
                Err(held) => {
                    self.tell_held(&held);
                    Some(AGAIN_AFTER)
                }
            };
            if self.stop.is_cancelled() {
                return;
            }
            self.store.comes_back(false);
            self.lanes.ring();
            tokio::select! {
                _ = begun_anew.changed() => {}
                () = tokio::time::sleep(pause.unwrap_or(Duration::MAX)) => self.store.comes_back(true),
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Looks through an outbox that is too large to be checked before it is used.
    async fn look(&self) {
        let store = self.store.clone();
        let looking = tokio::task::spawn_blocking(move || store.read(rescue::look));
        match looking.await {
            Ok(Ok(None)) => tracing::info!("the outbox was looked through and is whole"),
            Ok(Ok(Some(why))) => self.store.is_damaged(why),
            Ok(Err(error)) => {
                tracing::error!(error = %error, "the outbox cannot be looked through")
            }
            Err(error) => tracing::error!(error = %error, "the outbox cannot be looked through"),
        }
    }

    async fn bring_all_back(&self) -> Result<(), Held> {
        let moment = now();
        if let Some(last) = self.store.read(|reader| rescue::last(reader, moment))? {
            self.tell(&last);
        }
        while let Some(first) = self.store.read(rescue::pending)?.into_iter().next() {
            if !self.bring_back(first).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Brings one old outbox back; answers whether it came to the end.
    async fn bring_back(&self, old: Rescued) -> Result<bool, Held> {
        let free = paths::free_bytes(&self.dir).unwrap_or(u64::MAX);
        if free < rescue::room_needed(&self.dir, &old) {
            return Err(Held::NoRoom);
        }
        let (dir, routes, stop) = (self.dir.clone(), self.routes.clone(), self.stop.clone());
        let (moment, mut after) = (now(), old.after);
        let gathering = move || rescue::gather(&dir, old, &routes, moment, &|| stop.is_cancelled());
        let gathered = tokio::task::spawn_blocking(gathering).await;
        // It ends early only when the agent itself does.
        let Some((file, rescued)) = gathered.map_err(|_| StoreError::Closing)?? else {
            return Ok(false);
        };
        loop {
            if self.stop.is_cancelled() {
                return Ok(false);
            }
            let from = file.clone();
            let reading = tokio::task::spawn_blocking(move || rescue::next_piece(&from, after));
            let Some(piece) = reading.await.map_err(|_| StoreError::Closing)?? else {
                break;
            };
            failpoint::hit("recovery.piece");
            let bring = move |writer: &_| rescue::bring(writer, piece, now());
            after = self.store.write(bring).await?;
        }
        let (from, done) = (file, rescued.clone());
        let finish = move |writer: &_| rescue::finish(writer, &from, &done, now());
        self.store.write(finish).await?;
        rescue::clear(&self.dir)?;
        tracing::info!(
            documents = rescued.documents,
            "the damaged outbox has come back"
        );
        self.tell(&Rescued {
            coming_back: false,
            ..rescued
        });
        Ok(true)
    }

    fn tell(&self, rescued: &Rescued) {
        let words = words(rescued);
        let words = [words[0].as_str(), &words[1], &words[2]];
        self.board
            .trouble(OUTBOX, Health::Attention, words, rescued.at);
    }

    fn tell_held(&self, held: &Held) {
        let (sentence, hint) = match held {
            Held::NoRoom => (
                "The queue file was damaged, and there is no room on the disk to bring back what can be read of it.".to_owned(),
                "Make room on the disk of the data folder, several times the size of the damaged file; everything goes on by itself.",
            ),
            Held::Failed(error) => {
                tracing::error!(error = %error, "the damaged outbox cannot be brought back yet");
                let sentence = format!(
                    "The queue file was damaged, and what can be read of it cannot be brought back yet: {error}."
                );
                (sentence, "Run: tillpost doctor. It is tried again by itself; the old file lies in the data folder.")
            }
        };
        let words = ["queue_damaged", &sentence, hint];
        self.board.trouble(OUTBOX, Health::Attention, words, now());
    }
}

/// What is told of a damaged outbox: stable word, what happened, what to do.
fn words(rescued: &Rescued) -> [String; 3] {
    let Rescued {
        why,
        documents,
        damaged,
        tills,
        ..
    } = rescued;
    let of = rescued
        .of
        .filter(|of| of > documents)
        .map(|of| format!(" of {of}"));
    let sentence = if rescued.coming_back {
        format!(
            "The queue file was damaged ({why}). The tills go on with a new one; what can be read of the old one is being brought back."
        )
    } else {
        format!(
            "The queue file was damaged ({why}). {documents}{} documents and {tills} tills were recovered, {damaged} documents with damage.",
            of.unwrap_or_default()
        )
    };
    let hint = match &rescued.file {
        Some(file) => format!(
            "Compare the last receipts with the tills and let them send again what is missing; have the disk checked. \
             The old file lies at {}: take it away when central IT has a copy, and this goes away.",
            file.display()
        ),
        None => "There was no file left. Compare the last receipts with the tills, and have the disk checked.".to_owned(),
    };
    ["queue_damaged".to_owned(), sentence, hint]
}
