//! A row as Odoo writes it: `false` for nothing, `[id, name]` for another row, numbers as floats.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use uuid::Uuid;

/// A row with the fields that were asked for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Row(pub Map<String, Value>);

impl Row {
    /// The row's id; 0 when it was not asked for.
    pub fn id(&self) -> i64 {
        self.0.get("id").and_then(Value::as_i64).unwrap_or(0)
    }
    /// A text; `None` when it is empty over there.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str().filter(|text| !text.is_empty())
    }
    /// A number, exactly as it was written; 0 when there is none.
    pub fn decimal(&self, field: &str) -> Decimal {
        self.0.get(field).and_then(decimal).unwrap_or_default()
    }
    /// A whole number; 0 when there is none.
    pub fn integer(&self, field: &str) -> i64 {
        self.0.get(field).and_then(Value::as_i64).unwrap_or(0)
    }
    /// Yes or no.
    pub fn flag(&self, field: &str) -> bool {
        self.0.get(field).and_then(Value::as_bool).unwrap_or(false)
    }
    /// The id of another row.
    pub fn one(&self, field: &str) -> Option<i64> {
        let value = self.0.get(field)?;
        value.as_i64().or_else(|| value.get(0)?.as_i64())
    }
    /// The name of another row.
    pub fn pair_name(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.get(1)?.as_str()
    }
    /// The ids of other rows.
    pub fn many(&self, field: &str) -> Vec<i64> {
        let ids = self.0.get(field).and_then(Value::as_array);
        ids.into_iter()
            .flatten()
            .filter_map(Value::as_i64)
            .collect()
    }
}

/// A JSON number as a decimal. Odoo computes in floats, so `0.30000000000000004` may come.
pub fn decimal(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else {
        return None;
    };
    let text = number.to_string();
    let exact = Decimal::from_str(&text)
        .or_else(|_| Decimal::from_scientific(&text))
        .ok()?;
    Some(exact.round_dp(FLOAT_DIGITS).normalize())
}

/// Uuids as Odoo's domains want them.
pub fn texts(uuids: &[Uuid]) -> Vec<String> {
    uuids.iter().map(Uuid::to_string).collect()
}

/// Digits after the point at which a float of Odoo's is believed.
const FLOAT_DIGITS: u32 = 9;

/// A decimal as a JSON number with exactly its digits.
pub fn number(decimal: Decimal) -> Value {
    Number::from_str(&decimal.normalize().to_string()).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_false_and_another_row_is_a_pair() {
        let row: Row = serde_json::from_value(
            json!({ "id": 3, "a": false, "b": [7, "Name"], "c": 8, "d": [1, 2], "e": "" }),
        )
        .expect("a row");
        assert_eq!(
            (row.one("a"), row.one("b"), row.one("c")),
            (None, Some(7), Some(8))
        );
        assert_eq!((row.many("d"), row.many("a")), (vec![1, 2], vec![]));
        assert_eq!((row.text("a"), row.text("e"), row.id()), (None, None, 3));
    }

    #[test]
    fn a_floats_dirt_is_taken_off_and_our_digits_are_sent_as_they_are() {
        let read = |text: &str| decimal(&serde_json::from_str(text).expect("json"));
        assert_eq!(read("0.30000000000000004"), Some(Decimal::new(3, 1)));
        assert_eq!(read("1e-05"), Some(Decimal::new(1, 5)));
        assert_eq!(read("20.0"), Some(Decimal::from(20)));
        assert_eq!(
            number(Decimal::new(12_345_678_901, 8)).to_string(),
            "123.45678901"
        );
        assert_eq!(number(Decimal::new(500, 2)).to_string(), "5");
    }
}
