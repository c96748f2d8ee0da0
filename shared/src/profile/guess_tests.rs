//! What is proposed for files nobody knows can be read, and reads them.

use super::*;
use crate::profile::Profile;
use crate::profile::testing::{judged, pieces};

#[track_caller]
fn used(text: &str) -> Vec<(serde_json::Value, Vec<String>)> {
    let Ok(Guess::Profile(proposed)) = guess(text) else {
        panic!("{:?}", guess(text))
    };
    let profile = Profile::read(&proposed).unwrap_or_else(|error| panic!("{error}: {proposed}"));
    let (found, broken) = pieces(&profile, "a.csv", text.as_bytes(), 1_000);
    assert_eq!(broken, None, "{proposed}");
    found.into_iter().map(judged).collect()
}

#[test]
fn an_unknown_tills_file_can_be_read_with_the_proposal() {
    let text = "Beleg-Nr;Kasse;Datum;Uhrzeit;Artikel-Nr.;Bezeichnung;Menge;Einzelpreis;Betrag;Zahlart\n\
        17;2;30.10.2026;10:15;4711;Brot;2;3,50;7,00;Bar\n17;2;30.10.2026;10:15;4712;Milch;1;1,20;1,20;Bar\n";
    let found = used(text);
    assert_eq!(found.len(), 1);
    let (document, problems) = &found[0];
    assert_eq!(document["body"]["total"], "8.20");
    assert_eq!(
        (&document["till"], &document["receipt_number"]),
        (&"2".into(), &"17".into())
    );
    assert_eq!(problems, &Vec::<String>::new());
}

#[test]
fn a_scanners_file_without_a_header_is_a_count() {
    let found = used("4006381333931,12,14:41:03,23/10/2026\n4006381333948,2,14:41:04,23/10/2026\n");
    assert_eq!(found[0].0["body"]["lines"][0]["quantity"], "12");
    assert_eq!(
        found[0].0["body"]["lines"][1]["product"]["barcode"],
        "4006381333948"
    );
}

#[test]
fn other_files_are_known_by_how_they_begin() {
    assert_eq!(
        guess("<?xml?><POSLog MajorVersion=\"6\">"),
        Ok(Guess::Shipped("generic_6"))
    );
    assert_eq!(
        guess("{\"a\":1}\n{\"b\":2}\n"),
        Ok(Guess::Shipped("ndjson"))
    );
    assert!(guess("<html>").is_err());
    assert!(guess("").is_err());
}

#[test]
fn a_columns_name_may_hold_anything() {
    // Found by the fuzz target `guess`: a line's end in a name.
    let text = "Name,EAN,\"odd\u{1}\u{7f}\u{85}\nna\"\"me = '''x\",Qty\nTea,7610000000017,x,1\nCake,7610000000024,y,2\n";
    let Ok(Guess::Profile(proposed)) = guess(text) else {
        panic!("a profile is proposed");
    };
    let profile = crate::profile::Profile::read(&proposed);
    assert!(profile.is_ok(), "{profile:?}\n{proposed}");
}

#[test]
fn the_files_of_known_services_are_recognised_by_their_columns() {
    let square = "Date,Time,Time Zone,Tax,Tip,Total Collected,Service Charges,Gift Card Sales,Card,Cash,Payment ID,Device Name,Description\n1,2,3\n";
    let loyverse = "Date,Receipt number,Receipt type,Category,SKU,Item,Quantity,Discounts,Net sales,Taxes,POS,Status\n1,2\n";
    let german =
        "Z_KASSE_ID;Z_NR;BON_ID;BON_NR;BON_TYP;BON_START;BON_ENDE;BEDIENER_ID;UMS_BRUTTO\n1;2\n";
    for (text, name) in [
        (square, "square_pair"),
        (loyverse, "loyverse_pair"),
        (german, "dsfinvk"),
    ] {
        assert_eq!(guess(text), Ok(Guess::Shipped(name)));
    }
}

#[test]
fn a_column_that_may_hold_either_number_lets_each_cell_say() {
    let text = "ticket;fecha;codigo;cantidad;precio\nT-1;24/09/2026;7501234567890;1;3,50\nT-1;24/09/2026;A-17;2;4,00\nT-1;24/09/2026;4,00638E+12;1;2,00\n";
    let found = used(text);
    let lines = &found[0].0["body"]["lines"];
    assert_eq!(lines[0]["product"]["barcode"], "7501234567890");
    assert_eq!(lines[1]["product"]["sku"], "A-17");
    assert!(
        found[0]
            .1
            .iter()
            .any(|problem| problem.starts_with("flag barcode_damaged")),
        "{found:?}"
    );
}

#[test]
fn a_sign_that_nothing_says_is_left_to_the_person() {
    let Ok(Guess::Profile(proposed)) = guess("EAN;Menge\n4006381333931;1,345\n") else {
        panic!("a profile is proposed");
    };
    assert!(
        proposed.contains("decimal = \"auto\"   # 1,234"),
        "{proposed}"
    );
}
