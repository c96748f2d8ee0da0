//! Where a taken file ends up: moved as it is, or written anew without what may not be kept; never over another one.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::paths;

/// The name of what is being written; one inbox writes one file at a time.
const DRAFT: &str = ".writing.part";
/// Numbers that are tried to give a file a name of its own.
const NAMES_MAX: u32 = 100_000;
/// Compared at a time.
const STEP_BYTES: usize = 64 * 1024;

/// A file that is written under a name that nobody takes for complete, until it is.
pub struct Draft {
    path: PathBuf,
    file: io::BufWriter<File>,
}

impl Draft {
    /// Begins a file in a folder.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(DRAFT);
        let file = io::BufWriter::new(File::create(&path)?);
        Ok(Self { path, file })
    }

    /// Adds text.
    pub fn add(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())
    }

    /// Gives it its name, once it is on the disk.
    pub fn keep(mut self, name: &OsStr) -> io::Result<PathBuf> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let folder = paths::parent(&self.path).to_owned();
        place(&self.path, &folder, name)
    }

    /// Throws it away.
    pub fn drop_it(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Moves a file into a folder, as what it is.
pub fn move_in(from: &Path, folder: &Path, name: &OsStr, now: SystemTime) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    // The days in the folder count from now; where the file may not be changed its own time counts.
    if let Ok(file) = File::options().write(true).open(from) {
        let _ = file.set_modified(now);
    }
    place(from, folder, name)
}

/// Removes an original of which a cleaned copy was kept.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    paths::sync_dir(paths::parent(path))
}

/// Puts a file under its name, or the next free one. The same bytes under that name are the same file: after a crash
/// what was put there before is found again.
fn place(from: &Path, folder: &Path, name: &OsStr) -> io::Result<PathBuf> {
    for number in 1..=NAMES_MAX {
        let to = folder.join(numbered(name, number));
        if to.try_exists()? {
            if same_bytes(from, &to)? {
                fs::remove_file(from)?;
                return Ok(to);
            }
            continue;
        }
        match fs::rename(from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let part = folder.join(".moving.part");
                fs::copy(from, &part)?;
                File::open(&part)?.sync_all()?;
                fs::rename(&part, &to)?;
                fs::remove_file(from)?;
            }
            Err(error) => return Err(error),
        }
        paths::sync_dir(folder)?;
        paths::sync_dir(paths::parent(from))?;
        return Ok(to);
    }
    Err(io::Error::other(format!(
        "more than {NAMES_MAX} files have this name"
    )))
}

/// `a.xml`, `a.2.xml`, `a.3.xml`.
fn numbered(name: &OsStr, number: u32) -> OsString {
    if number == 1 {
        return name.to_owned();
    }
    let path = Path::new(name);
    let mut numbered = path.file_stem().unwrap_or(name).to_owned();
    numbered.push(format!(".{number}"));
    if let Some(ending) = path.extension() {
        numbered.push(".");
        numbered.push(ending);
    }
    numbered
}

/// The names that a file may have come with: its own, and the one without a number.
fn before_numbering(name: &OsStr) -> Vec<String> {
    let own = name.to_string_lossy().into_owned();
    let path = Path::new(name);
    let stem = path.file_stem().unwrap_or(name).to_string_lossy();
    let ending = path.extension().map(|ending| ending.to_string_lossy());
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // `a.2.xml` was `a.xml`, and `a.2` was `a`.
    let unnumbered = match (stem.rsplit_once('.'), ending) {
        (Some((first, number)), Some(ending)) if digits(number) => {
            Some(format!("{first}.{ending}"))
        }
        (_, Some(ending)) if digits(&ending) => Some(stem.into_owned()),
        (_, _) => None,
    };
    std::iter::once(own).chain(unnumbered).collect()
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0; STEP_BYTES], vec![0; STEP_BYTES]);
    loop {
        let read = one.read(&mut a)?;
        if read == 0 {
            return Ok(true);
        }
        other.read_exact(&mut b[..read])?;
        if a[..read] != b[..read] {
            return Ok(false);
        }
    }
}

/// Removes files that have lain in a folder for longer than `keep`, and only those that were put there: the folder may be
/// somebody's archive. `known` tells the names of files that were taken.
pub fn empty(
    folder: &Path,
    keep: Duration,
    now: SystemTime,
    known: impl Fn(&str) -> bool,
) -> io::Result<usize> {
    let mut removed = 0;
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        listing => listing?,
    };
    for entry in listing {
        let entry = entry?;
        let about = entry.metadata()?;
        let age = now.duration_since(about.modified()?).unwrap_or_default();
        let name = entry.file_name();
        let ours = || before_numbering(&name).into_iter().any(|name| known(&name));
        if about.is_file() && age > keep && ours() {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000)
    }

    #[test]
    fn nothing_is_written_over_and_the_same_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let (inbox, done) = (dir.path(), dir.path().join("done"));
        for (text, expected) in [
            ("one", "a.xml"),
            ("two", "a.2.xml"),
            ("one", "a.xml"),
            ("three", "a.3.xml"),
        ] {
            fs::write(inbox.join("a.xml"), text).unwrap();
            let to = move_in(&inbox.join("a.xml"), &done, OsStr::new("a.xml"), now()).unwrap();
            assert_eq!(to, done.join(expected));
            assert_eq!(fs::read_to_string(to).unwrap(), text);
            assert!(!inbox.join("a.xml").exists());
        }
        assert_eq!(fs::read_dir(&done).unwrap().count(), 3);
    }

    #[test]
    fn what_somebody_else_put_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "till.xml",
            "till.2.xml",
            "till",
            "till.7",
            "archive.xml",
            "till.old.xml",
        ] {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_modified(now()).unwrap();
        }
        let (day, known) = (Duration::from_secs(86_400), |name: &str| {
            name == "till.xml" || name == "till"
        });
        assert_eq!(empty(dir.path(), day, now() + day * 2, known).unwrap(), 4);
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["archive.xml", "till.old.xml"]);
    }

    #[test]
    fn a_folder_is_emptied_by_the_day_a_file_was_put_there() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), "old file, moved today").unwrap();
        move_in(
            &dir.path().join("a"),
            &dir.path().join("done"),
            OsStr::new("a"),
            now(),
        )
        .unwrap();
        let (done, day) = (dir.path().join("done"), Duration::from_secs(86_400));
        let known = |name: &str| name == "a";
        assert_eq!(empty(&done, day * 14, now() + day * 14, known).unwrap(), 0);
        assert_eq!(empty(&done, day * 14, now() + day * 15, known).unwrap(), 1);
        assert_eq!(
            empty(&dir.path().join("none"), day, now(), known).unwrap(),
            0
        );
    }
}
