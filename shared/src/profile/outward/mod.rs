//! The other way: the store's prices as a file that an old till reads. The mapping of columns in reverse. Pure.
//!
//! [`rows`] makes rows of products, [`line`](mod@line) cells of rows and text of cells, [`signs`] bytes of text; what a till's
//! encoding or column cannot hold is told, never guessed.

pub mod line;
pub mod rows;
pub mod shipped;
pub mod signs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use self::rows::Field;
use self::signs::Signs;
use super::number::Sign;
use super::table::Layout;
use super::{ProfileError, told};

/// A column may be so wide, in characters.
const WIDTH_MAX: usize = 1_000;
/// A price has no more decimals.
const DECIMALS_MAX: u32 = 8;

/// How a price file is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outward {
    /// Always `price_file`.
    pub kind: String,
    /// Delimited or of fixed width.
    pub form: Layout,
    /// What a row is.
    pub record: Record,
    /// The name of an encoding.
    #[serde(default = "utf8")]
    pub encoding: String,
    /// Whether the file begins with a byte order mark.
    #[serde(default)]
    pub mark: bool,
    /// Stands for a character that the encoding lacks.
    #[serde(default = "lacking")]
    pub lacking: char,
    /// The sign between columns.
    #[serde(default = "delimiter")]
    pub delimiter: char,
    /// The sign around text; where there is none, what would need it becomes a blank.
    #[serde(default = "quote")]
    pub quote: String,
    /// Whether every text stands in quotes.
    #[serde(default)]
    pub quote_all: bool,
    /// What ends a row.
    #[serde(default = "line_end")]
    pub line_end: String,
    /// Whether the first row names the columns.
    #[serde(default)]
    pub header: bool,
    /// The sign before decimals, `.` or `,`.
    #[serde(default = "point")]
    pub decimal: Sign,
    /// How times are written, in the store's zone.
    #[serde(default = "time_format")]
    pub time: String,
    /// Whether what may not be sold is written too.
    #[serde(default)]
    pub inactive: bool,
    /// The columns, in their order.
    pub columns: Vec<Column>,
}

fn utf8() -> String {
    "utf-8".to_owned()
}
fn lacking() -> char {
    '?'
}
fn delimiter() -> char {
    ';'
}
fn quote() -> String {
    "\"".to_owned()
}
fn line_end() -> String {
    "\r\n".to_owned()
}
fn point() -> Sign {
    Sign::Point
}
fn time_format() -> String {
    "%Y-%m-%d %H:%M:%S".to_owned()
}

/// What a row of a price file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A product, with its price now and the next one.
    Products,
    /// A barcode, with its product.
    Barcodes,
    /// A price, with the time from which and until which it holds.
    Prices,
    /// A tax.
    Taxes,
    /// A way to pay.
    Tenders,
}

/// A column of a price file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What stands in it.
    #[serde(default)]
    pub field: Option<Field>,
    /// A text that always stands in it.
    #[serde(default)]
    pub text: Option<String>,
    /// The field's values and what the till calls them; `*` for all others.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// How many decimals a number has; as many as it needs, and as the currency has, when absent.
    #[serde(default)]
    pub decimals: Option<u32>,
    /// Decimals that are not marked: 4.95 is 495.
    #[serde(default)]
    pub implied_decimals: Option<u32>,
    /// How many characters at most; of a fixed width, exactly.
    #[serde(default)]
    pub len: Option<usize>,
    /// Which side of a fixed width is filled up.
    #[serde(default)]
    pub align: Align,
    /// What it is filled up with.
    #[serde(default = "pad")]
    pub pad: char,
}

fn pad() -> char {
    ' '
}

/// Where a text stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// At its beginning.
    #[default]
    Left,
    /// At its end.
    Right,
}

impl Outward {
    /// Reads a profile's file.
    ///
    /// # Errors
    /// The text is no TOML, or says what no price file's profile says.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| told(&error))?;
        let kind = table.get("kind").and_then(toml::Value::as_str);
        if kind != Some("price_file") {
            let message = "it reads files; a profile that writes them has `kind = \"price_file\"`";
            return Err(ProfileError(message.to_owned()));
        }
        let outward = Self::deserialize(table).map_err(|error| told(&error))?;
        outward.check().map_err(ProfileError)?;
        Ok(outward)
    }

    fn check(&self) -> Result<(), String> {
        if self.columns.is_empty() {
            return Err("a price file needs [[columns]]".to_owned());
        }
        if Signs::find(&self.encoding).is_none() {
            return Err(format!("`{}` is no encoding", self.encoding));
        }
        if self.decimal == Sign::Auto {
            return Err("`decimal` is . or , when a file is written".to_owned());
        }
        let plain = self.quote.is_empty() || self.quote.len() == 1 && self.quote.is_ascii();
        if !plain || self.quote.starts_with(self.delimiter) {
            return Err("`quote` is one plain sign other than the delimiter, or empty".to_owned());
        }
        if self.lacking.is_control() || self.delimiter == '\n' {
            return Err("`lacking` and `delimiter` are signs that can be seen".to_owned());
        }
        let fixed = self.form == Layout::Fixed;
        if fixed && self.header {
            return Err("a fixed width has no header".to_owned());
        }
        let at = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        if jiff::fmt::strtime::format(&self.time, &at).is_err() {
            return Err(format!("`{}` is no way to write a time", self.time));
        }
        self.columns.iter().try_for_each(|column| {
            let what = column.check(self.record, fixed);
            what.map_err(|why| format!("column `{}`: {why}", column.name))
        })
    }

    /// Whether a row can say that something is gone: else a file of changes cannot.
    pub fn tells_changes(&self) -> bool {
        let mut fields = self.columns.iter().filter_map(|column| column.field);
        fields.any(|field| field == Field::Change)
    }
}

impl Column {
    fn check(&self, record: Record, fixed: bool) -> Result<(), String> {
        match (self.field, &self.text) {
            (None, None) => return Err("give it a `field`, or a `text` of its own".to_owned()),
            (Some(_), Some(_)) => return Err("it has a `field` and a `text`".to_owned()),
            (Some(field), None) if !field.fits(record) => {
                return Err("this field is none of these rows".to_owned());
            }
            (Some(_) | None, _) => {}
        }
        let len = self.len.unwrap_or(1);
        if fixed && self.len.is_none() || len == 0 || len > WIDTH_MAX {
            return Err(format!("`len` is 1 to {WIDTH_MAX}"));
        }
        let scale = self.decimals.max(self.implied_decimals).unwrap_or_default();
        if scale > DECIMALS_MAX || self.decimals.is_some() && self.implied_decimals.is_some() {
            return Err(format!(
                "`decimals` or `implied_decimals`, 0 to {DECIMALS_MAX}"
            ));
        }
        Ok(())
    }
}
