//! A disk that fills up, that turns read-only while tills ring up, that is either at the start already, a file at its size
//! limit: the agent lives, every yes stays true, the no is polite and says what to do, and it goes on when the cause is
//! gone.
//!
//! Method: the data folder on a small ext4 of its own, in a mount namespace of its own. Filling is a file beside the
//! queue; read-only is the kernel finding an error on the file system; the size limit is the one of the process.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::disk::Disk;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::key;
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::tills::{self, Till};
use tillpost_tests::{folder, namespace, wait};

/// More than the reserve of 64 MiB.
const DISK_MEBIBYTES: u64 = 160;
/// Requests of each till before the disk fails.
const BATCHES: usize = 20;

fn wait_problem(agent: &Agent, code: &str) -> Value {
    wait::until(&format!("the status to say {code}"), || {
        let status = agent.status();
        let problems = status["problems"].as_array().unwrap();
        problems
            .iter()
            .find(|problem| problem["code"] == code)
            .cloned()
    })
}

fn wait_no_problem(agent: &Agent, code: &str) {
    wait::until(&format!("the status to say {code} no more"), || {
        let status = agent.status();
        let problems = status["problems"].as_array().unwrap();
        problems
            .iter()
            .all(|problem| problem["code"] != code)
            .then_some(())
    });
}

#[test]
fn a_full_disk_refuses_politely_delivers_on_and_recovers_by_itself() {
    namespace::inside(
        "disk::a_full_disk_refuses_politely_delivers_on_and_recovers_by_itself",
        full_disk,
    );
}

fn full_disk() {
    let home = Home::new(&Setup::folder());
    let disk = Disk::new(&home.path().join("disk.img"), &home.data(), DISK_MEBIBYTES);
    let token = home.add_till("1");
    // The receiver is away, so that something is left to be delivered from a full disk.
    std::fs::write(home.out(), "in the way").unwrap();
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 100), "accepted");
    disk.fill(40);
    let refused = agent.post(&token, &json!([sale("1", 101)]));
    assert_eq!(refused.status, 507, "{}", refused.body);
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!(refused.json()["error"]["code"], "no_room");
    assert_eq!(agent.get("", "/readyz").status, 503);
    wait_problem(&agent, "disk_full");
    std::fs::remove_file(home.out()).unwrap();
    agent.wait_drained(wait::HANG);
    assert_eq!(
        folder::keys(&home.out()).len(),
        100,
        "delivered with the disk full"
    );
    // Not one byte is free: the program lives, and still says no.
    disk.make_room();
    disk.fill(0);
    assert_eq!(agent.post(&token, &json!([sale("1", 101)])).status, 507);
    assert_eq!(agent.get("", "/healthz").status, 200);
    disk.make_room();
    agent.hand_in_all(&token, &sales("1", 101, 20), "accepted");
    agent.hand_in_all(&token, &sales("1", 1, 100), "duplicate");
    agent.wait_drained(wait::HANG);
    wait_no_problem(&agent, "disk_full");
    let there = folder::keys(&home.out());
    let expected = (1..=120).map(|n| (key("1", n), 1)).collect();
    assert_eq!(there, expected);
    agent.stop();
    disk.unmount();
}

#[test]
fn a_disk_that_turns_read_only_costs_no_document() {
    namespace::inside(
        "disk::a_disk_that_turns_read_only_costs_no_document",
        read_only_disk,
    );
}

fn read_only_disk() {
    let home = Home::new(&Setup::folder());
    let disk =
        Disk::read_only_on_errors(&home.path().join("disk.img"), &home.data(), DISK_MEBIBYTES);
    let mut tills = Till::add(&home, 3);
    let mut agent = home.start();
    for till in &mut tills {
        assert!((0..BATCHES).all(|_| till.ring_up(&agent.url)));
    }
    // Between two sales: the kernel itself says of an fdatasync that runs in the very moment of the failure that it was
    // done when it was not, as a bare loop of appends shows. No program can know better.
    disk.fail();
    tills::all_ring_up(&mut tills, &agent.url, || {});
    assert!(!agent.ended(), "the agent ended: {}", agent.said());
    let refused = agent.post(tills[0].token(), &json!([sale("1", 90_001)]));
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    wait_problem(&agent, "disk_failed");
    agent.kill();
    disk.unmount();
    disk.mount();
    let agent = home.start();
    let lost = tills::lost(&tills, &home.data().join("outbox.db"));
    println!(
        "{} acknowledged, {} lost",
        tills::promised(&tills).len(),
        lost.len()
    );
    assert!(lost.is_empty(), "{lost:?}");
    agent.hand_in_all(tills[0].token(), &[sale("1", 90_001)], "accepted");
    agent.wait_drained(wait::HANG);
    let there = folder::keys(&home.out());
    let once = |key: &&String| there.get(*key) == Some(&1);
    assert!(tills::promised(&tills).keys().all(once));
    agent.stop();
    disk.unmount();
}

#[test]
fn at_a_file_size_limit_the_agent_lives_and_every_yes_is_true() {
    let mut home = Home::new(&Setup::bare());
    let mut tills = Till::add(&home, 3);
    home.set_before(&["prlimit", "--fsize=2500000"]);
    let mut agent = home.start();
    // At first the log is at its limit, and emptying it helps; then the queue itself is.
    let mut in_vain = 0;
    while in_vain < 3 {
        let before = tills::promised(&tills).len();
        tills::all_ring_up(&mut tills, &agent.url, || ());
        let more = tills::promised(&tills).len() > before;
        in_vain = if more { 0 } else { in_vain + 1 };
    }
    println!("{} acknowledged", tills::promised(&tills).len());
    assert!(!agent.ended(), "the agent ended: {}", agent.said());
    let refused = agent.post(tills[0].token(), &json!([sale("1", 90_001)]));
    assert_eq!(refused.status, 503, "{}", refused.body);
    wait_problem(&agent, "disk_failed");
    agent.kill();
    home.set_before(&[]);
    let agent = home.start();
    let lost = tills::lost(&tills, &home.data().join("outbox.db"));
    assert!(lost.is_empty(), "{lost:?}");
    agent.hand_in_all(tills[0].token(), &[sale("1", 90_001)], "accepted");
}

/// A store with a sale that waits, its agent stopped.
fn stopped_with_a_sale() -> (Home, Disk, String) {
    let home = Home::new(&Setup::folder());
    let disk = Disk::new(&home.path().join("disk.img"), &home.data(), DISK_MEBIBYTES);
    let token = home.add_till("1");
    std::fs::write(home.out(), "in the way").unwrap();
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 5), "accepted");
    agent.stop();
    std::fs::remove_file(home.out()).unwrap();
    (home, disk, token)
}

/// It runs and cannot take anything: what it says to whom.
fn says_why(agent: &Agent, token: &str, code: &str, status: u16) {
    assert_eq!(agent.get("", "/healthz").status, 200);
    let ready = agent.get("", "/readyz");
    assert_eq!(ready.status, 503, "{}", ready.body);
    assert_eq!(ready.json()["error"]["code"], code, "{}", ready.body);
    let refused = agent.post(token, &json!([sale("1", 6)]));
    assert_eq!(refused.status, status, "{}", refused.body);
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!(agent.get("", "/v1/status").status, status);
    let page = agent.get("", "/");
    assert!(page.body.contains("disk"), "{}", page.body);
}

/// Goes on in the same process as if nothing had been.
fn goes_on(mut agent: Agent, home: &Home, token: &str) {
    wait::until("the agent to be ready", || {
        (agent.get("", "/readyz").status == 200).then_some(())
    });
    agent.hand_in_all(token, &[sale("1", 6)], "accepted");
    agent.wait_drained(wait::HANG);
    let expected = (1..=6).map(|n| (key("1", n), 1)).collect();
    assert_eq!(folder::keys(&home.out()), expected);
    assert!(!agent.ended());
    // The command line finds it, and what it did stands in its log again.
    home.run(&["status"]).ended(0);
    assert_eq!(agent.stop().code, Some(0));
}

#[test]
fn on_a_full_disk_it_starts_says_why_and_goes_on_by_itself() {
    namespace::inside(
        "disk::on_a_full_disk_it_starts_says_why_and_goes_on_by_itself",
        || {
            let (home, disk, token) = stopped_with_a_sale();
            disk.fill(0);
            let agent = home.start();
            says_why(&agent, &token, "no_room", 507);
            disk.make_room();
            goes_on(agent, &home, &token);
            disk.unmount();
        },
    );
}

#[test]
fn on_a_read_only_disk_it_starts_says_why_and_goes_on_by_itself() {
    namespace::inside(
        "disk::on_a_read_only_disk_it_starts_says_why_and_goes_on_by_itself",
        || {
            let (home, disk, token) = stopped_with_a_sale();
            disk.set_read_only(true);
            let agent = home.start();
            says_why(&agent, &token, "disk_failed", 503);
            // Asked to stop before it could start, it stops.
            assert_eq!(agent.stop().code, Some(0));
            let agent = home.start();
            says_why(&agent, &token, "disk_failed", 503);
            disk.set_read_only(false);
            goes_on(agent, &home, &token);
            disk.unmount();
        },
    );
}
