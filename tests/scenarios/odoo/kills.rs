//! kill -9 while the agent drains: at every named point, with a request out and its answer unread, and at thirty random
//! moments in the middle of the drain.
//!
//! Goal: nothing missing, nothing double in Odoo, wherever the process ends. Method: a day is handed in while Odoo cannot
//! be reached; then the agent is started again and again, told to die at a named point or killed at a random moment; at
//! the end it drains in peace and the books must be right. The hits are told, and a point that is never hit fails.

use std::time::Duration;

use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::{AGENT_KEY, DRAIN, HeadOffice};
use tillpost_tests::random::Random;
use tillpost_tests::report;
use tillpost_tests::shop::day::{Day, Plan};
use tillpost_tests::wait;

use super::{assert_books, shop, wait_arrived};

/// How long a request of these days runs at the longest, as the agent is told: after each kill so much is waited out.
pub(super) const REQUEST_LIMIT: &str = "8s";
/// Kills at random moments.
const KILLS: usize = 30;
/// The longest between the arrival of an order and a kill: less than the next call takes.
const MOMENT_MAX_MS: u64 = 400;

/// The calls that a day makes, each with its request out and its answer unread.
const OUT: [&str; 7] = [
    "odoo.out.pos.session.create",
    "odoo.out.pos.session.set_opening_control",
    "odoo.out.pos.order.sync_from_ui",
    "odoo.out.pos.session.try_cash_in_out",
    "odoo.out.stock.quant.create",
    "odoo.out.pos.session.post_closing_cash_details",
    "odoo.out.pos.session.close_session_from_ui",
];

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

/// Starts the agent once for each of these points, told to die there, and tells that it did.
pub(super) fn dies_at_each(office: &HeadOffice, points: &[&str]) {
    let mut hits = String::new();
    for point in points {
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
        hits += &format!("| {point} | 1 |\n");
    }
    let version = office.database.server.version;
    let table = format!("| place | hits |\n|---|---|\n{hits}");
    report::publish(&format!("kill -9 before Odoo {version}"), &table);
}

/// Kills the agent so many times in the middle of the drain: each time some more orders have arrived and others wait.
pub(super) fn killed_while_it_drains(office: &HeadOffice, seed: u64, kills: usize) {
    let mut random = Random::new(seed);
    let mut rows = String::new();
    let arrived = || {
        let orders = "SELECT count(*) AS a FROM pos_order WHERE pos_reference LIKE 'ZH01-%'";
        office.database.number(orders)
    };
    for _ in 0..kills {
        let before = arrived();
        let agent = office.start();
        wait::within(DRAIN, "an order to arrive", || {
            (arrived() > before).then_some(())
        });
        std::thread::sleep(Duration::from_millis(random.between(0, MOMENT_MAX_MS)));
        let waiting = agent.count("waiting");
        agent.kill();
        assert!(
            waiting > 0,
            "nothing waits any more: that was no kill in the middle\n{rows}"
        );
        rows += &format!("| {} | {waiting} |\n", arrived());
    }
    let version = office.database.server.version;
    let table = format!("| orders in Odoo | waiting at the kill |\n|---|---|\n{rows}");
    report::publish(
        &format!("{kills} kills while it drains to Odoo {version}"),
        &table,
    );
}

#[test]
fn killed_at_every_named_point_nothing_is_missing_and_nothing_double() {
    let (office, day) = shop("kill_points", &Plan::small(11));
    office.request_limit(REQUEST_LIMIT);
    queue(&office, &day);
    dies_at_each(&office, &POINTS);
    drain_and_compare(&office, &day);
}

#[test]
fn killed_with_a_request_out_nothing_is_missing_and_nothing_double() {
    let (office, day) = shop("kill_out", &Plan::small(13));
    office.request_limit(REQUEST_LIMIT);
    queue(&office, &day);
    dies_at_each(&office, &OUT);
    drain_and_compare(&office, &day);
}

#[test]
fn killed_at_thirty_random_moments_nothing_is_missing_and_nothing_double() {
    let plan = Plan {
        sales: 500,
        tills: 3,
        ..Plan::small(12)
    };
    let (office, day) = shop("kill_random", &plan);
    office.request_limit(REQUEST_LIMIT);
    queue(&office, &day);
    killed_while_it_drains(&office, 30, KILLS);
    drain_and_compare(&office, &day);
}
