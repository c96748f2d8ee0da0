//! A first look at the files of a pair: how they write, which cannot be read, and which receipts are put together at a
//! time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Pair;
use super::rows::Rows;
use crate::problem::Problem;
use crate::profile::table::survey::{Habits, Votes};
use crate::profile::{About, Spot};

/// Text of the receipts that are put together at a time; in memory they take a dozen times as much.
const PART_BYTES: usize = 512 << 10;

/// What a first look found.
#[derive(Debug)]
pub struct Plan {
    /// The files, with how they write; `None` for one that cannot be read or is passed over.
    pub files: Vec<Option<About>>,
    /// Files that cannot be read, by number.
    pub broken: Vec<(usize, Spot, Problem)>,
    of: HashMap<u64, usize>,
    parts: usize,
}

impl Plan {
    /// In how many parts the receipts are put together.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// The part of a receipt.
    pub fn part(&self, key: &[String]) -> Option<usize> {
        self.of.get(&short(key)).copied()
    }
}

/// A name of a receipt that takes less room.
fn short(key: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Looks through the files, one after the other.
#[derive(Debug)]
pub struct Looking<'a> {
    pair: &'a Pair,
    rows: Rows<'a>,
    votes: Option<Votes>,
    abouts: Vec<About>,
    good: Vec<bool>,
    habits: Vec<Habits>,
    broken: Vec<(usize, Spot, Problem)>,
    /// Receipts in the order in which they are first seen, with the bytes of their rows.
    seen: HashMap<u64, usize>,
    sizes: Vec<(u64, usize)>,
}

impl<'a> Looking<'a> {
    /// For the files of this pair.
    pub fn new(pair: &'a Pair) -> Self {
        Self {
            pair,
            rows: Rows::new(pair),
            votes: None,
            abouts: Vec::new(),
            good: Vec::new(),
            habits: Vec::new(),
            broken: Vec::new(),
            seen: HashMap::new(),
            sizes: Vec::new(),
        }
    }

    /// The next file.
    pub fn begin(&mut self, about: About) {
        self.abouts.push(about);
        self.good.push(true);
        self.habits.push(Habits::default());
        self.rows = Rows::new(self.pair);
        self.votes = None;
    }

    /// Its next text, the last one with `last`.
    pub fn feed(&mut self, text: &str, last: bool) {
        let Some(number) = self.abouts.len().checked_sub(1) else {
            return;
        };
        if !self.good[number] {
            return;
        }
        let (votes, seen, sizes) = (&mut self.votes, &mut self.seen, &mut self.sizes);
        let modified_at = self.abouts[number].modified_at;
        let read = self.rows.feed(text, last, |known, key, row| {
            let table = &known.side.table;
            votes
                .get_or_insert_with(|| Votes::new(table, &known.columns, modified_at))
                .row(table, &known.columns, &row);
            let key = short(&key);
            let index = *seen.entry(key).or_insert_with(|| {
                sizes.push((key, 0));
                sizes.len() - 1
            });
            sizes[index].1 += row.raw.len();
        });
        if let Err((spot, problem)) = read {
            self.good[number] = false;
            self.broken.push((number, spot, problem));
        }
        if last {
            self.good[number] &= !self.rows.passed_over;
            self.habits[number] = self
                .votes
                .take()
                .map(|votes| votes.habits())
                .unwrap_or_default();
        }
    }

    /// What all of them come to.
    pub fn plan(self) -> Plan {
        let (mut of, mut part, mut bytes) = (HashMap::with_capacity(self.sizes.len()), 0, 0);
        for (key, size) in self.sizes {
            if bytes > 0 && bytes + size > PART_BYTES {
                part += 1;
                bytes = 0;
            }
            bytes += size;
            of.insert(key, part);
        }
        let files = self.abouts.into_iter().zip(&self.good).enumerate();
        let files = files.map(|(number, (mut about, good))| {
            // What the files of one export say of how they write holds for all of them.
            let mut own = self.habits[number].clone();
            let others = self.habits.iter().enumerate();
            others
                .filter(|(other, _)| *other != number)
                .for_each(|(_, other)| own.beside(other));
            about.habits = own;
            good.then_some(about)
        });
        Plan {
            files: files.collect(),
            broken: self.broken,
            parts: if of.is_empty() { 0 } else { part + 1 },
            of,
        }
    }
}
