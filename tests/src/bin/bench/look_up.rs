//! How long a look-up takes while sales come in, against the same without them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tillpost_tests::figures::money;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::wait;

use crate::till::Till;
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
    let runtime = crate::runtime();
    let mut asking = runtime.block_on(Till::connect(&agent.url, &token, "1"));
    for round in 0..=ROUNDS {
        let without = runtime.block_on(p99(&mut asking));
        let (ended, first) = (AtomicBool::new(false), sequence);
        // On a thread of its own, so that the look-ups do not wait for the other till's computing.
        let with = std::thread::scope(|scope| {
            let ringing = scope.spawn(|| {
                crate::runtime().block_on(async {
                    let mut till = Till::connect(&agent.url, &token, "1").await;
                    ring_up(&mut till, first, &ended).await
                })
            });
            let with = runtime.block_on(p99(&mut asking));
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
async fn p99(till: &mut Till) -> f64 {
    let mut times = Vec::with_capacity(LOOK_UPS);
    for n in 0..LOOK_UPS {
        let barcode = format!("76130{:07}", n * 7919 % PRODUCTS);
        let begin = Instant::now();
        till.look_up(&barcode).await;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}

/// Rings up sales at a steady pace until told to end; the next number.
async fn ring_up(till: &mut Till, first: u64, ended: &AtomicBool) -> u64 {
    let mut sequence = first;
    while !ended.load(Ordering::Relaxed) {
        till.ring_up(sequence).await;
        sequence += 1;
        tokio::time::sleep(PAUSE).await;
    }
    sequence
}
