//! Goods that move without being sold, and orders that are handed over.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Product;
use crate::figures::quantity;
use crate::home::STORE;

/// A line: article number, thousandths, and lots with their thousandths.
#[derive(Debug, Clone)]
pub struct Line {
    pub sku: String,
    pub thousandths: i64,
    /// `lot` or `serial`, name and thousandths.
    pub lots: Vec<(&'static str, String, i64)>,
}

impl Line {
    pub fn of(product: &Product, thousandths: i64) -> Self {
        Self::sku(&product.sku, thousandths)
    }

    pub fn sku(sku: &str, thousandths: i64) -> Self {
        Self {
            sku: sku.to_owned(),
            thousandths,
            lots: Vec::new(),
        }
    }

    pub fn lot(mut self, kind: &'static str, name: &str, thousandths: i64) -> Self {
        self.lots.push((kind, name.to_owned(), thousandths));
        self
    }

    fn json(&self, number: usize) -> Value {
        let lot = |(kind, name, thousandths): &(&str, String, i64)| {
            let mut lot = json!({ "quantity": quantity(*thousandths) });
            lot[*kind] = name.as_str().into();
            lot
        };
        json!({
            "line": number,
            "product": { "sku": self.sku },
            "quantity": quantity(self.thousandths),
            "lots": self.lots.iter().map(lot).collect::<Vec<_>>(),
        })
    }
}

fn lines(lines: &[Line]) -> Vec<Value> {
    let numbered = lines.iter().enumerate();
    numbered.map(|(n, line)| line.json(n + 1)).collect()
}

/// A movement of goods; more of its body can be set afterwards.
pub fn moved(kind: &str, reference: &str, at: Timestamp, of: &[Line]) -> Value {
    json!({
        "kind": "stock_move",
        "store": STORE,
        "occurred_at": at.to_string(),
        "body": { "type": kind, "reference": reference, "lines": lines(of) },
    })
}

/// What became of an order; more of its body can be set afterwards.
pub fn pickup(kind: &str, order: &str, at: Timestamp, of: &[Line]) -> Value {
    json!({
        "kind": "pickup",
        "store": STORE,
        "occurred_at": at.to_string(),
        "body": { "type": kind, "order": order, "lines": lines(of) },
    })
}

/// The key of a movement.
pub fn move_key(kind: &str, reference: &str) -> String {
    format!("{STORE}/stock_move/{kind}/{reference}")
}
