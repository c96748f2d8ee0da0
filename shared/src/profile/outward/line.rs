//! From a row to its line: numbers and times as the till reads them, quotes or widths, and why a row cannot be written.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::rows::{Field, Row, Value};
use super::{Align, Column, Outward};
use crate::profile::number::Sign;
use crate::profile::table::Layout;

/// Why a row is not in the file: its key, the column, and what does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The row's key.
    pub key: String,
    /// The column.
    pub column: String,
    /// What does not fit.
    pub why: &'static str,
}

/// What a row's column `change` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    New,
    /// It was another one.
    Changed,
    /// It is not there any more.
    Gone,
}

impl Change {
    const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}

/// The cells of a row as text; the one that says what changed is filled in by [`text`].
///
/// # Errors
/// A price or a code does not fit into its column. It is never cut: it would be another one.
pub fn cells(outward: &Outward, row: &Row<'_>, zone: &TimeZone) -> Result<Vec<String>, Left> {
    let cell = |column: &Column| {
        let value = match (&column.text, column.field) {
            (Some(text), _) => Value::Words(text.clone()),
            (None, Some(field)) => row.value(field),
            (None, None) => Value::Empty,
        };
        written(outward, column, value, zone).map_err(|why| Left {
            key: row.key.clone(),
            column: column.name.clone(),
            why,
        })
    };
    outward.columns.iter().map(cell).collect()
}

fn written(
    outward: &Outward,
    column: &Column,
    value: Value,
    zone: &TimeZone,
) -> Result<String, &'static str> {
    let (text, cut) = match value {
        Value::Empty => (String::new(), true),
        Value::Words(text) => (text, true),
        Value::Code(text) => (text, false),
        Value::Money(amount, least) => (number(outward, column, amount, least)?, false),
        Value::Number(number) => (self::number(outward, column, number, 0)?, false),
        Value::At(at) => (time(outward, at, zone)?, false),
    };
    let named = column.map.get(&text).or_else(|| column.map.get("*"));
    let text = named.cloned().unwrap_or(text);
    // A line's end within a text would be one of the file's.
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let len = column.len.unwrap_or(usize::MAX);
    if text.chars().count() <= len {
        return Ok(text);
    }
    if cut {
        return Ok(text.chars().take(len).collect());
    }
    Err("it is longer than the column")
}

fn number(
    outward: &Outward,
    column: &Column,
    number: Decimal,
    least: u32,
) -> Result<String, &'static str> {
    let plain = number.normalize();
    let scale = column
        .decimals
        .or(column.implied_decimals)
        .unwrap_or_else(|| plain.scale().max(least));
    if plain.scale() > scale {
        return Err("it has more decimals than the column");
    }
    let mut exact = plain;
    exact.rescale(scale);
    let text = exact.to_string();
    Ok(match (column.implied_decimals, outward.decimal) {
        (Some(_), _) => {
            let digits = text.replace('.', "");
            let bare = digits.trim_start_matches(['0', '-']);
            let sign = if digits.starts_with('-') { "-" } else { "" };
            format!("{sign}{}", if bare.is_empty() { "0" } else { bare })
        }
        (None, Sign::Comma) => text.replace('.', ","),
        (None, Sign::Point | Sign::Auto) => text,
    })
}

fn time(outward: &Outward, at: Timestamp, zone: &TimeZone) -> Result<String, &'static str> {
    let local = at.to_zoned(zone.clone());
    strtime::format(&outward.time, &local).map_err(|_| "the time cannot be written")
}

/// The row that names the columns.
pub fn header(outward: &Outward) -> String {
    let names: Vec<String> = outward
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    joined(outward, &names)
}

/// A row's line, with its end.
pub fn text(outward: &Outward, cells: &[String], change: Change) -> String {
    let told = |(column, cell): (&Column, &String)| {
        if column.field != Some(Field::Change) {
            return cell.clone();
        }
        let word = change.word();
        let named = column.map.get(word).or_else(|| column.map.get("*"));
        named.map_or(word, String::as_str).to_owned()
    };
    let cells: Vec<String> = outward.columns.iter().zip(cells).map(told).collect();
    joined(outward, &cells)
}

fn joined(outward: &Outward, cells: &[String]) -> String {
    let mut line = String::new();
    for (index, (column, cell)) in outward.columns.iter().zip(cells).enumerate() {
        match outward.form {
            Layout::Fixed => padded(column, cell, &mut line),
            Layout::Delimited => {
                if index > 0 {
                    line.push(outward.delimiter);
                }
                quoted(outward, cell, &mut line);
            }
        }
    }
    line + &outward.line_end
}

fn padded(column: &Column, cell: &str, line: &mut String) {
    let len = column.len.unwrap_or_default();
    let cell: String = cell.chars().take(len).collect();
    let fill = column.pad.to_string().repeat(len - cell.chars().count());
    // An empty number is no zero.
    let fill = if cell.is_empty() {
        " ".repeat(len)
    } else {
        fill
    };
    match column.align {
        Align::Left => line.extend([cell.as_str(), &fill]),
        Align::Right => line.extend([fill.as_str(), &cell]),
    }
}

fn quoted(outward: &Outward, cell: &str, line: &mut String) {
    let Some(quote) = outward.quote.chars().next() else {
        line.push_str(&cell.replace(outward.delimiter, " "));
        return;
    };
    let edge = cell.starts_with(' ') || cell.ends_with(' ');
    let needed = edge || cell.contains(outward.delimiter) || cell.contains(quote);
    if !needed && !outward.quote_all {
        line.push_str(cell);
        return;
    }
    line.push(quote);
    for c in cell.chars() {
        if c == quote {
            line.push(quote);
        }
        line.push(c);
    }
    line.push(quote);
}
