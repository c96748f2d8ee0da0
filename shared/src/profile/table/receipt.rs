//! A receipt as its rows come together: what was sold, what was paid, and what the file says of it as a whole.

use rust_decimal::Decimal;

use crate::problem::Problem;
use crate::profile::Spot;
use crate::profile::poslog::TenderName;

/// One line of a receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where its row begins in the receipt's text.
    pub at: usize,
    /// Its number, where other rows or files name it.
    pub number: Option<String>,
    /// What it is, where its row says.
    pub kind: Option<String>,
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
    /// Lot, serial number and expiry.
    pub lot: Lot,
    /// Why, where goods moved without a sale.
    pub reason: Option<String>,
}

/// One payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Paid {
    /// Where its row begins in the receipt's text.
    pub at: usize,
    /// How.
    pub name: TenderName,
    /// How much, in `currency`; nothing when the file does not say.
    pub amount: Option<Decimal>,
    /// The currency, where it is another.
    pub currency: Option<String>,
    /// The tip in it.
    pub tip: Decimal,
}

/// Which of its kind it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lot {
    /// The lot's number.
    pub lot: Option<String>,
    /// The piece's own number.
    pub serial: Option<String>,
    /// Until when it keeps.
    pub expiry: Option<String>,
}

/// What is owed beside the lines, or taken off them all.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    /// Where its row begins in the receipt's text.
    pub at: usize,
    /// The type of the line that it becomes, and its name.
    pub what: (&'static str, &'static str),
    /// How much, as the file writes it.
    pub amount: Decimal,
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
    /// Rows with nothing but a line's tax.
    pub taxes: Vec<Line>,
    /// What was taken off again before it was paid.
    pub voided: Vec<Line>,
    /// What is owed beside, or taken off as a whole.
    pub charges: Vec<Charge>,
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
    /// What tax authorities want kept.
    pub fiscal: Vec<(String, String)>,
    /// What the file says was paid back later.
    pub refunded: Option<Decimal>,
    /// The sign of a currency that stands in its amounts.
    pub sign: Option<char>,
    /// Its day, as the file writes it.
    pub day: String,
    /// Rows that made it.
    pub rows: usize,
    /// Not a receipt of this store, or none yet.
    pub skipped: bool,
    /// The till activity that it is, where it does not count.
    pub control: Option<String>,
    /// The file's amounts are without sign, and this is a return.
    pub reversed: bool,
    /// What was found on the way.
    pub found: Vec<Problem>,
    /// Why it cannot be read, and where that stands.
    pub refused: Option<(Problem, Spot)>,
}

impl Receipt {
    /// Gives each line the tax that stands in a row of its own. A line of several rates keeps none: how its price is
    /// shared between them, no document can say.
    pub fn tax_lines(&mut self) {
        let taxes = std::mem::take(&mut self.taxes);
        for line in self.lines.iter_mut().chain(&mut self.voided) {
            let mut own = taxes.iter().filter(|row| row.number == line.number);
            if let (true, Some(row), None) = (line.number.is_some(), own.next(), own.next()) {
                line.tax_rate = line.tax_rate.or(row.tax_rate);
                line.tax = line.tax.or(row.tax.filter(|_| row.tax_rate.is_some()));
            }
        }
    }

    /// Whether another file tells the same of it, in whatever order.
    pub fn same(&self, other: &Self) -> bool {
        let lines = |lines: &[Line]| {
            let bare = lines.iter().map(|line| Line {
                at: 0,
                ..line.clone()
            });
            let mut told: Vec<String> = bare.map(|line| format!("{line:?}")).collect();
            told.sort();
            told
        };
        let paid = |paid: &[Paid]| {
            let bare = paid.iter().map(|paid| Paid {
                at: 0,
                ..paid.clone()
            });
            let mut told: Vec<String> = bare.map(|paid| format!("{paid:?}")).collect();
            told.sort();
            told
        };
        let charges = |charges: &[Charge]| {
            let bare = charges.iter().map(|charge| (charge.what, charge.amount));
            bare.collect::<Vec<_>>()
        };
        let head = |one: &Self| {
            (
                one.head.clone(),
                one.occurred_at.clone(),
                one.control.clone(),
                one.fiscal.clone(),
                [
                    Some(one.rounding),
                    Some(one.tip),
                    one.total,
                    one.tax,
                    one.refunded,
                ],
                [one.reversed, one.skipped, one.refused.is_some()],
            )
        };
        head(self) == head(other)
            && lines(&self.lines) == lines(&other.lines)
            && lines(&self.voided) == lines(&other.voided)
            && lines(&self.taxes) == lines(&other.taxes)
            && paid(&self.paid) == paid(&other.paid)
            && charges(&self.charges) == charges(&other.charges)
    }
}
