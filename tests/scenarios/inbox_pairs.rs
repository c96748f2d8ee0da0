//! Receipts that come in two files, dropped as people drop them: twice, overlapping, one of them broken, half of them late.
//!
//! Method: files of this test's own through the built program's inbox; sums are those from which the files were made.

use std::fs;
use std::path::Path;

use tillpost_tests::agent::Agent;
use tillpost_tests::home::Home;
use tillpost_tests::{memory, wait};

use crate::inbox::{drop_in, files, handed_over, store, taken};

const LOYVERSE: &str = include_str!("../../shared/src/profile/shipped/loyverse_pair.toml");
/// Above what the service takes when it has nothing to do.
const ABOVE_IDLE_KILOBYTES_MAX: u64 = 60 * 1024;

/// The head of these receipts, each of 10.00.
fn heads(numbers: std::ops::Range<u32>) -> String {
    let head = "Date,Receipt number,Receipt type,Taxes,Total collected,Payment type,POS,Status\n";
    numbers.fold(head.to_owned(), |all, number| {
        all + format!("13/10/2026 23:50,2-{number},Sale,0.00,10.00,Cash,POS 2,Closed\n").as_str()
    })
}

/// Their lines: two of 2.50 and 7.50 each.
fn items(numbers: std::ops::Range<u32>) -> String {
    let head =
        "Date,Receipt number,Receipt type,SKU,Item,Quantity,Discounts,Net sales,Taxes,POS,Status\n";
    numbers.fold(head.to_owned(), |all, number| {
        all + format!(
            "13/10/2026 23:50,2-{number},Sale,1,Tea,1.000,0.00,2.50,0.00,POS 2,Closed\n\
             13/10/2026 23:50,2-{number},Sale,2,Cheese,1.345,0.00,7.50,0.00,POS 2,Closed\n"
        )
        .as_str()
    })
}

/// A store whose halves wait for `wait`.
fn waiting(wait: &str) -> Home {
    let home = store("own_pair", "");
    let folder = home.path().join("profiles");
    fs::create_dir(&folder).unwrap();
    let text = LOYVERSE.replace("wait = \"30m\"", &format!("wait = \"{wait}\""));
    assert!(text != LOYVERSE, "the wait is the shipped one");
    fs::write(folder.join("own_pair.toml"), text).unwrap();
    home
}

/// Receipts that were handed over, each with its goods' sum in cents; none of them twice.
fn receipts(home: &Home) -> usize {
    let documents = handed_over(home);
    let mut numbers: Vec<&str> = Vec::new();
    for document in &documents {
        numbers.push(document["receipt_number"].as_str().unwrap());
        assert_eq!(document["body"]["total"], "10.00");
        assert_eq!(document["body"]["lines"][1]["quantity"], "1.345");
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), documents.len());
    numbers.len()
}

fn refused(home: &Home) -> Vec<String> {
    files(&home.path().join("in/refused")).into_keys().collect()
}

#[test]
fn files_dropped_twice_at_once_later_and_overlapping_tell_each_receipt_once() {
    let home = waiting("1h");
    // They lie there together when the service comes up.
    for copy in ["", " (1)"] {
        drop_in(&home, &format!("receipts{copy}.csv"), heads(1..21));
        drop_in(&home, &format!("items{copy}.csv"), items(1..21));
    }
    let agent = home.start();
    taken(&home, &agent);
    assert_eq!((receipts(&home), agent.count("held")), (20, 0));
    drop_in(&home, "receipts again.csv", heads(1..21));
    drop_in(&home, "items again.csv", items(1..21));
    taken(&home, &agent);
    assert_eq!((receipts(&home), agent.count("held")), (20, 0));
    // Two periods at once that overlap each other and what was taken.
    for (name, numbers) in [("week", 15..31), ("month", 1..41)] {
        drop_in(
            &home,
            &format!("receipts {name}.csv"),
            heads(numbers.clone()),
        );
        drop_in(&home, &format!("items {name}.csv"), items(numbers));
    }
    taken(&home, &agent);
    assert_eq!((receipts(&home), agent.count("held")), (40, 0));
    assert_eq!(refused(&home), Vec::<String>::new());
}

#[test]
fn a_broken_a_locked_and_an_oversized_file_keep_none_of_the_others() {
    let home = waiting("1h");
    let agent = home.start();
    drop_in(&home, "broken.zip", b"PK\x03\x04 and nothing more");
    let large = fs::File::create(home.path().join("in/.large.part")).unwrap();
    large.set_len(129 << 20).unwrap();
    fs::rename(
        home.path().join("in/.large.part"),
        home.path().join("in/large.csv"),
    )
    .unwrap();
    let part = home.path().join("in/.locked.part");
    fs::write(&part, heads(50..51)).unwrap();
    let locked = fs::File::open(&part).unwrap();
    locked.lock().unwrap();
    fs::rename(part, home.path().join("in/locked.csv")).unwrap();
    drop_in(&home, "receipts.csv", heads(1..6));
    drop_in(&home, "items.csv", items(1..6));
    wait::until("all but the locked file to be taken", || {
        let left = files(&home.path().join("in")).into_keys();
        left.eq(["locked.csv"]).then_some(())
    });
    let expected = [
        "broken.zip",
        "broken.zip.reason.txt",
        "large.csv",
        "large.csv.reason.txt",
    ];
    assert_eq!(refused(&home), expected);
    drop_in(&home, "items of the locked one.csv", items(50..51));
    locked.unlock().unwrap();
    drop(locked);
    taken(&home, &agent);
    assert_eq!((receipts(&home), agent.count("held")), (6, 0));
}

#[test]
fn a_half_says_what_did_not_come_and_is_whole_when_both_come_again() {
    let home = waiting("1s");
    let agent = home.start();
    drop_in(&home, "receipts.csv", heads(1..3));
    taken(&home, &agent);
    let list = agent.get("", "/v1/documents?state=held&limit=100").ok();
    let held = list["documents"].as_array().unwrap().clone();
    assert_eq!(held.len(), 2);
    for one in &held {
        let id = one["id"].as_str().unwrap();
        let document = agent.document("", id);
        let problems = document["problems"].as_array().unwrap().iter();
        let codes: Vec<&str> = problems
            .map(|problem| problem["code"].as_str().unwrap())
            .collect();
        assert!(codes.contains(&"half_missing"), "{document}");
        home.run(&[
            "documents",
            "withdraw",
            id,
            "--reason",
            "its lines come later",
        ])
        .ended(0);
    }
    // The head is dropped again, with the same bytes, because now its lines are there.
    drop_in(&home, "receipts.csv", heads(1..3));
    drop_in(&home, "items.csv", items(1..3));
    taken(&home, &agent);
    assert_eq!((receipts(&home), agent.count("held")), (2, 0));
}

fn put(home: &Home, name: &str, text: &str) {
    fs::write(home.path().join(format!("in/.{name}.part")), text).unwrap();
}

fn appear(home: &Home, name: &str) -> bool {
    let folder = home.path().join("in");
    fs::rename(folder.join(format!(".{name}.part")), folder.join(name)).is_ok()
}

fn gone(agent: &Agent, folder: &Path) -> Option<()> {
    let left = files(folder);
    (left.is_empty() && agent.count("waiting") == 0).then_some(())
}

#[test]
fn longest_a_large_pair_is_joined_in_bounded_memory() {
    let home = waiting("1h");
    let agent = home.start();
    let receipts = 40_000;
    put(&home, "receipts.csv", &heads(0..receipts));
    put(&home, "items.csv", &items(0..receipts));
    let process = agent.process();
    let idle = memory::resident(process);
    memory::forget_peak(process);
    assert!(appear(&home, "receipts.csv") && appear(&home, "items.csv"));
    let limit = std::time::Duration::from_secs(1_800);
    wait::within(limit, "the pair", || gone(&agent, &home.path().join("in")));
    let above = memory::peak(process).saturating_sub(idle);
    println!("a pair of {receipts} receipts: {above} kB above {idle} kB idle");
    assert_eq!(self::receipts(&home), receipts as usize);
    assert!(above < ABOVE_IDLE_KILOBYTES_MAX, "{above} kB above idle");
}
