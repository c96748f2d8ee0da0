//! Everything that a line can do, at random, for long: nothing lost, nothing doubled.
//!
//! Goal: the second measured fact of "nothing lost, nothing doubled". Method: a proxy deals faults like cards from a
//! deck, from a seed; what the agent said yes to is compared with what took effect at the far end, and every kind of
//! fault must have happened. The waits of the agent are shortened (`TILLPOST_HURRY`), its decisions are not.

mod odoo;

use std::collections::BTreeSet;
use std::time::Instant;

use tillpost_tests::arrivals::Comparison;
use tillpost_tests::place::{ByHttp, Place};
use tillpost_tests::proxy::faults::{Counts, Fault, assert_hit};
use tillpost_tests::report;

/// The far end of the `http` destination.
const RECEIVER: &str = "the receiver by http";

/// How many documents one request of the till's holds.
const AT_ONCE: u64 = 2_000;

/// How many follow at a time until every kind of fault has happened.
const MORE: u64 = 5;

/// Sends so many sales over a bad line and compares; one request in `one_in` meets a fault.
fn over_a_bad_line<P: Place>(
    place: &P,
    to: &str,
    seed: u64,
    count: u64,
    one_in: u64,
    kinds: &[Fault],
) {
    let begin = Instant::now();
    place.proxy().at_random(seed, one_in);
    let agent = place.start();
    let mut acknowledged = BTreeSet::new();
    for first in (1..=count).step_by(AT_ONCE as usize) {
        let part = AT_ONCE.min(count + 1 - first);
        acknowledged.extend(place.hand_in(&agent, first, part));
    }
    assert_eq!(acknowledged.len() as u64, count);
    // Further documents, a few at a time, until every kind of fault has happened: a deck may not be used up yet.
    let mut next = count + 1;
    loop {
        agent.wait_drained(tillpost_tests::head_office::DRAIN);
        let counts = place.proxy().counts();
        if kinds.iter().all(|kind| counts.contains_key(kind)) || next > 3 * count {
            break;
        }
        acknowledged.extend(place.hand_in(&agent, next, MORE));
        next += MORE;
    }
    let compared = place.compare(&agent, &acknowledged);
    let name = format!("{count} documents over a bad line to {to}");
    report::publish(&name, &table(to, &compared, &place.proxy().counts()));
    compared.assert_once();
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    let requests = place.proxy().seen().len();
    println!("{requests} requests, {} s", begin.elapsed().as_secs());
    assert_hit(&place.proxy().counts(), kinds);
}

fn table(to: &str, compared: &Comparison, faults: &Counts) -> String {
    format!(
        "| to | documents | faults that happened | lost | double |\n|---|---|---|---|---|\n| {to} | {} | {} | {} | {} |\n",
        compared.acknowledged,
        report::times(faults),
        compared.lost.len(),
        compared.doubled.len()
    )
}

/// Every kind, certificates too.
fn every_kind() -> Vec<Fault> {
    let mut kinds = Fault::OF_REQUESTS.to_vec();
    kinds.push(Fault::WrongCertificate);
    kinds
}

#[test]
fn two_thousand_documents_over_a_bad_line_to_the_http_destination() {
    let place = ByHttp::new("bad_line");
    over_a_bad_line(&place, RECEIVER, 2_000, 2_000, 4, &every_kind());
}

#[test]
fn long_100_000_documents_over_a_bad_line_to_the_http_destination() {
    let place = ByHttp::new("long_bad_line");
    over_a_bad_line(&place, RECEIVER, 100_000, 100_000, 6, &every_kind());
}
