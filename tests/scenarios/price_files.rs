//! Price files, seen from outside: an old till that can only read files has the store's prices.
//!
//! Goal: a file after each new catalog and at the second at which a coming price begins to hold; whole or not there; what
//! changed, and what is gone; what an encoding lacks is said. Method: the built program, snapshots of this test's own, and
//! a till that knows nothing but the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::wait;

const CATALOG: &str = "[catalog]\nsource = \"folder\"\npath = \"{home}/catalog\"\nrefresh = \"1s\"";

fn service(files: &str) -> (Home, Agent) {
    let home = Home::new(&Setup::bare().with(CATALOG).with(files));
    for folder in ["catalog", "till"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    let agent = home.start();
    (home, agent)
}

fn product(sku: &str, name: &str, price: &str) -> Value {
    json!({
        "sku": sku, "name": name, "barcodes": [format!("761000000000{sku}")], "unit": "EA",
        "price": {"amount": price, "currency": "USD", "tax_included": true},
        "taxes": [{"code": "V81", "rate": "8.1"}],
    })
}

fn publish(home: &Home, number: usize, products: &[Value]) {
    let lines: String = products
        .iter()
        .map(|product| format!("{product}\n"))
        .collect();
    let file = home
        .path()
        .join(format!("catalog/catalog-{number:04}.ndjson"));
    let part = file.with_extension("part");
    fs::write(&part, lines).unwrap();
    fs::rename(part, &file).unwrap();
}

fn file(home: &Home, name: &str) -> PathBuf {
    home.path().join("till").join(name)
}

/// Waits for a file with this in it, in windows-1252.
#[track_caller]
fn file_with(home: &Home, name: &str, wanted: &str) -> String {
    wait::until(&format!("{wanted} in {name}"), || {
        let bytes = fs::read(file(home, name)).ok()?;
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        text.contains(wanted).then_some(text)
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the service under test has the real clock"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[test]
fn a_new_catalog_is_a_new_file_with_its_trigger() {
    let (home, agent) = service(
        "[[price_file]]\npath = \"{home}/till/prices.csv\"\nprofile = \"products_eu\"\ntrigger = \".ok\"\n\
         [[price_file]]\npath = \"{home}/till/ean.txt\"\nprofile = \"products_fixed\"\n\
         [[price_file]]\npath = \"{home}/till/taxes.csv\"\nprofile = \"taxes_eu\"",
    );
    publish(
        &home,
        1,
        &[
            product("1", "Käse; grün", "4.90"),
            product("2", "Żurek", "1234.00"),
        ],
    );
    let text = file_with(&home, "prices.csv", "4,90");
    assert_eq!(
        text,
        "Artikel;EAN;Bezeichnung;Preis;MwSt%;Neuer Preis;gültig ab;Kz\r\n\
         1;7610000000001;\"Käse; grün\";4,90;8,1;;;N\r\n2;7610000000002;?urek;1234,00;8,1;;;N\r\n"
    );
    wait::until("the trigger", || {
        file(&home, "prices.csv.ok").exists().then_some(())
    });
    let fixed = file_with(&home, "ean.txt", "07610000000002");
    assert!(
        fixed.contains("07610000000002?urek                         001234000810ST A\r\n"),
        "{fixed}"
    );
    assert_eq!(
        file_with(&home, "taxes.csv", "V81"),
        "Code;Satz;Kz\r\nV81;8,1;N\r\n"
    );
    let told = wait::until("the characters that are lacking", || {
        let problems = agent.status()["problems"].as_array()?.clone();
        problems
            .into_iter()
            .find(|problem| problem["code"] == "price_file_characters")
    });
    assert!(
        told["message"].as_str().unwrap().contains("Ż 1 times"),
        "{told}"
    );
    fs::remove_file(file(&home, "prices.csv.ok")).unwrap();
    publish(&home, 2, &[product("1", "Käse; grün", "5.10")]);
    file_with(&home, "prices.csv", "5,10");
    wait::until("the trigger again", || {
        file(&home, "prices.csv.ok").exists().then_some(())
    });
    wait::until("nothing to say any more", || {
        let problems = agent.status()["problems"].as_array()?.clone();
        problems.is_empty().then_some(())
    });
}

#[test]
fn a_coming_price_switches_in_the_file_at_its_time() {
    let (home, _agent) = service(
        "[[price_file]]\npath = \"{home}/till/prices.csv\"\nprofile = \"products_eu\"\n\
         [[price_file]]\npath = \"{home}/till/coming.csv\"\nprofile = \"prices_eu\"",
    );
    let soon = now() + jiff::SignedDuration::from_secs(8);
    let soon = jiff::Timestamp::from_second(soon.as_second()).unwrap();
    let mut goods = product("1", "Tea", "4.90");
    goods["prices"] = json!([{"amount": "3.50", "from_at": soon.to_string()}]);
    publish(&home, 1, &[goods]);
    let local = soon
        .to_zoned(jiff::tz::TimeZone::get("Europe/Zurich").unwrap())
        .strftime("%d.%m.%Y %H:%M")
        .to_string();
    let before = file_with(&home, "prices.csv", "Tea");
    assert!(
        before.contains(&format!("Tea;4,90;8,1;3,50;{local};N")),
        "{before}"
    );
    let before = file_with(&home, "coming.csv", "3,50");
    assert_eq!(
        before.lines().skip(1).collect::<Vec<_>>(),
        [
            format!("1;4,90;USD;;{local};N"),
            format!("1;3,50;USD;{local};;N")
        ]
    );
    assert!(
        now() < soon,
        "the machine was too slow for this test to show anything"
    );
    let after = file_with(&home, "prices.csv", "Tea;3,50;8,1;;;N");
    assert!(now() >= soon, "too early: {after}");
    file_with(&home, "coming.csv", "1;3,50;USD;;;N");
}

#[test]
fn a_file_of_changes_is_cumulative_until_the_till_takes_it() {
    let (home, agent) = service(
        "[[price_file]]\npath = \"{home}/till/changes.csv\"\nprofile = \"products_eu\"\ncontent = \"changes\"",
    );
    let rows = |text: &str| -> BTreeMap<String, String> {
        let lines = text
            .lines()
            .skip(1)
            .map(|line| line.split(';').collect::<Vec<_>>());
        lines
            .map(|cells| (cells[0].to_owned(), format!("{} {}", cells[7], cells[3])))
            .collect()
    };
    let told = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let own = pairs.iter();
        own.map(|(sku, what)| ((*sku).to_owned(), (*what).to_owned()))
            .collect()
    };
    let shop = |prices: [&str; 3]| {
        ["1", "2", "3"]
            .into_iter()
            .zip(prices)
            .filter(|(_, price)| !price.is_empty())
            .map(|(sku, price)| product(sku, "Tea", price))
            .collect::<Vec<_>>()
    };
    let take = |wanted: &str| {
        let text = file_with(&home, "changes.csv", wanted);
        fs::remove_file(file(&home, "changes.csv")).unwrap();
        rows(&text)
    };
    publish(&home, 1, &shop(["1.00", "2.00", ""]));
    assert_eq!(take("2,00"), told(&[("1", "N 1,00"), ("2", "N 2,00")]));
    publish(&home, 2, &shop(["1.10", "2.00", ""]));
    let text = file_with(&home, "changes.csv", "1,10");
    assert_eq!(rows(&text), told(&[("1", "A 1,10")]));
    // It lies there: the next one holds its changes too.
    publish(&home, 3, &shop(["1.10", "", "3.00"]));
    let both = told(&[("1", "A 1,10"), ("2", "L 2,00"), ("3", "N 3,00")]);
    assert_eq!(take("3,00"), both);
    // It took another one's place, so the till may have removed it unread: it is told once more, and then no more.
    assert_eq!(take("3,00"), both);
    agent.kill();
    let agent = home.start();
    publish(&home, 4, &shop(["1.20", "", "3.00"]));
    assert_eq!(take("1,20"), told(&[("1", "A 1,20")]));
    drop(agent);
}

#[test]
fn whatever_stops_it_the_till_is_told_again() {
    let files = "[[price_file]]\npath = \"{home}/till/changes.csv\"\nprofile = \"products_eu\"\ncontent = \"changes\"";
    let home = Home::new(&Setup::bare().with(CATALOG).with(files));
    for folder in ["catalog", "till"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    publish(&home, 1, &[product("1", "Tea", "1.00")]);
    let mut agent = Agent::start(&home, &[("TILLPOST_FAILPOINT", "price_file.placed:1")]);
    let said = agent.wait_ended(wait::HANG);
    assert!(said.stderr.contains("failpoint"), "{said:?}");
    // The till was quick: it took the file before the next start.
    fs::remove_file(file(&home, "changes.csv")).unwrap();
    let _agent = home.start();
    let text = file_with(&home, "changes.csv", "1,00");
    assert!(text.ends_with("1,00;8,1;;;N\r\n"), "{text}");
}

#[test]
fn a_folder_that_is_away_is_said_and_caught_up_with() {
    let (home, agent) =
        service("[[price_file]]\npath = \"{home}/share/prices.csv\"\nprofile = \"products_eu\"");
    publish(&home, 1, &[product("1", "Tea", "4.90")]);
    let told = wait::until("the trouble", || {
        let problems = agent.status()["problems"].as_array()?.clone();
        problems
            .into_iter()
            .find(|problem| problem["code"] == "price_file_failed")
    });
    assert!(
        told["message"].as_str().unwrap().contains("share"),
        "{told}"
    );
    fs::create_dir(home.path().join("share")).unwrap();
    wait::until("the file", || {
        home.path().join("share/prices.csv").exists().then_some(())
    });
    wait::until("all is well", || {
        let problems = agent.status()["problems"].as_array()?.clone();
        problems.is_empty().then_some(())
    });
}
