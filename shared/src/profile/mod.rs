//! From files of tills, scanners and spreadsheets to documents: what a profile says, applied to bytes. Pure.
//!
//! A decoder takes a file's bytes as they come and hands on [`Piece`]s: documents in the contract's shape, each with
//! its place in the file, or why it is none. Strict reading, redaction, checks and keys are [`crate::intake`]'s, the
//! same as for a till that speaks HTTP. No more than one document (of a POSLog, of a list of sales) is in memory.

pub mod clean;
pub mod decoder;
pub mod doubt;
pub mod guess;
pub mod json;
#[cfg(test)]
mod made_tests;
pub mod names;
pub mod number;
pub mod outward;
pub mod piece;
pub mod poslog;
pub mod shipped;
pub mod table;
#[cfg(test)]
mod testing;
pub mod text;
pub mod when;

use encoding_rs::Encoding;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

pub use self::decoder::Decoder;
use self::doubt::Doubt;
pub use self::piece::{Part, Piece, Spot};
use self::poslog::Poslog;
use self::table::Table;
use self::table::pair::Pair;
use self::table::survey::{self, Habits, Survey};

/// What is known of a file before it is read.
#[derive(Debug, Clone)]
pub struct About {
    /// Its name, without folders.
    pub file_name: String,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// The store's code, where the file names none.
    pub store: String,
    /// The store's currency, where the file names none.
    pub currency: String,
    /// The zone of times without an offset.
    pub zone: TimeZone,
    /// How it writes numbers and dates, where its profile leaves that to the file.
    pub habits: Habits,
}

/// How files of one kind are read.
#[derive(Debug, Clone, PartialEq)]
pub enum Profile {
    /// One JSON document, or a list.
    Json,
    /// A JSON document a line.
    Ndjson,
    /// POSLog XML.
    Poslog(Box<Poslog>),
    /// Text in columns.
    Table(Box<Table>),
    /// Text in columns, a receipt's halves in two files.
    Pair(Box<Pair>),
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(pub String);

/// What every profile's file says of itself.
#[derive(Debug, Deserialize)]
struct Kind {
    kind: String,
}

impl Profile {
    /// A shipped profile by its name.
    pub fn shipped(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "ndjson" => Some(Self::Ndjson),
            _ => {
                let text = shipped::text(name)?;
                // A test reads every one of them.
                Self::read(text).ok()
            }
        }
    }

    /// Reads a profile's file.
    ///
    /// # Errors
    /// The text is no TOML, or says what no profile says.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        let mut table: toml::Table = toml::from_str(text).map_err(|error| told(&error))?;
        let kind = Kind::deserialize(table.clone()).map_err(|_| {
            ProfileError("`kind` is missing: it may be poslog, delimited, fixed or pair".to_owned())
        })?;
        match kind.kind.as_str() {
            "poslog" => {
                table.remove("kind");
                let settings = Poslog::deserialize(table).map_err(|error| told(&error))?;
                Ok(Self::Poslog(Box::new(settings)))
            }
            "delimited" | "fixed" => {
                let settings = Table::deserialize(table).map_err(|error| told(&error))?;
                settings.check().map_err(ProfileError)?;
                Ok(Self::Table(Box::new(settings)))
            }
            "pair" => {
                let settings = Pair::deserialize(table).map_err(|error| told(&error))?;
                settings.check().map_err(ProfileError)?;
                Ok(Self::Pair(Box::new(settings)))
            }
            "price_file" => Err(ProfileError(
                "it writes files and reads none: name it in a [[price_file]]".to_owned(),
            )),
            other => Err(ProfileError(format!(
                "`{other}` is no kind of profile: it may be poslog, delimited, fixed or pair"
            ))),
        }
    }

    /// What finds out how a file with this doubt writes numbers and dates, where that has to be known before it is read.
    /// The files of a pair find it out while they are joined.
    pub fn survey(
        &self,
        doubt: Doubt,
        encoding: &'static Encoding,
        modified_at: Timestamp,
    ) -> Option<Survey<'_>> {
        match self {
            Self::Table(table) if survey::wanted(table, doubt) => {
                Some(Survey::new(table, encoding, modified_at))
            }
            Self::Table(_) | Self::Pair(_) | Self::Json | Self::Ndjson | Self::Poslog(_) => None,
        }
    }

    /// Which encoding its files have: `auto`, or a name.
    pub fn encoding(&self) -> &str {
        match self {
            Self::Json | Self::Ndjson => "utf-8",
            Self::Poslog(_) => "auto",
            Self::Table(table) => &table.encoding,
            Self::Pair(pair) => &pair.headers.table.encoding,
        }
    }

    /// Which encoding is taken where nothing in the file says.
    pub fn encoding_fallback(&self) -> &str {
        match self {
            Self::Json | Self::Ndjson | Self::Poslog(_) => "windows-1252",
            Self::Table(table) => &table.encoding_fallback,
            Self::Pair(pair) => &pair.headers.table.encoding_fallback,
        }
    }
}

fn told(error: &toml::de::Error) -> ProfileError {
    ProfileError(error.message().replace('\n', ", "))
}
