//! A copy of the queue that was taken while a till rang up, put back days later in front of a receiver that has seen more
//! since: everything is sent again that must be, nothing takes effect twice, and what stands there is as it was.
//!
//! Method: `backup` runs beside a till that posts without a pause; afterwards more is sold, a sale undone, the day closed,
//! all delivered. Then the copy takes the queue's place, the till sends its whole day again, and what the receiver holds
//! is compared with what it held before, by content.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::place::{ByHttp, Place, TILL};
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::wait;

use crate::restore::put_back;

const FIRST: u64 = 40;
/// The numbers of what comes after the copy.
const LATER: u64 = 100_000;

/// A document of the till that is no sale, at the time of the last one.
fn other(kind: &str, sequence: u64, body: Value) -> Value {
    let mut document = sale(TILL, sequence);
    document["kind"] = kind.into();
    document["body"] = body;
    document
}

/// What the till does after the copy: sales, one of them undone, the day closed.
fn after_the_copy() -> Vec<Value> {
    let mut documents = sales(TILL, LATER, 20);
    let void = other("void", LATER + 20, json!({"of": {"sequence": LATER + 3}}));
    let close = other("day_close", LATER + 21, json!({"tenders": []}));
    documents.extend([void, close]);
    documents
}

fn held(place: &ByHttp) -> BTreeMap<String, Value> {
    place.receiver.look(|books| books.held.clone())
}

#[test]
fn an_older_copy_before_an_http_receiver_sends_again_and_doubles_nothing() {
    let place = ByHttp::new("older_copy");
    let token = place.token();
    let agent = place.start();
    agent.hand_in_all(&token, &sales(TILL, 1, FIRST), "accepted");
    let copy = place.home.path().join("copy.db");
    let (stop, next) = (AtomicBool::new(false), AtomicU64::new(FIRST + 1));
    std::thread::scope(|scope| {
        scope.spawn(|| ring_up(&agent, &token, &next, &stop));
        let begun = FIRST + 10;
        wait::until("the till to be at work", || {
            (next.load(Ordering::Relaxed) > begun).then_some(())
        });
        let to = copy.to_str().unwrap();
        place.home.run(&["backup", "--to", to]).ended(0);
        stop.store(true, Ordering::Relaxed);
    });
    let last = next.load(Ordering::Relaxed) - 1;
    agent.hand_in_all(&token, &after_the_copy(), "accepted");
    agent.wait_drained(wait::HANG);
    agent.stop();
    let before = held(&place);
    assert_eq!(before.len() as u64, last + 22, "everything has arrived");
    put_back(&place.home, &copy);
    let agent = place.start();
    // The till sends its whole day again: what the copy knows is a duplicate, the rest is new to it.
    let mut known = 0;
    for document in sales(TILL, 1, last).into_iter().chain(after_the_copy()) {
        let result = agent.hand_in(&token, &document);
        match result["status"].as_str().unwrap() {
            "duplicate" => known += 1,
            status => assert_eq!(status, "accepted", "{result}"),
        }
    }
    agent.hand_in_all(&token, &sales(TILL, LATER + 50, 10), "accepted");
    agent.wait_drained(wait::HANG);
    println!("{last} sold, {known} of them known to the copy");
    assert!(known >= FIRST && known < last + 22, "{known} of {last}");
    assert_eq!(agent.count("parked") + agent.count("held"), 0);
    let after = held(&place);
    assert!(place.arrived().values().all(|times| *times == 1), "double");
    assert_eq!(after.len(), before.len() + 10);
    for (uid, document) in &before {
        assert_eq!(after.get(uid), Some(document), "changed");
    }
}

/// Rings up one sale after the other until told to stop.
fn ring_up(agent: &Agent, token: &str, next: &AtomicU64, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let number = next.load(Ordering::Relaxed);
        agent.hand_in_all(token, &[sale(TILL, number)], "accepted");
        next.store(number + 1, Ordering::Relaxed);
    }
}
