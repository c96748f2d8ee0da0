//! What must never reach the disk, a log or an answer: card data, and people's names, addresses and birth dates.
//!
//! This is done on the JSON tree, before a document is typed and before anything else looks at it: a card's expiry
//! would otherwise be an unknown field, and a sale that happened would be turned away for it. Three rules decide, by
//! where a value stands: texts are searched for card numbers; keys, product codes and fiscal data are not, because
//! long numbers are what they are made of; and within `ext`, where a sender may name fields as it likes, the names
//! are looked at too.

#[cfg(test)]
mod everywhere_tests;
mod ext;
mod names;
mod number;
#[cfg(test)]
mod random;
mod section;
#[cfg(test)]
mod tests;
mod tongues;
mod track;

use serde_json::{Map, Value};

use self::names::{Rule, Setting};
use self::section::{Section, Treat};
use self::track::Search;
use crate::problem::{Code, Problem};
use crate::shape::{Unknown, shown_name};

pub use self::ext::EXT_BYTES_MAX;
pub use self::number::{is_card_number, mask};

/// Takes card and personal data out of a document. Answers one flag per place. In a document of a later schema, what
/// is not known here is treated like `ext`, because it will be stored as it is.
pub fn redact(document: &mut Value, unknown: Unknown) -> Vec<Problem> {
    let Value::Object(object) = document else {
        return Vec::new();
    };
    let invoice = object
        .get("body")
        .and_then(|body| body.get("customer")?.get("invoice"))
        .is_some_and(Value::is_object);
    let mut redactor = Redactor {
        invoice,
        unknown,
        problems: Vec::new(),
    };
    redactor.section(object, Section::Head, &Path::Document);
    let mut problems = redactor.problems;
    ext::limit(object, &mut problems);
    problems
}

/// Where a value stands; each step lies on the stack of the call that made it.
enum Path<'a> {
    Document,
    Field(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        match self {
            Self::Document => String::new(),
            Self::Field(Path::Document, name) => shown_name(name).to_owned(),
            Self::Field(parent, name) => format!("{}.{}", parent.text(), shown_name(name)),
            Self::Element(parent, index) => format!("{}[{index}]", parent.text()),
        }
    }
}

struct Redactor {
    /// An invoice was asked for, so that names and addresses may stay.
    invoice: bool,
    unknown: Unknown,
    problems: Vec<Problem>,
}

impl Redactor {
    fn flag(&mut self, code: Code, path: &Path<'_>) {
        let message = if code == Code::PersonalDataRemoved {
            "personal data was taken out"
        } else {
            "card data was taken out"
        };
        self.problems
            .push(Problem::flag(code, &path.text(), message));
    }

    /// An object whose fields the contract names.
    fn section(&mut self, object: &mut Map<String, Value>, section: Section, path: &Path<'_>) {
        object.retain(|name, value| {
            let path = Path::Field(path, name);
            match section.treat(name) {
                Treat::Exempt => self.exempt(value, &path),
                Treat::Free => self.free(value, &path),
                Treat::LastFour => self.card_number(value, &path),
                Treat::Ext(setting) => self.open(value, setting, &path),
                Treat::Within(section) => self.each(value, section, &path),
                Treat::Counter => return self.counter(value, &path),
                Treat::Unknown => return self.unknown(name, value, section, &path),
            }
            true
        });
        if section == Section::Counts {
            self.names(object, path);
        }
    }

    /// One object of a section, or a list of them.
    fn each(&mut self, value: &mut Value, section: Section, path: &Path<'_>) {
        match value {
            Value::Object(object) => self.section(object, section.of(object), path),
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.each(value, section, &Path::Element(path, index));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.free(value, path);
            }
        }
    }

    /// A field that the contract does not know. It goes if its name says what it is; otherwise the document will be
    /// refused for it, unless a later schema knows it. Answers whether it stays.
    fn unknown(
        &mut self,
        name: &str,
        value: &mut Value,
        section: Section,
        path: &Path<'_>,
    ) -> bool {
        let setting = section.setting().unwrap_or_default();
        // What would be refused anyway: a sale that happened is not turned away for what must not be kept.
        let refused = self.unknown == Unknown::Refused;
        let code = match names::rule(name, setting).0 {
            Rule::CardData | Rule::CardNumber if refused || section.setting().is_some() => {
                Code::CardDataRemoved
            }
            Rule::Personal if refused || setting.person => Code::PersonalDataRemoved,
            Rule::CardData | Rule::CardNumber | Rule::Personal | Rule::Keep => {
                return refused || self.open_field(name, value, setting, path);
            }
        };
        if !value.is_null() {
            self.flag(code, path);
        }
        false
    }

    /// A counter is a whole number under a name of the till's own. Answers whether it stays.
    fn counter(&mut self, value: &Value, path: &Path<'_>) -> bool {
        let literal = value.as_number().map(ToString::to_string);
        let card = literal.is_some_and(|literal| number::mask(&literal).is_some());
        if card {
            self.flag(Code::CardDataRemoved, path);
        }
        !card
    }

    /// Keys, codes and what is copied verbatim: only what a magnetic stripe holds goes.
    fn exempt(&mut self, value: &mut Value, path: &Path<'_>) {
        match value {
            Value::String(text) => {
                if let Some(kept) = track::strip(text, Search::Marked) {
                    *text = kept;
                    self.flag(Code::CardDataRemoved, path);
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.exempt(value, &Path::Element(path, index));
                }
            }
            Value::Object(map) => {
                for (name, value) in map.iter_mut() {
                    self.exempt(value, &Path::Field(path, name));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Text of the contract's own fields.
    fn free(&mut self, value: &mut Value, path: &Path<'_>) {
        match value {
            Value::String(_) | Value::Number(_) => self.scrub(value, path),
            Value::Array(_) | Value::Object(_) if self.unknown == Unknown::Ignored => {
                self.open(value, Setting::default(), path);
            }
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.free(value, &Path::Element(path, index));
                }
            }
            Value::Object(map) => map.retain(|name, value| {
                let path = Path::Field(path, name);
                if section::is_part(name) {
                    self.free(value, &path);
                    return true;
                }
                let code = match names::rule(name, Setting::default()).0 {
                    // No field of the contract is called like this where nothing more is known of it.
                    Rule::CardData | Rule::CardNumber => Code::CardDataRemoved,
                    Rule::Personal => Code::PersonalDataRemoved,
                    Rule::Keep => {
                        self.free(value, &path);
                        return true;
                    }
                };
                if !value.is_null() {
                    self.flag(code, &path);
                }
                false
            }),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Fields of the sender's own, where the names count too.
    fn open(&mut self, value: &mut Value, setting: Setting, path: &Path<'_>) {
        match value {
            Value::String(_) | Value::Number(_) => self.scrub(value, path),
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.open(value, setting, &Path::Element(path, index));
                }
            }
            Value::Object(map) => {
                map.retain(|name, value| {
                    self.open_field(name, value, setting, &Path::Field(path, name))
                });
                self.names(map, path);
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Answers whether the field stays.
    fn open_field(
        &mut self,
        name: &str,
        value: &mut Value,
        setting: Setting,
        path: &Path<'_>,
    ) -> bool {
        let (rule, within) = names::rule(name, setting);
        match rule {
            Rule::CardData if !value.is_null() => self.flag(Code::CardDataRemoved, path),
            Rule::Personal if self.invoice => {
                self.open(value, within, path);
                return true;
            }
            Rule::Personal if !value.is_null() => self.flag(Code::PersonalDataRemoved, path),
            Rule::CardData | Rule::Personal => {}
            Rule::CardNumber => {
                self.card_number(value, path);
                return true;
            }
            Rule::Keep => {
                self.open(value, within, path);
                return true;
            }
        }
        false
    }

    /// Names of fields are the sender's text too: one may be a card number.
    fn names(&mut self, map: &mut Map<String, Value>, path: &Path<'_>) {
        let scrubbed = |name: &str| scrubbed(name).is_some();
        if !map.keys().any(|name| scrubbed(name)) {
            return;
        }
        self.flag(Code::CardDataRemoved, path);
        let fields = std::mem::take(map);
        for (name, value) in fields {
            let name = match self::scrubbed(&name) {
                None => name,
                Some(Scrubbed::Text(masked)) => masked,
                Some(Scrubbed::Gone) => continue,
            };
            map.entry(name).or_insert(value);
        }
    }

    /// A card's number by the name of its field, whatever its digits.
    fn card_number(&mut self, value: &mut Value, path: &Path<'_>) {
        let text = match value {
            Value::String(text) => std::mem::take(text),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                let card = Setting {
                    card: true,
                    ..Setting::default()
                };
                return self.open(value, card, path);
            }
        };
        if number::shows_more_than_four(&text) {
            self.flag(Code::CardDataRemoved, path);
            *value = number::last_four(&text).into();
        } else if value.is_string() {
            *value = text.into();
        }
    }

    fn scrub(&mut self, value: &mut Value, path: &Path<'_>) {
        let found = match value {
            Value::String(text) => scrubbed(text),
            Value::Number(number) => number::mask(&number.to_string()).map(Scrubbed::Text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match found {
            None => return,
            Some(Scrubbed::Text(kept)) => *value = kept.into(),
            Some(Scrubbed::Gone) => *value = Value::Null,
        }
        self.flag(Code::CardDataRemoved, path);
    }
}

enum Scrubbed {
    /// What may stay.
    Text(String),
    /// A picture, of which nothing may stay.
    Gone,
}

/// Shorter than any card number and than what begins a picture, but for one that is drawn.
const SEARCHED_MIN: usize = "data:image/".len();

/// What is left of a text, or `None` if it may stay as it is.
fn scrubbed(text: &str) -> Option<Scrubbed> {
    if text.len() < SEARCHED_MIN && !text.contains('<') {
        return None;
    }
    if track::is_picture(text) {
        return Some(Scrubbed::Gone);
    }
    let stripped = track::strip(text, Search::Wide);
    let masked = number::mask(stripped.as_deref().unwrap_or(text));
    masked.or(stripped).map(Scrubbed::Text)
}
