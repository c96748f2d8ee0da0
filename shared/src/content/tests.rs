//! What is content and what is not, field by field.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::document::Kind;
use crate::sample::{changed, full, goods_back, sale, with, without};
use crate::shape::{Place, Unknown};

fn read(document: Value) -> Option<Document> {
    let mut place = Place::new(Unknown::Refused);
    Document::read(document, &mut place).filter(|_| place.problems.is_empty())
}

fn hash_of(document: Value) -> [u8; 32] {
    let document = read(document).expect("a document");
    hash(&document, Day::parse("2026-10-30").unwrap())
}

#[test]
fn the_hash_of_a_document_is_for_ever() {
    let hex = |document| -> String {
        hash_of(document)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    assert_eq!(
        hex(full(Kind::Sale)),
        "8b63106d2880e8ea7b48db867107917da2cf82f382d6cbb862788f20aa648a99"
    );
    assert_eq!(
        hex(full(Kind::DayClose)),
        "f5df436d203379b9821e46ae6e6667f95cdbbdac25bd6bcb47980b3544632c98"
    );
}

#[rstest]
#[case::trailing_zeros("/body/total", json!("10.0"))]
#[case::no_zeros("/body/total", json!("10"))]
#[case::a_number("/body/total", json!(10))]
#[case::other_offset("/occurred_at", json!("2026-10-30T16:03:11Z"))]
#[case::fraction_of_nothing("/occurred_at", json!("2026-10-30T17:03:11.000+01:00"))]
#[case::default_series("/series", json!("0"))]
#[case::default_date("/business_date", json!("2026-10-30"))]
#[case::default_schema("/schema", json!(1))]
#[case::leading_zeros("/sequence", json!("004711"))]
#[case::source("/source", json!({"file": "other.xml"}))]
#[case::ext("/ext", json!({"a": 1}))]
#[case::line_ext("/body/lines/0/ext", json!({"a": 1}))]
#[case::tender_ext("/body/tenders/0/ext", json!({"a": 1}))]
#[case::id("/id", json!("x"))]
#[case::key("/key", json!("x"))]
#[case::uid("/uid", json!("x"))]
#[case::default_unit("/body/lines/0/unit", json!("EA"))]
#[case::blanks("/body/lines/0/product/sku", json!(" A1 "))]
#[case::empty_note("/body/lines/0/reason", json!(" "))]
#[case::empty_list("/body/taxes", json!([]))]
#[case::empty_object("/body/customer", json!({}))]
#[case::empty_fiscal("/fiscal", json!({}))]
#[case::null("/body/customer", json!(null))]
#[case::no_change("/body/change", json!("0.00"))]
#[case::no_rounding("/body/cash_rounding", json!("0"))]
#[case::no_tip("/body/tenders/0/tip", json!("0"))]
#[case::no_cashback("/body/tenders/0/cashback", json!("0"))]
fn the_same_said_otherwise_is_the_same(#[case] pointer: &str, #[case] value: Value) {
    assert_eq!(hash_of(with(sale(), pointer, value)), hash_of(sale()));
}

#[test]
fn an_origin_may_name_what_is_the_documents_own() {
    let origin = json!({"store": "ZH01", "till": "3", "series": "0", "sequence": 4000});
    let spelled = with(goods_back(), "/body/lines/0/returned_from", origin.clone());
    assert_eq!(hash_of(spelled), hash_of(goods_back()));
    let void = |of: Value| hash_of(with(full(Kind::Void), "/body/of", of));
    assert_eq!(void(origin), void(json!({"sequence": 4000})));
    assert_ne!(
        void(json!({"sequence": 4000, "till": "4"})),
        void(json!({"sequence": 4000}))
    );
    let series = |origin: Value| {
        hash_of(changed(
            full(Kind::Void),
            &[("/series", json!("B")), ("/body/of", origin)],
        ))
    };
    let own = series(json!({"sequence": 1}));
    assert_eq!(series(json!({"sequence": 1, "series": "B"})), own);
    assert_ne!(series(json!({"sequence": 1, "series": "0"})), own);
}

#[test]
fn an_origin_or_none_is_content() {
    let blind = without(goods_back(), "/body/lines/0/returned_from");
    let null = with(goods_back(), "/body/lines/0/returned_from", Value::Null);
    assert_eq!(hash_of(blind.clone()), hash_of(null));
    assert_ne!(hash_of(blind), hash_of(goods_back()));
}

#[test]
fn stock_has_defaults_too() {
    for kind in [Kind::StockCount, Kind::StockMove] {
        let plain = without(full(kind), "/body/lines/0/unit");
        assert_eq!(hash_of(plain), hash_of(full(kind)), "{kind}");
    }
    let absent = without(full(Kind::StockCount), "/body/missing_means");
    let given = with(full(Kind::StockCount), "/body/missing_means", "not_counted");
    assert_eq!(hash_of(absent), hash_of(given));
}

#[test]
fn fiscal_data_is_content_by_value() {
    let fiscal = |value: Value| hash_of(with(sale(), "/fiscal", value));
    let number = |text: &str| fiscal(serde_json::from_str(&format!("{{\"a\":{text}}}")).unwrap());
    assert_eq!(number("1.50"), number("1.5"));
    assert_ne!(number("1.50"), number("1.51"));
    assert_ne!(number("1"), fiscal(json!({"a": "1"})));
    let long = "123456789012345678901234567890123456789";
    assert_ne!(number(long), number(&format!("{long}1")));
    assert_eq!(
        fiscal(json!({"a": 1, "b": [2]})),
        fiscal(json!({"b": [2], "a": 1}))
    );
    assert_ne!(fiscal(json!({"b": [1, 2]})), fiscal(json!({"b": [2, 1]})));
}

/// Values one of which any field takes.
fn others() -> Vec<Value> {
    let words = [
        "7.77",
        "2001-02-03",
        "2001-02-03T04:05:06Z",
        "EUR",
        "USD",
        "x",
        "return",
        "tax_excluded",
        "service",
        "damaged",
        "voucher",
        "pay_out",
        "suspended",
        "cycle",
        "not_counted",
        "waste",
        "refused",
        "00000000-0000-0000-0000-000000000000",
    ];
    let words = words.into_iter().map(Value::from);
    words
        .chain([json!(77), json!(true), json!(false)])
        .collect()
}

fn leaves(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(name, value)| leaves(value, format!("{pointer}/{name}"), found)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| leaves(value, format!("{pointer}/{index}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(pointer),
    }
}

#[test]
fn every_field_of_every_kind_is_content_but_these() {
    for kind in Kind::ALL {
        let document = full(*kind);
        let mut pointers = Vec::new();
        leaves(&document, String::new(), &mut pointers);
        for pointer in pointers {
            let changed = others().into_iter().find_map(|other| {
                let differs = document.pointer(&pointer) != Some(&other);
                let changed = with(document.clone(), &pointer, other);
                (differs && read(changed.clone()).is_some()).then_some(changed)
            });
            let Some(changed) = changed else {
                assert_eq!(pointer, "/kind", "no other value fits {pointer} of {kind}");
                continue;
            };
            let free = ["/source/", "/schema", "/ext/"];
            let content = !free.iter().any(|free| pointer.contains(free));
            let same = hash_of(changed) == hash_of(document.clone());
            assert_eq!(same, !content, "{pointer} of {kind}");
        }
    }
}

#[test]
fn the_order_of_fields_is_no_content_and_the_order_of_lines_is() {
    fn reversed(value: Value) -> Value {
        match value {
            Value::Object(map) => map
                .into_iter()
                .rev()
                .map(|(name, value)| (name, reversed(value)))
                .collect(),
            Value::Array(list) => list.into_iter().map(reversed).collect(),
            leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => leaf,
        }
    }
    for kind in Kind::ALL {
        assert_eq!(
            hash_of(reversed(full(*kind))),
            hash_of(full(*kind)),
            "{kind}"
        );
    }
    let lines = |numbers: [i64; 2]| {
        let lines = numbers.map(crate::sample::line).to_vec();
        hash_of(with(sale(), "/body/lines", lines))
    };
    assert_ne!(lines([1, 2]), lines([2, 1]));
}

proptest! {
    #[test]
    fn amounts_are_content_by_value(
        whole in 0_i64..1_000_000, fraction in 0_u32..1_000_000, zeros in 0_usize..5, other in any::<bool>(),
    ) {
        let short = format!("{whole}.{fraction:06}");
        let short = short.trim_end_matches('0').trim_end_matches('.');
        let long = format!("{whole}.{fraction:06}");
        let long = &long[..long.len().min(short.len().max(whole.to_string().len() + 2) + zeros)];
        let total = |text: &str| hash_of(with(sale(), "/body/total", text));
        prop_assert_eq!(total(short), total(long));
        if other {
            let next = format!("{}.{fraction:06}", whole + 1);
            prop_assert_ne!(total(short), total(&next));
        }
    }

    #[test]
    fn times_are_content_by_instant(seconds in 0_i64..4_000_000_000, hours in -12_i32..=14) {
        let at = jiff::Timestamp::from_second(seconds).unwrap();
        let offset = jiff::tz::Offset::from_hours(hours.try_into().unwrap()).unwrap();
        let there = at.display_with_offset(offset).to_string();
        let occurred = |text: String| hash_of(with(sale(), "/occurred_at", text));
        prop_assert_eq!(occurred(there), occurred(at.to_string()));
    }
}
