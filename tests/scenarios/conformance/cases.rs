//! The cases themselves, over any destination that is reached by a line.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::place::{Place, TILL};
use tillpost_tests::proxy::faults::{Fault, assert_hit};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::shop::uid;
use tillpost_tests::wait;

/// Documents of a case.
const COUNT: u64 = 20;
/// More often than a batch is tried before it is taken apart.
const OFTEN: usize = 12;

pub fn twice_is_once<P: Place>(mut place: P) {
    let agent = place.start();
    let mut acknowledged = place.hand_in(&agent, 1, COUNT);
    acknowledged.extend(place.hand_in(&agent, 1, COUNT));
    place.compare(&agent, &acknowledged).assert_once();
    agent.stop();
    place.new_home();
    let agent = place.start();
    acknowledged.extend(place.hand_in(&agent, 1, COUNT + 1));
    place.compare(&agent, &acknowledged).assert_once();
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
}

pub fn answer_lost_after_commit<P: Place>(place: P) {
    for fault in [Fault::AnswerSwallowed, Fault::Reset, Fault::CutAfter] {
        place.proxy().plan(P::CARRIER, fault);
    }
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    place.compare(&agent, &acknowledged).assert_once();
    assert_hit(&place.proxy().counts(), &[Fault::AnswerSwallowed]);
    assert_eq!(agent.count("parked"), 0, "nobody in the batch is to blame");
}

pub fn half_a_batch_refused<P: Place>(place: P) {
    let (mut documents, mut good) = (Vec::new(), BTreeSet::new());
    for n in 1..=COUNT {
        if n % 2 == 0 {
            documents.push(place.bad(n));
        } else {
            documents.push(sale(TILL, n));
            good.insert(uid(TILL, n).to_string());
        }
    }
    let agent = place.start();
    agent.hand_in_all(&place.token(), &documents, "accepted");
    place.compare(&agent, &good).assert_once();
    assert_eq!(agent.count("parked"), COUNT / 2);
    let parked = agent.get(&place.token(), "/v1/documents?state=parked").ok();
    for document in parked["documents"].as_array().unwrap() {
        let id = document["id"].as_str().unwrap();
        let answer = &agent.document(&place.token(), id)["deliveries"][0]["answer"];
        let words = ["code", "message", "hint"].map(|word| answer[word].as_str().unwrap_or(""));
        assert!(words.iter().all(|word| !word.is_empty()), "{answer}");
    }
}

pub fn throttled<P: Place>(place: P) {
    let faults = [Fault::TooMany, Fault::Unavailable];
    for fault in faults {
        place.proxy().plan(P::CARRIER, fault);
    }
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    place.compare(&agent, &acknowledged).assert_once();
    assert_hit(&place.proxy().counts(), &faults);
    assert_eq!(agent.count("parked"), 0);
}

/// The first calls go up, a later one is too much for the far end: the batch is made smaller, and nobody is to blame.
pub fn too_much_at_once<P: Place>(place: P) {
    for fault in [Fault::Delay, Fault::Delay, Fault::TooLarge] {
        place.proxy().plan(P::CARRIER, fault);
    }
    let agent = place.start();
    let mut acknowledged = place.hand_in(&agent, 1, 3 * COUNT);
    agent.wait_drained(tillpost_tests::head_office::DRAIN);
    acknowledged.extend(place.hand_in(&agent, 3 * COUNT + 1, COUNT));
    place.compare(&agent, &acknowledged).assert_once();
    assert_hit(&place.proxy().counts(), &[Fault::TooLarge]);
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
}

pub fn wrong_key<P: Place>(place: P) {
    let agent = place.start_with_wrong_key();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    wait::until("the status to say that the key is wrong", || {
        let status = agent.status();
        (status["destinations"][0]["state"] == "attention").then_some(())
    });
    assert_eq!((agent.count("waiting"), agent.count("parked")), (COUNT, 0));
    assert!(place.arrived().is_empty());
    agent.stop();
    let agent = place.start();
    place.compare(&agent, &acknowledged).assert_once();
}

pub fn garbage<P: Place>(place: P) {
    let faults = [
        Fault::WrongBytes,
        Fault::Truncated,
        Fault::WrongBody,
        Fault::Portal,
        Fault::Redirect,
        Fault::CutDuring,
    ];
    // Each meets some request; more than three in a row would take the batch apart, which is also fine.
    for fault in faults {
        place.proxy().plan("", fault);
    }
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    place.compare(&agent, &acknowledged).assert_once();
    assert_hit(&place.proxy().counts(), &faults);
    assert_eq!(agent.count("parked"), 0);
}

pub fn timeout<P: Place>(place: P) {
    let faults = [Fault::Silence, Fault::Drip];
    for fault in faults {
        place.proxy().plan(P::CARRIER, fault);
    }
    let agent = place.start();
    let mut acknowledged = place.hand_in(&agent, 1, COUNT);
    agent.wait_drained(tillpost_tests::head_office::DRAIN);
    acknowledged.extend(place.hand_in(&agent, COUNT + 1, COUNT));
    place.compare(&agent, &acknowledged).assert_once();
    assert_hit(&place.proxy().counts(), &faults);
}

pub fn restart_in_between<P: Place>(place: P) {
    place.proxy().plan(P::CARRIER, Fault::Silence);
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    wait::until("the far end to have it", || {
        (place.proxy().count(Fault::Silence) == 1).then_some(())
    });
    assert_eq!(agent.count("waiting"), COUNT, "no answer has come");
    agent.kill();
    let agent = place.start();
    place.compare(&agent, &acknowledged).assert_once();
}

/// kill -9 at each of these named points of a hand-over; the hits are printed.
pub fn killed_at_named_points<P: Place>(place: P, points: &[&str]) {
    let mut acknowledged = BTreeSet::new();
    for (n, point) in (0..).zip(points) {
        // Handed in while the line is down, so that the process dies at the point and not before its yes.
        place.proxy().shut();
        let agent = place.start();
        acknowledged.extend(place.hand_in(&agent, n * COUNT + 1, COUNT));
        agent.kill();
        place.proxy().open();
        let failpoint = format!("{point}:1");
        let mut agent = Agent::start(place.home(), &[("TILLPOST_FAILPOINT", &failpoint)]);
        let said = agent.wait_ended(wait::HANG);
        let hit = format!("failpoint {point} hit");
        assert!(said.stderr.contains(&hit), "{point}: {said:?}");
        println!("hit: {point}");
    }
    let agent = place.start();
    place.compare(&agent, &acknowledged).assert_once();
}

pub fn nobody_there<P: Place>(place: P) {
    place.proxy().shut();
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    wait::until("the status to say that nobody is there", || {
        (agent.status()["state"] == "offline").then_some(())
    });
    assert_eq!(agent.count("waiting"), COUNT);
    place.proxy().open();
    place.compare(&agent, &acknowledged).assert_once();
}

/// The first request reaches the far end when the second has long been answered.
pub fn a_first_request_comes_after_the_second<P: Place>(place: P) {
    place.proxy().late_by(Duration::from_secs(8));
    place.proxy().plan(P::CARRIER, Fault::LateRequest);
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    agent.wait_drained(tillpost_tests::head_office::DRAIN);
    assert_eq!(
        place.proxy().on_the_way(),
        1,
        "the first is still under way"
    );
    let before = place.arrived();
    place.compare(&agent, &acknowledged).assert_once();
    assert_eq!(place.arrived(), before, "the late one changed nothing");
}

/// What was parked and is accepted after a person's retry is there once too.
pub fn parked_and_retried<P: Place>(place: P, forgive: impl FnOnce(&P)) {
    let agent = place.start();
    let bad = place.bad(1);
    let id = agent.hand_in(&place.token(), &bad)["id"].clone();
    let state = |wanted: &str| {
        let id = id.as_str().unwrap();
        wait::until(wanted, || {
            let document = agent.document(&place.token(), id);
            (document["state"] == json!(wanted)).then_some(document)
        })
    };
    state("parked");
    forgive(&place);
    place
        .home()
        .run(&["documents", "retry", id.as_str().unwrap()])
        .ended(0);
    let delivery = state("delivered")["deliveries"][0].clone();
    assert_ne!(delivery["reference"], Value::Null, "{delivery}");
    let one = BTreeSet::from([uid(TILL, 1).to_string()]);
    place.compare(&agent, &one).assert_once();
}

/// Somebody else answers: one whom nobody knows, then one with another name. Neither is told anything.
pub fn a_wrong_certificate_gets_nothing<P: Place>(place: P) {
    place.proxy().always(Some(Fault::WrongCertificate));
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    wait::until("several to be turned away", || {
        (place.proxy().count(Fault::WrongCertificate) >= OFTEN).then_some(())
    });
    assert_eq!(agent.status()["state"], "offline", "{}", agent.status());
    assert_eq!((agent.count("waiting"), agent.count("parked")), (COUNT, 0));
    assert_eq!(place.proxy().seen(), [], "a request came through");
    assert!(place.arrived().is_empty());
    place.proxy().always(None);
    place.compare(&agent, &acknowledged).assert_once();
}

/// A page where somebody has to log in, for every request: the status and `doctor` say so, and it is nobody's answer.
pub fn a_captive_portal_is_told<P: Place>(place: P) {
    place.proxy().always(Some(Fault::Portal));
    let agent = place.start();
    let acknowledged = place.hand_in(&agent, 1, COUNT);
    wait::until("the status to say that it makes no sense", || {
        let problems = agent.status()["problems"].to_string();
        let asked = place.proxy().count(Fault::Portal);
        (problems.contains("incomprehensible") && asked >= OFTEN).then_some(())
    });
    assert_eq!((agent.count("waiting"), agent.count("parked")), (COUNT, 0));
    let doctor = place.home().run(&["doctor"]).ended(1).all();
    assert!(doctor.contains("captive portal"), "{doctor}");
    place.proxy().always(None);
    place.compare(&agent, &acknowledged).assert_once();
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
}
