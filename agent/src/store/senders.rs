//! Who handed in what names no till (counts, moves, pickups, settlements): they may read it again, as a till may read its
//! own documents. Of documents with a till nothing is kept here: their till says whose they are.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::StoreError;
use crate::store::accept::{Accepted, Outcome};

/// Notes whose token handed in documents that name no till. A duplicate stays its first sender's.
pub fn note(connection: &Connection, accepted: &[Accepted], owner: &str) -> Result<(), StoreError> {
    let new = |one: &&Accepted| !matches!(one.outcome, Outcome::Duplicate(_));
    for one in accepted.iter().filter(new) {
        connection
            .prepare_cached(
                "INSERT INTO senders (seq, code) SELECT seq, ?2 FROM documents WHERE id = ?1",
            )?
            .execute(params![one.id, owner])?;
    }
    Ok(())
}

/// Whose token handed in a document that names no till.
pub fn of(connection: &Connection, id: &str) -> Result<Option<String>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT s.code FROM documents o JOIN senders s USING (seq) WHERE o.id = ?1",
    )?;
    Ok(question.query_row([id], |row| row.get(0)).optional()?)
}
