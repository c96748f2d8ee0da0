//! A store's products and prices: what a till may ask for with the line down.
//!
//! A snapshot carries prices to come, so that a price changes at its minute by the store's clock, line or no line:
//! which one is in force is decided at look-up, here, from `now`.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Identifies one state of the catalog; two equal revisions hold the same products.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub String);

/// One product as a till sees it: `GET /v1/products` answers these, `[catalog] source = "folder"` reads one a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl Product {
    /// The product as a till sees it at an instant: the price then in force, and until when it holds.
    pub fn at(mut self, now: Timestamp) -> Self {
        let changes = std::mem::take(&mut self.prices);
        let amount = amount_at(self.price.amount, &changes, now);
        let coming = boundaries(&changes).filter(|at| *at > now);
        let change = coming
            .filter(|at| amount_at(self.price.amount, &changes, *at) != amount)
            .min();
        let told = self.price.until.filter(|until| *until > now);
        self.price.until = [change, told].into_iter().flatten().min();
        self.price.amount = amount;
        // A reduced price that is no reduction any more is told without the normal one.
        self.price.list = self.price.list.filter(|list| *list > amount);
        self
    }
    /// The instants at which its price may change.
    pub fn changes(&self) -> impl Iterator<Item = Timestamp> {
        boundaries(&self.prices).chain(self.price.until)
    }
}

/// The amount at an instant: of the coming prices that hold, the one that began last; else the base.
fn amount_at(base: Decimal, prices: &[ComingPrice], at: Timestamp) -> Decimal {
    let holding = prices.iter().filter(|price| {
        price.from_at.is_none_or(|from| from <= at) && price.until_at.is_none_or(|until| at < until)
    });
    holding
        .max_by_key(|price| price.from_at)
        .map_or(base, |price| price.amount)
}

fn boundaries(prices: &[ComingPrice]) -> impl Iterator<Item = Timestamp> {
    prices
        .iter()
        .flat_map(|price| [price.from_at, price.until_at])
        .flatten()
}

/// A barcode as it is compared: scanners and spreadsheets add and lose leading zeros.
pub fn comparable_barcode(barcode: &str) -> &str {
    let trimmed = barcode.trim();
    match trimmed.trim_start_matches('0') {
        "" if !trimmed.is_empty() => "0",
        rest => rest,
    }
}

/// The revision that stands for exactly these products, in this order.
pub fn revision_of(products: &[Product]) -> Result<Revision, serde_json::Error> {
    let mut hash = Sha256::new();
    for product in products {
        hash.update(serde_json::to_vec(product)?);
        hash.update(b"\n");
    }
    Ok(Revision(hex(&hash.finalize())))
}

/// Bytes as lower-case hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unit_default() -> String {
    "EA".to_owned()
}
fn yes() -> bool {
    true
}

/// What a product costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
        let value = serde_json::Value::deserialize(input)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn product(prices: Vec<ComingPrice>) -> Product {
        let text = r#"{"sku":"A","name":"Apple","price":{"amount":"10","currency":"CHF","tax_included":true,"list":"11"}}"#;
        let mut product: Product = serde_json::from_str(text).unwrap();
        product.prices = prices;
        product
    }
    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }
    fn price(amount: i64, from: Option<i64>, until: Option<i64>) -> ComingPrice {
        ComingPrice {
            amount: Decimal::from(amount),
            from_at: from.map(second),
            until_at: until.map(second),
        }
    }
    fn seen(product: &Product, at: i64) -> (Decimal, Option<i64>) {
        let price = product.clone().at(second(at)).price;
        (price.amount, price.until.map(Timestamp::as_second))
    }

    #[test]
    fn a_promotion_begins_and_ends_by_the_clock() {
        let product = product(vec![price(8, Some(100), Some(200))]);
        assert_eq!(seen(&product, 99), (10.into(), Some(100)));
        assert_eq!(seen(&product, 100), (8.into(), Some(200)));
        assert_eq!(seen(&product, 200), (10.into(), None));
    }

    #[test]
    fn of_two_prices_that_hold_the_one_that_began_last_counts() {
        let product = product(vec![
            price(8, Some(100), None),
            price(6, Some(150), Some(160)),
        ]);
        assert_eq!(seen(&product, 155), (6.into(), Some(160)));
        assert_eq!(seen(&product, 160), (8.into(), None));
    }

    #[test]
    fn a_boundary_that_changes_nothing_is_not_told() {
        let product = product(vec![
            price(10, Some(100), Some(200)),
            price(9, Some(200), None),
        ]);
        assert_eq!(seen(&product, 50), (10.into(), Some(200)));
    }

    #[test]
    fn the_normal_price_is_told_only_beside_a_lower_one() {
        let product = product(vec![price(12, Some(100), None)]);
        assert!(product.clone().at(second(0)).price.list.is_some());
        assert!(product.at(second(100)).price.list.is_none());
    }

    #[test]
    fn leading_zeros_do_not_matter() {
        let pairs = [
            ("0012", "12"),
            (" 12 ", "12"),
            ("000", "0"),
            ("", ""),
            ("A0", "A0"),
        ];
        for (barcode, expected) in pairs {
            assert_eq!(comparable_barcode(barcode), expected);
        }
    }

    #[test]
    fn equal_products_are_one_revision() {
        let one = revision_of(&[product(Vec::new())]).unwrap();
        assert_eq!(one, revision_of(&[product(Vec::new())]).unwrap());
        assert_ne!(
            one,
            revision_of(&[product(vec![price(1, None, None)])]).unwrap()
        );
    }

    proptest! {
        #[test]
        fn until_is_the_first_instant_at_which_the_price_differs(
            prices in prop::collection::vec((1i64..5, prop::option::of(0i64..20), prop::option::of(0i64..20)), 0..5),
            now in 0i64..20,
        ) {
            let prices = prices.into_iter().map(|(amount, from, until)| price(amount, from, until));
            let product = product(prices.collect());
            let (amount, until) = seen(&product, now);
            let first = (now + 1..30).find(|later| seen(&product, *later).0 != amount);
            prop_assert_eq!(until, first);
        }
    }
}
