//! How long a look-up takes while sales come in, against the same without them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tillpost_tests::figures::money;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::http::Http;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

use crate::{Row, median};

const ROUNDS: usize = 5;
const LOOK_UPS: usize = 1_500;
const PRODUCTS: usize = 10_000;
/// Twenty busy stores.
const PAUSE: Duration = Duration::from_millis(10);

pub fn row() -> Row {
    let catalog = "[catalog]\nsource = \"folder\"\npath = \"{home}/catalog\"\nrefresh = \"1s\"";
    let home = Home::new(&Setup::bare().with(catalog));
    let products: String = (0..PRODUCTS).map(|n| format!("{}\n", product(n))).collect();
    std::fs::create_dir(home.path().join("catalog")).unwrap();
    std::fs::write(home.path().join("catalog/all.ndjson"), products).unwrap();
    let token = home.add_till("1");
    let agent = home.start();
    wait::until("the catalog", || {
        (agent.get(&token, "/v1/products?sku=S-1").status == 200).then_some(())
    });
    let (mut ratios, mut quiet, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    let mut sequence = 1;
    for round in 0..=ROUNDS {
        let without = p99(&agent.url, &token);
        let ended = AtomicBool::new(false);
        let first = sequence;
        let with = std::thread::scope(|scope| {
            let ringing = scope.spawn(|| ring_up(&agent.url, &token, first, &ended));
            let with = p99(&agent.url, &token);
            ended.store(true, Ordering::Relaxed);
            sequence = ringing.join().unwrap();
            with
        });
        if round > 0 {
            ratios.push(with / without);
            quiet.push(without);
            busy.push(with);
        }
    }
    Row {
        what: "look-up p99, with sales coming in / without".to_owned(),
        sides: format!(
            "{:.2} ms with 100 sales/s against {:.2} ms, {PRODUCTS} products",
            median(busy),
            median(quiet)
        ),
        value: median(ratios),
        unit: "",
        aim: 1.5,
        at_least: false,
    }
}

fn product(n: usize) -> serde_json::Value {
    json!({
        "sku": format!("S-{n}"), "name": format!("Article {n}"), "barcodes": [format!("76130{n:07}")], "unit": "EA",
        "price": {"amount": money(100 + n as i64), "currency": "USD", "tax_included": true},
        "taxes": [{"code": "V81", "rate": "8.1"}], "active": true,
    })
}

/// Milliseconds that 99 of 100 look-ups stay below.
fn p99(url: &str, token: &str) -> f64 {
    let http = Http::new();
    let mut times: Vec<f64> = (0..LOOK_UPS)
        .map(|n| {
            let barcode = format!("76130{:07}", n * 7919 % PRODUCTS);
            let begin = Instant::now();
            let answer = http.send(|client| {
                let request = client.get(format!("{url}/v1/products?barcode={barcode}"));
                request.header("Authorization", format!("Bearer {token}"))
            });
            assert_eq!(answer.status, 200);
            begin.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}

/// Rings up sales at a steady pace until told to end; the next number.
fn ring_up(url: &str, token: &str, first: u64, ended: &AtomicBool) -> u64 {
    let http = Http::new();
    let mut sequence = first;
    while !ended.load(Ordering::Relaxed) {
        let body = sale("1", sequence).to_string();
        let answer = http.send(|client| {
            let request = client
                .post(format!("{url}/v1/documents"))
                .header("Content-Type", "application/json");
            request
                .header("Authorization", format!("Bearer {token}"))
                .body(body)
        });
        assert_eq!(answer.status, 200);
        sequence += 1;
        std::thread::sleep(PAUSE);
    }
    sequence
}
