//! Text cut into rows and cells while it streams in. A row may hold line breaks within quotes.

use std::sync::Arc;

use super::delimiter::best_delimiter;
use super::{Layout, Table};
use crate::problem::{Code, Problem};
use crate::profile::piece::Spot;

/// A longer row means that a quote was never closed.
pub const ROW_BYTES_MAX: usize = 1 << 20;
/// Cells of a row.
pub const CELLS_MAX: usize = 512;
/// So much of a file is looked at to find out what stands between its columns.
const LOOK_BYTES: usize = 32 * 1024;

/// A row, with its own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it begins.
    pub spot: Spot,
    /// Its text, line end included.
    pub raw: String,
    /// Its cells.
    pub cells: Vec<String>,
    /// What parts them, and the sign around text; their beginnings, where their width is fixed.
    pub parted: Parted,
}

/// How a row's cells stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parted {
    /// By a sign; the other one stands around text.
    By(u8, u8),
    /// At these characters.
    At(Arc<[usize]>),
}

impl Row {
    /// Where in the file a cell begins.
    pub fn spot_of(&self, column: usize) -> Spot {
        let begin = match &self.parted {
            Parted::At(starts) => {
                let letters = starts.get(column).copied().unwrap_or_default();
                self.raw.char_indices().nth(letters).map(|(at, _)| at)
            }
            Parted::By(sign, quote) => {
                let mut quoted = false;
                let mut signs = self.raw.bytes().enumerate().filter(|(_, byte)| {
                    quoted ^= byte == quote;
                    !quoted && byte == sign
                });
                let before = column.checked_sub(1);
                before.map_or(Some(0), |before| signs.nth(before).map(|(at, _)| at + 1))
            }
        };
        let before = begin.and_then(|begin| self.raw.get(..begin));
        self.spot.after(before.unwrap_or_default())
    }
}

/// Cuts text into rows.
#[derive(Debug)]
pub struct Cutter {
    fixed: Option<Vec<(usize, usize)>>,
    starts: Arc<[usize]>,
    delimiter: Option<u8>,
    quote: u8,
    /// Reads cells; made once, because making its tables takes longer than reading a row.
    reader: Option<csv_core::Reader>,
    output: Vec<u8>,
    ends: Vec<usize>,
    buffer: String,
    spot: Spot,
    begun: bool,
}

type Cut = Result<(), (Spot, Problem)>;

impl Cutter {
    /// As a profile says.
    pub fn new(table: &Table) -> Self {
        let columns = || {
            table
                .columns
                .iter()
                .map(|column| (column.start - 1, column.len))
                .collect()
        };
        let named = table
            .delimiter
            .bytes()
            .next()
            .filter(|_| table.delimiter != "auto");
        Self {
            fixed: (table.kind == Layout::Fixed).then(columns),
            starts: table
                .columns
                .iter()
                .map(|column| column.start.saturating_sub(1))
                .collect(),
            delimiter: named,
            quote: u8::try_from(table.quote).unwrap_or(b'"'),
            reader: None,
            output: Vec::new(),
            ends: vec![0; CELLS_MAX + 1],
            buffer: String::new(),
            spot: Spot::default(),
            begun: false,
        }
    }

    /// The sign between columns, once it is known.
    pub fn delimiter(&self) -> Option<u8> {
        self.delimiter
    }

    /// What was not made a row, because the file broke.
    pub fn rest(&mut self) -> String {
        std::mem::take(&mut self.buffer)
    }

    /// Takes a whole text whose delimiter is known.
    pub fn feed_as(&mut self, text: &str, delimiter: Option<u8>, out: &mut Vec<Row>) -> Cut {
        self.begun = true;
        self.delimiter = delimiter.or(self.delimiter).or(Some(b','));
        self.feed(text, true, out)
    }

    /// Takes the next text; `last` when there is no more.
    pub fn feed(&mut self, text: &str, last: bool, out: &mut Vec<Row>) -> Cut {
        self.buffer.push_str(text);
        if !self.begun && (last || self.buffer.len() >= LOOK_BYTES) {
            self.begun = true;
            self.begin();
        }
        if !self.begun {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = buffer.as_str();
        while let Some(length) = self.row_length(rest, last) {
            let (raw, after) = rest.split_at(length);
            let cells = match self.cells(raw.trim_end_matches(['\n', '\r'])) {
                Ok(cells) => cells,
                Err(error) => {
                    self.buffer = rest.to_owned();
                    return Err(error);
                }
            };
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                out.push(Row {
                    spot: self.spot,
                    raw: raw.to_owned(),
                    cells,
                    parted: match self.fixed {
                        Some(_) => Parted::At(Arc::clone(&self.starts)),
                        None => Parted::By(self.delimiter.unwrap_or(b','), self.quote),
                    },
                });
            }
            self.spot = self.spot.after(raw);
            rest = after;
        }
        if rest.len() > ROW_BYTES_MAX {
            let message =
                format!("a row is longer than {ROW_BYTES_MAX} bytes; is a quote never closed?");
            self.buffer = rest.to_owned();
            return Err((self.spot, Problem::refused(Code::TooLarge, "", message)));
        }
        self.buffer = rest.to_owned();
        Ok(())
    }

    /// Finds the delimiter: what Excel's first line says, else the sign that stands in all rows, most often.
    fn begin(&mut self) {
        if self.fixed.is_some() {
            return;
        }
        let first = self.buffer.lines().next().unwrap_or_default();
        if let Some(sign) = first.trim().strip_prefix("sep=")
            && let Some(byte) = sign.bytes().next().filter(u8::is_ascii)
        {
            self.delimiter = Some(byte);
            let end = self
                .buffer
                .find('\n')
                .map_or(self.buffer.len(), |end| end + 1);
            let line: String = self.buffer.drain(..end).collect();
            self.spot = self.spot.after(&line);
            return;
        }
        if self.delimiter.is_none() {
            self.delimiter = Some(best_delimiter(&self.buffer, self.quote));
        }
    }

    /// The length of the first row, its line end included.
    fn row_length(&self, text: &str, last: bool) -> Option<usize> {
        let bytes = text.as_bytes();
        let whole = (last && !text.is_empty()).then_some(text.len());
        let Some(delimiter) = self.delimiter.filter(|_| self.fixed.is_none()) else {
            return text.find('\n').map(|end| end + 1).or(whole);
        };
        let end = text.find('\n');
        let line = &bytes[..end.unwrap_or(bytes.len())];
        if !line.contains(&self.quote) {
            return end.map(|end| end + 1).or(whole);
        }
        let (mut quoted, mut start) = (false, true);
        for (at, byte) in bytes.iter().enumerate() {
            if quoted {
                quoted = *byte != self.quote;
                continue;
            }
            match *byte {
                // Also after a closing quote: a doubled one goes on.
                byte if byte == self.quote && (start || bytes[at - 1] == self.quote) => {
                    quoted = true
                }
                b'\n' => return Some(at + 1),
                _ => {}
            }
            start = *byte == delimiter;
        }
        whole
    }

    fn cells(&mut self, text: &str) -> Result<Vec<String>, (Spot, Problem)> {
        if let Some(columns) = &self.fixed {
            let letters: Vec<char> = text.chars().collect();
            let cell = |&(start, length): &(usize, usize)| {
                let end = if length == 0 {
                    letters.len()
                } else {
                    (start + length).min(letters.len())
                };
                let part = letters.get(start.min(end)..end).unwrap_or_default();
                part.iter().collect::<String>().trim().to_owned()
            };
            return Ok(columns.iter().map(cell).collect());
        }
        self.delimited(text)
            .map_err(|message| (self.spot, Problem::refused(Code::TooLarge, "", message)))
    }

    fn delimited(&mut self, text: &str) -> Result<Vec<String>, String> {
        let (delimiter, quote) = (self.delimiter.unwrap_or(b','), self.quote);
        // Most rows have no quotes: nothing but the sign between their cells counts.
        if delimiter.is_ascii() && !text.bytes().any(|byte| byte == quote || byte == b'\r') {
            let cells: Vec<String> = text
                .split(char::from(delimiter))
                .map(str::to_owned)
                .collect();
            if cells.len() > CELLS_MAX {
                return Err(format!("more than {CELLS_MAX} columns"));
            }
            return Ok(cells);
        }
        let reader = self.reader.get_or_insert_with(|| {
            let mut builder = csv_core::ReaderBuilder::new();
            builder.delimiter(delimiter).quote(quote).build()
        });
        reader.reset();
        // Cells are never longer than the row.
        self.output.clear();
        self.output.resize(text.len() + 1, 0);
        let (mut input, mut written, mut fields) = (text.as_bytes(), 0, 0);
        loop {
            let (result, read, wrote, ended) =
                reader.read_record(input, &mut self.output[written..], &mut self.ends[fields..]);
            input = &input[read..];
            written += wrote;
            fields += ended;
            match result {
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull => {
                    return Err("the row is too long".to_owned());
                }
                csv_core::ReadRecordResult::OutputEndsFull => {
                    return Err(format!("more than {CELLS_MAX} columns"));
                }
                csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End => break,
            }
        }
        if fields > CELLS_MAX {
            return Err(format!("more than {CELLS_MAX} columns"));
        }
        let mut start = 0;
        let cells = self.ends[..fields].iter().map(|end| {
            let cell = String::from_utf8_lossy(&self.output[start..*end]).into_owned();
            start = *end;
            cell
        });
        Ok(cells.collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn table(more: &str) -> Table {
        toml::from_str(&format!(
            "kind = \"delimited\"\nrecord = \"counts\"\n{more}"
        ))
        .unwrap()
    }

    fn cut(table: &Table, text: &str, piece: usize) -> Vec<(u64, Vec<String>)> {
        let mut cutter = Cutter::new(table);
        let mut rows = Vec::new();
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(piece) {
            let piece: String = piece.iter().collect();
            cutter.feed(&piece, false, &mut rows).unwrap();
        }
        cutter.feed("", true, &mut rows).unwrap();
        rows.into_iter()
            .map(|row| (row.spot.line, row.cells))
            .collect()
    }

    #[rstest]
    #[case::semicolon("a;b,c\r\n1;2,5\r\n", "a ! b,c / 1 ! 2,5")]
    #[case::comma("a,b\n1,\"2,5\"", "a ! b / 1 ! 2,5")]
    #[case::tab("a\tb c\n1\t2,5\n", "a ! b c / 1 ! 2,5")]
    #[case::hint("sep=|\na|b;c;d\n", "a ! b;c;d")]
    #[case::quotes("a,b\n\"x \"\"y\"\"\nz\",2\n", "a ! b / x \"y\"\nz ! 2")]
    #[case::stray("a,b\n12\" pipe,2\n3,4\n", "a ! b / 12\" pipe ! 2 / 3 ! 4")]
    #[case::one_column("7891\n7892\n", "7891 / 7892")]
    #[case::blank("a;b\n\n;\n1;2\n", "a ! b / 1 ! 2")]
    fn rows_are_found(#[case] text: &str, #[case] expected: &str) {
        for piece in [1, 5, 1_000] {
            let rows = cut(&table(""), text, piece);
            let rows: Vec<String> = rows.into_iter().map(|row| row.1.join(" ! ")).collect();
            assert_eq!(rows.join(" / "), expected, "{piece} at a time");
        }
    }

    #[test]
    fn fixed_widths_are_counted_in_characters() {
        let mut table = table("");
        table.kind = Layout::Fixed;
        let column = |start: usize, len: usize| super::super::Column {
            name: String::new(),
            start,
            len,
            implied_decimals: 0,
        };
        table.columns = vec![column(1, 4), column(5, 5), column(10, 0)];
        let rows = cut(&table, "ÄB  14567rest\n0001", 3);
        assert_eq!(
            rows[0],
            (
                1,
                vec!["ÄB".to_owned(), "14567".to_owned(), "rest".to_owned()]
            )
        );
        assert_eq!(rows[1].1, ["0001", "", ""]);
    }

    #[test]
    fn a_quote_that_never_closes_ends_the_file() {
        let mut cutter = Cutter::new(&table(""));
        let mut rows = Vec::new();
        let mut fed = Ok(());
        for _ in 0..40 {
            fed = cutter.feed(&format!("a,\"{}\n", "x,".repeat(40_000)), false, &mut rows);
            if fed.is_err() {
                break;
            }
            assert!(cutter.buffer.len() <= 2 * ROW_BYTES_MAX);
        }
        let wide = fed.unwrap_err().1;
        assert_eq!(wide.code, Code::TooLarge);
    }

    proptest! {
        #[test]
        fn cutting_never_panics_and_pieces_make_no_difference(text in "[a1;,\"\n\r é]{0,60}", piece in 1_usize..9) {
            prop_assert_eq!(cut(&table("delimiter = \",\""), &text, piece), cut(&table("delimiter = \",\""), &text, 1_000));
        }
    }
}
