//! Every file of other people's tills, where the folder with them is there: what comes in is what the file itself says, and
//! a second time brings nothing.
//!
//! Method: all files of the folder, each by its profile, twice. A file's own figures are made here from its text, without
//! the agent's code: totals and payments of receipts, or pieces of each article. A file that stands in no list fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::plain_sum::{hundredths, poslog, rows};

use crate::inbox::{drop_in, files, taken};
use crate::inbox_samples::{home_of, nothing_private, samples, text};

/// Of a receipt its total and what was paid, of an article its pieces; in hundredths.
type Figures = BTreeMap<String, (i64, Option<i64>)>;

/// A file: how it is read, in which store, and how its own figures are made.
type Sample = (
    &'static str,
    &'static str,
    &'static str,
    fn(&str) -> Figures,
);

const SAMPLES: [Sample; 15] = [
    ("poslog/ncr_acs_v21_small.xml", "ncr_acs_21", "9", receipts),
    ("poslog/roqqio_v6_retoure.xml", "roqqio_6", "300", receipts),
    (
        "poslog/roqqio_v6_retoure_with_link.xml",
        "roqqio_6",
        "100",
        receipts,
    ),
    (
        "poslog/roqqio_v6_sale_floatprice.xml",
        "roqqio_6",
        "100",
        receipts,
    ),
    (
        "poslog/roqqio_v6_sale_with_customer.xml",
        "roqqio_6",
        "100",
        receipts,
    ),
    (
        "poslog/roqqio_v6_sale_with_posStorno.xml",
        "roqqio_6",
        "100",
        receipts,
    ),
    (
        "poslog/roqqio_v6_sale_with_tenderChange.xml",
        "roqqio_6",
        "100",
        receipts,
    ),
    (
        "synthetic/poslog_generic_return_cancel_training_tillsettle_latin1.xml",
        "generic_2",
        "7",
        receipts,
    ),
    (
        "synthetic/ch_kasse_cp1252_semicolon_crlf_trailer_gap.csv",
        "generic_eu_lines",
        "ZH01",
        swiss,
    ),
    (
        "synthetic/excel_sep_hint_line.csv",
        "barcode_qty",
        "1",
        |text| pieces(text, ';', 2, [0, 1, 2]),
    ),
    (
        "synthetic/excel_unicode_text_utf16le_tab_dst_scinot.txt",
        "barcode_qty",
        "1",
        |text| pieces(text, '\t', 1, [2, 3, NOWHERE]),
    ),
    (
        "counts/danea_fixed_AAAAQQQqq.txt",
        "danea_fixed",
        "1",
        danea,
    ),
    (
        "counts/inmystock_barcode_per_line_repeats.txt",
        "plain_barcodes",
        "1",
        |text| pieces(text, ',', 0, [0, NOWHERE, NOWHERE]),
    ),
    (
        "counts/opticon_opl9728_DATA_fixed_in_csv.TXT",
        "opl9728",
        "1",
        |text| pieces(text, ',', 0, [0, 1, NOWHERE]),
    ),
    ("counts/opticon_px20_SCANNED.TXT", "opticon", "1", |text| {
        pieces(text, ',', 0, [0, 1, NOWHERE])
    }),
];
/// Two files of one export each.
const SQUARE: [&str; 2] = [
    "csv/square_transactions_refund_tip.csv",
    "csv/square_items_refund.csv",
];
/// Read by `inbox_expected` (sums that disagree on purpose), and columns that no shipped profile knows.
const ELSEWHERE: [&str; 3] = [
    "csv/loyverse_receipts_header_level.csv",
    "csv/loyverse_receipts_by_item_incomplete.csv",
    "csv/es_semicolon_bom_crlf_lines.csv",
];
/// No column.
const NOWHERE: usize = usize::MAX;

/// A file's text: UTF-16 by its mark, UTF-8, else one byte a letter.
fn decoded(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let pairs = rest
                .chunks(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            String::from_utf16(&pairs.collect::<Vec<_>>()).unwrap()
        }
        other => String::from_utf8(other.to_vec())
            .unwrap_or_else(|_| other.iter().map(|byte| char::from(*byte)).collect()),
    };
    text.trim_start_matches('\u{feff}').to_owned()
}

/// The receipts of a POSLog; change that stands within a tender is taken off.
fn receipts(text: &str) -> Figures {
    let mut figures = Figures::new();
    for part in text.split_inclusive("</Transaction>") {
        let within = part.split("<TenderChange><Amount>").nth(1);
        let change = within.map_or(0, |rest| {
            hundredths(rest.split('<').next().unwrap()).unwrap()
        });
        // ROQQIO's change stands in an element of its own, which `poslog` has taken off.
        let change = if part.contains("<TenderChange TypeCode") {
            0
        } else {
            change
        };
        for plain in poslog(part) {
            let figure = (plain.total, Some(plain.paid - change));
            figures.insert(plain.sequence.to_string(), figure);
        }
    }
    figures
}

/// What the goods of the Swiss till's receipts come to; one of them was paid in euros at a rate that the file does not say.
fn swiss(text: &str) -> Figures {
    let mut figures = Figures::new();
    for row in text.lines() {
        let cells: Vec<&str> = row.split(';').collect();
        if cells.len() < 15 || cells[5] != "V" {
            continue;
        }
        let number = cells[2].trim_start_matches('0').to_owned();
        figures.entry(number).or_insert((0, None)).0 += cents(cells[11]);
    }
    figures
}

/// `11,21-` and `-11,21` in hundredths.
fn cents(cell: &str) -> i64 {
    let digits = cell.trim_matches('-').replace(',', ".");
    let sign = if cell.contains('-') { -1 } else { 1 };
    sign * hundredths(&digits).unwrap()
}

/// Pieces by article and place; each row is one piece where no column holds how many.
fn pieces(
    text: &str,
    sign: char,
    skipped: usize,
    [article, quantity, place]: [usize; 3],
) -> Figures {
    let mut figures = Figures::new();
    for row in text
        .lines()
        .skip(skipped)
        .filter(|row| !row.trim().is_empty())
    {
        let cells: Vec<&str> = row
            .split(sign)
            .map(|cell| cell.trim_matches(['"', ' ', '\r']))
            .collect();
        let at = |index: usize| cells.get(index).copied().unwrap_or_default();
        let many = if quantity == NOWHERE {
            100
        } else {
            hundredths(at(quantity)).unwrap()
        };
        let name = format!("{} {}", at(article), at(place)).trim().to_owned();
        figures.entry(name).or_insert((0, None)).0 += many;
    }
    figures
}

/// Four letters of the article, three digits before and two after the point.
fn danea(text: &str) -> Figures {
    let rows = text.lines().filter(|row| !row.is_empty());
    rows.map(|row| {
        (
            row[..4].trim().to_owned(),
            (row[4..].trim().parse().unwrap(), None),
        )
    })
    .collect()
}

/// What the agent holds, delivered or waiting for a person, in the same figures.
fn stored(agent: &Agent, paid: bool) -> Figures {
    let list = agent.get("", "/v1/documents?limit=1000").ok();
    let ids = list["documents"].as_array().unwrap().iter();
    let mut figures = Figures::new();
    for row in ids {
        let document = agent.document("", row["id"].as_str().unwrap())["document"].clone();
        let body = &document["body"];
        let money = |value: &Value| hundredths(value.as_str().unwrap()).unwrap();
        match text(&document, "/kind") {
            "sale" | "return" => {
                let tenders = body["tenders"].as_array().into_iter().flatten();
                let tenders: i64 = tenders.map(|tender| money(&tender["amount"])).sum();
                let change = body.get("change").map_or(0, money);
                let figure = (money(&body["total"]), paid.then_some(tenders - change));
                figures.insert(number_of(&document), figure);
            }
            "stock_count" => {
                for line in body["lines"].as_array().unwrap() {
                    let product = line["product"]
                        .as_object()
                        .unwrap()
                        .values()
                        .next()
                        .unwrap();
                    let name = format!("{} {}", product.as_str().unwrap(), text(line, "/location"));
                    figures.entry(name.trim().to_owned()).or_insert((0, None)).0 +=
                        money(&line["quantity"]);
                }
            }
            _ => {}
        }
    }
    figures
}

fn number_of(document: &Value) -> String {
    let reference = text(document, "/source/reference").to_owned();
    document["sequence"]
        .as_u64()
        .map_or(reference, |number| number.to_string())
}

/// Square's payments: what was collected less its tip, and what was collected.
fn square(text: &str) -> Figures {
    let dollars = |cell: &String| {
        let plain: String = cell.chars().filter(|c| !matches!(c, '$' | ',')).collect();
        hundredths(&plain).unwrap()
    };
    let rows = rows(text);
    rows.iter()
        .map(|row| {
            let (collected, tip) = (dollars(&row["Total Collected"]), dollars(&row["Tip"]));
            (
                row["Payment ID"].clone(),
                (collected - tip, Some(collected)),
            )
        })
        .collect()
}

fn read(folder: &Path, file: &str) -> Vec<u8> {
    fs::read(folder.join(file)).unwrap()
}

fn name(file: &str) -> &str {
    file.rsplit('/').next().unwrap()
}

#[test]
fn every_file_comes_to_its_own_figures_and_a_second_time_to_nothing() {
    let Some(folder) = samples() else { return };
    for (file, profile, store, own) in SAMPLES {
        let home = home_of(profile, store);
        let agent = home.start();
        let bytes = read(&folder, file);
        drop_in(&home, name(file), &bytes);
        taken(&home, &agent);
        let expected = own(&decoded(&bytes));
        assert!(!expected.is_empty(), "{file} says nothing");
        let paid = expected.values().all(|(_, paid)| paid.is_some());
        let first = stored(&agent, paid);
        assert_eq!(first, expected, "{file}");
        let before = agent.get("", "/v1/documents?limit=1000").ok();
        drop_in(&home, &format!("again {}", name(file)), &bytes);
        taken(&home, &agent);
        let after = agent.get("", "/v1/documents?limit=1000").ok();
        assert_eq!(
            after["documents"], before["documents"],
            "{file}: a second time"
        );
        drop(agent.stop());
        nothing_private(&home);
    }
}

#[test]
fn the_files_of_a_pair_come_to_their_own_figures() {
    let Some(folder) = samples() else { return };
    let home = home_of("square_pair", "ZH01");
    let agent = home.start();
    let expected = square(&decoded(&read(&folder, SQUARE[0])));
    for file in SQUARE {
        drop_in(&home, name(file), read(&folder, file));
    }
    // One item that no payment names keeps both files waiting; that pairs come twice: `inbox_pairs`.
    tillpost_tests::wait::until("the pair's receipts", || {
        (stored(&agent, true) == expected).then_some(())
    });
    // What waits lies where it was dropped, as it was dropped.
    assert!(files(&home.path().join("in/refused")).is_empty());
    drop(agent.stop());
}

#[test]
fn no_file_of_the_folder_is_left_out() {
    let Some(folder) = samples() else { return };
    let mut there = BTreeSet::new();
    for group in fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let Ok(entries) = fs::read_dir(&group) else {
            continue;
        };
        let group = group.file_name().unwrap().to_string_lossy().into_owned();
        for entry in entries {
            there.insert(format!(
                "{group}/{}",
                entry.unwrap().file_name().to_string_lossy()
            ));
        }
    }
    let known = SAMPLES
        .iter()
        .map(|(file, ..)| *file)
        .chain(SQUARE)
        .chain(ELSEWHERE);
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    assert_eq!(
        there, known,
        "a new sample needs its profile and its figures here"
    );
}
