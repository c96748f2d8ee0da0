//! What may happen to a store's days: the words of the machine, and how often each is said.

use proptest::prelude::*;

use super::shop::{Action, Cause};
use crate::outbox::Outage;

/// Steps of a day.
const STEPS_MAX: usize = 40;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
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
        /// So often in a row.
        times: usize,
    },
    /// A person withdraws a sale, and the till sends it as it should have been.
    Correct {
        which: usize,
        variant: i64,
    },
    Person {
        which: usize,
        action: Action,
    },
    Clock {
        hours: i64,
    },
    /// Requests that were taken for lost take effect now.
    LateArrive,
    Restart,
}

/// What the destination does with a document that it does not hold yet.
#[derive(Debug, Clone, Copy)]
pub enum Mood {
    Takes,
    Refuses,
    KnowsBeforehand,
    Postpones(Cause),
}

/// Where a hand-over ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// Answered and noted.
    Noted,
    /// An outage; the first so many documents took effect all the same, where that can be.
    Out(Trouble, usize),
    /// No answer, and the request arrives only later.
    Late,
    /// The power is cut after the first so many took effect, before anything is noted.
    Cut(usize),
}

/// The outages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trouble {
    Unreachable,
    Throttled,
    Unauthorized,
    TooLarge,
    Ambiguous,
    Incomprehensible,
    WrongEnvironment,
}

impl Trouble {
    pub fn outage(self) -> Outage {
        let words = "words".to_owned();
        match self {
            Self::Unreachable => Outage::Unreachable(words),
            Self::Throttled => Outage::Throttled { retry_after: None },
            Self::Unauthorized => Outage::Unauthorized(words),
            Self::TooLarge => Outage::BatchTooLarge,
            Self::Ambiguous => Outage::Ambiguous(words),
            Self::Incomprehensible => Outage::Incomprehensible(words),
            Self::WrongEnvironment => Outage::WrongEnvironment(words),
        }
    }

    /// Whether documents of the batch may have arrived before it: a batch can take several requests, and the line may
    /// fail at the second. What is too large is turned away whole.
    pub fn may_reach(self) -> bool {
        self != Self::TooLarge
    }
}

/// By whose hand a state may have changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Changes {
    None,
    ByAnswer,
    ByPerson,
}

fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let cause = prop_oneof![
        Just(Cause::UnknownProduct),
        Just(Cause::UnknownOriginal),
        Just(Cause::NotYet)
    ];
    let mood = prop_oneof![
        5 => Just(Mood::Takes), 1 => Just(Mood::Refuses), 1 => Just(Mood::KnowsBeforehand),
        1 => cause.prop_map(Mood::Postpones),
    ];
    prop::collection::vec(mood, 6)
}

fn end() -> impl Strategy<Value = End> {
    let trouble = prop_oneof![
        1 => Just(Trouble::Unreachable),
        1 => Just(Trouble::Throttled),
        1 => Just(Trouble::Unauthorized),
        1 => Just(Trouble::TooLarge),
        3 => Just(Trouble::Ambiguous),
        2 => Just(Trouble::Incomprehensible),
        1 => Just(Trouble::WrongEnvironment),
    ];
    let reached = || 0..6_usize;
    prop_oneof![
        6 => Just(End::Noted),
        5 => (trouble, reached()).prop_map(|(trouble, reached)| End::Out(trouble, reached)),
        1 => Just(End::Late),
        2 => reached().prop_map(End::Cut),
    ]
}

/// A day.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = || 1..10_i64;
    let times = prop_oneof![3 => Just(1), 1 => Just(3)];
    let action = prop_oneof![
        Just(Action::Retry),
        Just(Action::Release),
        Just(Action::Withdraw("wrong".to_owned()))
    ];
    // A correction by hand, and a clock that lost or gained a month.
    let hours = prop_oneof![5 => -48..96_i64, 1 => -720..721_i64];
    let step = prop_oneof![
        6 => (number(), 0..3_i64).prop_map(|(number, variant)| Step::Sale { number, variant }),
        1 => number().prop_map(|number| Step::Odd { number }),
        2 => (20..24_i64, number()).prop_map(|(number, of)| Step::Back { number, of }),
        1 => (24..28_i64, number()).prop_map(|(number, of)| Step::Void { number, of }),
        8 => (1..6_usize, moods(), end(), times)
            .prop_map(|(max, moods, end, times)| Step::HandOver { max, moods, end, times }),
        2 => (0..40_usize, 3..6_i64).prop_map(|(which, variant)| Step::Correct { which, variant }),
        3 => (0..40_usize, action).prop_map(|(which, action)| Step::Person { which, action }),
        2 => hours.prop_map(|hours| Step::Clock { hours }),
        1 => Just(Step::LateArrive),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..STEPS_MAX)
}
