//! Goods without a sale in columns; files written for these tests.

use rstest::rstest;
use serde_json::{Value, json};

use crate::profile::testing::all;

const HEAD: &str = "Filiale;Art;Beleg;Datum;Zeit;Artikel;Menge;Charge;Grund;Lieferant;Von;Nach";

fn read(rows: &[&str]) -> Vec<(Value, Vec<String>)> {
    let text = format!("{HEAD}\n{}\n", rows.join("\n"));
    let (found, broken) = all("stock_moves", "a.csv", text.as_bytes());
    assert_eq!(broken, None);
    found
}

#[test]
fn rows_of_one_document_are_one_move() {
    let found = read(&[
        "ZH01;WE;L-1;31.10.2026;08:00:00;7610000000019;12;;;Huber;;",
        "ZH01;UA;T-9;31.10.2026;09:00:00;A-17;-2,5;;;;ZH01;ZH02",
        "ZH01;WE;L-1;31.10.2026;08:00:00;7610000000026;3;C7;;Huber;;",
        "ZH01;VD;V-1;31.10.2026;10:00:00;A-17;1;;Bruch;;;",
    ]);
    let told: Vec<&Value> = found
        .iter()
        .map(|(document, _)| &document["body"])
        .collect();
    let problems: Vec<&String> = found.iter().flat_map(|(_, problems)| problems).collect();
    assert_eq!(problems, Vec::<&String>::new());
    assert!(
        found
            .iter()
            .all(|(document, _)| document["kind"] == "stock_move")
    );
    assert_eq!(
        told[0],
        &json!({"type": "receipt", "reference": "L-1", "partner": "Huber", "lines": [
            {"line": 1, "product": {"barcode": "7610000000019"}, "quantity": "12"},
            {"line": 2, "product": {"barcode": "7610000000026"}, "quantity": "3", "lots": [{"lot": "C7", "quantity": "3"}]},
        ]})
    );
    assert_eq!(
        told[1],
        &json!({"type": "transfer_out", "reference": "T-9", "from": "ZH01", "to": "ZH02",
            "lines": [{"line": 1, "product": {"sku": "A-17"}, "quantity": "2.5"}]})
    );
    assert_eq!(told[2]["lines"][0]["reason"], "Bruch");
}

#[rstest]
#[case::word("ZH01;XX;L-1;31.10.2026;08:00:00;A;1;;;;;", "refused unknown_value")]
#[case::number("ZH01;WE;;31.10.2026;08:00:00;A;1;;;;;", "refused missing_field")]
#[case::quantity("ZH01;WE;L-1;31.10.2026;08:00:00;A;x;;;;;", "refused bad_value")]
fn what_a_row_does_not_say_is_not_guessed(#[case] row: &str, #[case] expected: &str) {
    let found = read(&[row]);
    assert!(found[0].1[0].starts_with(expected), "{found:?}");
}

#[test]
fn only_an_adjustment_may_have_both_signs() {
    let both = |kind: &str| {
        let row = |quantity: &str| {
            format!("ZH01;{kind};K-1;31.10.2026;08:00:00;A{quantity};{quantity};;;;;")
        };
        read(&[&row("-2"), &row("4")])
    };
    assert_eq!(both("KO")[0].1, Vec::<String>::new());
    assert!(both("WE")[0].1[0].starts_with("held sign_mismatch"));
}
