//! A simulated till: rings up documents as JSON, as a vendor's till would, and keeps its own books for the day's close.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::catalog::Product;

use crate::demo::goods::CURRENCY;

/// Money put into the drawer in the morning.
const OPENING: Decimal = Decimal::from_parts(20_000, 0, 0, false, 2);
/// Swiss coins: cash totals are rounded to this.
const COIN: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    /// With a note, and gets change.
    Cash,
    /// By card.
    Card,
    /// A voucher of ten francs, the rest by card.
    VoucherAndCard,
}

/// One position: what, how many (negative when it comes back), and which line of which receipt it comes from.
#[derive(Debug, Clone)]
pub struct Position<'a> {
    /// What.
    pub product: &'a Product,
    /// How many.
    pub quantity: i64,
    /// Sequence and line of the original receipt.
    pub returned_from: Option<(i64, usize)>,
}

/// A receipt that was rung up, for returning or voiding it.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Its running number.
    pub sequence: i64,
    /// Positions in the order of their lines.
    pub positions: Vec<(usize, i64)>,
    /// What each method took in.
    pub tenders: BTreeMap<String, Decimal>,
    gross: Decimal,
    returns: Decimal,
}

/// A till of the demo shop.
#[derive(Debug)]
pub struct Till {
    store: String,
    code: String,
    series: String,
    sequence: i64,
    clock: Timestamp,
    business_date: Date,
    first: i64,
    gross: Decimal,
    returns: Decimal,
    taken: BTreeMap<String, Decimal>,
    moved: Decimal,
}

impl Till {
    /// A till that opens at `clock` for the trading day `business_date`, the last number of its `series` being `sequence`.
    pub fn new(
        store: &str,
        code: &str,
        series: &str,
        sequence: i64,
        clock: Timestamp,
        business_date: Date,
    ) -> Self {
        Self {
            store: store.to_owned(),
            code: code.to_owned(),
            series: series.to_owned(),
            sequence,
            clock,
            business_date,
            first: sequence + 1,
            gross: Decimal::ZERO,
            returns: Decimal::ZERO,
            taken: BTreeMap::new(),
            moved: Decimal::ZERO,
        }
    }

    /// A document of this till, with the next number.
    fn document(&mut self, kind: &str, body: Value) -> Value {
        self.sequence += 1;
        self.clock += SignedDuration::from_secs(97);
        json!({
            "kind": kind,
            "store": self.store,
            "till": self.code,
            "series": self.series,
            "sequence": self.sequence,
            "receipt_number": format!("{}-{:06}", self.code, self.sequence),
            "business_date": self.business_date.to_string(),
            "occurred_at": self.clock.to_string(),
            "currency": CURRENCY,
            "operator": format!("op{}", self.code),
            "source": { "system": "demo till", "version": "1" },
            "body": body,
        })
    }

    /// The day begins.
    pub fn open(&mut self) -> Value {
        self.document(
            "day_open",
            json!({ "opening": [{ "method": "CASH", "amount": OPENING.to_string() }] }),
        )
    }

    /// Money out of the drawer.
    pub fn pay_out(&mut self, amount: Decimal, reason: &str) -> Value {
        self.moved -= amount;
        self.document(
            "cash_movement",
            json!({ "type": "pay_out", "method": "CASH", "amount": (-amount).to_string(), "reason": reason }),
        )
    }

    /// A sale, an exchange or, with nothing but negative positions, a return.
    pub fn ring_up(&mut self, positions: &[Position<'_>], pays: Pays) -> (Value, Receipt) {
        let mut lines = Vec::new();
        let mut receipt = Receipt {
            sequence: 0,
            positions: Vec::new(),
            tenders: BTreeMap::new(),
            gross: Decimal::ZERO,
            returns: Decimal::ZERO,
        };
        for (index, position) in positions.iter().enumerate() {
            let total = position.product.price.amount * Decimal::from(position.quantity);
            if total.is_sign_negative() {
                receipt.returns += total;
            } else {
                receipt.gross += total;
            }
            receipt.positions.push((index + 1, position.quantity));
            lines.push(line(index + 1, position, total));
        }
        let total = receipt.gross + receipt.returns;
        let returned = positions.iter().all(|position| position.quantity < 0);
        let paid = payment(total, pays);
        for (method, amount) in &paid.taken {
            *receipt.tenders.entry((*method).to_owned()).or_default() += amount;
        }
        let mut body = json!({
            "prices": "tax_included",
            "lines": lines,
            "total": total.to_string(),
            "tenders": paid.tenders,
        });
        if !paid.rounding.is_zero() {
            body["cash_rounding"] = paid.rounding.to_string().into();
        }
        if !paid.change.is_zero() {
            body["change"] = paid.change.to_string().into();
        }
        let document = self.document(if returned { "return" } else { "sale" }, body);
        receipt.sequence = self.sequence;
        self.book(&receipt, Decimal::ONE);
        (document, receipt)
    }

    /// Undoes a receipt of this till.
    pub fn void(&mut self, receipt: &Receipt) -> Value {
        self.book(receipt, Decimal::NEGATIVE_ONE);
        self.document(
            "void",
            json!({ "of": { "sequence": receipt.sequence }, "reason": "customer changed their mind" }),
        )
    }

    fn book(&mut self, receipt: &Receipt, sign: Decimal) {
        self.gross += receipt.gross * sign;
        self.returns += receipt.returns * sign;
        for (method, amount) in &receipt.tenders {
            *self.taken.entry(method.clone()).or_default() += amount * sign;
        }
    }

    /// The day ends: what each method should hold, and what was counted.
    pub fn close(&mut self) -> Value {
        let mut tenders = Vec::new();
        for (method, taken) in &self.taken {
            let expected = if method == "CASH" {
                OPENING + taken + self.moved
            } else {
                *taken
            };
            tenders.push(json!({
                "method": method,
                "expected": expected.to_string(),
                "counted": expected.to_string(),
                "difference": "0.00",
            }));
        }
        let body = json!({
            "z_number": 1,
            "first_sequence": self.first,
            "last_sequence": self.sequence,
            "sales": { "gross": self.gross.to_string(), "returns": self.returns.to_string() },
            "tenders": tenders,
        });
        self.document("day_close", body)
    }
}

fn line(number: usize, position: &Position<'_>, total: Decimal) -> Value {
    let product = position.product;
    let taxes: Vec<Value> = product
        .taxes
        .iter()
        .map(|tax| json!({ "code": tax.code, "rate": tax.rate.to_string() }))
        .collect();
    let mut line = json!({
        "line": number,
        "type": "item",
        "product": { "sku": product.sku, "barcode": product.barcodes[0], "name": product.name },
        "quantity": position.quantity.to_string(),
        "unit_price": product.price.amount.to_string(),
        "taxes": taxes,
        "total": total.to_string(),
    });
    if let Some((sequence, of_line)) = position.returned_from {
        line["returned_from"] = json!({ "sequence": sequence, "line": of_line });
        line["reason"] = "did not fit".into();
    }
    line
}

/// How a total was paid.
struct Payment {
    tenders: Vec<Value>,
    taken: Vec<(&'static str, Decimal)>,
    rounding: Decimal,
    change: Decimal,
}

fn payment(total: Decimal, pays: Pays) -> Payment {
    let voucher = Decimal::TEN;
    match pays {
        Pays::Cash => {
            let owed = (total / COIN).round() * COIN;
            let note = Decimal::TEN;
            // Handed over in whole notes of ten; money that goes back is exact.
            let given = if owed.is_sign_negative() {
                owed
            } else {
                (owed / note).ceil() * note
            };
            Payment {
                tenders: vec![tender("cash", "CASH", given)],
                taken: vec![("CASH", owed)],
                rounding: owed - total,
                change: given - owed,
            }
        }
        Pays::VoucherAndCard if total > voucher => Payment {
            tenders: vec![
                tender("voucher", "VOUCHER", voucher),
                tender("card", "CARD", total - voucher),
            ],
            taken: vec![("VOUCHER", voucher), ("CARD", total - voucher)],
            rounding: Decimal::ZERO,
            change: Decimal::ZERO,
        },
        Pays::Card | Pays::VoucherAndCard => Payment {
            tenders: if total.is_zero() {
                Vec::new()
            } else {
                vec![tender("card", "CARD", total)]
            },
            taken: vec![("CARD", total)],
            rounding: Decimal::ZERO,
            change: Decimal::ZERO,
        },
    }
}

fn tender(kind: &str, method: &str, amount: Decimal) -> Value {
    json!({ "type": kind, "method": method, "amount": amount.to_string() })
}
