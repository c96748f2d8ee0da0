//! The keys and uids of the contract, one by one.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::intake::{Reading, Terms, read};
use crate::sample::{changed, full, problems, sale, terms, terms_restarting, with, without};

fn key_under(terms: &Terms, document: Value) -> String {
    let Reading::Read(judged) = read(document, terms) else {
        panic!("expected a document");
    };
    judged.key
}

fn key_of(document: Value) -> String {
    key_under(&terms(), document)
}

/// A document that has neither number nor reference.
fn nameless(kind: Kind) -> Value {
    let mut document = full(kind);
    for name in ["sequence", "receipt_number", "source"] {
        document.as_object_mut().unwrap().shift_remove(name);
    }
    document
}

#[test]
fn the_uid_of_a_key_is_the_contracts() {
    let judged = crate::sample::judge(sale());
    assert_eq!(judged.key, "ZH01/3/0/4711");
    assert_eq!(judged.uid, uuid!("4636ef54-b9db-52a8-b215-fe307dff173b"));
}

#[test]
fn every_kind_has_its_key() {
    let keys = Kind::ALL.iter().map(|kind| key_of(full(*kind)));
    let expected = [
        "ZH01/3/0/4711",
        "ZH01/3/0/4711",
        "ZH01/3/0/4711",
        "ZH01/3/0/4711",
        "ZH01/3/0/4711",
        "ZH01/3/0/4711",
        "ZH01/3/0/4711",
        "ZH01/settlement/six/T1/2026-10-30/B7",
        "ZH01/stock_count/C1/1",
        "ZH01/stock_move/transfer_out/T%2F1/1",
        "ZH01/pickup/SO1/handed_over/1",
    ];
    assert_eq!(keys.collect::<Vec<_>>(), expected);
}

#[rstest]
#[case(json!({"sequence": "007"}), "ZH01/3/0/7")]
#[case(json!({"sequence": 0, "receipt_number": "A"}), "ZH01/3/0/0")]
#[case(json!({"sequence": 1, "series": "B"}), "ZH01/3/B/1")]
#[case(json!({"receipt_number": "A/7"}), "ZH01/3/0/r:A%2F7")]
#[case(json!({"receipt_number": "007", "source": {"reference": "x"}}), "ZH01/3/0/r:007")]
#[case(json!({"source": {"reference": "50%\u{7}é"}}), "ZH01/3/0/s:50%25%07é")]
#[case(json!({"source": {"reference": "a\u{85}b"}}), "ZH01/3/0/s:a%C2%85b")]
fn a_till_names_a_document_by_number_or_reference(#[case] head: Value, #[case] key: &str) {
    let mut document = nameless(Kind::Sale);
    document
        .as_object_mut()
        .unwrap()
        .extend(head.as_object().unwrap().clone());
    assert_eq!(key_of(document), key);
}

#[rstest]
#[case(json!({"sequence": 4711}), "ZH01/3/0/2026-10-30/4711")]
#[case(json!({"receipt_number": "A"}), "ZH01/3/0/2026-10-30/r:A")]
#[case(json!({"source": {"reference": "x"}}), "ZH01/3/0/s:x")]
#[case(json!({"sequence": 1, "till": "4"}), "ZH01/4/0/1")]
fn where_numbers_restart_the_date_stands_before(#[case] head: Value, #[case] key: &str) {
    let mut document = nameless(Kind::Sale);
    document
        .as_object_mut()
        .unwrap()
        .extend(head.as_object().unwrap().clone());
    assert_eq!(key_under(&terms_restarting(), document), key);
}

#[test]
fn the_date_in_a_key_follows_the_stores_day() {
    let night = changed(
        without(nameless(Kind::Sale), "/business_date"),
        &[
            ("/sequence", json!(1)),
            ("/occurred_at", json!("2026-10-30T03:00:00Z")),
        ],
    );
    assert_eq!(
        key_under(&terms_restarting(), night),
        "ZH01/3/0/2026-10-30/1"
    );
    let before = changed(
        without(nameless(Kind::Sale), "/business_date"),
        &[
            ("/sequence", json!(1)),
            ("/occurred_at", json!("2026-10-30T02:59:59+01:00")),
        ],
    );
    assert_eq!(
        key_under(&terms_restarting(), before),
        "ZH01/3/0/2026-10-29/1"
    );
}

#[rstest]
#[case(Kind::DayOpen, "ZH01/3/0/day_open/2026-10-30")]
#[case(Kind::DayClose, "ZH01/3/0/day_close/2026-10-30/12")]
fn a_day_needs_no_number(#[case] kind: Kind, #[case] key: &str) {
    assert_eq!(key_of(nameless(kind)), key);
    assert_eq!(key_under(&terms_restarting(), nameless(kind)), key);
    let numbered = with(nameless(kind), "/receipt_number", "Z9");
    assert_eq!(key_of(numbered), "ZH01/3/0/r:Z9");
}

#[test]
fn a_close_without_a_number_of_its_own_is_named_by_its_day() {
    let close = without(nameless(Kind::DayClose), "/body/z_number");
    assert_eq!(key_of(close), "ZH01/3/0/day_close/2026-10-30");
}

#[rstest]
#[case(json!({"sequence": 4000}), "ZH01/3/0/void/4000", "ZH01/3/0/void/2026-10-30/4000")]
#[case(
    json!({"sequence": 4000, "business_date": "2026-10-29"}),
    "ZH01/3/0/void/4000",
    "ZH01/3/0/void/2026-10-29/4000"
)]
#[case(json!({"receipt_number": "A/1"}), "ZH01/3/0/void/r:A%2F1", "ZH01/3/0/void/2026-10-30/r:A%2F1")]
fn a_void_without_a_number_is_named_by_what_it_undoes(
    #[case] of: Value,
    #[case] key: &str,
    #[case] restarting: &str,
) {
    let void = with(nameless(Kind::Void), "/body/of", of);
    assert_eq!(key_of(void.clone()), key);
    assert_eq!(key_under(&terms_restarting(), void), restarting);
}

#[test]
fn a_document_without_any_name_is_refused() {
    for kind in [
        Kind::Sale,
        Kind::Return,
        Kind::CashMovement,
        Kind::TillActivity,
    ] {
        let found = problems(nameless(kind));
        assert_eq!(found, ["refused missing_key"], "{kind}");
    }
    let uid_only = json!({"uid": "4636ef54-b9db-52a8-b215-fe307dff173b"});
    let void = with(nameless(Kind::Void), "/body/of", uid_only);
    assert_eq!(problems(void), ["refused missing_key"]);
}

#[rstest]
#[case(Kind::StockCount, "/body/part", "ZH01/stock_count/C1")]
#[case(Kind::StockMove, "/body/part", "ZH01/stock_move/transfer_out/T%2F1")]
#[case(Kind::Pickup, "/body/part", "ZH01/pickup/SO1/handed_over")]
#[case(
    Kind::Settlement,
    "/body/terminal",
    "ZH01/settlement/six/2026-10-30/B7"
)]
fn parts_and_terminals_may_be_left_out(
    #[case] kind: Kind,
    #[case] pointer: &str,
    #[case] key: &str,
) {
    assert_eq!(key_of(without(full(kind), pointer)), key);
}

#[test]
fn the_date_of_a_settlement_is_the_one_its_provider_wrote() {
    let night = with(
        full(Kind::Settlement),
        "/body/to_at",
        "2026-10-30T23:30:00-05:00",
    );
    assert_eq!(key_of(night), "ZH01/settlement/six/T1/2026-10-30/B7");
}

#[test]
fn numbering_changes_from_a_business_date_on() {
    let day = |text| Day::parse(text).unwrap();
    let mut numbering = Numbering::default();
    numbering.set("3", Some(day("2026-11-01")), Numbers::Restart);
    numbering.set("3", Some(day("2027-01-01")), Numbers::Never);
    let of = |till, date| numbering.of(till, day(date));
    assert_eq!(of("3", "2026-10-31"), Numbers::Never);
    assert_eq!(of("3", "2026-11-01"), Numbers::Restart);
    assert_eq!(of("3", "2026-12-31"), Numbers::Restart);
    assert_eq!(of("3", "2027-01-01"), Numbers::Never);
    assert_eq!(of("4", "2026-12-31"), Numbers::Never);
    numbering.set("3", None, Numbers::Restart);
    numbering.set("3", Some(day("2026-11-01")), Numbers::Never);
    assert_eq!(numbering.of("3", day("2020-01-01")), Numbers::Restart);
    assert_eq!(numbering.of("3", day("2026-11-01")), Numbers::Never);
}

#[test]
fn parts_have_uids_of_their_own() {
    let document = uid("ZH01/3/0/4711");
    let v5 = |name: &str| Uuid::new_v5(&document, name.as_bytes());
    assert_eq!(line_uid(document, Number(7)), v5("line/7"));
    assert_eq!(tender_uid(document, 1), v5("tender/1"));
    assert_eq!(
        part_uid(document, Some("ZH01/3/0/4000")),
        v5("part/ZH01/3/0/4000")
    );
    assert_eq!(part_uid(document, None), v5("part/none"));
}

#[rstest]
#[case("a/1", true)]
#[case("a/1~2", true)]
#[case("a/1~12", true)]
#[case("a/1~1", false)]
#[case("a/1~02", false)]
#[case("a/1~", false)]
#[case("a/1~x", false)]
#[case("a/12", false)]
#[case("a/", false)]
fn a_conflict_key_fits_its_key(#[case] claimed: &str, #[case] expected: bool) {
    assert_eq!(fits(claimed, "a/1"), expected);
    assert!(fits(&conflict_key("a/1", CONFLICT_FIRST), "a/1"));
}

proptest! {
    #[test]
    fn different_names_have_different_keys(one in "\\PC{1,8}", other in "\\PC{1,8}") {
        let key = |text: &str| path_of(&[Some("s"), Some(text), Some("x")]);
        prop_assert_eq!(one == other, key(&one) == key(&other));
        prop_assert_eq!(key(&one).matches('/').count(), 2);
        prop_assert!(!key(&one).contains(char::is_control));
    }
}
