//! The real files of other people's tills, where the folder with them is there: what they come to, that a second time
//! adds nothing, and that nothing of their customers stays anywhere.
//!
//! Method: every file through the inbox of its profile, twice; figures from `plain_sum`, which shares no code with the
//! agent; a search through every file of the store's place for what must not be there.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::Home;
use tillpost_tests::plain_sum::{Plain, hundredths, poslog};

use crate::inbox::{drop_in, files, handed_over, store, taken};

/// The samples, or nothing, said loudly: they are other people's and not part of this project.
pub fn samples() -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/samples"));
    let named = std::env::var_os("TILLPOST_SAMPLES").map(PathBuf::from);
    let places = [Some(beside), named].into_iter().flatten();
    let found = places
        .into_iter()
        .find(|place| place.join("poslog").is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: there is no folder ../shared/samples, so no real till's file was read");
    }
    found
}

/// What must not be kept, of all samples together.
const FORBIDDEN: [&str; 11] = [
    "Erika",
    "Mustermann",
    "Heidestrasse",
    "51147",
    "--08-12",
    "1964Z",
    "NullPerson",
    "Dee Example",
    "FL 34",
    "0000000000000040000066677",
    "Köln",
];

#[track_caller]
pub fn nothing_private(home: &Home) {
    for (path, bytes) in home.every_file() {
        let text = String::from_utf8_lossy(&bytes);
        for word in FORBIDDEN {
            assert!(!text.contains(word), "{word} stands in {}", path.display());
        }
    }
}

/// Drops every file twice and hands back what came out.
fn fed(home: &Home, agent: &Agent, folder: &Path, names: &[&str]) -> Vec<Value> {
    let mut before = Vec::new();
    for round in ["first", "again"] {
        for name in names {
            drop_in(
                home,
                &format!("{round} {name}"),
                fs::read(folder.join(name)).unwrap(),
            );
        }
        taken(home, agent);
        let documents = handed_over(home);
        if round == "again" {
            assert_eq!(documents.len(), before.len(), "a second time nothing new");
        }
        before = documents;
    }
    before
}

pub fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A document's figures, in the words of `plain_sum`.
fn plain(document: &Value) -> Plain {
    let cents = |value: &Value| hundredths(value.as_str().unwrap()).unwrap();
    let tenders = document["body"]["tenders"].as_array().unwrap().iter();
    let change = document["body"].get("change").map_or(0, cents);
    Plain {
        sequence: document["sequence"].as_u64().unwrap(),
        total: cents(&document["body"]["total"]),
        paid: tenders.map(|tender| cents(&tender["amount"])).sum::<i64>() - change,
    }
}

pub fn home_of(profile: &str, code: &str) -> Home {
    let home = store(profile, "");
    let config = fs::read_to_string(home.config()).unwrap();
    fs::write(
        home.config(),
        config.replace("code = \"ZH01\"", &format!("code = \"{code}\"")),
    )
    .unwrap();
    home
}

#[test]
fn roqqios_receipts_come_to_what_their_files_say() {
    let Some(samples) = samples() else { return };
    let folder = samples.join("poslog");
    let names = [
        "roqqio_v6_retoure_with_link.xml",
        "roqqio_v6_sale_floatprice.xml",
        "roqqio_v6_sale_with_customer.xml",
        "roqqio_v6_sale_with_posStorno.xml",
        "roqqio_v6_sale_with_tenderChange.xml",
    ];
    let home = home_of("roqqio_6", "100");
    let agent = home.start();
    let documents = fed(&home, &agent, &folder, &names);
    // Two files hold number 2 with other amounts: the one that came first went, the other waits for a person.
    assert_eq!(agent.count("held"), 1);
    let mut expected: Vec<Plain> = names
        .iter()
        .flat_map(|name| poslog(&fs::read_to_string(folder.join(name)).unwrap()))
        .collect();
    let mut found: Vec<Plain> = documents.iter().map(plain).collect();
    expected.sort();
    found.sort();
    let of_two: Vec<Plain> = expected
        .iter()
        .filter(|one| one.sequence == 2)
        .cloned()
        .collect();
    assert_eq!(of_two.len(), 2);
    expected.retain(|one| one.sequence != 2 || found.contains(one));
    assert_eq!(found, expected);
    let linked = documents
        .iter()
        .find(|document| document["sequence"] == 3570)
        .unwrap();
    let origin = &linked["body"]["lines"][0]["returned_from"];
    assert_eq!(
        (text(origin, "/till"), &origin["sequence"], &origin["line"]),
        ("10001", &3569.into(), &4.into())
    );
    assert_eq!(text(linked, "/body/tax_total"), "-0.21");
    let void = documents
        .iter()
        .find(|document| document["sequence"] == 3617)
        .unwrap();
    assert_eq!(
        (text(void, "/body/total"), text(void, "/body/tax_total")),
        ("2.78", "0.44")
    );
    drop(agent.stop());
    nothing_private(&home);
    assert_eq!(files(&home.path().join("in/done")).len(), 10);
}

#[test]
fn ncrs_weighed_sale_and_the_returns_of_another_store_are_read() {
    let Some(samples) = samples() else { return };
    let home = home_of("ncr_acs_21", "9");
    let agent = home.start();
    let name = "ncr_acs_v21_small.xml";
    let documents = fed(&home, &agent, &samples.join("poslog"), &[name]);
    let words: Vec<(&str, &str)> = documents
        .iter()
        .map(|document| (text(document, "/kind"), text(document, "/body/type")))
        .collect();
    assert_eq!(words, [("till_activity", "sign_on"), ("sale", "")]);
    let sale = &documents[1];
    let expected = poslog(&fs::read_to_string(samples.join("poslog").join(name)).unwrap());
    assert_eq!([plain(sale)].to_vec(), expected);
    assert_eq!(
        (
            text(sale, "/body/lines/0/quantity"),
            text(sale, "/body/lines/1/total")
        ),
        ("0.42", "-0.19")
    );
    drop(agent.stop());
    nothing_private(&home);

    let home = home_of("roqqio_6", "300");
    let agent = home.start();
    let documents = fed(
        &home,
        &agent,
        &samples.join("poslog"),
        &["roqqio_v6_retoure.xml"],
    );
    assert_eq!(
        (
            text(&documents[0], "/kind"),
            text(&documents[0], "/body/total")
        ),
        ("return", "-2.99")
    );
    assert_eq!(text(&documents[0], "/body/tenders/0/amount"), "-2.99");
    assert_eq!(
        text(&documents[0], "/occurred_at"),
        "2024-09-26T15:06:56.741Z"
    );
    drop(agent.stop());
    nothing_private(&home);
}

#[test]
fn the_files_made_for_this_project_are_read() {
    let Some(samples) = samples() else { return };
    let home = home_of("generic_2", "7");
    let agent = home.start();
    let name = "poslog_generic_return_cancel_training_tillsettle_latin1.xml";
    let documents = fed(&home, &agent, &samples.join("synthetic"), &[name]);
    let kinds: Vec<&str> = documents
        .iter()
        .map(|document| text(document, "/kind"))
        .collect();
    assert_eq!(
        kinds,
        ["till_activity", "till_activity", "sale", "day_close"]
    );
    assert_eq!(text(&documents[2], "/body/lines/0/product/name"), "Größe M");
    assert_eq!(
        plain(&documents[2]),
        Plain {
            sequence: 102,
            total: 500,
            paid: 500
        }
    );

    let home = home_of("generic_eu_lines", "ZH01");
    let agent = home.start();
    let documents = fed(
        &home,
        &agent,
        &samples.join("synthetic"),
        &["ch_kasse_cp1252_semicolon_crlf_trailer_gap.csv"],
    );
    // The first one's rounding is more than half a coin: it waits for a person.
    assert_eq!((documents.len(), agent.count("held")), (1, 1));
    assert_eq!(text(&documents[0], "/body/total"), "-11.21");
}

#[test]
fn scanners_of_other_peoples_are_read() {
    let Some(samples) = samples() else { return };
    for (profile, name, expected) in [
        (
            "opticon",
            "opticon_px20_SCANNED.TXT",
            "8710841030181 12, 8710841090246 2, 9780131103627 1",
        ),
        (
            "opl9728",
            "opticon_opl9728_DATA_fixed_in_csv.TXT",
            "8710841030181 12, 8710841090246 2, 9780131103627 -1",
        ),
        (
            "danea_fixed",
            "danea_fixed_AAAAQQQqq.txt",
            "0001 32, AB 145.67, ABCD 143",
        ),
        (
            "plain_barcodes",
            "inmystock_barcode_per_line_repeats.txt",
            "7891234567890 3, 7895678901234 1",
        ),
    ] {
        let home = store(profile, "");
        let agent = home.start();
        let documents = fed(&home, &agent, &samples.join("counts"), &[name]);
        assert_eq!(documents.len(), 1, "{name}");
        let lines = documents[0]["body"]["lines"].as_array().unwrap().iter();
        let told = lines.map(|line| {
            let product = line["product"]
                .as_object()
                .unwrap()
                .values()
                .next()
                .unwrap();
            format!("{} {}", product.as_str().unwrap(), text(line, "/quantity"))
        });
        assert_eq!(told.collect::<Vec<_>>().join(", "), expected, "{name}");
    }
}

#[test]
fn a_pair_of_other_peoples_is_joined_and_what_is_alone_waits() {
    let Some(samples) = samples() else { return };
    let home = store("square_pair", "");
    let agent = home.start();
    for name in [
        "square_transactions_refund_tip.csv",
        "square_items_refund.csv",
    ] {
        drop_in(
            &home,
            name,
            fs::read(samples.join("csv").join(name)).unwrap(),
        );
    }
    tillpost_tests::wait::until("the pair's receipts", || {
        (agent.status()["documents"]["accepted_today"].as_u64()? >= 3).then_some(())
    });
    agent.wait_drained(std::time::Duration::from_secs(60));
    let documents = handed_over(&home);
    let mut told: Vec<String> = documents
        .iter()
        .map(|document| {
            format!(
                "{} {} {}",
                text(document, "/source/reference"),
                text(document, "/kind"),
                text(document, "/body/total")
            )
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        ["PA1 sale 29.16", "PB2 sale 12.96", "PB2R return -12.96"]
    );
    let tipped = documents
        .iter()
        .find(|document| text(document, "/source/reference") == "PA1")
        .unwrap();
    assert_eq!(
        (
            text(tipped, "/body/tenders/0/amount"),
            text(tipped, "/body/tenders/0/tip")
        ),
        ("31.16", "2.00")
    );
    // The item that no payment names waits, and with it both files.
    assert_eq!(files(&home.path().join("in")).len(), 2);
}

#[test]
fn the_search_for_what_must_not_be_kept_finds_it_wherever_it_lies() {
    let home = store("ndjson", "");
    nothing_private(&home);
    for place in [
        "data/outbox.db-wal",
        "data/log/tillpost.log",
        "in/waiting.xml",
        "in/done/a.xml",
        "in/refused/a.xml.reason.txt",
        "out/a.ndjson",
    ] {
        for word in ["Erika", "0000000000000040000066677"] {
            let file = home.path().join(place);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, format!("\u{0}\u{1}binary {word} binary")).unwrap();
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                nothing_private(&home);
            }));
            assert!(found.is_err(), "{word} in {place} was not found");
            fs::remove_file(file).unwrap();
        }
    }
}
