//! What formats.md expects of other people's files, point by point (its section 7), where the folder with them is there.
//!
//! Method: each file through the inbox of its profile; what is handed over, what is held and why, compared with the
//! expectation; sums of columns are made here from the files' text, without the agent's code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::Home;
use tillpost_tests::plain_sum::{hundredths, rows};
use tillpost_tests::wait;

use crate::inbox::{drop_in, files, handed_over, store, taken};
use crate::inbox_samples::{home_of, nothing_private, samples, text};

const LOYVERSE: &str = include_str!("../../shared/src/profile/shipped/loyverse_pair.toml");
const SQUARE: &str = include_str!("../../shared/src/profile/shipped/square_pair.toml");

/// Drops a sample into the inbox, and waits until it is taken.
fn feed(home: &Home, agent: &Agent, path: &Path) {
    let name = path.file_name().unwrap().to_str().unwrap();
    drop_in(home, name, fs::read(path).unwrap());
    taken(home, agent);
}

/// Documents of a state as they are stored, with their problems.
fn listed(agent: &Agent, state: &str) -> Vec<Value> {
    let list = agent
        .get("", &format!("/v1/documents?state={state}&limit=100"))
        .ok();
    let ids = list["documents"].as_array().unwrap().iter();
    ids.map(|row| agent.document("", row["id"].as_str().unwrap()))
        .collect()
}

fn codes(document: &Value) -> Vec<&str> {
    let problems = document["problems"].as_array().unwrap().iter();
    problems.map(|problem| text(problem, "/code")).collect()
}

/// One document of one file, as it is stored.
#[track_caller]
fn stored(profile: &str, code: &str, file: &Path) -> Value {
    let home = home_of(profile, code);
    let agent = home.start();
    feed(&home, &agent, file);
    let documents = listed(&agent, "delivered");
    nothing_private(&home);
    let [one] = &documents[..] else {
        panic!("{}: {documents:?}", file.display())
    };
    one.clone()
}

#[test]
fn a_return_without_a_receipt_is_blind_and_its_goods_come_back() {
    let Some(samples) = samples() else { return };
    let stored = stored(
        "roqqio_6",
        "300",
        &samples.join("poslog/roqqio_v6_retoure.xml"),
    );
    let document = &stored["document"];
    assert_eq!(
        (text(document, "/kind"), text(document, "/body/total")),
        ("return", "-2.99")
    );
    let lines = document["body"]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (text(&lines[0], "/quantity"), text(&lines[0], "/total")),
        ("-1", "-2.99")
    );
    assert_eq!(
        text(&lines[0], "/type"),
        "item",
        "goods: they go into stock"
    );
    assert!(lines[0].get("returned_from").is_none_or(Value::is_null));
    assert_ne!(text(&lines[0], "/disposition"), "damaged");
    let tender = &document["body"]["tenders"][0];
    assert_eq!(
        (text(tender, "/type"), text(tender, "/amount")),
        ("cash", "-2.99")
    );
    assert_eq!(text(document, "/occurred_at"), "2024-09-26T15:06:56.741Z");
    assert!(codes(&stored).contains(&"blind_return"), "{stored}");
}

#[test]
fn a_return_knows_its_sale() {
    let Some(samples) = samples() else { return };
    let file = samples.join("poslog/roqqio_v6_retoure_with_link.xml");
    let document = stored("roqqio_6", "100", &file)["document"].clone();
    assert_eq!(text(&document, "/body/total"), "-1.29");
    assert_eq!(text(&document, "/body/tax_total"), "-0.21");
    let origin = &document["body"]["lines"][0]["returned_from"];
    assert_eq!(text(origin, "/till"), "10001");
    assert_eq!(
        (&origin["sequence"], &origin["line"]),
        (&3569.into(), &4.into())
    );
}

#[test]
fn of_two_receipts_with_one_number_exactly_one_is_sent_whichever_comes_first() {
    let Some(samples) = samples() else { return };
    let names = [
        "roqqio_v6_sale_floatprice.xml",
        "roqqio_v6_sale_with_customer.xml",
    ];
    let mut sent = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let home = home_of("roqqio_6", "100");
        let agent = home.start();
        for index in order {
            feed(&home, &agent, &samples.join("poslog").join(names[index]));
        }
        let documents = handed_over(&home);
        assert_eq!(documents.len(), 1, "{order:?}");
        sent.push(text(&documents[0], "/body/total").to_owned());
        let held = listed(&agent, "held");
        assert_eq!(held.len(), 1);
        assert_eq!(text(&held[0], "/key"), "100/10001/0/2~2");
        assert!(codes(&held[0]).contains(&"key_conflict"), "{held:?}");
        // Both once more: duplicates, each of its own.
        for index in order {
            drop_in(
                &home,
                &format!("again {}", names[index]),
                fs::read(samples.join("poslog").join(names[index])).unwrap(),
            );
        }
        taken(&home, &agent);
        assert_eq!(
            (handed_over(&home).len(), agent.count("held")),
            (1, 1),
            "{order:?}"
        );
    }
    assert_eq!(sent[0], "79.99");
    assert_ne!(sent[1], "", "the other one of both");
}

#[test]
fn tax_that_is_off_by_a_cent_is_flagged_and_change_is_taken_off() {
    let Some(samples) = samples() else { return };
    let void = stored(
        "roqqio_6",
        "100",
        &samples.join("poslog/roqqio_v6_sale_with_posStorno.xml"),
    );
    let document = &void["document"];
    assert_eq!(
        (
            text(document, "/body/total"),
            text(document, "/body/tax_total")
        ),
        ("2.78", "0.44")
    );
    assert!(codes(&void).contains(&"tax_mismatch"), "{void}");
    let change = stored(
        "roqqio_6",
        "100",
        &samples.join("poslog/roqqio_v6_sale_with_tenderChange.xml"),
    );
    let body = &change["document"]["body"];
    assert_eq!(
        (text(body, "/tenders/0/amount"), text(body, "/change")),
        ("27.00", "0.01")
    );
    assert_eq!(text(body, "/total"), "26.99");
    assert!(!codes(&change).contains(&"tender_mismatch"));
}

#[test]
fn ncrs_discount_comes_from_the_summary_and_its_loyalty_card_is_a_hash() {
    let Some(samples) = samples() else { return };
    let file = samples.join("poslog/ncr_acs_v21_small.xml");
    let home = home_of("ncr_acs_21", "9");
    let agent = home.start();
    feed(&home, &agent, &file);
    let documents = handed_over(&home);
    let kinds: Vec<&str> = documents.iter().map(|one| text(one, "/kind")).collect();
    assert_eq!(kinds, ["till_activity", "sale"]);
    assert_eq!(text(&documents[0], "/body/type"), "sign_on");
    let body = &documents[1]["body"];
    assert_eq!(
        (text(body, "/total"), text(body, "/lines/0/quantity")),
        ("1.07", "0.42")
    );
    let lines = body["lines"].as_array().unwrap().iter();
    let off: Vec<&str> = lines
        .filter(|line| line["type"] == "discount")
        .map(|line| text(line, "/total"))
        .collect();
    assert_eq!(off, ["-0.19"], "the summary's row alone");
    let card = text(body, "/customer/loyalty_card");
    let hash = card.strip_prefix("h:").unwrap_or_default();
    assert!(
        hash.len() >= 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{card}"
    );
    assert!(
        !fs::read_to_string(file).unwrap().contains(card),
        "it is not what stands in the file"
    );
}

/// A store whose profile lets halves wait for a second only.
fn impatient(profile: &str, text: &str) -> Home {
    let home = store("impatient", "");
    let folder = home.path().join("profiles");
    fs::create_dir(&folder).unwrap();
    assert!(text.contains("wait = \"30m\""), "{profile}");
    let text = text.replace("wait = \"30m\"", "wait = \"2s\"");
    fs::write(folder.join("impatient.toml"), text).unwrap();
    home
}

fn both(home: &Home, folder: &Path, names: [&str; 2]) {
    for name in names {
        drop_in(home, name, fs::read(folder.join(name)).unwrap());
    }
}

fn dollars(text: &str) -> i64 {
    let plain: String = text.chars().filter(|c| !matches!(c, '$' | ',')).collect();
    hundredths(&plain).unwrap()
}

#[test]
fn squares_refund_is_its_own_and_an_item_without_payment_waits_and_is_held() {
    let Some(samples) = samples() else { return };
    let names = [
        "square_transactions_refund_tip.csv",
        "square_items_refund.csv",
    ];
    let home = impatient("square_pair", SQUARE);
    let agent = home.start();
    both(&home, &samples.join("csv"), names);
    taken(&home, &agent);
    let documents = handed_over(&home);
    let by_reference: BTreeMap<&str, &Value> = documents
        .iter()
        .map(|one| (text(one, "/source/reference"), one))
        .collect();
    assert_eq!(
        by_reference.keys().copied().collect::<Vec<_>>(),
        ["PA1", "PB2", "PB2R"]
    );
    let told = rows(&fs::read_to_string(samples.join("csv").join(names[0])).unwrap());
    for row in &told {
        let cents = |column: &str| dollars(&row[column]);
        let document = by_reference[row["Payment ID"].as_str()];
        let own = |pointer: &str| hundredths(text(document, pointer)).unwrap();
        assert_eq!(own("/body/total"), cents("Total Collected") - cents("Tip"));
        assert_eq!(own("/body/tenders/0/amount"), cents("Total Collected"));
        assert_eq!(
            cents("Total Collected"),
            cents("Net Sales") + cents("Tax") + cents("Tip"),
            "the file is right in itself"
        );
        assert_eq!(own("/body/tax_total"), cents("Tax"));
        let goods: i64 = document["body"]["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["type"] != "tip")
            .map(|line| hundredths(text(line, "/total")).unwrap())
            .sum();
        assert_eq!(goods, cents("Net Sales"), "{document}");
    }
    let tip = text(by_reference["PA1"], "/body/tenders/0/tip");
    assert_eq!(tip, "2.00");
    assert!(text(by_reference["PB2R"], "/key").ends_with("/s:PB2R"));
    let held = listed(&agent, "held");
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(text(&held[0], "/document/source/reference"), "PC3");
    assert!(files(&home.path().join("in/refused")).is_empty());
    nothing_private(&home);
}

#[test]
fn loyverses_sums_that_disagree_are_held_and_a_receipt_without_lines_waits() {
    let Some(samples) = samples() else { return };
    let names = [
        "loyverse_receipts_header_level.csv",
        "loyverse_receipts_by_item_incomplete.csv",
    ];
    let patient = store("loyverse_pair", "");
    let agent = patient.start();
    both(&patient, &samples.join("csv"), names);
    wait::until("the pair that is whole", || {
        (agent.count("held") == 1).then_some(())
    });
    let held = listed(&agent, "held");
    assert_eq!(text(&held[0], "/document/receipt_number"), "2-1678");
    assert!(codes(&held[0]).contains(&"total_mismatch"), "{held:?}");
    // 148.88 stands in the one file, 15.00 + 119.88 in the other.
    let sum = |name: &str, column: &str| -> i64 {
        let rows = rows(&fs::read_to_string(samples.join("csv").join(name)).unwrap());
        let own = rows.iter().filter(|row| row["Receipt number"] == "2-1678");
        own.map(|row| hundredths(&row[column]).unwrap()).sum()
    };
    assert_eq!(
        hundredths(text(&held[0], "/document/body/total")),
        Some(sum(names[0], "Total collected"))
    );
    let lines = held[0]["document"]["body"]["lines"].as_array().unwrap();
    let lines: i64 = lines
        .iter()
        .map(|line| hundredths(text(line, "/total")).unwrap())
        .sum();
    assert_eq!(lines, sum(names[1], "Net sales"));
    let waits = files(&patient.path().join("in"));
    assert!(
        waits.contains_key(names[0]),
        "2-1677 waits for its lines, and with it the file that names it"
    );
    drop(agent);

    let home = impatient("loyverse_pair", LOYVERSE);
    let agent = home.start();
    both(&home, &samples.join("csv"), names);
    taken(&home, &agent);
    assert_eq!((agent.count("held"), handed_over(&home).len()), (2, 0));
    nothing_private(&home);
}
