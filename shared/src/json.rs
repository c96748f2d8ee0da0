//! JSON text, read strictly: no key twice, no bottomless nesting, numbers by their literal text.
//!
//! serde_json's own reader keeps the last of two equal keys without a word; a till that sends two totals must hear of
//! it. The first fault is told with its place and the rest of the text is still read to its end, so that a fault
//! within one document of many is told apart from a text that is not JSON at all.
//!
//! One liberty is serde_json's: an exponent is written as `e+5`, however the sender wrote it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::problem::{Code, Problem};
use crate::shape::shown_name;

/// How deep objects and lists of a document may stand within each other; the document itself is the first.
pub const DEPTH_MAX: usize = 32;

/// Under this key serde_json hands a number's literal text to a visitor, unless it is a whole one of 64 bits.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// Why a text gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// It is not JSON.
    Syntax,
    /// It is JSON that no document may hold.
    Refused(Problem),
}

/// Reads one JSON text. `around` says how many levels stand around the document in it: 0 for a document by itself.
pub fn read(text: &str, around: usize) -> Result<Value, JsonError> {
    let mut first = First {
        depth_max: DEPTH_MAX + around,
        fault: None,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Reader {
        first: &mut first,
        depth: 1,
    };
    let value = seed.deserialize(&mut deserializer);
    let value = value.map_err(|_| JsonError::Syntax)?;
    deserializer.end().map_err(|_| JsonError::Syntax)?;
    match first.fault {
        None => Ok(value),
        Some(fault) => Err(JsonError::Refused(fault.problem())),
    }
}

/// The first fault of a text, if it has one.
struct First {
    depth_max: usize,
    fault: Option<Fault>,
}

struct Fault {
    code: Code,
    /// The way to it, innermost step first: each level adds its own on the way back.
    steps: Vec<Step>,
}

enum Step {
    Field(String),
    Element(usize),
}

impl First {
    fn note(&mut self, code: Code, steps: Vec<Step>) {
        if self.fault.is_none() {
            self.fault = Some(Fault { code, steps });
        }
    }

    /// Runs `inside`; a fault first found in there gets `step` added to its way.
    fn within<T>(&mut self, step: impl FnOnce() -> Step, inside: impl FnOnce(&mut Self) -> T) -> T {
        let found_before = self.fault.is_some();
        let answer = inside(self);
        if let Some(fault) = self.fault.as_mut().filter(|_| !found_before) {
            fault.steps.push(step());
        }
        answer
    }
}

impl Fault {
    fn problem(&self) -> Problem {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(shown_name(name));
                }
                Step::Element(index) => path.push_str(&format!("[{index}]")),
            }
        }
        let message = if self.code == Code::RepeatedKey {
            "the object names this key twice".to_owned()
        } else {
            format!("nested deeper than {DEPTH_MAX}")
        };
        Problem::refused(self.code, &path, message)
    }
}

/// Reads one value that stands `depth` deep.
struct Reader<'a> {
    first: &'a mut First,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let Self { first, depth } = self;
        if depth > first.depth_max {
            first.note(Code::TooLarge, Vec::new());
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        }
        let mut values = Vec::new();
        loop {
            let index = values.len();
            let next = first.within(
                || Step::Element(index),
                |first| {
                    list.next_element_seed(Reader {
                        first,
                        depth: depth + 1,
                    })
                },
            )?;
            match next {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let Self { first, depth } = self;
        let mut next = object.next_key_seed(KeyReader)?;
        if let Some(Key::Number) = next {
            return number(object);
        }
        if depth > first.depth_max {
            first.note(Code::TooLarge, Vec::new());
            while next.is_some() {
                object.next_value::<IgnoredAny>()?;
                next = object.next_key_seed(KeyReader)?;
            }
            return Ok(Value::Null);
        }
        let mut map = Map::new();
        while let Some(key) = next {
            let Key::Name(name) = key else {
                return Err(serde::de::Error::custom("a number among the keys"));
            };
            let value = first.within(
                || Step::Field(name.clone()),
                |first| {
                    object.next_value_seed(Reader {
                        first,
                        depth: depth + 1,
                    })
                },
            )?;
            next = object.next_key_seed(KeyReader)?;
            match map.entry(name) {
                serde_json::map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                serde_json::map::Entry::Occupied(entry) => {
                    first.note(Code::RepeatedKey, vec![Step::Field(entry.key().clone())]);
                }
            }
        }
        Ok(Value::Object(map))
    }
}

/// A number's literal text. A sender could write an object with serde_json's private key; it is then read as the
/// number it pretends to be, and nothing that is no number gets through.
fn number<'de, A: MapAccess<'de>>(mut object: A) -> Result<Value, A::Error> {
    let literal: String = object.next_value()?;
    let number: Number = literal.parse().map_err(serde::de::Error::custom)?;
    match object.next_key::<IgnoredAny>()? {
        None => Ok(Value::Number(number)),
        Some(_) => Err(serde::de::Error::custom("a number with further keys")),
    }
}

enum Key {
    Name(String),
    Number,
}

struct KeyReader;

impl<'de> DeserializeSeed<'de> for KeyReader {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyReader {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(if name == NUMBER_KEY {
            Key::Number
        } else {
            Key::Name(name.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn problem(text: &str) -> (Code, String) {
        match read(text, 0) {
            Err(JsonError::Refused(problem)) => (problem.code, problem.path),
            other => panic!("expected a refusal, found {other:?}"),
        }
    }

    #[rstest]
    #[case("{\"fiscal\":{\"signature\":1234567890123456789012345,\"rate\":0.10,\"zero\":-0.00}}")]
    #[case("[1,-2.50,1e+5,\"a\\u0000b\",null,true,{},[]]")]
    #[case("{\"b\":1,\"a\":2}")]
    fn what_was_read_is_written_byte_for_byte(#[case] text: &str) {
        assert_eq!(read(text, 0).unwrap().to_string(), text);
    }

    #[rstest]
    #[case("{\"till\":1,\"till\":1}", "till")]
    #[case(
        "{\"body\":{\"lines\":[{},{\"total\":1,\"net\":{},\"total\":2}]}}",
        "body.lines[1].total"
    )]
    #[case("{\"a\":{\"4111111111111111\":1,\"4111111111111111\":2}}", "a.?")]
    fn a_repeated_key_is_refused_with_its_path(#[case] text: &str, #[case] path: &str) {
        assert_eq!(problem(text), (Code::RepeatedKey, path.to_owned()));
    }

    #[test]
    fn the_first_fault_is_told() {
        let text = "{\"a\":{\"x\":1,\"x\":2},\"b\":[{\"y\":1,\"y\":2}]}";
        assert_eq!(problem(text), (Code::RepeatedKey, "a.x".to_owned()));
    }

    #[rstest]
    #[case(32, true)]
    #[case(33, false)]
    #[case(5_000, false)]
    fn nesting_ends_at_32(#[case] depth: usize, #[case] read_well: bool) {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = if open == "[" { "" } else { "1" };
            let text = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            match read(&text, 0) {
                Ok(_) => assert!(read_well),
                Err(JsonError::Refused(problem)) => {
                    assert_eq!((problem.code, read_well), (Code::TooLarge, false));
                }
                Err(JsonError::Syntax) => panic!("depth {depth} is JSON all the same"),
            }
        }
    }

    #[test]
    fn a_number_at_the_deepest_place_is_no_level_of_its_own() {
        let text = format!("{}1{}", "[".repeat(32), "]".repeat(32));
        assert!(read(&text, 0).is_ok());
    }

    #[rstest]
    #[case("")]
    #[case("{\"a\":1")]
    #[case("{\"a\":01}")]
    #[case("{} {}")]
    #[case("{'a':1}")]
    #[case("NaN")]
    #[case("{\"a\":{\"$serde_json::private::Number\":\"not a number\"}}")]
    #[case("{\"a\":{\"$serde_json::private::Number\":\"1\",\"b\":2}}")]
    #[case("{\"a\":{\"b\":2,\"$serde_json::private::Number\":\"1\"}}")]
    fn what_is_no_json_is_told_as_such(#[case] text: &str) {
        assert_eq!(read(text, 0), Err(JsonError::Syntax));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC*") {
            let _ = read(&text, 0);
        }

        #[test]
        fn it_reads_what_serde_json_reads(text in "[\\[\\]{}\",:0-9.eE+\\- antrufls]{0,24}") {
            let theirs = serde_json::from_str::<Value>(&text).ok();
            match read(&text, 0) {
                Ok(ours) => prop_assert_eq!(Some(ours), theirs),
                Err(JsonError::Syntax) => prop_assert_eq!(None, theirs),
                Err(JsonError::Refused(problem)) => prop_assert_eq!(problem.code, Code::RepeatedKey),
            }
        }
    }
}
