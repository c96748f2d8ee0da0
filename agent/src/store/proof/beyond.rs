//! What stands at a destination and was never sent from here: rung up by hand, or by somebody else.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::{Difference, ReadBack};
use crate::store::StoreError;

/// Strangers that are named; more of them are one fault.
const NAMED_MAX: usize = 200;

/// What no document of this store, of whichever day, stands for.
pub fn strangers(
    connection: &Connection,
    read_back: &ReadBack,
) -> Result<Vec<Difference>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT 1 FROM documents WHERE uid = ?1 AND state <> 'withdrawn' LIMIT 1",
    )?;
    let mut known = |uid: &Uuid| {
        let found = question.query_row([uid.to_string()], |_| Ok(()));
        found.optional().map(|found| found.is_some())
    };
    let mut strangers = Vec::new();
    for (destination, there) in read_back {
        for beside in &there.beside {
            let ours = match &beside.uid {
                Some(uid) => known(uid)?,
                None => false,
            };
            if !ours {
                strangers.push(Difference {
                    key: beside.name.clone(),
                    what: format!("{destination} holds {}", beside.what),
                });
            }
        }
    }
    strangers.truncate(NAMED_MAX);
    Ok(strangers)
}
