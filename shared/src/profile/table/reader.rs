//! A file of columns while it streams in: its header, its rows, one receipt after the other, and its trailer.

use rust_decimal::Decimal;

use super::columns::{Columns, plain};
use super::counts::Counting;
use super::receipt::{Gather, Receipt};
use super::rows::{Cutter, Row};
use super::{Record, StopAt, Table, document};
use crate::intake::LINES_MAX;
use crate::problem::{Code, Problem};
use crate::profile::clean::Frame;
use crate::profile::names::{Around, Names, scrubbed};
use crate::profile::number::number;
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
    open: Option<(Vec<String>, Receipt)>,
    counting: Counting,
    rows: Vec<Row>,
    receipts: usize,
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
            open: None,
            counting: Counting::default(),
            rows: Vec::new(),
            receipts: 0,
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
        if let Ok(Some(total)) = columns.number(row, "total", &self.table) {
            self.sum += total;
        }
        let mut key = gather.key(row);
        if self.table.record == Record::SaleHeaders {
            key = vec![row.spot.line.to_string()];
        }
        let goes_on = self.open.as_ref().is_some_and(|(open, receipt)| {
            let same = *open == key
                || (key.iter().all(String::is_empty) && !self.table.forward_fill.is_empty());
            same && receipt.lines.len() <= LINES_MAX
        });
        if !goes_on {
            let finished = self.open.take();
            self.receipts += 1;
            if let Some((_, receipt)) = finished {
                out.push(document::piece(&gather, receipt));
            }
            self.open = Some((key, Receipt::default()));
        }
        if let Some((_, receipt)) = &mut self.open {
            gather.add(receipt, row);
            for problem in private {
                if !receipt.found.iter().any(|known| known.code == problem.code) {
                    receipt.found.push(problem);
                }
            }
        }
        Ok(())
    }

    /// Whether the row belongs to the data, once the columns are known.
    fn begins(&mut self, row: &Row) -> Result<bool, (Spot, Problem)> {
        let cells: Vec<String> = row.cells.iter().map(|cell| plain(cell)).collect();
        let preamble = !self
            .table
            .skip_until_header
            .iter()
            .all(|name| cells.contains(&plain(name)));
        if preamble {
            self.before.push_str(&row.raw);
            return Ok(false);
        }
        let (columns, header) =
            Columns::find(&self.table, row).map_err(|problem| (row.spot, problem))?;
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
        if let (Some((_, receipt)), Some(columns)) = (self.open.take(), &self.columns) {
            let gather = Gather {
                table: &self.table,
                columns,
                about: &self.about,
            };
            out.push(document::piece(&gather, receipt));
        }
    }

    /// The trailer says how many receipts there were and what they came to; otherwise some are missing.
    fn trailer(&self, row: &Row, stop: &StopAt) -> Option<Piece> {
        let columns = self.columns.as_ref()?;
        let stated = |column: &Option<String>| -> Option<Decimal> {
            let cell = columns.cell(row, column.as_ref()?, &self.table)?;
            number(cell, self.table.decimal)
        };
        let count = stated(&stop.count).is_some_and(|count| count != Decimal::from(self.receipts));
        // Roundings stand in the same column and are no goods.
        let sum =
            stated(&stop.sum).is_some_and(|sum| sum != self.sum && self.table.row_kind.is_none());
        (count || sum).then(|| {
            let message = "the file's last row says other figures than its rows: some are missing, or there are too many";
            let problem = Problem::refused(Code::TotalMismatch, "", message);
            Piece::new(row.spot, Err(problem), row.raw.clone())
        })
    }
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
