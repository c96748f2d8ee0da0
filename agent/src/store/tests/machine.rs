//! Random days of a shop: documents new, sent again and in conflict; verdicts, outages and lost answers; power cuts at
//! every step; clocks that jump; people who retry, release and withdraw. Whatever happens: what was acknowledged is
//! there, whole and in a state that follows from what happened to it, and the destination holds nothing twice.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use tillpost_shared::document::Document;
use uuid::Uuid;

use super::shop::*;
use crate::destination::Delivery;
use crate::store::accept::Outcome;
use crate::store::history::{self, Chain};
use crate::store::{Store, StoreError};

/// Random days a run.
const DAYS: u32 = 32;
/// Steps of a day.
const STEPS_MAX: usize = 40;

/// What the destination does with a document that it does not hold yet.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Takes,
    Refuses,
    KnowsBeforehand,
    Postpones,
}

/// Where a hand-over ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Noted,
    Unreachable,
    TooLarge,
    AnswerLost,
    PutAside,
    CutBeforeSending,
    CutBeforeNoting,
}

#[derive(Debug, Clone)]
enum Step {
    Sale {
        number: i64,
        variant: i64,
    },
    Odd {
        number: i64,
    },
    Back {
        number: i64,
        of: i64,
    },
    Void {
        number: i64,
        of: i64,
    },
    HandOver {
        max: usize,
        moods: Vec<Mood>,
        end: End,
    },
    Person {
        which: usize,
        action: Action,
    },
    Clock {
        hours: i64,
    },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = || 1..12_i64;
    let mood = prop_oneof![
        5 => Just(Mood::Takes), 1 => Just(Mood::Refuses), 1 => Just(Mood::KnowsBeforehand), 1 => Just(Mood::Postpones),
    ];
    let end = prop_oneof![
        6 => Just(End::Noted), 1 => Just(End::Unreachable), 1 => Just(End::TooLarge), 1 => Just(End::AnswerLost),
        1 => Just(End::PutAside), 1 => Just(End::CutBeforeSending), 1 => Just(End::CutBeforeNoting),
    ];
    let action = prop_oneof![
        Just(Action::Retry),
        Just(Action::Release),
        Just(Action::Withdraw("wrong".to_owned()))
    ];
    let step = prop_oneof![
        6 => (number(), 0..3_i64).prop_map(|(number, variant)| Step::Sale { number, variant }),
        1 => number().prop_map(|number| Step::Odd { number }),
        2 => (20..24_i64, number()).prop_map(|(number, of)| Step::Back { number, of }),
        1 => (24..28_i64, number()).prop_map(|(number, of)| Step::Void { number, of }),
        8 => (1..6_usize, prop::collection::vec(mood, 6), end)
            .prop_map(|(max, moods, end)| Step::HandOver { max, moods, end }),
        3 => (0..40_usize, action).prop_map(|(which, action)| Step::Person { which, action }),
        2 => (-48..96_i64).prop_map(|hours| Step::Clock { hours }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..STEPS_MAX)
}

/// What was acknowledged under an id.
struct Known {
    key: String,
    document: Document,
    state: State,
}

struct World {
    dir: TempDir,
    store: Option<Store>,
    runtime: tokio::runtime::Runtime,
    now: Timestamp,
    unanswered: Unanswered,
    /// Every acknowledged id: the model.
    known: BTreeMap<String, Known>,
    /// What the destination holds, by uid.
    there: HashMap<Uuid, Document>,
}

impl World {
    fn new() -> Self {
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

    fn step(&mut self, step: Step) {
        let changes = match step {
            Step::Sale { number, variant } => {
                self.send(sale_of(number, &format!("{}.00", 10 + variant)))
            }
            Step::Odd { number } => self.send(odd_sale(number)),
            Step::Back { number, of } => self.send(goods_back(number, json!({"sequence": of}))),
            Step::Void { number, of } => self.send(void(number, json!({"sequence": of}))),
            Step::HandOver { max, moods, end } => self.hand_over(max, &moods, end),
            Step::Person { which, action } => self.person(which, action),
            Step::Clock { hours: count } => {
                self.now += hours(count);
                let latest = self.now + SignedDuration::from_mins(15);
                self.write(move |writer| lane::cap_due(writer, latest));
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
            .read(|reader| lane::any_due(reader, ODOO, now))
            .unwrap();
        let batch = self.write(move |writer| lane::claim(writer, ODOO, max, unanswered, now));
        assert_eq!(due, !batch.deliveries.is_empty());
        if batch.deliveries.is_empty() {
            return Changes::None;
        }
        for delivery in &batch.deliveries {
            let known = &self.known[&delivery.id.to_string()];
            assert_eq!(known.state, State::Waiting, "{} is sent", known.key);
            assert_eq!(*delivery.document, known.document);
        }
        let arrives = matches!(
            end,
            End::Noted | End::AnswerLost | End::PutAside | End::CutBeforeNoting
        );
        let verdicts: Vec<Verdict> = match arrives {
            true => batch
                .deliveries
                .iter()
                .zip(moods.iter().cycle())
                .map(|(delivery, mood)| self.deliver(delivery, *mood))
                .collect(),
            false => Vec::new(),
        };
        self.end(end, &batch, verdicts)
    }

    fn end(&mut self, end: End, batch: &Batch, verdicts: Vec<Verdict>) -> Changes {
        let now = self.now;
        self.unanswered = Unanswered::NeverArrived;
        match end {
            End::Noted => {
                let outcomes: Vec<_> = batch
                    .deliveries
                    .iter()
                    .zip(&batch.standings)
                    .zip(verdicts)
                    .map(|((delivery, standing), verdict)| {
                        let next = outbox::after(*standing, verdict, now, &Policy::default(), 0.5);
                        (delivery.seq, next)
                    })
                    .collect();
                self.write(move |writer| lane::settle(writer, ODOO, &outcomes, now));
                return Changes::ByAnswer;
            }
            End::Unreachable => {}
            End::TooLarge => {
                self.write(move |writer| lane::let_go(writer, ODOO, Unanswered::NeverArrived, None))
            }
            End::AnswerLost => self.unanswered = Unanswered::MayHaveArrived,
            End::PutAside => {
                let until = Some(now + SignedDuration::from_mins(10));
                self.write(move |writer| {
                    lane::let_go(writer, ODOO, Unanswered::MayHaveArrived, until)
                });
            }
            End::CutBeforeSending | End::CutBeforeNoting => self.restart(),
        }
        Changes::None
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
            Mood::Postpones => postponed("unknown_product", Cause::UnknownProduct),
        }
    }

    fn person(&mut self, which: usize, action: Action) -> Changes {
        let Some(id) = self.known.keys().nth(which).cloned() else {
            return Changes::None;
        };
        let now = self.now;
        let done = self.write(move |writer| person::act(writer, &id, &action, "manager", now));
        match done {
            Done::Done => Changes::ByPerson,
            Done::WrongState(_) => Changes::None,
            Done::NotFound => panic!("an acknowledged document is lost"),
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
    fn heal(&mut self) {
        self.now += hours(24);
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
            .read(|reader| lane::any_due(reader, ODOO, self.now))
            .unwrap()
    }
}

/// By whose hand a state may have changed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Changes {
    None,
    ByAnswer,
    ByPerson,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: DAYS, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_there_twice(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.heal();
    }
}
