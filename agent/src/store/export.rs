//! The way out when no line comes back: every document as the `folder` destination would write it, with its key and
//! uid, so that whoever reads the file can tell what it has already.

use rusqlite::Connection;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::store::{StoreError, money};

/// Which documents leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that have not arrived everywhere: waiting, parked, held.
    Undelivered,
    /// All of them.
    All,
}

/// A document on its way out.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// What happened.
    pub kind: String,
    /// In which currency.
    pub currency: Option<String>,
    /// What it comes to.
    pub total: Option<Decimal>,
    /// As stored, with `id`, `key` and `uid` in front; `None` once its body's time is over.
    pub line: Option<String>,
}

/// Calls `take` with every document, oldest stored first, as they were at one moment.
pub fn each<E: From<StoreError>>(
    connection: &Connection,
    which: Which,
    mut take: impl FnMut(Leaving) -> Result<(), E>,
) -> Result<(), E> {
    let states = match which {
        Which::Undelivered => "WHERE state IN ('waiting', 'parked', 'held')",
        Which::All => "",
    };
    // One statement is one moment: what the service writes meanwhile is not seen.
    let mut question = connection
        .prepare(&format!(
            "SELECT id, key, uid, kind, currency, total, body FROM documents {states} ORDER BY seq"
        ))
        .map_err(StoreError::from)?;
    let mut rows = question.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        take(leaving(row)?)?;
    }
    Ok(())
}

fn leaving(row: &rusqlite::Row<'_>) -> Result<Leaving, StoreError> {
    let id: String = row.get(0)?;
    let total: Option<i64> = row.get(5)?;
    let body: Option<String> = row.get(6)?;
    let mut line = None;
    if let Some(body) = body {
        let unreadable = |_| StoreError::Damaged(format!("the body of the document {id}"));
        let stored: Map<String, Value> = serde_json::from_str(&body).map_err(unreadable)?;
        let mut out = Map::new();
        out.insert("id".to_owned(), id.clone().into());
        out.insert("key".to_owned(), row.get::<_, String>(1)?.into());
        out.insert("uid".to_owned(), row.get::<_, String>(2)?.into());
        out.extend(stored);
        line = Some(Value::Object(out).to_string());
    }
    Ok(Leaving {
        kind: row.get(3)?,
        currency: row.get(4)?,
        total: total.map(money),
        line,
    })
}
