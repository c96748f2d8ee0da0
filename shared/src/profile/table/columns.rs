//! Cells by the names of a document's fields: which column is which, and what is computed from what.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::naming::{asked, plain, wanted};
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
    /// Where the columns stand that the profile names, of `A|B` all that are there. Asked for in every row: a list of some
    /// twenty names is gone through faster than a name is hashed.
    known: Vec<(String, Vec<usize>)>,
    /// What fills the document's fields.
    fields: Vec<(String, Source)>,
    /// The columns by which rows become receipts.
    groups: Vec<Vec<usize>>,
}

/// What fills a field.
#[derive(Debug)]
enum Source {
    /// The profile itself.
    Constant(String),
    /// The first of these columns that is filled.
    Cells(Vec<usize>),
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
            known: Vec::new(),
            fields: Vec::new(),
            groups: Vec::new(),
        };
        columns.look_up(table);
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

    /// Finds once what every row is asked for.
    fn look_up(&mut self, table: &Table) {
        let mut known: Vec<(String, Vec<usize>)> = Vec::new();
        for name in asked(table) {
            if !known.iter().any(|(other, _)| other == name) {
                known.push((name.to_owned(), self.places(name)));
            }
        }
        self.known = known;
        let fields = table.map.iter().map(|(field, column)| {
            let source = column.strip_prefix("const:").map_or_else(
                || Source::Cells(self.places(column)),
                |constant| Source::Constant(constant.to_owned()),
            );
            (field.clone(), source)
        });
        self.fields = fields.collect();
        let groups = table.group_by.iter();
        self.groups = groups.map(|name| self.places(name)).collect();
    }

    /// The cells by which a row belongs to its receipt.
    pub fn group<'a>(&'a self, row: &'a Row, table: &'a Table) -> impl Iterator<Item = &'a str> {
        let groups = self.groups.iter();
        groups.map(|places| filled(row, places, table).map_or("", |(_, cell)| cell))
    }

    /// Where the columns of this name stand; `#3` is the third, `A|B` are two.
    fn places(&self, name: &str) -> Vec<usize> {
        let places = name.split('|').filter_map(|name| {
            if let Some(number) = name.strip_prefix('#') {
                return number.parse::<usize>().ok()?.checked_sub(1);
            }
            let wanted = plain(name);
            self.names.iter().position(|known| *known == wanted)
        });
        places.collect()
    }

    fn known(&self, name: &str) -> Option<&[usize]> {
        let known = self.known.iter().find(|(known, _)| known == name);
        known.map(|(_, places)| places.as_slice())
    }

    fn source(&self, field: &str) -> Option<&Source> {
        let known = self.fields.iter().find(|(known, _)| known == field);
        known.map(|(_, source)| source)
    }

    /// Which column has this name; `#3` is the third. Of `A|B` the first that is there.
    pub fn index(&self, name: &str) -> Option<usize> {
        match self.known(name) {
            Some(places) => places.first().copied(),
            None => self.places(name).first().copied(),
        }
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
        match self.known(name) {
            Some(places) => filled(row, places, table),
            None => filled(row, &self.places(name), table),
        }
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
    pub fn text<'a>(&'a self, row: &'a Row, field: &str, table: &Table) -> Option<&'a str> {
        match self.source(field)? {
            Source::Constant(constant) => Some(constant),
            Source::Cells(places) => filled(row, places, table).map(|(_, cell)| cell),
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
        match self.source(field) {
            None => Ok(None),
            Some(Source::Constant(constant)) => Ok(number(constant, Sign::Point)),
            Some(Source::Cells(places)) => match filled(row, places, table) {
                None => Ok(None),
                Some((column, text)) => self.value(column, text, field).map(Some),
            },
        }
    }
}

/// The first of these columns whose cell stands for something, and the cell, trimmed.
fn filled<'a>(row: &'a Row, places: &[usize], table: &Table) -> Option<(usize, &'a str)> {
    places.iter().find_map(|index| {
        let cell = row.cells.get(*index)?.trim();
        let null = cell.is_empty() || table.null_values.iter().any(|null| null == cell);
        (!null).then_some((*index, cell))
    })
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
