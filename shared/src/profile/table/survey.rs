//! How a file writes its numbers and dates, found out from all of its rows before the first document is made: by itself
//! `1,345` may be a thousand or one and a bit, and `01/10/2026` a day of two months.

use encoding_rs::Encoding;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Table;
use super::columns::Columns;
use super::rows::{Cutter, Row};
use crate::profile::doubt::Doubt;
use crate::profile::number::{Evidence, Sign};
use crate::profile::text::Text;
use crate::profile::when::{Order, Written};

/// A clock may be wrong by so many days before a date counts as one that has not come yet.
const AHEAD_DAYS: i64 = 2;

/// How a file writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Habits {
    columns: Vec<Evidence>,
    all: Evidence,
    /// Which of day and month stands first.
    pub order: Option<Order>,
}

impl Habits {
    /// The sign before the decimals of a column: what its own numbers say, else what all others of the file do.
    pub fn sign(&self, column: usize) -> Sign {
        let own = self.columns.get(column).copied().unwrap_or_default();
        if own == Evidence::default() {
            self.all.sign()
        } else {
            own.sign()
        }
    }

    /// What another file of the same export says counts too, where this one says nothing.
    pub fn beside(&mut self, other: &Self) {
        self.all = self.all.and(other.all);
        self.order = self.order.or(other.order);
    }
}

/// What the rows seen so far say.
#[derive(Debug)]
pub struct Votes {
    numbers: Vec<usize>,
    columns: Vec<Evidence>,
    dates: bool,
    latest: Date,
    /// Dates that only make sense with the day, or with the month, first.
    days: u64,
    months: u64,
}

impl Votes {
    /// For rows of these columns, in a file that was last changed at this time.
    pub fn new(table: &Table, columns: &Columns, modified_at: Timestamp) -> Self {
        let zoned = modified_at.to_zoned(TimeZone::UTC);
        let days = jiff::Span::new().days(AHEAD_DAYS);
        let numbers = columns.numbers(table);
        Self {
            columns: vec![Evidence::default(); numbers.iter().max().map_or(0, |last| last + 1)],
            numbers,
            dates: written(table).both(),
            latest: zoned.date().saturating_add(days),
            days: 0,
            months: 0,
        }
    }

    /// Looks at a row.
    pub fn row(&mut self, table: &Table, columns: &Columns, row: &Row) {
        for index in &self.numbers {
            if let Some(cell) = row.cells.get(*index) {
                self.columns[*index].add(cell);
            }
        }
        if !self.dates {
            return;
        }
        let text = columns.date_text(row, table);
        let [day, month] = written(table).readings(&text);
        let past = |date: &Date| *date <= self.latest;
        match (day, month, day.filter(past), month.filter(past)) {
            (Some(_), None, ..) | (Some(_), Some(_), Some(_), None) => self.days += 1,
            (None, Some(_), ..) | (Some(_), Some(_), None, Some(_)) => self.months += 1,
            _ => {}
        }
    }

    /// What they come to.
    pub fn habits(&self) -> Habits {
        Habits {
            columns: self.columns.clone(),
            all: self
                .columns
                .iter()
                .fold(Evidence::default(), |all, one| all.and(*one)),
            order: match (self.days, self.months) {
                (1.., 0) => Some(Order::DayFirst),
                (0, 1..) => Some(Order::MonthFirst),
                _ => None,
            },
        }
    }
}

fn written(table: &Table) -> Written<'_> {
    Written {
        formats: &table.date.formats,
        ..Written::default()
    }
}

/// Whether a file with this doubt has to be read once more before its documents are made.
pub fn wanted(table: &Table, doubt: Doubt) -> bool {
    table.decimal == Sign::Auto && doubt.numbers || doubt.dates && written(table).both()
}

/// Reads a file only to find out how it writes.
pub struct Survey<'a> {
    table: &'a Table,
    modified_at: Timestamp,
    text: Text,
    cutter: Cutter,
    found: Option<(Columns, Votes)>,
    broken: bool,
}

impl<'a> Survey<'a> {
    /// Of a file in this encoding.
    pub fn new(table: &'a Table, encoding: &'static Encoding, modified_at: Timestamp) -> Self {
        Self {
            table,
            modified_at,
            text: Text::new(encoding),
            cutter: Cutter::new(table),
            found: None,
            broken: false,
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.take(bytes, false);
    }

    /// The end of the file: what its rows say, as far as there are any.
    pub fn habits(mut self) -> Habits {
        self.take(&[], true);
        self.found
            .map(|(_, votes)| votes.habits())
            .unwrap_or_default()
    }

    fn take(&mut self, bytes: &[u8], last: bool) {
        if self.broken {
            return;
        }
        let (mut text, mut rows) = (String::new(), Vec::new());
        self.text.feed(bytes, last, &mut text);
        // Why it breaks is told when its documents are read.
        self.broken = self.cutter.feed(&text, last, &mut rows).is_err();
        for row in rows {
            if let Some((columns, votes)) = &mut self.found {
                votes.row(self.table, columns, &row);
            } else if !super::reader::preamble(self.table, &row) {
                let Ok((columns, header)) = Columns::find(self.table, &row) else {
                    self.broken = true;
                    return;
                };
                let mut votes = Votes::new(self.table, &columns, self.modified_at);
                if !header {
                    votes.row(self.table, &columns, &row);
                }
                self.found = Some((columns, votes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn habits(more: &str, text: &str) -> Habits {
        let table: Table = toml::from_str(&format!(
            "kind='delimited'\nrecord='sale_lines'\ngroup_by=['b']\n[date]\ncols=['d']\n[map]\nquantity='q'\nunit_price='p'\ntotal='t'\n{more}"
        ))
        .unwrap();
        let at = "2026-11-01T08:00:00Z".parse().unwrap();
        let mut survey = Survey::new(&table, encoding_rs::UTF_8, at);
        text.as_bytes()
            .chunks(7)
            .for_each(|bytes| survey.feed(bytes));
        survey.habits()
    }

    #[test]
    fn a_column_decides_for_itself_and_the_file_for_columns_that_do_not() {
        // Weights with commas beside prices with points, and a total that could be either.
        let both = habits("", "b;d;q;p;t\n1;;1,345;10.50;1,000\n2;;0,5;9.00;2,000\n");
        assert_eq!(
            [2, 3, 4].map(|column| both.sign(column)),
            [Sign::Comma, Sign::Point, Sign::Auto]
        );
        let one = habits("", "b;d;q;p;t\n1;;1,345;10,50;1.000\n");
        assert_eq!([2, 3, 4].map(|column| one.sign(column)), [Sign::Comma; 3]);
        let none = habits("", "b;d;q;p;t\n1;;1,345;10;13\n");
        assert_eq!(none.sign(2), Sign::Auto);
        // Another file of the same export knows it.
        let mut beside = none;
        beside.beside(&one);
        assert_eq!(beside.sign(2), Sign::Comma);
    }

    #[test]
    fn one_impossible_date_decides_for_all_and_so_does_one_that_has_not_come_yet() {
        let order = |dates: &str| {
            let rows: String = dates
                .split(' ')
                .map(|date| format!("1;{date};1;1;1\n"))
                .collect();
            habits("", &format!("b;d;q;p;t\n{rows}")).order
        };
        assert_eq!(order("01/10/2026 13/10/2026"), Some(Order::DayFirst));
        assert_eq!(order("01/10/2026 10/13/2026"), Some(Order::MonthFirst));
        assert_eq!(order("10/12/2026 01/10/2026"), Some(Order::MonthFirst));
        assert_eq!(order("01/10/2026"), None);
        assert_eq!(order("13/10/2026 10/13/2026"), None);
    }
}
