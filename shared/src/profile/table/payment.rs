//! What paid for a receipt, in the contract's words: tenders, change, foreign money, tips.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::document::Writing;
use super::gather::Gather;
use super::receipt::{Paid, Receipt};
use super::sold::sold;
use crate::profile::number::price;
use crate::profile::piece::Part;
use crate::profile::poslog::TenderName;
use crate::profile::poslog::money::{amount, plain};

impl Gather<'_> {
    /// The name that a file gives to what pays for these lines, in the order in which they come.
    pub fn by_line(&self, receipt: &Receipt) -> Vec<(TenderName, Vec<usize>)> {
        let mut found: Vec<(String, Vec<usize>)> = Vec::new();
        for (index, line) in receipt.lines.iter().enumerate() {
            let Some(word) = &line.tender else { continue };
            match found.iter_mut().find(|(known, _)| known == word) {
                Some((_, lines)) => lines.push(index),
                None => found.push((word.clone(), vec![index])),
            }
        }
        found
            .into_iter()
            .map(|(word, lines)| (self.name(&word), lines))
            .collect()
    }
}

impl Writing<'_> {
    /// What was paid. Where the file does not say how much, it is what is left to pay.
    pub(super) fn payment(
        &self,
        receipt: &Receipt,
        total: Decimal,
        body: &mut Map<String, Value>,
        parts: &mut Vec<(Part, usize)>,
    ) {
        let tips: Decimal = receipt.paid.iter().map(|one| one.tip).sum();
        // Where each payment says its tip, the whole says it once more.
        let whole = if tips.is_zero() { receipt.tip } else { tips };
        let owed = total + receipt.rounding + whole;
        let mut paid = receipt.paid.clone();
        if paid.is_empty() {
            paid = self.unsaid(receipt, owed);
        }
        if receipt.reversed {
            for one in &mut paid {
                one.amount = one.amount.map(|amount| -amount.abs());
            }
        }
        let own = |one: &Paid| {
            one.currency
                .as_ref()
                .is_none_or(|code| *code == self.currency)
        };
        let received = paid
            .iter()
            .any(|one| one.amount.is_some_and(|amount| amount > Decimal::ZERO));
        let change = |one: &Paid| {
            let back = one.amount.is_some_and(|amount| amount < Decimal::ZERO);
            received && back && own(one) && one.name.kind == "cash"
        };
        let given: Decimal = paid
            .iter()
            .filter(|one| change(one))
            .filter_map(|one| one.amount)
            .sum();
        let (rest, others): (Vec<Paid>, Vec<Paid>) = paid
            .into_iter()
            .filter(|one| !change(one))
            .partition(|one| one.amount.is_none() || !own(one));
        let known: Decimal = others.iter().filter_map(|one| one.amount).sum();
        let mut left = owed - given - known;
        let mut tenders = Vec::new();
        let mut tip = if tips.is_zero() {
            receipt.tip
        } else {
            Decimal::ZERO
        };
        for one in others.into_iter().chain(rest) {
            let foreign = !own(&one);
            let sum = if foreign {
                left
            } else {
                one.amount.unwrap_or(left)
            };
            if foreign || one.amount.is_none() {
                left = Decimal::ZERO;
            }
            parts.push((Part::Tender(tenders.len()), one.at));
            let own_tip = one.tip + std::mem::take(&mut tip);
            tenders.push(self.tender(&one, sum, foreign, own_tip));
        }
        body.insert("tenders".to_owned(), Value::Array(tenders));
        if !given.is_zero() {
            body.insert("change".to_owned(), amount(-given, self.unit));
        }
    }

    fn tender(&self, one: &Paid, sum: Decimal, foreign: bool, tip: Decimal) -> Value {
        let mut json = Map::new();
        json.insert("type".to_owned(), one.name.kind.clone().into());
        json.insert("method".to_owned(), one.name.method.clone().into());
        json.insert("amount".to_owned(), amount(sum, self.unit));
        if let (true, Some(code), Some(face)) = (foreign, &one.currency, one.amount) {
            let rate = plain(price(sum, face));
            let told = json!({"currency": code, "amount": plain(face), "rate": rate});
            json.insert("foreign".to_owned(), told);
        }
        if !tip.is_zero() {
            json.insert("tip".to_owned(), amount(tip, self.unit));
        }
        Value::Object(json)
    }

    /// How a receipt was paid that names no payments of its own: by what its lines say, else by the profile's default.
    fn unsaid(&self, receipt: &Receipt, owed: Decimal) -> Vec<Paid> {
        let paid = |name: TenderName, amount: Option<Decimal>| Paid {
            at: 0,
            name,
            amount,
            currency: None,
            tip: Decimal::ZERO,
        };
        let by_line = self.gather.by_line(receipt);
        if by_line.len() == 1 {
            return by_line
                .into_iter()
                .map(|(name, _)| paid(name, Some(owed)))
                .collect();
        }
        let sum = |lines: &[usize]| {
            let totals = lines.iter().filter_map(|index| receipt.lines.get(*index));
            totals
                .map(|line| sold(line, Decimal::ONE, self.unit).total)
                .sum()
        };
        if !by_line.is_empty() {
            return by_line
                .into_iter()
                .map(|(name, lines)| paid(name, Some(sum(&lines))))
                .collect();
        }
        let default = self.gather.table.defaults.tender.clone();
        default
            .map(|name| paid(name, Some(owed)))
            .into_iter()
            .collect()
    }
}
