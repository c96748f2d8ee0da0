//! POSLog XML (ARTS/OMG IXRetail): one engine for all dialects; a profile says where they differ.
//!
//! A document streams through: [`split`] cuts it into transactions, [`tree`] reads one of them, [`head`], [`sale`]
//! and [`control`] say in the contract's words what it says. Elements are known by their local names; what is not
//! known is passed over. Where a dialect is ambiguous (is the change in the amount or not? does the discount come off
//! the extended amount?) the till's own sums decide.

pub mod approvals;
pub mod control;
pub mod head;
pub mod lines;
pub mod money;
pub mod off;
pub mod order;
pub mod people;
pub mod prices;
pub mod sale;
pub mod split;
pub mod stock;
#[cfg(test)]
mod stock_tests;
pub mod tenders;
#[cfg(test)]
mod tests;
pub mod tree;

use std::collections::BTreeMap;

use serde::Deserialize;

use self::split::{Fragment, Splitter};
use self::tree::Node;
use crate::problem::{Code, Problem};
use crate::profile::About;
use crate::profile::clean::Frame;
use crate::profile::names::{Around, Names, scrubbed};
use crate::profile::piece::{Piece, Spot};

/// How a dialect differs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Poslog {
    /// Where the store's code stands; the first that is filled counts.
    pub store_path: Vec<String>,
    /// Where the till's code stands.
    pub till_path: Vec<String>,
    /// Where the article stands.
    pub item_paths: Vec<String>,
    /// Which times count, in this order.
    pub time_paths: Vec<String>,
    /// Whether prices are with tax.
    pub prices: Prices,
    /// What voided lines look like.
    pub void_lines: VoidLines,
    /// Which rewards take something off the total.
    pub rewards: Rewards,
    /// Words by which a line says that it is a return, as in `SalesMode=RETOUR`.
    pub return_text: Vec<String>,
    /// The `TotalType` of what is owed.
    pub total: String,
    /// The `TotalType` of the tax in it.
    pub tax: String,
    /// The `TotalType` of the amount without tax; empty where it means something else.
    pub net: String,
    /// Control transactions that open the till's day.
    pub day_open: Vec<String>,
    /// Control transactions that close it.
    pub day_close: Vec<String>,
    /// Whether a loyalty card's number is replaced by a hash.
    pub loyalty_hashed: bool,
    /// Elements of the transaction that are copied to `fiscal`.
    pub fiscal: Vec<String>,
    /// Further elements that are personal and dropped.
    pub drop: Vec<String>,
    /// The till's tender numbers or types, and what they are.
    pub tender_map: BTreeMap<String, TenderName>,
}

impl Default for Poslog {
    fn default() -> Self {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            store_path: list(&["BusinessUnit/UnitID", "RetailStoreID", "BusinessUnit"]),
            till_path: list(&["WorkstationID", "TillID"]),
            item_paths: list(&["POSIdentity/POSItemID", "ItemID"]),
            time_paths: list(&[
                "EndDateTime",
                "POSLogDateTime",
                "ReceiptDateTime",
                "BeginDateTime",
            ]),
            prices: Prices::Auto,
            void_lines: VoidLines::Auto,
            rewards: Rewards::None,
            return_text: Vec::new(),
            total: "TransactionGrandAmount".to_owned(),
            tax: "TransactionTaxAmount".to_owned(),
            net: "TransactionNetAmount".to_owned(),
            day_open: list(&["POSSOD"]),
            day_close: list(&["POSEOD"]),
            loyalty_hashed: false,
            fiscal: Vec::new(),
            drop: Vec::new(),
            tender_map: BTreeMap::new(),
        }
    }
}

/// What the till calls a tender.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenderName {
    /// The contract's type, as in `cash`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The method, as in `CASH`.
    pub method: String,
}

/// Whether prices are with tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prices {
    /// The till's own sums decide.
    Auto,
    /// With tax.
    TaxIncluded,
    /// Without.
    TaxExcluded,
}

/// What voided lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoidLines {
    /// A reversal with a link, or with the opposite sign, or a flag alone.
    Auto,
    /// They are left out.
    Omitted,
    /// A second line takes the first off by its sign.
    SignedReversal,
    /// A second line with the same sign; it names the first one.
    UnsignedReversal,
    /// The line itself says that it is void.
    FlagOnly,
}

/// Which rewards take something off the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rewards {
    /// None: they are in the lines already.
    None,
    /// The rows that sum up a reward in money.
    SummaryMonetary,
}

/// Reads one POSLog.
#[derive(Debug)]
pub struct Reader {
    settings: Poslog,
    about: About,
    splitter: Splitter,
    names: Names,
    fragments: Vec<Fragment>,
}

impl Reader {
    /// Reads a file about which this is known.
    pub fn new(settings: Poslog, about: About) -> Self {
        Self {
            settings,
            about,
            splitter: Splitter::default(),
            names: Names::default(),
            fragments: Vec::new(),
        }
    }

    /// What stands around the transactions.
    pub fn frame(&self) -> Frame {
        frame(self.splitter.head())
    }

    /// Takes the next text.
    pub fn feed(&mut self, text: &str, out: &mut Vec<Piece>) -> Result<(), (Spot, Problem)> {
        let fed = self.splitter.feed(text, &mut self.fragments);
        for fragment in std::mem::take(&mut self.fragments) {
            let piece = self.piece(fragment);
            out.push(piece);
        }
        fed.map_err(broken)
    }

    /// The end of the file.
    pub fn finish(&mut self) -> Result<(), (Spot, Problem)> {
        self.splitter.finish().map_err(broken)
    }

    fn piece(&mut self, fragment: Fragment) -> Piece {
        let Some(raw) = fragment.text else {
            let message = format!("larger than {} bytes", split::TRANSACTION_BYTES_MAX);
            let problem = Problem::refused(Code::TooLarge, "", message);
            return Piece::new(fragment.spot, Err(problem), String::new());
        };
        let node = match tree::read(&raw) {
            Ok(node) => node,
            Err(error) => {
                let spot = fragment.spot.after(raw.get(..error.at).unwrap_or(&raw));
                let problem = Problem::refused(Code::BadValue, "", error.why);
                return Piece::new(spot, Err(problem), raw);
            }
        };
        let mut piece = Piece::new(fragment.spot, Ok(serde_json::Value::Null), raw);
        let transaction = Transaction {
            node: &node,
            settings: &self.settings,
            about: &self.about,
        };
        piece.item = head::document(&transaction, &mut piece.found, &mut piece.parts);
        self.private(&node, Around::Plain, &mut piece.found);
        piece
    }

    /// Flags what must not be kept, once per kind. None of it is copied; the flag says that the file holds it.
    fn private(&mut self, node: &Node, around: Around, found: &mut Vec<Problem>) {
        let within = around.within(&node.name);
        let own = std::iter::once((node.name.as_str(), node.text.as_str()));
        let attributes = node
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (index, (name, value)) in own.chain(attributes).enumerate() {
            let around = if index == 0 { around } else { within };
            let code = self.verdict(around, name, value);
            if let Some(code) = code
                && !found.iter().any(|problem| problem.code == code)
            {
                found.push(Problem::flag(code, "", taken_out(code)));
            }
        }
        for child in &node.children {
            self.private(child, within, found);
        }
    }

    fn verdict(&mut self, around: Around, name: &str, value: &str) -> Option<Code> {
        if value.is_empty() || matches!(value, "true" | "false") {
            return None;
        }
        if self.settings.drop.iter().any(|dropped| dropped == name) {
            return Some(Code::PersonalDataRemoved);
        }
        let by_name = self.names.forbidden(around, name);
        by_name.or_else(|| {
            let number = !EXEMPT.contains(&name) && scrubbed(value).is_some();
            number.then_some(Code::CardDataRemoved)
        })
    }
}

/// What stands around the transactions: the elements they are in, in UTF-8 whatever the file was in.
pub fn frame(head: &str) -> Frame {
    let root = head.find("POSLog").and_then(|at| {
        let start = head[..at].rfind('<')?;
        let end = at + head[at..].find('>')? + 1;
        Some((&head[start..end], &head[start + 1..at + "POSLog".len()]))
    });
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let (open, name) = root.unwrap_or(("<POSLog>", "POSLog"));
    Frame {
        before: format!("{declaration}{open}\n"),
        between: "\n",
        after: format!("\n</{name}>\n"),
        ..Frame::default()
    }
}

/// Elements whose long numbers are what they are made of.
pub const EXEMPT: [&str; 12] = [
    "ItemID",
    "POSItemID",
    "SequenceNumber",
    "TransactionID",
    "ReceiptNumber",
    "SerialNumber",
    "UnitID",
    "WorkstationID",
    "InstrumentID",
    "GiftCertificateID",
    "Hashcode",
    "Signature",
];

/// What is said of something that was left out.
pub fn taken_out(code: Code) -> &'static str {
    if code == Code::PersonalDataRemoved {
        "the file holds personal data; it was left out"
    } else {
        "the file holds card data; it was left out"
    }
}

fn broken(broken: split::Broken) -> (Spot, Problem) {
    (
        broken.spot,
        Problem::refused(Code::BadValue, "", broken.why),
    )
}

/// A transaction that is read.
#[derive(Clone, Copy)]
pub struct Transaction<'a> {
    /// Its element.
    pub node: &'a Node,
    /// How its dialect differs.
    pub settings: &'a Poslog,
    /// What is known of the file.
    pub about: &'a About,
}
