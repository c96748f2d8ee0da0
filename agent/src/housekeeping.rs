//! The loop that looks after the disk: whether it has room and takes what is written, a verified copy of the outbox
//! every night, texts let go of after their time, and the log kept short.
//!
//! None of it is in a till's way: copies and looks run beside the writer, what is written is done in small pieces.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use tokio_util::sync::CancellationToken;

use crate::activity::{Board, Health, now};
use crate::paths;
use crate::store::room::{RESERVE_BYTES, Room};
use crate::store::{Store, StoreError, backup, retention, tills};

/// The names under which the loop reports.
const DISK: &str = "disk";
const BACKUP: &str = "backup";
/// How often the disk is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How many looks lie between two rounds of the rest.
const ROUND_EVERY: u32 = 12;
/// Nightly copies that are kept.
pub const COPIES_MAX: usize = 7;
/// Between these hours, by the store's clock, a copy is made each night.
const NIGHT_HOURS: std::ops::Range<i8> = 1..5;
/// A copy of tonight is younger than this.
const TONIGHT: SignedDuration = SignedDuration::from_hours(18);
/// Where the machine is off at night, a copy is made by day once the last one is so old.
const OLD: SignedDuration = SignedDuration::from_hours(26);
/// After a try to make a copy none is made for so long, whether it went well or not: a disk that fails is not read from
/// end to end every minute, and a clock that jumps to and fro makes one copy too many, not one a minute.
const TRY_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// A log that is longer than this and at rest is emptied.
const LOG_BYTES_MIN: u64 = 1 << 20;
/// The setting that shows whether the disk takes a commit again.
const PROBE: &str = "disk_at";

/// Looks after the disk.
pub struct Housekeeping {
    /// The outbox.
    pub store: Store,
    /// The data folder.
    pub dir: PathBuf,
    /// The store's clock.
    pub zone: TimeZone,
    /// For how long the text of a delivered document is kept.
    pub keep: SignedDuration,
    /// Where the loop says how it is doing.
    pub board: Board,
    /// Ends the loop.
    pub stop: CancellationToken,
}

/// Whether a nightly copy is due. A clock that jumped makes one too many, never one too few.
pub fn copy_due(last_at: Timestamp, now: &Zoned) -> bool {
    let age = now.timestamp().duration_since(last_at).abs();
    age >= OLD || (age >= TONIGHT && NIGHT_HOURS.contains(&now.hour()))
}

impl Housekeeping {
    /// Runs until it is stopped.
    pub async fn run(self) {
        let mut looks = 0_u32;
        let mut log_before = 0;
        let mut tried: Option<Instant> = None;
        loop {
            self.look_at_disk().await;
            if looks.is_multiple_of(ROUND_EVERY) {
                if tried.is_none_or(|at| at.elapsed() >= TRY_EVERY) && self.nightly(now()).await {
                    tried = Some(Instant::now());
                }
                log_before = self.keep_log_short(log_before).await;
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn look_at_disk(&self) {
        if self.store.is_failing() {
            // Nobody may be writing just now: whether it goes again is found out by trying.
            let text = now().to_string();
            let probe = move |writer: &_| tills::set_setting(writer, PROBE, &text);
            if let Err(error) = self.store.write(probe).await {
                tracing::error!(error = %error, "the disk still fails");
            }
        }
        let words = match (self.store.room(), self.store.is_failing()) {
            (Room::Reserve, _) => [
                "disk_full",
                "The disk is full: the tills' documents are refused until there is room.",
                "Make room on the disk of the data folder; everything goes on by itself.",
            ],
            (_, true) => [
                "disk_failed",
                "The disk does not take what is written: the tills' documents are refused.",
                "Have the disk checked; if it became read-only, repair it and restart the machine. Nothing answered with yes is lost.",
            ],
            (Room::Low, false) => [
                "disk_low",
                "The disk is nearly full.",
                "Make room on the disk of the data folder before documents are refused.",
            ],
            (Room::Enough, false) => return self.board.success(DISK, now()),
        };
        self.board.trouble(DISK, Health::Attention, words, now());
    }

    /// What is done once a night: the copy first, then what lets go of texts. Answers whether it was due.
    async fn nightly(&self, now: Timestamp) -> bool {
        match self.due(now) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                tracing::error!(error = %error, "cannot tell whether a copy is due");
                return false;
            }
        }
        self.copy(now).await;
        if let Err(error) = self.let_go(now).await {
            tracing::error!(error = %error, "texts past their time could not be let go of");
        }
        true
    }

    fn due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let today = now.to_zoned(self.zone.clone()).date();
        let copied_at = backup::newest_until(&self.dir, today).and_then(|file| changed_at(&file));
        let last_at = match copied_at {
            Some(at) => Some(at),
            None => self.store.read(retention::oldest_at)?,
        };
        let now = now.to_zoned(self.zone.clone());
        Ok(last_at.is_some_and(|last_at| copy_due(last_at, &now)))
    }

    async fn copy(&self, now: Timestamp) {
        let size = std::fs::metadata(self.store.path()).map_or(0, |file| file.len());
        let needed = size
            .saturating_add(self.store.log_bytes())
            .saturating_add(2 * RESERVE_BYTES);
        if paths::free_bytes(&self.dir).is_ok_and(|free| free < needed) {
            let words = [
                "backup_no_room",
                "There is no room on the disk for the nightly copy of the queue.",
                "Make room on the disk of the data folder.",
            ];
            return self.board.trouble(BACKUP, Health::Attention, words, now);
        }
        let (dir, date) = (self.dir.clone(), now.to_zoned(self.zone.clone()).date());
        let copying = move || backup::make_nightly(&dir, date, COPIES_MAX);
        match tokio::task::spawn_blocking(copying).await {
            Ok(Ok(counts)) => {
                tracing::info!(documents = counts.documents, "nightly copy made");
                self.board.success(BACKUP, now);
            }
            Ok(Err(error)) => self.not_copied(&error.to_string(), now),
            Err(error) => self.not_copied(&error.to_string(), now),
        }
    }

    fn not_copied(&self, why: &str, now: Timestamp) {
        tracing::error!(why, "the nightly copy failed");
        let sentence = format!("The nightly copy of the queue failed: {why}.");
        let words = ["backup_failed", &sentence, "Run: tillpost doctor"];
        self.board.trouble(BACKUP, Health::Attention, words, now);
    }

    /// Lets go of texts, then gives their room back to the disk.
    async fn let_go(&self, now: Timestamp) -> Result<(), StoreError> {
        let Ok(before) = now.checked_sub(self.keep) else {
            return Ok(());
        };
        let begin = |reader: &_| retention::first_with_text(reader);
        let (mut after, mut count) = (self.store.ask(begin).await?, 0);
        while !self.stop.is_cancelled() {
            let outlived = move |reader: &_| retention::outlived(reader, after, before);
            let seqs = self.store.ask(outlived).await?;
            let Some(last) = seqs.last() else { break };
            (after, count) = (*last, count + seqs.len());
            self.store
                .write(move |writer| retention::let_go(writer, &seqs))
                .await?;
        }
        let note = |writer: &_| retention::note(writer, retention::first_with_text(writer)?);
        self.store.write(note).await?;
        if count > 0 {
            tracing::info!(documents = count, "texts let go of");
        }
        while !self.stop.is_cancelled() && self.store.write(retention::shrink).await? > 0 {}
        Ok(())
    }

    /// Empties a log that has not grown since the last round; answers its length.
    async fn keep_log_short(&self, before: u64) -> u64 {
        let length = self.store.log_bytes();
        if length < LOG_BYTES_MIN || length != before {
            return length;
        }
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.empty_log()).await {
            Ok(Ok(emptied)) => tracing::debug!(emptied, "log at rest"),
            Ok(Err(error)) => tracing::warn!(error = %error, "the log could not be emptied"),
            Err(error) => tracing::warn!(error = %error, "the log could not be emptied"),
        }
        self.store.log_bytes()
    }
}

fn changed_at(file: &Path) -> Option<Timestamp> {
    Timestamp::try_from(file.metadata().ok()?.modified().ok()?).ok()
}

#[cfg(test)]
#[path = "housekeeping_tests.rs"]
mod tests;
