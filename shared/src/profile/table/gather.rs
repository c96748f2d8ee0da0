//! From rows to receipts: what each of a row's cells says of the receipt to which it belongs.

use rust_decimal::Decimal;

use super::columns::{Bad, Columns};
use super::embedded::{Held, embedded};
use super::receipt::{Charge, Line, Lot, Paid, Receipt};
use super::rows::Row;
use super::{Record, Table};
use crate::problem::{Code, Problem};
use crate::profile::About;
use crate::profile::poslog::TenderName;

/// Gathers receipts.
pub struct Gather<'a> {
    /// The profile.
    pub table: &'a Table,
    /// The file's columns.
    pub columns: &'a Columns,
    /// What is known of the file.
    pub about: &'a About,
}

/// What is owed beside the lines, or taken off them all, and the line that it becomes.
const CHARGES: [(&str, (&str, &str)); 5] = [
    ("shipping", ("fee", "Shipping")),
    ("service_charge", ("fee", "Service charge")),
    ("gratuity", ("fee", "Gratuity")),
    ("gift_card_sales", ("voucher", "Gift card")),
    ("document_discount", ("discount", "Discount")),
];

const HEAD: [&str; 13] = [
    "series",
    "sequence",
    "receipt_number",
    "operator",
    "currency",
    "business_date",
    "reference",
    "store",
    "customer",
    "loyalty_card",
    "partner",
    "from",
    "to",
];

impl Gather<'_> {
    /// What makes this row belong to its receipt.
    pub fn key<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = &'a str> {
        self.columns.group(row, self.table)
    }

    /// Adds a row to its receipt.
    pub fn add(&self, receipt: &mut Receipt, row: &Row) {
        let at = receipt.raw.len();
        if receipt.rows == 0 {
            receipt.spot = row.spot;
            receipt.day = self.day(row);
            receipt.skipped = self.skipped(row);
            receipt.sign = self.columns.currency_sign(row);
        }
        receipt.rows += 1;
        receipt.raw.push_str(&row.raw);
        if receipt.refused.is_some() || receipt.skipped {
            return;
        }
        if let Err(Bad { problem, column }) = self.row(receipt, row, at) {
            let spot = column.map_or(row.spot, |column| row.spot_of(column));
            receipt.refused = Some((problem, spot));
        }
    }

    /// Whether the receipt is another store's, or none yet.
    fn skipped(&self, row: &Row) -> bool {
        let other = |rule: &String| {
            let Some((column, values)) = rule.split_once('=') else {
                return false;
            };
            let column = column.trim();
            let cell = self.columns.cell(row, column, self.table);
            self.columns.index(column).is_some()
                && !values
                    .split('|')
                    .any(|value| value.trim() == cell.unwrap_or_default())
        };
        let status = self.table.status.as_ref().is_some_and(|status| {
            let value = self.columns.cell(row, &status.col, self.table);
            status
                .skip
                .iter()
                .any(|skip| skip == value.unwrap_or_default())
        });
        status || self.table.keep.iter().any(other)
    }

    fn row(&self, receipt: &mut Receipt, row: &Row, at: usize) -> Result<(), Bad> {
        self.head(receipt, row)?;
        if self.table.record == Record::SaleHeaders {
            return self.whole(receipt, row, at);
        }
        self.sums(receipt, row, at)?;
        match self.row_kind(row) {
            "line" => receipt.lines.push(self.line(row, at)?),
            "voided" => receipt.voided.push(self.line(row, at)?),
            "tax" => receipt.taxes.push(self.line(row, at)?),
            "tender" => receipt.paid.push(self.tender(row, at)?),
            "rounding" => {
                let amount = self.columns.number(row, "total", self.table)?;
                receipt.rounding += amount.unwrap_or_default();
            }
            _ => {}
        }
        Ok(())
    }

    /// What a receipt comes to: it may stand in one of its rows only.
    fn sums(&self, receipt: &mut Receipt, row: &Row, at: usize) -> Result<(), Bad> {
        let number = |field: &str| self.columns.number(row, field, self.table);
        if receipt.total.is_none() {
            receipt.total = number("document_total")?;
        }
        if receipt.tax.is_none() {
            receipt.tax = number("document_tax")?;
        }
        if receipt.refunded.is_none() {
            receipt.refunded = number("refunded")?.filter(|refunded| !refunded.is_zero());
        }
        for (field, what) in CHARGES {
            let known = receipt.charges.iter().any(|charge| charge.what == what);
            if let (false, Some(amount)) = (known, number(field)?)
                && !amount.is_zero()
            {
                receipt.charges.push(Charge { at, what, amount });
            }
        }
        Ok(())
    }

    /// What a row is: a line, a payment, a rounding.
    pub fn row_kind(&self, row: &Row) -> &str {
        let Some(kinds) = &self.table.row_kind else {
            return "line";
        };
        let value = self
            .columns
            .cell(row, &kinds.col, self.table)
            .unwrap_or_default();
        kinds
            .map
            .get(value)
            .or_else(|| kinds.map.get("*"))
            .map_or("skip", String::as_str)
    }

    fn head(&self, receipt: &mut Receipt, row: &Row) -> Result<(), Bad> {
        let text = |field: &str| self.columns.text(row, field, self.table);
        for field in HEAD {
            if !receipt.head.iter().any(|(known, _)| *known == field)
                && let Some(text) = text(field)
            {
                let told = match field {
                    "store" => self.table.stores.get(text).cloned(),
                    "business_date" => Some(self.date(text)),
                    _ => None,
                };
                receipt
                    .head
                    .push((field, told.unwrap_or_else(|| text.to_owned())));
            }
        }
        for (name, column) in &self.table.fiscal {
            if !receipt.fiscal.iter().any(|(known, _)| known == name)
                && let Some(text) = self.columns.cell(row, column, self.table)
            {
                receipt.fiscal.push((name.clone(), text.to_owned()));
            }
        }
        if let Some(till) = text("till")
            && !receipt.head.iter().any(|(known, _)| *known == "till")
        {
            let named = self.table.tills.get(till).cloned();
            receipt
                .head
                .push(("till", named.unwrap_or_else(|| super::words::code(till))));
        }
        if receipt.occurred_at.is_none() {
            let when = self.when(row)?;
            receipt.occurred_at = when.as_ref().map(|when| when.text.clone());
            if let Some(odd) = when.and_then(|when| when.odd) {
                receipt
                    .found
                    .push(Problem::flag(Code::TimeOdd, "occurred_at", odd));
            }
        }
        let returns = |rule: &String| -> Option<bool> {
            let (column, value) = rule.split_once('=')?;
            Some(self.columns.cell(row, column.trim(), self.table)? == value.trim())
        };
        let rules = &self.table.direction.returns;
        receipt.reversed |= rules.iter().any(|rule| returns(rule) == Some(true));
        if let Some(status) = &self.table.status {
            let value = self
                .columns
                .cell(row, &status.col, self.table)
                .unwrap_or_default();
            if !status.accept.iter().any(|accepted| accepted == value) {
                let activity = status.control.get(value).cloned();
                receipt.control = Some(activity.unwrap_or_else(|| "other".to_owned()));
            }
        }
        Ok(())
    }

    /// What stands for the article: its number, its barcode, or what may be either.
    pub fn product(&self, row: &Row) -> Vec<(&'static str, String)> {
        let text = |field: &str| self.columns.text(row, field, self.table);
        let mut product = Vec::new();
        for field in ["sku", "barcode", "name", "department"] {
            if let Some(text) = text(field) {
                product.push((field, text.to_owned()));
            }
        }
        if let Some(text) = text("product") {
            let scanned =
                text.bytes().all(|byte| byte.is_ascii_digit()) && (8..=14).contains(&text.len());
            let damaged = text.contains("E+");
            let field = if scanned || damaged {
                "barcode"
            } else if text.contains(' ') || text.len() > crate::scalar::TEXT_MAX {
                "name"
            } else {
                "sku"
            };
            product.push((field, text.to_owned()));
        }
        product
    }

    pub(super) fn line(&self, row: &Row, at: usize) -> Result<Line, Bad> {
        let number = |field: &str| self.columns.number(row, field, self.table);
        let mut product = self.product(row);
        let mut quantity = number("quantity")?;
        for (field, text) in &mut product {
            let held = (*field == "barcode").then(|| embedded(text, &self.table.embedded));
            if let Some((item, held)) = held.flatten() {
                *text = item;
                if let (Held::Weight(weight), None) = (held, quantity) {
                    quantity = Some(weight);
                }
            }
        }
        let types = self.table.line_types.as_ref();
        let kind = types.and_then(|types| {
            let value = self.columns.cell(row, &types.col, self.table);
            types.map.get(value.unwrap_or_default()).cloned()
        });
        Ok(Line {
            at,
            number: self
                .columns
                .text(row, "line", self.table)
                .map(str::to_owned),
            kind,
            product,
            quantity: quantity.unwrap_or(Decimal::ONE),
            unit: self
                .columns
                .text(row, "unit", self.table)
                .map(str::to_owned),
            unit_price: number("unit_price")?,
            discount: number("discount")?.unwrap_or_default().abs(),
            total: number("total")?,
            tax: number("tax")?,
            tax_rate: match self.table.tax_rates.is_empty() {
                true => number("tax_rate")?,
                false => self.rate(row),
            },
            tender: self
                .columns
                .text(row, "tender", self.table)
                .map(str::to_owned),
            lot: self.lot(row),
            reason: self
                .columns
                .text(row, "reason", self.table)
                .map(str::to_owned),
        })
    }

    /// The rate that the file's key stands for, where that is known.
    fn rate(&self, row: &Row) -> Option<Decimal> {
        let key = self.columns.text(row, "tax_rate", self.table)?;
        self.table.tax_rates.get(key)?.parse().ok()
    }

    pub(super) fn name(&self, word: &str) -> TenderName {
        let known = self.table.tenders.get(word).cloned();
        known.unwrap_or_else(|| TenderName {
            kind: super::words::tender(word).to_owned(),
            method: word.chars().take(crate::scalar::TEXT_MAX).collect(),
        })
    }

    fn tender(&self, row: &Row, at: usize) -> Result<Paid, Bad> {
        let word = self
            .columns
            .text(row, "tender", self.table)
            .unwrap_or("OTHER");
        Ok(Paid {
            at,
            name: self.name(word),
            amount: self.columns.number(row, "tender_amount", self.table)?,
            currency: self
                .columns
                .text(row, "currency", self.table)
                .map(str::to_owned),
            tip: self
                .columns
                .number(row, "tip", self.table)?
                .unwrap_or_default(),
        })
    }

    /// What a receipt without lines comes to, as one line: it moves no goods.
    fn summary(&self, receipt: &Receipt, row: &Row, at: usize) -> Option<Line> {
        self.table.defaults.line_type.as_ref()?;
        let excluded = self.table.defaults.prices.as_deref() == Some("tax_excluded");
        let tax = receipt.tax.filter(|_| excluded).unwrap_or_default();
        let total = receipt.total? - receipt.tip - tax;
        let mut product = self.product(row);
        for (_, text) in &mut product {
            *text = text.chars().take(crate::scalar::NOTE_MAX).collect();
        }
        if product.is_empty() {
            product.push(("name", "total".to_owned()));
        }
        let sign = if total.is_sign_negative() {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        };
        Some(Line {
            at,
            number: None,
            kind: None,
            product,
            quantity: sign,
            unit: None,
            unit_price: None,
            discount: Decimal::ZERO,
            total: Some(total),
            tax: receipt.tax,
            tax_rate: None,
            tender: None,
            lot: Lot::default(),
            reason: None,
        })
    }

    /// A row that is a whole receipt.
    fn whole(&self, receipt: &mut Receipt, row: &Row, at: usize) -> Result<(), Bad> {
        let number = |field: &str| self.columns.number(row, field, self.table);
        receipt.tip = number("tip")?.unwrap_or_default();
        self.sums(receipt, row, at)?;
        if let Some(line) = self.summary(receipt, row, at) {
            // It is all that is owed, whatever for.
            receipt.charges.clear();
            receipt.lines.push(line);
        }
        let paid = |name: TenderName, amount: Option<Decimal>| Paid {
            at,
            name,
            amount,
            currency: None,
            tip: Decimal::ZERO,
        };
        if let Some(word) = self.columns.text(row, "tender", self.table) {
            let amount = number("tender_amount")?.or(receipt.total);
            receipt.paid.push(paid(self.name(word), amount));
        }
        for (column, name) in &self.table.tender_columns {
            let amount = self.columns.number_in(row, column, self.table)?;
            if let Some(amount) = amount.filter(|amount| !amount.is_zero()) {
                receipt.paid.push(paid(name.clone(), Some(amount)));
            }
        }
        Ok(())
    }
}
