//! What was gathered from a damaged outbox, read a piece at a time. Rows are taken by the names of their columns, so that
//! nothing here knows the schema by heart.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::fill::OLD_HISTORY;
use crate::store::StoreError;

/// Documents in one commit: some milliseconds, which hardly delay a till.
const DOCUMENTS_MAX: i64 = 100;

/// A row by the names of its columns.
#[derive(Debug, Clone)]
pub struct Row {
    names: Vec<String>,
    values: Vec<Value>,
}

/// Documents that come back together.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The documents, the oldest first.
    pub documents: Vec<Recovered>,
    /// The number of the last one.
    pub after: i64,
}

/// A document with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// Its number.
    pub seq: i64,
    /// Itself.
    pub document: Row,
    /// Where it goes.
    pub deliveries: Vec<Row>,
    /// What it gives back or undoes.
    pub origins: Vec<Row>,
    /// Whose token handed it in, where it names no till.
    pub senders: Vec<Row>,
    /// Its life, the oldest first.
    pub history: Vec<Row>,
}

/// Opens a gathered file for reading.
pub fn open(gathered: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(gathered, flags)?)
}

/// The documents after the number `after` in a gathered file; none when all were read.
pub fn next_piece(gathered: &Path, after: i64) -> Result<Option<Piece>, StoreError> {
    let from = open(gathered)?;
    let wanted = "SELECT * FROM documents WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let found = rows(&from, wanted, [after, DOCUMENTS_MAX])?;
    let of = |table: &str, seq| {
        rows(
            &from,
            &format!("SELECT * FROM {table} WHERE seq = ?1 ORDER BY 1, 2"),
            [seq],
        )
    };
    let mut documents = Vec::with_capacity(found.len());
    for document in found {
        let seq = document.integer("seq").unwrap_or(0);
        documents.push(Recovered {
            seq,
            deliveries: of("deliveries", seq)?,
            origins: of("origins", seq)?,
            senders: of("senders", seq)?,
            history: of(OLD_HISTORY, seq)?,
            document,
        });
    }
    let last = documents.last().map(|last| last.seq);
    Ok(last.map(|after| Piece { documents, after }))
}

impl Recovered {
    /// One more row of its history, of the moment of the last one.
    pub fn note(&mut self, who: &str, what: &str) {
        if let Some(mut row) = self.history.last().cloned() {
            row.set("who", Value::Text(who.to_owned()));
            row.set("what", Value::Text(what.to_owned()));
            self.history.push(row);
        }
    }
}

impl Row {
    /// A column's value.
    pub fn value(&self, name: &str) -> &Value {
        let at = self.names.iter().position(|known| known == name);
        at.and_then(|at| self.values.get(at))
            .unwrap_or(&Value::Null)
    }

    /// A column's text; empty where it has none.
    pub fn text(&self, name: &str) -> String {
        match self.value(name) {
            Value::Text(text) => text.clone(),
            Value::Null | Value::Integer(_) | Value::Real(_) | Value::Blob(_) => String::new(),
        }
    }

    /// A column's number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Value::Integer(number) => Some(*number),
            Value::Null | Value::Text(_) | Value::Real(_) | Value::Blob(_) => None,
        }
    }

    /// Gives a column another value.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(at) = self.names.iter().position(|known| known == name) {
            self.values[at] = value;
        }
    }

    /// Puts it into a table as `how` says.
    pub fn insert(&self, writer: &Connection, how: &str, table: &str) -> Result<(), StoreError> {
        let marks: Vec<String> = (1..=self.names.len()).map(|n| format!("?{n}")).collect();
        let sql = format!(
            "{how} INTO {table} ({}) VALUES ({})",
            self.names.join(", "),
            marks.join(", ")
        );
        writer
            .prepare_cached(&sql)?
            .execute(params_from_iter(&self.values))?;
        Ok(())
    }
}

/// Rows of a gathered file.
pub fn rows<const N: usize>(
    from: &Connection,
    question: &str,
    of: [i64; N],
) -> Result<Vec<Row>, StoreError> {
    let mut question = from.prepare_cached(question)?;
    let names: Vec<String> = question.column_names().map(str::to_owned).collect();
    let found = question.query_map(params_from_iter(of), |row| {
        let values = (0..names.len()).map(|at| row.get(at));
        Ok(Row {
            names: names.clone(),
            values: values.collect::<Result<_, _>>()?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
