//! What stands in a price file: rows of a product, its barcodes, its price now and those to come, taxes, ways to pay.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::Record;
use crate::catalog::{Product, Tax};

/// What a column of a price file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Article number.
    Sku,
    /// Name.
    Name,
    /// The row's barcode; the first one of a product.
    Barcode,
    /// All barcodes, with blanks between.
    Barcodes,
    /// Unit.
    Unit,
    /// The price in force; of a row that is a price, that one.
    Price,
    /// The normal price, where the price is a reduced one.
    ListPrice,
    /// ISO 4217.
    Currency,
    /// Whether tax is in the price: `true` or `false`.
    TaxIncluded,
    /// Code of the first tax; of a row that is a tax, that one.
    TaxCode,
    /// Its rate in per cent.
    TaxRate,
    /// Whether it may be sold: `true` or `false`.
    Active,
    /// From when the price holds; empty when it does already.
    FromAt,
    /// Until when the price holds.
    UntilAt,
    /// The price after this one.
    NextPrice,
    /// From when that one holds.
    NextFromAt,
    /// What the till calls a way to pay.
    Tender,
    /// What it is at head office.
    TenderName,
    /// `new`, `changed` or `gone`; always `new` in a whole file.
    Change,
}

impl Field {
    /// Whether rows of this kind have it.
    pub fn fits(self, record: Record) -> bool {
        match self {
            Self::Change => true,
            Self::Tender | Self::TenderName => record == Record::Tenders,
            Self::TaxCode | Self::TaxRate => record != Record::Tenders,
            Self::FromAt => record == Record::Prices,
            Self::NextPrice | Self::NextFromAt => {
                matches!(record, Record::Products | Record::Barcodes)
            }
            Self::Sku
            | Self::Name
            | Self::Barcode
            | Self::Barcodes
            | Self::Unit
            | Self::Price
            | Self::ListPrice
            | Self::Currency
            | Self::TaxIncluded
            | Self::Active
            | Self::UntilAt => !matches!(record, Record::Taxes | Record::Tenders),
        }
    }
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Empty,
    /// A text that may be cut where there is no room for it.
    Words(String),
    /// A text that is another one when it is cut.
    Code(String),
    /// Money, and the decimals its currency has.
    Money(Decimal, u32),
    /// A number.
    Number(Decimal),
    /// A time.
    At(Timestamp),
}

/// A row before it is text.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// What it is about, the same in every file.
    pub key: String,
    subject: Subject<'a>,
}

#[derive(Debug, Clone, PartialEq)]
enum Subject<'a> {
    Product {
        product: &'a Product,
        barcode: Option<&'a str>,
        price: Held,
        next: Option<Held>,
    },
    Tax(&'a Tax),
    Tender(&'a str, &'a str),
}

/// An amount and how long it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    amount: Decimal,
    from_at: Option<Timestamp>,
    until_at: Option<Timestamp>,
}

/// The rows of a product.
pub fn of_product(record: Record, product: &Product, now: Timestamp) -> Vec<Row<'_>> {
    let held = prices(product, now);
    let row = |key: String, barcode, index: usize| {
        held.get(index).map(|price| Row {
            key,
            subject: Subject::Product {
                product,
                barcode,
                price: *price,
                next: held.get(index + 1).copied(),
            },
        })
    };
    let first = product.barcodes.first().map(String::as_str);
    let rows: Vec<Option<Row<'_>>> = match record {
        Record::Products => vec![row(product.sku.clone(), first, 0)],
        Record::Barcodes => {
            let codes = product.barcodes.iter().map(String::as_str);
            codes
                .map(|code| row(format!("{}\n{code}", product.sku), Some(code), 0))
                .collect()
        }
        Record::Prices => {
            let from = |index: usize| held[index].from_at.map(|at| at.to_string());
            let key = |index| format!("{}\n{}", product.sku, from(index).unwrap_or_default());
            (0..held.len())
                .map(|index| row(key(index), first, index))
                .collect()
        }
        Record::Taxes | Record::Tenders => Vec::new(),
    };
    rows.into_iter().flatten().collect()
}

/// The price in force and those to come, without a gap and without overlap.
fn prices(product: &Product, now: Timestamp) -> Vec<Held> {
    let changes: BTreeSet<Timestamp> = product.changes().filter(|at| *at > now).collect();
    let at = |at: Timestamp| product.clone().at(at);
    let mut held = vec![Held {
        amount: at(now).price.amount,
        from_at: None,
        until_at: None,
    }];
    for change in changes {
        let amount = at(change).price.amount;
        if let Some(last) = held.last_mut()
            && last.amount != amount
        {
            last.until_at = Some(change);
            held.push(Held {
                amount,
                from_at: Some(change),
                until_at: None,
            });
        }
    }
    // Until when it holds may be told without what comes then.
    let told = product.price.until.filter(|until| *until > now);
    if let ([only], Some(until)) = (&mut held[..], told) {
        only.until_at = Some(until);
    }
    held
}

/// The row of a tax.
pub fn of_tax(tax: &Tax) -> Row<'_> {
    Row {
        key: format!("{}\n{}", tax.code, tax.rate.normalize()),
        subject: Subject::Tax(tax),
    }
}

/// The row of a way to pay: what the till calls it, and what it is at head office.
pub fn of_tender<'a>(tender: &'a str, name: &'a str) -> Row<'a> {
    Row {
        key: tender.to_owned(),
        subject: Subject::Tender(tender, name),
    }
}

impl Row<'_> {
    /// What stands in a field; what the row does not have is empty.
    pub fn value(&self, field: Field) -> Value {
        match &self.subject {
            Subject::Tax(tax) => of_its_tax(Some(tax), field),
            Subject::Tender(tender, _) if field == Field::Tender => {
                Value::Code((*tender).to_owned())
            }
            Subject::Tender(_, name) if field == Field::TenderName => {
                Value::Words((*name).to_owned())
            }
            Subject::Tender(..) => Value::Empty,
            Subject::Product {
                product,
                barcode,
                price,
                next,
            } => of_its_product(product, *barcode, price, next.as_ref(), field),
        }
    }
}

fn of_its_tax(tax: Option<&Tax>, field: Field) -> Value {
    match (tax, field) {
        (Some(tax), Field::TaxCode) => Value::Code(tax.code.clone()),
        (Some(tax), Field::TaxRate) => Value::Number(tax.rate),
        (Some(_) | None, _) => Value::Empty,
    }
}

fn of_its_product(
    product: &Product,
    barcode: Option<&str>,
    price: &Held,
    next: Option<&Held>,
    field: Field,
) -> Value {
    let money =
        |amount: Decimal| Value::Money(amount, crate::currency::exponent(&product.price.currency));
    let or_empty = |value: Option<Value>| value.unwrap_or(Value::Empty);
    match field {
        Field::Sku => Value::Code(product.sku.clone()),
        Field::Name => Value::Words(product.name.clone()),
        Field::Barcode => or_empty(barcode.map(|code| Value::Code(code.to_owned()))),
        Field::Barcodes => Value::Code(product.barcodes.join(" ")),
        Field::Unit => Value::Code(product.unit.clone()),
        Field::Price => money(price.amount),
        // A reduced price that is no reduction any more is told without the normal one.
        Field::ListPrice => {
            let list = product.price.list.filter(|list| *list > price.amount);
            or_empty(list.map(money))
        }
        Field::Currency => Value::Code(product.price.currency.clone()),
        Field::TaxIncluded => Value::Code(product.price.tax_included.to_string()),
        Field::TaxCode | Field::TaxRate => of_its_tax(product.taxes.first(), field),
        Field::Active => Value::Code(product.active.to_string()),
        Field::FromAt => or_empty(price.from_at.map(Value::At)),
        Field::UntilAt => or_empty(price.until_at.map(Value::At)),
        Field::NextPrice => or_empty(next.map(|next| money(next.amount))),
        Field::NextFromAt => or_empty(next.and_then(|next| next.from_at).map(Value::At)),
        Field::Tender | Field::TenderName | Field::Change => Value::Empty,
    }
}
