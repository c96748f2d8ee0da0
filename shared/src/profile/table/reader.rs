//! A file of columns while it streams in: its header, its rows, one receipt after the other, and its trailer.

use rust_decimal::Decimal;

use super::columns::Columns;
use super::counts::Counting;
use super::gather::Gather;
use super::naming::plain;
use super::open::Open;
use super::rows::{Cutter, Row};
use super::{Record, StopAt, Table};
use crate::problem::{Code, Problem};
use crate::profile::clean::Frame;
use crate::profile::names::{Around, Names, scrubbed};
use crate::profile::poslog::taken_out;
use crate::profile::{About, Piece, Spot};

/// Reads one file.
#[derive(Debug)]
pub struct Reader {
    table: Table,
    about: About,
    cutter: Cutter,
    columns: Option<Columns>,
    /// What the first row called each column, for what must not be kept.
    header: Vec<String>,
    /// The rows up to the header, as they stand.
    before: String,
    names: Names,
    /// How each column is looked at, and one more for cells beyond them.
    care: Vec<Care>,
    open: Open,
    counting: Counting,
    rows: Vec<Row>,
    sum: Decimal,
    stopped: bool,
}

/// What is known of a column by its name.
#[derive(Debug, Clone, Copy, Default)]
struct Care {
    /// Why a filled cell may not be kept.
    forbidden: Option<Code>,
    /// Long numbers are what it is made of.
    exempt: bool,
}

type Read = Result<(), (Spot, Problem)>;

impl Reader {
    /// Reads a file about which this is known.
    pub fn new(table: Table, about: About) -> Self {
        Self {
            cutter: Cutter::new(&table),
            table,
            about,
            columns: None,
            header: Vec::new(),
            before: String::new(),
            names: Names::default(),
            care: Vec::new(),
            open: Open::default(),
            counting: Counting::default(),
            rows: Vec::new(),
            sum: Decimal::ZERO,
            stopped: false,
        }
    }

    /// What stands around the rows.
    pub fn frame(&self) -> Frame {
        let delimiter = self.cutter.delimiter();
        Frame {
            before: self.before.clone(),
            header: self.header.clone(),
            delimiter,
            ..Frame::default()
        }
    }

    /// Takes the next text.
    pub fn feed(&mut self, text: &str, out: &mut Vec<Piece>) -> Read {
        self.take(text, false, out)
    }

    /// The end of the file.
    pub fn finish(&mut self, out: &mut Vec<Piece>) -> Read {
        self.take("", true, out)?;
        self.close(out);
        let Some(columns) = &self.columns else {
            let problem = Problem::refused(
                Code::MissingField,
                "",
                "the file holds no rows that the profile reads",
            );
            return Err((Spot::default(), problem));
        };
        let gather = Gather {
            table: &self.table,
            columns,
            about: &self.about,
        };
        self.counting.finish(&gather, out);
        Ok(())
    }

    fn take(&mut self, text: &str, last: bool, out: &mut Vec<Piece>) -> Read {
        let mut rows = std::mem::take(&mut self.rows);
        let cut = self.cutter.feed(text, last, &mut rows);
        for mut row in rows.drain(..) {
            self.row(&mut row, out)?;
        }
        self.rows = rows;
        cut
    }

    fn row(&mut self, row: &mut Row, out: &mut Vec<Piece>) -> Read {
        if self.stopped || (self.columns.is_none() && !self.begins(row)?) {
            return Ok(());
        }
        let Some(columns) = &self.columns else {
            return Ok(());
        };
        let stop = self.table.stop_at.as_ref();
        if let Some(stop) = stop.filter(|stop| stops(columns, row, stop)).cloned() {
            self.stopped = true;
            self.close(out);
            out.extend(self.trailer(row, &stop));
            return Ok(());
        }
        let private = self.private(row);
        let Some(columns) = &self.columns else {
            return Ok(());
        };
        let gather = Gather {
            table: &self.table,
            columns,
            about: &self.about,
        };
        if self.table.record == Record::Counts {
            self.counting.add(&gather, row, private, out);
            return Ok(());
        }
        // Tenders and roundings stand in the same column and are no goods.
        let summed = self
            .table
            .stop_at
            .as_ref()
            .and_then(|stop| stop.sum.as_ref());
        if summed.is_some()
            && gather.row_kind(row) == "line"
            && let Ok(Some(total)) = columns.number(row, "total", &self.table)
        {
            self.sum += total;
        }
        self.open.add(&gather, row, private, out);
        Ok(())
    }

    /// Whether the row belongs to the data, once the columns are known.
    fn begins(&mut self, row: &Row) -> Result<bool, (Spot, Problem)> {
        if preamble(&self.table, row) {
            self.before.push_str(&row.raw);
            return Ok(false);
        }
        let (mut columns, header) =
            Columns::find(&self.table, row).map_err(|problem| (row.spot, problem))?;
        columns.decide(&self.table, &self.about);
        if header {
            self.header = row.cells.clone();
            self.before.push_str(&row.raw);
        }
        self.columns = Some(columns);
        let names = self.header.iter().map(String::as_str).chain([""]);
        self.care = names
            .map(|name| Care {
                forbidden: self.names.forbidden(Around::Plain, name),
                exempt: exempt(&self.table, name),
            })
            .collect();
        Ok(!header)
    }

    /// Flags for what stands in the row and must not be kept.
    fn private(&self, row: &Row) -> Vec<Problem> {
        let mut codes: Vec<Code> = Vec::new();
        let beyond = self.care.last().copied().unwrap_or_default();
        let cells = row.cells.iter().enumerate();
        for (index, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
            let care = self.care.get(index).copied().unwrap_or(beyond);
            let code = care.forbidden.or_else(|| {
                let number = !care.exempt && scrubbed(cell).is_some();
                number.then_some(Code::CardDataRemoved)
            });
            codes.extend(code.filter(|code| !codes.contains(code)));
        }
        codes
            .into_iter()
            .map(|code| Problem::flag(code, "", taken_out(code)))
            .collect()
    }

    fn close(&mut self, out: &mut Vec<Piece>) {
        let Some(columns) = &self.columns else {
            return;
        };
        let gather = Gather {
            table: &self.table,
            columns,
            about: &self.about,
        };
        self.open.close(&gather, out);
    }

    /// The trailer says how many receipts there were and what they came to; otherwise some are missing.
    fn trailer(&self, row: &Row, stop: &StopAt) -> Option<Piece> {
        let columns = self.columns.as_ref()?;
        let stated = |column: &Option<String>| -> Option<Decimal> {
            let column = column.as_ref()?;
            columns.number_in(row, column, &self.table).ok().flatten()
        };
        let begun = Decimal::from(self.open.begun);
        let count = stated(&stop.count).is_some_and(|count| count != begun);
        let sum = stated(&stop.sum).is_some_and(|sum| sum != self.sum);
        (count || sum).then(|| {
            let message = "the file's last row says other figures than its rows: some are missing, or there are too many";
            let problem = Problem::refused(Code::TotalMismatch, "", message);
            Piece::new(row.spot, Err(problem), row.raw.clone())
        })
    }
}

/// Whether a row stands before the one that names the columns.
pub fn preamble(table: &Table, row: &Row) -> bool {
    if table.skip_until_header.is_empty() {
        return false;
    }
    let cells: Vec<String> = row.cells.iter().map(|cell| plain(cell)).collect();
    let known = |name: &String| cells.contains(&plain(name));
    !table.skip_until_header.iter().all(known)
}

/// Columns whose long numbers are what they are made of.
pub fn exempt(table: &Table, name: &str) -> bool {
    let fields = [
        "sku",
        "barcode",
        "product",
        "sequence",
        "receipt_number",
        "reference",
        "serial",
        "lot",
        "store",
        "till",
    ];
    let mapped = fields.iter().filter_map(|field| table.map.get(*field));
    let mut columns = mapped
        .chain(&table.group_by)
        .flat_map(|column| column.split('|'));
    columns.any(|column| plain(column) == plain(name))
}

fn stops(columns: &Columns, row: &Row, stop: &StopAt) -> bool {
    let cell = columns
        .index(&stop.col)
        .and_then(|index| row.cells.get(index));
    cell.is_some_and(|cell| {
        stop.starts_with
            .iter()
            .any(|word| cell.trim().starts_with(word.as_str()))
    })
}
