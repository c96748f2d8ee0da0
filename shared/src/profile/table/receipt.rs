//! The rows of one receipt, gathered: what was sold, what was paid, and what the file says of it as a whole.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::columns::Columns;
use super::rows::Row;
use super::{Record, Table};
use crate::problem::{Code, Problem};
use crate::profile::poslog::TenderName;
use crate::profile::{About, Spot, when};

/// One line of a receipt.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where its row begins in the receipt's text.
    pub at: usize,
    /// Article, barcode, name, department.
    pub product: Vec<(&'static str, String)>,
    /// Negative when goods come back.
    pub quantity: Decimal,
    /// The unit.
    pub unit: Option<String>,
    /// Before discounts.
    pub unit_price: Option<Decimal>,
    /// Taken off, without sign.
    pub discount: Decimal,
    /// In the receipt's price mode.
    pub total: Option<Decimal>,
    /// The tax.
    pub tax: Option<Decimal>,
    /// Per cent.
    pub tax_rate: Option<Decimal>,
    /// What paid for it, where each line says.
    pub tender: Option<String>,
}

/// One payment.
#[derive(Debug, Clone)]
pub struct Paid {
    /// Where its row begins in the receipt's text.
    pub at: usize,
    /// How.
    pub name: TenderName,
    /// How much, in `currency`; nothing when the file does not say.
    pub amount: Option<Decimal>,
    /// The currency, where it is another.
    pub currency: Option<String>,
}

/// A receipt.
#[derive(Debug, Default, Clone)]
pub struct Receipt {
    /// Where it begins.
    pub spot: Spot,
    /// Its rows' text.
    pub raw: String,
    /// The document's fields by name.
    pub head: Vec<(&'static str, String)>,
    /// When it happened.
    pub occurred_at: Option<String>,
    /// What was sold.
    pub lines: Vec<Line>,
    /// What was paid.
    pub paid: Vec<Paid>,
    /// What rounding to coins added or took off.
    pub rounding: Decimal,
    /// The tip within the payments.
    pub tip: Decimal,
    /// What the file says is owed.
    pub total: Option<Decimal>,
    /// What the file says is the tax in it.
    pub tax: Option<Decimal>,
    /// The till activity that it is, where it does not count.
    pub control: Option<String>,
    /// The file's amounts are without sign, and this is a return.
    pub reversed: bool,
    /// What was found on the way.
    pub found: Vec<Problem>,
    /// Why it cannot be read.
    pub refused: Option<Problem>,
}

/// Gathers receipts.
pub struct Gather<'a> {
    /// The profile.
    pub table: &'a Table,
    /// The file's columns.
    pub columns: &'a Columns,
    /// What is known of the file.
    pub about: &'a About,
}

const HEAD: [&str; 8] = [
    "series",
    "sequence",
    "receipt_number",
    "operator",
    "currency",
    "business_date",
    "reference",
    "store",
];

impl Gather<'_> {
    /// What makes this row belong to its receipt.
    pub fn key(&self, row: &Row) -> Vec<String> {
        let cell = |column: &String| {
            self.columns
                .cell(row, column, self.table)
                .unwrap_or_default()
                .to_owned()
        };
        self.table.group_by.iter().map(cell).collect()
    }

    /// Adds a row to its receipt.
    pub fn add(&self, receipt: &mut Receipt, row: &Row) {
        let at = receipt.raw.len();
        if at == 0 {
            receipt.spot = row.spot;
        }
        receipt.raw.push_str(&row.raw);
        if receipt.refused.is_some() {
            return;
        }
        if let Err(problem) = self.row(receipt, row, at) {
            receipt.refused = Some(problem);
        }
    }

    fn row(&self, receipt: &mut Receipt, row: &Row, at: usize) -> Result<(), Problem> {
        self.head(receipt, row)?;
        if self.table.record == Record::SaleHeaders {
            return self.whole(receipt, row, at);
        }
        // What a receipt comes to may stand in one of its rows only.
        let number = |field: &str| self.columns.number(row, field, self.table);
        if receipt.total.is_none() {
            receipt.total = number("document_total")?;
        }
        if receipt.tax.is_none() {
            receipt.tax = number("document_tax")?;
        }
        match self.row_kind(row) {
            "line" => {
                let line = self.line(row, at)?;
                receipt.lines.push(line);
            }
            "tender" => receipt.paid.push(self.tender(row, at)?),
            "rounding" => {
                let amount = self.columns.number(row, "total", self.table)?;
                receipt.rounding += amount.unwrap_or_default();
            }
            _ => {}
        }
        Ok(())
    }

    fn row_kind(&self, row: &Row) -> &str {
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

    fn head(&self, receipt: &mut Receipt, row: &Row) -> Result<(), Problem> {
        let text = |field: &str| self.columns.text(row, field, self.table);
        for field in HEAD {
            if !receipt.head.iter().any(|(known, _)| *known == field)
                && let Some(text) = text(field)
            {
                let coded = field == "store";
                let named = coded.then(|| self.table.stores.get(text)).flatten();
                receipt
                    .head
                    .push((field, named.map_or(text, String::as_str).to_owned()));
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
        let cell = |rule: &str| -> Option<bool> {
            let (column, value) = rule.split_once('=')?;
            Some(self.columns.cell(row, column.trim(), self.table)? == value.trim())
        };
        receipt.reversed |= self
            .table
            .direction
            .returns
            .iter()
            .any(|rule| cell(rule) == Some(true));
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

    /// When it happened, if the row says.
    pub fn when(&self, row: &Row) -> Result<Option<when::When>, Problem> {
        let dates = &self.table.date;
        let cells = dates
            .cols
            .iter()
            .filter_map(|column| self.columns.cell(row, column, self.table));
        let text = cells.collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Ok(None);
        }
        let named = dates
            .zone_col
            .as_ref()
            .and_then(|column| self.columns.cell(row, column, self.table));
        let named = named.map(|name| dates.zone_names.get(name).map_or(name, String::as_str));
        let zone = named
            .or(dates.zone.as_deref())
            .and_then(|name| TimeZone::get(name).ok());
        let zone = zone.as_ref().unwrap_or(&self.about.zone);
        let when = when::formatted(&text, &dates.formats, dates.excel_serial, zone);
        let message = "the columns of date and time hold no date that the profile knows";
        let problem = || Problem::refused(Code::BadValue, "occurred_at", message);
        when.map(Some).ok_or_else(problem)
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

    fn line(&self, row: &Row, at: usize) -> Result<Line, Problem> {
        let number = |field: &str| self.columns.number(row, field, self.table);
        Ok(Line {
            at,
            product: self.product(row),
            quantity: number("quantity")?.unwrap_or(Decimal::ONE),
            unit: self
                .columns
                .text(row, "unit", self.table)
                .map(str::to_owned),
            unit_price: number("unit_price")?,
            discount: number("discount")?.unwrap_or_default().abs(),
            total: number("total")?,
            tax: number("tax")?,
            tax_rate: number("tax_rate")?,
            tender: self
                .columns
                .text(row, "tender", self.table)
                .map(str::to_owned),
        })
    }

    pub(super) fn name(&self, word: &str) -> TenderName {
        let known = self.table.tenders.get(word).cloned();
        known.unwrap_or_else(|| TenderName {
            kind: super::words::tender(word).to_owned(),
            method: word.chars().take(crate::scalar::TEXT_MAX).collect(),
        })
    }

    fn tender(&self, row: &Row, at: usize) -> Result<Paid, Problem> {
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
            product,
            quantity: sign,
            unit: None,
            unit_price: None,
            discount: Decimal::ZERO,
            total: Some(total),
            tax: receipt.tax,
            tax_rate: None,
            tender: None,
        })
    }

    /// A row that is a whole receipt.
    fn whole(&self, receipt: &mut Receipt, row: &Row, at: usize) -> Result<(), Problem> {
        let number = |field: &str| self.columns.number(row, field, self.table);
        receipt.tip = number("tip")?.unwrap_or_default();
        receipt.total = number("document_total")?;
        receipt.tax = number("document_tax")?;
        receipt.lines.extend(self.summary(receipt, row, at));
        if let Some(word) = self.columns.text(row, "tender", self.table) {
            let amount = number("tender_amount")?.or(receipt.total);
            receipt.paid.push(Paid {
                at,
                name: self.name(word),
                amount,
                currency: None,
            });
        }
        for (column, name) in &self.table.tender_columns {
            let Some(text) = self.columns.cell(row, column, self.table) else {
                continue;
            };
            let amount = crate::profile::number::number(text, self.table.decimal);
            let message = format!("the column `{column}` does not hold a number");
            let amount =
                amount.ok_or_else(|| Problem::refused(Code::BadValue, "body.tenders", message))?;
            if !amount.is_zero() {
                receipt.paid.push(Paid {
                    at,
                    name: name.clone(),
                    amount: Some(amount),
                    currency: None,
                });
            }
        }
        Ok(())
    }
}
