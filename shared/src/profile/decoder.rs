//! The one way into all decoders: bytes in as they come, documents out.

use encoding_rs::Encoding;

use super::clean::Frame;
use super::json::Documents;
use super::poslog::Reader as PoslogReader;
use super::table::Reader as TableReader;
use super::text::Text;
use super::{About, Piece, Profile, Spot};
use crate::problem::Problem;

/// Reads one file.
pub struct Decoder {
    text: Text,
    form: Form,
    pending: String,
    broken: Option<(Spot, Problem)>,
}

enum Form {
    Json(Documents),
    Poslog(Box<PoslogReader>),
    Table(Box<TableReader>),
}

impl Decoder {
    /// Reads a file of this profile and encoding.
    pub fn new(profile: &Profile, about: About, encoding: &'static Encoding) -> Self {
        let form = match profile {
            Profile::Json => Form::Json(Documents::whole()),
            Profile::Ndjson => Form::Json(Documents::lines()),
            Profile::Poslog(settings) => {
                let settings = (**settings).clone();
                Form::Poslog(Box::new(PoslogReader::new(settings, about)))
            }
            Profile::Table(settings) => {
                let settings = (**settings).clone();
                Form::Table(Box::new(TableReader::new(settings, about)))
            }
            // Half of a pair by itself is what its lines say; both together are joined elsewhere.
            Profile::Pair(pair) => {
                let settings = pair.lines.table.clone();
                Form::Table(Box::new(TableReader::new(settings, about)))
            }
        };
        Self {
            text: Text::new(encoding),
            form,
            pending: String::new(),
            broken: None,
        }
    }

    /// Takes the next bytes; what is whole goes to `out`. After the file broke, nothing more does.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Piece>) {
        self.read(bytes, false, out);
    }

    /// The end of the file.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        self.read(&[], true, out);
    }

    /// Why the file cannot be read to its end, and where. The documents before that place are good.
    pub fn broken(&self) -> Option<&(Spot, Problem)> {
        self.broken.as_ref()
    }

    /// What stands around the records, as far as it has been read.
    pub fn frame(&self) -> Frame {
        match &self.form {
            Form::Json(documents) => documents.frame(),
            Form::Poslog(reader) => reader.frame(),
            Form::Table(reader) => reader.frame(),
        }
    }

    fn read(&mut self, bytes: &[u8], last: bool, out: &mut Vec<Piece>) {
        if self.broken.is_some() {
            return;
        }
        self.pending.clear();
        self.text.feed(bytes, last, &mut self.pending);
        let read = match &mut self.form {
            Form::Json(documents) => documents.feed(&self.pending, out),
            Form::Poslog(reader) => reader.feed(&self.pending, out),
            Form::Table(reader) => reader.feed(&self.pending, out),
        };
        let read = match (&mut self.form, read, last) {
            (_, Err(broken), _) => Err(broken),
            (_, Ok(()), false) => Ok(()),
            (Form::Json(documents), Ok(()), true) => documents.finish(out),
            (Form::Poslog(reader), Ok(()), true) => reader.finish(),
            (Form::Table(reader), Ok(()), true) => reader.finish(out),
        };
        self.broken = read.err();
    }
}
