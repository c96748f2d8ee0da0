//! How a document's JSON becomes a typed value: strictly, and with the place of *every* problem.
//!
//! Derived deserializers stop at the first error; an integrator wants them all at once, each with its path. So the
//! types of [`crate::document`] are declared once, by [`shape!`], which gives each its reader, its writer and its
//! JSON Schema from the same list of fields.

use std::fmt::{Display, Write as _};

use serde_json::{Map, Value};

use crate::problem::{Code as ProblemCode, Problem};
use crate::redact;
use crate::write::begin_field;

/// A value of a document: read from JSON, written back to JSON.
pub trait Shape: Sized {
    /// What stands for an absent (or `null`) field; `None` means that the field is required.
    fn absent() -> Option<Self> {
        None
    }
    /// Reads the value; on failure the problem stands in `place` and the answer is `None`.
    fn read(value: Value, place: &mut Place) -> Option<Self>;
    /// Adds its JSON to a text.
    fn write(&self, form: Form, out: &mut String);
    /// Adds it to a text as a field of an object; adds nothing where the field is left out.
    fn write_field(&self, name: &str, form: Form, out: &mut String) {
        begin_field(name, out);
        self.write(form, out);
    }
    /// Its JSON as a text.
    fn text(&self, form: Form) -> String {
        let mut out = String::new();
        self.write(form, &mut out);
        out
    }
}

/// What JSON is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// To be stored and sent: every value as it was given.
    Stored,
    /// To be compared: equal for what means the same. Decimals by value, times by instant, nothing that is empty,
    /// nothing of `ext`; fields in the order in which they are declared, so that order is for ever.
    Canonical,
}

/// Whether the reader knows every field that a document may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// It does: what it does not know is a mistake.
    #[default]
    Refused,
    /// The document is of a later schema: what it does not know is not for it.
    Ignored,
}

/// Where in a document the reader stands, and what it found wrong so far.
#[derive(Debug, Default)]
pub struct Place {
    path: String,
    unknown: Unknown,
    /// Everything found so far, in the order of reading.
    pub problems: Vec<Problem>,
}

impl Place {
    /// A reader at the start of a document.
    pub fn new(unknown: Unknown) -> Self {
        Self {
            unknown,
            ..Self::default()
        }
    }

    /// The path of the value being read, as in `body.lines[0].quantity`; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reads `inside` one step deeper, at field `name`.
    pub fn field<T>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let answer = inside(self);
        self.path.truncate(length);
        answer
    }

    /// Reads `inside` one step deeper, at position `index` of a list.
    pub fn element<T>(&mut self, index: usize, inside: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        // Writing to a text cannot fail.
        let _ = write!(self.path, "[{index}]");
        let answer = inside(self);
        self.path.truncate(length);
        answer
    }

    /// Notes that the value here cannot be read. Always answers `None`, so that a reader can end with it.
    pub fn refuse<T>(&mut self, code: ProblemCode, message: impl Display) -> Option<T> {
        self.problems
            .push(Problem::refused(code, &self.path, message));
        None
    }

    /// The value as an object, or a problem.
    pub fn object(&mut self, value: Value) -> Option<Map<String, Value>> {
        let Value::Object(map) = value else {
            let found = type_name(&value);
            return self.refuse(
                ProblemCode::WrongType,
                format!("expected an object, found {found}"),
            );
        };
        Some(map)
    }

    /// Takes field `name` out of `object` and reads it; an absent or `null` one is its default or a problem.
    pub fn take<T: Shape>(&mut self, object: &mut Map<String, Value>, name: &str) -> Option<T> {
        match object.shift_remove(name) {
            Some(value) if !value.is_null() => self.field(name, |place| T::read(value, place)),
            _ => T::absent().or_else(|| {
                self.field(name, |place| {
                    place.refuse(
                        ProblemCode::MissingField,
                        "this field is required and is missing",
                    )
                })
            }),
        }
    }

    /// Refuses whatever is left in `object`, with the nearest known name as a hint.
    pub fn finish(&mut self, object: Map<String, Value>, known: &[&str]) -> Option<()> {
        if object.is_empty() || self.unknown == Unknown::Ignored {
            return Some(());
        }
        for name in object.keys() {
            let shown = shown_name(name);
            self.field(shown, |place| {
                let path = place.path.clone();
                let mut problem =
                    Problem::refused(ProblemCode::UnknownField, &path, "this field is not known");
                if let Some(near) = nearest(name, known) {
                    problem.hint = Some(format!("did you mean {near}?"));
                }
                place.problems.push(problem);
            });
        }
        None
    }
}

/// The longest unknown field name that is repeated in a problem's path.
const NAME_SHOWN_MAX: usize = 40;
/// The most digits in a row in such a name: `track2` is a name, a long number is a value in the wrong place.
const NAME_DIGITS_MAX: usize = 6;
/// How alike (0 to 1) a known name must be to be offered for an unknown one.
const NEAR_MIN: f64 = 0.75;

/// A field's name as it may stand in a problem's path: the sender's text may hold anything, so it is repeated only
/// when it looks like a name in any of the usual spellings, and is `?` otherwise.
pub fn shown_name(name: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let mut runs = name.split(|c: char| !c.is_ascii_digit());
    let named = (1..=NAME_SHOWN_MAX).contains(&name.len())
        && name.bytes().all(plain)
        && runs.all(|digits| digits.len() <= NAME_DIGITS_MAX)
        && redact::mask(name).is_none();
    if named { name } else { "?" }
}

/// The known name most like `name`, if one is near enough to be a slip of the pen.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate))
        .filter(|(likeness, _)| *likeness >= NEAR_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// What a JSON value is, in words.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<T: Shape> Shape for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        T::read(value, place).map(Some)
    }
    fn write(&self, form: Form, out: &mut String) {
        match self {
            Some(value) => value.write(form, out),
            None => out.push_str("null"),
        }
    }
    fn write_field(&self, name: &str, form: Form, out: &mut String) {
        let Some(value) = self else {
            return;
        };
        // A list is written even when it is empty: where it is optional, an empty one says something of its own.
        let before = out.len();
        begin_field(name, out);
        let written = out.len();
        value.write(form, out);
        if form == Form::Canonical && matches!(&out[written..], "\"\"" | "{}") {
            out.truncate(before);
        }
    }
}

/// Empty lists may be left out, so an absent one is empty. Where an absent list means something else than an empty
/// one (the taxes of a line, the tenders of a void) the field is an `Option<Vec<_>>`.
impl<T: Shape> Shape for Vec<T> {
    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let Value::Array(values) = value else {
            return place.refuse(
                ProblemCode::WrongType,
                format!("expected a list, found {}", type_name(&value)),
            );
        };
        // Every element is read, so that the problems of all of them are told at once.
        let read: Vec<Option<T>> = values
            .into_iter()
            .enumerate()
            .map(|(index, value)| place.element(index, |place| T::read(value, place)))
            .collect();
        read.into_iter().collect()
    }
    fn write(&self, form: Form, out: &mut String) {
        out.push('[');
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            value.write(form, out);
        }
        out.push(']');
    }
    fn write_field(&self, name: &str, form: Form, out: &mut String) {
        if !self.is_empty() {
            begin_field(name, out);
            self.write(form, out);
        }
    }
}

impl Shape for bool {
    fn read(value: Value, place: &mut Place) -> Option<Self> {
        let Value::Bool(flag) = value else {
            let found = type_name(&value);
            return place.refuse(
                ProblemCode::WrongType,
                format!("expected true or false, found {found}"),
            );
        };
        Some(flag)
    }
    fn write(&self, _: Form, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

/// Declares a document's object: the struct, its strict reader, its writer and its schema.
#[macro_export]
macro_rules! shape {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* pub $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }

        impl $name {
            /// The names of its fields in JSON.
            pub const FIELDS: &'static [&'static str] = &[$($crate::shape::json_name(stringify!($field)),)*];
        }

        impl $crate::shape::Shape for $name {
            fn read(value: serde_json::Value, place: &mut $crate::shape::Place) -> Option<Self> {
                let mut object = place.object(value)?;
                $(let $field = place.take::<$ty>(&mut object, $crate::shape::json_name(stringify!($field)));)*
                place.finish(object, Self::FIELDS)?;
                Some(Self { $($field: $field?,)* })
            }
            fn write(&self, form: $crate::shape::Form, out: &mut String) {
                out.push('{');
                $($crate::shape::Shape::write_field(
                    &self.$field, $crate::shape::json_name(stringify!($field)), form, out,
                );)*
                out.push('}');
            }
        }
    };
}

/// A field's name in JSON: `r#type` in Rust is `type` there.
pub const fn json_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::sample::{sale, with};

    #[rstest]
    #[case("totl", Some("did you mean total?"))]
    #[case("tendrs", Some("did you mean tenders?"))]
    #[case("weather", Some("own fields belong under ext"))]
    fn an_unknown_field_comes_with_the_nearest_known_one(
        #[case] name: &str,
        #[case] hint: Option<&str>,
    ) {
        let mut place = Place::default();
        let document = with(sale(), &format!("/body/{name}"), 1);
        assert!(crate::document::Document::read(document, &mut place).is_none());
        let [problem] = place.problems.as_slice() else {
            panic!("expected one problem, found {:?}", place.problems);
        };
        assert_eq!(problem.path, format!("body.{name}"));
        assert_eq!(problem.hint.as_deref(), hint);
    }

    #[rstest]
    #[case("track2_data", "track2_data")]
    #[case("unitPrice", "unitPrice")]
    #[case("Tax-Code.2", "Tax-Code.2")]
    #[case("customer_id_123456", "customer_id_123456")]
    #[case("customer_1234567", "?")]
    #[case("4111-1111-1111-1111", "?")]
    #[case("a/b", "?")]
    #[case("Müller", "?")]
    #[case("with blank", "?")]
    #[case("", "?")]
    #[case("a_name_that_is_much_longer_than_any_field_of_ours", "?")]
    fn only_what_looks_like_a_name_is_repeated(#[case] name: &str, #[case] shown: &str) {
        assert_eq!(shown_name(name), shown);
    }
}
