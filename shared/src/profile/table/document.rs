//! A receipt's rows in the contract's words: signs, totals, what paid for it.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::receipt::{Gather, Line, Paid, Receipt};
use crate::problem::{Code, Problem};
use crate::profile::number::price;
use crate::profile::piece::{Part, Piece};
use crate::profile::poslog::TenderName;
use crate::profile::poslog::money::{amount, near, plain, unit};

/// The document of a receipt.
pub fn piece(gather: &Gather<'_>, mut receipt: Receipt) -> Piece {
    let spot = receipt.spot;
    let raw = std::mem::take(&mut receipt.raw);
    if let Some(problem) = receipt.refused.take() {
        return Piece::new(spot, Err(problem), raw);
    }
    let found = std::mem::take(&mut receipt.found);
    let mut parts = Vec::new();
    let item = Writing::of(gather, &receipt).document(receipt, &mut parts);
    let mut piece = Piece::new(spot, item, raw);
    piece.found = found;
    piece.parts = parts;
    piece
}

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

/// A receipt that is being written.
struct Writing<'a> {
    gather: &'a Gather<'a>,
    currency: String,
    unit: Decimal,
    excluded: bool,
}

impl<'a> Writing<'a> {
    fn of(gather: &'a Gather<'a>, receipt: &Receipt) -> Self {
        let stated = receipt.head.iter().find(|(name, _)| *name == "currency");
        let stated = stated.map(|(_, code)| code.clone());
        let default = || gather.table.defaults.currency.clone();
        let currency = stated
            .or_else(default)
            .unwrap_or_else(|| gather.about.currency.clone());
        Self {
            gather,
            unit: unit(&currency),
            currency,
            excluded: gather.table.defaults.prices.as_deref() == Some("tax_excluded"),
        }
    }

    fn document(&self, receipt: Receipt, parts: &mut Vec<(Part, usize)>) -> Result<Value, Problem> {
        let about = self.gather.about;
        let mut document = Map::new();
        let (kind, body) = match &receipt.control {
            Some(word) => ("till_activity", json!({"type": word})),
            None => self.body(&receipt, parts),
        };
        document.insert("kind".to_owned(), kind.into());
        document.insert("store".to_owned(), about.store.clone().into());
        let mut reference = None;
        for (name, text) in receipt.head {
            match name {
                "reference" => reference = Some(text),
                "sequence" if text.bytes().any(|byte| !byte.is_ascii_digit()) => {
                    document.entry("receipt_number").or_insert(text.into());
                }
                _ => {
                    document.insert(name.to_owned(), text.into());
                }
            }
        }
        if let Some(till) = &self.gather.table.defaults.till {
            document
                .entry("till")
                .or_insert_with(|| till.clone().into());
        }
        document.insert("currency".to_owned(), self.currency.clone().into());
        let Some(when) = receipt.occurred_at else {
            let message = "no column says when it happened; name it under [date] cols";
            return Err(Problem::refused(Code::MissingField, "occurred_at", message));
        };
        document.insert("occurred_at".to_owned(), when.into());
        let mut source = json!({"file": about.file_name});
        if let (Some(reference), Some(source)) = (reference, source.as_object_mut()) {
            source.insert("reference".to_owned(), reference.into());
        }
        document.insert("source".to_owned(), source);
        document.insert("body".to_owned(), body);
        Ok(Value::Object(document))
    }

    fn body(&self, receipt: &Receipt, parts: &mut Vec<(Part, usize)>) -> (&'static str, Value) {
        let sign = if receipt.reversed {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        };
        let lines: Vec<Sold> = receipt
            .lines
            .iter()
            .map(|line| sold(line, sign, self.unit))
            .collect();
        let goods: Decimal = lines.iter().map(|line| line.total).sum();
        let taxes = lines.iter().filter_map(|line| line.tax);
        let of_lines: Option<Decimal> = lines
            .iter()
            .any(|line| line.tax.is_some())
            .then(|| taxes.sum());
        let flip = |amount: Decimal| {
            if receipt.reversed {
                -amount.abs()
            } else {
                amount
            }
        };
        let tax = receipt.tax.map(flip).or(of_lines);
        let added = if self.excluded {
            tax.unwrap_or_default()
        } else {
            Decimal::ZERO
        };
        // What is collected holds the tip; what is owed does not.
        let total = receipt
            .total
            .map_or(goods + added, |total| flip(total) - receipt.tip);
        let mut body = Map::new();
        let prices = if self.excluded {
            "tax_excluded"
        } else {
            "tax_included"
        };
        body.insert("prices".to_owned(), prices.into());
        let kind = kind(&lines, total);
        if !lines.is_empty() {
            let told = lines.into_iter().zip(&receipt.lines).enumerate();
            let told = told.map(|(index, (sold, line))| {
                parts.push((Part::Line(index), line.at));
                self.line(index, &sold, line)
            });
            body.insert("lines".to_owned(), told.collect());
        }
        if self.excluded || tax.is_some() {
            body.insert(
                "tax_total".to_owned(),
                amount(tax.unwrap_or_default(), self.unit),
            );
        }
        body.insert("total".to_owned(), amount(total, self.unit));
        if !receipt.rounding.is_zero() {
            body.insert(
                "cash_rounding".to_owned(),
                amount(receipt.rounding, self.unit),
            );
        }
        self.payment(receipt, total, sign, &mut body, parts);
        (kind, Value::Object(body))
    }

    fn line(&self, index: usize, sold: &Sold, line: &Line) -> Value {
        let mut json = Map::new();
        json.insert("line".to_owned(), (index + 1).into());
        let kind = self
            .gather
            .table
            .defaults
            .line_type
            .as_deref()
            .unwrap_or("item");
        json.insert("type".to_owned(), kind.into());
        let product = line
            .product
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.clone().into()));
        json.insert("product".to_owned(), Value::Object(product.collect()));
        json.insert("quantity".to_owned(), plain(sold.quantity));
        if let Some(measure) = line
            .unit
            .as_ref()
            .or(self.gather.table.defaults.unit.as_ref())
        {
            json.insert("unit".to_owned(), measure.clone().into());
        }
        json.insert("unit_price".to_owned(), plain(sold.unit_price));
        if !sold.discount.is_zero() {
            json.insert(
                "discounts".to_owned(),
                json!([{"amount": amount(sold.discount, self.unit)}]),
            );
        }
        if let Some(rate) = line.tax_rate {
            json.insert(
                "taxes".to_owned(),
                json!([{"code": plain(rate), "rate": plain(rate)}]),
            );
        }
        if let Some(tax) = sold.tax {
            json.insert("tax".to_owned(), amount(tax, self.unit));
        }
        json.insert("total".to_owned(), amount(sold.total, self.unit));
        Value::Object(json)
    }

    /// What was paid. Where the file does not say how much, it is what is left to pay.
    fn payment(
        &self,
        receipt: &Receipt,
        total: Decimal,
        sign: Decimal,
        body: &mut Map<String, Value>,
        parts: &mut Vec<(Part, usize)>,
    ) {
        let owed = total + receipt.rounding + receipt.tip;
        let mut paid = receipt.paid.clone();
        if paid.is_empty() {
            paid = self.unsaid(receipt, owed);
        }
        if receipt.reversed {
            for one in &mut paid {
                one.amount = one.amount.map(|amount| amount.abs() * sign);
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
        let mut tip = receipt.tip;
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
            tenders.push(self.tender(&one, sum, foreign, std::mem::take(&mut tip)));
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

/// Goods that all come back are a return.
fn kind(lines: &[Sold], total: Decimal) -> &'static str {
    let back = !lines.is_empty() && lines.iter().all(|line| line.quantity.is_sign_negative());
    if back || (lines.is_empty() && total.is_sign_negative()) {
        "return"
    } else {
        "sale"
    }
}

/// A line with its signs.
struct Sold {
    quantity: Decimal,
    unit_price: Decimal,
    discount: Decimal,
    total: Decimal,
    tax: Option<Decimal>,
}

/// The quantity carries the sign; where a till gives only totals, the price follows from them.
fn sold(line: &Line, sign: Decimal, unit: Decimal) -> Sold {
    let quantity = if line.quantity.is_zero() {
        Decimal::ONE
    } else {
        line.quantity
    };
    let back = quantity.is_sign_negative()
        || sign.is_sign_negative()
        || line
            .total
            .is_some_and(|total| total.is_sign_negative() && !total.is_zero());
    let direction = if back {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    };
    let each = line.unit_price.map(|price| price.abs());
    let pieces = quantity.abs();
    let mut discount = line.discount;
    let total = match (line.total, each) {
        (Some(total), _) => total.abs(),
        (None, Some(each)) => (pieces * each - discount).round_dp(unit.scale()),
        (None, None) => Decimal::ZERO,
    };
    // A discount that is in the price already.
    if let Some(each) = each
        && !discount.is_zero()
        && near(pieces * each, total, unit)
    {
        discount = Decimal::ZERO;
    }
    Sold {
        quantity: pieces * direction,
        unit_price: each.unwrap_or_else(|| price(total + discount, pieces)),
        discount: discount * direction,
        total: total * direction,
        tax: line.tax.map(|tax| tax.abs() * direction),
    }
}
