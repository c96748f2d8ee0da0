//! Text in columns as tills, services and scanners write it: shapes of real files, written for this test.

use serde_json::{Value, json};

use crate::profile::Profile;
use crate::profile::testing::{all, judged, pieces};

fn problems(found: &[(Value, Vec<String>)]) -> Vec<&str> {
    found
        .iter()
        .flat_map(|(_, problems)| problems.iter().map(String::as_str))
        .collect()
}

const SWISS: &str = "Filiale;Kasse;Bon-Nr;Datum;Zeit;Art;EAN;Bezeichnung;Menge;Einzelpreis;Rabatt;Betrag;MwSt%;Zahlart;Zahlbetrag;Währung\r\n\
    ZH01;3;000021;30.10.2026;18:02:11;V;7610000000019;Käse;0,200;32,50;0,00;6,50;2,6;;;CHF\r\n\
    ZH01;3;000021;30.10.2026;18:02:11;V;7610000000026;Müesli;2;5,00;1,00-;9,00;2,6;;;CHF\r\n\
    ZH01;3;000021;30.10.2026;18:02:11;Z;;Bar EUR;;;;;;BAR-EUR;20,00;EUR\r\n\
    ZH01;3;000021;30.10.2026;18:02:11;Z;;Rückgeld;;;;;;BAR;-3,50;CHF\r\n\
    ZH01;3;000022;30.10.2026;18:05:40;V;7610000000019;Käse;-0,200;32,50;0,00;6,50-;2,6;;;CHF\r\n\
    ZH01;3;000022;30.10.2026;18:05:40;Z;;Bar;;;;;;BAR;-6,50;CHF\r\n\
    SUMME;;2;;;;;;;;;9,00;;;;\r\n";

#[test]
fn a_european_tills_lines_become_receipts() {
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(SWISS);
    let (found, broken) = all("generic_eu_lines", "a.csv", &bytes);
    assert_eq!((found.len(), broken), (2, None));
    let (sale, back) = (&found[0].0, &found[1].0);
    assert_eq!(
        (&sale["kind"], &sale["sequence"], &sale["body"]["total"]),
        (&json!("sale"), &json!(21), &json!("15.50"))
    );
    assert_eq!(sale["body"]["lines"][0]["product"]["name"], "Käse");
    assert_eq!(
        sale["body"]["lines"][1]["discounts"],
        json!([{"amount": "1.00"}])
    );
    // 15.50 owed and 3.50 given back: the twenty euros were worth 19.00.
    let tender = json!({"type": "cash", "method": "CASH-EUR", "amount": "19.00", "foreign": {"currency": "EUR", "amount": "20", "rate": "0.95"}});
    assert_eq!(sale["body"]["tenders"], json!([tender]));
    assert_eq!(sale["body"]["change"], "3.50");
    assert_eq!(
        (&back["kind"], &back["body"]["total"]),
        (&json!("return"), &json!("-6.50"))
    );
    assert_eq!(
        problems(&found),
        ["flag blind_return body.lines[0].returned_from 6:1"]
    );
}

#[test]
fn a_trailer_with_other_figures_is_told() {
    let text = SWISS.replace("SUMME;;2", "SUMME;;3");
    let (found, _) = all("generic_eu_lines", "a.csv", text.as_bytes());
    assert_eq!(found.len(), 3);
    assert!(
        problems(&found)[1].starts_with("refused total_mismatch 8:1"),
        "{found:?}"
    );
}

#[test]
fn a_bad_row_refuses_its_receipt_alone_with_its_line() {
    let text = SWISS.replace("V;7610000000026;Müesli;2;", "V;7610000000026;Müesli;two;");
    let (found, _) = all("generic_eu_lines", "a.csv", text.as_bytes());
    assert!(
        found[0].1[0].starts_with("refused bad_value 3:58 the column of `quantity`"),
        "{:?}",
        found[0]
    );
    assert_eq!(found[1].0["sequence"], 22);
}

#[test]
fn payments_that_each_line_names_add_up() {
    let profile = "kind='delimited'\nrecord='sale_lines'\ngroup_by=['ticket']\n[date]\ncols=['fecha','hora']\n[map]\nreceipt_number='ticket'\n\
        product='codigo'\nquantity='cantidad'\nunit_price='precio'\ntender='metodo'\n[defaults]\ntill='1'\nprices='tax_included'\n";
    let profile = Profile::read(profile).unwrap();
    let text = "\u{feff}ticket;fecha;hora;codigo;cantidad;precio;metodo\r\nT-1;24/09/2026;10:15;Agua 500ml;2;3.50;Efectivo\r\nT-1;24/09/2026;10:15;7501234567890;1;12.00;Efectivo";
    let (found, broken) = pieces(&profile, "a.csv", text.as_bytes(), 10);
    let found: Vec<_> = found.into_iter().map(judged).collect();
    assert_eq!((found.len(), broken), (1, None));
    let body = &found[0].0["body"];
    assert_eq!(
        (&body["total"], &body["tenders"]),
        (
            &json!("19.00"),
            &json!([{"type": "cash", "method": "Efectivo", "amount": "19.00"}])
        )
    );
    assert_eq!(body["lines"][0]["product"], json!({"name": "Agua 500ml"}));
    assert_eq!(
        body["lines"][1]["product"],
        json!({"barcode": "7501234567890"})
    );
}

#[test]
fn scanners_counts_are_read_with_or_without_a_quantity() {
    let lines = |profile: &str, text: &str| {
        let (found, broken) = all(profile, "DATA.TXT", text.as_bytes());
        assert_eq!((found.len(), broken), (1, None));
        let body = &found[0].0["body"];
        assert_eq!(
            (&body["count"], &body["complete"]),
            (&json!("DATA-01234567"), &json!(true))
        );
        let lines = body["lines"].as_array().unwrap().iter();
        let told = |line: &Value| {
            let product = line["product"]
                .as_object()
                .unwrap()
                .values()
                .next()
                .unwrap();
            format!(
                "{} {}",
                product.as_str().unwrap(),
                line["quantity"].as_str().unwrap()
            )
        };
        lines.map(told).collect::<Vec<_>>()
    };
    assert_eq!(
        lines(
            "opticon",
            "8710000000011,12,003278,14:41:03,23/10/2026\r\n8710000000028,2,003278,14:41:04,23/10/2026\r\n"
        ),
        ["8710000000011 12", "8710000000028 2"]
    );
    assert_eq!(
        lines(
            "opl9728",
            "8710000000011                                     ,     -1,14:41:03,23/10/2026\r\n"
        ),
        ["8710000000011 -1"]
    );
    assert_eq!(
        lines("danea_fixed", "000103250\nAB  14567\n"),
        ["0001 32.5", "AB 145.67"]
    );
    assert_eq!(
        lines(
            "plain_barcodes",
            "7890000000017\n7890000000024\n7890000000017\n"
        ),
        ["7890000000017 2", "7890000000024 1"]
    );
    assert_eq!(
        lines(
            "barcode_qty",
            "sep=;\nArtikel;Menge\n\"4006381333931\";\"12\"\n"
        ),
        ["4006381333931 12"]
    );
    assert_eq!(
        lines("barcode_qty", "4006381333931,3\nABC-1,2.5\n"),
        ["4006381333931 3", "ABC-1 2.5"]
    );
}

#[test]
fn a_barcode_that_a_spreadsheet_destroyed_is_flagged() {
    let text = "Artikel\tMenge\n4,00638E+12\t1\n";
    let (found, _) = all("barcode_qty", "a.txt", text.as_bytes());
    assert_eq!(
        problems(&found),
        ["flag barcode_damaged body.lines[0].product.barcode 2:1"]
    );
}

#[test]
fn a_long_count_comes_in_parts() {
    let text: String = (0..4_500)
        .map(|number| format!("{},1\n", 4_000_000_000_000_u64 + number))
        .collect();
    let (found, _) = all("barcode_qty", "a.csv", text.as_bytes());
    let parts: Vec<_> = found
        .iter()
        .map(|(document, _)| {
            let body = &document["body"];
            (
                body["part"].as_str().unwrap().to_owned(),
                body["complete"].as_bool().unwrap(),
                body["lines"].as_array().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("1".to_owned(), false, 2_000),
            ("2".to_owned(), false, 2_000),
            ("3".to_owned(), true, 500)
        ]
    );
}

#[test]
fn a_trailers_sum_is_compared_with_the_lines() {
    let text = SWISS.replace(";;9,00;;;;\r\n", ";;9,50;;;;\r\n");
    assert_ne!(text, SWISS);
    let (found, _) = all("generic_eu_lines", "a.csv", text.as_bytes());
    assert!(
        problems(&found)[1].starts_with("refused total_mismatch 8:1"),
        "{found:?}"
    );
}
