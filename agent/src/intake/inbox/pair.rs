//! Receipts that come in several files: joined as soon as all of them are there; a half that stays alone is handed in,
//! and held, when its time is up. Until then its file stays where it is.
//!
//! Joined files are put away together, as soon as nothing in them waits any more. One that cannot be read, is still being
//! written or was dropped before keeps none of the others.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tillpost_shared::config;
use tillpost_shared::profile::table::pair::joining::Joining;
use tillpost_shared::profile::table::pair::plan::{Looking, Plan};
use tillpost_shared::profile::table::pair::{Joined, PAIR_BYTES_MAX, Pair};
use tillpost_shared::profile::{Piece, Profile};

use super::Settings;
use super::away::put_away;
use super::reason::Refusals;
use super::source::{Part, Source};
use super::take::{Reading, TakeError, Taker, free};
use crate::intake::desk::{Handed, Status};
use crate::store::inbox::{self, Taken};

/// Receipts in one commit.
const CHUNK_RECEIPTS: usize = 250;
/// How long a half waits when the profile does not say.
const WAIT_DEFAULT: Duration = Duration::from_secs(1_800);

/// Whether halves that have waited this long are handed in alone.
pub fn time_is_up(settings: &Settings, waited: Duration) -> bool {
    let Profile::Pair(pair) = &settings.profile else {
        return true;
    };
    waited >= config::duration(&pair.wait).unwrap_or(WAIT_DEFAULT)
}

/// What became of a folder's files: those that were put away, and why others stay.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Files that were put away.
    pub away: Vec<(OsString, Reading)>,
    /// Files that stay.
    pub stay: Vec<(OsString, TakeError)>,
}

/// Takes what is whole of these files, which have waited for so long.
pub fn take(taker: &Taker, names: &[(OsString, Duration)], now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Profile::Pair(pair) = &taker.settings.profile else {
        return outcome;
    };
    let mut batch = Batch {
        taker,
        now,
        files: Vec::new(),
        twins: Vec::new(),
    };
    let mut bytes = 0;
    for (name, waited) in names {
        match batch.open(name, *waited, &mut bytes) {
            Ok(Some(reading)) => outcome.away.push((name.clone(), reading)),
            Ok(None) => {}
            Err(error) => outcome.stay.push((name.clone(), error)),
        }
    }
    if let Err(error) = batch.join(pair, &mut outcome) {
        outcome.stay.push(("a pair".into(), error));
    }
    outcome
}

/// The files that are joined.
struct Batch<'a> {
    taker: &'a Taker,
    now: Timestamp,
    files: Vec<Open>,
    /// Files with the same bytes as another one here: put away with it.
    twins: Vec<(OsString, Source)>,
}

/// One of them.
struct Open {
    name: OsString,
    source: Source,
    modified: SystemTime,
    /// Whether its halves have waited long enough.
    due: bool,
    /// Receipts of it that are half.
    alone: usize,
    refusals: Refusals,
    handed: u64,
}

impl Batch<'_> {
    /// Opens a file; answers what became of it when it is not joined with others.
    fn open(
        &mut self,
        name: &OsString,
        waited: Duration,
        bytes: &mut u64,
    ) -> Result<Option<Reading>, TakeError> {
        let settings = &self.taker.settings;
        let path = settings.path.join(name);
        free(&path)?;
        let size = fs::metadata(&path)?.len();
        if size > PAIR_BYTES_MAX {
            let message = format!(
                "the file is larger than {PAIR_BYTES_MAX} bytes, and files that belong together are read together; export shorter periods"
            );
            return self.refuse(name, message).map(Some);
        }
        *bytes += size;
        if *bytes > PAIR_BYTES_MAX {
            let why = "the files before it are joined first: together they are too large";
            return Err(TakeError::Later(why));
        }
        let source = match Source::open(&path, &settings.profile) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return self.refuse(name, error.to_string()).map(Some);
            }
            source => source?,
        };
        let known = self
            .taker
            .store
            .read(|connection| inbox::find(connection, &settings.name, source.hash))?;
        if known.is_some_and(|known| known.complete && known.refused == 0) {
            return self.known(name, &source).map(Some);
        }
        let twin = |open: &Open| open.source.hash == source.hash;
        if self.files.iter().any(twin) {
            self.twins.push((name.clone(), source));
            return Ok(None);
        }
        self.files.push(Open {
            name: name.clone(),
            source,
            modified: fs::metadata(&path)?.modified()?,
            due: time_is_up(settings, waited),
            alone: 0,
            refusals: Refusals::default(),
            handed: 0,
        });
        Ok(None)
    }

    fn refuse(&self, name: &OsString, message: String) -> Result<Reading, TakeError> {
        let mut reading = Reading {
            whole: true,
            ..Reading::default()
        };
        reading.refusals.broken = Some((1, 1, message));
        put_away(&self.taker.settings, name, None, &reading, None, self.now)?;
        Ok(reading)
    }

    fn known(&self, name: &OsString, source: &Source) -> Result<Reading, TakeError> {
        let reading = Reading {
            known: true,
            ..Reading::default()
        };
        let settings = &self.taker.settings;
        put_away(settings, name, Some(source), &reading, None, self.now)?;
        Ok(reading)
    }

    /// Joins the files part by part, hands in what may be, and puts away what is through.
    fn join(mut self, pair: &Pair, outcome: &mut Outcome) -> Result<(), TakeError> {
        let owned = self.files.iter().enumerate();
        let owned = owned.flat_map(|(owner, file)| {
            let parts = file.source.parts.iter().cloned();
            parts.map(move |part| (owner, part)).collect::<Vec<_>>()
        });
        let parts: Vec<(usize, Part)> = owned.collect();
        let mut looking = Looking::new(pair);
        for (owner, part) in &parts {
            let file = &self.files[*owner];
            looking.begin(self.taker.about(part, file.modified));
            read(file, part, &mut |text, last| looking.feed(text, last))?;
        }
        let plan = looking.plan();
        for (part, spot, problem) in &plan.broken {
            let told = (spot.line, spot.column, problem.message.clone());
            self.files[parts[*part].0].refusals.broken = Some(told);
        }
        for number in 0..plan.parts() {
            let mut joining = joining(pair, &plan, number, &self.files, &parts)?;
            while let Some(joined) = joining.some(CHUNK_RECEIPTS) {
                let last = number + 1 == plan.parts() && joining.is_done();
                self.hand_in(joined, &parts, last)?;
            }
        }
        if plan.parts() == 0 {
            self.hand_in(Joined::default(), &parts, true)?;
        }
        self.away(outcome)
    }

    /// Hands in what is whole, and the halves whose time is up; the last time with the note of what is through.
    fn hand_in(
        &mut self,
        joined: Joined,
        parts: &[(usize, Part)],
        last: bool,
    ) -> Result<(), TakeError> {
        for part in &joined.alone {
            self.files[parts[*part].0].alone += 1;
        }
        let due = |part: usize| self.files[parts[part].0].due;
        let halves = joined.halves.into_iter().filter(|(part, _)| due(*part));
        let mut pieces: Vec<(usize, Piece)> = joined.whole.into_iter().chain(halves).collect();
        let mut handed: Vec<Handed> = Vec::with_capacity(pieces.len());
        for (part, piece) in &mut pieces {
            let item = std::mem::replace(&mut piece.item, Ok(serde_json::Value::Null));
            handed.push((item, std::mem::take(&mut piece.found)));
            self.files[parts[*part].0].handed += 1;
        }
        let through = last && self.through();
        if handed.is_empty() && !through {
            return Ok(());
        }
        let files = self.files.iter().filter(|_| through);
        let notes: Vec<Taken> = files.map(|file| self.note(file)).collect();
        let rows = self.taker.hand_in(handed, notes, self.now)?;
        for (row, (part, piece)) in rows.iter().zip(&pieces) {
            let own = &mut self.files[parts[*part].0].refusals;
            if row.status != Status::Refused {
                own.stored += 1;
                continue;
            }
            own.refused += 1;
            for problem in &row.problems {
                let spot = piece.place_of(&problem.path);
                let told = format!("{} {}", problem.path, problem.message);
                own.add(spot.line, spot.column, told.trim().to_owned());
            }
        }
        Ok(())
    }

    fn note(&self, file: &Open) -> Taken {
        let broken = u64::from(file.refusals.broken.is_some());
        Taken {
            inbox: self.taker.settings.name.clone(),
            hash: file.source.hash,
            name: file.name.to_string_lossy().into_owned(),
            size: file.source.size,
            records: file.handed,
            // A file with halves is read again when it is dropped again, together with what was missing.
            refused: file.refusals.refused + file.alone as u64 + broken,
            stripped: true,
            complete: true,
        }
    }

    fn away(self, outcome: &mut Outcome) -> Result<(), TakeError> {
        if !self.through() {
            return Ok(());
        }
        for file in &self.files {
            let mut refusals = file.refusals.clone();
            // What may not be kept stands in one of both files; both are looked through.
            refusals.stripped = true;
            let reading = Reading {
                whole: refusals.any(),
                refusals,
                known: false,
            };
            let (settings, source) = (&self.taker.settings, Some(&file.source));
            match put_away(settings, &file.name, source, &reading, None, self.now) {
                Ok(()) => outcome.away.push((file.name.clone(), reading)),
                Err(error) => outcome.stay.push((file.name.clone(), error.into())),
            }
        }
        for (name, source) in &self.twins {
            let reading = self.known(name, source)?;
            outcome.away.push((name.clone(), reading));
        }
        Ok(())
    }

    /// Whether nothing waits any more. As long as something does all of them stay: a half that is read again without its
    /// other half would pass for one that stands alone.
    fn through(&self) -> bool {
        self.files.iter().all(|file| file.alone == 0 || file.due)
    }
}

/// The receipts of one part, to be put together.
fn joining<'a>(
    pair: &'a Pair,
    plan: &'a Plan,
    number: usize,
    files: &[Open],
    parts: &[(usize, Part)],
) -> Result<Joining<'a>, TakeError> {
    let mut joining = Joining::new(pair, plan, number);
    for (index, (owner, part)) in parts.iter().enumerate() {
        joining.begin(index);
        read(&files[*owner], part, &mut |text, last| {
            joining.feed(text, last);
        })?;
    }
    Ok(joining)
}

/// Reads a part of a file as text; it must be what it was when it was looked through.
fn read(file: &Open, part: &Part, take: &mut dyn FnMut(&str, bool)) -> Result<(), TakeError> {
    let hash = file.source.text(part, take)?;
    if hash != part.hash {
        return Err(TakeError::Later("it changed while it was read"));
    }
    Ok(())
}
