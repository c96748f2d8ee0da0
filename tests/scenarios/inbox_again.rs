//! The same receipts in other bytes are nothing new: other line ends, another order, another encoding, another name, zipped,
//! or exported once more with one receipt more.
//!
//! Method: files of this test's own, each shaped like a real till's (formats.md, section 7), through the inbox of its
//! profile; first as it is, compared with figures worked out by hand, then in every other form. What was handed over must
//! be the same documents as before, and the longer export brings its one receipt and no more.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use tillpost_tests::home::Home;

use crate::inbox::{drop_in, handed_over, sale, store, taken};
use crate::inbox_samples::text;

/// A file's forms, and the same with one receipt more.
struct Forms {
    profile: &'static str,
    first: Vec<u8>,
    others: Vec<(&'static str, Vec<u8>)>,
    longer: Vec<u8>,
}

/// Drops all of them, one by one. Answers what the first brought.
fn nothing_new(forms: &Forms, expected: &[&str]) -> (Home, Vec<Value>) {
    let home = store(forms.profile, "");
    let agent = home.start();
    let drop_and_count = |name: &str, bytes: &[u8]| {
        drop_in(&home, name, bytes);
        taken(&home, &agent);
        assert_eq!(agent.count("held"), 0, "{}: {name}", forms.profile);
        let refused = crate::inbox::files(&home.path().join("in/refused"));
        assert!(
            refused.is_empty(),
            "{}: {name}: {:?}",
            forms.profile,
            refused.keys()
        );
        let documents = handed_over(&home);
        let mut told: Vec<String> = documents.iter().map(told).collect();
        told.sort();
        (documents, told)
    };
    let (documents, first) = drop_and_count("first.dat", &forms.first);
    assert_eq!(first, expected, "{}", forms.profile);
    for (name, bytes) in &forms.others {
        assert_ne!(bytes, &forms.first, "{name} is another form");
        let (_, again) = drop_and_count(name, bytes);
        assert_eq!(
            again, first,
            "{}: {name} brought something new",
            forms.profile
        );
    }
    let (_, longer) = drop_and_count("longer.dat", &forms.longer);
    assert_eq!(
        longer.len(),
        first.len() + 1,
        "{}: one receipt more",
        forms.profile
    );
    assert!(first.iter().all(|one| longer.contains(one)));
    drop(agent.stop());
    (home, documents)
}

fn told(document: &Value) -> String {
    format!(
        "{} {} {}",
        text(document, "/key"),
        text(document, "/kind"),
        text(document, "/body/total")
    )
}

/// A ZIP with this file, packed by the machine's own Python.
fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let program = "import zipfile,sys,io\nb=io.BytesIO()\nz=zipfile.ZipFile(b,'w',zipfile.ZIP_DEFLATED)\nz.writestr(sys.argv[1],sys.stdin.buffer.read())\nz.close()\nsys.stdout.buffer.write(b.getvalue())";
    let mut python = Command::new("python3")
        .args(["-c", program, name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "python3 packs the archive of this test"
    );
    output.stdout
}

/// A transaction in ROQQIO's shape: what identifies it stands on both sides of the receipt, in no fixed order.
fn roqqio(sequence: u32, items: &str, totals: [&str; 3]) -> String {
    let [grand, net, tax] = totals;
    format!(
        "<Transaction>\n  <BusinessUnit><UnitID Name=\"Laden\">ZH01</UnitID></BusinessUnit>\n  <WorkstationID TypeCode=\"POS\">10001</WorkstationID>\n\
         <SequenceNumber>{sequence}</SequenceNumber>\n  <POSLogDateTime>2026-10-31T18:02:11.649</POSLogDateTime>\n\
         <OperatorID OperatorName=\"Erika Beispiel\">7</OperatorID>\n  <RetailTransaction>{items}\n\
         <Total TotalType=\"TransactionGrandAmount\" CurrencyCode=\"EUR\">{grand}</Total>\n\
         <Total TotalType=\"TransactionNetAmount\" CurrencyCode=\"EUR\">{net}</Total>\n\
         <Total TotalType=\"TransactionTaxAmount\" CurrencyCode=\"EUR\">{tax}</Total>\n\
         <Customer><CustomerID>C9</CustomerID><Name><OfficialName>Erika Beispiel</OfficialName></Name><BirthYear>1964Z</BirthYear></Customer>\
         </RetailTransaction>\n  <BusinessDayDate>2026-10-31</BusinessDayDate>\n  <EndDateTime>2026-10-31T17:02:11.649Z</EndDateTime>\n</Transaction>\n"
    )
}

fn item(line: u32, article: &str, name: &str, quantity: &str, amount: &str, more: &str) -> String {
    format!(
        "<LineItem><Sale><ItemID Name=\"{name}\">{article}</ItemID><ExtendedAmount Currency=\"EUR\">{amount}</ExtendedAmount>\
         <Quantity UnitOfMeasureCode=\"EA\">{quantity}</Quantity>{more}</Sale><SequenceNumber>{line}</SequenceNumber></LineItem>"
    )
}

fn cash(code: &str, amount: &str) -> String {
    format!(
        "<LineItem><Tender TenderType=\"Cash\" TypeCode=\"{code}\"><Amount Currency=\"EUR\">{amount}</Amount></Tender></LineItem>"
    )
}

fn poslog(transactions: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<POSLog xmlns=\"http://www.nrf-arts.org/IXRetail/namespace/\" MajorVersion=\"6\">\n{}</POSLog>\n",
        transactions.concat()
    )
}

/// A return without a receipt, one with, a sale whose line 2 was taken off, and one with change.
fn receipts() -> [String; 4] {
    let link = "<TransactionLink><BusinessUnit>ZH01</BusinessUnit><WorkstationID>10001</WorkstationID><BusinessDayDate><Date>2026-10-31</Date></BusinessDayDate>\
        <SequenceNumber>12</SequenceNumber><LineItemSequenceNumber>4</LineItemSequenceNumber></TransactionLink>";
    let change = "<LineItem><TenderChange TypeCode=\"Refund\"><TenderChange TenderType=\"Cash\"><Amount Currency=\"EUR\">0.010</Amount></TenderChange></TenderChange></LineItem>";
    let blind = [
        item(1, "4006381333931", "Stift", "-1.0000", "2.990", ""),
        cash("Refund", "2.990"),
    ];
    let linked = [
        item(1, "4006381333931", "Stift", "-1.0000", "1.290", link),
        cash("Refund", "1.290"),
    ];
    let without_line_2 = [
        item(1, "4006381333931", "Käse", "1.0000", "1.290", ""),
        item(3, "4006381333948", "Müsli", "1.0000", "1.490", ""),
        cash("Sale", "2.780"),
    ];
    let changed = [
        item(1, "4006381333931", "Stift", "1.0000", "26.990", ""),
        cash("Sale", "27.000"),
        change.to_owned(),
    ];
    [
        roqqio(11, &blind.concat(), ["-2.990", "-2.510", "-0.480"]),
        roqqio(13, &linked.concat(), ["-1.290", "-1.080", "-0.210"]),
        // The file's own net and tax are a cent more than its total.
        roqqio(14, &without_line_2.concat(), ["2.780", "2.350", "0.440"]),
        roqqio(15, &changed.concat(), ["26.990", "22.680", "4.310"]),
    ]
}

/// The day in other bytes: other line ends, order, quotes, encodings, wrappings.
fn other_bytes(first: &str, own: &[String]) -> Vec<(&'static str, Vec<u8>)> {
    let turned: Vec<String> = own.iter().rev().cloned().collect();
    let bare = first.replace('\n', "").replace("  ", "");
    let utf16: Vec<u8> = first
        .replace("encoding=\"UTF-8\"", "encoding=\"UTF-16\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let in_cdata = first.replace(">4006381333931<", "><![CDATA[4006381333931]]><");
    vec![
        (
            "other line ends.xml",
            first.replace('\n', "\r\n").into_bytes(),
        ),
        ("one line.xml", bare.into_bytes()),
        ("other order.xml", poslog(&turned).into_bytes()),
        ("one alone.xml", poslog(&own[2..3]).into_bytes()),
        ("other quotes.xml", first.replace('"', "'").into_bytes()),
        (
            "mark.xml",
            ["\u{feff}".as_bytes(), first.as_bytes()].concat(),
        ),
        ("utf-16.xml", [&[0xff, 0xfe], &utf16[..]].concat()),
        ("in cdata.xml", in_cdata.into_bytes()),
        ("day.zip", zipped("day.xml", first.as_bytes())),
    ]
}

#[test]
fn a_poslog_in_other_bytes_tells_the_same_receipts() {
    let own = receipts();
    let first = poslog(&own);
    let fifth = [
        item(1, "A1", "Stift", "1.0000", "5.000", ""),
        cash("Sale", "5.000"),
    ];
    let fifth = roqqio(16, &fifth.concat(), ["5.000", "4.200", "0.800"]);
    let longer: Vec<String> = std::iter::once(fifth).chain(own.clone()).collect();
    let forms = Forms {
        profile: "roqqio_6",
        others: other_bytes(&first, &own),
        longer: poslog(&longer).into_bytes(),
        first: first.into_bytes(),
    };
    let (home, documents) = nothing_new(
        &forms,
        &[
            "ZH01/10001/0/11 return -2.99",
            "ZH01/10001/0/13 return -1.29",
            "ZH01/10001/0/14 sale 2.78",
            "ZH01/10001/0/15 sale 26.99",
        ],
    );
    let of = |number: u64| {
        documents
            .iter()
            .find(|one| one["sequence"] == number)
            .unwrap()
    };
    let blind = of(11);
    assert_eq!(text(blind, "/body/lines/0/quantity"), "-1");
    assert_eq!(text(blind, "/body/lines/0/total"), "-2.99");
    assert_eq!(text(blind, "/body/tenders/0/amount"), "-2.99");
    assert_eq!(text(blind, "/occurred_at"), "2026-10-31T17:02:11.649Z");
    let linked = &of(13)["body"];
    let origin = &linked["lines"][0]["returned_from"];
    assert_eq!(
        (text(origin, "/till"), &origin["sequence"], &origin["line"]),
        ("10001", &12.into(), &4.into())
    );
    assert_eq!(text(linked, "/tax_total"), "-0.21");
    assert_eq!(text(of(14), "/body/tax_total"), "0.44");
    assert_eq!(
        of(14)["body"]["lines"].as_array().unwrap().len(),
        2,
        "numbers that are skipped are no lines"
    );
    assert_eq!(
        (
            text(of(15), "/body/tenders/0/amount"),
            text(of(15), "/body/change")
        ),
        ("27.00", "0.01")
    );
    for (path, bytes) in home.every_file() {
        let written = String::from_utf8_lossy(&bytes);
        for word in ["Erika", "1964Z"] {
            assert!(
                !written.contains(word),
                "{word} stands in {}",
                path.display()
            );
        }
    }
}

/// A till's lines in columns: two receipts, or three.
fn columns(receipts: &[u32]) -> Vec<String> {
    let head = "Filiale;Kasse;Bon-Nr;Datum;Zeit;Art;EAN;Bezeichnung;Menge;Einzelpreis;Rabatt;Betrag;MwSt%;Zahlart;Zahlbetrag";
    let rows = receipts.iter().flat_map(|number| {
        [
            format!("ZH01;3;{number};31.10.2026;18:02:11;V;7610000000019;Käse;0,345;32,50;0,00;11,21;2,6;;"),
            format!("ZH01;3;{number};31.10.2026;18:02:11;V;7610000000026;Müsli;2;5,95;1,19;10,71;2,6;;"),
            format!("ZH01;3;{number};31.10.2026;18:02:11;Z;;Bar;;;;;;BAR;21,92"),
        ]
    });
    std::iter::once(head.to_owned()).chain(rows).collect()
}

/// The columns in another order.
fn turned(rows: &[String]) -> Vec<String> {
    let turn = |row: &String| row.split(';').rev().collect::<Vec<_>>().join(";");
    rows.iter().map(turn).collect()
}

#[test]
fn columns_in_other_bytes_tell_the_same_receipts() {
    let rows = columns(&[1, 2]);
    let other = columns(&[2, 1]);
    let joined = |rows: &[String], end: &str| {
        rows.iter()
            .map(|row| format!("{row}{end}"))
            .collect::<String>()
    };
    let first = joined(&rows, "\r\n");
    // Both characters are one byte there, the same as their number.
    let latin: Vec<u8> = first
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap())
        .collect();
    let quoted: Vec<String> = rows
        .iter()
        .map(|row| {
            row.split(';')
                .map(|cell| format!("\"{cell}\""))
                .collect::<Vec<_>>()
                .join(";")
        })
        .collect();
    let commas: Vec<String> = quoted
        .iter()
        .map(|row| row.replace("\";\"", "\",\""))
        .collect();
    let forms = Forms {
        profile: "generic_eu_lines",
        others: vec![
            ("other line ends.csv", joined(&rows, "\n").into_bytes()),
            ("other order.csv", joined(&other, "\r\n").into_bytes()),
            (
                "other columns.csv",
                joined(&turned(&rows), "\r\n").into_bytes(),
            ),
            ("latin.csv", latin),
            ("quoted.csv", joined(&quoted, "\r\n").into_bytes()),
            ("commas.csv", joined(&commas, "\r\n").into_bytes()),
            ("points.csv", first.replace(',', ".").into_bytes()),
            ("hint.csv", format!("sep=;\r\n{first}").into_bytes()),
            (
                "blank rows.csv",
                first.replace("\r\n", "\r\n\r\n").into_bytes(),
            ),
            ("day.zip", zipped("day.csv", first.as_bytes())),
        ],
        longer: joined(&columns(&[3, 1, 2]), "\r\n").into_bytes(),
        first: first.into_bytes(),
    };
    nothing_new(&forms, &["ZH01/3/0/1 sale 21.92", "ZH01/3/0/2 sale 21.92"]);
}

#[test]
fn json_in_other_bytes_tells_the_same_receipts() {
    let lines = |numbers: &[u64]| {
        numbers
            .iter()
            .map(|number| sale(*number, "10.00") + "\n")
            .collect::<String>()
    };
    let first = lines(&[1, 2]);
    let spaced = first.replace("\":", "\" : ").replace(",\"", " , \"");
    // Without any sense of order: serde_json's own map sorts the keys.
    let sorted: String = first
        .lines()
        .map(|line| {
            let document: Value = serde_json::from_str(line).unwrap();
            let fields: std::collections::BTreeMap<_, _> =
                document.as_object().unwrap().iter().collect();
            serde_json::to_string(&fields).unwrap() + "\n"
        })
        .collect();
    let forms = Forms {
        profile: "ndjson",
        others: vec![
            (
                "other line ends.ndjson",
                first.replace('\n', "\r\n").into_bytes(),
            ),
            ("other order.ndjson", lines(&[2, 1]).into_bytes()),
            ("spaced.ndjson", spaced.into_bytes()),
            ("sorted.ndjson", sorted.into_bytes()),
            (
                "numbers.ndjson",
                first.replace("\"10.00\"", "10.0").into_bytes(),
            ),
            (
                "other offset.ndjson",
                first.replace("10:00:00+01:00", "09:00:00Z").into_bytes(),
            ),
            (
                "no last line end.ndjson",
                first.trim_end().as_bytes().to_vec(),
            ),
        ],
        longer: lines(&[3, 2, 1]).into_bytes(),
        first: first.into_bytes(),
    };
    nothing_new(&forms, &["ZH01/3/0/1 sale 10.00", "ZH01/3/0/2 sale 10.00"]);
}
