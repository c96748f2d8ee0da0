//! Receipts that come in two files: joined as soon as both halves are there; a half that stays alone is handed in, and
//! held, when its time is up. Until then the files stay where they are.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use tillpost_shared::config;
use tillpost_shared::profile::table::pair::{Half, Joined, PAIR_BYTES_MAX, join};
use tillpost_shared::profile::text::Text;
use tillpost_shared::profile::{Piece, Profile};

use super::Settings;
use super::away::put_away;
use super::reason::Refusals;
use super::source::Source;
use super::take::{Reading, TakeError, Taker};
use crate::intake::desk::{Handed, Status};
use crate::store::inbox::{self, Taken};

/// How long a half waits when the profile does not say.
const WAIT_DEFAULT: Duration = Duration::from_secs(1_800);

/// Whether halves that have waited this long are handed in alone.
pub fn time_is_up(settings: &Settings, waited: Duration) -> bool {
    let Profile::Pair(pair) = &settings.profile else {
        return true;
    };
    waited >= config::duration(&pair.wait).unwrap_or(WAIT_DEFAULT)
}

/// Takes what is whole of these files. They are put away together, when nothing of them is alone or `waited` is enough.
pub fn take(
    taker: &Taker,
    names: &[OsString],
    waited: Duration,
    now: Timestamp,
) -> Result<Vec<(OsString, Reading)>, TakeError> {
    let Profile::Pair(pair) = &taker.settings.profile else {
        return Ok(Vec::new());
    };
    let mut readings = Vec::new();
    let (mut sources, mut halves) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for name in names {
        let path = taker.settings.path.join(name);
        let source = Source::open(&path, &taker.settings.profile)?;
        let known = taker
            .store
            .read(|connection| inbox::find(connection, &taker.settings.name, source.hash))?;
        if known.is_some_and(|known| known.complete && known.refused == 0) {
            let reading = Reading {
                known: true,
                ..Reading::default()
            };
            put_away(&taker.settings, name, Some(&source), &reading, None, now)?;
            readings.push((name.clone(), reading));
            continue;
        }
        bytes += source.size;
        if bytes > PAIR_BYTES_MAX {
            break;
        }
        let modified = fs::metadata(&path)?.modified()?;
        for part in &source.parts {
            let (mut text, mut whole) = (Text::new(part.encoding), String::new());
            source.read(part, |bytes| {
                text.feed(bytes, false, &mut whole);
                Ok(())
            })?;
            text.feed(&[], true, &mut whole);
            halves.push((
                sources.len(),
                Half {
                    about: taker.about(part, modified),
                    text: whole,
                },
            ));
        }
        sources.push((name.clone(), source));
    }
    let (owners, halves): (Vec<usize>, Vec<Half>) = halves.into_iter().unzip();
    let joined = join(pair, &halves);
    let complete = joined.halves.is_empty() || time_is_up(&taker.settings, waited);
    let own = hand_in(taker, joined, complete, &owners, &sources, now)?;
    if complete {
        for ((name, source), refusals) in sources.iter().zip(own) {
            let whole = refusals.any();
            let reading = Reading {
                refusals,
                whole,
                known: false,
            };
            put_away(&taker.settings, name, Some(source), &reading, None, now)?;
            readings.push((name.clone(), reading));
        }
    }
    Ok(readings)
}

/// Hands in what may be handed in; answers what was refused of each file.
fn hand_in(
    taker: &Taker,
    joined: Joined,
    complete: bool,
    owners: &[usize],
    sources: &[(OsString, Source)],
    now: Timestamp,
) -> Result<Vec<Refusals>, TakeError> {
    let mut refusals = vec![Refusals::default(); sources.len()];
    for (half, spot, problem) in joined.broken {
        refusals[owners[half]].broken = Some((spot.line, spot.column, problem.message));
    }
    let halves = if complete { joined.halves } else { Vec::new() };
    let mut pieces: Vec<(usize, Piece)> = joined.whole.into_iter().chain(halves).collect();
    let take = |(half, piece): &mut (usize, Piece)| -> Handed {
        let found = std::mem::take(&mut piece.found);
        // What may not be kept stands in one of both files; both are looked through.
        refusals[owners[*half]].stripped |= !found.is_empty();
        (
            std::mem::replace(&mut piece.item, Ok(serde_json::Value::Null)),
            found,
        )
    };
    let handed: Vec<Handed> = pieces.iter_mut().map(take).collect();
    if handed.is_empty() && !complete {
        return Ok(refusals);
    }
    let note = |(index, (name, source)): (usize, &(OsString, Source))| Taken {
        inbox: taker.settings.name.clone(),
        hash: source.hash,
        name: name.to_string_lossy().into_owned(),
        size: source.size,
        records: handed.len() as u64,
        refused: u64::from(refusals[index].broken.is_some()),
        stripped: true,
        complete,
    };
    let notes: Vec<Taken> = sources.iter().enumerate().map(note).collect();
    let rows = taker.hand_in(handed, notes, now)?;
    for (row, (half, piece)) in rows.iter().zip(&pieces) {
        let own = refusals
            .get_mut(owners[*half])
            .ok_or_else(|| io::Error::other("a file too many"))?;
        if row.status != Status::Refused {
            own.stored += 1;
            continue;
        }
        own.refused += 1;
        for problem in &row.problems {
            let spot = piece.place_of(&problem.path);
            own.add(
                spot.line,
                spot.column,
                format!("{} {}", problem.path, problem.message),
            );
        }
    }
    for own in &mut refusals {
        own.stripped = true;
    }
    Ok(refusals)
}
