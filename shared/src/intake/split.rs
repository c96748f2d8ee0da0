//! A request's body, taken apart into documents.
//!
//! One bad document must not take the others with it. So a body is cut into the texts of its documents first, and
//! each is read by itself: whatever is wrong within one is that one's problem, and only a body that is no JSON as a
//! whole is turned away.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::cloud_event;
use crate::json::{self, JsonError};
use crate::problem::{Code, Problem};
use crate::shape::type_name;

/// Documents that one request may hold.
pub const DOCUMENTS_MAX: usize = 10_000;
/// Bytes of one document's text.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How documents are packed in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: one object, or an array of objects.
    Json,
    /// `application/x-ndjson`: one object a line.
    Ndjson,
    /// `application/cloudevents+json`: one envelope.
    CloudEvent,
    /// `application/cloudevents-batch+json`: an array of envelopes.
    CloudEventBatch,
}

/// One document of a body, or why it is none.
pub type Item = Result<Value, Problem>;

/// Why a body as a whole cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// JSON without a document in it.
    #[error("the body holds no document")]
    Empty,
    /// More documents than one request may hold.
    #[error("the body holds more than {DOCUMENTS_MAX} documents")]
    TooManyDocuments,
}

/// A text that is not JSON: a broken line, or a broken body.
#[derive(Debug)]
pub(super) struct Unreadable;

/// Takes a body apart, in order.
pub fn split(body: &[u8], media: Media) -> Result<Vec<Item>, BodyError> {
    let text = std::str::from_utf8(body).map_err(|_| BodyError::NotUtf8)?;
    // Windows programs begin their files with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let items = match media {
        Media::Ndjson => lines(text)?,
        Media::Json => whole(text, document)?,
        // A batch of one and a list of events are told apart by how they begin.
        Media::CloudEvent | Media::CloudEventBatch => whole(text, cloud_event::read)?,
    };
    if items.is_empty() {
        return Err(BodyError::Empty);
    }
    Ok(items)
}

fn lines(text: &str) -> Result<Vec<Item>, BodyError> {
    let mut items = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if items.len() == DOCUMENTS_MAX {
            return Err(BodyError::TooManyDocuments);
        }
        let message = "the line is not JSON";
        let broken = |_| Err(Problem::refused(Code::NotJson, "", message));
        items.push(document(line).unwrap_or_else(broken));
    }
    Ok(items)
}

/// A body that is one JSON value: one document, or an array of them.
fn whole(
    text: &str,
    read: impl Fn(&str) -> Result<Item, Unreadable>,
) -> Result<Vec<Item>, BodyError> {
    let text = text.trim();
    let elements = match text.as_bytes().first() {
        None => return Ok(Vec::new()),
        Some(b'[') => elements(text).ok_or(BodyError::NotJson)?,
        Some(b'{') => vec![text],
        Some(_) => {
            // Some other JSON value holds no document; anything else is no JSON.
            let value = serde_json::from_str::<IgnoredAny>(text);
            return value.map(|_| Vec::new()).map_err(|_| BodyError::NotJson);
        }
    };
    if elements.len() > DOCUMENTS_MAX {
        return Err(BodyError::TooManyDocuments);
    }
    let items: Result<Vec<Item>, Unreadable> = elements.into_iter().map(read).collect();
    items.map_err(|Unreadable| BodyError::NotJson)
}

/// The texts of an array's elements, or `None` if it does not end where it should. Whether each of them is JSON is
/// for its reader to say.
fn elements(array: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    let (mut depth, mut start, mut quoted, mut escaped) = (0_usize, 1, false, false);
    for (index, byte) in array.bytes().enumerate().skip(1) {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'[' | b'{' => depth += 1,
            b',' if depth == 0 => {
                elements.push(&array[start..index]);
                start = index + 1;
            }
            b']' if depth == 0 => {
                let last = &array[start..index];
                if !(elements.is_empty() && last.trim().is_empty()) {
                    elements.push(last);
                }
                return (index + 1 == array.len()).then_some(elements);
            }
            b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

fn document(text: &str) -> Result<Item, Unreadable> {
    if let Some(problem) = too_large(text)? {
        return Ok(Err(problem));
    }
    match json::read(text, 0) {
        Ok(Value::Object(object)) => Ok(Ok(Value::Object(object))),
        Ok(other) => {
            let message = format!("expected an object, found {}", type_name(&other));
            Ok(Err(Problem::refused(Code::NotJson, "", message)))
        }
        Err(JsonError::Refused(problem)) => Ok(Err(problem)),
        Err(JsonError::Syntax) => Err(Unreadable),
    }
}

/// The problem of a text over the limit, which is not read at all.
pub(super) fn too_large(text: &str) -> Result<Option<Problem>, Unreadable> {
    if text.len() <= DOCUMENT_BYTES_MAX {
        return Ok(None);
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|_| Unreadable)?;
    let message = format!("larger than {DOCUMENT_BYTES_MAX} bytes");
    Ok(Some(Problem::refused(Code::TooLarge, "", message)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// `+` for a document, else the code of its problem.
    fn outcomes(body: &str, media: Media) -> Result<Vec<String>, BodyError> {
        let outcome = |item: Item| match item {
            Ok(_) => "+".to_owned(),
            Err(problem) => problem.code.as_str().to_owned(),
        };
        Ok(split(body.as_bytes(), media)?
            .into_iter()
            .map(outcome)
            .collect())
    }

    #[rstest]
    #[case::one("{}", &["+"])]
    #[case::list(r#"[{"a":"]},{\""},{"b":[1,{}]}]"#, &["+", "+"])]
    #[case::indented(" [ {} ,\n {} ] \n", &["+", "+"])]
    #[case::not_an_object("[{},42,null,[]]", &["+", "not_json", "not_json", "not_json"])]
    #[case::own_fault(r#"[{"a":1,"a":2},{}]"#, &["repeated_key", "+"])]
    #[case::single_with_fault(r#"{"a":1,"a":2}"#, &["repeated_key"])]
    #[case::byte_order_mark("\u{feff}{}", &["+"])]
    fn json_is_one_document_or_a_list(#[case] body: &str, #[case] expected: &[&str]) {
        assert_eq!(outcomes(body, Media::Json).unwrap(), expected);
    }

    #[rstest]
    #[case::nothing("", BodyError::Empty)]
    #[case::blank(" \n", BodyError::Empty)]
    #[case::empty_list("[ ]", BodyError::Empty)]
    #[case::scalar("42", BodyError::Empty)]
    #[case::word("hello", BodyError::NotJson)]
    #[case::open("[{}", BodyError::NotJson)]
    #[case::stray_end("[}]", BodyError::NotJson)]
    #[case::crossed("[{]}", BodyError::NotJson)]
    #[case::hole("[{},,{}]", BodyError::NotJson)]
    #[case::trailing_comma("[{},]", BodyError::NotJson)]
    #[case::only_comma("[,]", BodyError::NotJson)]
    #[case::no_comma("[{} {}]", BodyError::NotJson)]
    #[case::more_behind("[{}] x", BodyError::NotJson)]
    #[case::two_lists("[{}][{}]", BodyError::NotJson)]
    #[case::two_objects("{}\n{}", BodyError::NotJson)]
    #[case::broken_element("[{},{\"a\":}]", BodyError::NotJson)]
    #[case::unended_text("[\"a]", BodyError::NotJson)]
    fn a_body_without_documents_is_turned_away(#[case] body: &str, #[case] expected: BodyError) {
        assert_eq!(outcomes(body, Media::Json), Err(expected));
        assert_eq!(outcomes(body, Media::CloudEventBatch), Err(expected));
    }

    #[test]
    fn a_body_that_is_no_utf_8_is_turned_away() {
        assert_eq!(
            split(b"{\"a\":\"\xff\"}", Media::Json),
            Err(BodyError::NotUtf8)
        );
        assert_eq!(split(b"{}\n\xff", Media::Ndjson), Err(BodyError::NotUtf8));
    }

    #[rstest]
    #[case("{}\n\n  \r\n{}\r\n", &["+", "+"])]
    #[case("\u{feff}{}\n", &["+"])]
    #[case("{}\n{\"a\":\n{}", &["+", "not_json", "+"])]
    #[case("[]\n42\nhello", &["not_json", "not_json", "not_json"])]
    #[case("{\"a\":1,\"a\":1}\n{}", &["repeated_key", "+"])]
    fn a_broken_line_is_its_own_problem(#[case] body: &str, #[case] expected: &[&str]) {
        assert_eq!(outcomes(body, Media::Ndjson).unwrap(), expected);
    }

    #[test]
    fn blank_lines_alone_hold_no_document() {
        assert_eq!(outcomes("\n \r\n", Media::Ndjson), Err(BodyError::Empty));
    }

    #[test]
    fn a_request_holds_ten_thousand_documents() {
        let list = |n: usize| format!("[{}]", vec!["{}"; n].join(","));
        let lines = |n: usize| "{}\n".repeat(n);
        assert_eq!(outcomes(&list(10_000), Media::Json).unwrap().len(), 10_000);
        assert_eq!(
            outcomes(&lines(10_000), Media::Ndjson).unwrap().len(),
            10_000
        );
        let expected = Err(BodyError::TooManyDocuments);
        assert_eq!(outcomes(&list(10_001), Media::Json), expected);
        assert_eq!(outcomes(&lines(10_001), Media::Ndjson), expected);
    }

    #[test]
    fn a_document_of_more_than_four_mebibytes_is_refused_by_itself() {
        let document = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        let (fits, large) = (
            document(DOCUMENT_BYTES_MAX),
            document(DOCUMENT_BYTES_MAX + 1),
        );
        let expected = ["+", "too_large", "+"];
        let list = format!("[{fits},{large},{{}}]");
        assert_eq!(outcomes(&list, Media::Json).unwrap(), expected);
        let lines = format!("{fits}\n{large}\n{{}}");
        assert_eq!(outcomes(&lines, Media::Ndjson).unwrap(), expected);
        let broken = format!("{}x", document(DOCUMENT_BYTES_MAX + 1));
        assert_eq!(outcomes(&broken, Media::Json), Err(BodyError::NotJson));
    }

    #[test]
    fn a_document_nested_too_deep_is_refused_by_itself() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32));
        let fits = format!("{{\"a\":{}{}}}", "[".repeat(31), "]".repeat(31));
        let list = format!("[{deep},{fits}]");
        assert_eq!(outcomes(&list, Media::Json).unwrap(), ["too_large", "+"]);
        let events = format!("[{{\"data\":{deep}}},{{\"data\":{fits}}}]");
        assert_eq!(
            outcomes(&events, Media::CloudEventBatch).unwrap(),
            ["too_large", "+"]
        );
    }

    proptest! {
        #[test]
        fn taking_apart_never_panics(body in any::<Vec<u8>>(), text in "[\\[\\]{}\",:a1\\\\\n ]*") {
            for media in [Media::Json, Media::Ndjson, Media::CloudEvent, Media::CloudEventBatch] {
                let _ = split(&body, media);
                let _ = split(text.as_bytes(), media);
            }
        }

        #[test]
        fn a_list_is_read_as_serde_json_reads_it(text in "\\[[\\[\\]{}\",:a1\\\\ ]{0,16}\\]") {
            let theirs = serde_json::from_str::<Vec<Value>>(&text).map(|list| list.len());
            match split(text.as_bytes(), Media::Json) {
                Ok(items) => prop_assert_eq!(Some(items.len()), theirs.ok()),
                Err(BodyError::Empty) => prop_assert_eq!(Some(0), theirs.ok()),
                Err(_) => prop_assert!(theirs.is_err()),
            }
        }
    }
}
