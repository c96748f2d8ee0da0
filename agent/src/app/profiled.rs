//! What is read and written by profiles: drop folders and price files. A profile is a shipped one, or a file of that name
//! in a folder beside the configuration, which goes first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tillpost_shared::config::{self, Config, Content};
use tillpost_shared::profile::outward::{self, Outward};
use tillpost_shared::profile::{self, Profile, ProfileError};

use super::AppError;
use crate::catalog::price_file::Settings as PriceFile;
use crate::intake::house::House;
use crate::intake::inbox::Settings as Inbox;
use crate::price_files;

/// How often a drop folder is looked at when `every` cannot be read.
const LOOK_EVERY_DEFAULT: Duration = Duration::from_secs(10);

/// The drop folders of a store.
pub fn inboxes(config: &Config, house: &House, profiles: &Path) -> Result<Vec<Inbox>, AppError> {
    let build = |inbox: &config::Inbox| {
        let path = PathBuf::from(&inbox.path);
        let folder = |own: &Option<String>, name: &str| {
            own.as_ref().map_or_else(|| path.join(name), PathBuf::from)
        };
        Ok(Inbox {
            name: inbox.path.clone(),
            profile: profile(&inbox.profile, profiles)?,
            settle: config::duration(&inbox.settle).unwrap_or_default(),
            every: config::duration(&inbox.every).unwrap_or(LOOK_EVERY_DEFAULT),
            marker: inbox.marker.clone(),
            done: folder(&inbox.done, "done"),
            refused: folder(&inbox.refused, "refused"),
            language: config.store.language.clone(),
            store: house.store.to_string(),
            currency: config.store.currency.clone(),
            zone: house.zone.clone(),
            path,
        })
    };
    config.inboxes.iter().map(build).collect()
}

/// The price files of a store.
pub fn price_files(
    config: &Config,
    data_dir: &Path,
    profiles: &Path,
) -> Result<Vec<PriceFile>, AppError> {
    let mut tenders = BTreeMap::new();
    for (till, name) in config.destinations.iter().flat_map(|one| &one.methods) {
        tenders.entry(till.clone()).or_insert_with(|| name.clone());
    }
    let build = |file: &config::PriceFile| {
        let path = PathBuf::from(&file.path);
        Ok(PriceFile {
            outward: written_by(file, profiles)?,
            content: file.content,
            trigger: file.trigger.as_ref().map(|trigger| beside(&path, trigger)),
            zone: config.store.zone(),
            tenders: tenders.clone().into_iter().collect(),
            notes: price_files::notes(data_dir, &file.path),
            path,
        })
    };
    config.price_files.iter().map(build).collect()
}

/// The trigger of a file: an ending is added to the file's name.
fn beside(path: &Path, trigger: &str) -> PathBuf {
    if !trigger.starts_with('.') {
        return path.with_file_name(trigger);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(trigger);
    path.with_file_name(name)
}

fn written_by(file: &config::PriceFile, profiles: &Path) -> Result<Outward, AppError> {
    let name = &file.profile;
    let outward = found(name, profiles, outward::shipped::text(name), Outward::read);
    let outward = outward.ok_or_else(|| unknown(name, profiles, Way::Out))??;
    if file.content == Content::Changes && !outward.tells_changes() {
        return Err(AppError::Config(format!(
            "profile `{name}` has no column with the field `change`, so that a till could not be told what is gone; \
             add one, or set content = \"full\" in the [[price_file]]"
        )));
    }
    Ok(outward)
}

/// A profile by its name, for files that are read.
pub fn profile(name: &str, profiles: &Path) -> Result<Profile, AppError> {
    let own = found(name, profiles, None, Profile::read);
    match own.transpose()?.or_else(|| Profile::shipped(name)) {
        Some(profile) => Ok(profile),
        None => Err(match outward::shipped::text(name) {
            Some(text) => AppError::Config(broken(name, Profile::read(text).err())),
            None => unknown(name, profiles, Way::In),
        }),
    }
}

/// The profile of one's own, else the shipped text of that name.
fn found<T>(
    name: &str,
    profiles: &Path,
    shipped: Option<&str>,
    read: impl Fn(&str) -> Result<T, ProfileError>,
) -> Option<Result<T, AppError>> {
    let file = profiles.join(format!("{name}.toml"));
    let (text, place) = match std::fs::read_to_string(&file) {
        Ok(text) => (text, file.display().to_string()),
        Err(_) => (shipped?.to_owned(), name.to_owned()),
    };
    Some(read(&text).map_err(|error| AppError::Config(broken(&place, Some(error)))))
}

fn broken(place: &str, error: Option<ProfileError>) -> String {
    let why = error.map(|error| error.to_string()).unwrap_or_default();
    format!("{place}: {why}")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// There is no such profile: which one was probably meant, else which there are.
fn unknown(name: &str, profiles: &Path, way: Way) -> AppError {
    let shipped: Vec<&str> = match way {
        Way::In => profile::shipped::names().collect(),
        Way::Out => outward::shipped::names().collect(),
    };
    let entries = std::fs::read_dir(profiles).into_iter().flatten().flatten();
    let own: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
        .collect();
    let known = || {
        shipped
            .iter()
            .copied()
            .chain(own.iter().map(String::as_str))
    };
    let hint = config::meant(name, known()).unwrap_or_else(|| {
        let names: Vec<&str> = known().collect();
        format!("there are: {}", names.join(", "))
    });
    AppError::Config(format!(
        "there is no profile `{name}`: none is shipped, and none lies at {}; {hint}",
        profiles.join(format!("{name}.toml")).display()
    ))
}

/// A profile that a configuration names and that cannot be used.
#[derive(Debug)]
pub struct Unusable {
    /// The table: `inbox` or `price_file`.
    pub table: &'static str,
    /// Which of them, from 0.
    pub index: usize,
    /// Why not.
    pub why: String,
}

/// What a configuration names and nobody has.
pub fn unusable(config: &Config, profiles: &Path) -> Vec<Unusable> {
    let inboxes = config
        .inboxes
        .iter()
        .enumerate()
        .filter_map(|(index, inbox)| {
            let error = profile(&inbox.profile, profiles).err()?;
            Some(("inbox", index, error))
        });
    let files = config
        .price_files
        .iter()
        .enumerate()
        .filter_map(|(index, file)| {
            let error = written_by(file, profiles).err()?;
            Some(("price_file", index, error))
        });
    let told = |(table, index, error): (_, _, AppError)| Unusable {
        table,
        index,
        why: error.to_string(),
    };
    inboxes.chain(files).map(told).collect()
}
