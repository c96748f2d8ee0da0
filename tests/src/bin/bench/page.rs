//! The first page of an agent that has just started with a full outbox: bytes that come over, time until the last of
//! them is there, and how that compares to the smallest answer there is, in the same run.

use std::time::Instant;

use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sales;

use crate::{Row, median};

const ROUNDS: usize = 7;
/// Documents in the outbox.
const DOCUMENTS: u64 = 100_000;
/// Documents of one hand-over.
const BATCH: u64 = 5_000;
/// What a browser asks for before it can show the first page.
const FIRST_PAINT: [&str; 3] = ["/", "/status.css", "/status.js"];

pub fn rows() -> Vec<Row> {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    for first in (1..=DOCUMENTS).step_by(BATCH as usize) {
        agent.hand_in_all(&token, &sales("1", first, BATCH), "accepted");
    }
    agent.wait_drained(tillpost_tests::wait::HANG);
    agent.stop();
    let (mut ratios, mut cold, mut warm, mut small, mut bytes) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let agent = home.start();
        let paint = || {
            let begin = Instant::now();
            let lengths = FIRST_PAINT.map(|path| {
                let answer = agent.get("", path);
                assert_eq!(answer.status, 200, "{path}");
                answer.body.len()
            });
            (
                begin.elapsed().as_secs_f64() * 1000.0,
                lengths.iter().sum::<usize>(),
            )
        };
        // The connection is made before anything is timed.
        agent.get("", "/v1/openapi.json");
        let (first, length) = paint();
        let (again, _) = paint();
        let begin = Instant::now();
        for _ in FIRST_PAINT {
            agent.get("", "/healthz");
        }
        let alive = begin.elapsed().as_secs_f64() * 1000.0;
        cold.push(first);
        warm.push(again);
        small.push(alive);
        ratios.push(first / alive);
        bytes = bytes.max(length);
        agent.stop();
    }
    table(
        [median(cold), median(warm), median(small), median(ratios)],
        bytes,
    )
}

/// The table's lines: milliseconds cold, again and of the smallest answers; cold over smallest; bytes.
fn table([cold, warm, small, ratio]: [f64; 4], bytes: usize) -> Vec<Row> {
    let sides = format!(
        "{:.1} ms cold, {:.1} ms again, against {:.2} ms; {DOCUMENTS} documents stored today",
        cold, warm, small
    );
    vec![
        Row {
            what: "first page from a cold agent / GET /healthz".to_owned(),
            sides,
            value: ratio,
            unit: "",
            aim: 100.0,
            at_least: false,
        },
        Row {
            what: "first page from a cold agent".to_owned(),
            sides: "page, style and script, one after another on loopback".to_owned(),
            value: cold,
            unit: " ms",
            aim: 100.0,
            at_least: false,
        },
        Row {
            what: "what comes over for the first page".to_owned(),
            sides: format!("{} of {} answers", bytes, FIRST_PAINT.len()),
            value: bytes as f64 / 1024.0,
            unit: " kB",
            aim: 50.0,
            at_least: false,
        },
    ]
}
