//! What scanners write: one count a file, in parts of as many lines as a document may have.

use std::collections::HashMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::columns::{Bad, Columns};
use super::digital_link;
use super::document::lots;
use super::embedded::{Held, embedded};
use super::gather::Gather;
use super::receipt::Lot;
use super::rows::Row;
use super::words::code;
use super::{Count, Table};
use crate::intake::LINES_MAX;
use crate::problem::{Code, Problem};
use crate::profile::piece::{Part, Piece};
use crate::profile::poslog::money::plain;
use crate::profile::{About, Spot};

/// Characters of the file's name in a count's code; the rest is the file's hash.
const NAME_MAX: usize = 22;
const HASH_MAX: usize = 8;
/// Text of a part: a scanner that is held on one article writes many rows and few lines.
const PART_BYTES_MAX: usize = 2 << 20;

/// A count that is read.
#[derive(Debug, Default)]
pub struct Counting {
    spot: Spot,
    raw: String,
    lines: Vec<Counted>,
    known: HashMap<(Option<String>, String, Option<String>), usize>,
    /// Rows that could not be read.
    refused: usize,
    part: usize,
    latest: Option<Timestamp>,
    found: Vec<Problem>,
}

#[derive(Debug)]
struct Counted {
    at: usize,
    product: Vec<(&'static str, String)>,
    location: Option<String>,
    unit: Option<String>,
    lot: Lot,
    quantity: Decimal,
    counted_at: Option<String>,
}

impl Counting {
    /// Adds a row; a full part goes to `out`.
    pub fn add(
        &mut self,
        gather: &Gather<'_>,
        row: &Row,
        private: Vec<Problem>,
        out: &mut Vec<Piece>,
    ) {
        if self.lines.len() == LINES_MAX || self.raw.len() > PART_BYTES_MAX {
            out.push(self.piece(gather, false));
        }
        for problem in private {
            if !self.found.iter().any(|known| known.code == problem.code) {
                self.found.push(problem);
            }
        }
        match counted(gather, row, self.raw.len()) {
            Ok((counted, at)) => self.keep(counted, at, row, gather.table),
            Err(Bad { problem, column }) => {
                self.refused += 1;
                let spot = column.map_or(row.spot, |column| row.spot_of(column));
                out.push(Piece::new(spot, Err(problem), row.raw.clone()));
            }
        }
    }

    /// The end of the file: the part that makes the count complete.
    pub fn finish(&mut self, gather: &Gather<'_>, out: &mut Vec<Piece>) {
        if !self.lines.is_empty() || self.part > 0 {
            out.push(self.piece(gather, true));
        }
    }

    fn keep(&mut self, counted: Counted, at: Option<Timestamp>, row: &Row, table: &Table) {
        if self.raw.is_empty() {
            self.spot = row.spot;
        }
        self.raw.push_str(&row.raw);
        self.latest = self.latest.max(at);
        let name = counted.product.first().map(|(_, text)| text.clone());
        if table.count.aggregate == "sum" && counted.lot.serial.is_none() {
            let key = (
                counted.location.clone(),
                name.unwrap_or_default(),
                counted.lot.lot.clone(),
            );
            if let Some(index) = self.known.get(&key) {
                self.lines[*index].quantity += counted.quantity;
                return;
            }
            self.known.insert(key, self.lines.len());
        }
        self.lines.push(counted);
    }

    fn piece(&mut self, gather: &Gather<'_>, complete: bool) -> Piece {
        let (table, about) = (gather.table, gather.about);
        self.part += 1;
        self.known.clear();
        let lines = std::mem::take(&mut self.lines);
        let mut parts = Vec::new();
        let told = lines.iter().enumerate().map(|(index, line)| {
            parts.push((Part::Line(index), line.at));
            line.json(index, gather)
        });
        let told: Value = told.collect();
        let cutoff = match table.count.cutoff.as_str() {
            "column:max" => self.latest.unwrap_or(about.modified_at),
            _ => about.modified_at,
        };
        let mut body = json!({
            "count": name(about), "mode": table.count.mode, "cutoff_at": cutoff.to_string(), "complete": complete,
            "lines": told,
        });
        if let Some(body) = body.as_object_mut() {
            if self.part > 1 || !complete {
                body.insert("part".to_owned(), self.part.to_string().into());
            }
            if let Some(missing) = &table.count.missing_means {
                body.insert("missing_means".to_owned(), missing.clone().into());
            }
        }
        let document = json!({
            "kind": "stock_count", "store": about.store, "occurred_at": cutoff.to_string(),
            "source": {"file": about.file_name}, "body": body,
        });
        let mut piece = Piece::new(self.spot, Ok(document), std::mem::take(&mut self.raw));
        piece.parts = parts;
        piece.found = std::mem::take(&mut self.found);
        let zero = table.count.missing_means.as_deref() == Some("zero");
        if complete && zero && self.refused > 0 {
            let message =
                "rows of this count could not be read, and what is not counted would count as none";
            piece.found.push(Problem::held(
                Code::CountScope,
                "body.missing_means",
                message,
            ));
        }
        piece
    }
}

impl Counted {
    fn json(&self, index: usize, gather: &Gather<'_>) -> Value {
        let table = gather.table;
        let mut json = Map::new();
        json.insert("line".to_owned(), (index + 1).into());
        let location = || located(&table.count, &gather.about.file_name);
        if let Some(location) = self.location.clone().or_else(location) {
            json.insert("location".to_owned(), location.into());
        }
        let product = self
            .product
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.clone().into()));
        json.insert("product".to_owned(), Value::Object(product.collect()));
        json.insert("quantity".to_owned(), plain(self.quantity));
        if let Some(unit) = self.unit.as_ref().or(table.defaults.unit.as_ref()) {
            json.insert("unit".to_owned(), unit.clone().into());
        }
        if let Some(lots) = lots(&self.lot, self.quantity) {
            json.insert("lots".to_owned(), lots);
        }
        if let Some(at) = &self.counted_at {
            json.insert("counted_at".to_owned(), at.clone().into());
        }
        Value::Object(json)
    }
}

/// A count's code: two files of one name are two counts, and one file is always the same.
fn name(about: &About) -> String {
    let stem = about
        .file_name
        .rsplit_once('.')
        .map_or(about.file_name.as_str(), |(stem, _)| stem);
    let stem: String = code(stem).chars().take(NAME_MAX).collect();
    let hash = about.sha256.get(..HASH_MAX).unwrap_or(&about.sha256);
    code(&format!("{stem}-{hash}"))
}

/// Where a count was made, where no column says: what the profile says, or a part of the file's name, as in
/// `file:{}_*` for `Cellar_2026.csv`.
fn located(count: &Count, file_name: &str) -> Option<String> {
    let said = count.location.as_ref()?;
    let Some(pattern) = said.strip_prefix("file:") else {
        return Some(said.clone());
    };
    let (before, after) = pattern.split_once("{}")?;
    let rest = match before.strip_prefix('*') {
        Some(before) => file_name.split_once(before).map(|(_, rest)| rest)?,
        None => file_name.strip_prefix(before)?,
    };
    let after = after.trim_end_matches('*');
    let end = if after.is_empty() {
        rest.len()
    } else {
        rest.find(after)?
    };
    let name = code(rest.get(..end)?);
    (!name.is_empty()).then_some(name)
}

fn counted(gather: &Gather<'_>, row: &Row, at: usize) -> Result<(Counted, Option<Timestamp>), Bad> {
    let Gather { table, columns, .. } = gather;
    let text = |field: &str| columns.text(row, field, table).map(str::to_owned);
    let mut product = gather.product(row);
    if product.is_empty() {
        let message = "the row names no article";
        let problem = Problem::refused(Code::MissingField, "body.lines[0].product", message);
        return Err(problem.into());
    }
    let mut quantity = quantity(columns, row, table)?;
    let mut lot = gather.lot(row);
    if let Some((field, text)) = product.first_mut() {
        if let Some(link) = digital_link::read(text) {
            (*field, *text) = ("barcode", link.barcode);
            lot.lot = lot.lot.or(link.lot);
            lot.serial = lot.serial.or(link.serial);
            lot.expiry = lot.expiry.or(link.expiry);
            quantity = quantity.or(link.weight);
        } else if *field == "barcode"
            && let Some((item, Held::Weight(weight))) = embedded(text, &table.embedded)
        {
            *text = item;
            quantity = quantity.map(|count| count * weight).or(Some(weight));
        }
    }
    let when = gather.when(row)?;
    let counted = Counted {
        at,
        product,
        location: text("location"),
        unit: text("unit"),
        lot,
        quantity: quantity.unwrap_or(Decimal::ONE),
        counted_at: when.as_ref().map(|when| when.text.clone()),
    };
    Ok((counted, when.map(|when| when.at)))
}

/// A quantity that is mapped and empty is none, unless the profile says what it stands for; where no column holds it,
/// each row counts one.
fn quantity(columns: &Columns, row: &Row, table: &Table) -> Result<Option<Decimal>, Bad> {
    let found = columns.number(row, "quantity", table)?;
    let column = table.map.get("quantity");
    let column = column.and_then(|column| columns.index(column));
    if column.is_some() && found.is_none() {
        if let Some(stands) = table.count.empty_quantity {
            return Ok(Some(Decimal::from(stands)));
        }
        let message = "the row holds no quantity";
        return Err(Bad {
            problem: Problem::refused(Code::MissingField, "body.lines[0].quantity", message),
            column,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_may_say_where_was_counted() {
        let at = |location: &str, name: &str| {
            let count = Count {
                location: Some(location.to_owned()),
                ..Count::default()
            };
            located(&count, name)
        };
        assert_eq!(at("Cellar", "x.csv").as_deref(), Some("Cellar"));
        assert_eq!(
            at("file:{}_*", "Cellar_2026.csv").as_deref(),
            Some("Cellar")
        );
        assert_eq!(
            at("file:count-{}.csv", "count-B 7.csv").as_deref(),
            Some("B-7")
        );
        assert_eq!(
            at("file:*-{}.*", "2026-Cellar.csv").as_deref(),
            Some("Cellar")
        );
        assert_eq!(at("file:{}_*", "count.csv"), None);
    }
}
