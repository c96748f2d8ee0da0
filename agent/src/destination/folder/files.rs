//! The files of the `folder` destination: read whatever lies there, write whole or not at all.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use tillpost_shared::document::Document;
use tillpost_shared::shape::{Place, Unknown};
use uuid::Uuid;

use crate::destination::Delivery;
use crate::{failpoint, paths};

/// What lies in the folder of one day: which uid in which file.
#[derive(Debug, Default)]
pub struct Index {
    files: Vec<String>,
    uids: HashMap<Uuid, usize>,
}

impl Index {
    /// Reads the folder of `date`.
    pub fn read(path: &Path, date: Date) -> io::Result<Self> {
        let mut index = Self::default();
        let day = date.to_string();
        for file in files_in(&path.join(&day))? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{day}/{name}");
            lines(&file, |uid, _| index.add(uid, &name))?;
        }
        Ok(index)
    }

    /// The file in which a document lies.
    pub fn file_of(&self, uid: Uuid) -> Option<&str> {
        self.uids.get(&uid).map(|file| self.files[*file].as_str())
    }

    /// Notes that a document lies in `file`; the first file that holds it counts.
    pub fn add(&mut self, uid: Uuid, file: &str) {
        if self.files.last().is_none_or(|last| last != file) {
            self.files.push(file.to_owned());
        }
        self.uids.entry(uid).or_insert(self.files.len() - 1);
    }
}

/// Writes a file that appears whole, and is there after a power cut.
pub fn write_whole(path: &Path, deliveries: &[&Delivery]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let part = path.with_extension("ndjson.part");
    // Whatever a crash left of it is written over.
    let mut file = BufWriter::new(File::create(&part)?);
    for delivery in deliveries {
        let id = delivery.id.to_string();
        let line = delivery.document.text_out(&id, &delivery.key, delivery.uid);
        writeln!(file, "{line}")?;
    }
    file.into_inner()?.sync_all()?;
    failpoint::hit("folder.written");
    fs::rename(&part, path)?;
    failpoint::hit("folder.renamed");
    paths::sync_dir(folder)?;
    // A new day's folder is itself an entry that a power cut could take.
    folder.parent().map_or(Ok(()), paths::sync_dir)?;
    failpoint::hit("folder.synced");
    Ok(())
}

/// The folders of days.
pub fn days_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    let day = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        path.is_dir() && name.is_some_and(|name| name.parse::<Date>().is_ok())
    };
    entries(path, day)
}

/// The files of documents in the folder of a day.
pub fn files_in(day: &Path) -> io::Result<Vec<PathBuf>> {
    entries(day, |path| {
        path.is_file() && path.extension().is_some_and(|ending| ending == "ndjson")
    })
}

fn entries(path: &Path, wanted: impl Fn(&Path) -> bool) -> io::Result<Vec<PathBuf>> {
    let listed = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed?,
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry?.path();
        if wanted(&entry) {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}

/// Every line of a file that names a uid. What is no document of ours is passed over: others may put files here.
pub fn lines(file: &Path, mut each: impl FnMut(Uuid, &[u8])) -> io::Result<()> {
    #[derive(Deserialize)]
    struct Named {
        uid: String,
    }
    for line in BufReader::new(File::open(file)?).split(b'\n') {
        let line = line?;
        if let Ok(named) = serde_json::from_slice::<Named>(&line)
            && let Ok(uid) = Uuid::parse_str(&named.uid)
        {
            each(uid, &line);
        }
    }
    Ok(())
}

/// Every uid that lies there, sorted.
pub fn uids(path: &Path) -> io::Result<Vec<Uuid>> {
    let mut uids = Vec::new();
    for day in days_in(path)? {
        for file in files_in(&day)? {
            lines(&file, |uid, _| uids.push(uid))?;
        }
    }
    uids.sort_unstable();
    uids.dedup();
    Ok(uids)
}

/// The file, with its day, in which a uid lies.
pub fn find(path: &Path, uid: Uuid) -> io::Result<Option<String>> {
    for day in days_in(path)? {
        for file in files_in(&day)? {
            let mut found = false;
            lines(&file, |other, _| found |= other == uid)?;
            if found {
                let name = file.strip_prefix(path).unwrap_or(&file);
                return Ok(Some(name.to_string_lossy().into_owned()));
            }
        }
    }
    Ok(None)
}

/// The document of a line.
pub fn parse(line: &[u8]) -> Option<Document> {
    let value = serde_json::from_slice(line).ok()?;
    Document::read(value, &mut Place::new(Unknown::Ignored))
}

/// The document that lies in a file under `uid`.
pub fn document(file: &Path, uid: Uuid) -> io::Result<Option<Document>> {
    let mut found = None;
    lines(file, |other, line| {
        if other == uid && found.is_none() {
            found = parse(line);
        }
    })?;
    Ok(found)
}
