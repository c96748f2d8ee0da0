//! The parts of a document whose names the contract does not fix: counters, fiscal data, the sender's own fields.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::problem::Code as ProblemCode;
use crate::shape::{Form, Place, Shape};

/// Counters of a day end, each a whole number, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
pub struct Counts(
    #[schemars(with = "std::collections::BTreeMap<String, i64>")] pub Vec<(String, i64)>,
);

impl Shape for Counts {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let object = place.object(value)?;
        let pairs: Option<Vec<(String, i64)>> = object
            .into_iter()
            .map(|(name, value)| Some((name, value.as_i64()?)))
            .collect();
        match pairs {
            Some(pairs) => Some(Self(pairs)),
            // A counter's name is the sender's text, so the place is the whole list.
            None => place.refuse(ProblemCode::BadValue, "expected whole numbers by name"),
        }
    }
    fn json(&self, _: Form) -> Value {
        let pairs = self.0.iter().map(|(n, c)| (n.clone(), Value::from(*c)));
        Value::Object(pairs.collect())
    }
    fn field(&self, form: Form) -> Option<Value> {
        (!self.0.is_empty()).then(|| self.json(form))
    }
}

/// JSON that is copied as it is, numbers by their literal text: `fiscal`.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub struct Verbatim(#[schemars(with = "Value")] pub Value);

impl Shape for Verbatim {
    fn read(value: Value, _: &mut Place) -> Option<Self> {
        Some(Self(value))
    }
    fn json(&self, form: Form) -> Value {
        match form {
            Form::Stored => self.0.clone(),
            Form::Canonical => numbers_by_value(&self.0),
        }
    }
}

/// The same JSON with every number written in one way, so that `1.50` and `1.5` compare equal.
fn numbers_by_value(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
        Value::Number(number) => {
            // Too long or with an exponent: then only the same literal is the same number.
            let by_value = Decimal::from_str_exact(&number.to_string())
                .ok()
                .and_then(|decimal| decimal.normalize().to_string().parse().ok());
            Value::Number(by_value.unwrap_or_else(|| number.clone()))
        }
        Value::Array(values) => values.iter().map(numbers_by_value).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), numbers_by_value(value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// Fields of the sender's own: `ext`. Kept, never interpreted, not part of a document's content.
#[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
pub struct Ext(
    #[schemars(with = "std::collections::BTreeMap<String, Value>")] pub Map<String, Value>,
);

impl Shape for Ext {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        place.object(value).map(Self)
    }
    fn json(&self, _: Form) -> Value {
        Value::Object(self.0.clone())
    }
    fn field(&self, form: Form) -> Option<Value> {
        match form {
            Form::Stored => (!self.0.is_empty()).then(|| self.json(form)),
            Form::Canonical => None,
        }
    }
}
