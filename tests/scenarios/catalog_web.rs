//! Prices behind a web address: the same snapshot is the same catalog as from a folder, and what the server says is believed
//! no further than it may be.
//!
//! Goal: `[catalog] source = "http"`. Method: a small web server (`tillpost_tests::prices`) that counts what it answered;
//! the revision is computed here, from the bytes that were put up.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Said, Setup};
use tillpost_tests::prices::Prices;
use tillpost_tests::wait;

const KEY: &str = "the-key-of-the-prices";
const KEY_VARIABLE: &str = "TILLPOST_PRICES_KEY";

fn lines(count: usize, amount: &str) -> Vec<u8> {
    let line = |n| {
        let price = json!({"amount": amount, "currency": "USD", "tax_included": true});
        format!(
            "{}\n",
            json!({"sku": format!("S-{n}"), "name": "Article", "price": price})
        )
    };
    (0..count).map(line).collect::<String>().into_bytes()
}

/// By the system's own program.
fn revision(file: &[u8]) -> String {
    let mut sum = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    sum.stdin.take().unwrap().write_all(file).unwrap();
    let said = sum.wait_with_output().unwrap();
    String::from_utf8(said.stdout).unwrap()[..64].to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

struct Store {
    home: Home,
    prices: Prices,
    token: String,
}

impl Store {
    /// A store that looks only when it is told to.
    fn new() -> Self {
        let prices = Prices::start();
        prices.put(|shelf| shelf.key = KEY.to_owned());
        let toml = format!(
            "[catalog]\nsource = \"http\"\nurl = \"http://{}/prices.ndjson\"\nsecret = {{ env = \"{KEY_VARIABLE}\" }}\nrefresh = \"24h\"",
            prices.address
        );
        let mut home = Home::new(&Setup::bare().with(&toml));
        home.set_env(KEY_VARIABLE, KEY);
        let token = home.add_till("1");
        Self {
            home,
            prices,
            token,
        }
    }

    fn put(&self, file: Vec<u8>, tag: &str) {
        self.prices.put(|shelf| {
            shelf.file = file;
            shelf.tag = tag.to_owned();
            shelf.answers.clear();
        });
    }

    fn refresh(&self, more: &[&str]) -> Said {
        self.home.run(&[&["catalog", "refresh"], more].concat())
    }

    fn answers(&self) -> Vec<u16> {
        self.prices.put(|shelf| shelf.answers.clone())
    }

    fn found(&self, agent: &Agent) -> Value {
        agent.get(&self.token, "/v1/products?sku=S-1").ok()
    }
}

#[test]
fn a_catalog_comes_from_a_web_address_and_is_fetched_again_only_when_it_changed() {
    let store = Store::new();
    let (first, second) = (lines(30, "1.00"), lines(30, "2.00"));
    store.put(first.clone(), "\"a\"");
    let agent = store.home.start();
    store.refresh(&[]).ended(0);
    let found = store.found(&agent);
    assert_eq!(found["revision"], revision(&first));
    assert_eq!(found["products"][0]["price"]["amount"], "1.00");
    store.refresh(&[]).ended(0);
    let answers = store.answers();
    assert!(answers.len() >= 2 && answers[0] == 200, "{answers:?}");
    assert!(
        answers[1..].iter().all(|status| *status == 304),
        "{answers:?}"
    );

    store.put(second.clone(), "\"b\"");
    store.refresh(&[]).ended(0);
    assert_eq!(store.answers(), [200]);
    assert_eq!(store.found(&agent)["revision"], revision(&second));

    // Packed for the way, and packed as it lies there: the same lines, the same catalog.
    let third = lines(30, "3.00");
    store.put(gzip(&third), "\"c\"");
    store.prices.put(|shelf| shelf.packed = true);
    store.refresh(&[]).ended(0);
    assert_eq!(store.found(&agent)["revision"], revision(&third));
    store.prices.put(|shelf| shelf.packed = false);
    store.put(gzip(&second), "\"d\"");
    store.refresh(&[]).ended(0);
    assert_eq!(store.found(&agent)["revision"], revision(&second));
}

#[test]
fn what_cannot_be_used_changes_nothing_and_is_a_no() {
    let store = Store::new();
    let agent = store.home.start();
    let none = store.home.run(&["catalog", "lookup", "S-1"]).ended(1);
    assert!(none.all().contains("catalog"), "{none:?}");
    let good = lines(30, "1.00");
    store.put(good.clone(), "\"a\"");
    store.refresh(&[]).ended(0);
    let broken = [good.as_slice(), b"{\"sku\":\n"].concat();
    store.put(broken, "\"b\"");
    let said = store.refresh(&[]).ended(1);
    assert!(said.all().contains("line 31"), "{said:?}");
    store
        .prices
        .put(|shelf| shelf.media = "text/html".to_owned());
    store.put(b"<html>".to_vec(), "");
    let said = store.refresh(&["--json"]).ended(1);
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        answer["problem"]["code"], "catalog_incomprehensible",
        "{answer}"
    );
    store.prices.put(|shelf| {
        shelf.media = String::new();
        shelf.key = "another".to_owned();
    });
    let said = store.refresh(&["--json"]).ended(1);
    assert!(said.stdout.contains("catalog_unauthorized"), "{said:?}");
    assert_eq!(
        store.found(&agent)["revision"],
        revision(&good),
        "the last one stays in force"
    );
}

#[test]
fn a_much_smaller_catalog_and_an_unknown_key_are_taken_and_noted() {
    let store = Store::new();
    store.put(lines(100, "1.00"), "");
    let agent = store.home.start();
    store.refresh(&[]).ended(0);
    let small = String::from_utf8(lines(5, "2.00")).unwrap();
    let small = small
        .replace("\"name\"", "\"colour\":\"red\",\"name\"")
        .into_bytes();
    store.put(small.clone(), "");
    store.refresh(&[]).ended(0);
    assert_eq!(store.found(&agent)["revision"], revision(&small));
    let codes = || {
        let problems = agent.status()["problems"].clone();
        let codes = problems.as_array().unwrap().iter();
        codes
            .map(|p| p["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    wait::until("the notes", || {
        let codes = codes();
        let noted = |code: &str| codes.iter().any(|known| known == code);
        (noted("catalog_shrank") && noted("catalog_unknown_key")).then_some(())
    });
    assert_eq!(agent.status()["state"], "ok", "a note is no alarm");
}
