//! What an outage means for the batch in hand: whether it may have arrived, and whether it goes again as it was. Pure
//! and total: every outage stands in one table.

use super::Outage;

/// After so many outages in a row without a usable answer, a batch is taken apart and its documents go one by one;
/// after so many more, a single one is put aside for others. It may be the one on which the destination chokes.
pub const UNANSWERED_MAX: u32 = 3;

/// What an outage means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consequence {
    /// Whether the batch may have taken effect over there: then it is asked about before anything else becomes of it,
    /// which for every destination is to hand it over again.
    pub may_have_arrived: bool,
    /// What becomes of the batch.
    pub batch: Fate,
}

/// What becomes of a batch that got no verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes again as it was.
    Again,
    /// It is let go, and the next one is half as large.
    Halved,
    /// It is one document, and too much: parked.
    TooLarge,
    /// It is let go, and its documents go one by one.
    OneByOne,
    /// It is one document that never gets an answer: put aside for a while.
    PutAside,
}

/// What an outage means for a batch of so many documents; it is the `failures`-th in a row. `troubled`: another outage
/// than this has met documents of the batch since the last answer. A destination may need several requests for a
/// batch, and the line may fail at the second: so what is let go after trouble may have arrived in part.
pub const fn consequence(
    outage: &Outage,
    failures: u32,
    documents: usize,
    troubled: bool,
) -> Consequence {
    let (may_have_arrived, batch) = match outage {
        Outage::BatchTooLarge if documents > 1 => (troubled, Fate::Halved),
        Outage::BatchTooLarge => (troubled, Fate::TooLarge),
        Outage::Ambiguous(_) | Outage::Incomprehensible(_) => {
            let taken_apart = failures.is_multiple_of(UNANSWERED_MAX);
            let batch = match (taken_apart, documents) {
                (false, _) => Fate::Again,
                (true, 0 | 1) => Fate::PutAside,
                (true, _) => Fate::OneByOne,
            };
            (true, batch)
        }
        Outage::Unreachable(_)
        | Outage::Throttled { .. }
        | Outage::Unauthorized(_)
        | Outage::WrongEnvironment(_) => (false, Fate::Again),
    };
    Consequence {
        may_have_arrived,
        batch,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn text() -> String {
        "words".to_owned()
    }

    #[rstest]
    #[case::line_down(Outage::Unreachable(text()), 3, 20, false, false, Fate::Again)]
    #[case::patience(Outage::Throttled { retry_after: None }, 3, 20, false, false, Fate::Again)]
    #[case::key(Outage::Unauthorized(text()), 3, 1, false, false, Fate::Again)]
    #[case::wrong_world(Outage::WrongEnvironment(text()), 3, 20, false, false, Fate::Again)]
    #[case::much(Outage::BatchTooLarge, 1, 20, false, false, Fate::Halved)]
    #[case::much_alone(Outage::BatchTooLarge, 1, 1, false, false, Fate::TooLarge)]
    #[case::much_after_trouble(Outage::BatchTooLarge, 2, 20, true, true, Fate::Halved)]
    #[case::much_alone_after_trouble(Outage::BatchTooLarge, 2, 1, true, true, Fate::TooLarge)]
    #[case::lost_once(Outage::Ambiguous(text()), 1, 20, false, true, Fate::Again)]
    #[case::lost_twice(Outage::Ambiguous(text()), 2, 20, false, true, Fate::Again)]
    #[case::lost_often(Outage::Ambiguous(text()), 3, 20, false, true, Fate::OneByOne)]
    #[case::lost_alone(Outage::Ambiguous(text()), 3, 1, false, true, Fate::PutAside)]
    #[case::lost_on(Outage::Ambiguous(text()), 4, 1, false, true, Fate::Again)]
    #[case::rubbish(Outage::Incomprehensible(text()), 1, 1, false, true, Fate::Again)]
    #[case::rubbish_often(Outage::Incomprehensible(text()), 6, 2, false, true, Fate::OneByOne)]
    fn every_outage_has_its_consequence(
        #[case] outage: Outage,
        #[case] failures: u32,
        #[case] documents: usize,
        #[case] troubled: bool,
        #[case] may_have_arrived: bool,
        #[case] batch: Fate,
    ) {
        let expected = Consequence {
            may_have_arrived,
            batch,
        };
        assert_eq!(
            consequence(&outage, failures, documents, troubled),
            expected
        );
    }
}
