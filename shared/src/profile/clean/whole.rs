//! A whole file without what must not be kept, while it streams through, readable or not.

use encoding_rs::Encoding;

use super::{Cleaner, Frame};
use crate::intake::{self, Media};
use crate::profile::Profile;
use crate::profile::json::FILE_BYTES_MAX;
use crate::profile::poslog::frame;
use crate::profile::poslog::split::Splitter;
use crate::profile::table::Table;
use crate::profile::table::columns::Columns;
use crate::profile::table::rows::Cutter;
use crate::profile::text::Text;

/// Text that no record can be made of is cleaned in steps of about this size.
const STEP_BYTES: usize = 4 << 20;

/// Cleans one file.
pub struct Whole<'a> {
    text: Text,
    cleaner: Cleaner<'a>,
    form: Form<'a>,
    /// What was not cleaned yet, of a file without records.
    loose: String,
    begun: bool,
}

enum Form<'a> {
    Lines,
    Json,
    Xml(Box<Splitter>),
    Rows(Box<Cutter>, &'a Table),
    Loose,
}

impl<'a> Whole<'a> {
    /// For a file of this profile and encoding. What comes out is UTF-8.
    pub fn new(profile: &'a Profile, encoding: &'static Encoding) -> Self {
        let form = match profile {
            Profile::Json => Form::Json,
            Profile::Ndjson => Form::Lines,
            Profile::Poslog(_) => Form::Xml(Box::default()),
            Profile::Table(table) => Form::Rows(Box::new(Cutter::new(table)), table),
            Profile::Pair(pair) => {
                Form::Rows(Box::new(Cutter::new(&pair.lines.table)), &pair.lines.table)
            }
        };
        Self {
            text: Text::new(encoding),
            cleaner: Cleaner::new(profile, Frame::default()),
            form,
            loose: String::new(),
            begun: false,
        }
    }

    /// Whether anything was taken out so far.
    pub fn stripped(&self) -> bool {
        self.cleaner.stripped()
    }

    /// Takes the next bytes, the last ones with `last`; what is clean is added to `out`.
    pub fn feed(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        let mut text = String::new();
        self.text.feed(bytes, last, &mut text);
        match &mut self.form {
            Form::Lines | Form::Loose => self.loose(&text, last, out),
            Form::Json => self.json(&text, last, out),
            Form::Xml(_) => self.xml(&text, last, out),
            Form::Rows(..) => self.rows(&text, last, out),
        }
    }

    /// By lines, or in large steps where there are none.
    fn loose(&mut self, text: &str, last: bool, out: &mut String) {
        self.loose.push_str(text);
        let lines = matches!(self.form, Form::Lines);
        while let Some(end) = self.loose.find('\n') {
            let line: String = self.loose.drain(..=end).collect();
            let clean = self.cleaner.record(line.trim_end_matches('\n'));
            out.push_str(if lines { &clean } else { clean.as_str() });
            out.push('\n');
        }
        if last || self.loose.len() > STEP_BYTES {
            // A number is not cut in two.
            let cut = if last {
                None
            } else {
                self.loose.rfind(['>', ',', ';', '"', '}'])
            };
            let end = cut.map_or(self.loose.len(), |at| at + 1);
            let step: String = self.loose.drain(..end).collect();
            out.push_str(&self.cleaner.record(&step));
        }
    }

    fn json(&mut self, text: &str, last: bool, out: &mut String) {
        self.loose.push_str(text);
        if self.loose.len() > FILE_BYTES_MAX {
            self.form = Form::Loose;
            return self.loose("", last, out);
        }
        if !last {
            return;
        }
        let text = std::mem::take(&mut self.loose);
        let whole = intake::split(text.as_bytes(), Media::Json).ok();
        let records = whole.and_then(|items| items.into_iter().collect::<Result<Vec<_>, _>>().ok());
        let Some(records) = records else {
            self.form = Form::Loose;
            return self.loose(&text, last, out);
        };
        let before = self.cleaner.stripped();
        let clean: Vec<String> = records
            .iter()
            .map(|value| self.cleaner.record(&value.to_string()))
            .collect();
        if self.cleaner.stripped() == before {
            out.push_str(&text);
        } else if text.trim_start().starts_with('[') {
            out.push_str(&format!("[\n{}\n]\n", clean.join(",\n")));
        } else {
            out.push_str(&clean.concat());
        }
    }

    fn xml(&mut self, text: &str, last: bool, out: &mut String) {
        let Form::Xml(splitter) = &mut self.form else {
            return;
        };
        let mut fragments = Vec::new();
        let mut read = splitter.feed(text, &mut fragments);
        if last && read.is_ok() {
            read = splitter.finish();
        }
        if !fragments.is_empty() && !self.begun {
            self.begun = true;
            self.cleaner.frame(frame(splitter.head()));
            out.push_str(&self.cleaner.before());
        }
        let rest = if last || read.is_err() {
            splitter.rest()
        } else {
            String::new()
        };
        for fragment in fragments {
            out.push_str(&self.cleaner.record(&fragment.text.unwrap_or_default()));
            out.push('\n');
        }
        if read.is_err() {
            self.form = Form::Loose;
            self.loose(&rest, last, out);
        } else if last && self.begun {
            out.push_str(self.cleaner.after().trim_start());
        }
    }

    fn rows(&mut self, text: &str, last: bool, out: &mut String) {
        let Form::Rows(cutter, table) = &mut self.form else {
            return;
        };
        let mut rows = Vec::new();
        let cut = cutter.feed(text, last, &mut rows);
        let delimiter = cutter.delimiter();
        let table = *table;
        let rest = if cut.is_err() {
            cutter.rest()
        } else {
            String::new()
        };
        for row in rows {
            if !self.begun {
                let named = Columns::find(table, &row).is_ok_and(|(_, header)| header);
                // Without a header the columns of a person are known by nothing.
                let header = if named { row.cells.clone() } else { Vec::new() };
                self.begun = named;
                self.cleaner.frame(Frame {
                    header,
                    delimiter,
                    ..Frame::default()
                });
                if named {
                    out.push_str(&self.cleaner.plain(&row.raw));
                    continue;
                }
            }
            out.push_str(&self.cleaner.record(&row.raw));
        }
        if cut.is_err() {
            self.form = Form::Loose;
            self.loose(&rest, last, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;

    use super::*;

    fn clean(profile: &str, text: &str, step: usize) -> (String, bool) {
        let profile = Profile::shipped(profile).unwrap();
        let mut whole = Whole::new(&profile, UTF_8);
        let mut out = String::new();
        for bytes in text.as_bytes().chunks(step) {
            whole.feed(bytes, false, &mut out);
        }
        whole.feed(&[], true, &mut out);
        (out, whole.stripped())
    }

    #[test]
    fn a_poslog_is_read_as_before_but_for_people() {
        let text = "<POSLog xmlns='u'>\n<Transaction><A>1</A><Customer><Name>Erika</Name></Customer></Transaction>\n<Transaction><B/></Transaction></POSLog>";
        for step in [3, 10_000] {
            let (clean, stripped) = clean("generic_2", text, step);
            assert_eq!(
                clean,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<POSLog xmlns='u'>\n<Transaction><A>1</A><Customer></Customer></Transaction>\n<Transaction><B/></Transaction>\n</POSLog>\n"
            );
            assert!(stripped);
        }
    }

    #[test]
    fn what_is_broken_is_cleaned_too() {
        let text = "<POSLog><Transaction><Customer><Name>Erika</Name></Customer></Transaction><Transaction><Customer><Name>Max</Name><CustomerID>7</CustomerID>";
        let (clean, stripped) = clean("generic_2", text, 7);
        assert!(
            !clean.contains("Erika") && !clean.contains("Max"),
            "{clean}"
        );
        assert!(
            clean.contains("<CustomerID>7</CustomerID>") && stripped,
            "{clean}"
        );
    }

    #[test]
    fn what_is_broken_is_the_same_in_whatever_pieces_it_comes() {
        // Found by the fuzz target `poslog`: an element closed that was never opened.
        let text = "<POSLog><Transaction><A><B></A></B></Transaction></POSLog></POSLog> and 4111111111111111";
        for text in [
            text,
            &text[..41],
            "<POSLog><Transaction/> <!-- <x> ",
            "<POSLog><Transaction/></Other></POSLog><a>1",
        ] {
            let whole = clean("generic_6", text, 10_000);
            for step in 1..text.len() {
                assert_eq!(
                    clean("generic_6", text, step),
                    whole,
                    "{text} in steps of {step}"
                );
            }
        }
    }

    #[test]
    fn rows_and_lines_keep_all_but_what_may_not_be_kept() {
        let (csv, stripped) = clean(
            "barcode_qty",
            "EAN;Menge;Customer Name\n4006381333931;2;Erika\n4006381333932;3;\n",
            5,
        );
        assert_eq!(
            (csv.as_str(), stripped),
            (
                "EAN;Menge;Customer Name\n4006381333931;2;\n4006381333932;3;\n",
                true
            )
        );
        let (lines, stripped) = clean(
            "ndjson",
            "{\"a\":1}\n{\"ext\":{\"pin\":\"1234\"}}\n{broken 4111111111111111",
            5,
        );
        assert_eq!(
            (lines.as_str(), stripped),
            ("{\"a\":1}\n{\"ext\":{}}\n{broken ****1111", true)
        );
        let same = "{\"a\":1}\n\n{\"b\":\"x\"}\n";
        assert_eq!(clean("ndjson", same, 4), (same.to_owned(), false));
    }
}
