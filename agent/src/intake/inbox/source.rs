//! A dropped file as the files it holds: itself, or those in a ZIP archive, whose size is bounded.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tillpost_shared::catalog::hex;
use tillpost_shared::profile::Profile;
use tillpost_shared::profile::doubt::Doubt;
use tillpost_shared::profile::table::survey::Habits;
use tillpost_shared::profile::text::{Sniff, Text};

/// Read at a time.
pub const STEP_BYTES: usize = 64 * 1024;
/// Files that an archive may hold.
const ENTRIES_MAX: usize = 1_000;
/// Bytes that come out of an archive for each byte in it: of each of its files, and of all together, because files may
/// share their bytes and small ones are free.
pub const RATIO_MAX: u64 = 200;
/// Small archives may be packed more tightly.
pub const RATIO_FREE_BYTES: u64 = 1 << 20;
/// How a ZIP archive begins.
const ZIP: &[u8] = b"PK\x03\x04";

/// A file within a dropped file.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name, without folders.
    pub name: String,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// How it is encoded.
    pub encoding: &'static Encoding,
    /// Whether its numbers or dates could be read two ways.
    doubt: Doubt,
    entry: Option<usize>,
}

/// A dropped file that was looked through once.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Bytes.
    pub size: u64,
    /// Whether it is an archive.
    pub archive: bool,
    /// What it holds; itself, unless it is an archive.
    pub parts: Vec<Part>,
}

impl Source {
    /// Looks through a file: what it holds, its hash, its encoding.
    ///
    /// # Errors
    /// It cannot be read; `InvalidData` when it is an archive that is broken or bursts its limits.
    pub fn open(path: &Path, profile: &Profile) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut head = [0; 4];
        let archive = read_up_to(&mut file, &mut head)? == ZIP.len() && head == ZIP;
        let (mut sniff, mut doubt) = (Sniff::default(), Doubt::default());
        let (hash, size) = through(&mut File::open(path)?, |bytes| {
            sniff.feed(bytes);
            doubt.feed(bytes);
        })?;
        doubt.end();
        let mut source = Self {
            path: path.to_owned(),
            hash,
            size,
            archive,
            parts: Vec::new(),
        };
        if !archive {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let encoding = sniff.encoding(profile.encoding(), profile.encoding_fallback());
            source.parts.push(Part {
                name,
                hash,
                encoding,
                doubt,
                entry: None,
            });
            return Ok(source);
        }
        let entries = source.entries()?;
        let mut left = size.saturating_mul(RATIO_MAX).max(RATIO_FREE_BYTES);
        for (entry, name) in entries {
            let (mut sniff, mut doubt) = (Sniff::default(), Doubt::default());
            let look = |bytes: &[u8]| {
                sniff.feed(bytes);
                doubt.feed(bytes);
            };
            let (hash, unpacked) = source.reading(Some(entry), left, |from| through(from, look))?;
            left = left.saturating_sub(unpacked);
            doubt.end();
            let encoding = sniff.encoding(profile.encoding(), profile.encoding_fallback());
            source.parts.push(Part {
                name,
                hash,
                encoding,
                doubt,
                entry: Some(entry),
            });
        }
        Ok(source)
    }

    /// SHA-256 in hexadecimal.
    pub fn hex(hash: &[u8; 32]) -> String {
        hex(hash)
    }

    /// Reads a part, step by step; answers the hash of what was read.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn read(
        &self,
        part: &Part,
        work: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<[u8; 32]> {
        let mut work = work;
        let mut failed = None;
        // All together were measured when it was opened.
        let (hash, _) = self.reading(part.entry, u64::MAX, |from| {
            through(from, |bytes| {
                if failed.is_none() {
                    failed = work(bytes).err();
                }
            })
        })?;
        failed.map_or(Ok(hash), Err)
    }

    /// Reads a part as text, the last of it told as such; answers the hash of what was read.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn text(&self, part: &Part, take: &mut dyn FnMut(&str, bool)) -> io::Result<[u8; 32]> {
        let (mut text, mut step) = (Text::new(part.encoding), String::new());
        let hash = self.read(part, |bytes| {
            step.clear();
            text.feed(bytes, false, &mut step);
            take(&step, false);
            Ok(())
        })?;
        step.clear();
        text.feed(&[], true, &mut step);
        take(&step, true);
        Ok(hash)
    }

    /// How a part writes numbers and dates, where its profile leaves that to the file; most files are not in doubt and
    /// are not read for it.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn habits(
        &self,
        part: &Part,
        profile: &Profile,
        modified_at: Timestamp,
    ) -> io::Result<Habits> {
        let Some(mut survey) = profile.survey(part.doubt, part.encoding, modified_at) else {
            return Ok(Habits::default());
        };
        self.read(part, |bytes| {
            survey.feed(bytes);
            Ok(())
        })?;
        Ok(survey.habits())
    }

    /// The files of the archive that are files.
    fn entries(&self) -> io::Result<Vec<(usize, String)>> {
        let mut archive = archive(&self.path)?;
        if archive.len() > ENTRIES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the archive holds more than {ENTRIES_MAX} files"),
            ));
        }
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(broken)?;
            if entry.is_file() {
                // Its folders are nobody's business here: nothing is ever written under that name.
                let whole = entry.name().map_err(broken)?;
                let name = whole
                    .rsplit(['/', '\\'])
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                found.push((index, name));
            }
        }
        Ok(found)
    }

    fn reading<T>(
        &self,
        entry: Option<usize>,
        most: u64,
        work: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(index) = entry else {
            return work(&mut File::open(&self.path)?);
        };
        let mut archive = archive(&self.path)?;
        let mut entry = archive.by_index(index).map_err(broken)?;
        let left = entry
            .compressed_size()
            .saturating_mul(RATIO_MAX)
            .max(RATIO_FREE_BYTES)
            .min(most);
        work(&mut Bounded {
            from: &mut entry,
            left,
        })
    }
}

fn archive(path: &Path) -> io::Result<zip::ZipArchive<BufReader<File>>> {
    zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(broken)
}

fn broken(error: zip::result::ZipError) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the archive cannot be read: {error}"),
    )
}

/// Reads no more than an honest archive would hold.
struct Bounded<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let message = format!("the archive unpacks to more than {RATIO_MAX} times its size");
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok(read)
    }
}

fn through(from: &mut dyn Read, mut work: impl FnMut(&[u8])) -> io::Result<([u8; 32], u64)> {
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; STEP_BYTES];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((hash.finalize().into(), size));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
        work(&buffer[..read]);
    }
}

fn read_up_to(from: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        let read = from.read(&mut buffer[filled..])?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(entries: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in entries {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        (dir, path)
    }

    #[test]
    fn an_archive_is_the_files_in_it() {
        let (_dir, path) = packed(&[("day/a.ndjson", b"{}\n"), ("../../b.ndjson", b"{}\n{}\n")]);
        let source = Source::open(&path, &Profile::Ndjson).unwrap();
        let mut texts = Vec::new();
        for part in &source.parts {
            let mut text: Vec<u8> = Vec::new();
            let hash = source.read(part, |bytes| {
                text.extend(bytes);
                Ok(())
            });
            assert_eq!(hash.unwrap(), part.hash);
            texts.push((part.name.as_str(), text.len()));
        }
        assert_eq!(texts, [("a.ndjson", 3), ("b.ndjson", 6)]);
    }

    #[test]
    fn an_archive_of_too_many_files_is_refused() {
        let names: Vec<String> = (0..=ENTRIES_MAX).map(|number| number.to_string()).collect();
        let entries: Vec<(&str, &[u8])> = names
            .iter()
            .map(|name| (name.as_str(), b"{}".as_slice()))
            .collect();
        let (_dir, path) = packed(&entries);
        let error = Source::open(&path, &Profile::Ndjson).unwrap_err();
        assert!(
            error.to_string().contains("more than 1000 files"),
            "{error}"
        );
    }

    #[test]
    fn an_archive_that_bursts_is_refused() {
        let (_dir, path) = packed(&[("a", &vec![0; 64 << 20])]);
        let error = Source::open(&path, &Profile::Ndjson).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("more than 200 times"), "{error}");
        // Each file for itself is small enough to be free; all together are not.
        let small = vec![0; 1 << 20];
        let names: Vec<String> = (0..60).map(|number| format!("{number}.ndjson")).collect();
        let entries: Vec<(&str, &[u8])> = names
            .iter()
            .map(|name| (name.as_str(), small.as_slice()))
            .collect();
        let (_many, many) = packed(&entries);
        let error = Source::open(&many, &Profile::Ndjson).unwrap_err();
        assert!(error.to_string().contains("more than 200 times"), "{error}");
        let quarter = &small[..small.len() / 4];
        let (_few, few) = packed(&[("a", quarter), ("b", quarter), ("c", quarter)]);
        let parts = Source::open(&few, &Profile::Ndjson).unwrap().parts;
        assert_eq!(parts.len(), 3, "small archives may be packed more tightly");
        std::fs::write(&path, b"PK\x03\x04 and nothing more").unwrap();
        assert_eq!(
            Source::open(&path, &Profile::Ndjson).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
