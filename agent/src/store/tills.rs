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

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Token {
    /// Whose it is: a till's, or a store server's that is no till itself.
    pub owner: String,
    /// The tills it speaks for.
    pub tills: Vec<String>,
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Whether there was a till of that code.
    pub till: bool,
    /// The tills for which its token spoke, itself included.
    pub token_of: Vec<String>,
}

/// Adds tills for which the token of `owner` speaks. Adding again replaces that token, and nobody else's; tills that are
/// there already keep their documents and their own tokens.
pub fn add(
    connection: &Connection,
    owner: &str,
    codes: &[String],
    series: Option<&str>,
    token: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    revoke(connection, owner)?;
    connection.execute(
        "INSERT INTO owners (code, hash) VALUES (?1, ?2)",
        params![owner, hash(token)],
    )?;
    for code in codes {
        connection.execute(
            "INSERT INTO tills (code, series, added_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (code) DO UPDATE SET series = COALESCE(?2, series)",
            params![code, series, micros(now)],
        )?;
        connection.execute(
            "INSERT INTO tokens (hash, till) VALUES (?1, ?2)",
            params![hash(token), code],
        )?;
        history::add(connection, None, "it", &format!("till {code} added"), now)?;
    }
    if !codes.iter().any(|code| code == owner) {
        let what = format!("token of {owner} made, for {}", codes.join(", "));
        history::add(connection, None, "it", &what, now)?;
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

/// Takes a till away and the token that was made under its name, for every till that it speaks for; documents stay, and so
/// do the other tills. `None` when there is neither.
pub fn remove(
    connection: &Connection,
    code: &str,
    now: Timestamp,
) -> Result<Option<Removed>, StoreError> {
    let token_of = revoke(connection, code)?;
    let till = connection.execute("DELETE FROM tills WHERE code = ?1", [code])? > 0;
    let Some(token_of) = token_of.or_else(|| till.then(Vec::new)) else {
        return Ok(None);
    };
    if till {
        history::add(connection, None, "it", &format!("till {code} removed"), now)?;
    } else {
        let what = format!("token of {code} taken back");
        history::add(connection, None, "it", &what, now)?;
    }
    Ok(Some(Removed { till, token_of }))
}

/// Makes the token of an owner worthless, for whichever tills it spoke; answers for which, `None` when there was none.
fn revoke(connection: &Connection, owner: &str) -> Result<Option<Vec<String>>, StoreError> {
    let hash: Option<Vec<u8>> = connection
        .prepare_cached("SELECT hash FROM owners WHERE code = ?1")?
        .query_row([owner], |row| row.get(0))
        .optional()?;
    let Some(hash) = hash else {
        return Ok(None);
    };
    let tills = speaks_for(connection, &hash)?;
    connection.execute("DELETE FROM tokens WHERE hash = ?1", [&hash])?;
    connection.execute("DELETE FROM owners WHERE code = ?1", [owner])?;
    Ok(Some(tills))
}

/// What a token stands for; `None` for one that nobody was given, and for one that speaks for no till any more.
pub fn of_token(connection: &Connection, token: &str) -> Result<Option<Token>, StoreError> {
    let hash = hash(token);
    let tills = speaks_for(connection, &hash)?;
    let Some(first) = tills.first() else {
        return Ok(None);
    };
    let owner = connection
        .prepare_cached("SELECT code FROM owners WHERE hash = ?1")?
        .query_row([&hash], |row| row.get(0))
        .optional()?;
    // A damaged outbox may have lost whose it is.
    let owner = owner.unwrap_or_else(|| first.clone());
    Ok(Some(Token { owner, tills }))
}

/// Every token: whose it is, and for which tills it speaks.
pub fn tokens(connection: &Connection) -> Result<Vec<Token>, StoreError> {
    let known = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'owners')";
    // The service has not yet brought an older outbox up to date.
    if !connection.query_row(known, [], |row| row.get(0))? {
        return Ok(Vec::new());
    }
    let mut question = connection.prepare_cached("SELECT code, hash FROM owners ORDER BY code")?;
    let owners = question.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let owners: Vec<(String, Vec<u8>)> = owners.collect::<Result<_, _>>()?;
    let token = |(owner, hash): (String, Vec<u8>)| {
        let tills = speaks_for(connection, &hash)?;
        Ok(Token { owner, tills })
    };
    owners.into_iter().map(token).collect()
}

fn speaks_for(connection: &Connection, hash: &[u8]) -> Result<Vec<String>, StoreError> {
    let mut question = connection.prepare_cached("SELECT till FROM tokens WHERE hash = ?1")?;
    let rows = question.query_map([hash], |row| row.get(0))?;
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
