//! Where in the file a value stands, so that a check of its meaning can name the line.

use toml::de::{DeTable, DeValue};

use super::structure::line_of;

/// A place in the file. A place that is not there keeps the line of the nearest one that is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    text: &'a str,
    here: Here<'a>,
    /// Its line, from 1; 0 for the file as a whole.
    pub line: usize,
}

#[derive(Clone, Copy)]
enum Here<'a> {
    Root(&'a DeTable<'a>),
    Value(&'a DeValue<'a>),
    Absent,
}

impl<'a> Place<'a> {
    /// The file as a whole.
    pub fn root(text: &'a str, table: &'a DeTable<'a>) -> Self {
        Self {
            text,
            here: Here::Root(table),
            line: 0,
        }
    }
    /// The value of a key in a table.
    pub fn key(&self, name: &str) -> Self {
        let table = match self.here {
            Here::Root(table) => Some(table),
            Here::Value(value) => value.as_table(),
            Here::Absent => None,
        };
        let entry = table.and_then(|table| table.get_key_value(name));
        self.step(entry.map(|(key, value)| (key.span().start, value.get_ref())))
    }
    /// An entry of a list.
    pub fn item(&self, index: usize) -> Self {
        let value = match self.here {
            Here::Value(value) => value.get(index),
            Here::Root(_) | Here::Absent => None,
        };
        self.step(value.map(|value| (value.span().start, value.get_ref())))
    }
    fn step(&self, found: Option<(usize, &'a DeValue<'a>)>) -> Self {
        match found {
            Some((start, value)) => Self {
                text: self.text,
                here: Here::Value(value),
                line: line_of(self.text, start),
            },
            None => Self {
                here: Here::Absent,
                ..*self
            },
        }
    }
}

/// The line of the `profile` of an `inbox` or `price_file`, counted from 0; for who knows which profiles there are.
pub fn line_of_profile(text: &str, table: &str, index: usize) -> usize {
    let (root, _) = DeTable::parse_recoverable(text);
    let place = Place::root(text, root.get_ref());
    place.key(table).item(index).key("profile").line
}
