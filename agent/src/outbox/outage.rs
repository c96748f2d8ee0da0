//! What an outage means for the batch in hand: whether it may have arrived, and whether it goes again as it was. Pure
//! and total: every outage stands in one table, and so does every HTTP status that brings no answer of a destination's.

use std::time::Duration;

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
    /// It is let go as what may have arrived, and such documents go one by one.
    OneByOne,
    /// It is one document that never gets an answer: put aside for a while.
    PutAside,
}

/// What an HTTP status says that comes without an answer of the destination's own: from it, or from whoever stands
/// before it.
pub fn by_status(status: u16, retry_after: Option<Duration>) -> Outage {
    let with = |more: &str| format!("HTTP status {status}{more}");
    match status {
        401 | 403 => Outage::Unauthorized(with("")),
        413 => Outage::BatchTooLarge,
        429 | 503 => Outage::Throttled { retry_after },
        // Somebody on the way, or the destination itself, gave up waiting. 499 is nginx's own, 520 to 530 are
        // Cloudflare's, 561 is of a load balancer of Amazon's, 598 and 599 of other proxies.
        408 | 499 | 502 | 504 | 520..=530 | 561 | 598 | 599 => Outage::Ambiguous(with("")),
        300..=399 | 511 => Outage::Incomprehensible(with(
            " sends us elsewhere, and a key follows nobody: is `url` right, or does the line ask somebody to log in (a \
             captive portal)?",
        )),
        404 | 405 | 410 => Outage::Incomprehensible(with(": check `url` and, of Odoo, `database`")),
        407 => Outage::Incomprehensible(with(": a proxy on the way wants a password")),
        _ => Outage::Incomprehensible(with("")),
    }
}

/// Whether what was sent may have taken effect over there, or may still do so. What makes no sense may have been said
/// by somebody on the way while the destination is at work.
pub const fn may_have_arrived(outage: &Outage) -> bool {
    matches!(outage, Outage::Ambiguous(_) | Outage::Incomprehensible(_))
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
    let batch = match outage {
        Outage::BatchTooLarge if documents > 1 => Fate::Halved,
        Outage::BatchTooLarge => Fate::TooLarge,
        Outage::Ambiguous(_) | Outage::Incomprehensible(_) => {
            let taken_apart = failures.is_multiple_of(UNANSWERED_MAX);
            match (taken_apart, documents) {
                (false, _) => Fate::Again,
                (true, 0 | 1) => Fate::PutAside,
                (true, _) => Fate::OneByOne,
            }
        }
        Outage::Unreachable(_)
        | Outage::Throttled { .. }
        | Outage::UnderWay { .. }
        | Outage::Unauthorized(_)
        | Outage::WrongEnvironment(_) => Fate::Again,
    };
    let too_large = matches!(outage, Outage::BatchTooLarge);
    Consequence {
        may_have_arrived: may_have_arrived(outage) || (too_large && troubled),
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

    // By hand: what may be under way behind the back of whoever answered, and what surely is not.
    #[rstest]
    #[case::turned_away(&[401, 403, 413, 429, 503], false)]
    #[case::gave_up_waiting(&[408, 499, 502, 504, 598, 599], true)]
    #[case::cloudflare(&[520, 521, 522, 523, 524, 525, 526, 527, 530], true)]
    #[case::amazon(&[561], true)]
    #[case::a_page_instead_of_an_answer(&[200, 204, 302, 404, 407, 500, 501, 511], true)]
    fn a_status_says_whether_it_may_have_arrived(#[case] statuses: &[u16], #[case] expected: bool) {
        for status in statuses {
            let outage = by_status(*status, None);
            assert_eq!(may_have_arrived(&outage), expected, "{status}: {outage}");
        }
    }

    #[test]
    fn who_gave_up_waiting_is_no_reason_to_call_central_it() {
        for status in (520..=530).chain([408, 502, 504, 561, 598, 599]) {
            let outage = by_status(status, None);
            assert!(matches!(outage, Outage::Ambiguous(_)), "{outage}");
        }
    }

    #[rstest]
    #[case::line_down(Outage::Unreachable(text()), 3, 20, false, false, Fate::Again)]
    #[case::patience(Outage::Throttled { retry_after: None }, 3, 20, false, false, Fate::Again)]
    #[case::quiet(Outage::UnderWay { until: jiff::Timestamp::UNIX_EPOCH }, 3, 20, false, false, Fate::Again)]
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
