//! Prices from a folder: looked up while they change, whole or not at all.
//!
//! Goal: invariant 8 and `GET /v1/products`. Method: snapshots in which every product costs the same, so that an answer
//! with two prices is half a catalog; one thread of look-ups while snapshots are swapped.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::figures::money;
use tillpost_tests::home::{FOLDER, Home, Setup};
use tillpost_tests::http::Http;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

const CATALOG: &str = "[catalog]\nsource = \"folder\"\npath = \"{home}/catalog\"\nrefresh = \"1s\"";
const PRODUCTS: usize = 500;

fn service() -> (Home, Agent, String) {
    let home = Home::new(&Setup::bare().with(CATALOG));
    std::fs::create_dir(home.path().join("catalog")).unwrap();
    let token = home.add_till("1");
    let agent = home.start();
    (home, agent, token)
}

fn product(n: usize, cents: i64) -> Value {
    json!({
        "sku": format!("S-{n}"), "name": format!("Article {n}"), "barcodes": [format!("0076130{n:06}")], "unit": "EA",
        "price": {"amount": money(cents), "currency": "USD", "tax_included": true},
        "taxes": [{"code": "V81", "rate": "8.1"}], "active": true,
    })
}

/// Puts a snapshot into the folder as a careful program does: written apart, then renamed.
fn publish(home: &Home, number: usize, products: &[Value]) -> PathBuf {
    let lines: String = products
        .iter()
        .map(|product| format!("{product}\n"))
        .collect();
    let file = home
        .path()
        .join("catalog")
        .join(format!("catalog-{number:04}.ndjson"));
    let part = file.with_extension("part");
    std::fs::write(&part, lines).unwrap();
    std::fs::rename(part, &file).unwrap();
    file
}

fn range(cents: i64) -> Vec<Value> {
    (0..PRODUCTS).map(|n| product(n, cents)).collect()
}

fn price_of(agent: &Agent, token: &str, sku: &str) -> Option<String> {
    let answer = agent.get(token, &format!("/v1/products?sku={sku}"));
    if answer.status == 503 {
        return None;
    }
    let amount = answer.ok()["products"][0]["price"]["amount"]
        .as_str()
        .map(str::to_owned);
    Some(amount.unwrap_or_else(|| "not there".to_owned()))
}

#[test]
fn a_look_up_never_sees_half_a_catalog() {
    let (home, agent, token) = service();
    publish(&home, 1, &range(100));
    wait::until("the first catalog", || price_of(&agent, &token, "S-1"));
    let ended = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look_up(&agent.url, &token, &ended));
        for number in 2..=6 {
            publish(&home, number, &range(100 * number as i64));
            let wanted = money(100 * number as i64);
            wait::until("the next catalog", || {
                (price_of(&agent, &token, "S-1").as_ref() == Some(&wanted)).then_some(())
            });
        }
        ended.store(true, Ordering::Relaxed);
        looking.join().unwrap()
    });
    assert!(
        seen.len() >= 2,
        "prices of several catalogs were seen: {seen:?}"
    );
}

/// Looks up until told to end; every answer is of one revision and has one price. The prices seen, in order.
fn look_up(url: &str, token: &str, ended: &AtomicBool) -> Vec<String> {
    let http = Http::new();
    let mut seen: Vec<(String, String)> = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let request = |client: &reqwest::Client| {
            client
                .get(format!("{url}/v1/products?q=Article"))
                .header("Authorization", format!("Bearer {token}"))
        };
        let answer = http.send(request).ok();
        let products = answer["products"].as_array().unwrap();
        assert!(products.len() > 1, "{answer}");
        let prices: std::collections::BTreeSet<&str> = products
            .iter()
            .map(|p| p["price"]["amount"].as_str().unwrap())
            .collect();
        assert_eq!(
            prices.len(),
            1,
            "prices of two catalogs in one answer: {prices:?}"
        );
        let pair = (
            answer["revision"].as_str().unwrap().to_owned(),
            (*prices.first().unwrap()).to_owned(),
        );
        if seen.last() != Some(&pair) {
            let known = seen
                .iter()
                .any(|(revision, price)| *revision == pair.0 || *price == pair.1);
            assert!(!known, "{pair:?} came back or changed its price: {seen:?}");
            seen.push(pair);
        }
    }
    seen.into_iter().map(|(_, price)| price).collect()
}

#[test]
fn a_product_is_found_by_barcode_sku_and_words() {
    let (home, agent, token) = service();
    assert_eq!(
        agent.get(&token, "/v1/products?sku=S-1").status,
        503,
        "no catalog yet"
    );
    assert!(
        agent
            .get(&token, "/v1/products?sku=S-1")
            .body
            .contains("no_catalog")
    );
    let none = home.run(&["catalog", "status"]).ended(1);
    assert!(
        none.all().contains("tillpost catalog refresh"),
        "says what to do: {none:?}"
    );
    publish(&home, 1, &range(495));
    wait::until("the catalog", || price_of(&agent, &token, "S-1"));
    let ask = |query: &str| agent.get(&token, &format!("/v1/products?{query}")).ok();
    for query in [
        "sku=S-7",
        "barcode=0076130000007",
        "barcode=76130000007",
        "barcode=00076130000007",
    ] {
        let answer = ask(query);
        assert_eq!(answer["products"][0]["sku"], "S-7", "{query}: {answer}");
        assert_eq!(
            answer["products"].as_array().unwrap().len(),
            1,
            "{query}: {answer}"
        );
    }
    let found = &ask("sku=S-7")["products"][0];
    assert_eq!(found["price"]["amount"], "4.95", "{found}");
    assert_eq!(
        found["taxes"],
        json!([{"code": "V81", "rate": "8.1"}]),
        "{found}"
    );
    assert_eq!(
        ask("sku=S-9999")["products"],
        json!([]),
        "nothing found is an empty list"
    );
    assert!(ask("q=Article")["products"].as_array().unwrap().len() > 1);
    assert_eq!(agent.get("", "/v1/products?sku=S-7").status, 401);
    home.run(&["catalog", "lookup", "76130000007"]).ended(0);
    let status = home.run(&["catalog", "status"]).ended(0);
    assert!(status.stdout.contains("500"), "{status:?}");
}

#[test]
fn a_store_that_fetches_no_prices_says_so() {
    let home = Home::new(&Setup::bare());
    let _agent = home.start();
    let status = home.run(&["catalog", "status"]).ended(1);
    assert!(
        status.all().contains("[catalog]"),
        "says what to do: {status:?}"
    );
}

#[test]
fn a_broken_snapshot_changes_nothing_and_is_said() {
    let (home, agent, token) = service();
    publish(&home, 1, &range(100));
    wait::until("the catalog", || price_of(&agent, &token, "S-1"));
    let revision = agent.get(&token, "/v1/products?sku=S-1").ok()["revision"].clone();
    std::fs::write(
        home.path().join("catalog/catalog-0002.ndjson"),
        "{\"sku\": \"S-1\", \"na",
    )
    .unwrap();
    wait::until("the status to say it", || {
        let problems = agent.status()["problems"].as_array().unwrap().clone();
        (!problems.is_empty()).then_some(problems)
    });
    assert_eq!(
        agent.get(&token, "/v1/products?sku=S-1").ok()["revision"],
        revision
    );
    publish(&home, 3, &range(300));
    wait::until("the next good one", || {
        (price_of(&agent, &token, "S-1").as_deref() == Some("3.00")).then_some(())
    });
}

#[test]
fn what_is_sold_and_not_sent_is_taken_off_a_snapshots_stock() {
    let folder = Setup::bare().with(CATALOG).with(FOLDER);
    let home = Home::new(&folder);
    std::fs::create_dir(home.path().join("catalog")).unwrap();
    // Nothing can be handed over where a file lies in the way.
    std::fs::write(home.out(), "in the way").unwrap();
    let token = home.add_till("1");
    let agent = home.start();
    let sold = &tillpost_tests::shop::range()[1];
    let with_stock = |on_hand: &str| {
        let mut product = product(1, 100);
        product["sku"] = json!(sold.sku);
        product["on_hand"] = json!(on_hand);
        product
    };
    let found = |sku: &str| {
        let answer = agent.get(&token, &format!("/v1/products?sku={sku}"));
        (answer.status == 200).then(|| answer.ok()["products"][0].clone())
    };
    let wait_for = |on_hand: &str, available: &str| {
        wait::until("the figures", || {
            let product = found(&sold.sku)?;
            let right = product["on_hand"] == on_hand && product["available"] == available;
            right.then_some(())
        });
    };
    publish(&home, 1, &[with_stock("10"), product(2, 100)]);
    wait_for("10", "10");
    let unknown = found("S-2").unwrap();
    assert!(
        unknown.get("on_hand").is_none() && unknown.get("available").is_none(),
        "what is not known is left out: {unknown}"
    );
    let sale = sale("1", 1);
    assert_eq!(sale["body"]["lines"][0]["product"]["sku"], json!(sold.sku));
    agent.hand_in_all(&token, &[sale], "accepted");
    wait_for("10", "9");
    std::fs::remove_file(home.out()).unwrap();
    agent.wait_drained(wait::HANG);
    wait_for("10", "9");
    publish(&home, 2, &[with_stock("9"), product(2, 100)]);
    wait_for("9", "9");
}

#[test]
fn a_catalog_survives_a_restart_without_its_source() {
    let (home, agent, token) = service();
    publish(&home, 1, &range(100));
    wait::until("the catalog", || price_of(&agent, &token, "S-1"));
    agent.kill();
    std::fs::remove_dir_all(home.path().join("catalog")).unwrap();
    let agent = home.start();
    assert_eq!(price_of(&agent, &token, "S-1").as_deref(), Some("1.00"));
}
