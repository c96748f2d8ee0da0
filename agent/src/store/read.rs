//! What the outbox tells: one document, a page of them, a receipt, the figures of the status. Shapes as in the
//! contract, so that the HTTP API and a command line without a running service say the same.

use jiff::Timestamp;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;
use serde_json::Value;
use tillpost_shared::problem::Problem;

use crate::outbox::{Answer, State};
use crate::store::{StoreError, history, money, sum, timestamp};

/// Receipts of one number in an answer: every till may have one.
const RECEIPTS_MAX: i64 = 100;

/// One document with its whole story.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentView {
    /// The agent's id.
    pub id: String,
    /// The key.
    pub key: String,
    /// The key's uid.
    pub uid: String,
    /// What happened.
    pub kind: String,
    /// The worst of its deliveries.
    pub state: State,
    /// As stored; null once its time is over.
    pub document: Value,
    /// What was found on its way in.
    pub problems: Vec<Problem>,
    /// Where it goes.
    pub deliveries: Vec<DeliveryView>,
    /// Who did what, oldest first.
    pub history: Vec<HistoryView>,
    /// Its till, for the question whose document it is; not part of the answer.
    #[serde(skip)]
    pub till: String,
}

/// One delivery of a document.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryView {
    /// Where to.
    pub destination: String,
    /// Where it stands.
    pub state: State,
    /// Answers so far.
    pub attempts: u32,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The destination's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the destination said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// One row of a document's history.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryView {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
}

/// A document by its id.
pub fn document(connection: &Connection, id: &str) -> Result<Option<DocumentView>, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT seq, id, key, uid, kind, state, body, problems, till FROM documents WHERE id = ?1",
        )?
        .query_row([id], |row| {
            let body: Option<String> = row.get(6)?;
            let problems: String = row.get(7)?;
            let view = DocumentView {
                id: row.get(1)?,
                key: row.get(2)?,
                uid: row.get(3)?,
                kind: row.get(4)?,
                state: state(row, 5)?,
                document: body
                    .and_then(|body| serde_json::from_str(&body).ok())
                    .unwrap_or(Value::Null),
                problems: serde_json::from_str(&problems).unwrap_or_default(),
                deliveries: Vec::new(),
                history: Vec::new(),
                till: row.get(8)?,
            };
            Ok((row.get::<_, i64>(0)?, view))
        })
        .optional()?;
    let Some((seq, mut view)) = row else {
        return Ok(None);
    };
    view.deliveries = deliveries(connection, seq)?;
    view.history = history::of(connection, seq)?
        .into_iter()
        .map(|entry| HistoryView {
            at: entry.at,
            who: entry.who,
            what: entry.what,
        })
        .collect();
    Ok(Some(view))
}

fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<State> {
    let word: String = row.get(column)?;
    Ok(State::from_word(&word).unwrap_or(State::Held))
}

fn deliveries(connection: &Connection, seq: i64) -> Result<Vec<DeliveryView>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT destination, state, attempts, due_at, reference, answer FROM deliveries
         WHERE seq = ?1 ORDER BY destination",
    )?;
    let rows = question.query_map([seq], |row| {
        let state = state(row, 1)?;
        let due_at: i64 = row.get(3)?;
        let answer: Option<String> = row.get(5)?;
        Ok(DeliveryView {
            destination: row.get(0)?,
            state,
            attempts: row.get(2)?,
            due_at: (state == State::Waiting && due_at > 0).then(|| timestamp(due_at)),
            reference: row.get(4)?,
            answer: answer.and_then(|answer| serde_json::from_str(&answer).ok()),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Which documents a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of these tills; of any when `None`.
    pub tills: Option<Vec<String>>,
    /// Beside those tills', what names no till and was handed in with this owner's token.
    pub sender: Option<String>,
    /// Of this trading day, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// Older than this: the `next` of the page before.
    pub after: Option<i64>,
}

/// A page of documents, newest stored first.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// The documents.
    pub documents: Vec<RowView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A document in a list.
#[derive(Debug, Clone, Serialize)]
pub struct RowView {
    /// The agent's id.
    pub id: String,
    /// The key.
    pub key: String,
    /// What happened.
    pub kind: String,
    /// Its till; empty for kinds that name none.
    pub till: String,
    /// Its trading day.
    pub business_date: String,
    /// What it comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// In which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Where it stands.
    pub state: State,
    /// When it was stored.
    pub received_at: Timestamp,
}

/// Documents that fit a filter.
pub fn documents(connection: &Connection, filter: &Filter) -> Result<Page, StoreError> {
    let (sql, values) = list_sql(filter);
    let mut question = connection.prepare_cached(&sql)?;
    let rows = question.query_map(params_from_iter(values), |row| {
        let total: Option<i64> = row.get(6)?;
        let view = RowView {
            id: row.get(1)?,
            key: row.get(2)?,
            kind: row.get(3)?,
            till: row.get(4)?,
            business_date: row.get(5)?,
            total: total.map(money_text),
            currency: row.get(7)?,
            state: state(row, 8)?,
            received_at: timestamp(row.get(9)?),
        };
        Ok((row.get::<_, i64>(0)?, view))
    })?;
    let mut rows: Vec<(i64, RowView)> = rows.collect::<Result<_, _>>()?;
    let more = rows.len() > filter.limit;
    rows.truncate(filter.limit);
    let next = rows.last().filter(|_| more).map(|(seq, _)| seq.to_string());
    Ok(Page {
        documents: rows.into_iter().map(|(_, view)| view).collect(),
        next,
    })
}

/// The statement of a list and its values.
pub(super) fn list_sql(filter: &Filter) -> (String, Vec<Sql>) {
    let mut clauses = vec!["1".to_owned()];
    if filter
        .state
        .as_deref()
        .is_some_and(|state| state != State::Delivered.as_str())
    {
        // In these words SQLite sees that the index of what is not delivered will do.
        clauses.push("state <> 'delivered'".to_owned());
    }
    let mut values: Vec<Sql> = Vec::new();
    let mut clause = |column: &str, value: Option<Sql>| {
        if let Some(value) = value {
            values.push(value);
            clauses.push(format!("{column} ?{}", values.len()));
        }
    };
    clause("state =", filter.state.clone().map(Sql::Text));
    clause("kind =", filter.kind.clone().map(Sql::Text));
    clause("business_date =", filter.date.clone().map(Sql::Text));
    clause("seq <", filter.after.map(Sql::Integer));
    if let Some(tills) = &filter.tills {
        let marks: Vec<String> = tills
            .iter()
            .map(|till| {
                values.push(Sql::Text(till.clone()));
                format!("?{}", values.len())
            })
            .collect();
        let own = format!("till IN ({})", marks.join(", "));
        clauses.push(match &filter.sender {
            Some(sender) => {
                values.push(Sql::Text(sender.clone()));
                format!(
                    "({own} OR till = '' AND EXISTS (SELECT 1 FROM senders s WHERE s.seq = documents.seq AND s.code = ?{}))",
                    values.len()
                )
            }
            None => own,
        });
    }
    // One more than asked for tells whether there is a next page.
    let sql = format!(
        "SELECT seq, id, key, kind, till, business_date, total, currency, state, received_at
         FROM documents WHERE {} ORDER BY seq DESC LIMIT {}",
        clauses.join(" AND "),
        filter.limit.saturating_add(1)
    );
    (sql, values)
}

/// Money for people and programs: two digits after the point, more where there are more.
pub fn money_text(millionths: i64) -> String {
    let mut amount = money(millionths);
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount.to_string()
}

/// A stored receipt and what of it has come back.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// The agent's id.
    pub id: String,
    /// The key.
    pub key: String,
    /// Its till.
    pub till: String,
    /// Its trading day.
    pub business_date: String,
    /// As stored; null once its time is over.
    pub document: Value,
    /// What came back, queued returns too.
    pub returned: Vec<Returned>,
}

/// How much of a line came back.
#[derive(Debug, Clone, Serialize)]
pub struct Returned {
    /// The line of the receipt; null when the return names none.
    pub line: Option<i64>,
    /// How much.
    pub quantity: String,
    /// The keys of the documents that brought it back.
    pub by: Vec<String>,
}

/// The receipts of this number, of one till and day if given. The till's own number counts where none is printed.
pub fn receipts(
    connection: &Connection,
    number: &str,
    till: Option<&str>,
    date: Option<&str>,
) -> Result<Vec<Receipt>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT id, key, till, business_date, body, uid FROM documents
         WHERE (receipt_number = ?1 OR sequence = ?4 AND receipt_number IS NULL)
           AND kind IN ('sale', 'return') AND state <> 'withdrawn'
           AND (?2 IS NULL OR till = ?2) AND (?3 IS NULL OR business_date = ?3) ORDER BY seq DESC LIMIT ?5",
    )?;
    let sequence: Option<i64> = number.parse().ok();
    let values = params![number, till, date, sequence, RECEIPTS_MAX];
    let rows = question.query_map(values, |row| {
        let body: Option<String> = row.get(4)?;
        let receipt = Receipt {
            id: row.get(0)?,
            key: row.get(1)?,
            till: row.get(2)?,
            business_date: row.get(3)?,
            document: body
                .and_then(|body| serde_json::from_str(&body).ok())
                .unwrap_or(Value::Null),
            returned: Vec::new(),
        };
        Ok((receipt, row.get::<_, String>(5)?))
    })?;
    let mut receipts = Vec::new();
    for row in rows {
        let (mut receipt, uid) = row?;
        receipt.returned = match voids(connection, &uid)? {
            by if by.is_empty() => returned(connection, &uid)?,
            by => all_of(&receipt.document, &by),
        };
        receipts.push(receipt);
    }
    Ok(receipts)
}

/// The keys of what undid the whole document.
fn voids(connection: &Connection, uid: &str) -> Result<Vec<String>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT o.key FROM origins g JOIN documents o USING (seq)
         WHERE g.uid = ?1 AND o.state <> 'withdrawn' AND o.kind = 'void' ORDER BY o.key",
    )?;
    let rows = question.query_map([uid], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What was undone has come back whole. Where its text is gone, all that is left to say is that.
fn all_of(document: &Value, by: &[String]) -> Vec<Returned> {
    let lines = document["body"]["lines"].as_array();
    let quantity = |line: &Value| line["quantity"].as_str().map(str::to_owned);
    let sold = lines.into_iter().flatten().filter_map(|line| {
        let quantity = quantity(line).filter(|quantity| !quantity.starts_with('-'))?;
        Some((line["line"].as_i64(), quantity))
    });
    let returned = |(line, quantity)| Returned {
        line,
        quantity,
        by: by.to_vec(),
    };
    sold.map(returned).collect()
}

fn returned(connection: &Connection, uid: &str) -> Result<Vec<Returned>, StoreError> {
    let mut question = connection.prepare_cached(
        "SELECT g.line, SUM(g.quantity / 1000000), SUM(g.quantity % 1000000), json_group_array(DISTINCT o.key)
         FROM origins g JOIN documents o USING (seq)
         WHERE g.uid = ?1 AND o.state <> 'withdrawn' AND o.kind <> 'void' GROUP BY g.line ORDER BY g.line",
    )?;
    let rows = question.query_map([uid], |row| {
        let keys: String = row.get(3)?;
        Ok(Returned {
            line: row.get(0)?,
            quantity: sum(row.get(1)?, row.get(2)?).to_string(),
            by: serde_json::from_str(&keys).unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
