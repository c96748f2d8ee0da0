//! A till whose numbers begin to restart: old receipts keep their keys.
//!
//! Goal: `[[till]] numbers` of contract section 5: a change applies from a business date on, because it changes keys. Method:
//! sell, change the configuration, start again, send the same sales again and see what points at them.

use serde_json::{Value, json};
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::sample::{receipt, sale};
use tillpost_tests::shop::{CASH, moment, yesterday};

fn setup(till: &str) -> Setup {
    Setup::folder().with(&format!("[[till]]\ncode = \"1\"\n{till}"))
}

/// Gives back what yesterday's sale of this number sold, on a day after.
fn back(sequence: u64, sold: &Receipt, days: i8) -> Value {
    let mut date = yesterday();
    for _ in 0..days {
        date = date.tomorrow().unwrap();
    }
    let back = Receipt::back("1", sequence, moment(date, 60), date);
    let mut back = back.item_of(sold, 1).paid(CASH).json();
    back["body"]["lines"][0]["returned_from"] =
        json!({"sequence": 7, "business_date": yesterday().to_string(), "line": 1});
    back
}

#[test]
fn a_change_of_how_a_till_numbers_doubles_nothing_and_loses_no_way_back() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 7)], "accepted");
    agent.stop();

    home.configure(&setup("numbers = \"daily\""));
    let agent = home.start();
    let again = agent.hand_in(&token, &sale("1", 7));
    assert_eq!(again["status"], "duplicate", "{again}");
    assert_eq!(again["key"], "ZH01/1/0/7");
    // It holds from the next business date on: three days after yesterday is one.
    let sold = receipt("1", 7);
    let returned = agent.hand_in(&token, &back(8, &sold, 3));
    let day = yesterday()
        .tomorrow()
        .unwrap()
        .tomorrow()
        .unwrap()
        .tomorrow()
        .unwrap();
    assert_eq!(returned["key"], format!("ZH01/1/0/{day}/8"), "{returned}");
    let receipts = agent.get(&token, "/v1/receipts/1-000007").ok();
    let by = &receipts["receipts"][0]["returned"][0]["by"];
    assert_eq!(by, &json!([returned["key"]]), "{receipts}");
    agent.stop();

    // And back again: what was stored meanwhile keeps its key too.
    home.configure(&setup("numbers = \"never\""));
    let agent = home.start();
    for (document, key) in [
        (sale("1", 7), json!("ZH01/1/0/7")),
        (back(8, &sold, 0), json!("ZH01/1/0/8")),
    ] {
        let result = agent.hand_in(&token, &document);
        assert_eq!(result["key"], key, "{result}");
    }
    agent.stop();
}

#[test]
fn a_date_may_be_named_from_which_a_change_holds() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 7)], "accepted");
    agent.stop();
    let from = yesterday().tomorrow().unwrap();
    home.configure(&setup(&format!(
        "numbers = \"daily\"\nnumbers_from = \"{from}\""
    )));
    let agent = home.start();
    assert_eq!(agent.hand_in(&token, &sale("1", 7))["status"], "duplicate");
    let today = agent.hand_in(&token, &back(8, &receipt("1", 7), 1));
    assert_eq!(today["key"], format!("ZH01/1/0/{from}/8"), "{today}");
    // `check` says what would be stored, by the same changes.
    std::fs::write(home.path().join("a.json"), sale("1", 9).to_string()).unwrap();
    let checked = home.run(&["check", "a.json", "--json"]).json();
    assert_eq!(checked["results"][0]["key"], "ZH01/1/0/9", "{checked}");
}
