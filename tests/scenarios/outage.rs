//! A long outage: head office is away, the queue grows, and the store does not feel it.
//!
//! Goal: with a full queue memory stays flat, a start is quick, the status page and look-ups answer, the files stay in
//! proportion; and when the line is back everything arrives, once, each till in its order. Method: the folder of the
//! hand-over is blocked by a file of its name; several tills fill the queue by batches; the folder is let free. Seconds
//! are printed, never asserted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tillpost_tests::agent::Agent;
use tillpost_tests::folder::files;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::process::{resident_mb, size};
use tillpost_tests::shop::key;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::socket::Socket;
use tillpost_tests::wait;

const TILLS: u64 = 4;
/// Documents of one hand-over.
const BATCH: u64 = 1_000;
/// Documents of each till before memory is looked at for the first time.
const WARM_UP: u64 = 2 * BATCH;
/// How much more memory the agent may have with a full queue than with an empty one.
const GROWTH_MB_MAX: u64 = 64;
/// The log beside the outbox, at any moment.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// Bytes of the outbox for one document, indices and history included.
const BYTES_PER_DOCUMENT_MAX: u64 = 6_000;
/// The smallest rate at which a drain is not called hanging, in documents a second.
const DRAIN_RATE_MIN: u64 = 100;
/// Stands for the running number in the sale from which all others are copied.
const PLACE: u64 = 8_888_888_888;

#[test]
fn twenty_thousand_documents_wait_and_arrive() {
    outage(20_000);
}

/// A week of a chain's largest store; a million by `TILLPOST_OUTAGE=1000000 cargo nextest run --release …`.
#[test]
fn long_four_hundred_thousand_documents_wait_and_arrive() {
    let wanted = std::env::var("TILLPOST_OUTAGE").ok();
    outage(wanted.map_or(400_000, |text| text.parse().unwrap()));
}

fn outage(documents: u64) {
    let home = Home::new(&Setup::folder());
    let codes: Vec<String> = (1..=TILLS).map(|n| n.to_string()).collect();
    let codes = codes.join(",");
    let said = home.run(&["till", "add", "server", "--for", &codes, "--json"]);
    let token = said.json()["token"].as_str().unwrap().to_owned();
    // A file where the folder should be: nothing can be handed over.
    std::fs::write(home.out(), "away").unwrap();
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 0)], "accepted");
    look(&agent, &token);
    // What the hand-over itself needs counts as idle: it is the queue that must cost no memory.
    fill(&home, &agent, &token, 1..=WARM_UP);
    let idle = resident_mb(agent.process());
    let begin = Instant::now();
    fill(&home, &agent, &token, WARM_UP + 1..=documents / TILLS);
    let seconds = begin.elapsed().as_secs_f64();
    println!("{documents} documents stored in {seconds:.1} s");
    check_full(&home, &agent, &token, documents + 1, idle);
    agent.kill();
    let agent = start_full(&home, &token);
    check_full(&home, &agent, &token, documents + 1, idle);
    std::fs::remove_file(home.out()).unwrap();
    drained(&home, &agent, documents);
    arrived(&home, documents / TILLS);
    // The folder destination remembers what lies in the day's folder, so this is printed only.
    let (resident, outbox) = (resident_mb(agent.process()), megabytes(&home, "outbox.db"));
    println!("after the drain: {resident} MB resident, outbox {outbox} MB");
    assert_eq!(agent.stop().code, Some(0));
}

/// Every till hands in the sales of these numbers by batches.
fn fill(home: &Home, agent: &Agent, token: &str, numbers: RangeInclusive<u64>) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let fill = |till: u64| {
            let (url, numbers) = (&agent.url, numbers.clone());
            scope.spawn(move || fill_till(url, token, &till.to_string(), numbers))
        };
        let tills: Vec<_> = (1..=TILLS).map(fill).collect();
        let watching = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let log = size(&home.data().join("outbox.db-wal"));
                assert!(log < LOG_BYTES_MAX, "the log has {log} bytes");
                thread::sleep(Duration::from_millis(200));
            }
        });
        let ended: Vec<_> = tills.into_iter().map(|till| till.join()).collect();
        done.store(true, Ordering::Relaxed);
        watching.join().unwrap();
        for till in ended {
            till.unwrap();
        }
    });
}

fn fill_till(url: &str, token: &str, till: &str, numbers: RangeInclusive<u64>) {
    let place = PLACE.to_string();
    let pattern = sale(till, PLACE).to_string();
    let pieces: Vec<&str> = pattern.split(&place).collect();
    let mut socket = Socket::connect(url);
    for first in numbers.clone().step_by(usize::try_from(BATCH).unwrap()) {
        let last = (first + BATCH - 1).min(*numbers.end());
        let lines: Vec<String> = (first..=last)
            .map(|n| pieces.join(&n.to_string()))
            .collect();
        let body = lines.join("\n");
        let answer = wait::until("a batch to be taken", || {
            let answer = socket.hand_in(token, &body).unwrap();
            // Any other answer is a no to all of it, and asks to come again.
            (answer.status == 200).then_some(answer)
        });
        let accepted = answer.body.matches("\"status\":\"accepted\"").count();
        assert_eq!(accepted, lines.len(), "{}", answer.body);
    }
}

/// What people and tills ask; prints what each took.
fn look(agent: &Agent, token: &str) {
    let paths = ["/healthz", "/readyz", "/", "/v1/status", "/metrics"];
    let of_documents = ["/v1/documents?limit=100", "/v1/receipts/1"];
    for path in paths.iter().chain(&of_documents) {
        let begin = Instant::now();
        let answer = agent.get(token, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        println!("{path}: {} ms", begin.elapsed().as_millis());
    }
}

fn megabytes(home: &Home, file: &str) -> u64 {
    size(&home.data().join(file)) >> 20
}

fn check_full(home: &Home, agent: &Agent, token: &str, documents: u64, idle: u64) {
    look(agent, token);
    assert_eq!(agent.count("waiting"), documents);
    let resident = resident_mb(agent.process());
    let (outbox, log) = (
        megabytes(home, "outbox.db"),
        megabytes(home, "outbox.db-wal"),
    );
    println!("full: {resident} MB resident, idle {idle} MB; outbox {outbox} MB, log {log} MB");
    let grown = resident.saturating_sub(idle);
    assert!(grown <= GROWTH_MB_MAX, "{resident} MB, idle {idle} MB");
    let bytes = size(&home.data().join("outbox.db"));
    let allowed = BYTES_PER_DOCUMENT_MAX * documents + LOG_BYTES_MAX;
    assert!(bytes < allowed, "{bytes} bytes for {documents} documents");
}

fn start_full(home: &Home, token: &str) -> Agent {
    let begin = Instant::now();
    let agent = home.start();
    let ready = wait::until("the agent to be ready", || {
        let answer = agent.get(token, "/readyz");
        (answer.status == 200).then(|| begin.elapsed())
    });
    println!(
        "started with the full queue in {:.2} s",
        ready.as_secs_f64()
    );
    agent
}

fn drained(home: &Home, agent: &Agent, documents: u64) {
    let begin = Instant::now();
    agent.wait_drained(wait::HANG + Duration::from_secs(documents / DRAIN_RATE_MIN));
    let seconds = begin.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(documents).unwrap()) / seconds;
    let log = megabytes(home, "outbox.db-wal");
    println!("drained in {seconds:.1} s, {rate:.0} a second; log {log} MB");
}

/// Every number of every till lies in the folder once, in the order in which its files were written. Read line by line:
/// a million documents are not held in memory.
fn arrived(home: &Home, each: u64) {
    #[derive(serde::Deserialize)]
    struct Line {
        key: String,
        till: String,
        sequence: u64,
    }
    let mut found = files(&home.out());
    // `…/ZH01-SEQ-INSTALL.ndjson`: the number of its first document tells the order of writing.
    found.sort_by_key(|file| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let seq: u64 = name.split('-').nth(1).unwrap().parse().unwrap();
        seq
    });
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for file in found {
        for line in BufReader::new(std::fs::File::open(&file).unwrap()).lines() {
            let line: Line = serde_json::from_str(&line.unwrap()).unwrap();
            assert_eq!(line.key, key(&line.till, line.sequence));
            numbers.entry(line.till).or_default().push(line.sequence);
        }
    }
    let tills: BTreeSet<String> = (1..=TILLS).map(|n| n.to_string()).collect();
    assert_eq!(numbers.keys().cloned().collect::<BTreeSet<_>>(), tills);
    for (till, numbers) in numbers {
        let first = u64::from(till != "1");
        let expected: Vec<u64> = (first..=each).collect();
        assert!(
            numbers == expected,
            "till {till}: {} of {}",
            numbers.len(),
            expected.len()
        );
    }
}
