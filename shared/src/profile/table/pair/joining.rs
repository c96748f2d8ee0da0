//! Puts the receipts of one part together, from whichever files they come.
//!
//! An export that is dropped twice, or overlaps another one, tells the same receipts again: what is the same counts once.
//! What differs becomes a document of its own, so that both are shown as a conflict.

use std::collections::{HashMap, VecDeque};

use super::plan::Plan;
use super::rows::{Key, Known, Rows};
use super::{Joined, Pair, Role};
use crate::problem::{Code, Problem};
use crate::profile::Piece;
use crate::profile::names::{Around, Names};
use crate::profile::poslog::taken_out;
use crate::profile::table::Table;
use crate::profile::table::columns::Columns;
use crate::profile::table::document;
use crate::profile::table::gather::Gather;
use crate::profile::table::receipt::Receipt;
use crate::profile::table::rows::Row;

/// What the files tell of one receipt: each in as many variants as there are.
#[derive(Debug, Default)]
struct Group {
    headers: Vec<(usize, Receipt)>,
    lines: Vec<(usize, Receipt)>,
    tenders: Vec<(usize, Receipt)>,
    taxes: Vec<(usize, Receipt)>,
    more: Vec<(usize, Receipt)>,
}

/// Reads the files once more, for the receipts of one part.
#[derive(Debug)]
pub struct Joining<'a> {
    pair: &'a Pair,
    plan: &'a Plan,
    part: usize,
    number: usize,
    rows: Rows<'a>,
    names: Names,
    /// The columns of each file, which are needed until the end.
    columns: HashMap<usize, (&'a Table, Columns)>,
    groups: HashMap<Key, Group>,
    order: VecDeque<Key>,
    /// What the file that is being read tells of receipts with several rows.
    open: HashMap<Key, Receipt>,
    opened: Vec<Key>,
    decided: bool,
    /// The file with the taxes is there: a receipt of which it says nothing has none, like money that is brought in.
    taxes_told: bool,
}

impl<'a> Joining<'a> {
    /// For one part.
    pub fn new(pair: &'a Pair, plan: &'a Plan, part: usize) -> Self {
        Self {
            pair,
            plan,
            part,
            number: 0,
            rows: Rows::new(pair),
            names: Names::default(),
            columns: HashMap::new(),
            groups: HashMap::new(),
            order: VecDeque::new(),
            open: HashMap::new(),
            opened: Vec::new(),
            decided: false,
            taxes_told: false,
        }
    }

    /// The next file, by its number.
    pub fn begin(&mut self, number: usize) {
        self.number = number;
        self.rows = Rows::new(self.pair);
        self.decided = false;
    }

    /// Its next text, the last one with `last`.
    pub fn feed(&mut self, text: &str, last: bool) {
        let Some(about) = self.plan.files.get(self.number).and_then(Option::as_ref) else {
            return;
        };
        let (plan, part, number) = (self.plan, self.part, self.number);
        let mut found: Vec<(Key, Row)> = Vec::new();
        // Why it cannot be read was said when it was looked through.
        let read = self.rows.feed(text, last, |_, key, row| {
            if plan.part(&key) == Some(part) {
                found.push((key, row));
            }
        });
        if read.is_err() {
            return;
        }
        let header = self.rows.header.clone();
        let Some(known) = &mut self.rows.known else {
            return;
        };
        self.taxes_told |= known.role == Role::Taxes;
        if !std::mem::replace(&mut self.decided, true) {
            known.columns.decide(&known.side.table, about);
        }
        let gather = Gather {
            table: &known.side.table,
            columns: &known.columns,
            about,
        };
        for (key, row) in found {
            let mut receipt = if known.role == Role::Headers {
                Receipt::default()
            } else {
                let opened = &mut self.opened;
                let open = self.open.remove(&key);
                open.unwrap_or_else(|| {
                    opened.push(key.clone());
                    Receipt::default()
                })
            };
            gather.add(&mut receipt, &row);
            private(&mut self.names, &header, &row, &mut receipt);
            if known.role == Role::Headers {
                tell(
                    &mut self.groups,
                    &mut self.order,
                    (known.role, number),
                    key,
                    receipt,
                );
            } else {
                self.open.insert(key, receipt);
            }
        }
        if last {
            for key in std::mem::take(&mut self.opened) {
                if let Some(receipt) = self.open.remove(&key) {
                    tell(
                        &mut self.groups,
                        &mut self.order,
                        (known.role, number),
                        key,
                        receipt,
                    );
                }
            }
            if let Some(Known { side, columns, .. }) = self.rows.known.take() {
                self.columns.insert(number, (&side.table, columns));
            }
        }
    }

    /// The receipts, whole and half.
    pub fn joined(mut self) -> Joined {
        let mut joined = Joined::default();
        while let Some(some) = self.some(usize::MAX) {
            joined.add(some);
        }
        joined
    }

    /// Some of the receipts, in the order in which they were first seen; nothing when there are no more.
    pub fn some(&mut self, most: usize) -> Option<Joined> {
        if self.order.is_empty() {
            return None;
        }
        let mut joined = Joined::default();
        let end = most.min(self.order.len());
        for key in self.order.drain(..end).collect::<Vec<_>>() {
            if let Some(group) = self.groups.remove(&key) {
                self.group(group, &mut joined);
            }
        }
        Some(joined)
    }

    /// Whether all receipts were asked for.
    pub fn is_done(&self) -> bool {
        self.order.is_empty()
    }

    fn group(&self, group: Group, joined: &mut Joined) {
        let told = [
            &group.headers,
            &group.lines,
            &group.tenders,
            &group.taxes,
            &group.more,
        ];
        let variants = told.map(Vec::len);
        for variant in 0..variants.into_iter().max().unwrap_or_default() {
            let of = |all: &[(usize, Receipt)]| all.get(variant).or_else(|| all.last()).cloned();
            let (head, lines) = (of(&group.headers), of(&group.lines));
            let (tenders, taxes, more) = (of(&group.tenders), of(&group.taxes), of(&group.more));
            let owed = |receipt: &Receipt| receipt.total.is_none_or(|total| !total.is_zero());
            let free = head.as_ref().is_some_and(|(_, head)| !owed(head));
            let paid = self.pair.tenders.is_none() || tenders.is_some() || free;
            // What does not count needs no lines, payments or signature.
            let counts = head.as_ref().is_none_or(|(_, head)| head.control.is_none());
            let missing = match (&head, &lines) {
                (None, _) => Some("its head"),
                _ if !counts => None,
                (Some(_), None) => Some("its lines"),
                _ if !paid => Some("its payments"),
                _ if self.pair.taxes.is_some() && !self.taxes_told => Some("its taxes"),
                _ if self.pair.more.is_some() && more.is_none() => Some("its signature"),
                _ => None,
            };
            let files = [&head, &lines, &tenders, &taxes, &more]
                .map(|half| half.as_ref().map(|(file, _)| *file));
            let mut told = [head, lines, tenders, taxes, more].into_iter().flatten();
            let Some((number, mut receipt)) = told.next() else {
                continue;
            };
            for (_, other) in told {
                merge(&mut receipt, other);
            }
            receipt.tax_lines();
            if let Some(what) = missing {
                let message = format!("the file with {what} did not come in time");
                let problem = Problem::held(Code::HalfMissing, "body", message);
                receipt.found.push(problem);
            }
            let pieces = self.pieces(number, receipt);
            let skipped = pieces.is_empty();
            let pieces = pieces.into_iter().map(|piece| (number, piece));
            if missing.is_none() {
                joined.whole.extend(pieces);
            } else if !skipped {
                joined.halves.extend(pieces);
                joined.alone.extend(files.into_iter().flatten());
            }
        }
    }

    fn pieces(&self, number: usize, receipt: Receipt) -> Vec<Piece> {
        let about = self.plan.files.get(number).and_then(Option::as_ref);
        let (Some(about), Some((table, columns))) = (about, self.columns.get(&number)) else {
            return Vec::new();
        };
        let gather = Gather {
            table,
            columns,
            about,
        };
        document::pieces(&gather, receipt)
    }
}

/// What another file adds to a receipt. Where it stands there is no place in the first file.
fn merge(receipt: &mut Receipt, mut other: Receipt) {
    let lines = other.lines.iter_mut().chain(&mut other.voided);
    lines.for_each(|line| line.at = 0);
    other.paid.iter_mut().for_each(|paid| paid.at = 0);
    other.charges.iter_mut().for_each(|charge| charge.at = 0);
    receipt.lines.extend(other.lines);
    receipt.voided.extend(other.voided);
    receipt.taxes.extend(other.taxes);
    receipt.paid.extend(other.paid);
    if receipt.charges.is_empty() {
        receipt.charges = other.charges;
    }
    if receipt.occurred_at.is_none() {
        receipt.occurred_at = other.occurred_at;
    }
    receipt.refunded = receipt.refunded.or(other.refunded);
    receipt.sign = receipt.sign.or(other.sign);
    receipt.fiscal.extend(other.fiscal);
    receipt.refused = receipt.refused.take().or(other.refused);
    receipt.found.extend(other.found);
}

/// Adds what a file tells of a receipt, unless another one told the same.
fn tell(
    groups: &mut HashMap<Key, Group>,
    order: &mut VecDeque<Key>,
    (role, number): (Role, usize),
    key: Key,
    receipt: Receipt,
) {
    let group = groups.entry(key.clone()).or_insert_with(|| {
        order.push_back(key);
        Group::default()
    });
    let own = match role {
        Role::Headers => &mut group.headers,
        Role::Lines => &mut group.lines,
        Role::Tenders => &mut group.tenders,
        Role::Taxes => &mut group.taxes,
        Role::More => &mut group.more,
    };
    if !own.iter().any(|(_, known)| known.same(&receipt)) {
        own.push((number, receipt));
    }
}

/// Flags for what stands in a row and must not be kept.
fn private(names: &mut Names, header: &[String], row: &Row, receipt: &mut Receipt) {
    let cells = row.cells.iter().zip(header);
    let cells = cells.filter(|(cell, _)| !cell.is_empty());
    let codes: Vec<Code> = cells
        .filter_map(|(_, name)| names.forbidden(Around::Plain, name))
        .collect();
    for code in codes {
        if !receipt.found.iter().any(|known| known.code == code) {
            receipt.found.push(Problem::flag(code, "", taken_out(code)));
        }
    }
}
