//! Files made to hurt: each is refused by a limit that its reason names, the service lives, and the next file is taken.
//!
//! Method: one bad file per limit through the inbox of its profile, and a good one behind it. ZIP archives that burst:
//! `inbox::archives_and_odd_names_are_taken_and_bombs_are_not`.

use std::fs;

use tillpost_tests::home::Home;

use crate::inbox::{drop_in, files, sale, store, taken};

const LINE_BYTES: usize = 10 << 20;

fn reason(home: &Home, name: &str) -> String {
    let refused = files(&home.path().join("in/refused"));
    let reason = refused.get(&format!("{name}.reason.txt"));
    let reason = reason.unwrap_or_else(|| panic!("{name}: {:?}", refused.keys()));
    String::from_utf8_lossy(reason).into_owned()
}

/// Drops the bad ones, one by one, and looks into their reasons; then a good one, which is taken.
fn refused(profile: &str, bad: &[(&str, String, &str)], good: &str) {
    let home = store(profile, "");
    let agent = home.start();
    for (name, text, why) in bad {
        drop_in(&home, name, text);
        taken(&home, &agent);
        let reason = reason(&home, name);
        assert!(reason.contains(why), "{name}: {reason}");
        assert!(reason.len() < 100_000, "{name}: a reason is for a person");
    }
    let before = crate::inbox::handed_over(&home).len();
    drop_in(&home, "good", good);
    taken(&home, &agent);
    assert_eq!(crate::inbox::handed_over(&home).len(), before + 1);
    assert!(
        fs::read_dir(home.path().join("in/refused"))
            .unwrap()
            .all(|entry| !entry
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("good"))
    );
}

#[test]
fn xml_that_unfolds_or_nests_or_never_ends_a_tag() {
    let bomb = "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><POSLog><Transaction>&b;</Transaction></POSLog>";
    let own = "<POSLog><Transaction><A>&own;</A></Transaction></POSLog>";
    let deep = format!(
        "<POSLog><Transaction>{}{}</Transaction></POSLog>",
        "<a>".repeat(5_000),
        "</a>".repeat(5_000)
    );
    let tag = format!(
        "<POSLog><Transaction a=\"{}\"/></POSLog>",
        "x".repeat(LINE_BYTES)
    );
    let large = format!(
        "<POSLog><Transaction><A>{}</A></Transaction></POSLog>",
        "x".repeat(LINE_BYTES)
    );
    let good = "<POSLog><Transaction><RetailStoreID>ZH01</RetailStoreID><WorkstationID>3</WorkstationID><SequenceNumber>1</SequenceNumber>\
        <BeginDateTime>2026-11-20T10:00:00</BeginDateTime><ControlTransaction><NoSale/></ControlTransaction></Transaction></POSLog>";
    refused(
        "generic_6",
        &[
            ("bomb.xml", bomb.to_owned(), "a document type (<!DOCTYPE)"),
            (
                "own.xml",
                own.to_owned(),
                "an entity of its own is not allowed",
            ),
            ("deep.xml", deep, "nested deeper than 64"),
            ("tag.xml", tag, "a tag is longer than 1048576 bytes"),
            ("large.xml", large, "larger than 8388608 bytes"),
        ],
        good,
    );
}

#[test]
fn lines_of_ten_megabytes_and_json_that_nests() {
    let line = format!("{{\"ext\":{{\"a\":\"{}\"}}}}\n", "x".repeat(LINE_BYTES));
    let deep = format!("{}1{}\n", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    refused(
        "ndjson",
        &[
            ("line.ndjson", line, "4194304"),
            ("deep.ndjson", deep, "32"),
        ],
        &(sale(1, "10.00") + "\n"),
    );
}

#[test]
fn rows_of_ten_megabytes_and_of_too_many_columns() {
    let head = "barcode;qty\n";
    let quote = format!("{head}\"{}", "x".repeat(LINE_BYTES));
    let wide = format!("{head}{}\n", ";".repeat(5_000) + "1");
    refused(
        "barcode_qty",
        &[
            ("quote.csv", quote, "a row is longer than 1048576 bytes"),
            ("wide.csv", wide, "more than 512 columns"),
        ],
        "barcode;qty\n7610000000017;3\n",
    );
}
