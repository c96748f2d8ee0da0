//! DSFinV-K: what every German till can export, in the columns that the standard names.

use serde_json::{Value, json};

use super::tests::{halves, problems, shipped};
use super::*;
use crate::profile::testing::judged;

const HEADS: &str = "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;BON_ID;BON_NR;BON_TYP;BON_NAME;TERMINAL_ID;BON_STORNO;BON_START;BON_ENDE;BEDIENER_ID;BEDIENER_NAME;UMS_BRUTTO;KUNDE_NAME\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;501;Beleg;;T1;;2026-10-30T09:00:00Z;2026-10-30T09:01:00Z;7;Erika Beispiel;14,70;\r\n\
    K1;2026-10-30T20:00:00Z;77;B2;502;AVTraining;;T1;;2026-10-30T09:10:00Z;2026-10-30T09:11:00Z;7;Erika Beispiel;5,00;\r\n\
    K1;2026-10-30T20:00:00Z;77;B3;503;Beleg;;T1;;2026-10-30T09:20:00Z;2026-10-30T09:21:00Z;7;Erika Beispiel;0,00;\r\n";
const LINES: &str = "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;BON_ID;POS_ZEILE;ARTIKELTEXT;GV_TYP;P_STORNO;ART_NR;GTIN;WARENGR;MENGE;FAKTOR;EINHEIT;STK_BR\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;1;Käse;Umsatz;0;17;4006381333931;Frische;1,345;1,000;kg;10,00000\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;2;Pfand;Pfand;0;18;;Leergut;5,000;1,000;Stk;0,25000\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;3;Brot;Umsatz;1;19;;Brot;1,000;1,000;Stk;3,00000\r\n\
    K1;2026-10-30T20:00:00Z;77;B2;1;Käse;Umsatz;0;17;;Frische;0,500;1,000;kg;10,00000\r\n\
    K1;2026-10-30T20:00:00Z;77;B3;1;Wechselgeld;Einzahlung;0;;;;1,000;1,000;Stk;200,00000\r\n";
const TAXES: &str = "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;BON_ID;POS_ZEILE;UST_SCHLUESSEL;POS_BRUTTO;POS_NETTO;POS_UST\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;1;2;13,45;12,57;0,88\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;2;1;1,25;1,05;0,20\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;3;2;3,00;2,80;0,20\r\n\
    K1;2026-10-30T20:00:00Z;77;B2;1;2;5,00;4,67;0,33\r\n\
    K1;2026-10-30T20:00:00Z;77;B3;1;5;200,00;200,00;0,00\r\n";
const PAID: &str = "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;BON_ID;ZAHLART_TYP;ZAHLART_NAME;ZAHLWAEH_CODE;ZAHLWAEH_BETRAG;BASISWAEH_BETRAG\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;Bar;Bargeld;EUR;4,70;4,70\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;ECKarte;girocard;EUR;10,00;10,00\r\n\
    K1;2026-10-30T20:00:00Z;77;B3;Bar;Bargeld;EUR;200,00;200,00\r\n";
const SIGNED: &str = "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;BON_ID;TSE_ID;TSE_TANR;TSE_TA_START;TSE_TA_ENDE;TSE_TA_VORGANGSART;TSE_TA_SIGZ;TSE_TA_SIG;TSE_TA_FEHLER\r\n\
    K1;2026-10-30T20:00:00Z;77;B1;1;0042;2026-10-30T09:00:00.000Z;2026-10-30T09:01:00.000Z;Kassenbeleg-V1;85;c2lnbmF0dXJl==;\r\n\
    K1;2026-10-30T20:00:00Z;77;B3;1;0043;2026-10-30T09:20:00.000Z;2026-10-30T09:21:00.000Z;Kassenbeleg-V1;87;;TSE ausgefallen\r\n";
const INDEX: &str = "<?xml version=\"1.0\"?>\n<DataSet><Version>1.0</Version></DataSet>\n";

#[test]
fn a_german_tills_export_is_receipts_movements_and_signatures() {
    let joined = join(
        &shipped("dsfinvk"),
        &halves(&[INDEX, SIGNED, PAID, TAXES, HEADS, LINES]),
    );
    assert!(
        joined.broken.is_empty() && joined.halves.is_empty(),
        "{joined:?}"
    );
    let found: Vec<_> = joined
        .whole
        .into_iter()
        .map(|(_, piece)| judged(piece))
        .collect();
    let bad: Vec<&str> = problems(&found)
        .into_iter()
        .filter(|problem| !problem.starts_with("flag"))
        .collect();
    assert_eq!(bad, Vec::<&str>::new(), "{found:?}");
    let of = |number: u64| -> &Value {
        let mut all = found.iter().map(|(document, _)| document);
        all.find(|document| document["sequence"] == number).unwrap()
    };
    let sale = of(501);
    assert_eq!(
        (&sale["kind"], &sale["till"], &sale["occurred_at"]),
        (&json!("sale"), &json!("K1"), &json!("2026-10-30T09:01:00Z"))
    );
    let body = &sale["body"];
    let lines: Vec<String> = body["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            format!(
                "{} {} {}",
                line["type"].as_str().unwrap(),
                line["quantity"].as_str().unwrap(),
                line["total"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(lines, ["item 1.345 13.45", "deposit 5 1.25"]);
    assert_eq!(
        (&body["total"], &body["voided_lines"][0]["total"]),
        (&json!("14.70"), &json!("3.00"))
    );
    assert_eq!(
        body["tenders"],
        json!([{"type": "cash", "method": "CASH", "amount": "4.70"}, {"type": "card", "method": "CARD", "amount": "10.00"}])
    );
    assert_eq!(
        (&sale["fiscal"]["TSE_TANR"], &sale["fiscal"]["TSE_TA_SIG"]),
        (&json!("0042"), &json!("c2lnbmF0dXJl=="))
    );
    assert_eq!(
        (&of(502)["kind"], &of(502)["body"]),
        (&json!("till_activity"), &json!({"type": "training"}))
    );
    assert_eq!(
        (&of(503)["kind"], &of(503)["body"]),
        (
            &json!("cash_movement"),
            &json!({"type": "pay_in", "method": "CASH", "amount": "200.00"})
        )
    );
    assert_eq!(of(503)["fiscal"]["TSE_TA_FEHLER"], "TSE ausgefallen");
    assert!(!format!("{found:?}").contains("Beispiel"));
}

#[test]
fn each_line_brings_its_tax() {
    let joined = join(
        &shipped("dsfinvk"),
        &halves(&[TAXES, SIGNED, PAID, HEADS, LINES]),
    );
    let sale = judged(joined.whole.into_iter().next().unwrap().1).0;
    let lines = sale["body"]["lines"].as_array().unwrap();
    let taxes: Vec<_> = lines
        .iter()
        .map(|line| (line["taxes"].clone(), line["tax"].clone()))
        .collect();
    let at = |rate: &str, tax: &str| (json!([{"code": rate, "rate": rate}]), json!(tax));
    assert_eq!(taxes, [at("7", "0.88"), at("19", "0.20")]);
}

/// A key of the till's own, and a line that is taxed at two rates.
#[test]
fn what_a_tax_key_leaves_open_is_left_to_the_catalog() {
    let taxes = TAXES
        .replace("B1;1;2;13,45;12,57;0,88", "B1;1;1190;13,45;12,57;0,88")
        .replace(
            "B1;2;1;1,25;1,05;0,20",
            "B1;2;1;1,00;0,84;0,16\r\nK1;2026-10-30T20:00:00Z;77;B1;2;2;0,25;0,23;0,02",
        );
    let joined = join(
        &shipped("dsfinvk"),
        &halves(&[SIGNED, PAID, &taxes, HEADS, LINES]),
    );
    let sale = judged(joined.whole.into_iter().next().unwrap().1).0;
    let lines = sale["body"]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!((line.get("taxes"), line.get("tax")), (None, None), "{line}");
    }
}

#[test]
fn receipts_without_their_taxes_wait_for_them() {
    let joined = join(&shipped("dsfinvk"), &halves(&[SIGNED, PAID, HEADS, LINES]));
    assert_eq!(joined.halves.len(), 2);
    // What does not count needs none.
    assert_eq!(joined.whole.len(), 1);
}

/// Money that is brought in is not taxed, and some tills write no row for it.
#[test]
fn a_receipt_that_the_taxes_leave_out_is_whole() {
    let taxes = TAXES.replace(
        "K1;2026-10-30T20:00:00Z;77;B3;1;5;200,00;200,00;0,00\r\n",
        "",
    );
    assert_ne!(taxes, TAXES);
    let joined = join(
        &shipped("dsfinvk"),
        &halves(&[SIGNED, PAID, HEADS, LINES, &taxes]),
    );
    assert_eq!((joined.whole.len(), joined.halves.len()), (3, 0));
}
