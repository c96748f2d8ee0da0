//! What scanners write: one count a file, in parts of as many lines as a document may have.

use std::collections::HashMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::columns::Columns;
use super::receipt::Gather;
use super::rows::Row;
use super::words::code;
use super::{Embedded, Table};
use crate::intake::LINES_MAX;
use crate::problem::{Code, Problem};
use crate::profile::piece::{Part, Piece};
use crate::profile::poslog::money::plain;
use crate::profile::{About, Spot};

/// Characters of the file's name in a count's code; the rest is the file's hash.
const NAME_MAX: usize = 22;
const HASH_MAX: usize = 8;

/// A count that is read.
#[derive(Debug, Default)]
pub struct Counting {
    spot: Spot,
    raw: String,
    lines: Vec<Counted>,
    known: HashMap<(Option<String>, String), usize>,
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
    serial: Option<String>,
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
        if self.lines.len() == LINES_MAX {
            out.push(self.piece(gather, false));
        }
        for problem in private {
            if !self.found.iter().any(|known| known.code == problem.code) {
                self.found.push(problem);
            }
        }
        match counted(gather, row, self.raw.len()) {
            Ok((counted, at)) => self.keep(counted, at, row, gather.table),
            Err(problem) => out.push(Piece::new(row.spot, Err(problem), row.raw.clone())),
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
        if table.count.aggregate == "sum" && counted.serial.is_none() {
            let key = (counted.location.clone(), name.unwrap_or_default());
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
            line.json(index, table)
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
        piece
    }
}

impl Counted {
    fn json(&self, index: usize, table: &Table) -> Value {
        let mut json = Map::new();
        json.insert("line".to_owned(), (index + 1).into());
        let location = self.location.as_ref().or(table.count.location.as_ref());
        if let Some(location) = location {
            json.insert("location".to_owned(), location.clone().into());
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
        if let Some(serial) = &self.serial {
            let quantity = plain(self.quantity.abs());
            json.insert(
                "lots".to_owned(),
                json!([{"serial": serial, "quantity": quantity}]),
            );
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

fn counted(
    gather: &Gather<'_>,
    row: &Row,
    at: usize,
) -> Result<(Counted, Option<Timestamp>), Problem> {
    let Gather { table, columns, .. } = gather;
    let text = |field: &str| columns.text(row, field, table).map(str::to_owned);
    let mut product = gather.product(row);
    if product.is_empty() {
        let message = "the row names no article";
        return Err(Problem::refused(
            Code::MissingField,
            "body.lines[0].product",
            message,
        ));
    }
    let mut quantity = quantity(columns, row, table)?;
    if let Some((field, text)) = product.first_mut()
        && *field == "barcode"
        && let Some((item, weight)) = embedded(text, &table.embedded)
    {
        *text = item;
        quantity = quantity.map(|count| count * weight).or(Some(weight));
    }
    let when = gather.when(row)?;
    let counted = Counted {
        at,
        product,
        location: text("location"),
        unit: text("unit"),
        serial: text("serial"),
        quantity: quantity.unwrap_or(Decimal::ONE),
        counted_at: when.as_ref().map(|when| when.text.clone()),
    };
    Ok((counted, when.map(|when| when.at)))
}

/// A quantity that is mapped and empty is none; where no column holds it, each row counts one.
fn quantity(columns: &Columns, row: &Row, table: &Table) -> Result<Option<Decimal>, Problem> {
    let found = columns.number(row, "quantity", table)?;
    let mapped = table
        .map
        .get("quantity")
        .is_some_and(|column| columns.index(column).is_some());
    if mapped && found.is_none() {
        let message = "the row holds no quantity";
        return Err(Problem::refused(
            Code::MissingField,
            "body.lines[0].quantity",
            message,
        ));
    }
    Ok(found)
}

/// The article and the weight in a barcode of the store's own.
fn embedded(barcode: &str, rules: &[Embedded]) -> Option<(String, Decimal)> {
    let rule = rules
        .iter()
        .find(|rule| barcode.len() == 13 && barcode.starts_with(&rule.prefix))?;
    let digits = |range: &str| -> Option<&str> {
        let (first, last) = range.split_once("..")?;
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        barcode.get(first.checked_sub(1)?..last)
    };
    let (weight, divisor) = rule.weight.split_once('/').unwrap_or((&rule.weight, "1"));
    let item = digits(&rule.item)?.to_owned();
    let weight: Decimal = digits(weight)?.parse().ok()?;
    Some((item, weight.checked_div(divisor.parse().ok()?)?.normalize()))
}
