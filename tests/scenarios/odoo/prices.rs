//! A price back: what is changed in Odoo is answered at the till.
//!
//! Goal: one refresh is enough, and a look-up never sees half of it. Method: refresh by command only; change one price,
//! then the price of the whole range in one transaction while look-ups go on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tillpost_tests::head_office::HeadOffice;
use tillpost_tests::http::Http;

use super::refreshed_by_command;

fn office(name: &str) -> HeadOffice {
    let office = HeadOffice::new(name, &["1".to_owned()]);
    refreshed_by_command(&office, None);
    office
}

fn products(office: &HeadOffice) -> Vec<i64> {
    office.database.search(
        "product.product",
        &json!([["default_code", "=like", "TP-%"]]),
    )
}

#[test]
fn a_price_changed_in_odoo_is_answered_after_one_refresh() {
    let office = office("price");
    let agent = office.start();
    let token = office.token("1");
    office.home.run(&["catalog", "refresh"]).ended(0);
    let look_up = |query: &str| agent.get(token, &format!("/v1/products?{query}")).ok();
    let range = tillpost_tests::shop::range();
    for product in &range[..5] {
        for query in [
            format!("sku={}", product.sku),
            format!("barcode={}", product.barcode),
        ] {
            let found = look_up(&query)["products"][0].clone();
            assert_eq!(found["sku"], product.sku, "{found}");
            let amount = found["price"]["amount"]
                .as_str()
                .unwrap()
                .parse::<f64>()
                .unwrap();
            assert_eq!((amount * 100.0).round() as i64, product.price, "{found}");
            assert_eq!(found["price"]["tax_included"], true, "{found}");
            assert_eq!(found["price"]["currency"], "USD", "{found}");
            let rate = found["taxes"][0]["rate"]
                .as_str()
                .unwrap()
                .parse::<f64>()
                .unwrap();
            assert_eq!((rate * 10.0).round() as i64, product.rate, "{found}");
        }
    }
    let before = look_up("sku=TP-001")["revision"].clone();
    let one = office
        .database
        .search("product.product", &json!([["default_code", "=", "TP-001"]]));
    office
        .database
        .write("product.product", &one, &json!({"list_price": 77.7}));
    office.home.run(&["catalog", "refresh"]).ended(0);
    let after = look_up("sku=TP-001");
    let amount = after["products"][0]["price"]["amount"].as_str().unwrap();
    assert!(["77.7", "77.70"].contains(&amount), "{after}");
    assert_ne!(after["revision"], before);
    office
        .database
        .write("product.product", &one, &json!({"active": false}));
    office.home.run(&["catalog", "refresh"]).ended(0);
    let gone = look_up("sku=TP-001")["products"].clone();
    assert!(
        gone == json!([]) || gone[0]["active"] == false,
        "an archived product may not be sold: {gone}"
    );
}

#[test]
fn a_look_up_never_sees_half_of_a_change_of_all_prices() {
    let office = office("all_prices");
    let agent = office.start();
    let token = office.token("1");
    let ids = products(&office);
    let set = |price: f64| {
        office
            .database
            .write("product.product", &ids, &json!({"list_price": price}));
        office.home.run(&["catalog", "refresh"]).ended(0);
    };
    set(1.0);
    let ended = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look_up(&agent.url, token, &ended));
        for price in 2..=5 {
            set(f64::from(price));
        }
        ended.store(true, Ordering::Relaxed);
        looking.join().unwrap()
    });
    assert!(seen.len() > 1, "several prices were seen: {seen:?}");
}

/// Looks up until told to end; every answer has one price. All prices seen.
fn look_up(url: &str, token: &str, ended: &AtomicBool) -> BTreeSet<String> {
    let http = Http::new();
    let mut seen = BTreeSet::new();
    while !ended.load(Ordering::Relaxed) {
        let answer = http.send(|client| {
            client
                .get(format!("{url}/v1/products?q=Article"))
                .header("Authorization", format!("Bearer {token}"))
        });
        let answer: Value = answer.ok();
        let prices: BTreeSet<&str> = answer["products"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["price"]["amount"].as_str().unwrap())
            .collect();
        assert_eq!(prices.len(), 1, "half a catalog: {answer}");
        seen.extend(prices.into_iter().map(str::to_owned));
    }
    seen
}
