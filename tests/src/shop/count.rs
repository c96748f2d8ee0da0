//! Stock counts.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Product;
use crate::figures::quantity;
use crate::home::STORE;

/// A spot count in one part: products and thousandths, as they lay there at `cutoff_at`.
pub fn spot(name: &str, date: Date, cutoff_at: Timestamp, counted: &[(Product, i64)]) -> Value {
    let numbered = counted.iter().enumerate();
    let lines = numbered.map(|(n, (product, thousandths))| {
        json!({
            "line": n + 1,
            "product": {"sku": product.sku, "barcode": product.barcode},
            "quantity": quantity(*thousandths),
            "unit": product.unit(),
        })
    });
    json!({
        "kind": "stock_count",
        "store": STORE,
        "business_date": date.to_string(),
        "occurred_at": cutoff_at.to_string(),
        "body": {
            "count": name,
            "mode": "spot",
            "cutoff_at": cutoff_at.to_string(),
            "complete": true,
            "lines": lines.collect::<Vec<_>>(),
        },
    })
}
