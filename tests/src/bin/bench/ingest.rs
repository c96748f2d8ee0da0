//! Acknowledged documents per second over HTTP, against what this disk can append and sync.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tillpost_tests::home::{Home, Setup};

use crate::till::Till;
use crate::{Row, median};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1_500);
const BLOCK: [u8; 4096] = [7; 4096];

pub fn rows() -> Vec<Row> {
    let home = Home::new(&Setup::bare());
    let tokens: Vec<String> = (1..=64).map(|n| home.add_till(&n.to_string())).collect();
    let agent = home.start();
    let runtime = crate::runtime();
    let next = Arc::new(AtomicU64::new(1));
    let aims = [(1, 0.6), (8, 3.0), (64, 5.0)];
    let mut ratios = [const { Vec::new() }; 3];
    let mut rates = [const { Vec::new() }; 3];
    let mut disk = Vec::new();
    // The first round warms everything up and does not count.
    for round in 0..=ROUNDS {
        let appended = appends(home.path());
        for (n, (tills, _)) in aims.iter().enumerate() {
            let acknowledged = runtime.block_on(acknowledged(&agent.url, &tokens[..*tills], &next));
            if round > 0 {
                ratios[n].push(acknowledged / appended);
                rates[n].push(acknowledged);
            }
        }
        if round > 0 {
            disk.push(appended);
        }
    }
    let disk = median(disk);
    let rows = aims
        .iter()
        .zip(ratios)
        .zip(rates)
        .map(|(((tills, aim), ratios), rates)| Row {
            what: format!("sales acknowledged, {tills} till(s) / disk"),
            sides: format!(
                "{:.0}/s against {disk:.0} appends with fdatasync",
                median(rates)
            ),
            value: median(ratios),
            unit: "",
            aim: *aim,
            at_least: true,
        });
    rows.collect()
}

/// Appends of 4 KiB, each synced, per second.
fn appends(beside: &Path) -> f64 {
    let begin = Instant::now();
    append_times(beside, ROUND).len() as f64 / begin.elapsed().as_secs_f64()
}

/// Milliseconds of each append of 4 KiB with its sync, for so long.
pub fn append_times(beside: &Path, how_long: Duration) -> Vec<f64> {
    let folder = TempDir::new_in(beside).unwrap();
    let mut file = std::fs::File::create(folder.path().join("append")).unwrap();
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < how_long {
        let append = Instant::now();
        file.write_all(&BLOCK).unwrap();
        file.sync_data().unwrap();
        times.push(append.elapsed().as_secs_f64() * 1000.0);
    }
    times
}

/// Sales acknowledged per second by the tills of these tokens, each of which waits for its answer.
async fn acknowledged(url: &str, tokens: &[String], next: &Arc<AtomicU64>) -> f64 {
    let mut ready = Vec::new();
    for (n, token) in tokens.iter().enumerate() {
        ready.push(Till::connect(url, token, &(n + 1).to_string()).await);
    }
    let begin = Instant::now();
    let ringing = ready.into_iter().map(|mut till| {
        let next = Arc::clone(next);
        tokio::spawn(async move {
            let mut count = 0.0;
            while begin.elapsed() < ROUND {
                till.ring_up(next.fetch_add(1, Ordering::Relaxed)).await;
                count += 1.0;
            }
            count
        })
    });
    let mut count = 0.0;
    for till in ringing.collect::<Vec<_>>() {
        count += till.await.unwrap();
    }
    count / begin.elapsed().as_secs_f64()
}
