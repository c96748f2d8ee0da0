//! Files that are read by a profile, for `check`: the same decoders as the drop folders', and every problem with its
//! line and column.

use std::fs::File;
use std::io::Read;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tillpost_shared::problem::Problem;
use tillpost_shared::profile::guess::{Guess, guess};
use tillpost_shared::profile::table::pair::joining::Joining;
use tillpost_shared::profile::table::pair::plan::Looking;
use tillpost_shared::profile::table::pair::{PAIR_BYTES_MAX, Pair};
use tillpost_shared::profile::table::survey::Habits;
use tillpost_shared::profile::text::{Sniff, Text};
use tillpost_shared::profile::{About, Decoder, Piece, Profile, Spot};

use crate::app::profiled as app;
use crate::cli::context::Loaded;
use crate::cli::report::Failure;
use crate::intake::inbox::source::{Part, Source};
use crate::paths;

/// So much of a file is looked at to propose a profile.
const GUESS_BYTES: u64 = 256 * 1024;
/// Blocks of a file that are read ahead of what is told.
const AHEAD_MAX: usize = 4;
/// The store and currency where no configuration says.
const STORE_NONE: &str = "STORE";
const CURRENCY_NONE: &str = "EUR";

/// The profile of this name: shipped, a file, or one beside the configuration.
pub fn profile(name: &str, loaded: Option<&Loaded>) -> Result<Profile, Failure> {
    if name.ends_with(".toml") {
        let text = std::fs::read_to_string(name)
            .map_err(|error| Failure::no(format!("cannot read {name}")).because(error))?;
        return Profile::read(&text).map_err(|error| Failure::usage(format!("{name}: {error}")));
    }
    let folder = loaded.map_or_else(PathBuf::new, |loaded| paths::profile_dir(&loaded.file));
    app::profile(name, &folder).map_err(|error| Failure::usage(error.to_string()))
}

/// What a file holds, piece by piece, and why it broke.
pub type Told<'a> = &'a mut dyn FnMut(&Path, Piece) -> Result<(), Failure>;

/// Reads files by a profile; those of a pair together. Answers what broke.
pub fn read(
    files: &[String],
    profile: &Profile,
    loaded: Option<&Loaded>,
    tell: Told<'_>,
) -> Result<Vec<(String, Spot, Problem)>, Failure> {
    if let Profile::Pair(pair) = profile {
        return together(files, profile, pair, loaded, tell);
    }
    let mut broken = Vec::new();
    for file in files {
        broken.extend(one(file, profile, loaded, tell)?);
    }
    Ok(broken)
}

/// Reads the files of a pair together, in as many parts as a drop folder would.
fn together(
    files: &[String],
    profile: &Profile,
    pair: &Pair,
    loaded: Option<&Loaded>,
    tell: Told<'_>,
) -> Result<Vec<(String, Spot, Problem)>, Failure> {
    let (mut sources, mut bytes) = (Vec::new(), 0);
    for file in files {
        let source = open(file, profile)?;
        bytes += source.size;
        sources.push((file, source));
    }
    if bytes > PAIR_BYTES_MAX {
        return Err(Failure::no(format!(
            "together the files are larger than {PAIR_BYTES_MAX} bytes; export shorter periods"
        )));
    }
    let parts = |(file, source): &(&String, Source)| -> Vec<(String, Part)> {
        let own = source.parts.iter().cloned();
        own.map(|part| ((*file).clone(), part)).collect()
    };
    let owners: Vec<usize> = sources
        .iter()
        .enumerate()
        .flat_map(|(index, (_, source))| vec![index; source.parts.len()])
        .collect();
    let all: Vec<(String, Part)> = sources.iter().flat_map(parts).collect();
    let read = |index: usize, feed: &mut dyn FnMut(&str, bool)| -> Result<(), Failure> {
        let (file, part) = &all[index];
        let source = &sources[owners[index]].1;
        source.text(part, feed).map(drop).map_err(failed(file))
    };
    let mut looking = Looking::new(pair);
    for (index, (file, part)) in all.iter().enumerate() {
        looking.begin(about(file, &part.name, &part.hash, loaded)?);
        read(index, &mut |text, last| looking.feed(text, last))?;
    }
    let plan = looking.plan();
    for part in 0..plan.parts() {
        let mut joining = Joining::new(pair, &plan, part);
        for index in 0..all.len() {
            joining.begin(index);
            read(index, &mut |text, last| joining.feed(text, last))?;
        }
        let joined = joining.joined();
        for (index, piece) in joined.whole.into_iter().chain(joined.halves) {
            tell(Path::new(&all[index].1.name), piece)?;
        }
    }
    let named = |(index, spot, problem): &(usize, Spot, Problem)| {
        (all[*index].1.name.clone(), *spot, problem.clone())
    };
    Ok(plan.broken.iter().map(named).collect())
}

fn one(
    file: &str,
    profile: &Profile,
    loaded: Option<&Loaded>,
    tell: Told<'_>,
) -> Result<Option<(String, Spot, Problem)>, Failure> {
    let source = open(file, profile)?;
    for part in &source.parts {
        let mut about = about(file, &part.name, &part.hash, loaded)?;
        let habits = source.habits(part, profile, about.modified_at);
        about.habits = habits.map_err(failed(file))?;
        let mut told = |piece| tell(Path::new(file), piece);
        let read = decoded(&source, part, profile, about, &mut told)?;
        if let Some((spot, problem)) = read.map_err(failed(file))? {
            return Ok(Some((file.to_owned(), spot, problem)));
        }
    }
    Ok(None)
}

/// Reads one part of a file beside telling its pieces: on a machine with two cores a large file takes half the time.
/// Answers why the part broke, unless telling failed.
fn decoded(
    source: &Source,
    part: &Part,
    profile: &Profile,
    about: About,
    tell: &mut dyn FnMut(Piece) -> Result<(), Failure>,
) -> Result<std::io::Result<Option<(Spot, Problem)>>, Failure> {
    let (sender, pieces) = sync_channel::<Vec<Piece>>(AHEAD_MAX);
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut decoder = Decoder::new(profile, about, part.encoding);
            let mut found = Vec::new();
            source.read(part, |bytes| {
                decoder.feed(bytes, &mut found);
                // Nobody listens any more after an error, and the file is read to its end all the same.
                let _ = sender.send(std::mem::take(&mut found));
                Ok(())
            })?;
            decoder.finish(&mut found);
            let _ = sender.send(found);
            Ok(decoder.broken().cloned())
        });
        let told = pieces.iter().flatten().try_for_each(&mut *tell);
        // The reader must not wait for somebody to take what nobody wants.
        drop(pieces);
        let read = reading.join();
        told.map(|()| read.unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

fn failed(file: &str) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::no(format!("cannot read {file}")).because(error)
}

fn open(file: &str, profile: &Profile) -> Result<Source, Failure> {
    Source::open(Path::new(file), profile).map_err(failed(file))
}

fn about(
    file: &str,
    name: &str,
    hash: &[u8; 32],
    loaded: Option<&Loaded>,
) -> Result<About, Failure> {
    let modified = std::fs::metadata(file).and_then(|about| about.modified());
    let modified = Timestamp::try_from(modified.map_err(failed(file))?).unwrap_or_default();
    let store = loaded.map(|loaded| &loaded.config.store);
    Ok(About {
        file_name: name.to_owned(),
        modified_at: Timestamp::from_second(modified.as_second()).unwrap_or(modified),
        sha256: Source::hex(hash),
        store: store.map_or_else(|| STORE_NONE.to_owned(), |store| store.code.clone()),
        currency: store.map_or_else(|| CURRENCY_NONE.to_owned(), |store| store.currency.clone()),
        zone: store.map_or(TimeZone::UTC, |store| store.zone()),
        habits: Habits::default(),
    })
}

/// The text of a proposed profile, or the sentence that names a shipped one.
pub fn proposal(file: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let mut from = File::open(file).map_err(failed(file))?.take(GUESS_BYTES);
    from.read_to_end(&mut bytes).map_err(failed(file))?;
    let mut sniff = Sniff::default();
    sniff.feed(&bytes);
    let mut decoder = Text::new(sniff.encoding("auto", "windows-1252"));
    let mut text = String::new();
    decoder.feed(&bytes, true, &mut text);
    match guess(&text).map_err(|why| Failure::no(format!("{file}: {why}")))? {
        Guess::Profile(text) => Ok(text),
        Guess::Shipped(name) => Ok(format!(
            "# {file} is read by the shipped profile {name}: tillpost check {file} --profile {name}\n"
        )),
    }
}
