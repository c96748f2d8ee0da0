//! What is decided without asking Odoo; prices against a real one are in the scenarios `odoo::lists` and `odoo::changes`.

use super::*;

#[test]
fn samples_are_spread_and_repeatable() {
    let seed = Revision("abc".into());
    let taken: Vec<usize> = (0..5).map(|turn| sample(&seed, turn, 1_000)).collect();
    let again: Vec<usize> = (0..5).map(|turn| sample(&seed, turn, 1_000)).collect();
    assert_eq!(taken, again);
    assert!(taken.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(sample(&seed, 0, 1), 0);
}

#[test]
fn an_answer_that_was_lost_while_reading_is_only_a_line_that_was_down() {
    let cut = outage(CallError::Cut("reset".into()));
    assert_eq!(cut, Outage::Unreachable("reset".into()));
    let slow = CallError::Status {
        status: 503,
        retry_after: None,
    };
    assert_eq!(outage(slow), Outage::Throttled { retry_after: None });
}

#[test]
fn a_pull_is_saved_only_where_the_probe_can_tell() {
    let seen = |revision: &str, fresh| Seen {
        revision: Revision(revision.into()),
        probe: Probe {
            state: String::new(),
            fresh,
        },
        anchor: Timestamp::UNIX_EPOCH,
        pulled_at: Instant::now(),
        shelved: BTreeMap::new(),
        notes: Vec::new(),
    };
    let (own, soon) = (Revision("a".into()), Duration::from_secs(60));
    assert!(worth_asking(&seen("a", false), Some(&own), soon));
    assert!(!worth_asking(&seen("b", false), Some(&own), soon));
    assert!(!worth_asking(&seen("a", false), None, soon));
    assert!(
        !worth_asking(&seen("a", true), Some(&own), soon),
        "the same second"
    );
    assert!(!worth_asking(&seen("a", false), Some(&own), PULL_AFTER));
}
