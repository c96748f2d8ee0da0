//! One transaction as a tree of elements, read by quick-xml: local names only, text trimmed, entities off.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use rust_decimal::Decimal;

use crate::profile::number;

/// Elements that one transaction may have.
const ELEMENTS_MAX: usize = 200_000;
/// Attributes that one element may have.
const ATTRIBUTES_MAX: usize = 64;

/// An element.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name without prefix.
    pub name: String,
    /// Its attributes by their names without prefix; namespaces left out.
    pub attributes: Vec<(String, String)>,
    /// Its own text, trimmed.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Node>,
    /// Where its tag begins in the transaction's text.
    pub at: usize,
}

/// Why a transaction's text is none, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotXml {
    /// The byte.
    pub at: usize,
    /// Why.
    pub why: String,
}

/// Reads a transaction's text.
pub fn read(text: &str) -> Result<Node, NotXml> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = vec![Node::default()];
    let mut elements = 0;
    loop {
        let at = place(&reader, text);
        let event = reader.read_event().map_err(|error| NotXml {
            at: usize::try_from(reader.error_position()).unwrap_or(at),
            why: format!("not well-formed: {error}"),
        })?;
        let fail = |why: &str| NotXml {
            at,
            why: why.to_owned(),
        };
        let Some(top) = open.last_mut() else {
            return Err(fail("an element is closed that was never opened"));
        };
        match event {
            Event::Start(tag) => {
                let node = element(&tag, at)?;
                open.push(node);
                elements += 1;
            }
            Event::Empty(tag) => {
                top.children.push(element(&tag, at)?);
                elements += 1;
            }
            Event::End(_) => {
                let mut node = open.pop().unwrap_or_default();
                trim(&mut node.text);
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Err(fail("an element is closed that was never opened")),
                }
            }
            Event::Text(text) => top.text.push_str(&text),
            Event::CData(text) => top.text.push_str(&text),
            Event::GeneralRef(entity) => match plain(&entity) {
                Some(text) => top.text.push_str(&text),
                None => return Err(fail("an entity of its own is not allowed")),
            },
            Event::DocType(_) => return Err(fail("a document type is not allowed")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if elements > ELEMENTS_MAX {
            return Err(fail("more elements than a transaction may have"));
        }
    }
    let mut root = open.pop().unwrap_or_default();
    let whole = open.is_empty() && root.children.len() == 1;
    match root.children.pop().filter(|_| whole) {
        Some(node) => Ok(node),
        None => Err(NotXml {
            at: 0,
            why: "not one element".to_owned(),
        }),
    }
}

fn place(reader: &Reader<&[u8]>, text: &str) -> usize {
    let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
    at.min(text.len())
}

fn trim(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() < text.len() {
        *text = trimmed.to_owned();
    }
}

fn element(tag: &BytesStart<'_>, at: usize) -> Result<Node, NotXml> {
    let fail = |why: String| NotXml { at, why };
    let mut node = Node {
        name: tag.local_name().as_ref().to_owned(),
        at,
        ..Node::default()
    };
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| fail(format!("not well-formed: {error}")))?;
        let name: &str = attribute.key.as_ref();
        if name == "xmlns" || name.starts_with("xmlns:") {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|_| fail("an entity of its own is not allowed".to_owned()))?;
        let local = name.rsplit(':').next().unwrap_or(name);
        node.attributes
            .push((local.to_owned(), value.trim().to_owned()));
        if node.attributes.len() > ATTRIBUTES_MAX {
            return Err(fail("more attributes than an element may have".to_owned()));
        }
    }
    Ok(node)
}

/// The text of `&amp;`, `&#228;` and the like; `None` for anything that a document type would have to declare.
fn plain<'a>(entity: &quick_xml::events::BytesRef<'a>) -> Option<Cow<'a, str>> {
    match entity.resolve_char_ref() {
        Ok(Some(letter)) => Some(Cow::Owned(letter.to_string())),
        Ok(None) => resolve_predefined_entity(entity).map(Cow::Borrowed),
        Err(_) => None,
    }
}

impl Node {
    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at the end of a path such as `BusinessUnit/UnitID`.
    pub fn find(&self, path: &str) -> Option<&Self> {
        path.split('/')
            .try_fold(self, |node, name| node.child(name))
    }

    /// Its text, unless it is empty.
    pub fn filled(&self) -> Option<&str> {
        (!self.text.is_empty()).then_some(self.text.as_str())
    }

    /// The text at the end of the first of these paths that has one.
    pub fn text_at(&self, paths: &[&str]) -> Option<&str> {
        paths.iter().find_map(|path| self.find(path)?.filled())
    }

    /// The number at the end of the first of these paths that has one.
    pub fn number_at(&self, paths: &[&str]) -> Option<Decimal> {
        number::bounded(self.text_at(paths)?.parse().ok()?)
    }

    /// Its own text as a number.
    pub fn number(&self) -> Option<Decimal> {
        number::bounded(self.text.parse().ok()?)
    }

    /// An attribute, unless it is empty.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether an attribute says yes.
    pub fn flag(&self, name: &str) -> bool {
        self.attribute(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The first element of this name, however deep.
    pub fn deep(&self, name: &str) -> Option<&Self> {
        let below = |child: &'_ Self| -> bool { child.name == name };
        self.children
            .iter()
            .find(|child| below(child))
            .or_else(|| self.children.iter().find_map(|child| child.deep(name)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn names_are_local_and_text_is_trimmed() {
        let node = read(
            "<p:T xmlns:p='u' p:a=' 1 &amp; 2 '>\n <B><C>  x<![CDATA[ <y> ]]> </C></B><D/>&#228;&lt;</p:T>",
        )
        .unwrap();
        assert_eq!(node.attribute("a"), Some("1 & 2"));
        assert_eq!(node.text_at(&["X", "B/C"]), Some("x <y>"));
        assert_eq!(node.text, "ä<");
        assert_eq!(node.child("D").unwrap().at, 72);
    }

    #[rstest]
    #[case("<a><b></a>")]
    #[case("<a>&own;</a>")]
    #[case("<a b='&own;'/>")]
    #[case("<!DOCTYPE a><a/>")]
    #[case("<a/><a/>")]
    #[case("<a b='1' b='2'/>")]
    #[case("")]
    #[case("</a>")]
    fn what_is_not_well_formed_is_refused(#[case] text: &str) {
        assert!(read(text).is_err());
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[<>/!?\\[\\]&;A\"'= é]{0,60}") {
            let _ = read(&text);
        }
    }
}
