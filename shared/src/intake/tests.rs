//! Whole documents on their way in.

use jiff::civil::time;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::document::Kind;
use crate::sample::{changed, full, goods_back, judge, line, problems, sale, terms, with, without};

const NONE: [&str; 0] = [];

fn newer(document: Value) -> Newer {
    let Reading::Newer(newer) = read(document, &terms()) else {
        panic!("expected a document of a later schema");
    };
    *newer
}

fn refusal(document: Value) -> (Option<String>, Vec<Problem>) {
    let Reading::Refused { key, problems } = read(document, &terms()) else {
        panic!("expected a refusal");
    };
    (key, problems)
}

#[test]
fn what_is_no_object_is_refused() {
    for value in [json!([]), json!(42), Value::Null, json!("sale")] {
        assert_eq!(problems(value), ["refused not_json"]);
    }
}

#[test]
fn every_problem_of_the_shape_is_told_at_once() {
    let document = changed(
        without(sale(), "/occurred_at"),
        &[
            ("/storre", json!("x")),
            ("/body/lines/0/quantity", json!(true)),
            ("/body/lines/0/type", json!("goods")),
            ("/body/total", json!("1e3")),
        ],
    );
    let (key, found) = refusal(document);
    let found: Vec<String> = found.iter().map(crate::sample::words).collect();
    let expected = [
        "refused missing_field occurred_at",
        "refused unknown_field storre",
        "refused unknown_value body.lines[0].type",
        "refused wrong_type body.lines[0].quantity",
        "refused bad_value body.total",
    ];
    assert_eq!((key, found), (None, expected.map(str::to_owned).to_vec()));
}

#[test]
fn what_was_understood_far_enough_is_refused_with_its_key() {
    let (key, _) = refusal(without(sale(), "/currency"));
    assert_eq!(key.as_deref(), Some("ZH01/3/0/4711"));
}

#[rstest]
#[case(Kind::Sale, Some("31.00"))]
#[case(Kind::Return, Some("-10.00"))]
#[case(Kind::Void, None)]
#[case(Kind::DayOpen, None)]
#[case(Kind::DayClose, None)]
#[case(Kind::CashMovement, Some("93.00"))]
#[case(Kind::TillActivity, None)]
#[case(Kind::Settlement, Some("20.00"))]
#[case(Kind::StockCount, None)]
#[case(Kind::StockMove, None)]
#[case(Kind::Pickup, None)]
fn a_document_comes_to_its_total(#[case] kind: Kind, #[case] expected: Option<&str>) {
    let total = judge(full(kind)).total.map(|total| total.to_string());
    assert_eq!(total.as_deref(), expected);
}

#[rstest]
#[case::midday("2026-10-30T12:00:00+01:00", "2026-10-30")]
#[case::before_the_cut("2026-10-30T03:59:59+01:00", "2026-10-29")]
#[case::at_the_cut("2026-10-30T04:00:00+01:00", "2026-10-30")]
#[case::other_offset("2026-10-30T03:30:00Z", "2026-10-30")]
#[case::hour_that_comes_twice_first("2026-10-25T02:30:00+02:00", "2026-10-24")]
#[case::hour_that_comes_twice_again("2026-10-25T02:30:00+01:00", "2026-10-24")]
#[case::cut_after_that("2026-10-25T04:00:00+01:00", "2026-10-25")]
#[case::hour_that_is_left_out("2026-03-29T01:30:00Z", "2026-03-28")]
#[case::cut_after_that_too("2026-03-29T02:00:00Z", "2026-03-29")]
#[case::first_of_a_month("2026-11-01T01:00:00+01:00", "2026-10-31")]
fn the_trading_day_ends_at_the_stores_cut_off(#[case] at: &str, #[case] expected: &str) {
    let moment = Moment::parse(at).unwrap();
    assert_eq!(terms().business_date(&moment).to_string(), expected);
    let midnight = Terms {
        day_cutoff: time(0, 0, 0, 0),
        ..terms()
    };
    let date = moment.at().to_zoned(midnight.zone.clone()).date();
    assert_eq!(midnight.business_date(&moment), Day(date));
}

#[test]
fn the_trading_day_is_filled_in_but_is_no_content() {
    let given = judge(with(sale(), "/business_date", "2026-10-30"));
    let filled = judge(sale());
    assert_eq!(
        filled.document.head.business_date,
        Some(Day::parse("2026-10-30").unwrap())
    );
    assert_eq!(filled.document.json()["business_date"], json!("2026-10-30"));
    assert_eq!(given.content_hash, filled.content_hash);
    let other = judge(with(sale(), "/business_date", "2026-10-29"));
    assert_ne!(other.content_hash, filled.content_hash);
    assert_eq!(other.business_date.to_string(), "2026-10-29");
}

#[test]
fn a_document_of_another_store_is_held() {
    let judged = judge(with(sale(), "/store", "BE02"));
    let found: Vec<String> = judged.problems.iter().map(crate::sample::words).collect();
    assert_eq!(found, ["held unknown_store store"]);
    assert!(judged.held());
    assert!(!judge(sale()).held());
}

#[test]
fn a_flag_does_not_hold() {
    let flagged = judge(without(goods_back(), "/body/lines/0/returned_from"));
    assert_eq!((flagged.problems.len(), flagged.held()), (1, false));
}

#[test]
fn what_was_written_out_comes_back_the_same() {
    for kind in Kind::ALL {
        let first = judge(full(*kind));
        let out = first.document.text_out("01935", &first.key, first.uid);
        let again = judge(serde_json::from_str(&out).unwrap());
        assert_eq!(again.problems, vec![], "{kind}");
        assert_eq!(again.document, first.document, "{kind}");
        assert_eq!(again.content_hash, first.content_hash, "{kind}");
        assert_eq!((again.key, again.uid), (first.key, first.uid), "{kind}");
        assert_eq!(again.conflict_key, None);
    }
}

#[test]
fn a_long_key_comes_back_too() {
    let document = changed(
        full(Kind::StockMove),
        &[("/body/reference", json!("/".repeat(64)))],
    );
    let first = judge(document);
    let out = first.document.text_out("x", &first.key, first.uid);
    assert_eq!(problems(serde_json::from_str(&out).unwrap()), NONE);
}

#[rstest]
#[case::id_is_nobodys_business(json!({"id": [1]}), &[])]
#[case::fitting(json!({"key": "ZH01/3/0/4711"}), &[])]
#[case::both(json!({"key": "ZH01/3/0/4711", "uid": "4636EF54-B9DB-52A8-B215-FE307DFF173B"}), &[])]
#[case::nothing(json!({"key": null, "uid": null}), &[])]
#[case::other_key(json!({"key": "ZH01/3/0/4712"}), &["held key_mismatch key"])]
#[case::other_uid(json!({"uid": "00000000-0000-0000-0000-000000000000"}), &["held key_mismatch uid"])]
#[case::no_text(json!({"key": 7, "uid": true}), &["held key_mismatch key", "held key_mismatch uid"])]
#[case::plain_uid_of_a_conflict(
    json!({"key": "ZH01/3/0/4711~2", "uid": "4636ef54-b9db-52a8-b215-fe307dff173b"}),
    &["held key_mismatch uid"]
)]
fn key_and_uid_must_fit(#[case] claim: Value, #[case] expected: &[&str]) {
    let mut document = sale();
    document
        .as_object_mut()
        .unwrap()
        .extend(claim.as_object().unwrap().clone());
    assert_eq!(problems(document.clone()), expected);
    assert_eq!(problems(with(document, "/schema", 2))[1..], *expected);
}

#[test]
fn a_conflict_key_fits_and_is_told() {
    let key = "ZH01/3/0/4711~2";
    let document = changed(
        sale(),
        &[
            ("/key", json!(key)),
            ("/uid", json!(key::uid(key).to_string())),
        ],
    );
    let judged = judge(document);
    assert_eq!(judged.problems, vec![]);
    assert_eq!(judged.key, "ZH01/3/0/4711");
    assert_eq!(judged.uid, key::uid("ZH01/3/0/4711"));
    assert_eq!(judged.conflict_key.as_deref(), Some(key));
}

#[rstest]
#[case(json!(2))]
#[case(json!("2"))]
fn a_document_of_a_later_schema_is_held_with_its_key(#[case] schema: Value) {
    let document = changed(
        without(full(Kind::StockMove), "/business_date"),
        &[
            ("/schema", schema.clone()),
            ("/drone", json!({"id": 7})),
            ("/body/weather", json!("rain")),
            ("/body/lines", json!("in another shape")),
        ],
    );
    let expected = with(document.clone(), "/business_date", "2026-10-30");
    let newer = newer(document);
    assert_eq!(newer.key, "ZH01/stock_move/transfer_out/T%2F1/1");
    assert_eq!(newer.uid, key::uid(&newer.key));
    assert_eq!(newer.business_date.to_string(), "2026-10-30");
    assert_eq!(newer.facts.kind, Kind::StockMove);
    assert_eq!(newer.value, expected);
    let found: Vec<String> = newer.problems.iter().map(crate::sample::words).collect();
    assert_eq!(found, ["held schema_newer schema"]);
}

#[test]
fn the_same_later_document_has_the_same_hash() {
    let hash = |document: Value| newer(with(document, "/schema", 2)).content_hash;
    let shuffled: Value = serde_json::from_str(&format!(
        "{{\"source\":{{\"system\":\"other\"}},\"body\":{},{}",
        sale()["body"],
        &without(sale(), "/body").to_string()[1..]
    ))
    .unwrap();
    assert_eq!(hash(sale()), hash(shuffled));
    assert_ne!(hash(sale()), hash(with(sale(), "/body/drone", 1)));
}

#[test]
fn a_later_document_of_another_store_says_so_too() {
    let document = changed(sale(), &[("/schema", json!(2)), ("/store", json!("BE02"))]);
    let expected = ["held schema_newer schema", "held unknown_store store"];
    assert_eq!(problems(document), expected);
}

#[test]
fn a_later_document_without_a_key_is_refused() {
    let later = |document| with(document, "/schema", 2);
    assert_eq!(
        problems(later(without(sale(), "/sequence"))),
        ["refused missing_key"]
    );
    for kind in ["Hologram", "a b", ""] {
        let document = later(with(sale(), "/kind", kind));
        assert_eq!(problems(document), ["refused unknown_value kind"]);
    }
    let hologram = changed(
        sale(),
        &[("/kind", json!("hologram")), ("/till", Value::Null)],
    );
    assert_eq!(problems(later(hologram)), ["refused missing_key"]);
    assert_eq!(
        problems(later(without(sale(), "/store"))),
        ["refused missing_field store"]
    );
}

#[test]
fn a_document_has_two_thousand_lines() {
    let document = |lines: usize, voided: usize| {
        changed(
            sale(),
            &[
                ("/body/lines", (1..=lines).map(|n| line(n as i64)).collect()),
                ("/body/voided_lines", vec![line(1); voided].into()),
            ],
        )
    };
    let expected = ["refused too_large body.lines"];
    assert_eq!(problems(document(1_000, 1_001)), expected);
    assert_eq!(problems(with(document(2_001, 0), "/schema", 2)), expected);
    assert!(!problems(document(1_000, 1_000)).contains(&expected[0].to_owned()));
}

#[test]
fn a_hundred_problems_are_told_and_the_worst_come_first() {
    let mut lines: Vec<Value> = (1..=200).map(line).collect();
    for line in &mut lines {
        line["unit_price"] = json!("11.00");
    }
    let document = with(sale(), "/body/lines", lines);
    let judged = judge(document);
    assert_eq!(judged.problems.len(), PROBLEMS_MAX);
    assert_eq!(judged.problems[0].code, Code::TotalMismatch);
    assert!(judged.held());
}

#[test]
fn an_empty_list_of_taxes_is_kept_and_says_something_else_than_none() {
    let untaxed = judge(with(sale(), "/body/lines/0/taxes", json!([])));
    assert_eq!(
        untaxed.document.json()["body"]["lines"][0]["taxes"],
        json!([])
    );
    assert_ne!(untaxed.content_hash, judge(sale()).content_hash);
    let nothing_back = with(full(Kind::Void), "/body/refund_tenders", json!([]));
    let nothing_back = judge(without(nothing_back, "/body/cash_rounding"));
    assert_eq!(
        nothing_back.document.json()["body"]["refund_tenders"],
        json!([])
    );
}

#[test]
fn fiscal_data_is_stored_as_it_came() {
    let text = sale().to_string().replacen(
        '{',
        "{\"fiscal\":{\"z\":1234567890123456789012345,\"a\":0.100},",
        1,
    );
    let items = split(text.as_bytes(), Media::Json).unwrap();
    let stored = judge(items[0].clone().unwrap()).document.json().to_string();
    assert!(
        stored.contains("\"fiscal\":{\"z\":1234567890123456789012345,\"a\":0.100}"),
        "{stored}"
    );
}

#[test]
fn no_problem_quotes_a_value() {
    let secret = "4111111111111111";
    for pointer in [
        "/store",
        "/till",
        "/kind",
        "/occurred_at",
        "/currency",
        "/body/total",
        "/body/lines/0/line",
    ] {
        let (_, found) = refusal(with(sale(), pointer, format!("{secret}!")));
        assert!(!format!("{found:?}").contains("1111"), "{found:?}");
    }
}

fn pointers(value: &Value, pointer: String, found: &mut Vec<String>) {
    let mut inner = |name: String, value| pointers(value, format!("{pointer}/{name}"), found);
    if let Some(map) = value.as_object() {
        map.iter()
            .for_each(|(name, value)| inner(name.clone(), value));
    } else if let Some(list) = value.as_array() {
        list.iter()
            .enumerate()
            .for_each(|(index, value)| inner(index.to_string(), value));
    }
    if !pointer.is_empty() {
        found.push(pointer);
    }
}

proptest! {
    #[test]
    fn whatever_stands_in_a_field_reading_never_panics_and_what_is_read_is_stable(
        kind in prop::sample::select(Kind::ALL),
        at in any::<prop::sample::Index>(),
        value in prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "-?[0-9]{1,13}(\\.[0-9]{1,9})?".prop_map(Value::from),
            "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{8,12}(Z|[+-][0-9]{2}:[0-9]{2}))?".prop_map(Value::from),
            "\\PC{0,70}".prop_map(Value::from),
            Just(json!([])),
            Just(json!({})),
            Just(json!([{"a": [1, {}]}])),
        ],
    ) {
        let mut places = Vec::new();
        pointers(&full(kind), String::new(), &mut places);
        let document = with(full(kind), &places[at.index(places.len())], value);
        let Reading::Read(first) = read(document, &terms()) else {
            return Ok(());
        };
        let out = first.document.text_out("x", &first.key, first.uid);
        let again = judge(split(out.as_bytes(), Media::Json).unwrap().remove(0).unwrap());
        prop_assert_eq!(again.key, first.key);
        prop_assert_eq!(again.content_hash, first.content_hash);
        prop_assert_eq!(again.document, first.document);
        prop_assert_eq!(again.business_date, first.business_date);
    }
}
