//! How the outbox stands, in figures: what the status page, the metrics and `doctor` tell. Asked often and beside the
//! writer, so that every question here is answered from an index or from today's documents alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use rust_decimal::Decimal;
use tillpost_shared::problem::{Level, Problem};

use crate::outbox::Answer;
use crate::store::windows::{self, InWindow, Windows};
use crate::store::{StoreError, micros, sum, timestamp};

/// Documents whose reasons are looked at; beyond it the reasons are the same ones anyhow.
const REASONS_MAX: i64 = 5_000;
/// Documents that are named under a reason.
const NAMED_MAX: usize = 10;

/// Which figures are asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// The store's currency.
    pub currency: String,
    /// When the trading day began.
    pub day_began_at: Timestamp,
    /// The destinations, by name.
    pub destinations: Vec<String>,
    /// Whether documents of some kind go to none of them.
    pub stays: bool,
    /// What waits at which of them for a time of day.
    pub windows: Windows,
    /// When it is asked.
    pub now: Timestamp,
}

/// How the outbox stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Documents on their way.
    pub waiting: i64,
    /// What head office lacks by them: sales and returns by their total, a void by what it undoes, the other way round. So
    /// a sale that waits with its void comes to nothing, and the void of a sale that has arrived to less than nothing.
    pub waiting_value: Decimal,
    /// Since when the oldest of them waits for more than its time of day.
    pub oldest_waiting_at: Option<Timestamp>,
    /// Documents that a destination refused.
    pub parked: i64,
    /// Documents that a person must release.
    pub held: i64,
    /// Documents stored in this trading day.
    pub accepted_today: i64,
    /// Documents that arrived everywhere in this trading day.
    pub delivered_today: i64,
    /// By destination.
    pub destinations: BTreeMap<String, Lane>,
    /// Why documents do not arrive: parked first, then held, then postponed.
    pub reasons: Vec<Reason>,
}

/// How one destination stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lane {
    /// Deliveries to be made.
    pub waiting: i64,
    /// Those of them that wait for nothing but their time of day.
    pub in_window: Option<InWindow>,
    /// Deliveries refused.
    pub parked: i64,
    /// Deliveries made in this trading day.
    pub delivered_today: i64,
}

/// What keeps documents back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// A destination refused them.
    Parked,
    /// A check held them.
    Held,
    /// A destination does not take them yet.
    Postponed,
}

/// Documents that are kept back for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What keeps them.
    pub kept: Kept,
    /// The destination; `None` for held ones.
    pub destination: Option<String>,
    /// The reason, in the words for the oldest of them.
    pub answer: Answer,
    /// How many.
    pub count: i64,
    /// Since when the oldest is kept back.
    pub since: Timestamp,
    /// The ids of the oldest few.
    pub documents: Vec<String>,
}

/// Counts and reasons, as of now.
///
/// # Errors
/// When the store cannot be read.
pub fn figures(connection: &Connection, question: &Question) -> Result<Figures, StoreError> {
    let mut figures = Figures::default();
    let mut states = connection.prepare_cached(
        "SELECT state, COUNT(*) FROM documents WHERE state <> 'delivered' GROUP BY state",
    )?;
    let mut rows = states.query([])?;
    while let Some(row) = rows.next()? {
        let state: String = row.get(0)?;
        let count = row.get(1)?;
        match state.as_str() {
            "waiting" => figures.waiting = count,
            "parked" => figures.parked = count,
            "held" => figures.held = count,
            _ => {}
        }
    }
    if figures.waiting > 0 {
        (figures.waiting_value, figures.oldest_waiting_at) = waiting(connection, question)?;
    }
    let began = micros(question.day_began_at);
    (figures.accepted_today, figures.delivered_today) = today(connection, began, question.stays)?;
    figures.destinations = lanes(connection, question, began)?;
    for name in &question.destinations {
        figures.delivered_today += arrived_last_at(connection, name, began)?;
    }
    figures.reasons = reasons(connection, question)?;
    Ok(figures)
}

fn waiting(
    connection: &Connection,
    question: &Question,
) -> Result<(Decimal, Option<Timestamp>), StoreError> {
    // The second condition names the partial index.
    let mut asked = connection.prepare_cached(
        "SELECT SUM(amount / 1000000), SUM(amount % 1000000),
                MIN(received_at) FILTER (WHERE kind NOT IN (?2, ?3, ?4, ?5, ?6)) FROM (
             SELECT received_at, kind, CASE WHEN kind IN ('sale', 'return') AND currency = ?1 THEN total WHEN kind = 'void' THEN
                 (SELECT -u.total FROM origins g CROSS JOIN documents u ON u.uid = g.uid
                  WHERE g.seq = documents.seq AND u.freed = 0 AND u.state <> 'withdrawn' AND u.currency = ?1 LIMIT 1)
                 END AS amount
             FROM documents WHERE state = 'waiting' AND state <> 'delivered')",
    )?;
    let windows = &question.windows;
    let [a, b, c, d, e] = windows::words(windows::kinds_of(windows));
    let (value, oldest) = asked.query_row(params![question.currency, a, b, c, d, e], |row| {
        let oldest: Option<i64> = row.get(2)?;
        Ok((sum(row.get(0)?, row.get(1)?), oldest.map(timestamp)))
    })?;
    let kept = windows::kept_since(connection, windows, question.now)?;
    Ok((value, [oldest, kept].into_iter().flatten().min()))
}

/// Documents stored today, and those of them that go nowhere and so arrived at once. Numbers are given without gaps, so
/// the first are counted by them alone, those that were lost with a damaged file among them.
fn today(connection: &Connection, began: i64, stays: bool) -> Result<(i64, i64), StoreError> {
    let newest: i64 =
        connection.query_row("SELECT COALESCE(MAX(seq), 0) FROM documents", [], |row| {
            row.get(0)
        })?;
    let before = last_before(connection, began, newest)?;
    if !stays {
        return Ok((newest - before, 0));
    }
    let mut question = connection.prepare_cached(
        "SELECT COUNT(*) FROM documents WHERE seq > ?1 AND state = 'delivered'
                AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = documents.seq)",
    )?;
    let at_once = question.query_row([before], |row| row.get(0))?;
    Ok((newest - before, at_once))
}

/// The number of the last document stored before this moment, by halving: numbers follow the order of storing.
fn last_before(connection: &Connection, moment: i64, newest: i64) -> Result<i64, StoreError> {
    let mut next = connection.prepare_cached(
        "SELECT seq, received_at FROM documents WHERE seq >= ?1 ORDER BY seq LIMIT 1",
    )?;
    let (mut before, mut after) = (0, newest + 1);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let (seq, received_at): (i64, i64) =
            next.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if received_at < moment {
            before = seq;
        } else {
            after = middle;
        }
    }
    Ok(before)
}

/// Documents that arrived everywhere, and at this destination last; of two at the same time the first by name.
fn arrived_last_at(
    connection: &Connection,
    destination: &str,
    began: i64,
) -> Result<i64, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT COUNT(*) FROM deliveries d JOIN documents o USING (seq)
         WHERE d.destination = ?1 AND d.delivered_at >= ?2 AND o.state = 'delivered'
           AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.seq = d.seq AND e.destination <> d.destination
               AND (e.delivered_at > d.delivered_at
                    OR e.delivered_at = d.delivered_at AND e.destination < d.destination))",
    )?;
    Ok(question.query_row(params![destination, began], |row| row.get(0))?)
}

fn lanes(
    connection: &Connection,
    question: &Question,
    began: i64,
) -> Result<BTreeMap<String, Lane>, StoreError> {
    let mut waiting = connection.prepare_cached(
        "SELECT COUNT(*) FROM deliveries WHERE destination = ?1 AND state = 'waiting'",
    )?;
    // A document with a parked delivery is parked, or held: without its state every delivery there ever was is read.
    let mut parked = connection.prepare_cached(
        "SELECT COUNT(*) FROM documents o INDEXED BY documents_state CROSS JOIN deliveries d USING (seq)
         WHERE o.state IN ('held', 'parked') AND o.state <> 'delivered' AND d.destination = ?1 AND d.state = 'parked'",
    )?;
    let mut delivered = connection.prepare_cached(
        "SELECT COUNT(*) FROM deliveries WHERE destination = ?1 AND delivered_at >= ?2",
    )?;
    let mut lanes = BTreeMap::new();
    for name in &question.destinations {
        let lane = Lane {
            waiting: waiting.query_row([name], |row| row.get(0))?,
            in_window: windows::in_window(connection, name, &question.windows, question.now)?,
            parked: parked.query_row([name], |row| row.get(0))?,
            delivered_today: delivered.query_row(params![name, began], |row| row.get(0))?,
        };
        lanes.insert(name.clone(), lane);
    }
    Ok(lanes)
}

fn reasons(connection: &Connection, question: &Question) -> Result<Vec<Reason>, StoreError> {
    let mut groups = Groups::default();
    let mut parked = connection.prepare_cached(
        "SELECT o.id, d.since, d.answer, d.destination FROM documents o INDEXED BY documents_state
         CROSS JOIN deliveries d USING (seq)
         WHERE o.state IN ('held', 'parked') AND o.state <> 'delivered' AND d.state = 'parked' ORDER BY o.seq LIMIT ?1",
    )?;
    let mut rows = parked.query([REASONS_MAX])?;
    while let Some(row) = rows.next()? {
        let answer: Option<String> = row.get(2)?;
        groups.add(
            Kept::Parked,
            row.get(3)?,
            answer_of(answer),
            id_and_since(row)?,
        );
    }
    let mut held = connection.prepare_cached(
        "SELECT id, received_at, problems FROM documents
         WHERE state = 'held' AND state <> 'delivered' ORDER BY seq LIMIT ?1",
    )?;
    let mut rows = held.query([REASONS_MAX])?;
    while let Some(row) = rows.next()? {
        let problems: String = row.get(2)?;
        groups.add(Kept::Held, None, first_held(&problems), id_and_since(row)?);
    }
    let mut postponed = connection.prepare_cached(
        "SELECT o.id, d.since, d.answer, o.kind FROM deliveries d JOIN documents o USING (seq)
         WHERE d.destination = ?1 AND d.state = 'waiting' AND d.answer IS NOT NULL ORDER BY d.seq LIMIT ?2",
    )?;
    for name in &question.destinations {
        let mut rows = postponed.query(params![name, REASONS_MAX])?;
        while let Some(row) = rows.next()? {
            let (answer, kind): (Option<String>, String) = (row.get(2)?, row.get(3)?);
            let (id, since) = id_and_since(row)?;
            let since =
                windows::could_go_since(&question.windows, (name, &kind), since, question.now);
            let there = Some(name.clone());
            groups.add(Kept::Postponed, there, answer_of(answer), (id, since));
        }
    }
    Ok(groups.0.into_values().collect())
}

fn id_and_since(row: &rusqlite::Row<'_>) -> Result<(String, Timestamp), StoreError> {
    Ok((row.get(0)?, timestamp(row.get(1)?)))
}

fn answer_of(text: Option<String>) -> Answer {
    let answer = text.and_then(|text| serde_json::from_str(&text).ok());
    answer.unwrap_or_else(|| Answer::new("unknown", "", ""))
}

/// The problem for which a document is held.
fn first_held(problems: &str) -> Answer {
    let problems: Vec<Problem> = serde_json::from_str(problems).unwrap_or_default();
    let held = problems.iter().find(|p| p.level == Level::Held);
    held.map_or_else(
        || Answer::new("held", "", ""),
        |problem| {
            let hint = problem.hint.clone().unwrap_or_default();
            Answer::new(problem.code.as_str(), problem.message.clone(), hint)
        },
    )
}

/// Reasons by what keeps, destination and code.
#[derive(Default)]
struct Groups(BTreeMap<(Kept, Option<String>, String), Reason>);

impl Groups {
    /// Adds a document that is kept back since then.
    fn add(
        &mut self,
        kept: Kept,
        destination: Option<String>,
        answer: Answer,
        (id, since): (String, Timestamp),
    ) {
        let place = (kept, destination.clone(), answer.code.clone());
        let reason = self.0.entry(place).or_insert_with(|| Reason {
            kept,
            destination,
            answer,
            count: 0,
            since,
            documents: Vec::new(),
        });
        reason.count += 1;
        reason.since = reason.since.min(since);
        if reason.documents.len() < NAMED_MAX {
            reason.documents.push(id);
        }
    }
}
