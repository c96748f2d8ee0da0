//! Everything a till can hand over: eleven kinds of document, schema 1.
//!
//! The types follow the contract field by field; the generated JSON Schemas (`shared/schemas/`) are the last word on
//! the shapes. Field order here is the order in which a stored document is written.

pub mod day;
pub mod sale;
pub mod stock;
pub mod tender;

use serde_json::Value;
use uuid::Uuid;

pub use crate::document::day::{CashMovement, DayClose, DayOpen, Settlement, TillActivity};
pub use crate::document::sale::{Sale, Void};
pub use crate::document::stock::{Pickup, StockCount, StockMove};
use crate::problem::Code as ProblemCode;
use crate::scalar::{Code, Currency, Day, Ext, Moment, Number, Text, Verbatim};
use crate::shape::{Form, Place, Shape};
use crate::write::{begin_field, write_text};
use crate::{choice, shape};

/// The schema this program reads and writes.
pub const SCHEMA: i64 = 1;
/// The series of a document that names none.
pub const SERIES_DEFAULT: &str = "0";
/// The series of what the store's hours open and close, so that it never meets a till's own `day_open` or `day_close`.
pub const SERIES_BY_HOURS: &str = "hours";

choice! {
    /// What happened.
    pub enum Kind {
        /// Goods or services sold; an exchange is a sale with lines of both signs.
        Sale = "sale",
        /// Goods taken back.
        Return = "return",
        /// A whole sale or return undone.
        Void = "void",
        /// A till's day begins.
        DayOpen = "day_open",
        /// A till's day ends.
        DayClose = "day_close",
        /// Money put into or taken out of a drawer, not for goods.
        CashMovement = "cash_movement",
        /// A number was used and nothing moved.
        TillActivity = "till_activity",
        /// A card terminal's or provider's batch.
        Settlement = "settlement",
        /// Goods counted.
        StockCount = "stock_count",
        /// Goods moved, not sold.
        StockMove = "stock_move",
        /// An order handed over, or not.
        Pickup = "pickup",
    }
}

impl Kind {
    /// Whether the kind uses a till's running number, and so must name its till.
    pub const fn uses_till_number(self) -> bool {
        match self {
            Self::Sale
            | Self::Return
            | Self::Void
            | Self::DayOpen
            | Self::DayClose
            | Self::CashMovement
            | Self::TillActivity => true,
            Self::Settlement | Self::StockCount | Self::StockMove | Self::Pickup => false,
        }
    }

    /// The kinds on which no till's day hangs, so that they may wait for a better time of day.
    pub const CAN_WAIT: [Self; 5] = [
        Self::TillActivity,
        Self::Settlement,
        Self::StockCount,
        Self::StockMove,
        Self::Pickup,
    ];

    /// Whether it is one of them.
    pub fn can_wait(self) -> bool {
        Self::CAN_WAIT.contains(&self)
    }
}

shape! {
    /// Where a document comes from; not part of its content.
    pub struct Source {
        /// The program that made it.
        pub system: Option<Text>,
        /// That program's version.
        pub version: Option<Text>,
        /// The file it was read from.
        pub file: Option<crate::scalar::Note>,
        /// The sender's own reference.
        pub reference: Option<Text>,
    }
}

shape! {
    /// What every document says before its body.
    pub struct Head {
        /// The agent's id, as written by `folder` and `export`; ignored when read.
        pub id: Option<Text>,
        /// The natural key, as written by `folder` and `export`; must fit when read.
        pub key: Option<crate::scalar::Note>,
        /// The key's UUIDv5, as written by `folder` and `export`; must fit when read.
        pub uid: Option<Text>,
        /// What happened.
        pub kind: Kind,
        /// Version of the schema; 1 when absent.
        pub schema: Option<Number>,
        /// The store.
        pub store: Code,
        /// The till; required for the kinds that use a till's number.
        pub till: Option<Code>,
        /// The till's number circle; "0" when absent.
        pub series: Option<Code>,
        /// The till's own running number.
        pub sequence: Option<Number>,
        /// The number as printed on the receipt.
        pub receipt_number: Option<Text>,
        /// The trading day; from `occurred_at` and the store's day cut-off when absent.
        pub business_date: Option<Day>,
        /// When it happened.
        pub occurred_at: Moment,
        /// ISO 4217; required where there is money.
        pub currency: Option<Currency>,
        /// Pseudonymous code of the operator.
        pub operator: Option<Text>,
        /// Where it comes from.
        pub source: Option<Source>,
        /// Fiscal data, copied verbatim.
        pub fiscal: Option<Verbatim>,
        /// Fields of the sender's own.
        #[schemars(default)]
        pub ext: Ext,
    }
}

impl Head {
    /// The series, "0" when the document names none.
    pub fn series(&self) -> &str {
        self.series.as_ref().map_or(SERIES_DEFAULT, Code::as_str)
    }
    /// The till, or an empty text for kinds that need none.
    pub fn till(&self) -> &str {
        self.till.as_ref().map_or("", Code::as_str)
    }
}

/// A document's body, by kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// See [`Kind::Sale`].
    Sale(Sale),
    /// See [`Kind::Return`].
    Return(Sale),
    /// See [`Kind::Void`].
    Void(Void),
    /// See [`Kind::DayOpen`].
    DayOpen(DayOpen),
    /// See [`Kind::DayClose`].
    DayClose(DayClose),
    /// See [`Kind::CashMovement`].
    CashMovement(CashMovement),
    /// See [`Kind::TillActivity`].
    TillActivity(TillActivity),
    /// See [`Kind::Settlement`].
    Settlement(Settlement),
    /// See [`Kind::StockCount`].
    StockCount(StockCount),
    /// See [`Kind::StockMove`].
    StockMove(StockMove),
    /// See [`Kind::Pickup`].
    Pickup(Pickup),
}

impl Body {
    /// Reads the body of a document of this kind.
    pub fn read(kind: Kind, value: Value, place: &mut Place) -> Option<Self> {
        match kind {
            Kind::Sale => Sale::read(value, place).map(Self::Sale),
            Kind::Return => Sale::read(value, place).map(Self::Return),
            Kind::Void => Void::read(value, place).map(Self::Void),
            Kind::DayOpen => DayOpen::read(value, place).map(Self::DayOpen),
            Kind::DayClose => DayClose::read(value, place).map(Self::DayClose),
            Kind::CashMovement => CashMovement::read(value, place).map(Self::CashMovement),
            Kind::TillActivity => TillActivity::read(value, place).map(Self::TillActivity),
            Kind::Settlement => Settlement::read(value, place).map(Self::Settlement),
            Kind::StockCount => StockCount::read(value, place).map(Self::StockCount),
            Kind::StockMove => StockMove::read(value, place).map(Self::StockMove),
            Kind::Pickup => Pickup::read(value, place).map(Self::Pickup),
        }
    }

    /// Adds the body's JSON to a text.
    pub fn write(&self, form: Form, out: &mut String) {
        match self {
            Self::Sale(body) | Self::Return(body) => body.write(form, out),
            Self::Void(body) => body.write(form, out),
            Self::DayOpen(body) => body.write(form, out),
            Self::DayClose(body) => body.write(form, out),
            Self::CashMovement(body) => body.write(form, out),
            Self::TillActivity(body) => body.write(form, out),
            Self::Settlement(body) => body.write(form, out),
            Self::StockCount(body) => body.write(form, out),
            Self::StockMove(body) => body.write(form, out),
            Self::Pickup(body) => body.write(form, out),
        }
    }

    /// The goods' side of a sale or return; `None` for every other kind.
    pub fn as_sale(&self) -> Option<&Sale> {
        match self {
            Self::Sale(body) | Self::Return(body) => Some(body),
            Self::Void(_)
            | Self::DayOpen(_)
            | Self::DayClose(_)
            | Self::CashMovement(_)
            | Self::TillActivity(_)
            | Self::Settlement(_)
            | Self::StockCount(_)
            | Self::StockMove(_)
            | Self::Pickup(_) => None,
        }
    }
}

/// Room for a document of some lines.
const TEXT_BYTES: usize = 2 * 1024;

/// One thing that happened in a store, read and typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What every kind says.
    pub head: Head,
    /// What this kind says.
    pub body: Body,
}

impl Document {
    /// Reads a document's JSON object; every problem stands in `place`.
    pub fn read(value: Value, place: &mut Place) -> Option<Self> {
        let mut object = place.object(value)?;
        let body = object.shift_remove("body").filter(|body| !body.is_null());
        let kind = object.get("kind").and_then(Value::as_str);
        let kind = kind.and_then(Kind::from_word);
        let head = Head::read(Value::Object(object), place).map(|head| Head {
            id: None,
            key: None,
            uid: None,
            ..head
        });
        // The body is read whatever is wrong with the head, so that all problems are told at once.
        let body = place.field("body", |place| match (kind, body) {
            (Some(kind), Some(body)) => Body::read(kind, body, place),
            (None, Some(_)) => None,
            (_, None) => place.refuse(
                ProblemCode::MissingField,
                "this field is required and is missing",
            ),
        });
        Some(Self {
            head: head?,
            body: body?,
        })
    }

    /// The document's JSON in a form, without `id`, `key` and `uid`, which have columns of their own.
    pub fn text(&self, form: Form) -> String {
        let mut out = String::with_capacity(TEXT_BYTES);
        self.head.write(form, &mut out);
        // The body is the last of its fields.
        out.pop();
        begin_field("body", &mut out);
        self.body.write(form, &mut out);
        out.push('}');
        out
    }

    /// The document's JSON as it is stored.
    pub fn json(&self) -> Value {
        let text = self.text(Form::Stored);
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// The document as `folder` and `export` write it: with `id`, `key` and `uid` in front.
    pub fn text_out(&self, id: &str, key: &str, uid: Uuid) -> String {
        let mut out = String::with_capacity(TEXT_BYTES);
        out.push('{');
        for (name, value) in [("id", id), ("key", key), ("uid", &uid.to_string())] {
            begin_field(name, &mut out);
            write_text(value, &mut out);
        }
        out.push(',');
        out.push_str(&self.text(Form::Stored)[1..]);
        out
    }
}
