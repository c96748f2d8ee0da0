//! A POSLog cut into its transactions while it streams in: no more than one of them is ever in memory.
//!
//! Only tags, comments, CDATA and quotes are told apart here; what is inside a transaction is quick-xml's business.
//! A document type is refused, and with it every entity bomb.

use crate::profile::piece::Spot;

/// A transaction larger than this is refused; the next one is read again.
pub const TRANSACTION_BYTES_MAX: usize = 8 << 20;
/// A tag with all its attributes.
const TAG_BYTES_MAX: usize = 1 << 20;
/// How deep elements may stand within each other.
pub const DEPTH_MAX: usize = 64;
/// The element that is one document.
const RECORD: &str = "Transaction";

/// A transaction's text, and where it began.
#[derive(Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where it begins.
    pub spot: Spot,
    /// Its text; `None` when it was too large to keep.
    pub text: Option<String>,
}

/// Why a file cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Where.
    pub spot: Spot,
    /// Why.
    pub why: String,
}

/// Cuts text into transactions.
#[derive(Debug, Default)]
pub struct Splitter {
    /// Text not done with: from the transaction's start, or from the tag that is looked at.
    buffer: String,
    /// How far the buffer was looked at.
    seen: usize,
    /// Where the buffer begins in the file.
    spot: Spot,
    depth: usize,
    inside: Inside,
    /// The transaction that is open: how deep it began.
    open: Option<usize>,
    /// The open transaction was larger than allowed, and where it began.
    dropped: Option<Spot>,
    root: bool,
    found: usize,
    /// The tag of the element that holds the transactions.
    head: String,
}

/// A longer root tag is not kept.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What the text that is looked at stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Inside {
    #[default]
    Text,
    /// Until this text comes: a comment, CDATA or processing instruction.
    Until(&'static str),
}

enum Step {
    Go,
    Wait,
}

impl Splitter {
    /// Takes more text; what is whole goes to `out`.
    pub fn feed(&mut self, text: &str, out: &mut Vec<Fragment>) -> Result<(), Broken> {
        self.buffer.push_str(text);
        while let Step::Go = self.step(out)? {}
        self.shrink();
        Ok(())
    }

    /// The end of the file.
    pub fn finish(&mut self) -> Result<(), Broken> {
        let unfinished = self.open.is_some() || self.depth > 0 || self.inside != Inside::Text;
        if !self.root {
            return Err(self.broken(self.seen, "it holds no XML"));
        }
        if unfinished || self.buffer[self.seen..].contains('<') {
            return Err(self.broken(self.buffer.len(), "it ends before its elements are closed"));
        }
        if self.found == 0 {
            return Err(self.broken(0, "it holds no Transaction"));
        }
        Ok(())
    }

    /// What was not made a transaction, because the file broke or ended.
    pub fn rest(&mut self) -> String {
        // Outside of a transaction what was looked at is done with, in whatever pieces it came.
        let from = if self.open.is_some() { 0 } else { self.seen };
        self.seen = 0;
        let rest = self.buffer.split_off(from);
        self.buffer.clear();
        rest
    }

    /// The tag of the element that holds the transactions; empty when there is none.
    pub fn head(&self) -> &str {
        &self.head
    }

    fn step(&mut self, out: &mut Vec<Fragment>) -> Result<Step, Broken> {
        if let Inside::Until(end) = self.inside {
            return Ok(self.skip_to(end));
        }
        let rest = &self.buffer[self.seen..];
        let Some(start) = rest.find('<') else {
            self.seen = self.buffer.len();
            return Ok(Step::Wait);
        };
        self.seen += start;
        let rest = &self.buffer[self.seen..];
        for (mark, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
            if rest.starts_with(mark) {
                self.seen += mark.len();
                self.inside = Inside::Until(end);
                return Ok(Step::Go);
            }
            if mark.starts_with(rest) {
                return Ok(Step::Wait);
            }
        }
        if rest.starts_with("<!") {
            return Err(self.broken(
                self.seen,
                "it has a document type (<!DOCTYPE), which is not allowed",
            ));
        }
        let Some(length) = tag_length(rest) else {
            if rest.len() > TAG_BYTES_MAX {
                let why = format!("a tag is longer than {TAG_BYTES_MAX} bytes");
                return Err(self.broken(self.seen, &why));
            }
            return Ok(Step::Wait);
        };
        self.tag(length, out)?;
        Ok(Step::Go)
    }

    fn skip_to(&mut self, end: &str) -> Step {
        match self.buffer[self.seen..].find(end) {
            Some(at) => {
                self.seen += at + end.len();
                self.inside = Inside::Text;
                Step::Go
            }
            None => {
                // The end may be broken off: its first characters stay to be looked at again.
                let mut keep = self
                    .buffer
                    .len()
                    .saturating_sub(end.len() - 1)
                    .max(self.seen);
                while !self.buffer.is_char_boundary(keep) {
                    keep -= 1;
                }
                self.seen = keep.max(self.seen);
                Step::Wait
            }
        }
    }

    fn tag(&mut self, length: usize, out: &mut Vec<Fragment>) -> Result<(), Broken> {
        let (start, mut end) = (self.seen, self.seen + length);
        let tag = &self.buffer[start..end];
        let (closes, empty) = (tag.starts_with("</"), tag.ends_with("/>"));
        let record = !closes && self.open.is_none() && local_name(tag) == RECORD;
        if !self.root {
            self.root = true;
            let name = local_name(tag);
            if name != "POSLog" && name != RECORD {
                return Err(
                    self.broken(start, "its first element is neither POSLog nor Transaction")
                );
            }
            if name != RECORD && tag.len() <= HEAD_BYTES_MAX {
                self.head = tag.to_owned();
            }
        }
        if record {
            // What came before it is of no use any more.
            self.cut(start);
            end -= start;
            self.open = Some(self.depth);
        }
        if closes {
            let Some(depth) = self.depth.checked_sub(1) else {
                return Err(self.broken(start, "an element is closed that was never opened"));
            };
            self.depth = depth;
        } else if !empty {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(self.broken(
                    start,
                    &format!("elements are nested deeper than {DEPTH_MAX}"),
                ));
            }
        }
        self.seen = end;
        if (closes || empty) && self.open == Some(self.depth) {
            self.found += 1;
            self.open = None;
            let dropped = self.dropped.take();
            let spot = dropped.unwrap_or(self.spot);
            let text = dropped
                .is_none()
                .then(|| self.buffer[..self.seen].to_owned());
            self.cut(self.seen);
            out.push(Fragment { spot, text });
        }
        Ok(())
    }

    /// Forgets what needs no second look.
    fn shrink(&mut self) {
        if self.open.is_some() && self.dropped.is_none() {
            if self.buffer.len() <= TRANSACTION_BYTES_MAX {
                return;
            }
            self.dropped = Some(self.spot);
        }
        self.cut(self.seen);
    }

    fn cut(&mut self, at: usize) {
        self.spot = self.spot.after(&self.buffer[..at]);
        self.buffer.drain(..at);
        self.seen -= at;
    }

    fn broken(&self, at: usize, why: &str) -> Broken {
        Broken {
            spot: self.spot.after(&self.buffer[..at.min(self.buffer.len())]),
            why: why.to_owned(),
        }
    }
}

/// How long a tag is, its end included: a `>` in quotes does not end it.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

/// A tag's name without its prefix.
fn local_name(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>'));
    let name = &name[..end.unwrap_or(name.len())];
    name.rsplit(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str, piece: usize) -> (Vec<String>, Option<String>) {
        let mut splitter = Splitter::default();
        let mut out = Vec::new();
        let letters: Vec<char> = text.chars().collect();
        let mut broken = None;
        for piece in letters.chunks(piece) {
            let piece: String = piece.iter().collect();
            if let Err(error) = splitter.feed(&piece, &mut out) {
                broken = Some(error);
                break;
            }
        }
        let broken = broken.or_else(|| splitter.finish().err());
        let told = out.into_iter().map(|one| {
            format!(
                "{}:{} {}",
                one.spot.line,
                one.spot.column,
                one.text.unwrap_or_default()
            )
        });
        (
            told.collect(),
            broken.map(|broken| {
                format!("{}:{} {}", broken.spot.line, broken.spot.column, broken.why)
            }),
        )
    }

    #[test]
    fn transactions_are_found_whatever_stands_between() {
        let text = "<?xml version=\"1.0\"?><!-- <Transaction> -->\n<p:POSLog a='>'>\n <Transaction x=\"/>\"><A><![CDATA[</Transaction>]]></A></Transaction>\
            <q:Transaction/><Other><Transaction><Transaction>é</Transaction></Transaction></Other></p:POSLog>\n";
        let expected = [
            "3:2 <Transaction x=\"/>\"><A><![CDATA[</Transaction>]]></A></Transaction>",
            "3:69 <q:Transaction/>",
            "3:92 <Transaction><Transaction>é</Transaction></Transaction>",
        ];
        for piece in [1, 2, 7, 10_000] {
            let (found, broken) = cut(text, piece);
            assert_eq!(found, expected, "{piece} at a time");
            assert_eq!(broken, None);
        }
    }

    #[test]
    fn what_is_no_poslog_is_told_with_its_place() {
        let broken = |text: &str| cut(text, 5).1.unwrap();
        assert_eq!(broken("hello"), "1:6 it holds no XML");
        assert_eq!(
            broken("<a/>"),
            "1:1 its first element is neither POSLog nor Transaction"
        );
        assert_eq!(broken("<POSLog></POSLog>"), "1:18 it holds no Transaction");
        assert!(broken("<POSLog>\n<Transaction>").starts_with("2:14 it ends before"));
        assert!(
            broken("<!DOCTYPE a [<!ENTITY b \"c\">]><POSLog/>")
                .starts_with("1:1 it has a document type")
        );
        assert!(broken(&format!("<POSLog>{}", "<a>".repeat(70))).contains("nested deeper than 64"));
        assert!(broken("<POSLog/></a>").contains("never opened"));
    }

    #[test]
    fn a_transaction_over_the_limit_does_not_take_the_next_along() {
        let mut splitter = Splitter::default();
        let mut out = Vec::new();
        splitter.feed("<POSLog>\n<Transaction>", &mut out).unwrap();
        let long = "x".repeat(1 << 20);
        for _ in 0..20 {
            splitter.feed(&long, &mut out).unwrap();
            assert!(splitter.buffer.len() <= TRANSACTION_BYTES_MAX + (1 << 20));
        }
        splitter
            .feed("</Transaction><Transaction/></POSLog>", &mut out)
            .unwrap();
        let found: Vec<_> = out
            .iter()
            .map(|one| (one.spot.line, one.text.is_some()))
            .collect();
        assert_eq!(found, [(2, false), (2, true)]);
        splitter.finish().unwrap();
    }

    proptest! {
        #[test]
        fn cutting_never_panics_and_pieces_make_no_difference(text in "[<>/!?\\[\\]\\-A\"'= é]{0,40}", piece in 1_usize..8) {
            let text = format!("<POSLog><Transaction>{text}</Transaction></POSLog>");
            prop_assert_eq!(cut(&text, piece).0, cut(&text, 1_000).0);
        }
    }
}
