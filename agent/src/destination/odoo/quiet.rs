//! What may still take effect in Odoo although nobody will hear of it, and so what may not be sent yet.
//!
//! A request whose answer was lost may still run over there, or even begin only then; after a time Odoo ends it itself.
//! What Odoo knows by a key of its own goes again at once. Whatever else changes something waits until all that its till
//! may have under way must have come to its end, then looks at what stands there, and only then is sent: also a
//! session's close, which would shut out a sale that is under way. What an agent had under way that was ended stands in
//! the outbox (`sent_before`); how long ago that was, no clock can be trusted to say, so its time begins at the start.
//!
//! What had to wait goes before what is behind it: so a till's documents stay in their order, and none of the next day
//! comes before what is left of the day.
//!
//! A count whose answer was lost keeps the whole store waiting, sales too: it writes what is to lie there, and would
//! write over whatever had passed it.
//!
//! The decision is pure; every call of a desk asks it in [`Client::call_dated`], and nobody else needs to think of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tillpost_shared::document::Kind;

use super::client::{CallError, Client};
use super::effect::{Effect, is_over};
use super::versions::Facts;
use crate::activity;
use crate::destination::Delivery;
use crate::outbox::Outage;

/// Odoo looks every four seconds which of its workers is over its time.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// For how long after the end what waited goes before what is behind it; then the outbox's own order is enough.
const PRECEDENCE_MAX: Duration = Duration::from_secs(60);

/// For whom a call is made: what one has under way, another need not wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// A till and its session.
    Till(String),
    /// A document without a till, by its key.
    Document(String),
    /// The whole store: a count is of goods that anybody may be moving.
    Store,
}

impl Whom {
    /// For whom the calls of a document are made.
    pub fn of(delivery: &Delivery) -> Self {
        let head = &delivery.document.head;
        match (&head.till, head.kind) {
            (_, Kind::StockCount) => Self::Store,
            (Some(till), _) => Self::Till(till.as_str().to_owned()),
            (None, _) => Self::Document(delivery.key.clone()),
        }
    }
}

/// What may be under way, and for whom calls are made now.
#[derive(Debug)]
pub struct Quiet {
    /// After how long a request has surely come to its end.
    limit: Duration,
    /// When whatever an agent before us had under way has come to its end.
    inherited: Instant,
    /// Until when something of theirs may still take effect.
    until: BTreeMap<Whom, Instant>,
    /// Documents that had to wait and have not had another turn, by their numbers.
    held: BTreeMap<Whom, BTreeSet<i64>>,
    /// Whose turn it is.
    turn: Option<Turn>,
}

/// A document's turn, or that of several that go together.
#[derive(Debug, Clone)]
struct Turn {
    whom: Whom,
    /// The first one's number.
    seq: i64,
    /// What is known of Odoo is not older.
    began: Instant,
}

impl Quiet {
    /// Nothing is known to be under way. `limit`: after how long Odoo ends a request.
    pub fn new(limit: Duration, now: Instant) -> Self {
        let limit = limit + LOOK_MAX;
        Self {
            limit,
            inherited: now + limit,
            until: BTreeMap::new(),
            held: BTreeMap::new(),
            turn: None,
        }
    }

    /// An agent that was ended may have had something of theirs under way.
    fn inherit(&mut self, whom: Whom, now: Instant) {
        if now < self.inherited {
            let until = self.until.entry(whom).or_insert(self.inherited);
            *until = self.inherited.max(*until);
        }
    }

    /// From now on calls are made for them; whatever was looked at before does not count.
    fn begin(&mut self, whom: Whom, seqs: &[i64], now: Instant) {
        self.until.retain(|_, until| *until + PRECEDENCE_MAX > now);
        self.held.retain(|whom, held| {
            held.retain(|seq| !seqs.contains(seq));
            !held.is_empty() && self.until.contains_key(whom)
        });
        self.turn = Some(Turn {
            whom,
            seq: seqs.first().copied().unwrap_or_default(),
            began: now,
        });
    }

    /// Documents of this turn have to wait.
    fn hold(&mut self, seqs: impl IntoIterator<Item = i64>) {
        if let Some(turn) = &self.turn {
            let held = self.held.entry(turn.whom.clone()).or_default();
            held.extend(seqs);
        }
    }

    /// Until when a call has to wait, if not until before the turn began.
    fn waits(&self, effect: Effect) -> Option<Instant> {
        let turn = self.turn.as_ref()?;
        let count = self.until.get(&Whom::Store).copied();
        let count = count.filter(|until| *until > turn.began);
        match effect {
            Effect::Nothing => return None,
            Effect::Once if turn.whom == Whom::Store => return None,
            Effect::Once => return count,
            Effect::EachTime => {}
        }
        let concerns = |other: &&Whom| turn.whom == Whom::Store || **other == turn.whom;
        let own = self.until.iter().filter(|(other, _)| concerns(other));
        let before_it = self.held.get(&turn.whom).and_then(BTreeSet::first);
        let behind = before_it.is_some_and(|first| *first < turn.seq);
        own.map(|(_, until)| *until)
            .max()
            .filter(|until| behind || *until > turn.began)
            .max(count)
    }

    /// Until when a count may still write, seen from now.
    fn count(&self, now: Instant) -> Option<Instant> {
        let until = self.until.get(&Whom::Store).copied();
        until.filter(|until| *until > now)
    }

    /// A call that changes something leaves; what was noted before comes back with its answer.
    fn leaves(&mut self, now: Instant) -> Option<Before> {
        let whom = &self.turn.as_ref()?.whom;
        let before = self.until.insert(whom.clone(), now + self.limit);
        Some(Before {
            whom: whom.clone(),
            until: before,
        })
    }

    /// A call came to its end over there.
    fn over(&mut self, before: Before) {
        match before.until {
            Some(until) => self.until.insert(before.whom, until),
            None => self.until.remove(&before.whom),
        };
    }
}

/// What was noted before a call left.
#[derive(Debug)]
struct Before {
    whom: Whom,
    until: Option<Instant>,
}

/// A call that has left.
#[derive(Debug, Default)]
pub(super) struct Left(Option<Before>);

impl Client {
    /// The same connection for a desk: what changes something waits for what may be under way.
    pub fn careful(mut self, limit: Duration) -> Self {
        self.quiet = Some(Arc::new(Mutex::new(Quiet::new(limit, Instant::now()))));
        self
    }

    /// Notes what an agent before us may have had under way of a batch. Before any of its turns.
    pub fn inherit(&self, batch: &[Delivery]) {
        for delivery in batch.iter().filter(|delivery| delivery.sent_before) {
            self.quiet(|quiet| quiet.inherit(Whom::of(delivery), Instant::now()));
        }
    }

    /// It is the turn of documents that go together.
    pub fn begin(&self, turn: &[&Delivery]) {
        let seqs: Vec<i64> = turn.iter().map(|delivery| delivery.seq).collect();
        if let Some(first) = turn.first() {
            self.quiet(|quiet| quiet.begin(Whom::of(first), &seqs, Instant::now()));
        }
    }

    /// Documents of this turn have to wait.
    pub fn hold(&self, seqs: impl IntoIterator<Item = i64>) {
        self.quiet(|quiet| quiet.hold(seqs));
    }

    /// Nothing of theirs may be under way any more: what is not there now will not come by itself.
    pub fn settled(&self) -> Result<(), Outage> {
        match self.quiet(|quiet| quiet.waits(Effect::EachTime)).flatten() {
            None => Ok(()),
            Some(until) => Err(Outage::UnderWay { until: wall(until) }),
        }
    }

    /// Until when a count whose answer was lost may still write what is to lie in the store.
    pub fn count_under_way(&self) -> Option<Timestamp> {
        let until = self.quiet(|quiet| quiet.count(Instant::now())).flatten();
        until.map(wall)
    }

    /// Lets a call leave, or says until when it may not.
    pub(super) fn leave(&self, facts: Facts, model: &str, method: &str) -> Result<Left, CallError> {
        let effect = Effect::of(facts, model, method);
        let left = self.quiet(|quiet| match (effect, quiet.waits(effect)) {
            (Effect::Nothing, _) => Ok(None),
            (_, Some(until)) => Err(CallError::UnderWay(wall(until))),
            (_, None) => Ok(quiet.leaves(Instant::now())),
        });
        left.transpose().map(|before| Left(before.flatten()))
    }

    /// What came of a call that left. One that is never heard of again stays noted.
    pub(super) fn came_back<T>(&self, left: Left, answer: &Result<T, CallError>) {
        if let (Some(before), true) = (left.0, is_over(answer)) {
            self.quiet(|quiet| quiet.over(before));
        }
    }

    fn quiet<T>(&self, look: impl FnOnce(&mut Quiet) -> T) -> Option<T> {
        let quiet = self.quiet.as_ref()?;
        Some(look(
            &mut quiet.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

/// What the clock on the wall will show then.
fn wall(until: Instant) -> Timestamp {
    let left = until.saturating_duration_since(Instant::now());
    let now = activity::now();
    now.checked_add(left).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(120);

    fn till(code: &str) -> Whom {
        Whom::Till(code.to_owned())
    }

    /// So many seconds after the start.
    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    /// How long a call of document 7 would wait in a turn that begins so many seconds after the start.
    fn wait(quiet: &mut Quiet, whom: &Whom, start: Instant, seconds: u64) -> Option<u64> {
        quiet.begin(whom.clone(), &[7], at(start, seconds));
        let until = quiet.waits(Effect::EachTime)?;
        Some(
            until
                .saturating_duration_since(at(start, seconds))
                .as_secs(),
        )
    }

    #[test]
    fn what_went_unanswered_is_waited_out_by_its_own_till() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 0), None);
        let _lost = quiet.leaves(start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 100), Some(25));
        assert_eq!(quiet.waits(Effect::Once), None, "Odoo knows it by its key");
        assert_eq!(wait(&mut quiet, &till("2"), start, 100), None);
        assert_eq!(wait(&mut quiet, &Whom::Store, start, 100), Some(25));
        assert_eq!(wait(&mut quiet, &till("1"), start, 125), None);
    }

    #[test]
    fn a_count_whose_answer_was_lost_is_passed_by_nobody() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        assert_eq!(wait(&mut quiet, &Whom::Store, start, 0), None);
        let _lost = quiet.leaves(start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 100), Some(25));
        let count = Some(at(start, 125));
        assert_eq!(quiet.waits(Effect::Once), count, "a sale");
        assert_eq!(quiet.waits(Effect::Nothing), None);
        assert_eq!(quiet.count(at(start, 100)), count);
        assert_eq!(wait(&mut quiet, &till("1"), start, 125), None);
        assert_eq!(quiet.waits(Effect::Once), None);
        assert_eq!(quiet.count(at(start, 125)), None);
    }

    #[test]
    fn what_had_to_wait_goes_before_what_is_behind_it() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 0), None);
        let _lost = quiet.leaves(start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 1), Some(124));
        quiet.hold([7]);
        quiet.begin(till("1"), &[9], at(start, 126));
        assert!(quiet.waits(Effect::EachTime).is_some(), "7 goes first");
        quiet.begin(till("1"), &[5], at(start, 126));
        assert_eq!(
            quiet.waits(Effect::EachTime),
            None,
            "5 was before it anyway"
        );
        assert_eq!(wait(&mut quiet, &till("1"), start, 126), None);
        quiet.begin(till("1"), &[9], at(start, 126));
        assert_eq!(quiet.waits(Effect::EachTime), None, "7 had its turn");
    }

    #[test]
    fn one_that_never_has_its_turn_holds_up_nobody_for_long() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 0), None);
        let _lost = quiet.leaves(start);
        quiet.hold([7]);
        quiet.begin(till("1"), &[9], at(start, 185));
        assert_eq!(quiet.waits(Effect::EachTime), None);
    }

    #[test]
    fn what_was_looked_at_before_the_end_is_too_old_to_be_sent() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 0), None);
        let _lost = quiet.leaves(start);
        // The turn begins, and looks, a second before the end; the call comes after it.
        assert_eq!(wait(&mut quiet, &till("1"), start, 124), Some(1));
    }

    #[test]
    fn an_answer_ends_only_its_own_call() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        assert_eq!(wait(&mut quiet, &till("1"), start, 0), None);
        let answered = quiet.leaves(start).expect("a turn");
        quiet.over(answered);
        assert_eq!(wait(&mut quiet, &till("1"), start, 1), None);
        let _lost = quiet.leaves(start);
        let answered = quiet.leaves(at(start, 1)).expect("a turn");
        quiet.over(answered);
        assert_eq!(wait(&mut quiet, &till("1"), start, 2), Some(123));
    }

    #[test]
    fn what_was_sent_before_the_start_is_waited_out_from_the_start() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        quiet.inherit(till("1"), at(start, 5));
        assert_eq!(wait(&mut quiet, &till("1"), start, 5), Some(120));
        assert_eq!(wait(&mut quiet, &till("2"), start, 5), None);
        assert_eq!(wait(&mut quiet, &till("1"), start, 125), None);
        quiet.inherit(till("1"), at(start, 125));
        assert_eq!(wait(&mut quiet, &till("1"), start, 125), None);
    }

    #[test]
    fn without_a_turn_nothing_is_noted_and_nothing_waits() {
        let start = Instant::now();
        let mut quiet = Quiet::new(LIMIT, start);
        assert!(quiet.leaves(start).is_none());
        assert_eq!(quiet.waits(Effect::EachTime), None);
    }
}
