//! The suite over a real Odoo 19 and 14, and the lost answer in its sharpest form: two requests at the same time. On 14,
//! where a sale has no key, that is `odoo/once.rs`.

use tillpost_tests::head_office::DRAIN;
use tillpost_tests::place::{ByOdoo, Place};
use tillpost_tests::proxy::faults::Fault;
use tillpost_tests::table_lock::TableLock;
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
    a_wrong_certificate_gets_nothing,
    a_captive_portal_is_told,
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

    let lock = TableLock::of(&place.office.database, "pos_order");
    place.proxy().plan(ByOdoo::CARRIER, Fault::CutAfter);
    acknowledged.extend(place.hand_in(&agent, 2, 10));
    wait::within(DRAIN, "two requests inside Odoo", || {
        (TableLock::hanging(&place.office.database) == 2).then_some(())
    });
    drop(lock);
    place.compare(&agent, &acknowledged).assert_once();
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    let sent = talk(&place)
        .into_iter()
        .filter(|(method, _)| method == "sync_from_ui");
    println!("sent {} times", sent.count());
}

/// The same on an Odoo that knows a sale by no key: after a lost answer it is waited out.
mod v14 {
    use tillpost_tests::place::{ByOdoo14, Place};

    use super::cases;

    /// How long a request of these tests runs at the longest, as the agent is told.
    const REQUEST_LIMIT: &str = "8s";

    macro_rules! over_odoo_14 {
        ($($case:ident),* $(,)?) => {
            $(#[test]
            fn $case() {
                let place = ByOdoo14::new(concat!("c14_", stringify!($case)));
                place.office.request_limit(REQUEST_LIMIT);
                cases::$case(place);
            })*
        };
    }

    over_odoo_14!(
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
        a_wrong_certificate_gets_nothing,
        a_captive_portal_is_told,
    );
}
