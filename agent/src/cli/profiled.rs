//! Files that are read by a profile, for `check`: the same decoders as the drop folders', and every problem with its
//! line and column.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tillpost_shared::problem::Problem;
use tillpost_shared::profile::guess::{Guess, guess};
use tillpost_shared::profile::table::pair::{Half, PAIR_BYTES_MAX, join};
use tillpost_shared::profile::text::{Sniff, Text};
use tillpost_shared::profile::{About, Decoder, Piece, Profile, Spot};

use crate::app::profiled as app;
use crate::cli::context::Loaded;
use crate::cli::report::Failure;
use crate::intake::inbox::source::Source;
use crate::paths;

/// So much of a file is looked at to propose a profile.
const GUESS_BYTES: u64 = 256 * 1024;
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
        let mut halves = Vec::new();
        for file in files {
            let source = open(file, profile)?;
            if source.size > PAIR_BYTES_MAX {
                return Err(Failure::no(format!(
                    "{file} is larger than {PAIR_BYTES_MAX} bytes"
                )));
            }
            for part in &source.parts {
                let (mut text, mut whole) = (Text::new(part.encoding), String::new());
                let read = source.read(part, |bytes| {
                    text.feed(bytes, false, &mut whole);
                    Ok(())
                });
                read.map_err(failed(file))?;
                text.feed(&[], true, &mut whole);
                halves.push(Half {
                    about: about(file, &part.name, &part.hash, loaded)?,
                    text: whole,
                });
            }
        }
        let joined = join(pair, &halves);
        for (half, piece) in joined.whole.into_iter().chain(joined.halves) {
            tell(Path::new(&halves[half].about.file_name), piece)?;
        }
        let named = |(half, spot, problem): (usize, Spot, Problem)| {
            (halves[half].about.file_name.clone(), spot, problem)
        };
        return Ok(joined.broken.into_iter().map(named).collect());
    }
    let mut broken = Vec::new();
    for file in files {
        broken.extend(one(file, profile, loaded, tell)?);
    }
    Ok(broken)
}

fn one(
    file: &str,
    profile: &Profile,
    loaded: Option<&Loaded>,
    tell: Told<'_>,
) -> Result<Option<(String, Spot, Problem)>, Failure> {
    let source = open(file, profile)?;
    for part in &source.parts {
        let about = about(file, &part.name, &part.hash, loaded)?;
        let mut decoder = Decoder::new(profile, about, part.encoding);
        let (mut pieces, mut stopped) = (Vec::new(), None);
        let read = source.read(part, |bytes| {
            decoder.feed(bytes, &mut pieces);
            for piece in pieces.drain(..) {
                if stopped.is_none() {
                    stopped = tell(Path::new(file), piece).err();
                }
            }
            Ok(())
        });
        read.map_err(failed(file))?;
        decoder.finish(&mut pieces);
        if let Some(failure) = stopped {
            return Err(failure);
        }
        for piece in pieces {
            tell(Path::new(file), piece)?;
        }
        if let Some((spot, problem)) = decoder.broken() {
            return Ok(Some((file.to_owned(), *spot, problem.clone())));
        }
    }
    Ok(None)
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
