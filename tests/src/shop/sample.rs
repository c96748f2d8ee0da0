//! Single documents in one line, for scenarios that need just one.

use serde_json::Value;

use super::receipt::Receipt;
use super::{CASH, moment, range, yesterday};

/// A cash sale of one article, told from others by its number.
pub fn sale(till: &str, sequence: u64) -> Value {
    receipt(till, sequence).json()
}

/// The receipt of [`sale`].
pub fn receipt(till: &str, sequence: u64) -> Receipt {
    let date = yesterday();
    let seconds = i64::try_from(sequence % 36_000).unwrap();
    let range = range();
    let product = &range[usize::try_from(sequence).unwrap() % range.len()];
    Receipt::sale(till, sequence, moment(date, seconds), date)
        .item(product, if product.weighed { 345 } else { 1000 })
        .paid(CASH)
}

/// So many sales, numbered from `first`.
pub fn sales(till: &str, first: u64, count: u64) -> Vec<Value> {
    (first..first + count).map(|n| sale(till, n)).collect()
}
