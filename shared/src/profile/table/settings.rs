//! What a table's profile may say, in parts: its columns, dates, rows, receipts and counts.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::profile::poslog::TenderName;

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
    /// Goods that came or went without a sale.
    Moves,
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
    /// Its values: `line`, `voided` (a line that was taken off again), `tender`, `rounding` or `skip`; `*` for all
    /// others.
    pub map: BTreeMap<String, String>,
}

/// What each line is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineTypes {
    /// The column.
    pub col: String,
    /// Its values, and the type of the line: `item`, `deposit`, `tip`, …; `cash_movement:pay_in` (`:pay_out`, `:float`,
    /// `:pickup`, `:bank_deposit`, `:auto` by the amount's sign) makes the receipt a movement of money.
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
    /// Values of what is no receipt yet, or never was one here: passed over.
    #[serde(default)]
    pub skip: Vec<String>,
}

/// What holds where no column says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// The till.
    pub till: Option<String>,
    /// ISO 4217; the store's when absent.
    pub currency: Option<String>,
    /// `tax_included` or `tax_excluded`, or `auto`: each receipt's own sums decide.
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
    /// The location, where no column says; `file:{}_*` takes it from the file's name.
    pub location: Option<String>,
    /// For how many an empty quantity stands; a row without one is refused when absent.
    pub empty_quantity: Option<u32>,
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
            empty_quantity: None,
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
    #[serde(default)]
    pub weight: Option<String>,
    /// The digits of the price, with its divisor: `8..12/100`.
    #[serde(default)]
    pub price: Option<String>,
}
