//! What of the suite makes sense for a folder that is more than `folder.rs` shows already.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use tillpost_tests::agent::Agent;
use tillpost_tests::arrivals::compare;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::place::{TILL, hand_in};
use tillpost_tests::{folder, wait};

fn arrived(home: &Home) -> BTreeMap<String, usize> {
    let mut uids = BTreeMap::new();
    for line in folder::read(&home.out()) {
        let uid = line.document["uid"].as_str().unwrap().to_owned();
        *uids.entry(uid).or_default() += 1;
    }
    uids
}

#[track_caller]
fn assert_once(home: &Home, agent: &Agent, acknowledged: &BTreeSet<String>) {
    agent.wait_drained(wait::HANG);
    compare(acknowledged, &arrived(home)).assert_once();
}

#[test]
fn twice_is_once_on_this_pc_and_on_the_next() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till(TILL);
    let agent = home.start();
    let mut acknowledged = hand_in(&agent, &token, 1, 20);
    acknowledged.extend(hand_in(&agent, &token, 1, 20));
    assert_once(&home, &agent, &acknowledged);
    agent.stop();
    std::fs::remove_dir_all(home.data()).unwrap();
    let token = home.add_till(TILL);
    let agent = home.start();
    acknowledged.extend(hand_in(&agent, &token, 1, 21));
    assert_once(&home, &agent, &acknowledged);
}

#[test]
fn restart_in_between() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till(TILL);
    let mut agent = Agent::start(&home, &[("TILLPOST_FAILPOINT", "lane.answered:2")]);
    let mut acknowledged = hand_in(&agent, &token, 1, 20);
    agent.wait_drained(wait::HANG);
    // The till may not hear the answer to these; then it hands them in again.
    let second = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        hand_in(&agent, &token, 21, 20)
    }));
    agent.wait_ended(wait::HANG);
    let agent = home.start();
    acknowledged.extend(second.unwrap_or_default());
    acknowledged.extend(hand_in(&agent, &token, 21, 20));
    assert_once(&home, &agent, &acknowledged);
}

/// Takes away or gives back the right to write into the folder, for one process only: a mount namespace of its own.
fn remount(agent: &Agent, how: &str, home: &Home) {
    let process = agent.process().to_string();
    let mut mount = Command::new("nsenter");
    mount.args(["-t", &process, "-m", "mount", "-o", how]);
    tillpost_tests::home::run(mount.arg(home.out())).ended(0);
}

#[test]
fn a_folder_that_turns_read_only_stops_nobody_and_gets_everything_later() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till(TILL);
    std::fs::create_dir_all(home.out()).unwrap();
    let agent = Agent::start_in_own_mounts(&home, &home.out());
    let mut acknowledged = hand_in(&agent, &token, 1, 20);
    agent.wait_drained(wait::HANG);
    remount(&agent, "remount,bind,ro", &home);
    acknowledged.extend(hand_in(&agent, &token, 21, 20));
    wait::until("the status to say that nothing can be written", || {
        (agent.status()["destinations"][0]["state"] != "ok").then_some(())
    });
    assert_eq!((agent.count("waiting"), agent.count("parked")), (20, 0));
    remount(&agent, "remount,bind,rw", &home);
    assert_once(&home, &agent, &acknowledged);
}
