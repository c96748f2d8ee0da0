//! Cells by the names of a document's fields: which column is which, and what is computed from what.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use super::rows::Row;
use super::{Header, NUMBERS, Table};
use crate::currency;
use crate::problem::{Code, Problem};
use crate::profile::About;
use crate::profile::number::{Sign, doubtful, number};

/// What is wrong with a row, and in which of its cells.
#[derive(Debug)]
pub struct Bad {
    /// What is wrong.
    pub problem: Problem,
    /// The column, where it is one.
    pub column: Option<usize>,
}

impl From<Problem> for Bad {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            column: None,
        }
    }
}

/// Where the cells of a file's rows are found.
#[derive(Debug)]
pub struct Columns {
    names: Vec<String>,
    implied: BTreeMap<usize, u32>,
    /// The sign before decimals, by column.
    signs: Vec<Sign>,
    /// The columns that hold numbers.
    numbers: Vec<usize>,
    /// Amounts of money have no decimals.
    whole: bool,
    /// Where the columns stand that the profile names: asked for in every row.
    known: HashMap<String, Option<usize>>,
}

/// A name as names are compared: letters and digits only, without accents.
pub fn plain(name: &str) -> String {
    let letters = name
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '%' || *c == '#');
    letters.flat_map(char::to_lowercase).map(base).collect()
}

fn base(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

impl Columns {
    /// The columns of a file whose first row this is; whether that row named them.
    ///
    /// # Errors
    /// A header was needed and is not there.
    pub fn find(table: &Table, first: &Row) -> Result<(Self, bool), Problem> {
        let fixed: Vec<String> = table
            .columns
            .iter()
            .map(|column| plain(&column.name))
            .collect();
        let implied = table.columns.iter().enumerate();
        let implied = implied.filter(|(_, column)| column.implied_decimals > 0);
        let implied = implied
            .map(|(index, column)| (index, column.implied_decimals))
            .collect();
        let given: Vec<String> = if fixed.is_empty() {
            let cells = first.cells.len();
            let other = table.other_names.iter();
            let other = other.filter(|names| names.len() == cells && table.names.len() != cells);
            let names = other.chain([&table.names]).next();
            let names = names.into_iter().flatten();
            names.map(|name| plain(name)).collect()
        } else {
            fixed
        };
        let cells: Vec<String> = first.cells.iter().map(|cell| plain(cell)).collect();
        let wanted = wanted(table);
        let named = wanted
            .iter()
            .any(|name| !name.is_empty() && cells.contains(name));
        let header = match table.header {
            Header::Yes => true,
            Header::No => false,
            Header::Auto => named,
        };
        let names = if header { cells } else { given };
        let mut columns = Self {
            names,
            implied,
            signs: Vec::new(),
            numbers: Vec::new(),
            whole: false,
            known: HashMap::new(),
        };
        for name in asked(table) {
            let index = columns.index(name);
            columns.known.insert(name.to_owned(), index);
        }
        if header && !named && !wanted.is_empty() {
            let message = "the first row names none of the profile's columns";
            return Err(Problem::refused(Code::MissingField, "", message));
        }
        for column in &table.group_by {
            if columns.index(column).is_none() {
                let message =
                    format!("there is no column `{column}`, by which rows become receipts");
                return Err(Problem::refused(Code::MissingField, "", message));
            }
        }
        Ok((columns, header))
    }

    /// Which column has this name; `#3` is the third. Of `A|B` the first that is there.
    pub fn index(&self, name: &str) -> Option<usize> {
        name.split('|').find_map(|name| {
            if let Some(known) = self.known.get(name) {
                return *known;
            }
            if let Some(number) = name.strip_prefix('#') {
                return number.parse::<usize>().ok()?.checked_sub(1);
            }
            let wanted = plain(name);
            self.names.iter().position(|known| *known == wanted)
        })
    }

    /// Takes over how the file writes its numbers, where the profile leaves that to the file.
    pub fn decide(&mut self, table: &Table, about: &About) {
        let sign = |column: usize| match table.decimal {
            Sign::Auto => about.habits.sign(column),
            said @ (Sign::Point | Sign::Comma) => said,
        };
        let code = table.defaults.currency.as_ref().unwrap_or(&about.currency);
        self.whole = currency::exponent(code) == 0;
        self.numbers = self.numbers(table);
        let last = self.numbers.iter().max();
        self.signs = (0..last.map_or(0, |last| last + 1)).map(sign).collect();
    }

    /// The columns that hold numbers.
    pub fn numbers(&self, table: &Table) -> Vec<usize> {
        let mapped = NUMBERS.iter().filter_map(|field| table.map.get(*field));
        let names = mapped.chain(table.tender_columns.keys());
        let alternatives = names.flat_map(|name| name.split('|'));
        alternatives.filter_map(|name| self.index(name)).collect()
    }

    /// The sign of a currency in the amounts of a row.
    pub fn currency_sign(&self, row: &Row) -> Option<char> {
        let cells = self.numbers.iter();
        let cells = cells.filter_map(|index| row.cells.get(*index));
        let mut signs = cells.filter_map(|cell| cell.chars().find(|c| "$€£¥₹".contains(*c)));
        signs.next()
    }

    /// A cell, trimmed, and its column; `None` when it stands for nothing.
    pub fn found<'a>(&self, row: &'a Row, name: &str, table: &Table) -> Option<(usize, &'a str)> {
        name.split('|').find_map(|name| {
            let index = self.index(name)?;
            let cell = row.cells.get(index)?.trim();
            let null = cell.is_empty() || table.null_values.iter().any(|null| null == cell);
            (!null).then_some((index, cell))
        })
    }

    /// A cell, trimmed; `None` when it stands for nothing.
    pub fn cell<'a>(&self, row: &'a Row, name: &str, table: &Table) -> Option<&'a str> {
        self.found(row, name, table).map(|(_, cell)| cell)
    }

    /// Date and time as they stand in the row, with a blank between.
    pub fn date_text(&self, row: &Row, table: &Table) -> String {
        let cells = table.date.cols.iter();
        let cells = cells.filter_map(|column| self.cell(row, column, table));
        cells.collect::<Vec<_>>().join(" ")
    }

    /// A field's text.
    pub fn text<'a>(&self, row: &'a Row, field: &str, table: &'a Table) -> Option<&'a str> {
        let column = table.map.get(field)?;
        match column.strip_prefix("const:") {
            Some(constant) => Some(constant),
            None => self.cell(row, column, table),
        }
    }

    /// A field's number: from its column, else computed.
    ///
    /// # Errors
    /// The cell is filled with something else.
    pub fn number(&self, row: &Row, field: &str, table: &Table) -> Result<Option<Decimal>, Bad> {
        if let Some(expression) = table.derive.get(field) {
            return self.derived(row, expression, table);
        }
        self.plain_number(row, field, table)
    }

    /// The number in a column.
    ///
    /// # Errors
    /// The cell is filled with something else.
    pub fn number_in(&self, row: &Row, name: &str, table: &Table) -> Result<Option<Decimal>, Bad> {
        let Some((column, text)) = self.found(row, name, table) else {
            return Ok(None);
        };
        self.value(column, text, name).map(Some)
    }

    fn value(&self, column: usize, text: &str, name: &str) -> Result<Decimal, Bad> {
        let sign = self.signs.get(column).copied().unwrap_or_default();
        // What could be a thousand is one, where the currency has no smaller unit.
        let thousands = || {
            let money = self.whole && !matches!(name, "quantity" | "tax_rate");
            (money && doubtful(text, sign)).then(|| number(&text.replace([',', '.'], ""), sign))
        };
        let Some(value) = number(text, sign).or_else(|| thousands().flatten()) else {
            let mut problem = Problem::refused(
                Code::BadValue,
                "",
                format!("the column of `{name}` does not hold a number"),
            );
            if doubtful(text, sign) {
                problem.message = format!(
                    "the number in the column of `{name}` could be a thousand or a decimal, and no other number of the file says which"
                );
                problem.hint = Some(
                    "say decimal = \",\" or decimal = \".\" in the profile, then drop it in again"
                        .to_owned(),
                );
            }
            return Err(Bad {
                problem,
                column: Some(column),
            });
        };
        Ok(match self.implied.get(&column) {
            Some(digits) if value.scale() == 0 => value * Decimal::new(1, *digits),
            Some(_) | None => value,
        })
    }

    pub(super) fn plain_number(
        &self,
        row: &Row,
        field: &str,
        table: &Table,
    ) -> Result<Option<Decimal>, Bad> {
        let Some(name) = table.map.get(field) else {
            return Ok(None);
        };
        if let Some(constant) = name.strip_prefix("const:") {
            return Ok(number(constant, Sign::Point));
        }
        let Some((column, text)) = self.found(row, name, table) else {
            return Ok(None);
        };
        self.value(column, text, field).map(Some)
    }
}

/// Every name of a column that rows are asked for.
fn asked(table: &Table) -> impl Iterator<Item = &str> {
    let rules = table.direction.returns.iter();
    let rules = rules.filter_map(|rule| Some(rule.split_once('=')?.0.trim()));
    let mapped = table.map.values().chain(&table.group_by);
    let dates = table.date.cols.iter().chain(&table.date.zone_col);
    let kinds = table.row_kind.iter().map(|kinds| &kinds.col);
    let kinds = kinds.chain(table.status.iter().map(|status| &status.col));
    let stops = table.stop_at.iter().map(|stop| &stop.col);
    let names = mapped.chain(dates).chain(kinds).chain(stops);
    let names = names.chain(table.tender_columns.keys());
    let names = names.chain(table.fiscal.values());
    let names = names.chain(table.line_types.iter().map(|types| &types.col));
    let names = names.map(String::as_str).chain(rules);
    names.flat_map(|name| name.split('|'))
}

/// The columns that a profile names.
fn wanted(table: &Table) -> Vec<String> {
    let mapped = table
        .map
        .values()
        .filter(|column| !column.starts_with("const:"));
    let names = mapped
        .chain(&table.group_by)
        .chain(&table.date.cols)
        .chain(&table.skip_until_header);
    names
        .flat_map(|name| name.split('|'))
        .filter(|name| !name.starts_with('#'))
        .map(plain)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::piece::Spot;
    use crate::profile::table::rows::Parted;
    use crate::profile::table::terms::terms;

    fn row(cells: &[&str]) -> Row {
        Row {
            spot: Spot::default(),
            raw: String::new(),
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            parted: Parted::By(b';', b'"'),
        }
    }

    fn table(more: &str) -> Table {
        toml::from_str(&format!(
            "kind = \"delimited\"\nrecord = \"counts\"\n{more}"
        ))
        .unwrap()
    }

    #[test]
    fn names_are_compared_without_case_blanks_and_accents() {
        let table = table("[map]\nquantity = \"Menge|Qté\"\nunit = \"#3\"\nname = \"const:x\"");
        let (columns, header) = Columns::find(&table, &row(&["Artikel", "QTE", "U"])).unwrap();
        assert!(header);
        let cells = row(&["a", "1'000,5", "kg"]);
        assert_eq!(
            columns
                .number(&cells, "quantity", &table)
                .unwrap()
                .unwrap()
                .to_string(),
            "1000.5"
        );
        assert_eq!(columns.text(&cells, "unit", &table), Some("kg"));
        assert_eq!(columns.text(&cells, "name", &table), Some("x"));
        let bad = columns
            .number(&row(&["a", "4,0E+12", ""]), "quantity", &table)
            .unwrap_err();
        assert!(
            !bad.problem.message.contains("4,0"),
            "a value is never repeated"
        );
    }

    #[test]
    fn fields_are_computed_from_others() {
        let table = table(
            "[map]\nnet = \"n\"\ntax = \"t\"\nquantity = \"q\"\n[derive]\ntotal = \"net+tax\"\nunit_price = \"net/quantity\"\ngross = \"net*2-tax\"",
        );
        let (columns, _) = Columns::find(&table, &row(&["n", "t", "q"])).unwrap();
        let number = |cells: &[&str], field: &str| {
            columns
                .number(&row(cells), field, &table)
                .unwrap()
                .map(|number| number.normalize().to_string())
        };
        let cells = ["10.00", "0.81", "4"];
        assert_eq!(number(&cells, "total").as_deref(), Some("10.81"));
        assert_eq!(number(&cells, "unit_price").as_deref(), Some("2.5"));
        assert_eq!(number(&cells, "gross").as_deref(), Some("19.19"));
        assert_eq!(number(&["1", "", "0"], "total"), None);
        assert_eq!(number(&["1", "", "0"], "unit_price"), None);
        assert!(terms("net+").is_err());
        assert!(terms("(net)").is_err());
    }
}
