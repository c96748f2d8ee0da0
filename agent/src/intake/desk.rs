//! The counter where documents are handed in, whichever door they came through: read, judged, stored in one commit.
//!
//! Reading and judging is plain computing and happens before the writer is asked; the writer decides only between
//! new, duplicate and conflict. The answer is given after the commit, never before.

use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tillpost_shared::intake::{Item, Reading, Terms, read};
use tillpost_shared::problem::{Code, Level, Problem};

use crate::activity::Bell;
use crate::failpoint;
use crate::intake::house::House;
use crate::intake::known::Known;
use crate::intake::tally::Tally;
use crate::outbox::State;
use crate::store::accept::{self, Accepted, Arrival, Outcome, Routes};
use crate::store::room::Room;
use crate::store::tills::Token;
use crate::store::{Store, StoreError, senders};

/// Documents and lines that are read on the spot; more are read on a thread of their own, so that a small sale of
/// another till does not wait behind them.
const WEIGHT_ON_THE_SPOT_MAX: usize = 100;

/// Who hands documents in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A till, or a store server that speaks for several.
    Till(Token),
    /// The command line, by its key.
    CommandLine,
    /// A drop folder, by its path.
    Inbox(String),
    /// Whoever, where no token is required.
    Anyone,
    /// The agent itself, in a till's place, by the store's hours.
    Hours,
}

impl Sender {
    /// The name in the history of a document of this till.
    fn who(&self, till: &str) -> String {
        match self {
            Self::Till(token) if till.is_empty() => format!("till {}", token.tills.join(", ")),
            Self::Till(_) => format!("till {till}"),
            Self::CommandLine => "command line".to_owned(),
            Self::Inbox(path) => format!("inbox {path}"),
            Self::Anyone => "anybody".to_owned(),
            Self::Hours => "the store's hours".to_owned(),
        }
    }
}

/// A document that is handed in, and what its decoder found in it.
pub type Handed = (Item, Vec<Problem>);
/// What is written in the commit of the documents, told how many of them were refused.
pub type Beside = Box<dyn FnOnce(&rusqlite::Connection, usize) -> Result<(), StoreError> + Send>;

/// What the sender is told of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultRow {
    /// The agent's id; the first one's for a duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The key, when the document got as far as having one.
    pub key: Option<String>,
    /// The key's uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Where a duplicate's first one stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What was found, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// What became of a document that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored; will be delivered.
    Accepted,
    /// Stored already.
    Duplicate,
    /// Stored; not delivered until a person releases it.
    Held,
    /// Not a document that can be read; not stored.
    Refused,
}

/// The counter.
#[derive(Debug)]
pub struct Desk {
    store: Store,
    bell: Bell,
    house: House,
    routes: Routes,
    require_token: bool,
    tally: Tally,
}

impl Desk {
    /// A desk before this store. With `require_token` false every till is known.
    pub fn new(
        store: Store,
        bell: Bell,
        house: House,
        routes: Routes,
        require_token: bool,
    ) -> Self {
        Self {
            store,
            bell,
            house,
            routes,
            require_token,
            tally: Tally::default(),
        }
    }

    /// What it has seen.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Wakes whoever delivers: something may be due.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Takes the documents of one request, as [`Desk::take_with`] does.
    ///
    /// # Errors
    /// When the store fails, nothing of the request is stored.
    pub async fn take(
        &self,
        items: Vec<Item>,
        sender: &Sender,
        now: Timestamp,
    ) -> Result<Vec<ResultRow>, StoreError> {
        let handed = items.into_iter().map(|item| (item, Vec::new())).collect();
        self.take_with(handed, sender, now, None).await
    }

    /// Takes documents, each with what its decoder found: one row each, in order, given after the one commit that holds
    /// them and whatever `beside` writes, which is told how many were refused.
    ///
    /// # Errors
    /// When the store fails, nothing of it is stored.
    pub async fn take_with(
        &self,
        handed: Vec<Handed>,
        sender: &Sender,
        now: Timestamp,
        beside: Option<Beside>,
    ) -> Result<Vec<ResultRow>, StoreError> {
        let judge = Judge {
            terms: self.house.terms(now),
            known: self
                .store
                .read(|reader| Known::read(reader, !self.require_token))?,
            sender: sender.clone(),
        };
        let judged = if weight(&handed) <= WEIGHT_ON_THE_SPOT_MAX {
            judge.all(handed)
        } else {
            let judging = tokio::task::spawn_blocking(move || judge.all(handed));
            // It ends early only when the agent itself does.
            judging.await.map_err(|_| StoreError::Closing)?
        };
        let rows = self.keep(judged, sender, now, beside).await?;
        self.tally.add(&rows);
        Ok(rows)
    }

    async fn keep(
        &self,
        judged: Vec<Result<Arrival, ResultRow>>,
        sender: &Sender,
        now: Timestamp,
        beside: Option<Beside>,
    ) -> Result<Vec<ResultRow>, StoreError> {
        let (mut rows, mut arrivals) = (Vec::with_capacity(judged.len()), Vec::new());
        for one in judged {
            match one {
                Ok(arrival) => {
                    arrivals.push(arrival);
                    rows.push(None);
                }
                Err(refused) => rows.push(Some(refused)),
            }
        }
        let mut kept = Vec::new().into_iter();
        if !arrivals.is_empty() || beside.is_some() {
            // Before SQLite fails: what is left is for deliveries and notes.
            if self.store.room() == Room::Reserve {
                return Err(StoreError::NoRoom);
            }
            let refused = rows.iter().flatten().count();
            let (routes, sender) = (self.routes.clone(), sender.clone());
            let started = Instant::now();
            let stored = self.store.write(move |writer| {
                let one = |arrival: Arrival| {
                    let who = sender.who(arrival.till());
                    let till_less = arrival.till().is_empty();
                    let kept = accept::accept(writer, vec![arrival], &routes, &who, now)?;
                    if let (true, Sender::Till(token)) = (till_less, &sender) {
                        senders::note(writer, &kept, &token.owner)?;
                    }
                    Ok(kept)
                };
                let kept = arrivals
                    .into_iter()
                    .map(one)
                    .collect::<Result<Vec<_>, StoreError>>()?;
                beside.map_or(Ok(()), |beside| beside(writer, refused))?;
                failpoint::hit("desk.stored");
                Ok(kept)
            });
            kept = stored
                .await?
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .into_iter();
            failpoint::hit("desk.committed");
            let seconds = started.elapsed().as_secs_f64();
            self.tally.commit_seconds.observe(seconds);
            self.bell.ring();
        }
        let rows = rows
            .into_iter()
            .filter_map(|row| row.or_else(|| kept.next().map(row_of)));
        Ok(rows.collect())
    }
}

/// About how much there is to read: documents and their lines.
fn weight(handed: &[Handed]) -> usize {
    let lines = |value: &Value| value.pointer("/body/lines")?.as_array().map(Vec::len);
    handed
        .iter()
        .map(|(item, _)| 1 + item.as_ref().ok().and_then(lines).unwrap_or(0))
        .sum()
}

fn row_of(accepted: Accepted) -> ResultRow {
    let (status, state) = match accepted.outcome {
        Outcome::Accepted => (Status::Accepted, None),
        Outcome::Duplicate(state) => (Status::Duplicate, Some(state)),
        Outcome::Held => (Status::Held, None),
    };
    ResultRow {
        id: Some(accepted.id),
        key: Some(accepted.key),
        uid: Some(accepted.uid.to_string()),
        status,
        state,
        problems: accepted.problems,
    }
}

/// Reads documents for one sender. Pure.
struct Judge {
    terms: Terms,
    known: Known,
    sender: Sender,
}

impl Judge {
    fn all(&self, handed: Vec<Handed>) -> Vec<Result<Arrival, ResultRow>> {
        let one = |(item, found)| self.one(item, found);
        handed.into_iter().map(one).collect()
    }

    fn one(&self, item: Item, found: Vec<Problem>) -> Result<Arrival, ResultRow> {
        let mut value = item.map_err(|problem| refused(None, vec![problem]))?;
        self.known.fill_in_series(&mut value);
        match read(value, &self.terms) {
            Reading::Refused { key, problems } => Err(refused(key, problems)),
            Reading::Read(mut judged) => {
                judged.problems.extend(found);
                judged
                    .problems
                    .sort_by_key(|problem| std::cmp::Reverse(problem.level));
                let till = judged.document.head.till().to_owned();
                self.look_at_till(&till, &judged.key, &mut judged.problems)?;
                Ok(Arrival::of(*judged, &self.terms.numbering))
            }
            Reading::Newer(mut newer) => {
                newer.problems.extend(found);
                let till = newer.facts.till.as_ref().map(ToString::to_string);
                let till = till.unwrap_or_default();
                self.look_at_till(&till, &newer.key, &mut newer.problems)?;
                Ok(Arrival::of_newer(*newer))
            }
        }
    }

    /// Refuses a till that is not the token's, holds one that nobody added.
    fn look_at_till(
        &self,
        till: &str,
        key: &str,
        problems: &mut Vec<Problem>,
    ) -> Result<(), ResultRow> {
        if till.is_empty() {
            return Ok(());
        }
        match &self.sender {
            Sender::Till(token) if token.tills.iter().any(|code| code == till) => Ok(()),
            Sender::Till(_) => {
                let message = "the document names another till than its token's";
                let problem = Problem::refused(Code::ForeignTill, "till", message);
                Err(refused(Some(key.to_owned()), vec![problem]))
            }
            Sender::CommandLine | Sender::Inbox(_) | Sender::Anyone | Sender::Hours => {
                if let Some(problem) = self.known.unknown(till) {
                    let flags = problems.iter().position(|p| p.level == Level::Flag);
                    problems.insert(flags.unwrap_or(problems.len()), problem);
                }
                Ok(())
            }
        }
    }
}

fn refused(key: Option<String>, problems: Vec<Problem>) -> ResultRow {
    ResultRow {
        id: None,
        key,
        uid: None,
        status: Status::Refused,
        state: None,
        problems,
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
