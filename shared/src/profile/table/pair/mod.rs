//! Receipts in several files: one row a receipt in the one, its lines in another, perhaps its payments in a third. All are
//! needed before it is whole.
//!
//! The files are read more than once, so that never more than a part of the receipts is in memory: [`plan`] looks
//! through them and says which receipts belong to which part, [`joining`] puts the receipts of one part together.

#[cfg(test)]
mod dsfinvk_tests;
pub mod joining;
pub mod plan;
mod rows;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toast_tests;

use serde::Deserialize;

use self::joining::Joining;
use self::plan::Looking;
use super::naming::plain;
use super::{Record, Table};
use crate::problem::Problem;
use crate::profile::{About, Piece, Spot};

/// Files of one pair are read together, once for each part of their receipts, so that there is a limit to them.
pub const PAIR_BYTES_MAX: u64 = 128 << 20;

/// How the files of a pair are read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Always `pair`.
    pub kind: String,
    /// How long a half waits for the other, as in `30m`.
    #[serde(default = "wait")]
    pub wait: String,
    /// Whether files that are none of these are passed over, because they come along in every export.
    #[serde(default)]
    pub pass_over_others: bool,
    /// The file with one row a receipt.
    pub headers: Side,
    /// The file with the lines.
    pub lines: Side,
    /// A file with more of what the head says, as the signatures that tax authorities want kept.
    #[serde(default)]
    pub more: Option<Side>,
    /// The file with the taxes of each line, where the lines' file leaves them out.
    #[serde(default)]
    pub taxes: Option<Side>,
    /// The file with the payments, where the head does not say how was paid.
    #[serde(default)]
    pub tenders: Option<Side>,
}

fn wait() -> String {
    "30m".to_owned()
}

/// One of the files.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Columns that only this file has.
    pub has: Vec<String>,
    /// Columns that name the receipt in all of them.
    pub join: Vec<String>,
    /// How its rows are read.
    pub table: Table,
}

/// Which of the files it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// One row a receipt.
    Headers,
    /// The lines.
    Lines,
    /// The payments.
    Tenders,
    /// The lines' taxes.
    Taxes,
    /// More of what the head says.
    More,
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
    /// Receipts of which every file is there.
    pub whole: Vec<(usize, Piece)>,
    /// Receipts of which a file is missing.
    pub halves: Vec<(usize, Piece)>,
    /// The files in which those stand, once for each: they wait together.
    pub alone: Vec<usize>,
    /// Files that cannot be read, by number.
    pub broken: Vec<(usize, Spot, Problem)>,
}

impl Joined {
    /// More of them.
    fn add(&mut self, more: Self) {
        self.whole.extend(more.whole);
        self.halves.extend(more.halves);
        self.alone.extend(more.alone);
        self.broken.extend(more.broken);
    }
}

impl Pair {
    /// What is wrong with it, in a sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        for side in self.sides().map(|(_, side)| side) {
            if side.has.is_empty() || side.join.is_empty() {
                return Err("every file of a pair needs `has` and `join`".to_owned());
            }
            if side.join.len() != self.headers.join.len() {
                return Err("`join` names as many columns in every file of a pair".to_owned());
            }
            side.table.check()?;
        }
        if self.headers.table.record != Record::SaleHeaders {
            return Err("the `headers` of a pair have the record sale_headers".to_owned());
        }
        Ok(())
    }

    /// Its files.
    pub fn sides(&self) -> impl Iterator<Item = (Role, &Side)> {
        let tenders = self.tenders.iter().map(|side| (Role::Tenders, side));
        let taxes = self.taxes.iter().map(|side| (Role::Taxes, side));
        let more = self.more.iter().map(|side| (Role::More, side));
        [(Role::Headers, &self.headers), (Role::Lines, &self.lines)]
            .into_iter()
            .chain(tenders)
            .chain(taxes)
            .chain(more)
    }

    /// Which of them has these columns.
    pub fn side(&self, cells: &[String]) -> Option<(Role, &Side)> {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        let fits = |side: &Side| side.has.iter().all(|name| cells.contains(&plain(name)));
        self.sides().find(|(_, side)| fits(side))
    }
}

/// Puts the receipts of these files together, all of them at once.
pub fn join(pair: &Pair, files: &[Half]) -> Joined {
    let mut looking = Looking::new(pair);
    for file in files {
        looking.begin(file.about.clone());
        looking.feed(&file.text, true);
    }
    let plan = looking.plan();
    let mut all = Joined {
        broken: plan.broken.clone(),
        ..Joined::default()
    };
    for part in 0..plan.parts() {
        let mut joining = Joining::new(pair, &plan, part);
        for (number, file) in files.iter().enumerate() {
            joining.begin(number);
            joining.feed(&file.text, true);
        }
        all.add(joining.joined());
    }
    all
}
