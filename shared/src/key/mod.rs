//! A document's natural key and uid: what makes it the same document wherever and however often it arrives.
//!
//! A key is for ever. It is made of what the till itself calls the document, so that a reinstalled PC, a re-sent file
//! and a second channel come to the same one; destinations use the uid, a hash of the key, to accept it once.

mod facts;
mod origin;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use uuid::{Uuid, uuid};

pub use self::facts::{BodyFacts, Facts};
pub use self::origin::{Target, origin_key};
use crate::document::Kind;
use crate::scalar::{Code, Day, Number, Text};

/// The namespace of all uids.
pub const NAMESPACE: Uuid = uuid!("ad098afa-dbb8-5baf-9e7e-32c8865d6129");

/// Whether a till's running numbers identify a document by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// They never start again.
    #[default]
    Never,
    /// They start again, daily or at a limit: only with the business date do they identify.
    Restart,
}

/// How the tills of a store number. A till that is not named never starts again.
#[derive(Debug, Clone, Default)]
pub struct Numbering(BTreeMap<String, Vec<(Option<Day>, Numbers)>>);

impl Numbering {
    /// From business date `from` on (from ever when `None`), the till numbers like this.
    pub fn set(&mut self, till: &str, from: Option<Day>, numbers: Numbers) {
        let changes = self.0.entry(till.to_owned()).or_default();
        changes.retain(|(date, _)| *date != from);
        changes.push((from, numbers));
        changes.sort_by_key(|(date, _)| *date);
    }

    /// How the till numbers on a business date.
    pub fn of(&self, till: &str, date: Day) -> Numbers {
        let changes = self.0.get(till).map_or(&[][..], Vec::as_slice);
        let in_force = changes.iter().rev().find(|(from, _)| *from <= Some(date));
        in_force.map_or(Numbers::Never, |(_, numbers)| *numbers)
    }
}

/// The natural key, or `None` when the document says nothing from which one could be made.
pub fn key(facts: &Facts, business_date: Day, numbering: &Numbering) -> Option<String> {
    let store = facts.store.as_str();
    let body = &facts.body;
    let part = body.part.as_ref().map(Code::as_str);
    match facts.kind {
        Kind::Sale | Kind::Return | Kind::CashMovement | Kind::TillActivity => {
            numbered(facts, business_date, numbering)
        }
        // A sender's reference counts as a void's own name, as it does for every other kind: only one without any is
        // called after what it undoes. The contract can be read the other way; keys are for ever, so this stays.
        Kind::Void => numbered(facts, business_date, numbering)
            .or_else(|| voided(facts, business_date, numbering)),
        Kind::DayOpen | Kind::DayClose => numbered(facts, business_date, numbering).or_else(|| {
            let date = business_date.to_string();
            let z_number = body.z_number.map(|number| number.0.to_string());
            let rest = [Some(facts.kind.as_str()), Some(&date), z_number.as_deref()];
            Some(format!("{}/{}", facts.circle()?, path_of(&rest)))
        }),
        Kind::StockCount => {
            let whole = count(&facts.store, body.count.as_ref()?);
            Some(match part {
                // A code needs no encoding.
                Some(part) => format!("{whole}/{part}"),
                None => whole,
            })
        }
        Kind::StockMove => {
            let (r#type, reference) = (body.r#type.as_ref()?, body.reference.as_ref()?);
            let (r#type, reference) = (r#type.as_str(), reference.as_str());
            let parts = [
                Some(store),
                Some("stock_move"),
                Some(r#type),
                Some(reference),
                part,
            ];
            Some(path_of(&parts))
        }
        Kind::Pickup => {
            let (order, r#type) = (
                body.order.as_ref()?.as_str(),
                body.r#type.as_ref()?.as_str(),
            );
            Some(path_of(&[
                Some(store),
                Some("pickup"),
                Some(order),
                Some(r#type),
                part,
            ]))
        }
        Kind::Settlement => {
            let date = body.to_at.as_ref()?.written_date().to_string();
            Some(path_of(&[
                Some(store),
                Some("settlement"),
                Some(body.provider.as_ref()?.as_str()),
                body.terminal.as_ref().map(Code::as_str),
                Some(&date),
                Some(body.batch.as_ref()?.as_str()),
            ]))
        }
    }
}

/// By the till's own number, else the printed one, else the sender's reference.
fn numbered(facts: &Facts, business_date: Day, numbering: &Numbering) -> Option<String> {
    let circle = facts.circle()?;
    let till = facts.till.as_ref()?.as_str();
    let number = number(facts.sequence, facts.receipt_number.as_ref());
    if let Some(number) = number {
        let number = dated(number, numbering.of(till, business_date), business_date);
        return Some(format!("{circle}/{number}"));
    }
    // A reference is not a number of the till, so it does not restart with them.
    let reference = facts.source.as_ref()?.reference.as_ref()?;
    Some(format!("{circle}/s:{}", encode(reference.as_str())))
}

/// A void without a number of its own: by the number it undoes.
fn voided(facts: &Facts, business_date: Day, numbering: &Numbering) -> Option<String> {
    let circle = facts.circle()?;
    let of = facts.body.of.as_ref()?;
    let till = of.till.as_ref().or(facts.till.as_ref())?.as_str();
    let date = of.business_date.unwrap_or(business_date);
    let number = number(of.sequence, of.receipt_number.as_ref())?;
    let number = dated(number, numbering.of(till, date), date);
    Some(format!("{circle}/void/{number}"))
}

fn number(sequence: Option<Number>, receipt_number: Option<&Text>) -> Option<String> {
    match sequence {
        Some(sequence) => Some(sequence.0.to_string()),
        None => Some(format!("r:{}", encode(receipt_number?.as_str()))),
    }
}

fn dated(number: String, numbers: Numbers, date: Day) -> String {
    match numbers {
        Numbers::Never => number,
        Numbers::Restart => format!("{date}/{number}"),
    }
}

/// The key of a count as a whole; that of a part begins with it.
pub fn count(store: &Code, count: &Code) -> String {
    path_of(&[
        Some(store.as_str()),
        Some("stock_count"),
        Some(count.as_str()),
    ])
}

/// The uid of a key.
pub fn uid(key: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, key.as_bytes())
}

/// The uid of a document's line.
pub fn line_uid(document: Uuid, line: Number) -> Uuid {
    Uuid::new_v5(&document, format!("line/{}", line.0).as_bytes())
}

/// The uid of a document's tender; the first is 1.
pub fn tender_uid(document: Uuid, position: usize) -> Uuid {
    Uuid::new_v5(&document, format!("tender/{position}").as_bytes())
}

/// The uid of the part of a document that belongs to one original, or to none.
pub fn part_uid(document: Uuid, original: Option<&str>) -> Uuid {
    Uuid::new_v5(
        &document,
        format!("part/{}", original.unwrap_or("none")).as_bytes(),
    )
}

/// The first suffix of a key under which other content than the first one's is kept.
pub const CONFLICT_FIRST: u32 = 2;

/// The key of the `n`th content that came under one key; `n` is [`CONFLICT_FIRST`] or more.
pub fn conflict_key(key: &str, n: u32) -> String {
    format!("{key}~{n}")
}

/// Whether `claimed` is the key itself or one of its conflict keys.
///
/// Documents stored under a conflict key are written out with it. Read back, their content gives the plain key, so
/// the suffix fits; which of the two it belongs under is decided by whoever knows what is stored.
pub fn fits(claimed: &str, key: &str) -> bool {
    let Some(rest) = claimed.strip_prefix(key) else {
        return false;
    };
    let suffix = |digits: &str| {
        let n: Option<u32> = digits.parse().ok();
        n.is_some_and(|n| n >= CONFLICT_FIRST && n.to_string() == digits)
    };
    rest.is_empty() || rest.strip_prefix('~').is_some_and(suffix)
}

fn path(parts: &[&str]) -> String {
    parts
        .iter()
        .map(|part| encode(part))
        .collect::<Vec<_>>()
        .join("/")
}

fn path_of(parts: &[Option<&str>]) -> String {
    let present: Vec<&str> = parts.iter().copied().flatten().collect();
    path(&present)
}

/// Percent-encodes what would make a key ambiguous or unprintable, and nothing else.
fn encode(part: &str) -> String {
    let mut encoded = String::with_capacity(part.len());
    for c in part.chars() {
        if c == '%' || c == '/' || c.is_control() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        } else {
            encoded.push(c);
        }
    }
    encoded
}
