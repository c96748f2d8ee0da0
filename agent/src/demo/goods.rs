//! The demo shop's thousand products, made from a few words: the sample catalog.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tillpost_shared::catalog::{ComingPrice, Price, Product, Tax};

/// The demo's currency.
pub const CURRENCY: &str = "CHF";
/// How many products the shop has.
const PRODUCTS: usize = 1_000;
/// In-store barcodes begin with 2, so that no real article is meant.
const BARCODE_PREFIX: &str = "2900";

const MAKES: [&str; 10] = [
    "Alpine", "Lakeside", "Old Town", "Harvest", "Valley", "Mill", "Orchard", "Meadow", "Harbour",
    "Summit",
];
const GOODS: [(&str, i64, bool); 20] = [
    ("rye bread", 480, true),
    ("milk 1 l", 195, true),
    ("apple juice", 340, true),
    ("mountain cheese", 1290, true),
    ("honey 500 g", 1150, true),
    ("coffee beans", 1490, true),
    ("dark chocolate", 420, true),
    ("pasta 500 g", 265, true),
    ("olive oil", 1680, true),
    ("oat biscuits", 390, true),
    ("hand soap", 590, false),
    ("dish towel", 1250, false),
    ("candle", 890, false),
    ("notebook", 745, false),
    ("tea pot", 3490, false),
    ("wool socks", 1990, false),
    ("garden gloves", 1590, false),
    ("light bulb", 995, false),
    ("umbrella", 2950, false),
    ("picture frame", 2240, false),
];
const SIZES: [&str; 5] = ["small", "", "large", "family", "gift box"];

/// The sample catalog. One product in ten has a lower price for a while, one in ten a new one from tomorrow on.
pub fn sample(now: Timestamp) -> Vec<Product> {
    (0..PRODUCTS).map(|number| product(number, now)).collect()
}

fn product(number: usize, now: Timestamp) -> Product {
    let (name, cents, food) = GOODS[number % GOODS.len()];
    let make = MAKES[number / GOODS.len() % MAKES.len()];
    let size = number / (GOODS.len() * MAKES.len()) % SIZES.len();
    let list = in_coins(cents + cents * size as i64 / 3);
    let tomorrow = now + SignedDuration::from_hours(24);
    let reduced = in_coins(list * 8 / 10);
    let (amount, prices, list_price) = match number % 10 {
        3 => (
            reduced,
            vec![
                coming(reduced, None, Some(tomorrow)),
                coming(list, Some(tomorrow), None),
            ],
            Some(money(list)),
        ),
        7 => {
            let raised = in_coins(list * 11 / 10);
            (
                list,
                vec![
                    coming(list, None, Some(tomorrow)),
                    coming(raised, Some(tomorrow), None),
                ],
                None,
            )
        }
        _ => (list, Vec::new(), None),
    };
    let rate = if food {
        Decimal::new(26, 1)
    } else {
        Decimal::new(81, 1)
    };
    Product {
        sku: format!("{:05}", 10_000 + number),
        name: format!("{make} {name} {}", SIZES[size]).trim().to_owned(),
        barcodes: vec![barcode(number)],
        unit: "EA".to_owned(),
        price: Price {
            amount: money(amount),
            currency: CURRENCY.to_owned(),
            tax_included: true,
            list: list_price,
            until: None,
        },
        prices,
        taxes: vec![Tax {
            code: if food { "V26" } else { "V81" }.to_owned(),
            rate,
        }],
        active: true,
        on_hand: None,
        available: None,
    }
}

fn coming(cents: i64, from_at: Option<Timestamp>, until_at: Option<Timestamp>) -> ComingPrice {
    ComingPrice {
        amount: money(cents),
        from_at,
        until_at,
    }
}

fn money(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// Swiss prices end in 0 or 5.
fn in_coins(cents: i64) -> i64 {
    (cents + 2) / 5 * 5
}

/// A GTIN-13 with its check digit (GS1 General Specifications: weights 1 and 3 from the left).
fn barcode(number: usize) -> String {
    let digits = format!("{BARCODE_PREFIX}{number:08}");
    let sum: u32 = digits
        .bytes()
        .enumerate()
        .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 1 } else { 3 })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_a_thousand_different_products() {
        let products = sample(Timestamp::UNIX_EPOCH);
        let barcodes: BTreeSet<_> = products
            .iter()
            .map(|product| &product.barcodes[0])
            .collect();
        let names: BTreeSet<_> = products.iter().map(|product| &product.name).collect();
        assert_eq!((barcodes.len(), names.len()), (PRODUCTS, PRODUCTS));
    }

    #[test]
    fn a_barcode_ends_in_its_check_digit() {
        assert_eq!(barcode(0), "2900000000001");
    }
}
