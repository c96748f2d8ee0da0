//! Damage that comes while the agent runs, in a large file, or with no room to mend it: the agent goes on in the same
//! process, takes documents at once, and what can be read of the old file comes back meanwhile.
//!
//! Method: many documents wait because the receiver's folder is away; noise is written over pages of the file, under the
//! running agent or before a start on a full disk. What must come back is found without the agent, in the bytes of the
//! file that was set aside; at the end each of it lies at the receiver once, with everything accepted since.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tillpost_tests::agent::Agent;
use tillpost_tests::disk::Disk;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::shop::key;
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::{folder, memory, namespace, process, wait};

use crate::outage::{TILLS, fill};
use crate::restore::{problem, readable_in, recovered, set_aside, texts};

/// Bytes of a page of the outbox.
const PAGE: usize = 4_096;
/// Of so many pages one is overwritten.
const NOISY_OF: u64 = 40;
/// The first number of the sales that come after the damage.
const LATER: u64 = 5_000_000;
/// How much more memory the agent may take while it brings back, in kilobytes.
const GROWTH_KB_MAX: u64 = 96 << 10;
/// Documents that come back in a second, at least; fewer is hanging.
const RATE_MIN: u64 = 50;

/// Overwrites pages here and there with noise, in place, as a disk does that goes bad.
fn noise(outbox: &Path, random: &mut Random) -> u64 {
    let file = std::fs::File::options().write(true).open(outbox).unwrap();
    let pages = file.metadata().unwrap().len() / PAGE as u64;
    let mut noisy = 0;
    // The first pages hold the tills; losing them is another story.
    for page in 40..pages {
        if random.between(1, NOISY_OF) == 1 {
            let bytes: Vec<u8> = (0..PAGE).map(|_| random.bits() as u8).collect();
            file.write_all_at(&bytes, page * PAGE as u64).unwrap();
            noisy += 1;
        }
    }
    noisy
}

fn away(home: &Home) {
    std::fs::write(home.out(), "away").unwrap();
}

/// Tills that post all along.
struct Tills<'a> {
    agent: &'a Agent,
    token: &'a str,
    next: u64,
}

impl Tills<'_> {
    /// One more sale; whether it got its yes.
    fn ring_up(&mut self) -> bool {
        let answer = self.agent.post(self.token, &json!([sale("1", self.next)]));
        assert!([200, 503].contains(&answer.status), "{}", answer.body);
        self.next += u64::from(answer.status == 200);
        answer.status == 200
    }
}

fn damaged_while_running(documents: u64) {
    let home = Home::new(&Setup::folder());
    let codes: Vec<String> = (1..=TILLS).map(|n| n.to_string()).collect();
    let said = home.run(&["till", "add", "server", "--for", &codes.join(","), "--json"]);
    let token = said.json()["token"].as_str().unwrap().to_owned();
    away(&home);
    let agent = home.start();
    fill(&home, &agent, &token, 1..=documents / TILLS);
    let texts = texts(&home);
    // What the log still held would lie over the noise: a stop empties it.
    agent.stop();
    let mut agent = home.start();
    let megabytes = process::size(&home.data().join("outbox.db")) >> 20;
    let noisy = noise(&home.data().join("outbox.db"), &mut Random::new(documents));
    println!("{documents} documents in {megabytes} MB, {noisy} pages overwritten");
    let limit = wait::HANG + Duration::from_secs(documents / RATE_MIN);
    let new = replaced(&home, &agent, &token, limit);
    assert!(!agent.ended(), "the agent ended");
    let aside = set_aside(&home.data());
    assert_eq!(aside.len(), 1, "{aside:?}");
    let readable = readable_in(&aside[0], &texts);
    assert!(
        readable.len() as u64 > documents / 2 && (readable.len() as u64) < documents,
        "{} of {documents} readable: the noise was too much or nothing",
        readable.len()
    );
    std::fs::remove_file(home.out()).unwrap();
    agent.wait_drained(limit);
    let there = folder::keys(&home.out());
    let missing = readable.iter().filter(|key| !there.contains_key(*key));
    assert_eq!(missing.count(), 0, "readable and not there");
    assert!(new.into_iter().all(|n| there.get(&key("1", n)) == Some(&1)));
    assert!(there.values().all(|times| *times == 1), "double");
    println!(
        "{} of {documents} readable, all of them there",
        readable.len()
    );
    // Its own check: every page, and the chain of the history.
    let copy = home.path().join("copy.db");
    home.run(&["backup", "--to", copy.to_str().unwrap()])
        .ended(0);
}

/// Tills post until the damage is met, a new outbox takes documents and the old ones are back; the numbers that the new
/// one said yes to.
fn replaced(home: &Home, agent: &Agent, token: &str, limit: Duration) -> std::ops::Range<u64> {
    let mut tills = Tills {
        agent,
        token,
        next: LATER,
    };
    let mut refused = 0;
    wait::until("the damage to be met", || {
        refused += u64::from(!tills.ring_up());
        (!set_aside(&home.data()).is_empty()).then_some(())
    });
    let (before, since) = (memory::resident(agent.process()), tills.next);
    memory::forget_peak(agent.process());
    let begin = Instant::now();
    wait::until("the first yes of the new outbox", || {
        tills.ring_up().then_some(())
    });
    println!(
        "{refused} refused, {} accepted until the damage was met; first yes after {:.2} s",
        since - LATER,
        begin.elapsed().as_secs_f64()
    );
    // Tills go on while the old ones come back.
    wait::within(limit, "the damaged outbox to come back", || {
        assert!((0..3).all(|_| tills.ring_up()));
        let told = problem(agent, "queue_damaged");
        let message = told["message"].as_str().unwrap();
        message.contains("were recovered").then_some(())
    });
    let grown = memory::peak(agent.process()).saturating_sub(before);
    println!(
        "all back after {:.1} s, {} MB more at most",
        begin.elapsed().as_secs_f64(),
        grown >> 10
    );
    assert!(grown < GROWTH_KB_MAX, "{grown} kB more");
    since..tills.next
}

#[test]
fn a_queue_damaged_under_a_running_agent_is_replaced_and_comes_back() {
    damaged_while_running(8_000);
}

/// More than is looked through before a start.
#[test]
fn longest_a_large_queue_damaged_under_a_running_agent_is_replaced_and_comes_back() {
    let wanted = std::env::var("TILLPOST_DAMAGED").ok();
    damaged_while_running(wanted.map_or(160_000, |text| text.parse().unwrap()));
}

#[test]
fn killed_while_it_comes_back_it_goes_on_where_it_was() {
    const DOCUMENTS: u64 = 450;
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    away(&home);
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, DOCUMENTS), "accepted");
    agent.stop();
    let outbox = home.data().join("outbox.db");
    let file = std::fs::File::options().write(true).open(&outbox).unwrap();
    file.write_all_at(&[0; 100], 0).unwrap();
    drop(file);
    for _ in 0..2 {
        let said = match Agent::try_start(&home, &[("TILLPOST_FAILPOINT", "recovery.piece:2")]) {
            Ok(mut agent) => agent.wait_ended(wait::HANG),
            // It waits a moment for a small one before it opens the door.
            Err(said) => said,
        };
        assert!(
            said.stderr.contains("failpoint recovery.piece hit"),
            "{said:?}"
        );
    }
    std::fs::remove_file(home.out()).unwrap();
    let agent = home.start();
    recovered(&agent);
    agent.wait_drained(wait::HANG);
    let there = folder::keys(&home.out());
    let expected = (1..=DOCUMENTS).map(|n| (key("1", n), 1)).collect();
    assert_eq!(there, expected);
    assert_eq!(set_aside(&home.data()).len(), 1);
    home.run(&["audit", "verify"]).ended(0);
}

/// More than the reserve of 64 MiB, and less than coming back takes.
const SOME_MEBIBYTES: u64 = 90;
const DISK_MEBIBYTES: u64 = 400;

#[test]
fn a_damaged_queue_on_a_full_disk_keeps_nobody_waiting_for_more_than_room() {
    namespace::inside(
        "damage::a_damaged_queue_on_a_full_disk_keeps_nobody_waiting_for_more_than_room",
        damaged_and_full,
    );
}

fn damaged_and_full() {
    let home = Home::new(&Setup::folder());
    let disk = Disk::new(&home.path().join("disk.img"), &home.data(), DISK_MEBIBYTES);
    let token = home.add_till("1");
    away(&home);
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 200), "accepted");
    let texts = texts(&home);
    agent.stop();
    let outbox = home.data().join("outbox.db");
    let file = std::fs::File::options().write(true).open(&outbox).unwrap();
    file.write_all_at(&[0; 100], 0).unwrap();
    drop(file);
    disk.fill(0);
    // Not one byte: it starts, and says what it lacks.
    let agent = home.start();
    assert_eq!(agent.get("", "/healthz").status, 200);
    let ready = agent.get("", "/readyz");
    assert_eq!(ready.status, 503, "{}", ready.body);
    assert_eq!(ready.json()["error"]["code"], "no_room", "{}", ready.body);
    assert_eq!(agent.post(&token, &json!([sale("1", 201)])).status, 507);
    // Room to take documents, none to bring the old ones back: it takes documents.
    disk.leave(SOME_MEBIBYTES);
    wait::until("the agent to be ready", || {
        (agent.get("", "/readyz").status == 200).then_some(())
    });
    agent.hand_in_all(&token, &sales("1", 201, 20), "accepted");
    let told = problem(&agent, "queue_damaged");
    assert!(
        told["message"].as_str().unwrap().contains("no room"),
        "{told}"
    );
    assert_eq!(set_aside(&home.data()).len(), 1);
    // And sends them: what is held back for lack of room may take long.
    std::fs::remove_file(home.out()).unwrap();
    agent.wait_drained(wait::HANG);
    assert_eq!(folder::keys(&home.out()).len(), 20);
    disk.make_room();
    recovered(&agent);
    agent.wait_drained(wait::HANG);
    let there = folder::keys(&home.out());
    assert_eq!(there.len(), 220);
    assert!(there.values().all(|times| *times == 1), "{there:?}");
    assert!(texts.keys().all(|key| there.contains_key(key)));
    agent.stop();
    disk.unmount();
}
