//! One dropped file, from its bytes to the outbox: read in a first pass for its hash, in a second for its documents,
//! and only then put away.
//!
//! Documents and the note that this file was taken are one commit; a large file is several, each with the note of how
//! far it came. Whatever stops the program in between, the file is still there, its documents are duplicates the next
//! time, and a file that was taken to its end is known by its hash.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use tillpost_shared::problem::Code;
use tillpost_shared::profile::clean::{Cleaner, Frame};
use tillpost_shared::profile::table::survey::Habits;
use tillpost_shared::profile::{About, Decoder, Piece, Profile};
use tillpost_shared::redact;
use tillpost_shared::shape::Unknown;
use tokio::runtime::Handle;

use super::Settings;
use super::put::Draft;
use super::reason::Refusals;
use super::source::{Part, Source};
use crate::failpoint;
use crate::intake::desk::{Desk, Handed, ResultRow, Sender, Status};
use crate::store::inbox::{self, Taken};
use crate::store::{Store, StoreError};

/// Documents in one commit.
const CHUNK_DOCUMENTS_MAX: usize = 1_000;
/// Bytes of the file in one commit.
const CHUNK_BYTES_MAX: usize = 2 << 20;

/// Why a file was not taken now; it stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// Somebody else has it open, or it changed while it was read.
    #[error("{0}")]
    Later(&'static str),
    /// It cannot be read, or not be put away.
    #[error("the file cannot be read or moved")]
    Io(#[from] io::Error),
    /// The outbox did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes files for one inbox. Its calls wait for disk and outbox, so they belong on a thread of their own.
pub struct Taker {
    /// The inbox.
    pub settings: Arc<Settings>,
    /// Where documents are handed in.
    pub desk: Arc<Desk>,
    /// Where files are looked up.
    pub store: Store,
    /// The runtime on which the desk works.
    pub runtime: Handle,
}

/// What became of a file's records.
#[derive(Debug, Default)]
pub struct Reading {
    /// What was refused, for the reason.
    pub refusals: Refusals,
    /// Whether the file as a whole goes to `refused`.
    pub whole: bool,
    /// Whether it was taken to its end before.
    pub known: bool,
}

impl Taker {
    /// Takes a file: its documents are in the outbox when this returns, and the file is put away.
    pub fn take(&self, name: &OsStr, now: Timestamp) -> Result<Reading, TakeError> {
        let path = self.settings.path.join(name);
        free(&path)?;
        let source = match Source::open(&path, &self.settings.profile) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let mut reading = Reading {
                    whole: true,
                    ..Reading::default()
                };
                reading.refusals.broken = Some((1, 1, error.to_string()));
                super::away::put_away(&self.settings, name, None, &reading, None, now)?;
                return Ok(reading);
            }
            source => source?,
        };
        let known = self
            .store
            .read(|connection| inbox::find(connection, &self.settings.name, source.hash))?;
        if known.is_some_and(|known| known.complete && known.refused == 0) {
            let reading = Reading {
                known: true,
                ..Reading::default()
            };
            super::away::put_away(&self.settings, name, Some(&source), &reading, None, now)?;
            return Ok(reading);
        }
        let modified = fs::metadata(&path)?.modified()?;
        let mut run = Run::new(self, &source, name, modified, now);
        for part in &source.parts {
            run.part(part)?;
        }
        let (reading, draft) = run.finish()?;
        failpoint::hit("inbox.committed");
        super::away::put_away(&self.settings, name, Some(&source), &reading, draft, now)?;
        Ok(reading)
    }

    /// Hands pieces over, and notes the files they come from in the same commit.
    pub fn hand_in(
        &self,
        handed: Vec<Handed>,
        notes: Vec<Taken>,
        now: Timestamp,
    ) -> Result<Vec<ResultRow>, StoreError> {
        let sender = Sender::Inbox(self.settings.name.clone());
        let beside = move |writer: &rusqlite::Connection, refused: usize| {
            for mut taken in notes {
                taken.refused += refused as u64;
                inbox::note(writer, &taken, now)?;
            }
            Ok(())
        };
        self.runtime.block_on(
            self.desk
                .take_with(handed, &sender, now, Some(Box::new(beside))),
        )
    }

    /// What is known of a part before it is read.
    pub fn about(&self, part: &Part, modified: SystemTime) -> About {
        let at = Timestamp::try_from(modified).unwrap_or_default();
        About {
            file_name: part.name.clone(),
            // Whole seconds: a file's time loses its fractions when it is copied, and it is part of a count's content.
            modified_at: Timestamp::from_second(at.as_second()).unwrap_or(at),
            sha256: Source::hex(&part.hash),
            store: self.settings.store.clone(),
            currency: self.settings.currency.clone(),
            zone: self.settings.zone.clone(),
            habits: Habits::default(),
        }
    }
}

/// Whether nobody has the file open for himself.
pub fn free(path: &Path) -> Result<(), TakeError> {
    let file = File::open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file.unlock()?),
        Err(TryLockError::WouldBlock) => Err(TakeError::Later("another program has locked it")),
        // Not every file system knows locks.
        Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// A file that is being read.
struct Run<'a> {
    taker: &'a Taker,
    source: &'a Source,
    taken: Taken,
    modified: SystemTime,
    now: Timestamp,
    chunk: Vec<Piece>,
    chunk_bytes: usize,
    reading: Reading,
    cleaner: Cleaner<'a>,
    draft: Option<Draft>,
}

impl<'a> Run<'a> {
    fn new(
        taker: &'a Taker,
        source: &'a Source,
        name: &OsStr,
        modified: SystemTime,
        now: Timestamp,
    ) -> Self {
        let taken = Taken {
            inbox: taker.settings.name.clone(),
            hash: source.hash,
            name: name.to_string_lossy().into_owned(),
            size: source.size,
            records: 0,
            refused: 0,
            stripped: false,
            complete: false,
        };
        Self {
            taker,
            source,
            taken,
            modified,
            now,
            chunk: Vec::new(),
            chunk_bytes: 0,
            reading: Reading::default(),
            cleaner: Cleaner::new(&taker.settings.profile, Frame::default()),
            draft: None,
        }
    }

    fn part(&mut self, part: &'a Part) -> Result<(), TakeError> {
        let mut about = self.taker.about(part, self.modified);
        let profile = &self.taker.settings.profile;
        about.habits = self.source.habits(part, profile, about.modified_at)?;
        let mut decoder = Decoder::new(&self.taker.settings.profile, about, part.encoding);
        let mut pieces = Vec::new();
        let mut failed = None;
        let source = self.source;
        let hash = source.read(part, |bytes| {
            decoder.feed(bytes, &mut pieces);
            let gone = self.gather(&mut pieces, &decoder);
            gone.map_err(|error| {
                failed = Some(error);
                io::Error::other("the outbox did not take it")
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if hash? != part.hash {
            return Err(TakeError::Later("it changed while it was read"));
        }
        decoder.finish(&mut pieces);
        self.gather(&mut pieces, &decoder)?;
        if let Some((spot, problem)) = decoder.broken() {
            let told = (spot.line, spot.column, problem.message.clone());
            self.reading.refusals.broken.get_or_insert(told);
            self.reading.whole = true;
        }
        // The parts of an archive may have other columns.
        self.hand_in(false, &decoder.frame())
    }

    fn gather(&mut self, pieces: &mut Vec<Piece>, decoder: &Decoder) -> Result<(), TakeError> {
        for piece in pieces.drain(..) {
            self.chunk_bytes += piece.raw.len();
            self.chunk.push(piece);
            if self.chunk.len() >= CHUNK_DOCUMENTS_MAX || self.chunk_bytes >= CHUNK_BYTES_MAX {
                self.hand_in(false, &decoder.frame())?;
            }
        }
        Ok(())
    }

    /// Commits what was gathered. A file that fits into one commit waits for its end, so that there is only that one.
    fn hand_in(&mut self, complete: bool, frame: &Frame) -> Result<(), TakeError> {
        if !complete
            && self.chunk_bytes < CHUNK_BYTES_MAX
            && self.chunk.len() < CHUNK_DOCUMENTS_MAX
            && self.source.parts.len() == 1
        {
            self.cleaner.frame(frame.clone());
            return Ok(());
        }
        self.cleaner.frame(frame.clone());
        let mut pieces = std::mem::take(&mut self.chunk);
        self.chunk_bytes = 0;
        let handed: Vec<Handed> = pieces.iter_mut().map(|piece| self.hand(piece)).collect();
        self.taken.records += handed.len() as u64;
        self.taken.complete = complete;
        let rows = self
            .taker
            .hand_in(handed, vec![self.taken.clone()], self.now)?;
        for (row, piece) in rows.iter().zip(&pieces) {
            self.result(row, piece)?;
        }
        Ok(())
    }

    /// What the desk gets of a piece, with a look at what may not be kept.
    fn hand(&mut self, piece: &mut Piece) -> Handed {
        let item = std::mem::replace(&mut piece.item, Ok(serde_json::Value::Null));
        let found = std::mem::take(&mut piece.found);
        let private =
            |code: Code| matches!(code, Code::CardDataRemoved | Code::PersonalDataRemoved);
        let mut stripped = found.iter().any(|problem| private(problem.code));
        if let (Ok(document), Profile::Json | Profile::Ndjson) =
            (&item, &self.taker.settings.profile)
        {
            let mut copy = document.clone();
            let flags = redact::redact(&mut copy, Unknown::Refused);
            stripped |= flags.iter().any(|flag| private(flag.code));
        }
        self.reading.refusals.stripped |= stripped;
        self.taken.stripped |= stripped;
        (item, found)
    }

    fn result(&mut self, row: &ResultRow, piece: &Piece) -> Result<(), TakeError> {
        if row.status != Status::Refused {
            self.reading.refusals.stored += 1;
            return Ok(());
        }
        self.taken.refused += 1;
        self.reading.refusals.refused += 1;
        for problem in &row.problems {
            let spot = piece.place_of(&problem.path);
            let place = if problem.path.is_empty() {
                String::new()
            } else {
                format!("{}: ", problem.path)
            };
            let hint = problem
                .hint
                .as_ref()
                .map(|hint| format!(" ({hint})"))
                .unwrap_or_default();
            self.reading.refusals.add(
                spot.line,
                spot.column,
                format!("{place}{}{hint}", problem.message),
            );
        }
        let clean = self.cleaner.record(&piece.raw);
        match &mut self.draft {
            Some(draft) => draft.add(self.cleaner.between())?,
            None => {
                let before = self.cleaner.before();
                let draft = self
                    .draft
                    .insert(Draft::begin(&self.taker.settings.refused)?);
                draft.add(&before)?;
            }
        }
        if let Some(draft) = &mut self.draft {
            draft.add(&clean)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(Reading, Option<Draft>), TakeError> {
        let frame = self.cleaner.own_frame().clone();
        self.hand_in(true, &frame)?;
        self.reading.refusals.stripped |= self.cleaner.stripped();
        let refusals = &self.reading.refusals;
        // Nothing of it was good: the whole file is to be corrected.
        self.reading.whole |= refusals.refused > 0 && refusals.stored == 0;
        if let Some(draft) = &mut self.draft {
            draft.add(self.cleaner.after())?;
        }
        if self.reading.whole
            && let Some(draft) = self.draft.take()
        {
            draft.drop_it()?;
        }
        Ok((self.reading, self.draft))
    }
}
