//! Stock beside the products: what head office counts here, less what it does not know yet. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use tillpost_shared::catalog::{Product, comparable_barcode};

use crate::store::unsent::Moved;

/// Stock at a moment; it changes with every sale and is no part of a revision.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stock {
    /// How much is on hand, by article number and unit: a pack has its article's number and is no piece.
    pub on_hand: BTreeMap<(String, String), Decimal>,
    /// When it was read.
    pub taken_at: Option<Timestamp>,
}

impl Stock {
    /// What head office counts of a product.
    pub fn of(&self, product: &Product) -> Option<Decimal> {
        // Only equal texts are found; a key of borrowed texts is not worth its code.
        let key = (product.sku.clone(), product.unit.clone());
        self.on_hand.get(&key).copied()
    }
}

/// Goods that left the store and are not in head office's figures, summed by what the till called them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unsent {
    sums: Vec<(Code, Decimal)>,
    places: BTreeMap<Code, usize>,
    by_sku: BTreeMap<String, Vec<usize>>,
    by_barcode: BTreeMap<String, Vec<usize>>,
}

/// What a till called a product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Code {
    sku: Option<String>,
    barcode: Option<String>,
}

impl Unsent {
    /// Adds goods.
    pub fn add(&mut self, moved: impl IntoIterator<Item = Moved>) {
        for Moved {
            sku,
            barcode,
            quantity,
        } in moved
        {
            let barcode = barcode.map(|code| comparable_barcode(&code).to_owned());
            let code = Code { sku, barcode };
            if let Some(place) = self.places.get(&code) {
                self.sums[*place].1 += quantity;
                continue;
            }
            let place = self.sums.len();
            if let Some(sku) = code.sku.clone() {
                self.by_sku.entry(sku).or_default().push(place);
            }
            if let Some(barcode) = code.barcode.clone() {
                self.by_barcode.entry(barcode).or_default().push(place);
            }
            self.places.insert(code.clone(), place);
            self.sums.push((code, quantity));
        }
    }

    /// Adds what another look found.
    pub fn join(&mut self, other: Self) {
        self.add(other.sums.into_iter().map(|(code, quantity)| Moved {
            sku: code.sku,
            barcode: code.barcode,
            quantity,
        }));
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// How much of a product: each sum once, whether its barcode or its article number is the product's.
    pub fn of(&self, product: &Product) -> Decimal {
        let barcodes = product.barcodes.iter();
        let scanned = barcodes.filter_map(|code| self.by_barcode.get(comparable_barcode(code)));
        let numbered = self.by_sku.get(&product.sku);
        let mut places: Vec<usize> = scanned.chain(numbered).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| self.sums[place].1).sum()
    }
}

/// What can still be sold here: unknown where head office's figure is, or where it is not known what is unsent.
pub fn available(product: &Product, unsent: Option<&Unsent>) -> Option<Decimal> {
    Some(product.on_hand? - unsent?.of(product))
}

#[cfg(test)]
mod tests {
    use tillpost_shared::catalog::Price;

    use super::*;

    fn product(sku: &str, barcodes: &[&str], on_hand: Option<i64>) -> Product {
        Product {
            sku: sku.into(),
            name: String::new(),
            barcodes: barcodes.iter().map(|code| (*code).to_owned()).collect(),
            unit: "EA".into(),
            price: Price {
                amount: Decimal::ONE,
                currency: "CHF".into(),
                tax_included: true,
                list: None,
                until: None,
            },
            prices: Vec::new(),
            taxes: Vec::new(),
            active: true,
            on_hand: on_hand.map(Decimal::from),
            available: None,
        }
    }
    fn moved(sku: Option<&str>, barcode: Option<&str>, quantity: i64) -> Moved {
        Moved {
            sku: sku.map(str::to_owned),
            barcode: barcode.map(str::to_owned),
            quantity: quantity.into(),
        }
    }
    fn unsent(all: &[Moved]) -> Unsent {
        let mut unsent = Unsent::default();
        unsent.add(all.iter().cloned());
        unsent
    }

    #[test]
    fn what_is_unsent_is_taken_off_once_however_the_till_named_it() {
        let sold = unsent(&[
            moved(Some("A"), Some("0761"), 1),
            moved(Some("A"), None, 2),
            moved(None, Some("761"), 4),
            moved(Some("A"), Some("0761"), -1),
            moved(Some("B"), Some("999"), 8),
            moved(None, None, 16),
        ]);
        let apple = product("A", &["00761", "0761"], Some(10));
        assert_eq!(available(&apple, Some(&sold)), Some(Decimal::from(4)));
        let other = product("C", &["1"], Some(10));
        assert_eq!(available(&other, Some(&sold)), Some(Decimal::from(10)));
        let mut both = unsent(&[moved(Some("A"), Some("0761"), 1)]);
        both.join(unsent(&[
            moved(Some("A"), Some("761"), 2),
            moved(Some("A"), None, 3),
        ]));
        assert_eq!(available(&apple, Some(&both)), Some(Decimal::from(4)));
        let returned = unsent(&[moved(Some("A"), None, -3)]);
        assert_eq!(available(&apple, Some(&returned)), Some(Decimal::from(13)));
    }

    #[test]
    fn an_unknown_figure_stays_unknown() {
        let sold = unsent(&[moved(Some("A"), None, 2)]);
        assert_eq!(available(&product("A", &[], None), Some(&sold)), None);
        assert_eq!(available(&product("A", &[], Some(3)), None), None);
    }

    #[test]
    fn a_pack_has_its_articles_number_and_not_its_stock() {
        let on_hand = [(("A".to_owned(), "EA".to_owned()), Decimal::from(5))];
        let stock = Stock {
            on_hand: on_hand.into(),
            taken_at: None,
        };
        let mut pack = product("A", &[], None);
        assert_eq!(stock.of(&pack), Some(Decimal::from(5)));
        pack.unit = "Dozen".into();
        assert_eq!(stock.of(&pack), None);
    }
}
