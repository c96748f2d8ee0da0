//! The pages of a damaged outbox, without SQLite: the main file with its log laid over it.
//!
//! SQLite stops at the first thing that is wrong; here every page stands for itself. The layout is SQLite's file format
//! (sqlite.org/fileformat2.html). Of the log every frame counts whose checksum follows from the frame before it as
//! that is written, so that one damaged frame costs itself and not all that come after it, up to the last commit.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::store::connection::PAGE_BYTES;

/// What every SQLite file begins with.
pub const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const LOG_MAGIC: u32 = 0x377f_0682;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// Trunk pages of the free list that are followed; a damaged list may go round in circles.
const TRUNKS_MAX: usize = 10_000;

/// The pages of one outbox.
#[derive(Debug)]
pub struct Pages {
    main: File,
    log: Option<File>,
    /// Bytes of a page.
    pub size: usize,
    /// Where in the log the newest version of a page lies.
    in_log: HashMap<u32, u64>,
    /// How many there are.
    pub count: u32,
}

impl Pages {
    /// Opens the file and its log. What cannot be read is missing, no error.
    pub fn open(path: &Path) -> io::Result<Self> {
        let main = File::open(path)?;
        let mut pages = Self {
            size: PAGE_BYTES,
            in_log: HashMap::new(),
            count: 0,
            log: File::open(log_of(path)).ok(),
            main,
        };
        if let Some(header) = at(&pages.main, 0, 100)
            && header.starts_with(MAGIC)
        {
            pages.size = match u16::from_be_bytes([header[16], header[17]]) {
                1 => 1 << 16,
                size if size >= 512 && size.is_power_of_two() => size.into(),
                _ => PAGE_BYTES,
            };
        }
        let whole = pages.main.metadata()?.len() / pages.size as u64;
        pages.count = u32::try_from(whole).unwrap_or(u32::MAX);
        pages.read_log();
        Ok(pages)
    }

    /// A page, numbered from 1; `None` where it cannot be read.
    pub fn read(&self, number: u32) -> Option<Vec<u8>> {
        if let (Some(offset), Some(log)) = (self.in_log.get(&number), &self.log) {
            return at(log, *offset, self.size);
        }
        let offset = u64::from(number.checked_sub(1)?) * self.size as u64;
        at(&self.main, offset, self.size)
    }

    /// The pages that hold nothing any more; what is left on them is old.
    pub fn free(&self) -> HashSet<u32> {
        let mut free = HashSet::new();
        let first = self.read(1).filter(|page| page.starts_with(MAGIC));
        let mut trunk = first.map_or(0, |page| number(&page, 32));
        for _ in 0..TRUNKS_MAX {
            if trunk == 0 || trunk > self.count || !free.insert(trunk) {
                break;
            }
            let Some(page) = self.read(trunk) else { break };
            let leaves = (number(&page, 4) as usize).min(self.size / 4 - 2);
            free.extend((0..leaves).map(|n| number(&page, 8 + 4 * n)));
            trunk = number(&page, 0);
        }
        free
    }

    /// Whether the page maps pages to their parents: in files that can shrink every so many pages is one.
    pub fn is_map(&self, page: u32) -> bool {
        let every = u32::try_from(self.size / 5 + 1).unwrap_or(u32::MAX);
        page >= 2 && (page - 2).is_multiple_of(every)
    }

    fn read_log(&mut self) {
        let Some(log) = &self.log else { return };
        let Some(header) = at(log, 0, LOG_HEADER) else {
            return;
        };
        let magic = number(&header, 0);
        if magic & !1 != LOG_MAGIC || number(&header, 8) as usize != self.size {
            return;
        }
        let big_endian = magic & 1 == 1;
        let mut sums = (number(&header, 24), number(&header, 28));
        let (mut committed, mut open) = (HashMap::new(), Vec::new());
        let mut offset = LOG_HEADER as u64;
        while let Some(frame) = at(log, offset, FRAME_HEADER + self.size) {
            let (head, page) = frame.split_at(FRAME_HEADER);
            let own = checksum(checksum(sums, &head[..8], big_endian), page, big_endian);
            sums = (number(head, 16), number(head, 20));
            // Frames of an earlier round of the log carry other salts.
            if head[8..16] != header[16..24] {
                break;
            }
            if own == sums {
                open.push((number(head, 0), offset + FRAME_HEADER as u64));
                if number(head, 4) > 0 {
                    self.count = self.count.max(number(head, 4));
                    committed.extend(open.drain(..));
                }
            }
            offset += (FRAME_HEADER + self.size) as u64;
        }
        self.in_log = committed;
    }
}

/// The log that belongs to a file.
pub fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn at(mut file: &File, offset: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// Four bytes, the most significant first.
fn number(bytes: &[u8], from: usize) -> u32 {
    let four = bytes
        .get(from..from + 4)
        .and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_be_bytes)
}

fn checksum(from: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let word = |four: &[u8]| {
        let four = [four[0], four[1], four[2], four[3]];
        match big_endian {
            true => u32::from_be_bytes(four),
            false => u32::from_le_bytes(four),
        }
    };
    let (mut a, mut b) = from;
    for eight in bytes.chunks_exact(8) {
        a = a.wrapping_add(word(&eight[..4])).wrapping_add(b);
        b = b.wrapping_add(word(&eight[4..])).wrapping_add(a);
    }
    (a, b)
}
