//! The parts of a document whose names the contract does not fix: counters, fiscal data, the sender's own fields.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::problem::Code as ProblemCode;
use crate::shape::{Form, Place, Shape};
use crate::write::{begin_field, write_text};

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
    fn write(&self, form: Form, out: &mut String) {
        let mut pairs: Vec<_> = self.0.iter().collect();
        if form == Form::Canonical {
            pairs.sort_unstable();
        }
        out.push('{');
        for (name, count) in pairs {
            begin_field(name, out);
            out.push_str(&count.to_string());
        }
        out.push('}');
    }
    fn write_field(&self, name: &str, form: Form, out: &mut String) {
        if !self.0.is_empty() {
            begin_field(name, out);
            self.write(form, out);
        }
    }
}

/// JSON that is copied as it is, numbers by their literal text: `fiscal`.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub struct Verbatim(#[schemars(with = "Value")] pub Value);

impl Shape for Verbatim {
    fn read(value: Value, _: &mut Place) -> Option<Self> {
        Some(Self(value))
    }
    fn write(&self, form: Form, out: &mut String) {
        match form {
            Form::Stored => out.push_str(&self.0.to_string()),
            Form::Canonical => write_by_value(&self.0, out),
        }
    }
}

/// Free JSON, written in one way for what means the same: names in order, `1.50` like `1.5`.
fn write_by_value(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::String(text) => write_text(text, out),
        Value::Number(number) => {
            let literal = number.to_string();
            // Too long or with an exponent: then only the same literal is the same number.
            match Decimal::from_str_exact(&literal) {
                Ok(decimal) => out.push_str(&decimal.normalize().to_string()),
                Err(_) => out.push_str(&literal),
            }
        }
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_by_value(value, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in fields {
                begin_field(name, out);
                write_by_value(value, out);
            }
            out.push('}');
        }
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
    fn write(&self, form: Form, out: &mut String) {
        out.push('{');
        if form == Form::Stored {
            for (name, value) in &self.0 {
                begin_field(name, out);
                out.push_str(&value.to_string());
            }
        }
        out.push('}');
    }
    fn write_field(&self, name: &str, form: Form, out: &mut String) {
        if form == Form::Stored && !self.0.is_empty() {
            begin_field(name, out);
            self.write(form, out);
        }
    }
}
