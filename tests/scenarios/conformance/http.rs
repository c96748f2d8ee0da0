//! The suite over the `http` destination, behind a proxy that speaks TLS, and what only this destination can meet.

use std::collections::BTreeSet;

use serde_json::json;
use tillpost_tests::arrivals::compare;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::place::{ByHttp, Place, TILL};
use tillpost_tests::proxy::faults::Fault;
use tillpost_tests::receiver::{PATH, Plant, Receiver};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::shop::uid;
use tillpost_tests::wait;

use super::cases;

macro_rules! over_http {
    ($($case:ident),* $(,)?) => {
        $(#[test]
        fn $case() {
            cases::$case(ByHttp::new(stringify!($case)));
        })*
    };
}

over_http!(
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

#[test]
fn killed_at_every_named_point() {
    let points = [
        "lane.claimed",
        "http.answered",
        "lane.answered",
        "lane.noted",
    ];
    cases::killed_at_named_points(ByHttp::new("killed"), &points);
}

#[test]
fn parked_and_retried() {
    let forgive = |place: &ByHttp| place.receiver.refuse_nothing();
    cases::parked_and_retried(ByHttp::new("retried"), forgive);
}

/// A receiver in one's own network may want none.
#[test]
fn a_receiver_that_wants_no_key_gets_none() {
    let receiver = Receiver::start();
    receiver.want_no_key();
    let home = Home::new(&Setup::bare().with(&format!(
        "[[destination]]\nname = \"cloud\"\ntype = \"http\"\nurl = \"http://{}{PATH}\"",
        receiver.address
    )));
    let token = home.add_till(TILL);
    let agent = home.start();
    agent.hand_in_all(&token, &[sale(TILL, 1)], "accepted");
    agent.wait_drained(wait::HANG);
    let (held, complaints) = receiver.look(|books| (books.held.len(), books.complaints.clone()));
    assert_eq!((held, complaints), (1, Vec::new()));
}

/// The first request waits inside the receiver while the second comes and goes: the lane asks by repeating the batch,
/// and the receiver's ledger makes one of two.
#[test]
fn a_first_request_still_runs_while_the_second_is_taken() {
    let place = ByHttp::new("still_runs");
    place.receiver.hold(1);
    place.proxy().plan(ByHttp::CARRIER, Fault::CutAfter);
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, 20);
    agent.wait_drained(wait::HANG);
    assert_eq!(place.receiver.waiting(), 1, "the first still runs");
    assert_eq!(place.receiver.effects().len(), 20, "the second is through");
    place.receiver.let_go();
    place.compare(&agent, &acknowledged).assert_once();
    let requests = place.receiver.look(|books| books.requests.clone());
    assert_eq!(requests[0], requests[1], "the question is the batch itself");
    assert_eq!(requests.len(), 2);
}

/// A till that starts at 1 again on a PC that lost its outbox: an old sale is not passed off as the new one.
#[test]
fn another_document_under_the_same_number_is_parked_and_not_taken_for_the_old_one() {
    let mut place = ByHttp::new("conflict");
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, 1);
    place.compare(&agent, &acknowledged).assert_once();
    agent.stop();
    place.new_home();
    let agent = place.start();
    let mut other = sale(TILL, 1);
    other["operator"] = json!("op-8");
    let id = agent.hand_in(&place.token(), &other)["id"].clone();
    let document = wait::until("an answer", || {
        let document = agent.document(&place.token(), id.as_str().unwrap());
        (document["state"] != "waiting").then_some(document)
    });
    assert_eq!(document["state"], "parked", "{document}");
    assert_eq!(document["deliveries"][0]["answer"]["code"], "key_conflict");
    place.compare(&agent, &acknowledged).assert_once();
}

#[test]
fn doctor_says_whether_the_receiver_takes_documents_and_changes_nothing_there() {
    let mut place = ByHttp::new("doctor");
    let found = |place: &ByHttp| {
        let said = place.home().run(&["doctor", "--json"]);
        let checks: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let checks = checks["checks"].as_array().unwrap().clone();
        let named = |check: &serde_json::Value| check["name"] == "destination cloud";
        checks.into_iter().find(named).unwrap()
    };
    assert_eq!(found(&place)["level"], "ok");
    place.proxy().plan("", Fault::Portal);
    // The clock is looked at first, and meets the portal too.
    place.proxy().plan("", Fault::Portal);
    let portal = found(&place);
    assert_eq!(portal["level"], "fail", "{portal}");
    assert!(
        portal["sentence"]
            .as_str()
            .unwrap()
            .contains("captive portal")
    );
    place.home.set_env("TILLPOST_HTTP_KEY", "another");
    let key = found(&place);
    assert!(key["sentence"].as_str().unwrap().contains("key"), "{key}");
    place.proxy().shut();
    assert_eq!(found(&place)["level"], "fail");
    assert!(place.arrived().is_empty());
}

#[test]
fn the_proof_leaves_open_what_the_receiver_holds() {
    let place = ByHttp::new("proof");
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, 5);
    place.compare(&agent, &acknowledged).assert_once();
    let date = sale(TILL, 1)["business_date"].as_str().unwrap().to_owned();
    let proof = agent
        .get(&place.token(), &format!("/v1/proof?date={date}"))
        .ok();
    let rows = proof["rows"].as_array().unwrap();
    let sales = rows.iter().find(|row| row["kind"] == "sale").unwrap();
    assert_eq!(sales["acknowledged"][0]["count"], 5, "{sales}");
    assert_eq!(sales["read_back"], json!([null]), "{sales}");
    assert_eq!(proof["differences"], json!([]), "{proof}");
}

/// The comparison itself: a receiver that loses one or doubles one is found out.
#[test]
fn the_comparison_sees_a_loss_and_a_double() {
    for (plant, lost, doubled) in [
        (Plant::Loses(uid(TILL, 7).to_string()), 1, 0),
        (Plant::Doubles(uid(TILL, 7).to_string()), 0, 1),
    ] {
        let place = ByHttp::new("planted");
        place.receiver.plant(plant);
        let agent = place.start();
        let acknowledged = place.hand_in(&agent, 1, 20);
        let found = place.compare(&agent, &acknowledged);
        assert_eq!((found.lost.len(), found.doubled.len()), (lost, doubled));
        assert!(std::panic::catch_unwind(|| found.assert_once()).is_err());
    }
    let none = compare(&BTreeSet::new(), &Receiver::start().effects());
    none.assert_once();
}
