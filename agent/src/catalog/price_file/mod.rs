//! The store's prices as a file for a till that reads files: whole or not there, and only when something changed.
//!
//! Written beside its name and renamed; the trigger, which tells the till, comes after it. What stood in it is noted in
//! the data folder after that ([`known`]), so that whatever stops the program in between, the till is told again.

mod changes;
mod known;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use tillpost_shared::catalog::{Product, hex};
use tillpost_shared::config::Content;
use tillpost_shared::profile::outward::line::{self, Change, Left};
use tillpost_shared::profile::outward::rows::{Row, of_product, of_tax, of_tender};
use tillpost_shared::profile::outward::signs::Signs;
use tillpost_shared::profile::outward::{Outward, Record};

use self::known::Known;
use super::file::{CatalogError, CatalogFile};
use crate::paths::{self, part_of};

/// Products read at a time.
const PAGE: usize = 500;
/// Rows and characters that are told one by one.
pub const TOLD_MAX: usize = 5;

/// What a price file is told.
#[derive(Debug)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub outward: Outward,
    /// Everything, or what changed.
    pub content: Content,
    /// The file that tells the till.
    pub trigger: Option<PathBuf>,
    /// The store's zone.
    pub zone: TimeZone,
    /// What the till calls ways to pay, and what they are at head office.
    pub tenders: Vec<(String, String)>,
    /// Where it is noted what stood in it.
    pub notes: PathBuf,
}

/// Why a price file was not written.
#[derive(Debug, thiserror::Error)]
pub enum PriceFileError {
    /// The disk refused.
    #[error("cannot {doing} {path}")]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The products cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// What was written, and what of it a person should know.
#[derive(Debug, Default, PartialEq)]
pub struct Written {
    /// Whether the file is another one now.
    pub new: bool,
    /// Rows in it.
    pub rows: usize,
    /// Characters that the encoding lacks: how often, and the key of a row with it.
    pub lacking: BTreeMap<char, (usize, String)>,
    /// Rows that do not fit, the first ones.
    pub left: Vec<Left>,
    /// How many do not fit.
    pub left_count: usize,
}

/// Writes the file, when something in it changed.
///
/// # Errors
/// The catalog cannot be read, or the file or the notes not be written. Nothing half stands anywhere; it is to be tried
/// again.
pub fn write(
    settings: &Settings,
    catalog: &CatalogFile,
    now: Timestamp,
) -> Result<Written, PriceFileError> {
    let all = All {
        settings,
        catalog,
        now,
    };
    match settings.content {
        Content::Full => full(&all),
        Content::Changes => changes::write(&all),
    }
}

/// Whether the file is to be written although nothing changed: a till may have removed it unread.
pub fn again(settings: &Settings) -> bool {
    settings.content == Content::Changes && changes::again(settings)
}

fn full(all: &All<'_>) -> Result<Written, PriceFileError> {
    let mut out = Out::begin(all.settings)?;
    let mut left = Vec::new();
    all.rows(&mut |row| match row {
        Ok((key, cells)) => out.row(&key, &cells, Change::New),
        Err(not) => {
            left.push(not);
            Ok(())
        }
    })?;
    let known = Known::new(all.settings);
    let (hash, mut written) = out.finished()?;
    tell_left(&mut written, left);
    if known.whole()? == Some(hash.clone()) {
        drop_part(all.settings)?;
        return Ok(written);
    }
    place(all.settings)?;
    known.set_whole(&hash)?;
    written.new = true;
    Ok(written)
}

fn tell_left(written: &mut Written, mut left: Vec<Left>) {
    written.left_count = left.len();
    left.truncate(TOLD_MAX);
    written.left = left;
}

/// A row's key and cells, or why it has none.
type Celled = Result<(String, Vec<String>), Left>;

/// Everything that may stand in the file.
struct All<'a> {
    settings: &'a Settings,
    catalog: &'a CatalogFile,
    now: Timestamp,
}

impl All<'_> {
    /// Each row in its order. Products are read page by page: a whole catalog need not fit into memory.
    fn rows(
        &self,
        take: &mut dyn FnMut(Celled) -> Result<(), PriceFileError>,
    ) -> Result<(), PriceFileError> {
        let outward = &self.settings.outward;
        let celled = |row: &Row<'_>| {
            let cells = line::cells(outward, row, &self.settings.zone)?;
            Ok((row.key.clone(), cells))
        };
        match outward.record {
            Record::Tenders => {
                let mut tenders = self.settings.tenders.iter();
                tenders.try_for_each(|(tender, name)| take(celled(&of_tender(tender, name))))
            }
            Record::Taxes => {
                let mut taxes = BTreeMap::new();
                self.products(&mut |product| {
                    for tax in &product.taxes {
                        taxes.insert((tax.code.clone(), tax.rate.normalize()), tax.clone());
                    }
                    Ok(())
                })?;
                taxes
                    .values()
                    .try_for_each(|tax| take(celled(&of_tax(tax))))
            }
            Record::Products | Record::Barcodes | Record::Prices => self.products(&mut |product| {
                let mut rows = of_product(outward.record, product, self.now).into_iter();
                rows.try_for_each(|row| take(celled(&row)))
            }),
        }
    }

    fn products(
        &self,
        take: &mut dyn FnMut(&Product) -> Result<(), PriceFileError>,
    ) -> Result<(), PriceFileError> {
        let mut after = 0;
        loop {
            let page = self.catalog.page(after, PAGE)?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = *last;
            for (_, product) in &page {
                if product.active || self.settings.outward.inactive {
                    take(product)?;
                }
            }
        }
    }
}

/// The file that is being written.
struct Out<'a> {
    settings: &'a Settings,
    signs: Signs,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: Vec<u8>,
    written: Written,
}

impl<'a> Out<'a> {
    fn begin(settings: &'a Settings) -> Result<Self, PriceFileError> {
        let part = part_of(&settings.path);
        let file = File::create(&part).map_err(disk("create", &part))?;
        let outward = &settings.outward;
        let mut out = Self {
            settings,
            // The profile's check knows the encoding.
            signs: Signs::find(&outward.encoding).unwrap_or(Signs::Known(encoding_rs::UTF_8)),
            file: BufWriter::new(file),
            hash: Sha256::new(),
            bytes: Vec::new(),
            written: Written::default(),
        };
        if outward.mark {
            out.bytes.extend(out.signs.mark());
        }
        let header = line::header(outward);
        out.text("", if outward.header { &header } else { "" })?;
        Ok(out)
    }

    fn row(&mut self, key: &str, cells: &[String], change: Change) -> Result<(), PriceFileError> {
        self.written.rows += 1;
        let text = line::text(&self.settings.outward, cells, change);
        self.text(key, &text)
    }

    fn text(&mut self, key: &str, text: &str) -> Result<(), PriceFileError> {
        let lacking = &mut self.written.lacking;
        let instead = self.settings.outward.lacking;
        self.signs.write(text, instead, &mut self.bytes, &mut |c| {
            lacking.entry(c).or_insert_with(|| (0, key.to_owned())).0 += 1;
        });
        self.hash.update(&self.bytes);
        let done = self.file.write_all(&self.bytes);
        self.bytes.clear();
        done.map_err(disk("write", &self.settings.path))
    }

    /// Brings it onto the disk, still under its other name; answers its hash.
    fn finished(mut self) -> Result<(String, Written), PriceFileError> {
        let failed = disk("write", &self.settings.path);
        self.file.flush().map_err(&failed)?;
        self.file.get_ref().sync_all().map_err(&failed)?;
        Ok((hex(&self.hash.finalize()), self.written))
    }
}

/// Gives the file its name, and tells the till.
fn place(settings: &Settings) -> Result<(), PriceFileError> {
    rename(&part_of(&settings.path), &settings.path)?;
    let Some(trigger) = &settings.trigger else {
        return Ok(());
    };
    paths::write_whole(trigger, b"").map_err(disk("write", trigger))
}

fn drop_part(settings: &Settings) -> Result<(), PriceFileError> {
    let part = part_of(&settings.path);
    fs::remove_file(&part).map_err(disk("remove", &part))
}

fn rename(from: &Path, to: &Path) -> Result<(), PriceFileError> {
    fs::rename(from, to).map_err(disk("write", to))?;
    let folder = paths::parent(to);
    paths::sync_dir(folder).map_err(disk("sync", folder))
}

fn disk(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> PriceFileError {
    let path = path.to_owned();
    move |source| PriceFileError::Disk {
        doing,
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests;
