//! A store's products and prices: what a till may ask for with the line down.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Identifies one state of the catalog; two equal revisions hold the same products.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub String);

/// One product as a till sees it: `GET /v1/products` answers these, `[catalog] source = "folder"` reads one a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Article number.
    pub sku: String,
    /// Name.
    pub name: String,
    /// Barcodes as they are scanned.
    #[serde(default)]
    pub barcodes: Vec<String>,
    /// Unit, as in `EA` or `kg`.
    #[serde(default = "unit_default")]
    pub unit: String,
    /// The price in force.
    pub price: Price,
    /// Prices to come, for snapshots; not part of an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<ComingPrice>,
    /// Taxes.
    #[serde(default)]
    pub taxes: Vec<Tax>,
    /// Whether it may be sold.
    #[serde(default = "yes")]
    pub active: bool,
    /// Stock here at head office.
    #[serde(
        default,
        with = "decimal_text::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_hand: Option<Decimal>,
    /// Stock here less sales not yet sent.
    #[serde(
        default,
        with = "decimal_text::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub available: Option<Decimal>,
}

fn unit_default() -> String {
    "EA".to_owned()
}
fn yes() -> bool {
    true
}

/// What a product costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Money for one unit.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// Whether tax is in it.
    pub tax_included: bool,
    /// The normal price, where the amount is a reduced one.
    #[serde(
        default,
        with = "decimal_text::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub list: Option<Decimal>,
    /// Until when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A price that holds from or until an instant; `from_at` inclusive, `until_at` exclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComingPrice {
    /// Money for one unit.
    #[serde(with = "decimal_text")]
    pub amount: Decimal,
    /// From when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_at: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_at: Option<Timestamp>,
}

/// A tax of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// Its code.
    pub code: String,
    /// Per cent.
    #[serde(with = "decimal_text")]
    pub rate: Decimal,
}

/// Decimals as strings in JSON: a float would not survive the way.
pub mod decimal_text {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::scalar::Price;

    /// Writes the decimal as text.
    pub fn serialize<S: Serializer>(value: &Decimal, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(value)
    }

    /// Reads decimal text, or a number by its literal text.
    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Decimal, D::Error> {
        let text = match serde_json::Value::deserialize(input)? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        Price::parse(&text)
            .map(|price| price.0)
            .ok_or_else(|| serde::de::Error::custom("expected a decimal such as \"12.50\""))
    }

    /// The same for a decimal that may be absent.
    pub mod option {
        use rust_decimal::Decimal;
        use serde::{Deserialize, Deserializer, Serializer};

        /// Writes the decimal as text, or null.
        pub fn serialize<S: Serializer>(
            value: &Option<Decimal>,
            out: S,
        ) -> Result<S::Ok, S::Error> {
            match value {
                Some(value) => out.collect_str(value),
                None => out.serialize_none(),
            }
        }

        #[derive(Deserialize)]
        struct Present(#[serde(with = "super")] Decimal);

        /// Reads decimal text; null or absent is none.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            input: D,
        ) -> Result<Option<Decimal>, D::Error> {
            Option::<Present>::deserialize(input).map(|value| value.map(|Present(value)| value))
        }
    }
}
