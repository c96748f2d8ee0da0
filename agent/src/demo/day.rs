//! A day in the demo shop: two tills, customers who buy, bring back, exchange and change their minds, and a stock count.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::catalog::Product;

use crate::demo::till::{Pays, Position, Receipt, Till};

/// The demo's store.
pub const STORE: &str = "DEMO1";
/// The seed of the first day: the same one every time.
const SEED: u64 = 4_711;
/// Sales of each till.
const SALES_PER_TILL: usize = 60;

/// A day's documents in the order in which they happen, a list per till and the count last. In a shop that rang up `before`
/// days already, the tills begin a new series.
pub fn ring_up(
    products: &[Product],
    opened_at: Timestamp,
    date: Date,
    before: u64,
) -> Vec<Vec<Value>> {
    let mut chance = Chance(SEED + before);
    let series = before.to_string();
    let mut day = |code: &str, last_number: i64| {
        let mut till = Till::new(STORE, code, &series, last_number, opened_at, date);
        day_of(&mut till, products, &mut chance)
    };
    let mut tills = vec![day("1", 4_000), day("2", 7_000)];
    let name = format!("CYCLE-{}", before + 1);
    tills.push(vec![count(&name, products, opened_at, date, &mut chance)]);
    tills
}

fn day_of(till: &mut Till, products: &[Product], chance: &mut Chance) -> Vec<Value> {
    let mut documents = vec![till.open()];
    let mut receipts: Vec<(Receipt, Vec<usize>)> = Vec::new();
    for sale in 0..SALES_PER_TILL {
        let basket: Vec<usize> = (0..1 + chance.below(5))
            .map(|_| chance.below(products.len()))
            .collect();
        let positions: Vec<_> = basket
            .iter()
            .map(|index| bought(&products[*index], 1 + chance.below(3) as i64))
            .collect();
        let pays = [Pays::Cash, Pays::Card, Pays::VoucherAndCard][chance.below(3)];
        let (document, receipt) = till.ring_up(&positions, pays);
        documents.push(document);
        receipts.push((receipt, basket));
        match sale {
            20 => documents.push(till.pay_out(Decimal::from(30), "flowers for the counter")),
            10 | 30 | 50 => documents.push(bring_back(till, products, &receipts[sale - 5], true)),
            25 => documents.push(bring_back(till, products, &receipts[sale - 3], false)),
            40 => documents.push(exchange(till, products, &receipts[sale - 7])),
            15 | 44 => documents.push(till.void(&receipts[sale].0)),
            _ => {}
        }
    }
    documents.push(till.close());
    documents
}

fn bought(product: &Product, quantity: i64) -> Position<'_> {
    Position {
        product,
        quantity,
        returned_from: None,
    }
}

/// One piece of the receipt's first line comes back, with or without the receipt.
fn back<'a>(
    products: &'a [Product],
    receipt: &(Receipt, Vec<usize>),
    with_receipt: bool,
) -> Position<'a> {
    Position {
        product: &products[receipt.1[0]],
        quantity: -1,
        returned_from: with_receipt.then_some((receipt.0.sequence, receipt.0.positions[0].0)),
    }
}

fn bring_back(
    till: &mut Till,
    products: &[Product],
    receipt: &(Receipt, Vec<usize>),
    with_receipt: bool,
) -> Value {
    till.ring_up(&[back(products, receipt, with_receipt)], Pays::Cash)
        .0
}

fn exchange(till: &mut Till, products: &[Product], receipt: &(Receipt, Vec<usize>)) -> Value {
    let other = bought(&products[(receipt.1[0] + 200) % products.len()], 1);
    till.ring_up(&[back(products, receipt, true), other], Pays::Card)
        .0
}

fn count(
    name: &str,
    products: &[Product],
    counted_at: Timestamp,
    date: Date,
    chance: &mut Chance,
) -> Value {
    let lines: Vec<Value> = (0..25)
        .map(|index| {
            let product = &products[index * 7];
            json!({
                "line": index + 1,
                "product": { "sku": product.sku, "barcode": product.barcodes[0] },
                "quantity": (10 + chance.below(40)).to_string(),
            })
        })
        .collect();
    json!({
        "kind": "stock_count",
        "store": STORE,
        // Counted before the shop opened: that may be before the day's cut-off.
        "business_date": date.to_string(),
        "occurred_at": counted_at.to_string(),
        "body": {
            "count": name,
            "mode": "cycle",
            "cutoff_at": counted_at.to_string(),
            "complete": true,
            "lines": lines,
        },
    })
}

/// The same day for the same seed: a small generator of our own (SplitMix64).
struct Chance(u64);

impl Chance {
    /// A number from 0 to `limit` - 1.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % limit
    }
}
