//! What only a whole file says: how it writes numbers, which rows belong together, how much of it is in memory.

use serde_json::{Value, json};

use crate::profile::Profile;
use crate::profile::testing::{all, judged, pieces};

fn problems(found: &[(Value, Vec<String>)]) -> Vec<&str> {
    found
        .iter()
        .flat_map(|(_, problems)| problems.iter().map(String::as_str))
        .collect()
}

const HEADER: &str = "Filiale;Kasse;Bon-Nr;Datum;Zeit;Art;EAN;Bezeichnung;Menge;Einzelpreis;Rabatt;Betrag;MwSt%;Zahlart;Zahlbetrag;Währung\n";

/// A receipt of one line and one payment.
fn bon(number: &str, quantity: &str, price: &str, total: &str) -> String {
    format!(
        "ZH01;3;{number};30.10.2026;18:02:11;V;7610000000019;Käse;{quantity};{price};;{total};2,6;;;CHF\n\
         ZH01;3;{number};30.10.2026;18:02:11;Z;;Bar;;;;;;BAR;{total};CHF\n"
    )
}

/// Quantity, price and total of each document's first line.
fn figures(found: &[(Value, Vec<String>)]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let figures = found.iter().map(|(document, _)| {
        let line = &document["body"]["lines"][0];
        let all = [&line["quantity"], &line["unit_price"], &line["total"]];
        all.map(text).join(" ")
    });
    figures.collect()
}

#[test]
fn weights_are_read_with_the_sign_that_the_file_uses() {
    let german = [
        bon("1", "1,345", "10,00", "13,45"),
        bon("2", "12,500", "2,00", "25,00"),
        bon("3", "1", "1.234,50", "1.234,50"),
    ];
    let swiss = german.concat().replace(".234,", "'234,").replace(',', ".");
    let swiss = format!("{HEADER}{swiss}").replace("30.10.2026", "30.10.2026");
    for text in [format!("{HEADER}{}", german.concat()), swiss] {
        let (found, broken) = all("generic_eu_lines", "a.csv", text.as_bytes());
        assert_eq!(broken, None);
        assert_eq!(
            figures(&found),
            ["1.345 10 13.45", "12.5 2 25.00", "1 1234.5 1234.50"]
        );
        assert_eq!(problems(&found), Vec::<&str>::new());
    }
}

#[test]
fn a_number_that_could_be_two_is_told_and_the_rest_goes_through() {
    let text = [bon("1", "1,345", "10", "13"), bon("2", "2", "10", "20")].concat();
    let text = format!("{HEADER}{text}").replace(";2,6;", ";;");
    let (found, _) = all("generic_eu_lines", "a.csv", text.as_bytes());
    assert_eq!(figures(&found), ["- - -", "2 10 20.00"]);
    let told = "refused bad_value 2:51 the number in the column of `quantity` could be a thousand or a decimal";
    assert!(found[0].1[0].starts_with(told), "{found:?}");
    // One other number of that column, wherever it stands, and it is not in doubt any more.
    let more = format!("{text}{}", bon("3", "0,5", "10", "5"));
    let (found, _) = all("generic_eu_lines", "a.csv", more.as_bytes());
    assert_eq!(figures(&found)[0], "1.345 10 13.00");
    let counts = "Artikel;Menge\n4006381333931;1,345\n4006381333948;2\n";
    let (found, _) = all("barcode_qty", "a.csv", counts.as_bytes());
    assert!(
        found[0].1[0].starts_with("refused bad_value 2:15"),
        "{found:?}"
    );
}

#[test]
fn rows_of_receipts_may_be_mixed_but_not_over_days() {
    let row = |till: &str, number: &str, day: &str, kind: &str, rest: &str| {
        format!("ZH01;{till};{number};{day};18:02:11;{kind};{rest}\n")
    };
    let line = "7610000000019;Tee;1;5,00;;5,00;;;;CHF";
    let paid = |amount: &str| format!(";Bar;;;;;;BAR;{amount};CHF");
    let mut text = HEADER.to_owned();
    text += &row("1", "7", "30.10.2026", "V", line);
    text += &row("2", "7", "30.10.2026", "V", line);
    text += &row("1", "7", "30.10.2026", "V", line);
    text += &row("2", "7", "30.10.2026", "Z", &paid("5,00"));
    text += &row("1", "7", "30.10.2026", "Z", &paid("10,00"));
    // The next day the number comes again.
    text += &row("1", "8", "30.10.2026", "V", line);
    text += &row("1", "8", "30.10.2026", "Z", &paid("5,00"));
    text += &row("1", "7", "31.10.2026", "V", line);
    text += &row("1", "7", "31.10.2026", "Z", &paid("5,00"));
    let (found, _) = all("generic_eu_lines", "a.csv", text.as_bytes());
    assert_eq!(problems(&found), Vec::<&str>::new());
    let totals: Vec<String> = found
        .iter()
        .map(|(document, _)| {
            let text = |name: &str| document[name].as_str().unwrap()[..10].to_owned();
            let total = document["body"]["total"].as_str().unwrap();
            format!(
                "{} {} {total}",
                document["till"].as_str().unwrap(),
                text("occurred_at")
            )
        })
        .collect();
    assert_eq!(
        totals,
        [
            "1 2026-10-30 10.00",
            "2 2026-10-30 5.00",
            "1 2026-10-30 5.00",
            "1 2026-10-31 5.00"
        ]
    );
}

#[test]
fn a_receipt_without_end_is_refused_in_pieces_and_nothing_of_it_is_lost() {
    let profile = Profile::shipped("generic_eu_lines").unwrap();
    let row = "ZH01;3;1;30.10.2026;18:02:11;V;7610000000019;Käse;two;1,00;;1,00;;;;CHF\n";
    let rows = 30_000;
    let mut reader = crate::profile::Decoder::new(
        &profile,
        crate::profile::testing::about("a"),
        encoding_rs::UTF_8,
    );
    let (mut out, mut kept, mut most) = (Vec::new(), 0, 0);
    reader.feed(HEADER.as_bytes(), &mut out);
    for step in 0..=rows / 1_000 {
        if step < rows / 1_000 {
            reader.feed(row.repeat(1_000).as_bytes(), &mut out);
        } else {
            reader.finish(&mut out);
        }
        for piece in out.drain(..) {
            assert!(piece.item.is_err());
            kept += piece.raw.len();
            most = most.max(piece.raw.len());
        }
    }
    assert_eq!(kept, rows * row.len());
    assert!(
        most <= crate::intake::DOCUMENT_BYTES_MAX + row.len(),
        "{most}"
    );
}

#[test]
fn a_scanner_held_on_one_article_fills_parts_that_add_up() {
    let rows = 160_000;
    let text = "4006381333931;1\n".repeat(rows);
    let (found, broken) = all("barcode_qty", "a.csv", text.as_bytes());
    assert_eq!(broken, None);
    assert!(found.len() > 1, "never all of it at once");
    let sum: usize = found
        .iter()
        .map(|(document, _)| {
            let line = &document["body"]["lines"][0]["quantity"];
            line.as_str().unwrap().parse::<usize>().unwrap()
        })
        .sum();
    assert_eq!(sum, rows);
    let complete = found
        .iter()
        .filter(|(document, _)| document["body"]["complete"] == true);
    assert_eq!(complete.count(), 1);
}

#[test]
fn scanners_without_a_quantity_count_each_row_as_one() {
    let lines = |text: &str| {
        let (found, broken) = all("opticon", "DATA.TXT", text.as_bytes());
        assert_eq!(broken, None);
        let lines = found[0].0["body"]["lines"].as_array().unwrap().clone();
        let told = lines
            .iter()
            .map(|line| line["quantity"].as_str().unwrap().to_owned());
        told.collect::<Vec<_>>().join(" ")
    };
    let three = "8710000000011,14:41:03,23/10/2026\n8710000000011,14:41:09,23/10/2026\n8710000000028,14:42:00,23/10/2026\n";
    assert_eq!(lines(three), "2 1");
    let empty =
        "8710000000011,,003278,14:41:03,23/10/2026\n8710000000028,2,003278,14:41:04,23/10/2026\n";
    assert_eq!(lines(empty), "1 2");
    let link =
        "https://id.example.com/01/08710000000011/10/L7?17=261231,2,003278,14:41:03,23/10/2026\n";
    let (found, _) = all("opticon", "DATA.TXT", link.as_bytes());
    assert_eq!(
        found[0].0["body"]["lines"][0],
        json!({"line": 1, "product": {"barcode": "08710000000011"}, "quantity": "2", "counted_at": "2026-10-23T14:41:03+02:00",
            "lots": [{"lot": "L7", "quantity": "2", "expiry": "2026-12-31"}]})
    );
}

#[test]
fn a_full_count_with_rows_that_cannot_be_read_is_held() {
    let text = "kind='delimited'\nrecord='counts'\nheader='no'\nnames=['b','q']\n[map]\nbarcode='b'\nquantity='q'\n[count]\nmode='full'\nmissing_means='zero'";
    let profile = Profile::read(text).unwrap();
    let told = |text: &str| {
        let (found, _) = pieces(&profile, "a.csv", text.as_bytes(), 100);
        let found: Vec<_> = found.into_iter().map(judged).collect();
        problems(&found).join(", ")
    };
    assert_eq!(told("4006381333931;1\n4006381333948;2\n"), "");
    let bad = told("4006381333931;1\n4006381333948;many\n");
    assert!(bad.contains("held count_scope"), "{bad}");
}

#[test]
fn amounts_of_a_currency_without_cents_are_never_in_doubt() {
    let text = "Date,Time,Time Zone,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Payment ID,Device Name,Event Type\n\
        2026-09-13,10:02:11,Tokyo,Tea,1,T,\"¥1,100\",¥0,\"¥1,100\",¥110,J1,Front,Payment\n\
        2026-09-13,10:02:11,Tokyo,Cheese,\"1,345\",C,¥500,¥0,¥500,¥50,J2,Front,Payment\n";
    let profile = Profile::shipped("square_items").unwrap();
    let mut about = crate::profile::testing::about("a.csv");
    about.currency = "JPY".to_owned();
    let mut decoder = crate::profile::Decoder::new(&profile, about, encoding_rs::UTF_8);
    let mut out = Vec::new();
    decoder.feed(text.as_bytes(), &mut out);
    decoder.finish(&mut out);
    let found: Vec<_> = out.into_iter().map(judged).collect();
    assert_eq!(found[0].0["body"]["total"], "1210");
    assert!(
        found[1].1[0].starts_with("refused bad_value 3:34"),
        "{found:?}"
    );
}
