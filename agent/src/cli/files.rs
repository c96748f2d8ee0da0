//! Documents in files: JSON (one, or a list) and NDJSON (one a line), by the file's name or by what is in it.
//!
//! Lines are read as they come, so that a year of receipts needs no more memory than a day. A line over the limit of
//! one document is refused here by itself; it must not take a request's other documents with it.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::de::IgnoredAny;
use tillpost_shared::intake::{DOCUMENT_BYTES_MAX, Media};
use tillpost_shared::problem::{Code, Problem};

use crate::cli::report::Failure;

/// Documents in one piece of a file: below the 10,000 of a request, and often enough for a person to see it go on.
const PIECE_DOCUMENTS_MAX: usize = 1_000;
/// Bytes in one piece: with the document that goes over it still below the 16 MiB of a request.
const PIECE_BYTES_MAX: usize = 8 << 20;
/// A JSON file is one request.
const JSON_BYTES_MAX: usize = 16 << 20;

/// Where in which file a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, `-` for what was piped in.
    pub file: String,
    /// The line, for NDJSON.
    pub line: Option<usize>,
    /// The character in the line, where a profile's decoder knows it.
    pub column: Option<usize>,
    /// The how manieth, from 1.
    pub document: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "{}:{line}:{column}", self.file),
            (Some(line), None) => write!(f, "{}:{line}", self.file),
            (None, _) => write!(f, "{}, document {}", self.file, self.document),
        }
    }
}

/// Some documents of a file, as they are sent in one request.
#[derive(Debug)]
pub struct Piece {
    /// How they are packed.
    pub media: Media,
    /// Their text.
    pub body: Vec<u8>,
    /// Line by line: where, and why it is not in the body. Empty for JSON, which knows no lines.
    pub lines: Vec<(usize, Option<Problem>)>,
}

/// A file with documents.
pub struct Documents {
    name: String,
    media: Media,
    from: Box<dyn BufRead>,
    line: usize,
    done: bool,
}

impl Documents {
    /// Opens a file; `-` is what was piped in. How it is packed is found out unless it is said.
    pub fn open(name: &str, said: Option<Media>) -> Result<Self, Failure> {
        let failed = |error| Failure::no(format!("cannot read {name}")).because(error);
        let mut from: Box<dyn BufRead> = if name == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            Box::new(BufReader::new(File::open(name).map_err(failed)?))
        };
        let extension = Path::new(name).extension().and_then(|text| text.to_str());
        let by_name = matches!(extension, Some("ndjson" | "jsonl"));
        let mut first = Vec::new();
        let media = if let Some(said) = said {
            said
        } else if by_name {
            Media::Ndjson
        } else {
            // A first line that is a whole object: one document a line, whatever the file is called.
            let limit = DOCUMENT_BYTES_MAX as u64;
            from.by_ref()
                .take(limit)
                .read_until(b'\n', &mut first)
                .map_err(failed)?;
            if whole_object(&first) {
                Media::Ndjson
            } else {
                Media::Json
            }
        };
        Ok(Self {
            name: name.to_owned(),
            media,
            from: Box::new(io::Cursor::new(first).chain(from)),
            line: 0,
            done: false,
        })
    }

    /// The next piece, or `None` at the end of the file.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, Failure> {
        if self.done {
            return Ok(None);
        }
        let read = match self.media {
            Media::Ndjson => self.lines(),
            Media::Json | Media::CloudEvent | Media::CloudEventBatch => self.whole(),
        };
        read.map_err(|error| Failure::no(format!("cannot read {}", self.name)).because(error))
    }

    fn whole(&mut self) -> io::Result<Option<Piece>> {
        self.done = true;
        let mut body = Vec::new();
        self.from
            .by_ref()
            .take(JSON_BYTES_MAX as u64 + 1)
            .read_to_end(&mut body)?;
        if body.len() > JSON_BYTES_MAX {
            let message = "it is larger than 16 MiB; write it as NDJSON (one document a line), which has no such limit";
            return Err(io::Error::other(message));
        }
        Ok(Some(Piece {
            media: Media::Json,
            body,
            lines: Vec::new(),
        }))
    }

    fn lines(&mut self) -> io::Result<Option<Piece>> {
        let mut piece = Piece {
            media: Media::Ndjson,
            body: Vec::new(),
            lines: Vec::new(),
        };
        while piece.lines.len() < PIECE_DOCUMENTS_MAX && piece.body.len() < PIECE_BYTES_MAX {
            let start = piece.body.len();
            // One byte more than a document may have, and its line's end.
            let limit = DOCUMENT_BYTES_MAX as u64 + 2;
            let read = self
                .from
                .by_ref()
                .take(limit)
                .read_until(b'\n', &mut piece.body)?;
            if read == 0 {
                self.done = true;
                break;
            }
            self.line += 1;
            let ended = piece.body.ends_with(b"\n");
            if !ended && read as u64 == limit {
                piece.body.truncate(start);
                skip_line(&mut self.from)?;
                piece.lines.push((self.line, Some(too_large())));
            } else if piece.body[start..].iter().all(u8::is_ascii_whitespace) {
                piece.body.truncate(start);
            } else {
                piece.lines.push((self.line, None));
            }
        }
        Ok((!piece.lines.is_empty()).then_some(piece))
    }
}

fn too_large() -> Problem {
    let message = format!("larger than {DOCUMENT_BYTES_MAX} bytes");
    Problem::refused(Code::TooLarge, "", message)
}

fn skip_line(from: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = from.fill_buf()?;
        let (used, ended) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (bytes.len(), bytes.is_empty()),
        };
        from.consume(used);
        if ended {
            return Ok(());
        }
    }
}

fn whole_object(line: &[u8]) -> bool {
    let text = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    text.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn documents(name: &str, text: &[u8]) -> (tempfile::TempDir, Documents) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        let documents = Documents::open(file.to_str().unwrap(), None).unwrap();
        (dir, documents)
    }

    #[rstest]
    #[case("a.ndjson", "{\n{}", Media::Ndjson)]
    #[case("a.json", "{\"a\":1}\n{\"a\":2}\n", Media::Ndjson)]
    #[case("a.json", "{\n\"a\":1}\n", Media::Json)]
    #[case("a.json", "[{},{}]", Media::Json)]
    #[case("a", "\u{feff}{}", Media::Ndjson)]
    #[case("a", "hello", Media::Json)]
    fn a_file_is_read_by_its_name_or_by_what_is_in_it(
        #[case] name: &str,
        #[case] text: &str,
        #[case] media: Media,
    ) {
        let (_dir, mut documents) = documents(name, text.as_bytes());
        let piece = documents.next_piece().unwrap().unwrap();
        assert_eq!(piece.media, media);
        assert_eq!(piece.body, text.as_bytes(), "nothing is lost by looking");
    }

    #[test]
    fn lines_keep_their_numbers_and_blank_ones_do_not_count() {
        let (_dir, mut documents) = documents("a.ndjson", b"\n{}\n  \r\n{\"b\"\n");
        let piece = documents.next_piece().unwrap().unwrap();
        assert_eq!(piece.lines, [(2, None), (4, None)]);
        assert_eq!(piece.body, b"{}\n{\"b\"\n");
        assert!(documents.next_piece().unwrap().is_none());
    }

    #[test]
    fn a_long_file_comes_in_pieces() {
        let (_dir, mut documents) = documents("a.ndjson", "{}\n".repeat(2_500).as_bytes());
        let mut sizes = Vec::new();
        while let Some(piece) = documents.next_piece().unwrap() {
            sizes.push(piece.lines.len());
        }
        assert_eq!(sizes, [1_000, 1_000, 500]);
    }

    #[test]
    fn a_line_over_the_limit_is_refused_by_itself() {
        let long = format!(
            "{{}}\n{{\"a\":\"{}\"}}\n{{}}\n",
            "x".repeat(DOCUMENT_BYTES_MAX)
        );
        let (_dir, mut documents) = documents("a.ndjson", long.as_bytes());
        let piece = documents.next_piece().unwrap().unwrap();
        let problems: Vec<_> = piece
            .lines
            .iter()
            .map(|(line, problem)| (*line, problem.is_some()))
            .collect();
        assert_eq!(problems, [(1, false), (2, true), (3, false)]);
        assert_eq!(piece.body, b"{}\n{}\n");
    }
}
