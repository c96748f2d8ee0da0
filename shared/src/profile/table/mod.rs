//! Text in columns, delimited or of fixed width: one engine, and a profile that says which column is what.
//!
//! [`rows`] cuts text into rows, [`columns`] finds cells by name, [`receipt`] gathers the rows of one receipt and
//! [`document`] says it in the contract's words; [`counts`] does the same for what scanners write.

pub mod columns;
pub mod counts;
pub mod document;
pub mod pair;
pub mod reader;
pub mod receipt;
pub mod rows;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use self::reader::Reader;
use crate::profile::number::Sign;
use crate::profile::poslog::TenderName;

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
    /// The document's fields and their columns.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// Fields that are computed from others.
    #[serde(default)]
    pub derive: BTreeMap<String, String>,
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

/// How columns are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// By a sign.
    Delimited,
    /// By their width.
    Fixed,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A line (or tender) of a receipt.
    SaleLines,
    /// A whole receipt, without its lines.
    SaleHeaders,
    /// Something counted.
    Counts,
}

/// Whether the first row names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// It does when it holds a name that the profile knows.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// There is none.
    No,
}

/// A column of fixed width.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its first character, from 1.
    pub start: usize,
    /// How many characters; to the end of the row when 0.
    #[serde(default)]
    pub len: usize,
    /// Decimals that are not marked.
    #[serde(default)]
    pub implied_decimals: u32,
}

/// The row at which the data ends.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopAt {
    /// The column, by name or `#number`.
    pub col: String,
    /// What it begins with.
    pub starts_with: Vec<String>,
    /// The column with the number of receipts.
    #[serde(default)]
    pub count: Option<String>,
    /// The column with the sum of the lines.
    #[serde(default)]
    pub sum: Option<String>,
}

/// When it happened.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dates {
    /// The columns of date and time, joined by a blank.
    pub cols: Vec<String>,
    /// How they are written; the usual ways when empty.
    pub formats: Vec<String>,
    /// Whether a number is a date of Excel's.
    pub excel_serial: bool,
    /// The column that names the zone.
    pub zone_col: Option<String>,
    /// What the file calls zones, and their IANA names.
    pub zone_names: BTreeMap<String, String>,
    /// The IANA zone; the store's when absent.
    pub zone: Option<String>,
}

/// Which rows are lines, tenders and roundings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowKind {
    /// The column.
    pub col: String,
    /// Its values: `line`, `tender`, `rounding` or `skip`; `*` for all others.
    pub map: BTreeMap<String, String>,
}

/// How goods that come back are told.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Direction {
    /// `COLUMN=VALUE` of a receipt that is a return, without its signs.
    pub returns: Vec<String>,
}

/// Which receipts count.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The column.
    pub col: String,
    /// Values of receipts that count.
    pub accept: Vec<String>,
    /// Other values, and the till activity they are.
    #[serde(default)]
    pub control: BTreeMap<String, String>,
}

/// What holds where no column says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// The till.
    pub till: Option<String>,
    /// ISO 4217; the store's when absent.
    pub currency: Option<String>,
    /// `tax_included` or `tax_excluded`.
    pub prices: Option<String>,
    /// The unit.
    pub unit: Option<String>,
    /// The type of lines.
    pub line_type: Option<String>,
    /// How was paid where nothing says.
    pub tender: Option<TenderName>,
}

/// What the file counts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Count {
    /// `full`, `cycle` or `spot`.
    pub mode: String,
    /// `not_counted` or `zero`.
    pub missing_means: Option<String>,
    /// The location, where no column says.
    pub location: Option<String>,
    /// When the count ended: `file_mtime`, or `column:max` for the latest time in the file.
    pub cutoff: String,
    /// Whether rows of one product are added up: `sum` or `none`.
    pub aggregate: String,
}

impl Default for Count {
    fn default() -> Self {
        Self {
            mode: "spot".to_owned(),
            missing_means: None,
            location: None,
            cutoff: "file_mtime".to_owned(),
            aggregate: "sum".to_owned(),
        }
    }
}

/// A weight or price that stands in a barcode. Which prefix means what is the store's own choice.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// The first digits.
    pub prefix: String,
    /// The digits of the article, `first..last` from 1.
    pub item: String,
    /// The digits of the weight, with its divisor: `8..12/1000`.
    pub weight: String,
}

/// The fields that a column may fill.
pub const FIELDS: [&str; 31] = [
    "store",
    "till",
    "series",
    "sequence",
    "receipt_number",
    "reference",
    "operator",
    "currency",
    "business_date",
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
        if self.record == Record::SaleLines && self.group_by.is_empty() {
            return Err(
                "sale_lines need `group_by`: the columns whose values make rows one receipt"
                    .to_owned(),
            );
        }
        for expression in self.derive.values() {
            columns::terms(expression)?;
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
