//! Text in columns, delimited or of fixed width: one engine, and a profile that says which column is what.
//!
//! [`rows`] cuts text into rows, [`columns`] finds cells by name, [`receipt`] gathers the rows of one receipt and
//! [`document`] says it in the contract's words; [`counts`] does the same for what scanners write.

pub mod columns;
pub mod counts;
mod delimiter;
mod digital_link;
pub mod document;
mod embedded;
pub mod gather;
mod moves;
#[cfg(test)]
mod moves_tests;
pub mod naming;
mod open;
pub mod pair;
mod payment;
pub mod reader;
pub mod receipt;
pub mod rows;
pub mod settings;
mod sold;
mod sums;
pub mod survey;
pub mod terms;
#[cfg(test)]
mod tests;
mod times;
#[cfg(test)]
mod whole_file_tests;
pub mod words;
mod zones;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

pub use self::reader::Reader;
pub use self::settings::{
    Column, Count, Dates, Defaults, Direction, Embedded, Header, Layout, LineTypes, Record,
    RowKind, Status, StopAt,
};
use crate::profile::number::Sign;
use crate::profile::poslog::TenderName;
use crate::profile::text;

/// How text in columns is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Delimited or of fixed width.
    pub kind: Layout,
    /// What a row is.
    pub record: Record,
    /// `auto`, or the name of an encoding.
    #[serde(default = "auto")]
    pub encoding: String,
    /// The encoding where nothing says.
    #[serde(default = "windows")]
    pub encoding_fallback: String,
    /// `auto`, or the sign between columns.
    #[serde(default = "auto")]
    pub delimiter: String,
    /// The sign around text.
    #[serde(default = "quote")]
    pub quote: char,
    /// Whether the first row names the columns.
    #[serde(default)]
    pub header: Header,
    /// Rows before the one that names all of these columns are passed over.
    #[serde(default)]
    pub skip_until_header: Vec<String>,
    /// The columns of a fixed width.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// The names of the columns of a delimited file without a header.
    #[serde(default)]
    pub names: Vec<String>,
    /// Other lists of names: that one holds which has as many names as the first row has cells.
    #[serde(default)]
    pub other_names: Vec<Vec<String>>,
    /// The row at which the data ends.
    #[serde(default)]
    pub stop_at: Option<StopAt>,
    /// The sign before decimals.
    #[serde(default)]
    pub decimal: Sign,
    /// Texts that stand for nothing.
    #[serde(default = "nulls")]
    pub null_values: Vec<String>,
    /// When it happened.
    #[serde(default)]
    pub date: Dates,
    /// The columns whose values make rows one receipt.
    #[serde(default)]
    pub group_by: Vec<String>,
    /// Columns that are only filled in a receipt's first row.
    #[serde(default)]
    pub forward_fill: Vec<String>,
    /// Which rows are lines, tenders and roundings.
    #[serde(default)]
    pub row_kind: Option<RowKind>,
    /// How goods that come back are told.
    #[serde(default)]
    pub direction: Direction,
    /// Which receipts count.
    #[serde(default)]
    pub status: Option<Status>,
    /// `COLUMN=VALUE|VALUE`: receipts of others are passed over, where the file has that column.
    #[serde(default)]
    pub keep: Vec<String>,
    /// The document's fields and their columns.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// Fields that are computed from others.
    #[serde(default)]
    pub derive: BTreeMap<String, String>,
    /// What each line is.
    #[serde(default)]
    pub line_types: Option<LineTypes>,
    /// What tax authorities want kept, by the names under which it is kept, and their columns.
    #[serde(default)]
    pub fiscal: BTreeMap<String, String>,
    /// The file's keys for tax rates, and the rates in per cent; without, its column holds the rate itself.
    #[serde(default)]
    pub tax_rates: BTreeMap<String, String>,
    /// What holds where no column says.
    #[serde(default)]
    pub defaults: Defaults,
    /// The till's words for tenders.
    #[serde(default)]
    pub tenders: BTreeMap<String, TenderName>,
    /// Columns that hold one tender's amount each.
    #[serde(default)]
    pub tender_columns: BTreeMap<String, TenderName>,
    /// Codes for what the file calls its stores.
    #[serde(default)]
    pub stores: BTreeMap<String, String>,
    /// Codes for what the file calls its tills.
    #[serde(default)]
    pub tills: BTreeMap<String, String>,
    /// What the file counts.
    #[serde(default)]
    pub count: Count,
    /// Weights and prices that stand in barcodes.
    #[serde(default)]
    pub embedded: Vec<Embedded>,
}

fn auto() -> String {
    "auto".to_owned()
}
fn windows() -> String {
    "windows-1252".to_owned()
}
fn quote() -> char {
    '"'
}
fn nulls() -> Vec<String> {
    ["", "--", "N/A", "n/a", "NULL", "null"]
        .map(str::to_owned)
        .to_vec()
}

/// The fields that a column may fill.
pub const FIELDS: [&str; 45] = [
    "store",
    "till",
    "series",
    "sequence",
    "receipt_number",
    "reference",
    "operator",
    "currency",
    "business_date",
    "line",
    "sku",
    "barcode",
    "product",
    "name",
    "department",
    "quantity",
    "unit",
    "unit_price",
    "gross",
    "discount",
    "total",
    "net",
    "tax",
    "tax_rate",
    "tender",
    "tender_amount",
    "tip",
    "location",
    "serial",
    "lot",
    "document_total",
    "document_tax",
    "document_discount",
    "shipping",
    "service_charge",
    "gratuity",
    "gift_card_sales",
    "refunded",
    "customer",
    "loyalty_card",
    "expiry",
    "partner",
    "from",
    "to",
    "reason",
];

/// The fields that hold numbers.
pub const NUMBERS: [&str; 18] = [
    "quantity",
    "unit_price",
    "gross",
    "discount",
    "total",
    "net",
    "tax",
    "tax_rate",
    "tender_amount",
    "tip",
    "document_total",
    "document_tax",
    "document_discount",
    "shipping",
    "service_charge",
    "gratuity",
    "gift_card_sales",
    "refunded",
];

impl Table {
    /// What is wrong with it, in a sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        for field in self.map.keys().chain(self.derive.keys()) {
            if !FIELDS.contains(&field.as_str()) {
                return Err(format!(
                    "`{field}` is no field; there are {}",
                    FIELDS.join(", ")
                ));
            }
        }
        for name in [&self.encoding, &self.encoding_fallback] {
            if name != "auto" && !name.is_empty() && text::named(name).is_none() {
                return Err(format!(
                    "`{name}` is no encoding: auto, utf-8, windows-1252, iso-8859-1, cp850 and others that browsers know"
                ));
            }
        }
        if self.kind == Layout::Fixed && self.columns.is_empty() {
            return Err("a fixed profile needs [[columns]]".to_owned());
        }
        if self.columns.iter().any(|column| column.start == 0) {
            return Err("a column's `start` counts from 1".to_owned());
        }
        if self.kind == Layout::Delimited && self.delimiter != "auto" && self.delimiter.len() != 1 {
            return Err("`delimiter` is auto or one sign".to_owned());
        }
        if !self.quote.is_ascii() {
            return Err("`quote` is one plain sign".to_owned());
        }
        if matches!(self.record, Record::SaleLines | Record::Moves) && self.group_by.is_empty() {
            return Err(
                "sale_lines and moves need `group_by`: the columns whose values make rows one receipt"
                    .to_owned(),
            );
        }
        for rate in self.tax_rates.values() {
            if rate.parse::<Decimal>().is_err() {
                return Err(format!("`{rate}` is no rate in per cent"));
            }
        }
        for expression in self.derive.values() {
            terms::terms(expression)?;
        }
        let zone = self.date.zone.iter().chain(self.date.zone_names.values());
        for name in zone {
            if jiff::tz::TimeZone::get(name).is_err() {
                return Err(format!("`{name}` is no time zone"));
            }
        }
        Ok(())
    }
}
