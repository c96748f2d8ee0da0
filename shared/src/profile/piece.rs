//! What a decoder hands on: one document, or why it is none, with its place in the file.

use crate::intake::Item;
use crate::problem::Problem;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line, from 1.
    pub line: u64,
    /// The character in the line, from 1.
    pub column: u64,
}

impl Default for Spot {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

impl Spot {
    /// Where a text ends that begins here.
    pub fn after(self, text: &str) -> Self {
        let lines = text.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let last = text.rfind('\n').map_or(text, |at| &text[at + 1..]);
        let column = last.chars().count() as u64 + if lines == 0 { self.column } else { 1 };
        Self {
            line: self.line + lines,
            column,
        }
    }
}

/// A list of a document's body whose elements stand in places of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `body.lines[n]`.
    Line(usize),
    /// `body.voided_lines[n]`.
    VoidedLine(usize),
    /// `body.tenders[n]`.
    Tender(usize),
}

impl Part {
    /// The part that a problem's path lies in.
    fn of(path: &str) -> Option<Self> {
        let index = |name: &str| -> Option<usize> {
            let rest = path.strip_prefix("body.")?.strip_prefix(name)?;
            rest.strip_prefix('[')?.split(']').next()?.parse().ok()
        };
        index("lines")
            .map(Self::Line)
            .or_else(|| index("voided_lines").map(Self::VoidedLine))
            .or_else(|| index("tenders").map(Self::Tender))
    }
}

/// One document of a file.
#[derive(Debug)]
pub struct Piece {
    /// Where it begins.
    pub spot: Spot,
    /// The document, or why it is none.
    pub item: Item,
    /// What the decoder found beside: flags, and reasons to hold it.
    pub found: Vec<Problem>,
    /// Its own text in the file; empty when it was too large to keep.
    pub raw: String,
    /// Where parts of the document begin in `raw`.
    pub parts: Vec<(Part, usize)>,
}

impl Piece {
    /// A piece without more.
    pub fn new(spot: Spot, item: Item, raw: String) -> Self {
        Self {
            spot,
            item,
            found: Vec::new(),
            raw,
            parts: Vec::new(),
        }
    }

    /// Where in the file the field of a problem stands, as near as is known.
    pub fn place_of(&self, path: &str) -> Spot {
        let wanted = Part::of(path);
        let part = self.parts.iter().find(|(part, _)| Some(*part) == wanted);
        let start = part.and_then(|(_, at)| self.raw.get(..*at));
        start.map_or(self.spot, |before| self.spot.after(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_found_in_the_line_of_its_part() {
        let mut piece = Piece::new(
            Spot {
                line: 10,
                column: 3,
            },
            Ok(serde_json::Value::Null),
            "<a>\n  <line/>\n</a>".to_owned(),
        );
        piece.parts.push((Part::Line(0), 6));
        assert_eq!(
            piece.place_of("body.lines[0].total"),
            Spot {
                line: 11,
                column: 3
            }
        );
        assert_eq!(
            piece.place_of("body.lines[1].total"),
            Spot {
                line: 10,
                column: 3
            }
        );
        assert_eq!(piece.place_of("body.total"), piece.spot);
    }
}
