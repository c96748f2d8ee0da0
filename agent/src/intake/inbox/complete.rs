//! Which files of a folder are complete: by a marker beside them, by the name they are given in the end, or because
//! they have stood still. Pure: the listing and the time are arguments.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::time::{Duration, Instant, SystemTime};

/// Endings of files that somebody is still writing.
const UNFINISHED: [&str; 6] = [".part", ".tmp", ".partial", ".filepart", ".crdownload", "~"];
/// The ending of what this program says of a refused file.
pub const REASON: &str = ".reason.txt";

/// A file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: OsString,
    /// Bytes.
    pub size: u64,
    /// When it was last changed.
    pub modified: SystemTime,
}

/// What was seen at the last looks.
#[derive(Debug, Default)]
pub struct Watched {
    known: HashMap<OsString, (u64, SystemTime, Instant)>,
    /// What was complete at the last look.
    last: Vec<Listed>,
}

/// What a look found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Complete files, the oldest first.
    pub ready: Vec<Listed>,
    /// Whether others may be complete soon.
    pub pending: bool,
}

impl Watched {
    /// Looks at a listing.
    pub fn look(
        &mut self,
        listing: Vec<Listed>,
        now: Instant,
        settle: Duration,
        marker: Option<&str>,
    ) -> Look {
        let marked = marker.map(|marker| marked(&listing, marker));
        let mut known = HashMap::with_capacity(listing.len());
        let mut look = Look::default();
        for file in listing {
            if passed_over(&file.name, marker) {
                continue;
            }
            let before = self.known.get(&file.name);
            let same = before
                .filter(|(size, modified, _)| (*size, *modified) == (file.size, file.modified));
            let since = same.map_or(now, |(_, _, since)| *since);
            known.insert(file.name.clone(), (file.size, file.modified, since));
            let complete = match &marked {
                Some(marked) => marked.contains(&file.name),
                None => now.duration_since(since) >= settle,
            };
            if complete {
                look.ready.push(file);
            } else {
                // With markers nothing is expected until one comes.
                look.pending |= marked.is_none();
            }
        }
        self.known = known;
        look.ready
            .sort_by(|one, other| (one.modified, &one.name).cmp(&(other.modified, &other.name)));
        look
    }

    /// Whether the same files were complete at the look before; notes them.
    pub fn unchanged(&mut self, ready: &[Listed]) -> bool {
        let unchanged = self.last == ready;
        self.last = ready.to_vec();
        unchanged
    }

    /// Lets the next look find the same files once more, because some of them could not be taken.
    pub fn forget(&mut self) {
        self.last.clear();
    }

    /// When a file was first seen as it is now.
    pub fn since(&self, name: &OsStr) -> Option<Instant> {
        self.known.get(name).map(|(_, _, since)| *since)
    }
}

/// Whether a file is none that is to be taken.
fn passed_over(name: &OsStr, marker: Option<&str>) -> bool {
    let text = name.to_string_lossy();
    let lower = text.to_lowercase();
    text.starts_with('.')
        || lower.ends_with(REASON)
        || UNFINISHED.iter().any(|ending| lower.ends_with(ending))
        || marker.is_some_and(|marker| text.ends_with(marker))
}

/// The files beside which a marker stands: `a.xml.ok` or `a.ok` for `a.xml`.
fn marked(listing: &[Listed], marker: &str) -> HashSet<OsString> {
    let names: HashSet<&OsStr> = listing.iter().map(|file| file.name.as_os_str()).collect();
    let has = |name: &OsString| {
        markers(name, marker)
            .iter()
            .any(|own| names.contains(own.as_os_str()))
    };
    let all = listing.iter().map(|file| file.name.clone());
    all.filter(has).collect()
}

/// What a file's marker may be called.
pub fn markers(name: &OsStr, marker: &str) -> Vec<OsString> {
    let mut whole = name.to_owned();
    whole.push(marker);
    let stem = std::path::Path::new(name).file_stem().map(|stem| {
        let mut short = stem.to_owned();
        short.push(marker);
        short
    });
    [Some(whole), stem]
        .into_iter()
        .flatten()
        .filter(|marker| marker != name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> Listed {
        Listed {
            name: name.into(),
            size,
            modified: SystemTime::UNIX_EPOCH,
        }
    }

    fn names(look: &Look) -> Vec<String> {
        look.ready
            .iter()
            .map(|file| file.name.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_file_is_complete_when_it_has_stood_still() {
        let (mut watched, start) = (Watched::default(), Instant::now());
        let settle = Duration::from_secs(2);
        let mut look = |seconds: u64, size: u64| {
            let now = start + Duration::from_secs(seconds);
            let look = watched.look(vec![file("a.xml", size)], now, settle, None);
            (names(&look).len(), look.pending)
        };
        assert_eq!(look(0, 5), (0, true));
        assert_eq!(look(1, 6), (0, true), "it grew");
        assert_eq!(look(2, 6), (0, true));
        assert_eq!(look(3, 6), (1, false));
    }

    #[test]
    fn what_is_being_written_and_what_is_ours_is_passed_over() {
        let mut watched = Watched::default();
        let listing =
            ["a.part", "b.TMP", ".c", "d.xml.reason.txt", "e~", "f.xml"].map(|name| file(name, 1));
        let look = watched.look(listing.to_vec(), Instant::now(), Duration::ZERO, None);
        assert_eq!(names(&look), ["f.xml"]);
    }

    #[test]
    fn with_markers_only_marked_files_are_complete() {
        let mut watched = Watched::default();
        let listing = ["a.xml", "a.ok", "b.xml", "b.xml.ok", "c.xml"].map(|name| file(name, 1));
        let look = watched.look(
            listing.to_vec(),
            Instant::now(),
            Duration::ZERO,
            Some(".ok"),
        );
        assert_eq!(
            (names(&look), look.pending),
            (vec!["a.xml".to_owned(), "b.xml".to_owned()], false)
        );
    }
}
