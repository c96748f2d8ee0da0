//! kill -9 while the agent drains: at every named point, and at thirty random moments.
//!
//! Goal: nothing missing, nothing double in Odoo, wherever the process ends. Method: a day is handed in while Odoo cannot
//! be reached; then the agent is started again and again, told to die at a named point or killed at a random moment; at
//! the end it drains in peace and the books must be right. The hits are printed.

use std::time::Duration;

use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::{AGENT_KEY, DRAIN, HeadOffice};
use tillpost_tests::random::Random;
use tillpost_tests::shop::day::{Day, Plan};
use tillpost_tests::wait;

use super::{assert_books, shop, wait_arrived};

/// The named points, in the order in which a day passes them.
const POINTS: [&str; 9] = [
    "odoo.session_created",
    "odoo.session_opened",
    "odoo.request_sent",
    "odoo.answer_read",
    "lane.answered",
    "lane.noted",
    "odoo.cash_move_sent",
    "odoo.count_written",
    "odoo.close_called",
];

/// Hands in everything while the agent has a wrong key, so that all of it waits.
pub(super) fn queue(office: &HeadOffice, day: &Day) {
    let agent = Agent::start(
        &office.home,
        &[(AGENT_KEY, "0000000000000000000000000000000000000000")],
    );
    office.hand_in(&agent, &day.earlier, "accepted");
    office.hand_in(&agent, &day.documents, "accepted");
    assert_eq!(
        agent.count("waiting") as usize,
        day.earlier.len() + day.documents.len()
    );
    assert_eq!(
        agent.count("parked"),
        0,
        "a wrong key is nobody's fault in the queue"
    );
    agent.kill();
}

fn drain_and_compare(office: &HeadOffice, day: &Day) {
    let agent = office.start();
    wait_arrived(&agent, &office.database);
    assert_books(&office.database, &day.ledger);
    agent.stop();
}

#[test]
fn killed_at_every_named_point_nothing_is_missing_and_nothing_double() {
    let (office, day) = shop("kill_points", &Plan::small(11));
    queue(&office, &day);
    for point in POINTS {
        let failpoint = format!("{point}:1");
        let mut agent = Agent::start(&office.home, &[("TILLPOST_FAILPOINT", &failpoint)]);
        wait::within(DRAIN, &format!("{point} to be passed"), || {
            if agent.ended() {
                return Some(());
            }
            assert!(
                agent.count_if_up("waiting") != Some(0),
                "everything arrived and {point} was never passed"
            );
            None
        });
        let said = agent.wait_ended(wait::HANG);
        assert!(
            said.stderr.contains(&format!("failpoint {point} hit")),
            "{point}: {said:?}"
        );
        println!("hit: {point}");
    }
    drain_and_compare(&office, &day);
}

#[test]
fn killed_at_thirty_random_moments_nothing_is_missing_and_nothing_double() {
    let plan = Plan {
        sales: 120,
        tills: 3,
        ..Plan::small(12)
    };
    let (office, day) = shop("kill_random", &plan);
    queue(&office, &day);
    let mut random = Random::new(30);
    let mut moments = Vec::new();
    for _ in 0..30 {
        let agent = office.start();
        let moment = Duration::from_millis(random.between(50, 2_500));
        std::thread::sleep(moment);
        moments.push(format!(
            "{} ms: {} waiting",
            moment.as_millis(),
            agent.count("waiting")
        ));
        agent.kill();
    }
    println!("killed after\n{}", moments.join("\n"));
    drain_and_compare(&office, &day);
}
