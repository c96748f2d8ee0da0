//! When a row's receipt happened, and until when its goods keep.

use jiff::tz::TimeZone;

use super::columns::Bad;
use super::gather::Gather;
use super::receipt::Lot;
use super::rows::Row;
use super::zones;
use crate::problem::{Code, Problem};
use crate::profile::when::{self, Order, Written};

/// Said of a time whose zone has a name that nobody knows.
const ZONE_UNKNOWN: &str = "the file names a time zone that is not known, so the store's is taken: name it under [date] zone_names";
/// Characters of a date without its time.
const DATE_LENGTH: usize = 10;

impl Gather<'_> {
    /// The day of a row as the file writes it: rows of one number on two days are two receipts.
    pub fn day(&self, row: &Row) -> String {
        let text = self.columns.date_text(row, self.table);
        let day = text.split([' ', 'T']).next();
        day.unwrap_or_default().to_owned()
    }

    /// When it happened, if the row says.
    pub fn when(&self, row: &Row) -> Result<Option<when::When>, Bad> {
        let dates = &self.table.date;
        let text = self.columns.date_text(row, self.table);
        if text.is_empty() {
            return Ok(None);
        }
        let named = dates
            .zone_col
            .as_ref()
            .and_then(|column| self.columns.cell(row, column, self.table));
        let known = |name: &str| {
            let own = dates.zone_names.get(name).map(String::as_str);
            let name = own.or_else(|| zones::iana(name)).unwrap_or(name);
            TimeZone::get(name).ok()
        };
        let stated = named.map(known);
        let default = || {
            dates
                .zone
                .as_deref()
                .and_then(|name| TimeZone::get(name).ok())
        };
        let zone = stated.clone().flatten().or_else(default);
        let zone = zone.as_ref().unwrap_or(&self.about.zone);
        let when = when::formatted(&text, self.written(), zone);
        let column = dates.cols.first().and_then(|name| self.columns.index(name));
        let message = "the columns of date and time hold no date that the profile knows";
        let mut when = when.ok_or_else(|| Bad {
            problem: Problem::refused(Code::BadValue, "occurred_at", message),
            column,
        })?;
        if let Some(None) = stated {
            when.odd = when.odd.or(Some(ZONE_UNKNOWN));
        }
        Ok(Some(when))
    }

    /// How the file writes its times.
    fn written(&self) -> Written<'_> {
        let dates = &self.table.date;
        let dollars = self.about.currency == "USD";
        Written {
            formats: &dates.formats,
            excel: dates.excel_serial,
            order: self.about.habits.order,
            leaning: dollars.then_some(Order::MonthFirst),
        }
    }

    /// The lot, the serial number and the expiry that a row names.
    pub fn lot(&self, row: &Row) -> Lot {
        let text = |field: &str| {
            let text = self.columns.text(row, field, self.table);
            text.map(str::to_owned)
        };
        Lot {
            lot: text("lot"),
            serial: text("serial"),
            expiry: text("expiry").map(|text| self.date(&text)),
        }
    }

    /// A date as documents write it; what is none stays as it is, and is refused by the reader of documents.
    pub fn date(&self, text: &str) -> String {
        let read = when::formatted(text, self.written(), &TimeZone::UTC);
        read.map_or_else(
            || text.to_owned(),
            |when| when.text.chars().take(DATE_LENGTH).collect(),
        )
    }
}
