//! One file of a pair while it streams in: which of the files it is, and its rows with the receipt that each names.

use super::{Pair, Role, Side};
use crate::problem::{Code, Problem};
use crate::profile::Spot;
use crate::profile::table::columns::Columns;
use crate::profile::table::reader::preamble;
use crate::profile::table::rows::{Cutter, Row};

/// What names a receipt in all files.
pub type Key = Vec<String>;

/// A file that is being read.
#[derive(Debug)]
pub struct Rows<'a> {
    pair: &'a Pair,
    cutter: Cutter,
    /// Known from the row that names the columns.
    pub known: Option<Known<'a>>,
    /// The row that names the columns.
    pub header: Vec<String>,
    /// It is none of the pair's files, and such are passed over.
    pub passed_over: bool,
}

/// A file whose columns are known.
#[derive(Debug)]
pub struct Known<'a> {
    /// Which of the files it is.
    pub role: Role,
    /// How it is read.
    pub side: &'a Side,
    /// Its columns.
    pub columns: Columns,
}

impl<'a> Rows<'a> {
    /// All files of a pair are cut alike; which of them it is says the first row.
    pub fn new(pair: &'a Pair) -> Self {
        Self {
            pair,
            cutter: Cutter::new(&pair.headers.table),
            known: None,
            header: Vec::new(),
            passed_over: false,
        }
    }

    /// Takes the next text; rows go to `take`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn feed(
        &mut self,
        text: &str,
        last: bool,
        mut take: impl FnMut(&mut Known<'a>, Key, Row),
    ) -> Result<(), (Spot, Problem)> {
        if self.passed_over {
            return Ok(());
        }
        let mut rows = Vec::new();
        let cut = self.cutter.feed(text, last, &mut rows);
        if cut.is_err() && self.known.is_none() && rows.is_empty() && self.pair.pass_over_others {
            // Not even columns: it is none of these files.
            self.passed_over = true;
            return Ok(());
        }
        for row in rows {
            let Some(known) = &mut self.known else {
                self.begins(row)?;
                if self.passed_over {
                    return Ok(());
                }
                continue;
            };
            let table = &known.side.table;
            let cell = |name: &String| {
                let cell = known.columns.cell(&row, name, table);
                cell.unwrap_or_default().to_owned()
            };
            let key = known.side.join.iter().map(cell).collect();
            take(known, key, row);
        }
        cut?;
        let nothing = last && self.known.is_none() && !self.passed_over;
        let message = "the file holds no rows";
        if nothing && self.pair.pass_over_others {
            self.passed_over = true;
        } else if nothing {
            let problem = Problem::refused(Code::MissingField, "", message);
            return Err((Spot::default(), problem));
        }
        Ok(())
    }

    fn begins(&mut self, row: Row) -> Result<(), (Spot, Problem)> {
        let Some((role, side)) = self.pair.side(&row.cells) else {
            let titles = self.pair.sides();
            let before = titles.filter(|(_, side)| !side.table.skip_until_header.is_empty());
            if before
                .into_iter()
                .any(|(_, side)| preamble(&side.table, &row))
            {
                return Ok(());
            }
            if self.pair.pass_over_others {
                self.passed_over = true;
                return Ok(());
            }
            let message = "the first row has the columns of none of the files that belong together";
            let problem = Problem::refused(Code::MissingField, "", message);
            return Err((row.spot, problem));
        };
        let found = Columns::find(&side.table, &row);
        let (columns, _) = found.map_err(|problem| (row.spot, problem))?;
        self.known = Some(Known {
            role,
            side,
            columns,
        });
        self.header = row.cells;
        Ok(())
    }
}
