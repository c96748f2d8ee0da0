//! How the outbox moves: what each till rang up on a day and how much of it has gone, what came in and went out by the
//! hour and by the day, and how fast it goes just now. For the status page and its charts; read from indices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use rust_decimal::Decimal;

use crate::store::{StoreError, micros, sum};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// What a till did on a trading day: sales, returns and voids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillDay {
    /// Its code.
    pub till: String,
    /// Documents stored; withdrawn ones do not count.
    pub rung_up: i64,
    /// What they come to; a void counts as minus what it undoes.
    pub amount: Decimal,
    /// Those that arrived everywhere.
    pub sent: i64,
}

/// What each till did on a trading day, in the store's currency.
///
/// # Errors
/// When the store cannot be read.
pub fn tills_of(
    connection: &Connection,
    date: Date,
    currency: &str,
) -> Result<Vec<TillDay>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT till, COUNT(*), SUM(amount / 1000000), SUM(amount % 1000000), COUNT(*) FILTER (WHERE state = 'delivered')
         FROM (SELECT till, state,
                   CASE WHEN kind IN ('sale', 'return') AND currency = ?2 THEN total WHEN kind = 'void' THEN
                       (SELECT -u.total FROM origins g CROSS JOIN documents u ON u.uid = g.uid
                        WHERE g.seq = documents.seq AND u.freed = 0 AND u.state <> 'withdrawn' AND u.currency = ?2 LIMIT 1)
                       END AS amount
               FROM documents INDEXED BY documents_day
               WHERE business_date = ?1 AND kind IN ('sale', 'return', 'void') AND state <> 'withdrawn')
         GROUP BY till ORDER BY till",
    )?;
    let rows = question.query_map(params![date.to_string(), currency], |row| {
        Ok(TillDay {
            till: row.get(0)?,
            rung_up: row.get(1)?,
            amount: sum(row.get(2)?, row.get(3)?),
            sent: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many documents of each kind a trading day has.
///
/// # Errors
/// When the store cannot be read.
pub fn kinds_of(connection: &Connection, date: Date) -> Result<Vec<(String, i64)>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT kind, COUNT(*) FROM documents WHERE business_date = ?1 GROUP BY kind ORDER BY kind",
    )?;
    let rows = question.query_map([date.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deliveries made since a moment, over all destinations.
///
/// # Errors
/// When the store cannot be read.
pub fn sent_since(
    connection: &Connection,
    destinations: &[String],
    since: Timestamp,
) -> Result<i64, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT COUNT(*) FROM deliveries WHERE destination = ?1 AND delivered_at >= ?2",
    )?;
    let mut sent = 0;
    for name in destinations {
        sent += question.query_row(params![name, micros(since)], |row| row.get::<_, i64>(0))?;
    }
    Ok(sent)
}

/// What came in and went out in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Documents stored.
    pub received: i64,
    /// Of the hours: deliveries made then. Of the days: documents of that day that have arrived everywhere.
    pub sent: i64,
}

/// So many hours from a moment on, oldest first. What a clock that jumped put elsewhere is left out.
///
/// # Errors
/// When the store cannot be read.
pub fn hours(
    connection: &Connection,
    destinations: &[String],
    from: Timestamp,
    count: usize,
) -> Result<Vec<Flow>, StoreError> {
    let mut flows = vec![Flow::default(); count];
    let place = |hour: i64| usize::try_from(hour).ok().filter(|n| *n < count);
    // `seq` follows the order of storing, so that only these hours' rows are read.
    let mut received = connection.prepare_cached(
        "SELECT (received_at - ?1) / ?2, COUNT(*) FROM documents WHERE received_at >= ?1 AND seq > COALESCE(
             (SELECT seq FROM documents WHERE received_at < ?1 ORDER BY seq DESC LIMIT 1), 0) GROUP BY 1",
    )?;
    let mut rows = received.query(params![micros(from), HOUR])?;
    while let Some(row) = rows.next()? {
        if let Some(n) = place(row.get(0)?) {
            flows[n].received += row.get::<_, i64>(1)?;
        }
    }
    let mut sent = connection.prepare_cached(
        "SELECT (delivered_at - ?1) / ?2, COUNT(*) FROM deliveries
         WHERE destination = ?3 AND delivered_at >= ?1 GROUP BY 1",
    )?;
    for name in destinations {
        let mut rows = sent.query(params![micros(from), HOUR, name])?;
        while let Some(row) = rows.next()? {
            if let Some(n) = place(row.get(0)?) {
                flows[n].sent += row.get::<_, i64>(1)?;
            }
        }
    }
    Ok(flows)
}

/// Trading days from a day on.
///
/// # Errors
/// When the store cannot be read.
pub fn days(connection: &Connection, from: Date) -> Result<BTreeMap<String, Flow>, StoreError> {
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    let mut all = connection.prepare_cached(
        "SELECT business_date, COUNT(*) FROM documents WHERE business_date >= ?1 GROUP BY business_date",
    )?;
    let mut rows = all.query([from.to_string()])?;
    while let Some(row) = rows.next()? {
        let received: i64 = row.get(1)?;
        let flow = Flow {
            received,
            sent: received,
        };
        flows.insert(row.get(0)?, flow);
    }
    let mut missing = connection.prepare_cached(
        "SELECT business_date, COUNT(*) FROM documents INDEXED BY documents_state
         WHERE state <> 'delivered' AND business_date >= ?1 GROUP BY business_date",
    )?;
    let mut rows = missing.query([from.to_string()])?;
    while let Some(row) = rows.next()? {
        if let Some(flow) = flows.get_mut(&row.get::<_, String>(0)?) {
            flow.sent -= row.get::<_, i64>(1)?;
        }
    }
    Ok(flows)
}
