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
