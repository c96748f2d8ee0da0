//! What may happen to a store's days: the words of the machine.

/// What the destination does with a document that it does not hold yet.
#[derive(Debug, Clone, Copy)]
pub enum Mood {
    Takes,
    Refuses,
    KnowsBeforehand,
    Postpones,
}

/// Where a hand-over ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    Noted,
    Unreachable,
    TooLarge,
    AnswerLost,
    PutAside,
    CutBeforeSending,
    CutBeforeNoting,
}

/// By whose hand a state may have changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Changes {
    None,
    ByAnswer,
    ByPerson,
}
