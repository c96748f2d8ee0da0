//! What commands print: the only place that writes to stdout and stderr.
//!
//! Answers go to stdout, as text for people or as JSON for programs; everything else goes to stderr. A reader that
//! goes away, as in `tillpost documents list | head`, ends the command quietly.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::cli::report::Failure;

/// Where a command's answer goes.
pub struct Out {
    json: bool,
    to: Box<dyn Write>,
}

impl Out {
    /// Stdout.
    pub fn stdout(json: bool) -> Self {
        Self::to(json, BufWriter::new(io::stdout().lock()))
    }
    /// Anywhere else.
    pub fn to(json: bool, to: impl Write + 'static) -> Self {
        Self {
            json,
            to: Box::new(to),
        }
    }
    /// Whether a program reads the answer.
    pub fn json(&self) -> bool {
        self.json
    }
    /// Prints a line for a person. Control characters, which could take over a terminal, are left out.
    pub fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        let text = clean(&text.to_string());
        writeln!(self.to, "{text}").map_err(gone)
    }
    /// Prints an answer for a program.
    pub fn value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.to, value).map_err(|error| gone(error.into()))?;
        writeln!(self.to).map_err(gone)
    }
    /// Prints lines whose columns stand below each other.
    pub fn table<const N: usize>(&mut self, rows: &[[String; N]]) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        self.line(columns(rows))
    }
    /// For whoever prints as it goes.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut self.to
    }
    /// Sends what was printed so far on its way.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(gone)
    }
}

fn gone(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::reader_gone();
    }
    Failure::no("cannot print the answer").because(error)
}

/// Tells a person something beside the answer, on stderr.
pub fn note(text: &str) {
    // Where nobody listens there is nobody to be told.
    let _ = writeln!(io::stderr().lock(), "{}", clean(text));
}

/// Asks a person for something, on stderr, on the same line.
pub fn prompt(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{text}");
    let _ = err.flush();
}

fn clean(text: &str) -> String {
    let harmless = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(harmless).collect()
}

/// Lines whose columns stand below each other.
pub fn columns<R: AsRef<[String]>>(rows: &[R]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.as_ref().iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = (*widest).max(width),
                None => widths.push(width),
            }
        }
    }
    let line = |row: &R| {
        let cells = row.as_ref().iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A number with its thousands apart, as in `18,204`.
pub fn grouped(number: impl Display) -> String {
    let text = number.to_string();
    let (sign, rest) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

/// `1 document`, `412 documents`.
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what was printed, for a test to look at.
    #[derive(Clone, Default)]
    pub struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }
    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn columns_stand_below_each_other() {
        let paper = Paper::default();
        let mut out = Out::to(false, paper.clone());
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        out.table(&[row(["a", "Zürich", "1"]), row(["bbb", "x", ""])])
            .unwrap();
        assert_eq!(paper.text(), "a    Zürich  1\nbbb  x\n");
    }

    #[test]
    fn nothing_that_is_printed_takes_over_the_terminal() {
        let paper = Paper::default();
        Out::to(false, paper.clone())
            .line("a\u{1b}[2Jb\rc")
            .unwrap();
        assert_eq!(paper.text(), "a[2Jbc\n");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let grouped: Vec<String> = ["7", "412", "18204.50", "-1234567", "0.5"]
            .map(grouped)
            .into();
        assert_eq!(grouped, ["7", "412", "18,204.50", "-1,234,567", "0.5"]);
        assert_eq!(count(1, "document"), "1 document");
        assert_eq!(count(2000, "document"), "2,000 documents");
    }
}
