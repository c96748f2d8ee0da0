//! What waits for a time of day, in figures: how much, and since when something else keeps it. Only asked where a
//! destination has a window.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;
use tillpost_shared::config::{Config, Destination};
use tillpost_shared::document::Kind;

use crate::outbox::window::Bulk;
use crate::store::{StoreError, timestamp};

/// The destinations by name, and what waits there for a time of day.
pub type Windows = BTreeMap<String, Option<Bulk>>;

/// So many kinds can wait.
const KINDS_MAX: usize = Kind::CAN_WAIT.len();

/// Documents that wait for nothing but their window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InWindow {
    /// How many.
    pub waiting: i64,
    /// When it opens.
    pub opens_at: Timestamp,
}

/// What waits where, by the configuration.
pub fn windows_of(config: &Config) -> Windows {
    let zone = config.store.zone();
    let destinations = config.destinations.iter();
    let bulk = |one: &Destination| (one.name.clone(), Bulk::of(one, &zone));
    destinations.map(bulk).collect()
}

/// Kinds as words for a statement.
pub(super) fn words(kinds: impl IntoIterator<Item = Kind>) -> [&'static str; KINDS_MAX] {
    let mut words = [""; KINDS_MAX];
    for (word, kind) in words.iter_mut().zip(kinds) {
        *word = kind.as_str();
    }
    words
}

/// The kinds that wait for a time of day somewhere.
pub(super) fn kinds_of(windows: &Windows) -> Vec<Kind> {
    let bulks = || windows.values().flatten();
    let somewhere = |kind: &Kind| bulks().any(|bulk| bulk.names(*kind));
    Kind::CAN_WAIT.into_iter().filter(somewhere).collect()
}

/// Those at a destination that wait for nothing but its window; `None` while it is open, and when there are none.
pub(super) fn in_window(
    connection: &Connection,
    destination: &str,
    windows: &Windows,
    now: Timestamp,
) -> Result<Option<InWindow>, StoreError> {
    let bulk = windows.get(destination).and_then(Option::as_ref);
    let Some(bulk) = bulk.filter(|bulk| !bulk.window().is_open(now)) else {
        return Ok(None);
    };
    let [a, b, c, d, e] = words(bulk.kinds().iter().copied());
    let mut question = connection.prepare_cached(
        "SELECT COUNT(*) FROM documents o INDEXED BY documents_state CROSS JOIN deliveries d USING (seq)
         WHERE o.state IN ('waiting', 'parked', 'held') AND o.state <> 'delivered' AND o.kind IN (?2, ?3, ?4, ?5, ?6)
           AND d.destination = ?1 AND d.state = 'waiting' AND d.sent = 0 AND d.due_at >= 0 AND d.batch IS NULL",
    )?;
    let waiting = question.query_row(params![destination, a, b, c, d, e], |row| row.get(0))?;
    let opens_at = bulk.window().open_from(now);
    Ok((waiting > 0).then_some(InWindow { waiting, opens_at }))
}

/// Since when the oldest document of the kinds that wait for a time of day somewhere waits for more than that.
pub(super) fn kept_since(
    connection: &Connection,
    windows: &Windows,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let somewhere = kinds_of(windows);
    if somewhere.is_empty() {
        return Ok(None);
    }
    let mut oldest = None;
    let mut older = |at: Option<Timestamp>| oldest = [oldest, at].into_iter().flatten().min();
    for (destination, bulk) in windows {
        let waits = |kind: &Kind| bulk.as_ref().is_some_and(|bulk| bulk.names(*kind));
        let (here, at_once): (Vec<Kind>, Vec<Kind>) = somewhere.iter().copied().partition(waits);
        older(first_of(connection, destination, &at_once)?);
        let received = first_of(connection, destination, &here)?;
        // The later it came the later it counts, so that the first tells for all.
        let since = bulk.as_ref().zip(received);
        older(since.and_then(|(bulk, received)| bulk.window().kept_since(received, now)));
    }
    Ok(oldest)
}

/// Since when a document that a destination does not take yet could have been tried there: nobody has refused what only
/// waited for its time of day.
pub(super) fn could_go_since(
    windows: &Windows,
    (destination, kind): (&str, &str),
    since: Timestamp,
    now: Timestamp,
) -> Timestamp {
    let bulk = windows.get(destination).and_then(Option::as_ref);
    let waits = |bulk: &&Bulk| Kind::from_word(kind).is_some_and(|kind| bulk.names(kind));
    let Some(bulk) = bulk.filter(waits) else {
        return since;
    };
    bulk.window().open_from(since).min(now)
}

/// When the first of these kinds came that waits there: numbers follow the order of storing.
fn first_of(
    connection: &Connection,
    destination: &str,
    kinds: &[Kind],
) -> Result<Option<Timestamp>, StoreError> {
    let [a, b, c, d, e] = words(kinds.iter().copied());
    let mut question = connection.prepare_cached(
        "SELECT o.received_at FROM documents o INDEXED BY documents_state CROSS JOIN deliveries d USING (seq)
         WHERE o.state = 'waiting' AND o.state <> 'delivered' AND o.kind IN (?2, ?3, ?4, ?5, ?6)
           AND d.destination = ?1 AND d.state = 'waiting' ORDER BY o.seq LIMIT 1",
    )?;
    let mut rows = question.query(params![destination, a, b, c, d, e])?;
    Ok(rows
        .next()?
        .map(|row| row.get(0))
        .transpose()?
        .map(timestamp))
}
