//! The shape of `tillpost.toml`: unknown keys, wrong types, missing keys and unknown words, each with its line.
//!
//! Driven by the JSON Schema that is made from the types, so that there is one list of keys. All problems are found in
//! one pass; unknown keys are taken out, so that what is left can be read and checked further.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::ConfigError;

/// A word may differ from a known one by one letter in so many to be taken for a slip.
const SLIP_LETTERS: usize = 3;

/// Finds what does not fit the schema and takes unknown keys out of the table.
pub(super) fn prune(
    text: &str,
    schema: &Value,
    root: &mut Spanned<DeTable<'_>>,
) -> Vec<ConfigError> {
    let mut walk = Walk {
        text,
        definitions: &schema["$defs"],
        problems: Vec::new(),
    };
    walk.table(root.get_mut(), &[schema], "", 0);
    walk.problems
}

/// The known word that was probably meant.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = word.to_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&lower, &other.to_lowercase());
    let near = known.into_iter().map(|other| (distance(other), other));
    let allowed_max = (word.chars().count() / SLIP_LETTERS).max(1);
    let best = near.filter(|(far, _)| *far <= allowed_max).min();
    best.map(|(_, other)| format!("did you mean `{other}`?"))
}

/// The line of a byte in the text, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}

struct Walk<'a> {
    text: &'a str,
    definitions: &'a Value,
    problems: Vec<ConfigError>,
}

impl<'a> Walk<'a> {
    fn add(&mut self, line: usize, message: String, hint: Option<String>) {
        self.problems.push(ConfigError {
            line,
            message,
            hint,
        });
    }

    fn table(&mut self, table: &mut DeTable<'_>, forms: &[&'a Value], name: &str, line: usize) {
        // A map from names of the user's own has no list of keys.
        if let Some(entry) = forms.iter().find_map(|form| {
            let values = &form["additionalProperties"];
            values.is_object().then_some(values)
        }) {
            for (key, value) in table.iter_mut() {
                self.value(value, entry, key.get_ref());
            }
            return;
        }
        let known: Map<String, Value> = forms
            .iter()
            .filter_map(|form| form["properties"].as_object())
            .flat_map(|properties| properties.clone())
            .collect();
        let unknown: Vec<(String, usize)> = table
            .iter()
            .map(|(key, _)| (key.get_ref().to_string(), key.span().start))
            .filter(|(word, _)| !known.contains_key(word))
            .collect();
        for (word, start) in unknown {
            let hint = meant(&word, known.keys().map(String::as_str))
                .unwrap_or_else(|| format!("known here are {}", listed(known.keys())));
            let line = line_of(self.text, start);
            self.add(line, format!("unknown key `{word}`"), Some(hint));
            table.remove(word.as_str());
        }
        for form in forms {
            let required = form["required"].as_array().into_iter().flatten();
            for key in required.filter_map(Value::as_str) {
                if table.get(key).is_none() {
                    let place = if name.is_empty() {
                        "the file".to_owned()
                    } else {
                        format!("`{name}`")
                    };
                    self.add(line, format!("{place} has no `{key}`"), None);
                }
            }
        }
        for (key, value) in table.iter_mut() {
            let word: &str = key.get_ref();
            let schema = forms.iter().find_map(|form| form["properties"].get(word));
            if let Some(schema) = schema {
                self.value(value, schema, word);
            }
        }
    }

    fn value(&mut self, value: &mut Spanned<DeValue<'_>>, schema: &'a Value, name: &str) {
        let line = line_of(self.text, value.span().start);
        let mut forms = Vec::new();
        self.forms(schema, &mut forms);
        let wanted = type_of(value.get_ref());
        let fitting: Vec<&Value> = forms
            .iter()
            .copied()
            .filter(|form| accepts(form, wanted))
            .collect();
        if fitting.is_empty() {
            let (message, hint) = wrong_type(name, &forms, wanted);
            self.add(line, message, hint);
            return;
        }
        match value.get_mut() {
            DeValue::Table(table) => self.table(table, &fitting, name, line),
            DeValue::Array(items) => {
                let Some(schema) = fitting.iter().find_map(|form| form.get("items")) else {
                    return;
                };
                for item in items.iter_mut() {
                    self.value(item, schema, name);
                }
            }
            DeValue::String(word) => self.word(word, &fitting, name, line),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }

    fn word(&mut self, word: &str, forms: &[&Value], name: &str, line: usize) {
        let words: Vec<&str> = forms.iter().flat_map(|form| words_of(form)).collect();
        let free = forms.iter().any(|form| words_of(form).is_empty());
        if free || words.contains(&word) {
            return;
        }
        let hint = meant(word, words.iter().copied())
            .unwrap_or_else(|| format!("it may be {}", listed(words)));
        let message = format!("`{name}` does not know the word `{word}`");
        self.add(line, message, Some(hint));
    }

    /// The plain forms a schema stands for: references followed, alternatives listed.
    fn forms(&self, schema: &'a Value, forms: &mut Vec<&'a Value>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
            return self.forms(&self.definitions[name], forms);
        }
        let alternatives = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
        match alternatives {
            Some(alternatives) => alternatives
                .iter()
                .for_each(|alternative| self.forms(alternative, forms)),
            None => forms.push(schema),
        }
    }
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "date",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

fn accepts(form: &Value, wanted: &str) -> bool {
    let kinds = &form["type"];
    let several = kinds.as_array().into_iter().flatten();
    several.chain([kinds]).any(|kind| kind == wanted)
}

fn words_of(form: &Value) -> Vec<&str> {
    let listed = form["enum"].as_array().into_iter().flatten();
    listed
        .chain(form.get("const"))
        .filter_map(Value::as_str)
        .collect()
}

fn wrong_type(name: &str, forms: &[&Value], found: &str) -> (String, Option<String>) {
    let expected = ["string", "integer", "boolean", "array", "object"]
        .into_iter()
        .find(|kind| forms.iter().any(|form| accepts(form, kind)))
        .unwrap_or("string");
    let hint = match (expected, found) {
        ("array", "object") => Some(format!("write [[{name}]] with two brackets")),
        ("object", "array") => Some(format!("write [{name}] with one bracket")),
        ("string", "integer" | "date" | "boolean" | "number") => {
            Some("put it into quotes".to_owned())
        }
        _ => None,
    };
    let message = format!(
        "`{name}` must be {}, found {}",
        in_words(expected),
        in_words(found)
    );
    (message, hint)
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "date" => "a date",
        "array" => "a list",
        _ => "a table",
    }
}

/// Words in a row, for a message.
pub(super) fn listed<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    let quoted = words.into_iter().map(|word| format!("`{}`", word.as_ref()));
    quoted.collect::<Vec<_>>().join(", ")
}
