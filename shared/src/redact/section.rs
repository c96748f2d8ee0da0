//! The contract's objects, and how each of their fields is searched.

use serde_json::{Map, Value};

use super::names::Setting;
use crate::document::day::DayTender;
use crate::document::sale::{
    Approval, Card, Customer, Discount, Foreign, Invoice, Line, LineTax, Loyalty, PriceOverride,
    Product, TaxSum, Tender,
};
use crate::document::stock::{CountLine, MoveLine, PickupLine};
use crate::document::{
    CashMovement, DayClose, DayOpen, Head, Pickup, Sale, Settlement, StockCount, StockMove,
    TillActivity, Void,
};

/// An object of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Head,
    Body,
    Line,
    Product,
    Tender,
    /// A voucher or gift card, whose reference is a number of its own.
    VoucherTender,
    Card,
    Customer,
    Invoice,
    Loyalty,
    Approval,
    Counts,
}

/// How a field is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treat {
    /// Not for card numbers.
    Exempt,
    /// For everything.
    Free,
    /// As the last digits of a card.
    LastFour,
    /// For everything, by name too.
    Ext(Setting),
    /// Field by field.
    Within(Section),
    /// As a whole number of the till's.
    Counter,
    /// The contract does not know it.
    Unknown,
}

const BODIES: [&[&str]; 10] = [
    Sale::FIELDS,
    Void::FIELDS,
    DayOpen::FIELDS,
    DayClose::FIELDS,
    CashMovement::FIELDS,
    TillActivity::FIELDS,
    Settlement::FIELDS,
    StockCount::FIELDS,
    StockMove::FIELDS,
    Pickup::FIELDS,
];
const LINES: [&[&str]; 4] = [
    Line::FIELDS,
    CountLine::FIELDS,
    MoveLine::FIELDS,
    PickupLine::FIELDS,
];
const TENDERS: [&[&str]; 2] = [Tender::FIELDS, DayTender::FIELDS];

/// Objects within lines and tenders: none of their fields is anybody's by its name.
const PARTS: [&[&str]; 5] = [
    Discount::FIELDS,
    LineTax::FIELDS,
    TaxSum::FIELDS,
    PriceOverride::FIELDS,
    Foreign::FIELDS,
];

/// Whether a field within a line or a tender is the contract's own.
pub(super) fn is_part(name: &str) -> bool {
    PARTS.iter().any(|part| part.contains(&name))
}

const PAYMENT: Setting = Setting {
    card: false,
    payment: true,
    person: false,
};
const CARD: Setting = Setting {
    card: true,
    payment: true,
    person: false,
};
const PERSON: Setting = Setting {
    card: false,
    payment: false,
    person: true,
};
const PLAIN: Setting = Setting {
    card: false,
    payment: false,
    person: false,
};

impl Section {
    /// The section of one object of a list: tenders differ by their type.
    pub(super) fn of(self, object: &Map<String, Value>) -> Self {
        let r#type = object.get("type").and_then(Value::as_str);
        match (self, r#type) {
            (Self::Tender, Some("voucher" | "gift_card")) => Self::VoucherTender,
            (section, _) => section,
        }
    }

    /// How a field is searched.
    pub(super) fn treat(self, name: &str) -> Treat {
        let known = |lists: &[&[&str]]| {
            if lists.iter().any(|list| list.contains(&name)) {
                Treat::Free
            } else {
                Treat::Unknown
            }
        };
        match self {
            Self::Head => match name {
                "body" => Treat::Within(Self::Body),
                "ext" => Treat::Ext(PLAIN),
                "operator" => Treat::Free,
                _ if Head::FIELDS.contains(&name) => Treat::Exempt,
                _ => Treat::Unknown,
            },
            Self::Body => match name {
                "lines" | "voided_lines" => Treat::Within(Self::Line),
                "tenders" | "refund_tenders" => Treat::Within(Self::Tender),
                "customer" => Treat::Within(Self::Customer),
                "loyalty" => Treat::Within(Self::Loyalty),
                "approvals" => Treat::Within(Self::Approval),
                "counts" => Treat::Within(Self::Counts),
                // What keys are made of, and the till's numbers.
                "of" | "order" | "count" | "part" | "reference" | "provider" | "terminal"
                | "batch" | "first_sequence" | "last_sequence" | "z_number" => Treat::Exempt,
                _ => known(&BODIES),
            },
            Self::Line => match name {
                "product" => Treat::Within(Self::Product),
                "lots" | "returned_from" => Treat::Exempt,
                "ext" => Treat::Ext(PLAIN),
                _ => known(&LINES),
            },
            Self::Product => match name {
                "sku" | "barcode" | "plu" => Treat::Exempt,
                _ => known(&[Product::FIELDS]),
            },
            Self::Tender | Self::VoucherTender => match name {
                "reference" if self == Self::VoucherTender => Treat::Exempt,
                "card" => Treat::Within(Self::Card),
                "ext" if self == Self::VoucherTender => Treat::Ext(PLAIN),
                "ext" => Treat::Ext(PAYMENT),
                _ => known(&TENDERS),
            },
            Self::Card => match name {
                "last4" => Treat::LastFour,
                _ => known(&[Card::FIELDS]),
            },
            Self::Customer => match name {
                "invoice" => Treat::Within(Self::Invoice),
                _ => known(&[Customer::FIELDS]),
            },
            Self::Invoice => known(&[Invoice::FIELDS]),
            Self::Loyalty => known(&[Loyalty::FIELDS]),
            Self::Approval => known(&[Approval::FIELDS]),
            Self::Counts => Treat::Counter,
        }
    }

    /// In which setting an unknown field's name is looked at; `None` where a later schema may mean something by it.
    pub(super) fn setting(self) -> Option<Setting> {
        match self {
            Self::Head | Self::Product | Self::Counts => None,
            Self::Body | Self::Line | Self::VoucherTender => Some(PLAIN),
            Self::Tender => Some(PAYMENT),
            Self::Card => Some(CARD),
            Self::Customer | Self::Invoice | Self::Loyalty | Self::Approval => Some(PERSON),
        }
    }
}
