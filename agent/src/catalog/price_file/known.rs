//! What stood in a price file when it was written last: a hash of the whole, or every row with its cells.
//!
//! Of a file of changes two states are kept: `base`, which the till has for sure, and `sent`, which it has when it has
//! read the file that lies there; and `open`, the rows told since `base`, of which it may have read any.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tillpost_shared::catalog::hex;

use super::{PriceFileError, Settings, disk, rename};
use crate::paths;

/// Enough of a hash to tell rows apart.
pub type Mark = [u8; 16];
/// Rows by their keys.
pub type Marks = HashMap<String, Mark>;

/// The notes of one price file.
pub struct Known {
    base: PathBuf,
    sent: PathBuf,
    open: PathBuf,
    part: PathBuf,
    whole: PathBuf,
    replaced: PathBuf,
    /// Stands in the first line: the rows of another profile say nothing.
    profile: String,
}

impl Known {
    /// The notes of this file, whether they are there or not.
    pub fn new(settings: &Settings) -> Self {
        let named = |ending: &str| settings.notes.with_extension(ending);
        let profile = Sha256::digest(format!("{:?}", settings.outward).as_bytes());
        Self {
            base: named("base"),
            sent: named("sent"),
            open: named("open"),
            part: named("part"),
            whole: named("whole"),
            replaced: named("replaced"),
            profile: hex(&profile),
        }
    }

    /// The hash of the whole file that was written last.
    pub fn whole(&self) -> Result<Option<String>, PriceFileError> {
        match fs::read_to_string(&self.whole) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk("read", &self.whole)(error)),
        }
    }

    /// Notes the hash of the whole file.
    pub fn set_whole(&self, hash: &str) -> Result<(), PriceFileError> {
        self.folder()?;
        paths::write_whole(&self.whole, hash.as_bytes()).map_err(disk("write", &self.whole))
    }

    /// Whether the file that was written last took the place of one that lay there.
    pub fn replaced(&self) -> bool {
        self.replaced.exists()
    }

    /// Notes whether it did.
    pub fn set_replaced(&self, replaced: bool) -> Result<(), PriceFileError> {
        let done = match replaced {
            true => fs::write(&self.replaced, b""),
            false => fs::remove_file(&self.replaced),
        };
        done.map_err(disk("write", &self.replaced))?;
        let folder = paths::parent(&self.replaced);
        paths::sync_dir(folder).map_err(disk("sync", folder))
    }

    /// What a till has that has read the file; what it had before where that is not known. `None`: it has nothing.
    pub fn sent(&self) -> Result<Option<Marks>, PriceFileError> {
        match self.marks(&self.sent)? {
            Some(sent) => Ok(Some(sent)),
            None => self.base(),
        }
    }

    /// What a till has that has not read the file.
    pub fn base(&self) -> Result<Option<Marks>, PriceFileError> {
        self.marks(&self.base)
    }

    /// What the till may have read since `base`.
    pub fn open(&self) -> Result<Marks, PriceFileError> {
        Ok(self.marks(&self.open)?.unwrap_or_default())
    }

    fn marks(&self, path: &PathBuf) -> Result<Option<Marks>, PriceFileError> {
        let mut marks = Marks::new();
        let there = self.each(path, &mut |key, cells| {
            marks.insert(key, mark(&cells));
            Ok(())
        })?;
        Ok(there.then_some(marks))
    }

    /// Every row a till may have, each once: for those that are gone.
    pub fn rows(
        &self,
        take: &mut dyn FnMut(String, Vec<String>) -> Result<(), PriceFileError>,
    ) -> Result<(), PriceFileError> {
        let mut seen = Marks::new();
        for path in [&self.sent, &self.base, &self.open] {
            self.each(
                path,
                &mut |key, cells| match seen.insert(key.clone(), Mark::default()) {
                    None => take(key, cells),
                    Some(_) => Ok(()),
                },
            )?;
        }
        Ok(())
    }

    /// Whether there are notes of this profile; damaged ones end where the damage begins.
    fn each(
        &self,
        path: &PathBuf,
        take: &mut dyn FnMut(String, Vec<String>) -> Result<(), PriceFileError>,
    ) -> Result<bool, PriceFileError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(disk("read", path)(error)),
        };
        let mut lines = BufReader::new(file).lines();
        let first = lines.next().transpose().map_err(disk("read", path))?;
        if first.as_ref() != Some(&self.profile) {
            return Ok(false);
        }
        for line in lines {
            let line = line.map_err(disk("read", path))?;
            let Ok((key, cells)) = serde_json::from_str(&line) else {
                break;
            };
            take(key, cells)?;
        }
        Ok(true)
    }

    /// Begins to note rows.
    pub fn next(&self, which: Which) -> Result<Next, PriceFileError> {
        self.folder()?;
        let path = match which {
            Which::Sent => self.part.clone(),
            Which::Open => self.open.with_extension("open-part"),
        };
        let file = File::create(&path).map_err(disk("create", &path))?;
        let mut file = BufWriter::new(file);
        writeln!(file, "{}", self.profile).map_err(disk("write", &path))?;
        Ok(Next { path, file })
    }

    /// The rows that are told are noted before the file is placed: too many of them do no harm.
    pub fn opened(&self, next: Next) -> Result<(), PriceFileError> {
        let part = next.finished()?;
        rename(&part, &self.open)
    }

    /// The next file is placed. `taken`: the till had taken the one before.
    pub fn written(&self, next: Next, taken: bool) -> Result<(), PriceFileError> {
        let part = next.finished()?;
        if taken && self.sent.exists() {
            rename(&self.sent, &self.base)?;
        }
        rename(&part, &self.sent)
    }

    fn folder(&self) -> Result<(), PriceFileError> {
        let folder = paths::parent(&self.sent);
        fs::create_dir_all(folder).map_err(disk("create", folder))
    }
}

/// What is being noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Everything that stands in the store's catalog.
    Sent,
    /// What is told.
    Open,
}

/// Notes that are being written.
pub struct Next {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Next {
    /// Notes a row.
    pub fn row(&mut self, key: &str, cells: &[String]) -> Result<(), PriceFileError> {
        let failed = disk("write", &self.path);
        let line = serde_json::to_string(&(key, cells)).map_err(|error| failed(error.into()))?;
        writeln!(self.file, "{line}").map_err(failed)
    }

    fn finished(mut self) -> Result<PathBuf, PriceFileError> {
        let done = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        done.map_err(disk("write", &self.path))?;
        Ok(self.path)
    }
}

/// Stands for a row's cells.
pub fn mark(cells: &[String]) -> Mark {
    let mut hash = Sha256::new();
    for cell in cells {
        hash.update((cell.len() as u64).to_le_bytes());
        hash.update(cell);
    }
    let mut mark = Mark::default();
    mark.copy_from_slice(&hash.finalize()[..16]);
    mark
}
