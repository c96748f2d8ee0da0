//! Sales, returns, exchanges and voids: goods one way, money the other.

use rust_decimal::Decimal;

pub use crate::document::tender::{Card, Foreign, Tender, TenderType};
use crate::scalar::{Amount, Code, Day, Ext, Note, Number, Price, Text, Uid};
use crate::{choice, shape};

choice! {
    /// Whether line amounts include tax.
    pub enum PriceMode {
        /// They do.
        TaxIncluded = "tax_included",
        /// They do not; `tax_total` comes on top.
        TaxExcluded = "tax_excluded",
    }
}

choice! {
    /// What a line is.
    pub enum LineType {
        /// Goods; leave stock when sold.
        Item = "item",
        /// Work.
        Service = "service",
        /// Deposit on packaging.
        Deposit = "deposit",
        /// A fee.
        Fee = "fee",
        /// A voucher or gift card sold.
        Voucher = "voucher",
        /// Paid now, fetched later.
        Prepayment = "prepayment",
        /// Paid on a customer's account.
        AccountPayment = "account_payment",
        /// A discount on the whole receipt.
        Discount = "discount",
        /// A tip that is part of the total.
        Tip = "tip",
    }
}

impl LineType {
    /// Whether it moves goods.
    pub const fn is_goods(self) -> bool {
        matches!(self, Self::Item)
    }
}

choice! {
    /// Where returned goods go.
    pub enum Disposition {
        /// Back on the shelf.
        Restock = "restock",
        /// Not sellable.
        Damaged = "damaged",
    }
}

shape! {
    /// What was sold, by any of its names.
    pub struct Product {
        /// The article number.
        pub sku: Option<Text>,
        /// The barcode as scanned.
        pub barcode: Option<Text>,
        /// Price look-up code.
        pub plu: Option<Text>,
        /// The name on the receipt.
        pub name: Option<Note>,
        /// Department or group.
        pub department: Option<Text>,
    }
}

shape! {
    /// A reduction of a line; has its line's sign.
    pub struct Discount {
        /// Money taken off.
        pub amount: Amount,
        /// The till's code.
        pub code: Option<Text>,
        /// Why.
        pub reason: Option<Note>,
        /// Which promotion.
        pub promotion: Option<Text>,
    }
}

shape! {
    /// A tax on a line; has its line's sign.
    pub struct LineTax {
        /// The till's tax code.
        pub code: Text,
        /// Per cent.
        pub rate: Amount,
        /// Money.
        pub amount: Option<Amount>,
    }
}

shape! {
    /// A document's tax by rate, as printed.
    pub struct TaxSum {
        /// The till's tax code.
        pub code: Text,
        /// Per cent.
        pub rate: Amount,
        /// What was taxed.
        pub base: Amount,
        /// The tax.
        pub amount: Amount,
    }
}

shape! {
    /// A lot or serial number and how much of it.
    pub struct Lot {
        /// Lot number.
        pub lot: Option<Text>,
        /// Serial number.
        pub serial: Option<Text>,
        /// How much, positive.
        pub quantity: Amount,
        /// Best before.
        pub expiry: Option<Day>,
    }
}

shape! {
    /// Which document (and line of it) is meant: by `uid`, or by a number. Store, till and series default to the
    /// document's own.
    pub struct Origin {
        /// Its uid.
        pub uid: Option<Uid>,
        /// Its store.
        pub store: Option<Code>,
        /// Its till.
        pub till: Option<Code>,
        /// Its number circle.
        pub series: Option<Code>,
        /// Its running number.
        pub sequence: Option<Number>,
        /// Its printed number.
        pub receipt_number: Option<Text>,
        /// Its trading day.
        pub business_date: Option<Day>,
        /// The line.
        pub line: Option<Number>,
    }
}

shape! {
    /// A price changed by hand.
    pub struct PriceOverride {
        /// What it would have cost.
        pub original: Option<Amount>,
        /// Why.
        pub reason: Option<Note>,
        /// By whom.
        pub operator: Option<Text>,
    }
}

shape! {
    /// One line of a receipt. `total` = `quantity` x `unit_price` - discounts.
    pub struct Line {
        /// Its number, unique in the document.
        pub line: Number,
        /// What it is.
        pub r#type: LineType,
        /// What was sold.
        pub product: Product,
        /// Negative when goods come back.
        pub quantity: Amount,
        /// Unit; "EA" when absent.
        pub unit: Option<Text>,
        /// Before discounts, 0 or more.
        pub unit_price: Price,
        /// The normal price.
        pub list_price: Option<Price>,
        /// Reductions.
        #[schemars(default)]
        pub discounts: Vec<Discount>,
        /// Absent: the till does not say, the catalog's apply. Empty: untaxed.
        pub taxes: Option<Vec<LineTax>>,
        /// Without tax.
        pub net: Option<Amount>,
        /// The tax.
        pub tax: Option<Amount>,
        /// In the document's price mode.
        pub total: Amount,
        /// The line that comes back.
        pub returned_from: Option<Origin>,
        /// Why it comes back.
        pub reason: Option<Note>,
        /// Where it goes.
        pub disposition: Option<Disposition>,
        /// Lots and serials.
        #[schemars(default)]
        pub lots: Vec<Lot>,
        /// A price changed by hand.
        pub price_override: Option<PriceOverride>,
        /// The line of the set it belongs to.
        pub parent_line: Option<Number>,
        /// Fields of the sender's own.
        #[schemars(default)]
        pub ext: Ext,
    }
}

shape! {
    /// Name and address on an invoice.
    pub struct Invoice {
        /// Name.
        pub name: Note,
        /// Street and number.
        pub street: Option<Note>,
        /// Postal code.
        pub zip: Option<Text>,
        /// Town.
        pub city: Option<Note>,
        /// Country.
        pub country: Option<Text>,
        /// Tax number.
        pub tax_number: Option<Text>,
        /// E-mail.
        pub email: Option<Note>,
    }
}

shape! {
    /// Who bought; personal data only where an invoice was asked for.
    pub struct Customer {
        /// Reference in the ERP.
        pub reference: Option<Text>,
        /// Loyalty card number.
        pub loyalty_card: Option<Text>,
        /// Present: an invoice was asked for.
        pub invoice: Option<Invoice>,
    }
}

shape! {
    /// Points earned and spent.
    pub struct Loyalty {
        /// Programme.
        pub program: Option<Text>,
        /// Card.
        pub card: Option<Text>,
        /// Points earned.
        pub earned: Option<Amount>,
        /// Points spent.
        pub redeemed: Option<Amount>,
    }
}

shape! {
    /// Somebody allowed something.
    pub struct Approval {
        /// What was allowed.
        pub r#type: Text,
        /// By whom.
        pub operator: Option<Text>,
        /// For which line.
        pub line: Option<Number>,
        /// Why.
        pub reason: Option<Note>,
        /// Age that was asked for.
        pub minimum_age: Option<Number>,
        /// Whether it was allowed.
        pub passed: Option<bool>,
    }
}

shape! {
    /// A sale, a return or an exchange.
    pub struct Sale {
        /// Whether line amounts include tax.
        pub prices: PriceMode,
        /// What changed hands; a receipt has at least one.
        #[schemars(default)]
        pub lines: Vec<Line>,
        /// Tax by rate, as printed.
        #[schemars(default)]
        pub taxes: Vec<TaxSum>,
        /// Tax in all; required when prices are without.
        pub tax_total: Option<Amount>,
        /// What is owed, tax included.
        pub total: Amount,
        /// What rounding to coins added or took off.
        pub cash_rounding: Option<Amount>,
        /// How it was paid.
        #[schemars(default)]
        pub tenders: Vec<Tender>,
        /// Cash given back, positive.
        pub change: Option<Amount>,
        /// Who bought.
        pub customer: Option<Customer>,
        /// Points.
        pub loyalty: Option<Loyalty>,
        /// The customer order it belongs to.
        pub order: Option<Text>,
        /// Lines taken off before the end; in no total.
        #[schemars(default)]
        pub voided_lines: Vec<Line>,
        /// What was allowed by whom.
        #[schemars(default)]
        pub approvals: Vec<Approval>,
    }
}

shape! {
    /// Undoes a whole sale or return. Tenders absent: the original's payments, change and rounding reversed.
    pub struct Void {
        /// What is undone.
        pub of: Origin,
        /// Why.
        pub reason: Option<Note>,
        /// How the money went back.
        pub refund_tenders: Option<Vec<Tender>>,
        /// What rounding to coins added or took off.
        pub cash_rounding: Option<Amount>,
    }
}

impl Sale {
    /// The body's amount of `cash_rounding`, 0 when absent.
    pub fn cash_rounding(&self) -> Decimal {
        self.cash_rounding.map_or(Decimal::ZERO, |amount| amount.0)
    }
    /// The body's amount of `change`, 0 when absent.
    pub fn change(&self) -> Decimal {
        self.change.map_or(Decimal::ZERO, |amount| amount.0)
    }
}

impl Line {
    /// What all discounts of the line take off, with the line's sign.
    pub fn discount(&self) -> Decimal {
        self.discounts
            .iter()
            .map(|discount| discount.amount.0)
            .sum()
    }
}
