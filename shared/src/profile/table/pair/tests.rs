//! Receipts in several files, as services export them: shapes of real files, written for these tests.

use serde_json::{Value, json};

use super::*;
use crate::profile::Profile;
use crate::profile::testing::{about, judged};

pub(super) fn problems(found: &[(Value, Vec<String>)]) -> Vec<&str> {
    found
        .iter()
        .flat_map(|(_, problems)| problems.iter().map(String::as_str))
        .collect()
}

const PAYMENTS: &str = "Date,Time,Time Zone,Tax,Tip,Total Collected,Card,Cash,Payment ID,Device Name,Event Type,Customer Name\n\
    2026-09-13,10:02:11,Eastern Time (US & Canada),$2.00,$2.00,$29.00,$29.00,$0.00,P1,Front iPad,Payment,Dee Example\n\
    2026-09-13,11:40:00,Eastern Time (US & Canada),$1.00,$0.00,$13.00,$13.00,$0.00,P2,Front iPad,Payment,\n\
    2026-09-20,09:00:00,Eastern Time (US & Canada),-$1.00,$0.00,-$13.00,-$13.00,$0.00,P2R,Front iPad,Refund,\n";
const ITEMS: &str = "Date,Time,Time Zone,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Payment ID,Device Name,Event Type\n\
    2026-08-15,14:00:00,Eastern Time (US & Canada),Mug,2,M1,$36.00,$0.00,$36.00,$2.88,P0,Front iPad,Payment\n\
    2026-09-13,10:02:11,Eastern Time (US & Canada),Mug,1,M1,$18.00,-$5.00,$13.00,$1.00,P1,Front iPad,Payment\n\
    2026-09-13,10:02:11,Eastern Time (US & Canada),Print,1,F1,$12.00,$0.00,$12.00,$1.00,P1,Front iPad,Payment\n\
    2026-09-13,11:40:00,Eastern Time (US & Canada),Print,1,F1,$12.00,$0.00,$12.00,$1.00,P2,Front iPad,Payment\n\
    2026-09-20,09:00:00,Eastern Time (US & Canada),Print,-1,F1,-$12.00,$0.00,-$12.00,-$1.00,P2R,Front iPad,Refund\n";

#[test]
fn a_pairs_halves_are_joined_and_what_is_alone_waits() {
    let Some(Profile::Pair(pair)) = Profile::shipped("square_pair") else {
        panic!("no pair")
    };
    let half = |name: &str, text: &str| Half {
        about: about(name),
        text: text.to_owned(),
    };
    for files in [
        [half("t.csv", PAYMENTS), half("i.csv", ITEMS)],
        [half("i.csv", ITEMS), half("t.csv", PAYMENTS)],
    ] {
        let joined = join(&pair, &files);
        assert!(joined.broken.is_empty());
        let whole: Vec<_> = joined
            .whole
            .into_iter()
            .map(|(_, piece)| judged(piece))
            .collect();
        let told: Vec<_> = whole
            .iter()
            .map(|(document, _)| {
                format!(
                    "{} {} {}",
                    document["kind"].as_str().unwrap(),
                    document["source"]["reference"].as_str().unwrap(),
                    document["body"]["total"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            told,
            ["sale P1 27.00", "sale P2 13.00", "return P2R -13.00"]
        );
        // 29.00 collected = 25.00 for the goods, 2.00 tax and 2.00 tip, which is not owed.
        assert_eq!(
            whole[0].0["body"]["tenders"],
            json!([{"type": "card", "method": "CARD", "amount": "29.00", "tip": "2.00"}])
        );
        assert!(!whole[0].0.to_string().contains("Dee"));
        let held: Vec<&str> = problems(&whole)
            .into_iter()
            .filter(|problem| problem.starts_with("held"))
            .collect();
        assert_eq!(held, Vec::<&str>::new());
        let alone: Vec<_> = joined
            .halves
            .into_iter()
            .map(|(_, piece)| judged(piece))
            .collect();
        assert_eq!(alone.len(), 1);
        assert!(
            problems(&alone)
                .iter()
                .any(|problem| problem.starts_with("held tender_mismatch")),
            "{alone:?}"
        );
    }
}

#[test]
fn a_header_whose_lines_do_not_add_up_is_held() {
    let Some(Profile::Pair(pair)) = Profile::shipped("loyverse_pair") else {
        panic!("no pair")
    };
    let headers = "Date,Receipt number,Receipt type,Taxes,Total collected,Payment type,POS,Status\n\
        01/10/2026 23:50,2-78,Sale,0.00,48.88,Cash,POS 2,Closed\n01/10/2026 23:48,2-77,Sale,0.00,68.00,Cash,POS 2,Closed\n";
    let lines = "Date,Receipt number,Receipt type,SKU,Item,Quantity,Discounts,Net sales,Taxes,POS,Status\n\
        01/10/2026 23:50,2-78,Sale,1,Tea,2.000,0.00,34.88,0.00,POS 2,Closed\n";
    let half = |name: &str, text: &str| Half {
        about: about(name),
        text: text.to_owned(),
    };
    let joined = join(&pair, &[half("r.csv", headers), half("i.csv", lines)]);
    let (document, told) = judged(joined.whole.into_iter().next().unwrap().1);
    assert_eq!(
        (&document["receipt_number"], &document["till"]),
        (&json!("2-78"), &json!("POS-2"))
    );
    assert!(
        told.iter()
            .any(|problem| problem.starts_with("held total_mismatch body.total")),
        "{told:?}"
    );
    assert_eq!(joined.halves.len(), 1);
}

pub(super) fn shipped(name: &str) -> Box<Pair> {
    match Profile::shipped(name) {
        Some(Profile::Pair(pair)) => pair,
        other => panic!("{other:?}"),
    }
}

pub(super) fn halves(texts: &[&str]) -> Vec<Half> {
    let number = |(index, text): (usize, &&str)| Half {
        about: about(&format!("{index}.csv")),
        text: (*text).to_owned(),
    };
    texts.iter().enumerate().map(number).collect()
}

/// Each whole receipt in a line: kind, number, total, prices; and the number of halves.
fn told(name: &str, texts: &[&str]) -> (Vec<String>, usize) {
    let joined = join(&shipped(name), &halves(texts));
    assert!(joined.broken.is_empty(), "{:?}", joined.broken);
    let whole = joined.whole.into_iter().map(|(_, piece)| {
        let (document, problems) = judged(piece);
        let text = |pointer: &str| {
            let text = document.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or("-").to_owned()
        };
        let number = document["receipt_number"]
            .as_str()
            .or(document["source"]["reference"].as_str());
        let held = problems.iter().any(|problem| !problem.starts_with("flag"));
        format!(
            "{} {} {} {}{}",
            text("/kind"),
            number.unwrap_or("-"),
            text("/body/total"),
            text("/body/prices"),
            if held {
                format!(" {problems:?}")
            } else {
                String::new()
            },
        )
    });
    (whole.collect(), joined.halves.len())
}

#[test]
fn files_that_come_twice_and_exports_that_overlap_tell_a_receipt_once() {
    let once = told("square_pair", &[PAYMENTS, ITEMS]);
    assert_eq!(once.0.len(), 3);
    assert_eq!(
        told("square_pair", &[PAYMENTS, ITEMS, PAYMENTS, ITEMS]),
        once
    );
    assert_eq!(told("square_pair", &[ITEMS, PAYMENTS, ITEMS]), once);
    // A week and the month around it: without the first payment, and the items in another order.
    let week: String = PAYMENTS
        .lines()
        .filter(|line| !line.contains(",P1,"))
        .fold(String::new(), |all, line| all + line + "\n");
    let mut items: Vec<&str> = ITEMS.lines().collect();
    items[1..].reverse();
    assert_eq!(
        told("square_pair", &[&week, &items.join("\n"), PAYMENTS, ITEMS]).1,
        once.1
    );
    let mut found = told("square_pair", &[&week, &items.join("\n"), PAYMENTS, ITEMS]).0;
    found.sort();
    let mut expected = once.0;
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_two_exports_tell_differently_are_two_documents_of_one_number() {
    let other = PAYMENTS.replace("$13.00,$13.00,$0.00,P2,", "$13.50,$13.50,$0.00,P2,");
    assert_ne!(other, PAYMENTS);
    let (whole, halves) = told("square_pair", &[PAYMENTS, ITEMS, &other]);
    let own: Vec<&String> = whole.iter().filter(|one| one.contains(" P2 ")).collect();
    assert_eq!((own.len(), whole.len(), halves), (2, 4, 1), "{whole:?}");
    assert!(
        own[0].starts_with("sale P2 13.00") && own[1].starts_with("sale P2 13.50"),
        "{own:?}"
    );
}

#[test]
fn a_half_says_what_is_missing() {
    let joined = join(&shipped("square_pair"), &halves(&[PAYMENTS]));
    assert_eq!((joined.whole.len(), joined.halves.len()), (0, 3));
    assert_eq!(joined.alone, [0, 0, 0]);
    for (_, piece) in joined.halves {
        let problems = judged(piece).1;
        assert!(
            problems.contains(&"held half_missing body 2:1".to_owned())
                || problems
                    .iter()
                    .any(|problem| problem.starts_with("held half_missing body")),
            "{problems:?}"
        );
    }
}

#[test]
fn many_receipts_are_joined_part_by_part() {
    let (mut headers, mut lines) = (
        "Date,Receipt number,Receipt type,Taxes,Total collected,Payment type,POS,Status\n"
            .to_owned(),
        "Date,Receipt number,Receipt type,SKU,Item,Quantity,Discounts,Net sales,Taxes,POS,Status\n"
            .to_owned(),
    );
    let receipts = 12_000;
    for number in 0..receipts {
        headers += &format!("13/10/2026 23:50,2-{number},Sale,0.00,10.00,Cash,POS 2,Closed\n");
        lines +=
            &format!("13/10/2026 23:50,2-{number},Sale,1,Tea,2.000,0.00,10.00,0.00,POS 2,Closed\n");
    }
    let pair = shipped("loyverse_pair");
    let mut looking = plan::Looking::new(&pair);
    for text in [&headers, &lines] {
        looking.begin(about("a.csv"));
        looking.feed(text, true);
    }
    let plan = looking.plan();
    assert!(plan.parts() > 1, "never all of them at once");
    let joined = join(&pair, &halves(&[&headers, &lines]));
    assert_eq!((joined.whole.len(), joined.halves.len()), (receipts, 0));
}

const LOYVERSE_HEAD: &str = "Date,Receipt number,Receipt type,Gross sales,Discounts,Net sales,Taxes,Total collected,Payment type,POS,Status\n";
const LOYVERSE_ITEMS: &str = "Date,Receipt number,Receipt type,SKU,Item,Quantity,Gross sales,Discounts,Net sales,Taxes,POS,Status\n";

#[test]
fn loyverses_taxes_are_added_or_in_it_as_each_receipt_says() {
    let headers = format!(
        "{LOYVERSE_HEAD}10/13/26 11:50 PM,1-1,Sale,20.00,0.00,20.00,1.65,21.65,Card,Till,Closed\n\
         10/02/26 9:05 AM,1-2,Sale,10.00,1.00,9.00,0.69,9.00,Cash,Till,Closed\n\
         10/02/26 9:30 AM,1-3,Refund,10.00,0.00,10.00,0.83,10.83,Cash,Till,Closed\n"
    );
    let items = format!(
        "{LOYVERSE_ITEMS}10/13/26 11:50 PM,1-1,Sale,7,Tea,2.000,20.00,0.00,20.00,1.65,Till,Closed\n\
         10/02/26 9:05 AM,1-2,Sale,7,Tea,1.345,10.00,1.00,9.00,0.69,Till,Closed\n\
         10/02/26 9:30 AM,1-3,Refund,7,Tea,1.000,10.00,0.00,10.00,0.83,Till,Closed\n"
    );
    let (whole, halves) = told("loyverse_pair", &[&headers, &items]);
    let expected = [
        "sale 1-1 21.65 tax_excluded",
        "sale 1-2 9.00 tax_included",
        "return 1-3 -10.83 tax_excluded",
    ];
    assert_eq!((whole, halves), (expected.map(str::to_owned).to_vec(), 0));
    let joined = join(
        &shipped("loyverse_pair"),
        &self::halves(&[&headers, &items]),
    );
    let second = judged(joined.whole.into_iter().nth(1).unwrap().1);
    // 10/13 can only be the thirteenth of October, and so 10/02 is the second of it.
    assert_eq!(second.0["occurred_at"], "2026-10-02T09:05:00+02:00");
    // 1.345 by itself could be a thousand and more; the amounts beside it say that it is not.
    assert_eq!(second.0["body"]["lines"][0]["quantity"], "1.345");
}

#[test]
fn squares_charges_gift_cards_and_blank_devices_are_taken_as_they_come() {
    let head = "Date,Time,Time Zone,Gross Sales,Discounts,Service Charges,Net Sales,Gift Card Sales,Tax,Tip,Total Collected,Card,Cash,Square Gift Card,Other Tender,Payment ID,Device Name,Event Type\n";
    let headers = format!(
        "{head}2026-09-13,10:02:11,London,£20.00,£0.00,£2.00,£20.00,£0.00,£4.00,£0.00,£26.00,£26.00,£0.00,£0.00,£0.00,G1,,Payment\n\
         2026-09-13,11:00:00,Atlantis,£0.00,£0.00,£0.00,£0.00,£25.00,£0.00,£0.00,£25.00,£25.00,£0.00,£0.00,£0.00,G2,Front,Payment\n\
         2026-09-13,12:00:00,London,\"£1,149.00\",£0.00,£0.00,\"£1,149.00\",£0.00,£0.00,£0.00,\"£1,149.00\",£0.00,\"£1,149.00\",£0.00,£0.00,G3,Front,Payment\n"
    );
    let items = "Date,Time,Time Zone,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Payment ID,Device Name,Event Type\n\
        2026-09-13,10:02:11,London,Mug,2,M1,£20.00,£0.00,£20.00,£4.00,G1,,Payment\n\
        2026-09-13,11:00:00,London,Gift Card,1,,£25.00,£0.00,£25.00,£0.00,G2,Front,Payment\n\
        2026-09-13,12:00:00,London,Sofa,1,S1,\"£1,149.00\",£0.00,\"£1,149.00\",£0.00,G3,Front,Payment\n";
    let joined = join(&shipped("square_pair"), &halves(&[&headers, items]));
    let found: Vec<_> = joined
        .whole
        .into_iter()
        .map(|(_, piece)| judged(piece))
        .collect();
    let bad: Vec<&str> = problems(&found)
        .into_iter()
        .filter(|problem| !problem.starts_with("flag"))
        .collect();
    assert_eq!((bad, found.len()), (Vec::<&str>::new(), 3));
    let first = &found[0].0;
    assert_eq!(
        (&first["till"], &first["currency"]),
        (&json!("SQUARE"), &json!("GBP"))
    );
    // London is an hour behind Zurich.
    assert_eq!(first["occurred_at"], "2026-09-13T10:02:11+01:00");
    assert_eq!(
        (&first["body"]["total"], &first["body"]["prices"]),
        (&json!("26.00"), &json!("tax_excluded"))
    );
    assert_eq!(
        first["body"]["lines"][1],
        json!({"line": 2, "type": "fee", "product": {"name": "Service charge"}, "quantity": "1", "unit_price": "2", "total": "2.00"})
    );
    // The gift card is a line already, and is not added once more.
    assert_eq!(found[1].0["body"]["lines"].as_array().unwrap().len(), 1);
    assert!(
        found[1]
            .1
            .iter()
            .any(|problem| problem.starts_with("flag time_odd")),
        "{:?}",
        found[1].1
    );
    assert_eq!(found[2].0["body"]["total"], "1149.00");
}
