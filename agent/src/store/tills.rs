//! The tills that may hand over documents, and their tokens. A token is shown once; only its hash is kept.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::store::{StoreError, history, micros, timestamp};

/// A till that was added.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Till {
    /// Its code.
    pub code: String,
    /// The series of its documents that name none.
    pub series: Option<String>,
    /// When it was added.
    pub added_at: Timestamp,
}

/// Adds tills that share `token`; adding one again gives it another token and keeps its documents.
pub fn add(
    connection: &Connection,
    codes: &[String],
    series: Option<&str>,
    token: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for code in codes {
        connection.execute(
            "INSERT INTO tills (code, series, added_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (code) DO UPDATE SET series = COALESCE(?2, series)",
            params![code, series, micros(now)],
        )?;
        connection.execute("DELETE FROM tokens WHERE till = ?1", [code])?;
        connection.execute(
            "INSERT INTO tokens (hash, till) VALUES (?1, ?2)",
            params![hash(token), code],
        )?;
        history::add(connection, None, "it", &format!("till {code} added"), now)?;
    }
    Ok(())
}

/// Every till, by code.
pub fn list(connection: &Connection) -> Result<Vec<Till>, StoreError> {
    let mut question =
        connection.prepare_cached("SELECT code, series, added_at FROM tills ORDER BY code")?;
    let rows = question.query_map([], |row| {
        Ok(Till {
            code: row.get(0)?,
            series: row.get(1)?,
            added_at: timestamp(row.get(2)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes a till and its token away; its documents stay. Answers whether there was one.
pub fn remove(connection: &Connection, code: &str, now: Timestamp) -> Result<bool, StoreError> {
    let removed = connection.execute("DELETE FROM tills WHERE code = ?1", [code])? > 0;
    if removed {
        history::add(connection, None, "it", &format!("till {code} removed"), now)?;
    }
    Ok(removed)
}

/// The tills a token speaks for; empty for a token that nobody was given.
pub fn of_token(connection: &Connection, token: &str) -> Result<Vec<String>, StoreError> {
    let mut question = connection.prepare_cached("SELECT till FROM tokens WHERE hash = ?1")?;
    let rows = question.query_map([hash(token)], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A setting of the agent's own, such as its install id or a login's hash.
pub fn setting(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Keeps a setting.
pub fn set_setting(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        [name, value],
    )?;
    Ok(())
}

/// A token is 256 random bits, so that a plain hash cannot be turned back.
fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
