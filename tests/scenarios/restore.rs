//! A damaged queue file, an older one restored, an empty one: the agent starts, accepts at once, says what happened, and
//! what it sends again doubles nothing.
//!
//! Method: documents wait because the receiver's folder is away, others were delivered before. The file is damaged the
//! way disks and people do it. What must come back is found without the agent: every document whose stored text is still
//! to be found in the bytes of the file. Nothing of the old file may change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::folder;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::random::Random;
use tillpost_tests::shop::key;
use tillpost_tests::shop::sample::sales;
use tillpost_tests::wait;

/// Bytes of a page of the outbox.
const PAGE: usize = 4_096;
/// Delivered before the damage, and waiting at it.
const DELIVERED: u64 = 150;
const WAITING: u64 = 250;

/// How the agent ended before the damage.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Stopped,
    Killed,
}

/// A store with documents delivered and waiting, its agent gone.
struct Store {
    home: Home,
    token: String,
    /// Key and stored text of every document.
    texts: BTreeMap<String, String>,
}

impl Store {
    fn new(end: End) -> Self {
        let home = Home::new(&Setup::folder());
        let token = home.add_till("1");
        let agent = home.start();
        agent.hand_in_all(&token, &sales("1", 1, DELIVERED), "accepted");
        agent.wait_drained(wait::HANG);
        agent.stop();
        std::fs::rename(home.out(), home.path().join("away")).unwrap();
        std::fs::write(home.out(), "in the way").unwrap();
        let agent = home.start();
        agent.hand_in_all(&token, &sales("1", DELIVERED + 1, WAITING), "accepted");
        let texts = texts(&home);
        match end {
            End::Stopped => drop(agent.stop()),
            End::Killed => agent.kill(),
        }
        Self { home, token, texts }
    }

    fn outbox(&self) -> PathBuf {
        self.home.data().join("outbox.db")
    }

    /// The keys whose text is still to be found in the file or its log.
    fn readable(&self) -> Vec<String> {
        readable_in(&self.outbox(), &self.texts)
    }

    /// Lets the receiver come back.
    fn receiver_back(&self) {
        std::fs::remove_file(self.home.out()).unwrap();
        std::fs::rename(self.home.path().join("away"), self.home.out()).unwrap();
    }

    /// Starts the agent on what is there, and asserts that everything readable arrives once.
    fn recovers(&self, readable: &[String], accepts: bool) -> Value {
        let damaged = std::fs::read(self.outbox()).ok();
        let agent = self.home.start();
        let token = match accepts {
            true => self.token.clone(),
            false => self.home.add_till("1"),
        };
        agent.hand_in_all(&token, &sales("1", 9_001, 5), "accepted");
        let problem = recovered(&agent);
        let aside = set_aside(&self.home.data());
        assert_eq!(aside.len(), 1, "the old file is kept: {aside:?}");
        assert_eq!(std::fs::read(&aside[0]).ok(), damaged, "and is as it was");
        assert!(
            problem["hint"]
                .as_str()
                .unwrap()
                .contains(aside[0].to_str().unwrap()),
            "{problem}"
        );
        self.receiver_back();
        agent.wait_drained(wait::HANG);
        let there = folder::keys(&self.home.out());
        let missing: Vec<_> = readable
            .iter()
            .filter(|key| !there.contains_key(*key))
            .collect();
        assert!(missing.is_empty(), "readable and not there: {missing:?}");
        assert!(there.values().all(|times| *times == 1), "double: {there:?}");
        assert_eq!(agent.count("parked"), 0);
        let again = self.home.run(&[
            "backup",
            "--to",
            self.home.path().join("copy.db").to_str().unwrap(),
        ]);
        assert_eq!(again.code, Some(0), "the new outbox is whole: {again:?}");
        agent.stop();
        problem
    }
}

/// The keys of these texts that are still to be found in an outbox or its log.
pub fn readable_in(outbox: &Path, texts: &BTreeMap<String, String>) -> Vec<String> {
    let mut bytes = std::fs::read(outbox).unwrap_or_default();
    let mut log = outbox.as_os_str().to_owned();
    log.push("-wal");
    bytes.extend(std::fs::read(log).unwrap_or_default());
    // Each text holds its number; looking for whole texts one by one would take minutes.
    let heads: BTreeMap<&[u8], &String> = texts
        .iter()
        .map(|(key, text)| (text.as_bytes(), key))
        .collect();
    let found = positions(&bytes, br#"{"kind":"#).filter_map(|at| {
        let near = heads.range(..=&bytes[at..]).next_back()?;
        bytes[at..].starts_with(near.0).then(|| (*near.1).clone())
    });
    let mut found: Vec<String> = found.collect();
    found.sort();
    found.dedup();
    found
}

fn positions<'a>(bytes: &'a [u8], what: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let last = bytes.len().saturating_sub(what.len());
    (0..last).filter(move |at| bytes[*at] == what[0] && bytes[*at..].starts_with(what))
}

/// Key and stored text of every document.
pub fn texts(home: &Home) -> BTreeMap<String, String> {
    let outbox = Connection::open(home.data().join("outbox.db")).unwrap();
    let mut question = outbox.prepare("SELECT key, body FROM documents").unwrap();
    let rows = question
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// A problem that the status tells of.
pub fn problem(agent: &Agent, code: &str) -> Value {
    let status = agent.status();
    let problems = status["problems"].as_array().unwrap();
    let found = problems.iter().find(|problem| problem["code"] == code);
    found
        .unwrap_or_else(|| panic!("no {code}: {status}"))
        .clone()
}

/// Waits until what can be read of a damaged outbox is back, and what is told of it.
pub fn recovered(agent: &Agent) -> Value {
    wait::until("the damaged outbox to come back", || {
        let told = problem(agent, "queue_damaged");
        let message = told["message"].as_str().unwrap();
        message.contains("were recovered").then_some(told.clone())
    })
}

/// The outboxes that were set aside.
pub fn set_aside(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let aside = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("outbox-damaged-") && name.ends_with(".db")
    };
    paths.filter(aside).collect()
}

fn overwrite(file: &Path, at: usize, bytes: &[u8]) {
    let mut content = std::fs::read(file).unwrap();
    content[at..at + bytes.len()].copy_from_slice(bytes);
    std::fs::write(file, content).unwrap();
}

#[test]
fn a_zeroed_header_costs_nothing() {
    let store = Store::new(End::Stopped);
    overwrite(&store.outbox(), 0, &[0; 100]);
    let readable = store.readable();
    assert_eq!(readable.len() as u64, DELIVERED + WAITING);
    let problem = store.recovers(&readable, true);
    let all = format!(
        "{} documents and 1 tills were recovered",
        DELIVERED + WAITING
    );
    assert!(
        problem["message"].as_str().unwrap().contains(&all),
        "{problem}"
    );
}

#[test]
fn of_a_file_cut_off_in_the_middle_the_first_half_comes_back() {
    let store = Store::new(End::Stopped);
    let length = std::fs::metadata(store.outbox()).unwrap().len();
    let file = std::fs::File::options()
        .write(true)
        .open(store.outbox())
        .unwrap();
    // What is left of the page in which it is cut is no page any more.
    file.set_len(length / 2 / PAGE as u64 * PAGE as u64 + 100)
        .unwrap();
    let readable = store.readable();
    assert!(
        readable.len() > 50 && readable.len() < store.texts.len(),
        "{}",
        readable.len()
    );
    store.recovers(&readable, true);
}

#[test]
fn around_pages_full_of_noise_everything_comes_back() {
    // After a kill most of the newer pages lie in the log, and noise under it costs nothing: so more of it.
    let stores = [
        (End::Stopped, 5),
        (End::Killed, 15),
        (End::Stopped, 5),
        (End::Killed, 15),
    ];
    for (seed, (end, noisy)) in (1..).zip(stores) {
        let store = Store::new(end);
        let mut random = Random::new(seed);
        let pages = std::fs::metadata(store.outbox()).unwrap().len() / PAGE as u64;
        // The first pages hold the tills; losing them is another story.
        for _ in 0..noisy {
            let page = usize::try_from(random.between(40, pages - 1)).unwrap();
            let noise: Vec<u8> = (0..PAGE).map(|_| random.bits() as u8).collect();
            overwrite(&store.outbox(), page * PAGE, &noise);
        }
        let readable = store.readable();
        println!(
            "seed {seed}: {} of {} readable",
            readable.len(),
            store.texts.len()
        );
        store.recovers(&readable, true);
    }
}

#[test]
fn an_empty_file_is_not_taken_for_a_new_store() {
    let store = Store::new(End::Stopped);
    std::fs::write(store.outbox(), "").unwrap();
    store.recovers(&[], false);
}

#[test]
fn something_that_is_no_queue_at_all_is_set_aside() {
    let store = Store::new(End::Stopped);
    std::fs::write(store.outbox(), "Dear Sir or Madam, ".repeat(5_000)).unwrap();
    store.recovers(&[], false);
}

/// Puts a copy of the queue where the queue was, as a person would.
pub fn put_back(home: &Home, copy: &Path) {
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let _ = std::fs::remove_file(home.data().join(name));
    }
    std::fs::copy(copy, home.data().join("outbox.db")).unwrap();
}

#[test]
fn an_older_copy_put_back_sends_again_and_doubles_nothing() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 30), "accepted");
    let copy = home.path().join("copy.db");
    home.run(&["backup", "--to", copy.to_str().unwrap()])
        .ended(0);
    agent.hand_in_all(&token, &sales("1", 31, 30), "accepted");
    agent.wait_drained(wait::HANG);
    agent.stop();
    put_back(&home, &copy);
    let agent = home.start();
    // The tills go on, and one sends the last day again.
    agent.hand_in_all(&token, &sales("1", 61, 30), "accepted");
    agent.hand_in_all(&token, &sales("1", 1, 30), "duplicate");
    agent.hand_in_all(&token, &sales("1", 31, 30), "accepted");
    agent.wait_drained(wait::HANG);
    let there = folder::keys(&home.out());
    assert_eq!(there.len(), 90);
    assert!(there.values().all(|times| *times == 1), "{there:?}");
    assert_eq!(agent.count("parked"), 0);
}

#[test]
fn a_lost_queue_comes_back_from_the_nightly_copy() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 40), "accepted");
    agent.wait_drained(wait::HANG);
    let nightly = home.data().join("backup/outbox-20261001.db");
    std::fs::create_dir_all(nightly.parent().unwrap()).unwrap();
    home.run(&["backup", "--to", nightly.to_str().unwrap()])
        .ended(0);
    agent.hand_in_all(&token, &sales("1", 41, 10), "accepted");
    agent.wait_drained(wait::HANG);
    agent.stop();
    std::fs::remove_file(home.data().join("outbox.db")).unwrap();
    let agent = home.start();
    let problem = recovered(&agent);
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains("40 of 50 documents and 1 tills")
            || problem["message"]
                .as_str()
                .unwrap()
                .contains("40 documents and 1 tills"),
        "{problem}"
    );
    agent.hand_in_all(&token, &sales("1", 1, 40), "duplicate");
    agent.hand_in_all(&token, &sales("1", 41, 10), "accepted");
    agent.wait_drained(wait::HANG);
    let there = folder::keys(&home.out());
    assert!(
        there.len() == 50 && there.values().all(|times| *times == 1),
        "{there:?}"
    );
}

#[test]
fn a_second_agent_on_the_same_data_folder_refuses() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    let said = Agent::try_start(&home, &[])
        .err()
        .expect("a second agent started");
    assert_ne!(said.code, Some(0));
    assert!(
        said.stderr
            .contains("another agent is using the data folder"),
        "{said:?}"
    );
    agent.hand_in_all(&token, &sales("1", 1, 10), "accepted");
    agent.wait_drained(wait::HANG);
}

#[test]
fn a_text_that_was_damaged_on_the_disk_is_not_sent_but_shown() {
    let store = Store::new(End::Stopped);
    // The newest one, which waits.
    let last = &store.texts[&key("1", DELIVERED + WAITING)];
    let bytes = std::fs::read(store.outbox()).unwrap();
    let at = bytes
        .windows(last.len())
        .position(|part| part == last.as_bytes())
        .unwrap();
    // One digit of an amount: JSON as before, and another sale.
    let digit = last.find(r#""total":""#).unwrap() + r#""total":""#.len();
    let other = if bytes[at + digit] == b'9' {
        b"8"
    } else {
        b"9"
    };
    overwrite(&store.outbox(), at + digit, other);
    overwrite(&store.outbox(), 0, &[0; 100]);
    let agent = store.home.start();
    let told = recovered(&agent);
    assert!(
        told["message"]
            .as_str()
            .unwrap()
            .contains("1 documents with damage"),
        "{told}"
    );
    store.receiver_back();
    agent.wait_drained(wait::HANG);
    assert_eq!(agent.count("parked"), 1);
    assert_eq!(
        folder::keys(&store.home.out()).len() as u64,
        DELIVERED + WAITING - 1
    );
}
