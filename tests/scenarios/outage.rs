//! A long outage: head office is away, the queue grows, and the store does not feel it.
//!
//! Goal: with a full queue memory stays flat, a start is quick, the status page and price look-ups answer as before, the
//! files stay in proportion; when the line is back everything arrives, once, each till in its order; and three months later
//! the texts are gone and the file has shrunk, while tills ring up. Method: a receiver that is out, then never waits;
//! several tills fill the queue by batches; a clock that is set 91 days ahead. Seconds and ratios are printed and
//! published, never asserted.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tillpost_tests::agent::Agent;
use tillpost_tests::clock::Clock;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::process::{resident_mb, size};
use tillpost_tests::report;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::socket::Socket;
use tillpost_tests::taker::Taker;
use tillpost_tests::wait;

/// Tills of one token.
pub const TILLS: u64 = 4;
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
const DRAIN_RATE_MIN: u64 = 20;
/// Of the file as it was with all texts, so much may be left once they are gone, in per cent.
const LEFT_PERCENT_MAX: u64 = 60;
/// How often each question is asked for a figure.
const QUESTIONS: usize = 60;
/// Products of the catalog.
const PRODUCTS: usize = 2_000;
/// Stands for the running number in the sale from which all others are copied.
const PLACE: u64 = 8_888_888_888;

#[test]
fn twenty_thousand_documents_wait_and_arrive() {
    outage(20_000);
}

/// A week of a chain's largest store; a million by `TILLPOST_OUTAGE=1000000 cargo nextest run --release …`.
#[test]
fn longest_four_hundred_thousand_documents_wait_and_arrive() {
    let wanted = std::env::var("TILLPOST_OUTAGE").ok();
    outage(wanted.map_or(400_000, |text| text.parse().unwrap()));
}

/// What was measured, by name.
#[derive(Default)]
struct Figures(Vec<(&'static str, String)>);

impl Figures {
    fn note(&mut self, what: &'static str, value: String) {
        println!("{what}: {value}");
        self.0.push((what, value));
    }

    fn table(&self) -> String {
        let mut text = String::from("| what | measured |\n|---|---|\n");
        for (what, value) in &self.0 {
            let _ = writeln!(text, "| {what} | {value} |");
        }
        text
    }
}

fn outage(documents: u64) {
    let taker = Taker::closed();
    let catalog = "[catalog]\nsource = \"folder\"\npath = \"{home}/catalog\"\nrefresh = \"10m\"";
    let mut home = Home::new(&Setup::bare().with(&taker.destination()).with(catalog));
    write_catalog(&home);
    let codes: Vec<String> = (1..=TILLS).map(|n| n.to_string()).collect();
    let codes = codes.join(",");
    let said = home.run(&["till", "add", "server", "--for", &codes, "--json"]);
    let token = said.json()["token"].as_str().unwrap().to_owned();
    let mut figures = Figures::default();
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 0)], "accepted");
    wait::until("the catalog", || {
        (agent.get(&token, &product(1)).status == 200).then_some(())
    });
    // What the hand-over itself needs counts as idle: it is the queue that must cost no memory.
    fill(&home, &agent, &token, 1..=WARM_UP);
    let empty = look(&agent, &token);
    let idle = resident_mb(agent.process());
    let begin = Instant::now();
    let log = fill(&home, &agent, &token, WARM_UP + 1..=documents / TILLS);
    figures.note(
        "documents that wait, and how long storing them took",
        format!("{documents}, {:.0} s", begin.elapsed().as_secs_f64()),
    );
    let resident = check_full(&home, &agent, &token, documents + 1, idle);
    figures.note(
        "memory with an empty queue and a full one",
        format!("{idle} MB, {resident} MB"),
    );
    compare(&mut figures, &empty, &look(&agent, &token));
    agent.kill();
    let agent = start_full(&home, &token, &mut figures);
    check_full(&home, &agent, &token, documents + 1, idle);
    taker.open();
    drained(&agent, documents, &mut figures);
    arrived(&taker, documents / TILLS);
    assert_eq!(agent.stop().code, Some(0));
    let bytes = megabytes(&home, "outbox.db");
    figures.note(
        "the outbox, and its log at its longest",
        format!("{bytes} MB, {} MB", log >> 20),
    );
    shrinks(&mut home, &token, documents, &mut figures);
    report::publish(
        &format!("{documents} documents in a long outage"),
        &figures.table(),
    );
}

fn product(n: usize) -> String {
    format!("/v1/products?barcode=76130{n:07}")
}

fn write_catalog(home: &Home) {
    let product = |n: usize| {
        serde_json::json!({
            "sku": format!("S-{n}"), "name": format!("Article {n}"), "barcodes": [format!("76130{n:07}")], "unit": "EA",
            "price": {"amount": "1.00", "currency": "USD", "tax_included": true},
            "taxes": [{"code": "V81", "rate": "8.1"}], "active": true,
        })
    };
    let products: String = (0..PRODUCTS).map(|n| format!("{}\n", product(n))).collect();
    std::fs::create_dir(home.path().join("catalog")).unwrap();
    std::fs::write(home.path().join("catalog/all.ndjson"), products).unwrap();
}

/// Every till hands in the sales of these numbers by batches; the bytes of the log at its longest.
pub fn fill(home: &Home, agent: &Agent, token: &str, numbers: RangeInclusive<u64>) -> u64 {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let fill = |till: u64| {
            let (url, numbers) = (&agent.url, numbers.clone());
            scope.spawn(move || fill_till(url, token, &till.to_string(), numbers))
        };
        let tills: Vec<_> = (1..=TILLS).map(fill).collect();
        let watching = scope.spawn(|| {
            let mut longest = 0;
            while !done.load(Ordering::Relaxed) {
                let log = size(&home.data().join("outbox.db-wal"));
                assert!(log < LOG_BYTES_MAX, "the log has {log} bytes");
                longest = log.max(longest);
                thread::sleep(Duration::from_millis(200));
            }
            longest
        });
        let ended: Vec<_> = tills.into_iter().map(|till| till.join()).collect();
        done.store(true, Ordering::Relaxed);
        let longest = watching.join().unwrap();
        for till in ended {
            till.unwrap();
        }
        longest
    })
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

/// What people and tills ask, and the middle one of the milliseconds that each takes.
fn look(agent: &Agent, token: &str) -> Vec<(&'static str, f64)> {
    let questions = [
        ("a price look-up", product(7)),
        ("a receipt", "/v1/receipts/1".to_owned()),
        ("a list of documents", "/v1/documents?limit=100".to_owned()),
        ("the status", "/v1/status".to_owned()),
        ("the status page", "/".to_owned()),
        ("the metrics", "/metrics".to_owned()),
        ("whether it is ready", "/readyz".to_owned()),
    ];
    let ask = |(name, path): (&'static str, String)| {
        let mut times = Vec::new();
        for _ in 0..QUESTIONS {
            let begin = Instant::now();
            let answer = agent.get(token, &path);
            times.push(begin.elapsed().as_secs_f64() * 1000.0);
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        }
        times.sort_by(f64::total_cmp);
        (name, times[times.len() / 2])
    };
    questions.into_iter().map(ask).collect()
}

fn compare(figures: &mut Figures, empty: &[(&'static str, f64)], full: &[(&'static str, f64)]) {
    for ((name, before), (_, after)) in empty.iter().zip(full) {
        let ratio = after / before;
        figures.note(
            name,
            format!("{before:.1} ms with an empty queue, {after:.1} ms with a full one: {ratio:.2} times"),
        );
    }
}

fn megabytes(home: &Home, file: &str) -> u64 {
    size(&home.data().join(file)) >> 20
}

fn check_full(home: &Home, agent: &Agent, token: &str, documents: u64, idle: u64) -> u64 {
    assert_eq!(agent.get(token, "/").status, 200);
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
    resident
}

fn start_full(home: &Home, token: &str, figures: &mut Figures) -> Agent {
    let begin = Instant::now();
    let agent = home.start();
    let ready = wait::until("the agent to be ready", || {
        let answer = agent.get(token, "/readyz");
        (answer.status == 200).then(|| begin.elapsed())
    });
    figures.note(
        "a start with a full queue, until ready",
        format!("{:.2} s", ready.as_secs_f64()),
    );
    agent
}

fn drained(agent: &Agent, documents: u64, figures: &mut Figures) {
    let begin = Instant::now();
    agent.wait_drained(wait::HANG + Duration::from_secs(documents / DRAIN_RATE_MIN));
    let seconds = begin.elapsed().as_secs_f64();
    let rate = documents as f64 / seconds;
    figures.note("drained", format!("{seconds:.0} s, {rate:.0} a second"));
}

/// Every number of every till has come once, in its order.
fn arrived(taker: &Taker, each: u64) {
    let numbers = taker.numbers();
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

/// Three months later: the texts go, the file shrinks, and tills do not wait for it.
fn shrinks(home: &mut Home, token: &str, documents: u64, figures: &mut Figures) {
    let before = size(&home.data().join("outbox.db"));
    let clock = Clock::of(home);
    clock.jump("+91d");
    let agent = home.start();
    let begin = Instant::now();
    let outbox = rusqlite::Connection::open(home.data().join("outbox.db")).unwrap();
    let number = |sql: &str| -> i64 { outbox.query_row(sql, [], |row| row.get(0)).unwrap() };
    let (mut next, mut slowest) = (documents, Duration::ZERO);
    let limit = wait::HANG + Duration::from_secs(documents / DRAIN_RATE_MIN);
    wait::within(
        limit,
        "the texts to go and their room to be given back",
        || {
            for _ in 0..10 {
                next += 1;
                let sent = Instant::now();
                agent.hand_in_all(token, &[sale("1", next)], "accepted");
                slowest = slowest.max(sent.elapsed());
            }
            // The oldest went first; of what comes now the text stays.
            let last = format!(
                "SELECT body IS NULL FROM documents WHERE seq = {}",
                documents + 1
            );
            (number(&last) == 1 && number("PRAGMA freelist_count") < 1_000).then_some(())
        },
    );
    let seconds = begin.elapsed().as_secs_f64();
    drop(outbox);
    agent.wait_drained(limit);
    assert_eq!(agent.stop().code, Some(0));
    let after = size(&home.data().join("outbox.db"));
    figures.note(
        "the outbox 91 days later, and how long that took",
        format!(
            "{} MB, was {} MB, {seconds:.0} s",
            after >> 20,
            before >> 20
        ),
    );
    figures.note(
        "the slowest yes meanwhile",
        format!("{} ms of {} sales", slowest.as_millis(), next - documents),
    );
    let left = 100 * after / before;
    assert!(left <= LEFT_PERCENT_MAX, "{left} % of the file is left");
}
