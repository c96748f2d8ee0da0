//! A receipt's rows in the contract's words: signs, totals, what paid for it.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::gather::Gather;
use super::receipt::{Charge, Line, Lot, Paid, Receipt};
use super::sold::{Sold, kind, sold};
use super::sums::{Found, decide};
use super::{Record, moves};
use crate::currency;
use crate::problem::{Code, Problem};
use crate::profile::piece::{Part, Piece};
use crate::profile::poslog::money::{amount, plain, unit};

/// The document of a receipt, and what was paid back of it later; nothing where it is none of this store's, or none yet.
pub fn pieces(gather: &Gather<'_>, mut receipt: Receipt) -> Vec<Piece> {
    if receipt.skipped {
        return Vec::new();
    }
    let refund = refund(gather, &receipt);
    let spot = receipt.spot;
    let raw = std::mem::take(&mut receipt.raw);
    if let Some((problem, spot)) = receipt.refused.take() {
        return vec![Piece::new(spot, Err(problem), raw)];
    }
    let written = |receipt: Receipt, raw: String| {
        let mut receipt = receipt;
        let found = std::mem::take(&mut receipt.found);
        let mut parts = Vec::new();
        let item = Writing::of(gather, &receipt).document(receipt, &mut parts);
        let mut piece = Piece::new(spot, item, raw);
        piece.found = found;
        piece.parts = parts;
        piece
    };
    let own = written(receipt, raw);
    let refund = refund.map(|refund| written(refund, String::new()));
    [own].into_iter().chain(refund).collect()
}

/// What the file says was paid back later, as a document of its own that a person looks at: for which goods and when,
/// the file does not say.
fn refund(gather: &Gather<'_>, receipt: &Receipt) -> Option<Receipt> {
    let amount = receipt.refunded.filter(|_| receipt.control.is_none())?;
    let numbered = |(name, text): &(&'static str, String)| match *name {
        "sequence" => ("receipt_number", format!("{text}-refund")),
        "receipt_number" | "reference" => (*name, format!("{text}-refund")),
        _ => (*name, text.clone()),
    };
    let message = "the file says that money was paid back for this receipt, but neither when nor for which goods";
    let what = ("service", "Refund");
    let charge = Charge {
        at: 0,
        what,
        amount: -amount.abs(),
    };
    let mut head: Vec<(&'static str, String)> = Vec::new();
    for (name, text) in receipt.head.iter().map(numbered) {
        if !head.iter().any(|(known, _)| *known == name) {
            head.push((name, text));
        }
    }
    // As it was paid, so it is taken to be paid back.
    let paid = receipt.paid.first().map(|paid| paid.name.clone());
    let by_line = || gather.by_line(receipt).into_iter().next();
    let paid = paid.or_else(|| by_line().map(|(name, _)| name));
    let paid = paid.map(|name| Paid {
        at: 0,
        name,
        amount: None,
        currency: None,
        tip: Decimal::ZERO,
    });
    Some(Receipt {
        spot: receipt.spot,
        head,
        occurred_at: receipt.occurred_at.clone(),
        charges: vec![charge],
        paid: paid.into_iter().collect(),
        sign: receipt.sign,
        found: vec![Problem::held(Code::RefundUnclear, "body.lines", message)],
        ..Receipt::default()
    })
}

/// A receipt that is being written.
pub(super) struct Writing<'a> {
    pub(super) gather: &'a Gather<'a>,
    pub(super) currency: String,
    pub(super) unit: Decimal,
}

impl<'a> Writing<'a> {
    fn of(gather: &'a Gather<'a>, receipt: &Receipt) -> Self {
        let stated = receipt.head.iter().find(|(name, _)| *name == "currency");
        let stated = stated.map(|(_, code)| code.clone());
        let default = || gather.table.defaults.currency.clone();
        let own = &gather.about.currency;
        let signed = || receipt.sign.and_then(|sign| currency::of_sign(sign, own));
        let currency = stated
            .or_else(default)
            .or_else(|| signed().map(str::to_owned))
            .unwrap_or_else(|| own.clone());
        Self {
            gather,
            unit: unit(&currency),
            currency,
        }
    }

    fn document(&self, receipt: Receipt, parts: &mut Vec<(Part, usize)>) -> Result<Value, Problem> {
        let about = self.gather.about;
        let mut document = Map::new();
        let moved = receipt.lines.iter().find_map(movement);
        let (kind, mut body) = match (&receipt.control, moved) {
            _ if self.gather.table.record == Record::Moves => (
                "stock_move",
                moves::body(self.gather.table, &receipt, parts)?,
            ),
            (Some(word), _) => ("till_activity", json!({"type": word})),
            (None, Some(how)) => ("cash_movement", self.movement(&receipt, how)),
            (None, None) => self.body(&receipt, parts),
        };
        document.insert("kind".to_owned(), kind.into());
        document.insert("store".to_owned(), about.store.clone().into());
        let mut reference = None;
        let mut customer = Map::new();
        for (name, text) in receipt.head {
            match name {
                "reference" => reference = Some(text),
                // Of a movement of goods, and in its body.
                "partner" | "from" | "to" => {}
                "customer" => drop(customer.insert("reference".to_owned(), text.into())),
                "loyalty_card" => drop(customer.insert(name.to_owned(), text.into())),
                "sequence" if text.bytes().any(|byte| !byte.is_ascii_digit()) => {
                    document.entry("receipt_number").or_insert(text.into());
                }
                _ => {
                    document.insert(name.to_owned(), text.into());
                }
            }
        }
        if let (false, true, Some(body)) = (
            customer.is_empty(),
            matches!(kind, "sale" | "return"),
            body.as_object_mut(),
        ) {
            body.insert("customer".to_owned(), customer.into());
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
        if !receipt.fiscal.is_empty() {
            let fiscal = receipt.fiscal.into_iter();
            let fiscal = fiscal.map(|(name, text)| (name, Value::String(text)));
            document.insert("fiscal".to_owned(), Value::Object(fiscal.collect()));
        }
        document.insert("body".to_owned(), body);
        Ok(Value::Object(document))
    }

    /// Money that went into the drawer or out of it, without goods.
    fn movement(&self, receipt: &Receipt, how: &str) -> Value {
        let sign = if receipt.reversed {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        };
        let lines = receipt.lines.iter();
        let sum: Decimal = lines.map(|line| sold(line, sign, self.unit).total).sum();
        let how = match how {
            "auto" if sum.is_sign_negative() => "pay_out",
            "auto" => "pay_in",
            other => other,
        };
        let came = matches!(how, "float" | "pay_in");
        let sum = if came { sum.abs() } else { -sum.abs() };
        let method = receipt
            .paid
            .first()
            .map_or("CASH", |paid| &paid.name.method);
        json!({"type": how, "method": method, "amount": amount(sum, self.unit)})
    }

    fn body(&self, receipt: &Receipt, parts: &mut Vec<(Part, usize)>) -> (&'static str, Value) {
        let sign = if receipt.reversed {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        };
        let all = |lines: &[Line]| -> Vec<Sold> {
            let sold = lines.iter().map(|line| sold(line, sign, self.unit));
            sold.collect()
        };
        let lines = all(&receipt.lines);
        let Found {
            excluded,
            charges,
            tax,
            total,
        } = decide(self.gather.table, receipt, &lines);
        let prices = if excluded {
            "tax_excluded"
        } else {
            "tax_included"
        };
        let mut body = Map::new();
        body.insert("prices".to_owned(), prices.into());
        let kind = kind(&lines, total);
        let mut told: Vec<Value> = Vec::new();
        for (sold, line) in lines.iter().zip(&receipt.lines) {
            parts.push((Part::Line(told.len()), line.at));
            told.push(self.line(told.len(), sold, line));
        }
        for charge in charges {
            parts.push((Part::Line(told.len()), charge.at));
            told.push(self.charge(told.len(), &charge));
        }
        if !told.is_empty() {
            body.insert("lines".to_owned(), told.into());
        }
        if !receipt.voided.is_empty() {
            let voided = all(&receipt.voided);
            let voided = voided.iter().zip(&receipt.voided).enumerate();
            let voided = voided.map(|(index, (sold, line))| {
                parts.push((Part::VoidedLine(index), line.at));
                self.line(index, sold, line)
            });
            body.insert("voided_lines".to_owned(), voided.collect());
        }
        if excluded || tax.is_some() {
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
        self.payment(receipt, total, &mut body, parts);
        (kind, Value::Object(body))
    }

    /// What is owed beside the goods, or taken off them all, as a line of one piece.
    fn charge(&self, index: usize, charge: &Charge) -> Value {
        let (kind, name) = charge.what;
        let quantity = if charge.amount.is_sign_negative() {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        };
        json!({
            "line": index + 1, "type": kind, "product": {"name": name}, "quantity": plain(quantity),
            "unit_price": plain(charge.amount.abs()), "total": amount(charge.amount, self.unit),
        })
    }

    fn line(&self, index: usize, sold: &Sold, line: &Line) -> Value {
        let mut json = Map::new();
        json.insert("line".to_owned(), (index + 1).into());
        let default = self.gather.table.defaults.line_type.as_deref();
        let kind = line.kind.as_deref().or(default).unwrap_or("item");
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
        if let Some(lots) = lots(&line.lot, sold.quantity) {
            json.insert("lots".to_owned(), lots);
        }
        Value::Object(json)
    }
}

/// The lot of a line, as the contract lists lots; nothing where the row names none.
pub(super) fn lots(lot: &Lot, quantity: Decimal) -> Option<Value> {
    let mut json = Map::new();
    for (name, text) in [("lot", &lot.lot), ("serial", &lot.serial)] {
        if let Some(text) = text {
            json.insert(name.to_owned(), text.clone().into());
        }
    }
    if json.is_empty() {
        return None;
    }
    json.insert("quantity".to_owned(), plain(quantity.abs()));
    if let Some(expiry) = &lot.expiry {
        json.insert("expiry".to_owned(), expiry.clone().into());
    }
    Some(json!([json]))
}

/// How a line says that its receipt is a movement of money.
fn movement(line: &Line) -> Option<&str> {
    line.kind.as_deref()?.strip_prefix("cash_movement:")
}
