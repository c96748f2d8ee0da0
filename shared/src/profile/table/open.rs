//! Receipts whose rows are still coming: two tills that write into one file, or a file sorted by article, part the rows of
//! a receipt.

use std::collections::VecDeque;

use super::Record;
use super::document;
use super::gather::Gather;
use super::receipt::Receipt;
use super::rows::Row;
use crate::intake::{DOCUMENT_BYTES_MAX, LINES_MAX};
use crate::problem::{Code, Problem};
use crate::profile::Piece;

/// Receipts that are open at a time: more than a store has tills that write into one file.
pub const OPEN_MAX: usize = 64;
/// Bytes of all open receipts together.
const OPEN_BYTES_MAX: usize = 8 << 20;
/// Rows of a receipt: its lines, and as many tenders, voided lines and rows that say nothing.
const ROWS_MAX: usize = 4 * LINES_MAX;

/// The receipts that are open, the oldest first.
#[derive(Debug, Default)]
pub struct Open {
    receipts: VecDeque<(Vec<String>, Receipt)>,
    bytes: usize,
    /// Receipts that were begun.
    pub begun: usize,
}

impl Open {
    /// Adds a row to its receipt, which may have been begun before others.
    pub fn add(
        &mut self,
        gather: &Gather<'_>,
        row: &Row,
        private: Vec<Problem>,
        out: &mut Vec<Piece>,
    ) {
        let index = self.find(gather, row);
        let index = index.unwrap_or_else(|| {
            self.begun += 1;
            let key = gather.key(row).map(str::to_owned).collect();
            self.receipts.push_back((key, Receipt::default()));
            self.receipts.len() - 1
        });
        let Some((_, receipt)) = self.receipts.get_mut(index) else {
            return;
        };
        self.bytes += row.raw.len();
        gather.add(receipt, row);
        for problem in private {
            if !receipt.found.iter().any(|known| known.code == problem.code) {
                receipt.found.push(problem);
            }
        }
        if receipt.raw.len() > DOCUMENT_BYTES_MAX || receipt.rows > ROWS_MAX {
            self.cut(gather, index, out);
        }
        while self.receipts.len() > OPEN_MAX || self.bytes > OPEN_BYTES_MAX {
            let Some(oldest) = self.receipts.pop_front() else {
                return;
            };
            self.hand_on(gather, oldest.1, out);
        }
    }

    /// The end of the file, or of its data.
    pub fn close(&mut self, gather: &Gather<'_>, out: &mut Vec<Piece>) {
        for (_, receipt) in std::mem::take(&mut self.receipts) {
            self.hand_on(gather, receipt, out);
        }
    }

    /// The receipt of a row: the last one, or an earlier one of the same day. Numbers may begin again every day.
    fn find(&self, gather: &Gather<'_>, row: &Row) -> Option<usize> {
        if gather.table.record == Record::SaleHeaders {
            // Each row is a receipt of its own.
            return None;
        }
        let last = self.receipts.len().checked_sub(1)?;
        let same = |open: &[String]| gather.key(row).eq(open.iter().map(String::as_str));
        let continues = !gather.table.forward_fill.is_empty() && gather.key(row).all(str::is_empty);
        if same(&self.receipts[last].0) || continues {
            return Some(last);
        }
        let day = gather.day(row);
        self.receipts.iter().position(|(open, receipt)| {
            same(open) && (day.is_empty() || receipt.day.is_empty() || receipt.day == day)
        })
    }

    /// A receipt that has grown too large is refused piece by piece, so that nothing of it is lost and it is never
    /// whole in memory.
    fn cut(&mut self, gather: &Gather<'_>, index: usize, out: &mut Vec<Piece>) {
        let Some((_, receipt)) = self.receipts.get_mut(index) else {
            return;
        };
        let message = format!(
            "a receipt of more than {LINES_MAX} lines or {DOCUMENT_BYTES_MAX} bytes; are the columns in `group_by` those that tell receipts apart?"
        );
        let problem = Problem::refused(Code::TooLarge, "", message);
        let refused = receipt.refused.clone().unwrap_or((problem, receipt.spot));
        let rest = Receipt {
            refused: Some(refused.clone()),
            day: receipt.day.clone(),
            skipped: receipt.skipped,
            ..Receipt::default()
        };
        let mut full = std::mem::replace(receipt, rest);
        // The next row is not its first one.
        receipt.rows = 1;
        full.refused = Some(refused);
        self.hand_on(gather, full, out);
    }

    fn hand_on(&mut self, gather: &Gather<'_>, receipt: Receipt, out: &mut Vec<Piece>) {
        self.bytes = self.bytes.saturating_sub(receipt.raw.len());
        // What was cut off and brought nothing more.
        if receipt.raw.is_empty() && receipt.refused.is_some() {
            return;
        }
        out.extend(document::pieces(gather, receipt));
    }
}
