//! What documents come to, by kind and currency: never one sum over things that cannot be added.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::cli::output::grouped;

/// Digits after the point at least, where people read money.
const DIGITS_MIN: u32 = 2;

/// Counts and sums by kind and currency.
#[derive(Debug, Clone, Default)]
pub struct Totals(BTreeMap<(String, String), (usize, Option<Decimal>)>);

impl Totals {
    /// Adds a document.
    pub fn add(&mut self, kind: &str, currency: Option<&str>, total: Option<Decimal>) {
        let key = (kind.to_owned(), currency.unwrap_or_default().to_owned());
        let (count, sum) = self.0.entry(key).or_default();
        *count += 1;
        if let Some(total) = total {
            // Twelve digits before the point: a sum that does not fit is of no store.
            *sum = Some(sum.unwrap_or_default().saturating_add(total));
        }
    }
    /// For people: kind, count, sum, currency.
    pub fn rows(&self) -> Vec<[String; 4]> {
        let rows = self.0.iter().map(|((kind, currency), (count, sum))| {
            let sum = sum.map(|sum| grouped(money(sum))).unwrap_or_default();
            [format!("    {kind}"), grouped(count), sum, currency.clone()]
        });
        rows.collect()
    }
    /// For programs.
    pub fn json(&self) -> Value {
        let rows = self.0.iter().map(|((kind, currency), (count, sum))| {
            json!({
                "kind": kind, "currency": (!currency.is_empty()).then_some(currency),
                "count": count, "amount": sum.map(|sum| money(sum).to_string()),
            })
        });
        rows.collect()
    }
}

fn money(mut sum: Decimal) -> Decimal {
    sum = sum.normalize();
    if sum.scale() < DIGITS_MIN {
        sum.rescale(DIGITS_MIN);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_kept_apart_by_kind_and_currency() {
        let mut totals = Totals::default();
        let money = |text: &str| Some(text.parse().unwrap());
        totals.add("sale", Some("CHF"), money("1999.9"));
        totals.add("sale", Some("CHF"), money("0.10"));
        totals.add("sale", Some("EUR"), money("5"));
        totals.add("day_open", None, None);
        let rows: Vec<String> = totals.rows().iter().map(|row| row.join("|")).collect();
        assert_eq!(
            rows,
            [
                "    day_open|1||",
                "    sale|2|2,000.00|CHF",
                "    sale|1|5.00|EUR"
            ]
        );
    }
}
