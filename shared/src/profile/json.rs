//! The contract's own documents in files: NDJSON line by line, JSON as a whole.

use serde::de::IgnoredAny;

use super::clean::Frame;
use super::{Piece, Spot};
use crate::intake::{self, BodyError, DOCUMENT_BYTES_MAX, Media};
use crate::problem::{Code, Problem};

/// A JSON file that is one value is read as a whole; larger ones are to be NDJSON.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Reads documents.
#[derive(Debug)]
pub struct Documents {
    lines: bool,
    buffer: String,
    spot: Spot,
    /// The line that is read is longer than a document may be.
    overlong: bool,
}

type Read = Result<(), (Spot, Problem)>;

impl Documents {
    /// One document a line.
    pub fn lines() -> Self {
        Self {
            lines: true,
            buffer: String::new(),
            spot: Spot::default(),
            overlong: false,
        }
    }

    /// One value.
    pub fn whole() -> Self {
        Self {
            lines: false,
            ..Self::lines()
        }
    }

    /// What stands around the documents.
    pub fn frame(&self) -> Frame {
        if self.lines {
            return Frame {
                between: "\n",
                after: "\n".to_owned(),
                ..Frame::default()
            };
        }
        Frame {
            before: "[\n".to_owned(),
            between: ",\n",
            after: "\n]\n".to_owned(),
            ..Frame::default()
        }
    }

    /// Takes the next text.
    pub fn feed(&mut self, text: &str, out: &mut Vec<Piece>) -> Read {
        if !self.lines {
            self.buffer.push_str(text);
            if self.buffer.len() > FILE_BYTES_MAX {
                let message = format!(
                    "larger than {FILE_BYTES_MAX} bytes; write it as NDJSON, one document a line"
                );
                return Err((self.spot, Problem::refused(Code::TooLarge, "", message)));
            }
            return Ok(());
        }
        let mut rest = text;
        while let Some(end) = rest.find('\n') {
            self.part(&rest[..end]);
            self.line(out);
            rest = &rest[end + 1..];
        }
        self.part(rest);
        Ok(())
    }

    /// The end of the file.
    pub fn finish(&mut self, out: &mut Vec<Piece>) -> Read {
        if self.lines {
            self.line(out);
            return Ok(());
        }
        let text = std::mem::take(&mut self.buffer);
        let items = match intake::split(text.as_bytes(), Media::Json) {
            Ok(items) => items,
            Err(BodyError::Empty) => {
                let problem = Problem::refused(Code::NotJson, "", "the file holds no document");
                return Err((self.spot, problem));
            }
            Err(BodyError::NotJson) => {
                let (spot, problem) = not_json(&text, self.spot);
                return Err((spot, problem));
            }
            Err(error @ (BodyError::NotUtf8 | BodyError::TooManyDocuments)) => {
                return Err((self.spot, Problem::refused(Code::TooLarge, "", error)));
            }
        };
        let texts = elements(&text);
        for (index, item) in items.into_iter().enumerate() {
            let range = texts.get(index).cloned().unwrap_or(0..text.len());
            let spot = self.spot.after(&text[..range.start]);
            out.push(Piece::new(spot, item, text[range].to_owned()));
        }
        Ok(())
    }

    fn part(&mut self, text: &str) {
        if self.buffer.len() + text.len() > DOCUMENT_BYTES_MAX + 2 {
            self.overlong = true;
        }
        if !self.overlong {
            self.buffer.push_str(text);
        }
    }

    fn line(&mut self, out: &mut Vec<Piece>) {
        let raw = std::mem::take(&mut self.buffer);
        let spot = self.spot;
        self.spot.line += 1;
        if std::mem::take(&mut self.overlong) {
            let message = format!("the line is longer than {DOCUMENT_BYTES_MAX} bytes");
            let problem = Problem::refused(Code::TooLarge, "", message);
            out.push(Piece::new(spot, Err(problem), String::new()));
            return;
        }
        if raw.trim().is_empty() {
            return;
        }
        // A line is never more than one element, and a broken one is told with its column.
        let mut items = intake::split(raw.as_bytes(), Media::Ndjson).unwrap_or_default();
        let mut at = spot;
        let item = items.pop().unwrap_or_else(|| Err(not_json(&raw, spot).1));
        let item = match item {
            Err(problem) if problem.code == Code::NotJson => {
                let (found, told) = not_json(&raw, spot);
                at = found;
                Err(if told.message.is_empty() {
                    problem
                } else {
                    told
                })
            }
            item => item,
        };
        out.push(Piece::new(at, item, raw));
    }
}

/// Where a text stops being JSON. Never what stands there.
pub fn not_json(text: &str, from: Spot) -> (Spot, Problem) {
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else {
        return (
            from,
            Problem::refused(Code::NotJson, "", "expected an object"),
        );
    };
    let line = (error.line() as u64).max(1);
    let column = (error.column() as u64).max(1);
    let spot = Spot {
        line: from.line + line - 1,
        column,
    };
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends before the JSON does",
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Data => "not JSON from here on",
    };
    (spot, Problem::refused(Code::NotJson, "", what))
}

/// Where the elements of a list begin and end; the whole text where it is none.
fn elements(text: &str) -> Vec<std::ops::Range<usize>> {
    let Some(open) = text.find('[').filter(|at| text[..*at].trim().is_empty()) else {
        return std::iter::once(0..text.len()).collect();
    };
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let (mut found, mut start) = (Vec::new(), None);
    for (at, byte) in text.bytes().enumerate().skip(open + 1) {
        if start.is_none() && !byte.is_ascii_whitespace() && byte != b',' && byte != b']' {
            start = Some(at);
        }
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'[' | b'{' => depth += 1,
            b',' | b']' if depth == 0 => found.extend(start.take().map(|start| start..at)),
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut documents: Documents, text: &str) -> (Vec<String>, Option<String>) {
        let mut out = Vec::new();
        let read = documents
            .feed(text, &mut out)
            .and_then(|()| documents.finish(&mut out));
        let told = out.into_iter().map(|piece| {
            let what = match &piece.item {
                Ok(value) => value.to_string(),
                Err(problem) => problem.code.as_str().to_owned(),
            };
            format!("{}:{} {what}", piece.spot.line, piece.spot.column)
        });
        let broken = read
            .err()
            .map(|(spot, problem)| format!("{}:{} {}", spot.line, spot.column, problem.message));
        (told.collect(), broken)
    }

    #[test]
    fn lines_have_numbers_and_broken_ones_columns() {
        let (found, broken) = read(
            Documents::lines(),
            "{\"a\":1}\r\n\n{\"b\":x}\n{\"c\":1,\"c\":2}\n42\n{}",
        );
        assert_eq!(
            found,
            [
                "1:1 {\"a\":1}",
                "3:6 not_json",
                "4:1 repeated_key",
                "5:1 not_json",
                "6:1 {}"
            ]
        );
        assert_eq!(broken, None);
    }

    #[test]
    fn a_list_tells_where_each_element_begins() {
        let (found, broken) = read(
            Documents::whole(),
            "[\n {\"a\":\"],[\"},\n {\"b\":[1]}, 7\n]",
        );
        assert_eq!(
            found,
            ["2:2 {\"a\":\"],[\"}", "3:2 {\"b\":[1]}", "3:13 not_json"]
        );
        assert_eq!(broken, None);
        assert_eq!(
            read(Documents::whole(), "[{},\n{]").1.unwrap(),
            "2:2 not JSON from here on"
        );
        assert_eq!(
            read(Documents::whole(), "").1.unwrap(),
            "the file holds no document"
                .to_owned()
                .replace("the file", "1:1 the file")
        );
    }

    #[test]
    fn a_line_over_the_limit_is_refused_by_itself() {
        let mut documents = Documents::lines();
        let mut out = Vec::new();
        for _ in 0..10 {
            documents.feed(&"x".repeat(1 << 20), &mut out).unwrap();
            assert!(documents.buffer.len() <= DOCUMENT_BYTES_MAX + 2);
        }
        documents.feed("\n{}\n", &mut out).unwrap();
        let kinds: Vec<bool> = out.iter().map(|piece| piece.item.is_ok()).collect();
        assert_eq!(kinds, [false, true]);
    }
}
