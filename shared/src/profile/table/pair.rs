//! Receipts in two files: one row a receipt in the one, its lines in the other. Both are needed before it is whole.

use std::collections::HashMap;

use serde::Deserialize;

use super::columns::{Columns, plain};
use super::receipt::{Gather, Receipt};
use super::rows::{Cutter, Row};
use super::{Record, Table, document};
use crate::problem::{Code, Problem};
use crate::profile::names::{Around, Names};
use crate::profile::poslog::taken_out;
use crate::profile::{About, Piece, Spot};

/// Files of one pair are read together, so that there is a limit to them.
pub const PAIR_BYTES_MAX: u64 = 64 << 20;

/// How the two files of a pair are read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Always `pair`.
    pub kind: String,
    /// How long a half waits for the other, as in `30m`.
    #[serde(default = "wait")]
    pub wait: String,
    /// The file with one row a receipt.
    pub headers: Side,
    /// The file with the lines.
    pub lines: Side,
}

fn wait() -> String {
    "30m".to_owned()
}

/// One of both files.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Columns that only this file has.
    pub has: Vec<String>,
    /// Columns that name the receipt in both.
    pub join: Vec<String>,
    /// How its rows are read.
    pub table: Table,
}

/// A file of a pair: what is known of it, and its text.
#[derive(Debug)]
pub struct Half {
    /// What is known of it.
    pub about: About,
    /// Its text.
    pub text: String,
}

/// What became of a pair's receipts; each piece with the file it came from first.
#[derive(Debug, Default)]
pub struct Joined {
    /// Receipts that both files hold.
    pub whole: Vec<(usize, Piece)>,
    /// Receipts that only one of them holds, and both files' numbers where it is known.
    pub halves: Vec<(usize, Piece)>,
    /// Files that cannot be read, by number.
    pub broken: Vec<(usize, Spot, Problem)>,
}

impl Pair {
    /// What is wrong with it, in a sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        for side in [&self.headers, &self.lines] {
            if side.has.is_empty() || side.join.is_empty() {
                return Err("both halves of a pair need `has` and `join`".to_owned());
            }
        }
        if self.headers.table.record != Record::SaleHeaders {
            return Err("the `headers` of a pair have the record sale_headers".to_owned());
        }
        self.headers.table.check()?;
        self.lines.table.check()
    }

    fn side(&self, cells: &[String]) -> Option<&Side> {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        let fits = |side: &&Side| side.has.iter().all(|name| cells.contains(&plain(name)));
        [&self.headers, &self.lines].into_iter().find(fits)
    }
}

/// A half's receipts, by what joins them.
struct Read<'a> {
    number: usize,
    side: &'a Side,
    about: &'a About,
    columns: Columns,
    receipts: Vec<(Vec<String>, Receipt)>,
}

/// Puts the receipts of these files together.
pub fn join(pair: &Pair, files: &[Half]) -> Joined {
    let mut joined = Joined::default();
    let mut halves: Vec<Read<'_>> = Vec::new();
    for (number, file) in files.iter().enumerate() {
        match read(pair, number, file) {
            Ok(half) => halves.push(half),
            Err((spot, problem)) => joined.broken.push((number, spot, problem)),
        }
    }
    let mut lines: HashMap<Vec<String>, (usize, Receipt)> = HashMap::new();
    let mut order: Vec<(usize, Vec<String>)> = Vec::new();
    for (index, half) in halves.iter_mut().enumerate() {
        if std::ptr::eq(half.side, &raw const pair.lines) {
            for (key, receipt) in half.receipts.drain(..) {
                order.push((index, key.clone()));
                lines.insert(key, (index, receipt));
            }
        }
    }
    let whose = |index: usize| {
        let half = &halves[index];
        Gather {
            table: &half.side.table,
            columns: &half.columns,
            about: half.about,
        }
    };
    for (index, half) in halves.iter().enumerate() {
        for (key, receipt) in &half.receipts {
            let mut receipt = receipt.clone();
            let target = match lines.remove(key) {
                Some((_, other)) => {
                    receipt.lines = other.lines;
                    receipt.refused = receipt.refused.or(other.refused);
                    receipt.found.extend(other.found);
                    &mut joined.whole
                }
                None => &mut joined.halves,
            };
            target.push((half.number, document::piece(&whose(index), receipt)));
        }
    }
    for (index, key) in order {
        if let Some((_, receipt)) = lines.remove(&key) {
            joined.halves.push((
                halves[index].number,
                document::piece(&whose(index), receipt),
            ));
        }
    }
    joined
}

fn read<'a>(pair: &'a Pair, number: usize, file: &'a Half) -> Result<Read<'a>, (Spot, Problem)> {
    // Both halves are cut alike; which of them it is says the first row.
    let mut cutter = Cutter::new(&pair.headers.table);
    let mut rows: Vec<Row> = Vec::new();
    cutter.feed(&file.text, true, &mut rows)?;
    let mut rows = rows.into_iter();
    let refused =
        |spot: Spot, message: &str| (spot, Problem::refused(Code::MissingField, "", message));
    let first = rows
        .next()
        .ok_or_else(|| refused(Spot::default(), "the file holds no rows"))?;
    let side = pair.side(&first.cells);
    let message =
        "the first row has neither the columns of the one file of the pair nor those of the other";
    let side = side.ok_or_else(|| refused(first.spot, message))?;
    let (columns, _) =
        Columns::find(&side.table, &first).map_err(|problem| (first.spot, problem))?;
    let gather = Gather {
        table: &side.table,
        columns: &columns,
        about: &file.about,
    };
    let mut receipts: Vec<(Vec<String>, Receipt)> = Vec::new();
    let mut at: HashMap<Vec<String>, usize> = HashMap::new();
    let mut names = Names::default();
    for row in rows {
        let cell = |name: &String| {
            columns
                .cell(&row, name, &side.table)
                .unwrap_or_default()
                .to_owned()
        };
        let key: Vec<String> = side.join.iter().map(cell).collect();
        let index = *at.entry(key.clone()).or_insert_with(|| {
            receipts.push((key, Receipt::default()));
            receipts.len() - 1
        });
        if let Some((_, receipt)) = receipts.get_mut(index) {
            gather.add(receipt, &row);
            let cells = row
                .cells
                .iter()
                .zip(&first.cells)
                .filter(|(cell, _)| !cell.is_empty());
            let codes: Vec<Code> = cells
                .filter_map(|(_, name)| names.forbidden(Around::Plain, name))
                .collect();
            for code in codes {
                if !receipt.found.iter().any(|known| known.code == code) {
                    receipt.found.push(Problem::flag(code, "", taken_out(code)));
                }
            }
        }
    }
    Ok(Read {
        number,
        side,
        about: &file.about,
        columns,
        receipts,
    })
}
