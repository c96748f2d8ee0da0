//! `check` says what would become of documents, and never repeats what must not be seen.

use super::*;
use crate::cli::context::tests::store;

const SALE: &str = r#"{"kind":"sale","store":"ZH01","till":"3","sequence":4711,"occurred_at":"2026-10-31T02:00:00+01:00","currency":"CHF","body":{"prices":"tax_included","lines":[{"line":1,"type":"item","product":{"sku":"A"},"quantity":"1","unit_price":"19.90","total":"19.90"}],"total":"19.90","tenders":[{"type":"cash","method":"CASH","amount":"19.90"}]}}"#;

fn check(text: &str, json: bool) -> (Exit, String) {
    let (dir, mut context, paper) = store(json);
    let file = dir.path().join("a.ndjson");
    std::fs::write(&file, text).unwrap();
    let check = Check {
        files: vec![file.to_str().unwrap().to_owned()],
        profile: None,
        guess: false,
        totals: false,
    };
    let exit = run(&check, &mut context).unwrap();
    let folder = format!("{}/", dir.path().display());
    (exit, paper.text().replace(&folder, ""))
}

#[test]
fn documents_are_shown_as_they_would_be_stored() {
    let other = SALE.replace("19.90", "5.00");
    let broken = SALE.replace(r#","quantity":"1""#, "");
    let (exit, text) = check(&format!("{SALE}\n{SALE}\n\n{other}\n{broken}\n{{\n"), false);
    assert_eq!(exit, Exit::No);
    insta::assert_snapshot!(text);
}

#[test]
fn a_program_gets_results_counts_and_totals() {
    let (exit, text) = check(SALE, true);
    assert_eq!(exit, Exit::Done);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["results"][0]["key"], "ZH01/3/0/4711");
    assert_eq!(answer["results"][0]["line"], 1);
    // Two in the night is still the trading day before.
    assert_eq!(
        answer["results"][0]["document"]["business_date"],
        "2026-10-30"
    );
    assert_eq!(answer["totals"][0]["amount"], "19.90");
}

#[test]
fn a_profile_that_does_not_exist_is_a_wrong_call() {
    let failure = how(Some("pricat"), None).err().unwrap();
    assert_eq!(failure.exit(), Exit::Usage);
    assert!(failure.text().contains("there are: json, ndjson, "));
}

#[test]
fn a_profile_tells_every_problem_with_line_and_column() {
    let (dir, mut context, paper) = store(true);
    let file = dir.path().join("day.csv");
    let text = "Filiale;Kasse;Bon-Nr;Datum;Zeit;Art;EAN;Menge;Betrag;Zahlart;Zahlbetrag\n\
        ZH01;3;21;30.10.2026;18:02:11;V;7610000000019;2;5,00;;\nZH01;3;21;30.10.2026;18:02:11;Z;;;;BAR;4,00\n\
        ZH01;3;22;30.10.2026;18:05:40;V;7610000000019;two;6,50;;\n";
    std::fs::write(&file, text).unwrap();
    let check = Check {
        files: vec![file.to_str().unwrap().to_owned()],
        profile: Some("generic_eu_lines".to_owned()),
        guess: false,
        totals: false,
    };
    assert_eq!(run(&check, &mut context).unwrap(), Exit::No);
    let answer: Value = serde_json::from_str(&paper.text()).unwrap();
    let (held, refused) = (&answer["results"][0], &answer["results"][1]);
    assert_eq!(
        (&held["status"], &held["line"], &held["column"]),
        (&"held".into(), &2.into(), &1.into())
    );
    assert_eq!(held["problems"][0]["code"], "tender_mismatch");
    assert_eq!(
        (&refused["status"], &refused["problems"][0]["line"]),
        (&"refused".into(), &4.into())
    );
    assert_eq!(answer["totals"][0]["amount"], "5.00");
}

#[test]
fn a_line_over_the_limit_does_not_take_its_neighbours_along() {
    let long = "x".repeat(5 << 20);
    let (exit, text) = check(&format!("{long}\n{SALE}\n"), false);
    assert_eq!(exit, Exit::No);
    assert!(
        text.starts_with("refused a.ndjson:1\n    too_large: "),
        "{text}"
    );
    assert!(text.contains("accepted ZH01/3/0/4711"), "{text}");
}

#[test]
fn of_a_large_file_only_what_is_wrong_is_shown() {
    let (dir, mut context, paper) = store(false);
    let file = dir.path().join("a.ndjson");
    let held = SALE
        .replace("4711", "4712")
        .replace("\"amount\":\"19.90\"", "\"amount\":\"9.90\"");
    std::fs::write(&file, format!("{SALE}\n{held}\n")).unwrap();
    let check = Check {
        files: vec![file.to_str().unwrap().to_owned()],
        profile: None,
        guess: false,
        totals: true,
    };
    assert_eq!(run(&check, &mut context).unwrap(), Exit::Done);
    let text = paper.text();
    assert!(
        !text.contains("4711") && !text.contains("stored as"),
        "{text}"
    );
    assert!(
        text.contains("held ZH01/3/0/4712") && text.contains("2 documents: 1 accepted, 1 held"),
        "{text}"
    );
    assert!(text.contains("39.80"), "{text}");
}

#[test]
fn documents_are_judged_with_the_tills_that_were_added() {
    let (dir, mut context, paper) = store(true);
    let loaded = context.load().unwrap();
    let now = context.now;
    crate::cli::outbox::write(&loaded, |outbox| {
        let own = ["3".to_owned()];
        Ok(crate::store::tills::add(
            outbox,
            "3",
            &own,
            Some("B"),
            "tp_x",
            now,
        )?)
    })
    .unwrap();
    let file = dir.path().join("a.ndjson");
    let other = SALE.replace(r#""till":"3""#, r#""till":"4""#);
    std::fs::write(&file, format!("{SALE}\n{other}\n")).unwrap();
    let check = Check {
        files: vec![file.to_str().unwrap().to_owned()],
        profile: None,
        guess: false,
        totals: false,
    };
    assert_eq!(run(&check, &mut context).unwrap(), Exit::Done);
    let answer: Value = serde_json::from_str(&paper.text()).unwrap();
    let results = &answer["results"];
    assert_eq!(results[0]["key"], "ZH01/3/B/4711", "the till's series");
    assert_eq!(results[0]["document"]["series"], "B");
    assert_eq!(results[1]["status"], "held");
    assert_eq!(results[1]["problems"][0]["code"], "unknown_till");
}

#[test]
fn a_file_that_is_not_json_is_told_with_line_and_column() {
    for json in [false, true] {
        let (dir, mut context, paper) = store(json);
        let file = dir.path().join("a.json");
        std::fs::write(&file, "{\n  \"kind\": \"sale\",\n  \"store\" \"ZH01\"\n}\n").unwrap();
        let check = Check {
            files: vec![file.to_str().unwrap().to_owned()],
            profile: None,
            guess: false,
            totals: false,
        };
        assert_eq!(run(&check, &mut context).unwrap(), Exit::No);
        let text = paper.text();
        if json {
            let answer: Value = serde_json::from_str(&text).unwrap();
            let result = &answer["results"][0];
            assert_eq!(
                (&result["line"], &result["column"]),
                (&3.into(), &11.into())
            );
            assert_eq!(result["problems"][0]["code"], "not_json");
        } else {
            assert!(text.contains("a.json:3:11"), "{text}");
        }
    }
}
