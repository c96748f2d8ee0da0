//! A file's own text without what must not be kept: for `refused/`, where a bad record waits to be dropped in again,
//! and for `done/`, when anything had to be taken out.

pub mod whole;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::Profile;
use super::names::{Around, Names, scrubbed};
use super::poslog::{EXEMPT, Poslog};
use super::table::pair::Pair;
use super::table::reader::exempt;
use super::table::rows::Cutter;
use super::table::{Layout, Table};
use crate::json;
use crate::problem::Code;
use crate::redact;
use crate::shape::Unknown;

/// What stands around and between a file's records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Before the first: a root element, a header row.
    pub before: String,
    /// Between two.
    pub between: &'static str,
    /// After the last.
    pub after: String,
    /// The names of the columns, where there are any.
    pub header: Vec<String>,
    /// The sign between columns.
    pub delimiter: Option<u8>,
}

/// Takes out what must not be kept, record by record.
#[derive(Debug)]
pub struct Cleaner<'a> {
    profile: &'a Profile,
    frame: Frame,
    names: Names,
    stripped: bool,
}

impl<'a> Cleaner<'a> {
    /// For records that stand in this frame.
    pub fn new(profile: &'a Profile, frame: Frame) -> Self {
        Self {
            profile,
            frame,
            names: Names::default(),
            stripped: false,
        }
    }

    /// Whether anything was taken out so far.
    pub fn stripped(&self) -> bool {
        self.stripped
    }

    /// What stands before the records.
    pub fn before(&mut self) -> String {
        let before = self.frame.before.clone();
        self.plain(&before)
    }

    /// Learns what stands around the records.
    pub fn frame(&mut self, frame: Frame) {
        self.frame = frame;
    }

    /// What stands around the records, as far as it was learned.
    pub fn own_frame(&self) -> &Frame {
        &self.frame
    }

    /// What stands between two records.
    pub fn between(&self) -> &'static str {
        self.frame.between
    }

    /// What stands after them.
    pub fn after(&self) -> &str {
        &self.frame.after
    }

    /// A record.
    pub fn record(&mut self, raw: &str) -> String {
        match self.profile {
            Profile::Json | Profile::Ndjson => self.json(raw),
            Profile::Poslog(settings) => self.xml(raw, settings),
            Profile::Table(table) => self.rows(raw, table),
            Profile::Pair(pair) => self.rows(raw, side(pair, &self.frame.header)),
        }
    }

    /// Text of which nothing is known.
    pub fn plain(&mut self, text: &str) -> String {
        let clean: String = text
            .split_inclusive('\n')
            .map(|line| match scrubbed(line) {
                Some(clean) => {
                    self.stripped = true;
                    clean + if line.ends_with('\n') { "\n" } else { "" }
                }
                None => line.to_owned(),
            })
            .collect();
        clean.replace("\n\n\n", "\n\n")
    }

    fn json(&mut self, raw: &str) -> String {
        let Ok(mut value) = json::read(raw.trim(), 0) else {
            return self.plain(raw);
        };
        let flags = redact::redact(&mut value, Unknown::Refused);
        if !flags.iter().any(|flag| flag.code != Code::ExtDropped) {
            return raw.to_owned();
        }
        self.stripped = true;
        value.to_string()
    }

    fn rows(&mut self, raw: &str, table: &Table) -> String {
        let mut cutter = Cutter::new(table);
        let mut rows = Vec::new();
        if table.kind == Layout::Fixed
            || cutter
                .feed_as(raw, self.frame.delimiter, &mut rows)
                .is_err()
        {
            return self.plain(raw);
        }
        let mut clean = String::with_capacity(raw.len());
        for row in rows {
            let mut changed = false;
            let mut cells = row.cells.clone();
            for (index, cell) in cells
                .iter_mut()
                .enumerate()
                .filter(|(_, cell)| !cell.is_empty())
            {
                let name = self
                    .frame
                    .header
                    .get(index)
                    .map(String::as_str)
                    .unwrap_or_default();
                let kept = if self.names.forbidden(Around::Plain, name).is_some() {
                    Some(String::new())
                } else if exempt(table, name) {
                    None
                } else {
                    scrubbed(cell)
                };
                if let Some(kept) = kept {
                    *cell = kept;
                    changed = true;
                }
            }
            self.stripped |= changed;
            if changed {
                clean.push_str(&joined(&cells, self.frame.delimiter, table.quote));
                clean.push('\n');
            } else {
                clean.push_str(&row.raw);
            }
        }
        clean
    }

    /// A transaction without the elements and attributes that must not be kept. What is not well-formed is treated
    /// like any text.
    fn xml(&mut self, raw: &str, settings: &Poslog) -> String {
        let mut reader = Reader::from_str(raw);
        // Also what is broken off is cleaned as far as it goes.
        let lenient = reader.config_mut();
        lenient.check_end_names = false;
        lenient.allow_unmatched_ends = true;
        let mut clean = String::with_capacity(raw.len());
        let mut open: Vec<(String, Around)> = Vec::new();
        // The depth at which an element was left out; nothing below it is kept.
        let mut dropped: Option<usize> = None;
        let mut at = 0;
        loop {
            let Ok(event) = reader.read_event() else {
                let rest = raw.get(at..).unwrap_or_default().to_owned();
                return clean + &self.plain(&rest);
            };
            let end = usize::try_from(reader.buffer_position())
                .unwrap_or(raw.len())
                .min(raw.len());
            let own = raw.get(at..end).unwrap_or_default();
            at = end;
            match event {
                Event::Start(tag) => {
                    let name = tag.local_name().as_ref().to_owned();
                    let around = open.last().map(|(_, around)| *around).unwrap_or_default();
                    let within = around.within(&name);
                    if dropped.is_none() && self.left_out(around, &name, settings) {
                        dropped = Some(open.len());
                    }
                    if dropped.is_none() {
                        clean.push_str(&self.tag(own, within, settings));
                    }
                    open.push((name, within));
                }
                Event::Empty(tag) => {
                    let name = tag.local_name().as_ref().to_owned();
                    let around = open.last().map(|(_, around)| *around).unwrap_or_default();
                    if dropped.is_none() {
                        clean.push_str(&self.tag(own, around.within(&name), settings));
                    }
                }
                Event::End(_) => {
                    open.pop();
                    match dropped {
                        Some(depth) if depth == open.len() => dropped = None,
                        Some(_) => {}
                        None => clean.push_str(own),
                    }
                }
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    let name = open
                        .last()
                        .map(|(name, _)| name.as_str())
                        .unwrap_or_default();
                    if dropped.is_none() && EXEMPT.contains(&name) {
                        clean.push_str(own);
                    } else if dropped.is_none() {
                        let own = own.to_owned();
                        clean.push_str(&self.plain(&own));
                    }
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => return clean,
            }
        }
    }

    fn left_out(&mut self, around: Around, name: &str, settings: &Poslog) -> bool {
        // A flag such as ElectronicSignature="false" says nothing; an element of that name may hold the picture.
        let left_out = settings.drop.iter().any(|dropped| dropped == name)
            || self.names.forbidden(around, name).is_some();
        self.stripped |= left_out;
        left_out
    }

    /// A tag without the attributes that must not be kept.
    fn tag(&mut self, own: &str, within: Around, settings: &Poslog) -> String {
        let mut clean = own.to_owned();
        let parts: Vec<&str> = own.split('=').collect();
        for pair in parts.windows(2) {
            let name = pair[0]
                .rsplit([' ', '\n', '\t', '"', '\''])
                .next()
                .unwrap_or_default();
            let local = name.rsplit(':').next().unwrap_or(name);
            let value = pair[1].trim_start();
            let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
                continue;
            };
            let value = value[1..].split(quote).next().unwrap_or_default();
            if value.is_empty() || matches!(value, "true" | "false") || name.starts_with("xmlns") {
                continue;
            }
            let personal = self.names.forbidden(within, local).is_some()
                || settings.drop.iter().any(|dropped| dropped == local);
            let kept = if personal {
                Some(String::new())
            } else {
                scrubbed(value)
            };
            if let Some(kept) = kept {
                self.stripped = true;
                clean = clean.replace(
                    &format!("{quote}{value}{quote}"),
                    &format!("{quote}{kept}{quote}"),
                );
            }
        }
        clean
    }
}

fn side<'a>(pair: &'a Pair, header: &[String]) -> &'a Table {
    let has = |column: &String| {
        header
            .iter()
            .any(|cell| super::table::naming::plain(cell) == super::table::naming::plain(column))
    };
    if pair.headers.has.iter().all(has) {
        &pair.headers.table
    } else {
        &pair.lines.table
    }
}

fn joined(cells: &[String], delimiter: Option<u8>, quote: char) -> String {
    let delimiter = char::from(delimiter.unwrap_or(b','));
    let cell = |cell: &String| {
        if cell.contains([delimiter, quote, '\n', '\r']) {
            format!(
                "{quote}{}{quote}",
                cell.replace(quote, &format!("{quote}{quote}"))
            )
        } else {
            cell.clone()
        }
    };
    cells
        .iter()
        .map(cell)
        .collect::<Vec<_>>()
        .join(&delimiter.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(header: &[&str]) -> Frame {
        Frame {
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            delimiter: Some(b';'),
            ..Frame::default()
        }
    }

    #[test]
    fn columns_of_people_are_emptied_and_card_numbers_masked() {
        let profile = Profile::shipped("generic_eu_lines").unwrap();
        let mut cleaner = Cleaner::new(&profile, frame(&["EAN", "Customer Name", "Note"]));
        assert_eq!(
            cleaner.record("4111111111111111;;x\r\n"),
            "4111111111111111;;x\r\n",
            "a barcode column is no card"
        );
        assert!(!cleaner.stripped());
        let clean = cleaner.record("1;Erika Beispiel;\"paid; 4111 1111 1111 1111\"\n");
        assert_eq!(clean, "1;;\"paid; ****1111\"\n");
        assert!(cleaner.stripped());
    }

    #[test]
    fn elements_and_attributes_of_people_and_cards_go() {
        let profile = Profile::shipped("roqqio_6").unwrap();
        let mut cleaner = Cleaner::new(&profile, Frame::default());
        let plain = "<Transaction><ItemID Name='Tea'>4111111111111111</ItemID><A ElectronicSignature=\"false\"/></Transaction>";
        assert_eq!(cleaner.record(plain), plain);
        assert!(!cleaner.stripped());
        let clean = cleaner.record(
            "<Transaction><OperatorID OperatorName=\"Erika Beispiel\">1</OperatorID><Customer><CustomerID>2</CustomerID><Name><First>Erika</First></Name>\
             <BirthYear>1964</BirthYear></Customer><Tender><ExpirationDate>2912</ExpirationDate></Tender><T>4111111111111111</T></Transaction>",
        );
        assert_eq!(
            clean,
            "<Transaction><OperatorID OperatorName=\"\">1</OperatorID><Customer><CustomerID>2</CustomerID></Customer><Tender></Tender><T>****1111</T></Transaction>"
        );
        assert!(cleaner.stripped());
        assert_eq!(cleaner.record("<a>4111111111111111"), "<a>****1111");
    }

    #[test]
    fn json_is_redacted_like_a_document_and_text_like_text() {
        let mut cleaner = Cleaner::new(&Profile::Ndjson, Frame::default());
        assert_eq!(
            cleaner.record("{\"ext\":{\"cvv\":\"123\",\"a\":1}}"),
            "{\"ext\":{\"a\":1}}"
        );
        assert_eq!(
            cleaner.record("{broken 4111111111111111"),
            "{broken ****1111"
        );
    }
}
