//! What happens to a delivery after an answer: the only place where a delivery's state changes.
//!
//! Document or destination at fault: a [`Verdict`] is about one document, an [`Outage`] about the destination, and
//! nobody in the batch is charged for an outage. That split makes a poisoned document harmless and an outage cheap.

pub mod outage;
pub mod pacing;
pub mod patience;
pub mod window;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tillpost_shared::document::Document;
use uuid::Uuid;

use crate::backoff;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Arrived.
    Delivered,
    /// Taken out by a person; never delivered.
    Withdrawn,
    /// To be delivered.
    Waiting,
    /// Refused as it stands; a person must look.
    Parked,
    /// Not to be delivered before a person releases it.
    Held,
}

impl State {
    /// The word in the database and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Parked => "parked",
            Self::Waiting => "waiting",
            Self::Withdrawn => "withdrawn",
            Self::Delivered => "delivered",
        }
    }
    /// The state a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Held,
            Self::Parked,
            Self::Waiting,
            Self::Withdrawn,
            Self::Delivered,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
    /// A document's state is the worst of its deliveries; with none it is delivered.
    pub fn worst(states: impl IntoIterator<Item = Self>) -> Self {
        states.into_iter().max().unwrap_or(Self::Delivered)
    }
}

/// An answer in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Stable word for programs, snake_case.
    pub code: String,
    /// What happened, for a shopkeeper.
    pub message: String,
    /// What to do, for a shopkeeper.
    pub hint: String,
}

impl Answer {
    /// An answer.
    pub fn new(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// A document on its way to a destination.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The order in which documents were stored.
    pub seq: i64,
    /// The agent's id.
    pub id: Uuid,
    /// The natural key.
    pub key: String,
    /// UUIDv5 of the key: the idempotency key at the destination.
    pub uid: Uuid,
    /// The trading day.
    pub business_date: Date,
    /// When it began to wait: received, or last released or retried by a person.
    pub since: Timestamp,
    /// Answers so far.
    pub attempts: u32,
    /// Whether it may have been seen over there before, or a request with it may still be under way.
    pub sent_before: bool,
    /// For a day close: the keys of its day that have not arrived. Empty unless the close goes without them.
    pub missing: Vec<String>,
    /// The code of the last answer, when there was one: of a document that was parked with it, a person has retried it.
    pub last_code: Option<String>,
    /// For a part of a count: the other parts that are here and have not been applied.
    pub other_parts: Vec<OtherPart>,
    /// The document.
    pub document: Arc<Document>,
}

/// A part of the same count.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherPart {
    /// Whether it waits to go; if not, a person must look at it first.
    pub waiting: bool,
    /// The document.
    pub document: Arc<Document>,
}

/// What a destination says of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds the document now, or held it before; with its own reference.
    Accepted(String),
    /// Never as it stands: parked, a person must look.
    Rejected {
        /// Why, in words.
        answer: Answer,
        /// Whether the destination was asked at all, or we saw beforehand that it would refuse.
        sent: bool,
    },
    /// Not this one yet.
    Postponed {
        /// Why, in words.
        answer: Answer,
        /// What it waits for.
        cause: Cause,
    },
}

/// What a postponed document waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A product that the destination does not know; looked at again after each catalog refresh.
    UnknownProduct,
    /// A sale that the destination does not hold.
    UnknownOriginal,
    /// Its turn: other documents must arrive first, or a day must end.
    NotYet,
    /// A request of which nobody heard the answer: until then it may still take effect.
    UnderWay(Timestamp),
}

/// What a destination says of itself. Nobody in the batch is to blame and no attempt is charged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// Nothing came back, and nothing can have happened.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It asks for patience.
    #[error("asks to wait")]
    Throttled {
        /// For how long, when it says so.
        retry_after: Option<Duration>,
    },
    /// A request before this one may still be under way: nothing was sent.
    #[error("may still be at work on what was sent before")]
    UnderWay {
        /// Until when.
        until: Timestamp,
    },
    /// It does not take the key.
    #[error("does not accept the key: {0}")]
    Unauthorized(String),
    /// The batch is too much for it; halve it.
    #[error("cannot take so much at once")]
    BatchTooLarge,
    /// It may have happened: ask before sending again.
    #[error("gave no answer; it may have happened: {0}")]
    Ambiguous(String),
    /// What came back makes no sense.
    #[error("answered something that makes no sense: {0}")]
    Incomprehensible(String),
    /// It belongs to another environment than this store.
    #[error("belongs to another environment: {0}")]
    WrongEnvironment(String),
}

/// The shortest: what is before it goes first.
const UNDER_WAY_MIN: SignedDuration = SignedDuration::from_secs(1);
/// The longest that a document waits for a request that may be under way, before it is looked at again.
const UNDER_WAY_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How patient the outbox is.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// After how long a document whose product stays unknown is parked.
    pub unknown_product_max: SignedDuration,
    /// After how long a document whose original stays unknown is parked.
    pub unknown_original_max: SignedDuration,
    /// After how long a document whose turn does not come is parked.
    pub not_yet_max: SignedDuration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            unknown_product_max: SignedDuration::from_hours(7 * 24),
            unknown_original_max: SignedDuration::from_hours(14 * 24),
            not_yet_max: SignedDuration::from_hours(14 * 24),
        }
    }
}

/// A delivery as the decision sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Answers so far.
    pub attempts: u32,
    /// When the document was received, or last released or retried by a person.
    pub since: Timestamp,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Where it stands now.
    pub state: State,
    /// Answers so far.
    pub attempts: u32,
    /// When to try again, while it waits.
    pub due_at: Option<Timestamp>,
    /// The destination's reference, once it holds the document.
    pub reference: Option<String>,
    /// What it said, in words.
    pub answer: Option<Answer>,
    /// Whether the destination may have seen the document.
    pub sent: bool,
}

/// What becomes of a delivery after a verdict. `jitter` is a random number from 0 to 1.
pub fn after(
    standing: Standing,
    verdict: Verdict,
    now: Timestamp,
    policy: &Policy,
    jitter: f64,
) -> Next {
    let attempts = standing.attempts.saturating_add(1);
    match verdict {
        Verdict::Accepted(reference) => Next {
            state: State::Delivered,
            attempts,
            due_at: None,
            reference: Some(reference),
            answer: None,
            sent: true,
        },
        Verdict::Rejected { answer, sent } => Next {
            state: State::Parked,
            attempts,
            due_at: None,
            reference: None,
            answer: Some(answer),
            sent,
        },
        Verdict::Postponed { answer, cause } => {
            let patience_max = match cause {
                Cause::UnknownProduct => policy.unknown_product_max,
                Cause::UnknownOriginal => policy.unknown_original_max,
                Cause::NotYet | Cause::UnderWay(_) => policy.not_yet_max,
            };
            let due_at = match cause {
                Cause::UnderWay(until) => until.clamp(now + UNDER_WAY_MIN, now + UNDER_WAY_MAX),
                Cause::UnknownProduct | Cause::UnknownOriginal | Cause::NotYet => {
                    now + backoff::postponed(attempts, jitter)
                }
            };
            let waited = now.duration_since(standing.since);
            let patient = waited < patience_max;
            Next {
                state: if patient {
                    State::Waiting
                } else {
                    State::Parked
                },
                attempts,
                due_at: patient.then_some(due_at),
                reference: None,
                answer: Some(answer),
                sent: matches!(cause, Cause::UnderWay(_)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }
    fn judge(verdict: Verdict, hours: i64) -> Next {
        let standing = Standing {
            attempts: 2,
            since: at(0),
        };
        after(standing, verdict, at(hours), &Policy::default(), 0.5)
    }
    fn postponed(cause: Cause) -> Verdict {
        Verdict::Postponed {
            answer: Answer::new("c", "m", "h"),
            cause,
        }
    }

    #[test]
    fn accepted_is_delivered_and_keeps_the_reference() {
        let next = judge(Verdict::Accepted("77".into()), 1);
        assert_eq!(
            (next.state, next.reference.as_deref()),
            (State::Delivered, Some("77"))
        );
        assert!(next.sent);
    }

    #[test]
    fn rejected_is_parked_and_never_tried_again_by_itself() {
        let verdict = Verdict::Rejected {
            answer: Answer::new("c", "m", "h"),
            sent: false,
        };
        let next = judge(verdict, 1);
        assert_eq!(
            (next.state, next.due_at, next.sent),
            (State::Parked, None, false)
        );
    }

    #[test]
    fn an_unknown_product_waits_seven_days_and_an_unknown_original_fourteen() {
        let state = |cause, hours| judge(postponed(cause), hours).state;
        assert_eq!(state(Cause::UnknownProduct, 7 * 24 - 1), State::Waiting);
        assert_eq!(state(Cause::UnknownProduct, 7 * 24), State::Parked);
        assert_eq!(state(Cause::UnknownOriginal, 14 * 24 - 1), State::Waiting);
        assert_eq!(state(Cause::UnknownOriginal, 14 * 24), State::Parked);
    }

    #[test]
    fn a_postponed_document_is_due_later_and_was_not_sent() {
        let next = judge(postponed(Cause::NotYet), 1);
        assert!(next.due_at.is_some_and(|due| due > at(1)));
        assert!(!next.sent);
    }

    #[test]
    fn what_may_be_under_way_is_looked_at_again_when_it_no_longer_can_be() {
        let next = judge(
            postponed(Cause::UnderWay(at(1) + SignedDuration::from_secs(90))),
            1,
        );
        assert_eq!(next.due_at, Some(at(1) + SignedDuration::from_secs(90)));
        assert!(next.sent, "nobody may take it back");
    }

    #[test]
    fn the_worst_delivery_is_the_state_of_the_document() {
        use State::{Delivered, Held, Parked, Waiting, Withdrawn};
        let ordered = [Held, Parked, Waiting, Withdrawn, Delivered];
        for pair in ordered.windows(2) {
            assert_eq!(State::worst([pair[1], pair[0]]), pair[0]);
        }
        assert_eq!(State::worst([]), Delivered);
    }
}
