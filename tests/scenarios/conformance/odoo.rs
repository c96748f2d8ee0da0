//! The suite over a real Odoo 19, and the lost answer in its sharpest form: two requests at the same time.

use std::process::Command;
use std::time::Duration;

use tillpost_tests::head_office::DRAIN;
use tillpost_tests::place::{ByOdoo, Place};
use tillpost_tests::proxy::faults::Fault;
use tillpost_tests::wait;

use super::cases;

macro_rules! over_odoo {
    ($($case:ident),* $(,)?) => {
        $(#[test]
        fn $case() {
            cases::$case(ByOdoo::new(concat!("c_", stringify!($case))));
        })*
    };
}

over_odoo!(
    twice_is_once,
    answer_lost_after_commit,
    half_a_batch_refused,
    throttled,
    too_much_at_once,
    wrong_key,
    garbage,
    timeout,
    restart_in_between,
    nobody_there,
    a_first_request_comes_after_the_second,
);

/// The requests that ask for or carry documents, from the first that carries some.
fn talk(place: &ByOdoo) -> Vec<(String, Option<Fault>)> {
    let seen = place.proxy().seen().into_iter();
    let orders = seen.filter(|seen| seen.path.contains("/pos.order/"));
    let named = orders.map(|seen| {
        let method = seen.path.rsplit('/').next().unwrap().to_owned();
        (method, seen.fault)
    });
    named
        .skip_while(|(method, _)| method != "sync_from_ui")
        .collect()
}

#[test]
fn after_a_lost_answer_the_lane_asks_and_does_not_send_again() {
    let place = ByOdoo::new("asks");
    place.proxy().plan(ByOdoo::CARRIER, Fault::AnswerSwallowed);
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, 10);
    place.compare(&agent, &acknowledged).assert_once();
    let talk = talk(&place);
    assert_eq!(
        talk[0],
        ("sync_from_ui".to_owned(), Some(Fault::AnswerSwallowed))
    );
    let sent_again = talk[1..]
        .iter()
        .filter(|(method, _)| method == "sync_from_ui");
    assert_eq!(
        sent_again.count(),
        0,
        "it took the answer for what it was: {talk:?}"
    );
    assert_eq!(talk[1].0, "search_read", "{talk:?}");
}

/// The first request hangs in Odoo's database when the second starts there: the unique uuid lets one of them through,
/// and what stands there decides what the other's refusal means.
#[test]
fn two_requests_at_once_are_one_sale_each() {
    let place = ByOdoo::new("at_once");
    // Opens the session, so that only orders are at stake below.
    let agent = place.start();
    let mut acknowledged = place.hand_in(&agent, 1, 1);
    agent.wait_drained(DRAIN);

    let mut lock = hold_orders(&place, Duration::from_secs(12));
    place.proxy().plan(ByOdoo::CARRIER, Fault::CutAfter);
    acknowledged.extend(place.hand_in(&agent, 2, 10));
    wait::within(DRAIN, "two requests inside Odoo", || {
        let blocked = place.office.database.number(
            "SELECT count(*) AS a FROM pg_stat_activity WHERE datname = current_database() \
             AND wait_event_type = 'Lock' AND query ILIKE '%INSERT INTO \"pos_order\"%'",
        );
        (blocked == 2).then_some(())
    });
    assert!(lock.wait().unwrap().success());
    place.compare(&agent, &acknowledged).assert_once();
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    let sent = talk(&place)
        .into_iter()
        .filter(|(method, _)| method == "sync_from_ui");
    println!("sent {} times", sent.count());
}

/// Nobody can add an order as long as this lasts.
fn hold_orders(place: &ByOdoo, length: Duration) -> std::process::Child {
    let sql = format!(
        "BEGIN; LOCK TABLE pos_order IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep({}); COMMIT",
        length.as_secs()
    );
    let target = place.office.database.target();
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-d", &target, "-c", &sql]);
    let child = psql.stdout(std::process::Stdio::null()).spawn().unwrap();
    wait::until("the lock", || {
        let held = place.office.database.number(
            "SELECT count(*) AS a FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
             WHERE c.relname = 'pos_order' AND l.mode = 'ShareRowExclusiveLock' AND l.granted",
        );
        (held == 1).then_some(())
    });
    child
}
