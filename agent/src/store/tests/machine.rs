//! Random days of a shop: documents new, sent again and in conflict; every verdict and every outage, lost answers and
//! requests that arrive late; power cuts at every step; clocks that jump; people who retry, release and withdraw. Whatever happens: what was acknowledged is
//! there, whole and in a state that follows from what happened to it, and the destination holds nothing twice.

use std::collections::{BTreeMap, HashMap};

use tillpost_shared::document::Document;
use uuid::Uuid;

use super::moods::*;
use super::shop::*;
use crate::outbox::outage::{Fate, consequence};
use crate::outbox::{Delivery, Outage};
use crate::store::accept::Outcome;
use crate::store::history::{self, Chain};
use crate::store::{Store, StoreError};

/// What was acknowledged under an id.
struct Known {
    key: String,
    document: Document,
    state: State,
}

pub struct World {
    dir: TempDir,
    store: Option<Store>,
    runtime: tokio::runtime::Runtime,
    now: Timestamp,
    unanswered: Unanswered,
    /// Outages in a row, and whether one was another than that the batch is too large.
    failures: u32,
    troubled: bool,
    /// Requests that nobody waits for any more and that have not arrived yet.
    late: Vec<Delivery>,
    /// Every acknowledged id: the model.
    known: BTreeMap<String, Known>,
    /// What the destination holds, by uid.
    there: HashMap<Uuid, Document>,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut world = Self {
            dir,
            store: None,
            runtime,
            now: evening(),
            unanswered: Unanswered::NeverArrived,
            failures: 0,
            troubled: false,
            late: Vec::new(),
            known: BTreeMap::new(),
            there: HashMap::new(),
        };
        world.restart();
        world
    }

    fn restart(&mut self) {
        self.store = None;
        self.store = Some(Store::open(self.dir.path()).unwrap());
        self.unanswered = Unanswered::MayHaveArrived;
        (self.failures, self.troubled) = (0, false);
        // The process dies in these tests, not the disk.
        self.write(|writer| {
            Ok(writer.execute_batch("COMMIT; PRAGMA synchronous = OFF; BEGIN; SAVEPOINT job")?)
        });
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.runtime.block_on(self.store().write(work)).unwrap()
    }

    pub fn step(&mut self, step: Step) {
        let changes = match step {
            Step::Sale { number, variant } => {
                self.send(sale_of(number, &format!("{}.00", 10 + variant)))
            }
            Step::Odd { number } => self.send(odd_sale(number)),
            Step::Back { number, of } => self.send(goods_back(number, json!({"sequence": of}))),
            Step::Void { number, of } => self.send(void(number, json!({"sequence": of}))),
            Step::HandOver {
                max,
                moods,
                end,
                times,
            } => {
                for _ in 1..times {
                    let changes = self.hand_over(max, &moods, end);
                    self.look(changes);
                }
                self.hand_over(max, &moods, end)
            }
            Step::Correct { which, variant } => self.correct(which, variant),
            Step::Person { which, action } => self.person(which, action),
            Step::Clock { hours: count } => {
                self.now += hours(count);
                let latest = self.now + SignedDuration::from_mins(15);
                self.write(move |writer| lane::cap_due(writer, latest));
                Changes::None
            }
            Step::LateArrive => {
                self.late_arrive();
                Changes::None
            }
            Step::Restart => {
                self.restart();
                Changes::None
            }
        };
        self.look(changes);
    }

    fn send(&mut self, value: Value) -> Changes {
        let (arrival, now) = (arrival(value.clone()), self.now);
        let taken = self
            .write(move |writer| accept(writer, vec![arrival], &routes(&[ODOO]), "till 3", now));
        let taken = taken.into_iter().next().unwrap();
        let Reading::Read(judged) = intake::read(value, &terms()) else {
            panic!("the till's documents are readable");
        };
        if let Outcome::Duplicate(state) = taken.outcome {
            let first = &self.known[&taken.id];
            assert_eq!(
                (&first.key, &first.document, first.state),
                (&taken.key, &judged.document, state)
            );
            return Changes::None;
        }
        let owner = |key: &str| {
            self.known
                .values()
                .any(|known| known.key == key && known.state != State::Withdrawn)
        };
        assert!(!owner(&taken.key), "{} is given twice", taken.key);
        let state = if taken.outcome == Outcome::Held {
            State::Held
        } else {
            State::Waiting
        };
        let known = Known {
            key: taken.key,
            document: judged.document,
            state,
        };
        assert!(self.known.insert(taken.id, known).is_none());
        Changes::None
    }

    fn hand_over(&mut self, max: usize, moods: &[Mood], end: End) -> Changes {
        let (now, unanswered) = (self.now, self.unanswered);
        let due = self
            .store()
            .read(|reader| lane::any_due(reader, ODOO, now, None))
            .unwrap();
        let batch = self.write(move |writer| {
            lane::claim(
                writer,
                ODOO,
                max,
                unanswered,
                now,
                Choice::of_all(Pace::MostUrgentFirst),
            )
        });
        assert_eq!(due, !batch.deliveries.is_empty());
        if batch.deliveries.is_empty() {
            return Changes::None;
        }
        for delivery in &batch.deliveries {
            let known = &self.known[&delivery.id.to_string()];
            assert_eq!(known.state, State::Waiting, "{} is sent", known.key);
            assert_eq!(*delivery.document, known.document);
        }
        match end {
            End::Noted => {
                let verdicts = self.deliver_some(&batch, moods, batch.deliveries.len());
                (self.failures, self.troubled) = (0, false);
                self.unanswered = Unanswered::NeverArrived;
                self.settle(&batch, verdicts)
            }
            End::Out(trouble, reached) => {
                let reached = if trouble.may_reach() { reached } else { 0 };
                self.deliver_some(&batch, moods, reached);
                self.out(&trouble.outage(), &batch)
            }
            End::Late => {
                self.late.extend(batch.deliveries.iter().cloned());
                self.out(&Trouble::Ambiguous.outage(), &batch)
            }
            End::Cut(reached) => {
                self.deliver_some(&batch, moods, reached);
                self.restart();
                Changes::None
            }
        }
    }

    /// The first so many reach the destination.
    fn deliver_some(&mut self, batch: &Batch, moods: &[Mood], reached: usize) -> Vec<Verdict> {
        let pairs = batch.deliveries.iter().zip(moods.iter().cycle());
        pairs
            .take(reached)
            .map(|(delivery, mood)| self.deliver(delivery, *mood))
            .collect()
    }

    fn settle(&self, batch: &Batch, verdicts: Vec<Verdict>) -> Changes {
        let now = self.now;
        let standings = batch.deliveries.iter().zip(&batch.standings);
        let outcomes: Vec<_> = standings
            .zip(verdicts)
            .map(|((delivery, standing), verdict)| {
                let next = outbox::after(*standing, verdict, now, &Policy::default(), 0.5);
                (delivery.seq, next)
            })
            .collect();
        self.write(move |writer| lane::settle(writer, ODOO, &outcomes, now));
        Changes::ByAnswer
    }

    /// As a lane does it.
    fn out(&mut self, outage: &Outage, batch: &Batch) -> Changes {
        self.failures += 1;
        let means = consequence(outage, self.failures, batch.deliveries.len(), self.troubled);
        self.troubled |= *outage != Outage::BatchTooLarge;
        self.unanswered = match means.may_have_arrived {
            true => Unanswered::MayHaveArrived,
            false => Unanswered::NeverArrived,
        };
        let until = match means.batch {
            Fate::Again => return Changes::None,
            Fate::TooLarge => {
                return self.settle(batch, vec![rejected(means.may_have_arrived)]);
            }
            Fate::Halved | Fate::OneByOne => None,
            Fate::PutAside => Some(self.now + SignedDuration::from_mins(10)),
        };
        let unanswered = self.unanswered;
        self.write(move |writer| lane::let_go(writer, ODOO, unanswered, until));
        Changes::None
    }

    /// What was under way for long takes effect now; what the destination holds stays what it is.
    fn late_arrive(&mut self) {
        for delivery in std::mem::take(&mut self.late) {
            self.deliver(&delivery, Mood::Takes);
        }
    }

    /// The destination: what it holds it says it holds, and nothing else can take its place.
    fn deliver(&mut self, delivery: &Delivery, mood: Mood) -> Verdict {
        if let Some(held) = self.there.get(&delivery.uid) {
            assert_eq!(
                *held, *delivery.document,
                "two documents under one uid: {}",
                delivery.key
            );
            return accepted();
        }
        match mood {
            Mood::Takes => {
                self.there
                    .insert(delivery.uid, (*delivery.document).clone());
                accepted()
            }
            Mood::Refuses => rejected(true),
            Mood::KnowsBeforehand => rejected(false),
            Mood::Postpones(cause) => postponed("later", cause),
        }
    }

    fn person(&mut self, which: usize, action: Action) -> Changes {
        let which = which % self.known.len().max(1);
        let Some(id) = self.known.keys().nth(which).cloned() else {
            return Changes::None;
        };
        let now = self.now;
        let done =
            self.write(move |writer| person::act(writer, &id, &action, "manager", None, now));
        match done {
            Done::Done => Changes::ByPerson,
            Done::WrongState(_) | Done::ReasonNeeded => Changes::None,
            Done::NotFound => panic!("an acknowledged document is lost"),
        }
    }

    /// The corrected sale gets the number if nobody can have seen the wrong one, else a key of its own.
    fn correct(&mut self, which: usize, variant: i64) -> Changes {
        let changes = self.person(which, Action::Withdraw("wrong".to_owned()));
        self.look(changes);
        let nth = which % self.known.len().max(1);
        let known = self.known.values().nth(nth);
        match known.and_then(|known| known.document.head.sequence.as_ref()) {
            Some(number) => self.send(sale_of(number.0, &format!("{}.00", 10 + variant))),
            None => Changes::None,
        }
    }

    /// Everything acknowledged is there, whole, and where it may be.
    fn look(&mut self, changes: Changes) {
        let store = self.store.clone().unwrap();
        for (id, known) in &mut self.known {
            let view = store.read(|reader| read::document(reader, id)).unwrap();
            let view = view.expect("what was acknowledged is there");
            let document = lane::read_body(&view.document.to_string());
            assert_eq!(
                (view.key.as_str(), document.as_ref()),
                (known.key.as_str(), Some(&known.document))
            );
            let (before, now) = (known.state, view.state);
            let allowed = before == now
                || match changes {
                    Changes::None => false,
                    Changes::ByAnswer => {
                        before == State::Waiting && matches!(now, State::Delivered | State::Parked)
                    }
                    Changes::ByPerson => matches!(
                        (before, now),
                        (State::Held | State::Parked, State::Waiting)
                            | (
                                State::Held | State::Parked | State::Waiting,
                                State::Withdrawn
                            )
                    ),
                };
            assert!(allowed, "{}: {before:?} to {now:?}, {changes:?}", known.key);
            let uid = Uuid::parse_str(&view.uid).unwrap();
            if now == State::Delivered {
                assert_eq!(
                    self.there.get(&uid),
                    Some(&known.document),
                    "{} is delivered",
                    known.key
                );
            }
            known.state = now;
        }
    }

    /// The line is back and stays, and head office takes everything: what still waits must have a reason.
    pub fn heal(&mut self) {
        self.now += hours(24);
        self.late_arrive();
        for _ in 0..200 {
            let before = self.there.len();
            let changes = self.hand_over(5, &[Mood::Takes], End::Noted);
            self.look(changes);
            if self.there.len() == before && !self.any_waiting_and_due() {
                break;
            }
        }
        let open = |state| matches!(state, State::Held | State::Parked);
        let blocked = self.known.values().any(|known| open(known.state));
        for known in self.known.values() {
            let returns = known
                .document
                .body
                .as_sale()
                .is_none_or(|sale| sale.total.0.is_sign_negative());
            assert!(
                known.state != State::Waiting || (returns && blocked),
                "{} still waits",
                known.key
            );
        }
        let chain = self.store().read(history::verify).unwrap();
        assert!(matches!(chain, Chain::Whole(_)), "{chain:?}");
    }

    fn any_waiting_and_due(&self) -> bool {
        self.store()
            .read(|reader| lane::any_due(reader, ODOO, self.now, None))
            .unwrap()
    }
}
