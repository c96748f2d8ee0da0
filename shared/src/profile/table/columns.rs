//! Cells by the names of a document's fields: which column is which, and what is computed from what.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use super::rows::Row;
use super::{Header, Table};
use crate::problem::{Code, Problem};
use crate::profile::number::number;

/// Where the cells of a file's rows are found.
#[derive(Debug)]
pub struct Columns {
    names: Vec<String>,
    implied: BTreeMap<usize, u32>,
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
            table.names.iter().map(|name| plain(name)).collect()
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

    /// A cell, trimmed; `None` when it stands for nothing.
    pub fn cell<'a>(&self, row: &'a Row, name: &str, table: &Table) -> Option<&'a str> {
        name.split('|').find_map(|name| {
            let cell = row.cells.get(self.index(name)?)?.trim();
            let null = cell.is_empty() || table.null_values.iter().any(|null| null == cell);
            (!null).then_some(cell)
        })
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
    pub fn number(
        &self,
        row: &Row,
        field: &str,
        table: &Table,
    ) -> Result<Option<Decimal>, Problem> {
        if let Some(expression) = table.derive.get(field) {
            return self.derived(row, expression, table);
        }
        let Some(text) = self.text(row, field, table) else {
            return Ok(None);
        };
        let value = number(text, table.decimal);
        let Some(value) = value else {
            let message = format!("the column of `{field}` does not hold a number");
            return Err(Problem::refused(Code::BadValue, "", message));
        };
        let column = table.map.get(field).and_then(|column| self.index(column));
        let implied = column.and_then(|column| self.implied.get(&column));
        Ok(Some(match implied {
            Some(digits) if value.scale() == 0 => value * Decimal::new(1, *digits),
            Some(_) | None => value,
        }))
    }

    fn derived(
        &self,
        row: &Row,
        expression: &str,
        table: &Table,
    ) -> Result<Option<Decimal>, Problem> {
        let mut sum = Decimal::ZERO;
        let parts = terms(expression).map_err(|why| Problem::refused(Code::BadValue, "", why))?;
        for (minus, factors) in parts {
            let mut product = Decimal::ONE;
            for (divide, name) in factors {
                let value = match name.parse::<Decimal>() {
                    Ok(constant) => Some(constant),
                    // A field that is computed from others may not be computed from itself.
                    Err(_)
                        if table
                            .derive
                            .get(name)
                            .is_some_and(|other| other == expression) =>
                    {
                        None
                    }
                    Err(_) => self.plain_number(row, name, table)?,
                };
                let Some(value) = value else {
                    return Ok(None);
                };
                let next = if divide {
                    product.checked_div(value)
                } else {
                    product.checked_mul(value)
                };
                let Some(next) = next else {
                    return Ok(None);
                };
                product = next;
            }
            sum += if minus { -product } else { product };
        }
        Ok(Some(sum))
    }

    fn plain_number(
        &self,
        row: &Row,
        field: &str,
        table: &Table,
    ) -> Result<Option<Decimal>, Problem> {
        let Some(text) = self.text(row, field, table) else {
            return Ok(None);
        };
        let message = format!("the column of `{field}` does not hold a number");
        let value = number(text, table.decimal);
        value
            .map(Some)
            .ok_or_else(|| Problem::refused(Code::BadValue, "", message))
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

/// A term: whether it is taken off, and its factors with whether they divide.
pub type Term<'a> = (bool, Vec<(bool, &'a str)>);

/// An expression such as `net+tax` or `gross/quantity` taken apart.
///
/// # Errors
/// It is none.
pub fn terms(expression: &str) -> Result<Vec<Term<'_>>, String> {
    let mut found: Vec<Term<'_>> = Vec::new();
    let (mut minus, mut divide, mut start) = (false, false, 0);
    let ends = expression
        .char_indices()
        .filter(|(_, c)| "+-*/".contains(*c));
    let ends: Vec<(usize, char)> = ends.chain([(expression.len(), '+')]).collect();
    let mut factors = Vec::new();
    for (end, sign) in ends {
        let name = expression[start..end].trim();
        let word = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if !word {
            return Err(format!("`{expression}` is no expression such as net+tax"));
        }
        factors.push((divide, name));
        divide = sign == '/';
        start = end + 1;
        if matches!(sign, '+' | '-') {
            found.push((minus, std::mem::take(&mut factors)));
            minus = sign == '-';
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::piece::Spot;

    fn row(cells: &[&str]) -> Row {
        Row {
            spot: Spot::default(),
            raw: String::new(),
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
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
        assert!(!bad.message.contains("4,0"), "a value is never repeated");
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
