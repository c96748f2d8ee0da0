//! Rows out of the pages of a damaged outbox into a file of the same tables.
//!
//! A row belongs to the table whose columns it fits: their number, their types, whether they may be empty. The tables
//! are asked of the new outbox, so that nothing here knows the schema by heart. Where a page that was given up still
//! holds an older version of a row, what can only come later wins: delivered and withdrawn are final.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use tillpost_shared::content;
use tillpost_shared::document::Document;
use tillpost_shared::key;
use tillpost_shared::scalar::Day;

use super::Rescued;
use super::pages::Pages;
use super::rows::{self, Row};
use crate::outbox::{Answer, State};
use crate::store::accept::Routes;
use crate::store::load::read_body;
use crate::store::{StoreError, lane, micros};

/// First what others point at.
const FIRST: [&str; 4] = ["settings", "documents", "tills", "history"];
const SECOND: [&str; 5] = ["deliveries", "origins", "tokens", "owners", "senders"];
/// Where the rows of the history are put: their chain is made anew by whoever brings them back.
pub const OLD_HISTORY: &str = "old_history";
/// Rows in one transaction.
const ROWS_MAX: usize = 5_000;

/// A table of the new outbox as its rows are stored.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Name, type and whether it may be empty, in the order of storage.
    columns: Vec<(String, String, bool)>,
    /// The column that is the rowid.
    rowid: Option<usize>,
    insert: String,
}

impl Table {
    /// A table of `target`.
    pub fn of(target: &Connection, name: &'static str) -> Result<Self, StoreError> {
        let without_rowid: bool = target.query_row(
            "SELECT wr FROM pragma_table_list WHERE name = ?1 AND schema = 'main'",
            [name],
            |row| row.get(0),
        )?;
        // A table without rowids stores its key first.
        let order = if without_rowid {
            "(pk = 0), pk, cid"
        } else {
            "cid"
        };
        let mut question = target.prepare(&format!(
            "SELECT name, type, \"notnull\" = 0 AND pk = 0, pk FROM pragma_table_info(?1) ORDER BY {order}"
        ))?;
        let found = question.query_map([name], |row| {
            let column: (String, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((column, row.get::<_, i64>(3)? > 0))
        })?;
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        let rowid = found
            .iter()
            .position(|(_, key)| *key)
            .filter(|_| !without_rowid);
        let columns: Vec<_> = found.into_iter().map(|(column, _)| column).collect();
        let names: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
        let marks: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
        let into = if name == "history" { OLD_HISTORY } else { name };
        let insert = format!(
            "INSERT OR IGNORE INTO {into} ({}) VALUES ({})",
            names.join(", "),
            marks.join(", ")
        );
        Ok(Self {
            name,
            columns,
            rowid,
            insert,
        })
    }

    /// How many columns it has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The row as this table's, or nothing when it is not one of its.
    pub fn fit(&self, row: &Row) -> Option<Vec<Value>> {
        let mut values = row.values.clone();
        if values.len() != self.columns.len() || row.rowid.is_some() != self.rowid.is_some() {
            return None;
        }
        if let (Some(column), Some(rowid)) = (self.rowid, row.rowid) {
            values[column] = Value::Integer(rowid);
        }
        let fits = values
            .iter()
            .zip(&self.columns)
            .all(|(value, (_, kind, empty))| {
                matches!(
                    (value, kind.as_str()),
                    (Value::Integer(_), "INTEGER")
                        | (Value::Text(_), "TEXT")
                        | (Value::Blob(_), "BLOB")
                ) || (*value == Value::Null && *empty)
            });
        fits.then_some(values)
    }

    fn text<'a>(&self, values: &'a [Value], column: &str) -> Option<&'a str> {
        match self.value(values, column)? {
            Value::Text(text) => Some(text),
            Value::Null | Value::Integer(_) | Value::Real(_) | Value::Blob(_) => None,
        }
    }

    fn value<'a>(&self, values: &'a [Value], column: &str) -> Option<&'a Value> {
        values.get(self.columns.iter().position(|(name, ..)| name == column)?)
    }
}

/// Fills `target` from the damaged outbox and a copy, as long as nobody says stop; answers whether it came to the end.
pub fn fill(
    target: &Connection,
    damaged: Option<&Path>,
    copy: Option<&Path>,
    rescued: &mut Rescued,
    stop: &dyn Fn() -> bool,
) -> Result<bool, StoreError> {
    target.execute_batch(&format!(
        "CREATE TABLE {OLD_HISTORY} (n INTEGER PRIMARY KEY, seq INTEGER, at INTEGER, who TEXT, what TEXT, hash BLOB);
         CREATE INDEX {OLD_HISTORY}_seq ON {OLD_HISTORY} (seq);"
    ))?;
    let count = |table: &str| {
        target.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| {
            row.get::<_, i64>(0)
        })
    };
    let mut before = 0;
    for source in [damaged, copy].into_iter().flatten() {
        before = if Some(source) == copy {
            count("documents")?
        } else {
            0
        };
        if let Ok(pages) = Pages::open(source)
            && !from_pages(target, &pages, rescued, stop)?
        {
            return Ok(false);
        }
    }
    rescued.documents = count("documents")?;
    rescued.from_copy = match copy {
        Some(_) => rescued.documents - before,
        None => 0,
    };
    settle_states(target)?;
    rescued.damaged = look_at_texts(target)?;
    rescued.tills = count("tills")?;
    Ok(true)
}

fn from_pages(
    target: &Connection,
    pages: &Pages,
    rescued: &mut Rescued,
    stop: &dyn Fn() -> bool,
) -> Result<bool, StoreError> {
    let free: HashSet<u32> = pages.free();
    let mut open = 0;
    target.execute_batch("BEGIN")?;
    for names in [&FIRST[..], &SECOND[..]] {
        let tables = names.iter().map(|name| Table::of(target, name));
        let tables: Vec<Table> = tables.collect::<Result<_, _>>()?;
        for number in (1..=pages.count).filter(|page| !free.contains(page) && !pages.is_map(*page))
        {
            if stop() {
                return Ok(false);
            }
            for row in rows::on_page(pages, number) {
                if let Some(given) = counter(&row) {
                    rescued.of = rescued.of.max(Some(given));
                }
                let fitting = tables
                    .iter()
                    .find_map(|table| Some((table, table.fit(&row)?)));
                if let Some((table, values)) = fitting {
                    keep(target, table, values)?;
                    open += 1;
                }
            }
            if open > ROWS_MAX {
                target.execute_batch("COMMIT; BEGIN")?;
                open = 0;
            }
        }
    }
    target.execute_batch("COMMIT")?;
    Ok(true)
}

/// How many documents there ever were, where the row is SQLite's own count of them.
pub fn counter(row: &Row) -> Option<i64> {
    match row.values.as_slice() {
        [Value::Text(table), Value::Integer(given)]
            if table == "documents" && row.rowid.is_some() =>
        {
            Some(*given)
        }
        _ => None,
    }
}

/// Keeps a row, or what is newer of it than what is there.
pub fn keep(target: &Connection, table: &Table, values: Vec<Value>) -> Result<(), StoreError> {
    if !plausible(target, table, &values)? {
        return Ok(());
    }
    let new = target
        .prepare_cached(&table.insert)?
        .execute(params_from_iter(&values))?;
    if new > 0 {
        return Ok(());
    }
    match table.name {
        "documents" => {
            target.prepare_cached(
                "UPDATE documents SET body = COALESCE(body, ?2), freed = MAX(freed, ?3) WHERE seq = ?1",
            )?.execute(params![
                table.value(&values, "seq"),
                table.value(&values, "body"),
                table.value(&values, "freed")
            ])?;
        }
        // Of two versions the final one is the later one; between others it is safe to send again.
        "deliveries" => {
            target.prepare_cached(
                "UPDATE deliveries SET state = ?3, reference = ?4, delivered_at = ?5, sent = 1, batch = NULL
                 WHERE destination = ?1 AND seq = ?2 AND ?3 IN ('delivered', 'withdrawn')
                     AND state NOT IN ('delivered', 'withdrawn')",
            )?.execute(params![
                table.value(&values, "destination"),
                table.value(&values, "seq"),
                table.value(&values, "state"),
                table.value(&values, "reference"),
                table.value(&values, "delivered_at")
            ])?;
        }
        _ => {}
    }
    Ok(())
}

/// Whether the row holds together, beyond its types.
fn plausible(target: &Connection, table: &Table, values: &[Value]) -> Result<bool, StoreError> {
    let known_state = || {
        let state = table.text(values, "state").and_then(State::from_word);
        state.is_some()
    };
    let document_there = || -> Result<bool, StoreError> {
        Ok(target
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE seq = ?1)")?
            .query_row([table.value(values, "seq")], |row| row.get(0))?)
    };
    Ok(match table.name {
        "documents" => {
            let uid = table
                .text(values, "key")
                .map(|key| key::uid(key).to_string());
            uid.as_deref() == table.text(values, "uid") && known_state()
        }
        "deliveries" => known_state() && document_there()?,
        "origins" | "senders" => document_there()?,
        "tokens" => {
            // Its till's own row may be lost; the till goes on all the same.
            target
                .prepare_cached("INSERT OR IGNORE INTO tills (code, added_at) VALUES (?1, 0)")?
                .execute([table.value(values, "till")])?;
            true
        }
        _ => true,
    })
}

/// A document's state follows from its deliveries, also where one of both was the older version.
fn settle_states(target: &Connection) -> Result<(), StoreError> {
    let mut question = target.prepare(
        "SELECT DISTINCT o.seq FROM documents o JOIN deliveries d USING (seq) WHERE d.state <> o.state",
    )?;
    let seqs = question.query_map([], |row| row.get(0))?;
    for seq in seqs.collect::<Result<Vec<i64>, _>>()? {
        lane::refresh_state(target, seq)?;
    }
    Ok(())
}

/// Whether a text is what was handed in. A day that the till named stands in the fingerprint where it was not the one
/// that follows from the time; which it was, only the cut-off of then would tell.
fn fits(kept: &[u8], document: &Document, date: Date) -> bool {
    let other = date.tomorrow().unwrap_or(Date::MIN);
    [date, other]
        .iter()
        .any(|default| kept == content::hash(document, Day(*default)))
}

/// Parks what would be sent and is not what was handed in: its text does not fit its fingerprint any more.
fn look_at_texts(target: &Connection) -> Result<i64, StoreError> {
    let mut question = target.prepare(
        "SELECT seq, body, business_date, content_hash FROM documents WHERE state NOT IN ('delivered', 'withdrawn')",
    )?;
    let mut found = question.query([])?;
    let mut damaged = Vec::new();
    while let Some(row) = found.next()? {
        let (body, date): (Option<String>, String) = (row.get(1)?, row.get(2)?);
        let read = body.as_deref().and_then(read_body);
        // What follows a later schema cannot be read here; the lane parks it by itself.
        let kept: Vec<u8> = row.get(3)?;
        if read
            .zip(date.parse().ok())
            .is_some_and(|(document, date)| !fits(&kept, &document, date))
        {
            damaged.push(row.get::<_, i64>(0)?);
        }
    }
    let answer = serde_json::to_string(&parked_answer());
    let answer = answer.map_err(|error| StoreError::Damaged(error.to_string()))?;
    for seq in &damaged {
        target.execute(
            "UPDATE deliveries SET state = 'parked', batch = NULL, answer = ?2 WHERE seq = ?1 AND state = 'waiting'",
            params![seq, answer],
        )?;
        target.execute(
            "UPDATE documents SET state = 'parked' WHERE seq = ?1 AND state = 'waiting'",
            [seq],
        )?;
    }
    Ok(i64::try_from(damaged.len()).unwrap_or(i64::MAX))
}

/// Why a document that was damaged is parked.
pub fn parked_answer() -> Answer {
    Answer::new(
        "damaged",
        "The document was damaged on the disk: it is not as it was handed in.",
        "Compare it with the till. Retry it if it is right all the same, else withdraw it and let the till send it again.",
    )
}

/// Finds the destinations of recovered documents that lost theirs, by today's configuration.
pub fn deliver_again(
    target: &Connection,
    routes: &Routes,
    now: Timestamp,
) -> Result<(), StoreError> {
    for route in &routes.0 {
        let kinds = route.kinds.as_ref().map(|kinds| {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            words.join(",")
        });
        target.execute(
            "INSERT OR IGNORE INTO deliveries (destination, seq, state, since, due_at, sent)
             SELECT ?1, seq, state, ?3, 0, 1 FROM documents
             WHERE state IN ('waiting', 'held', 'parked') AND (?2 IS NULL OR instr(',' || ?2 || ',', ',' || kind || ',') > 0)",
            params![route.destination, kinds, micros(now)],
        )?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "fill_tests.rs"]
mod tests;
