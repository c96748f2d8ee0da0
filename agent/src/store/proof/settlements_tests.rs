//! Batches against made payments, and against a stored shop.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn payment(number: i64, amount: &str, reference: &str) -> Payment {
    Payment {
        key: format!("ZH01/3/0/{number}"),
        amount: amount.parse().unwrap(),
        terminal: Some("T1".to_owned()),
        references: vec![reference.to_owned()],
    }
}

fn told(totals: Value, items: Value) -> (Settled, Vec<String>) {
    let batch = json!({ "terminal": "T1", "from_at": "2026-10-30T08:00:00+01:00", "to_at": "2026-10-30T20:00:00+01:00",
        "totals": totals, "items": items, "fees": "1.20", "payout_date": "2026-11-02" });
    let batch: Batch = serde_json::from_value(batch).unwrap();
    let mut other = payment(9, "99", "Z");
    other.terminal = Some("T2".to_owned());
    let payments = vec![
        payment(1, "20", "A"),
        payment(2, "30.50", "B"),
        payment(3, "-20", "C"),
        other,
    ];
    judge("ZH01/settlement/SIX/T1/2026-10-30/7", &batch, payments)
}

fn item(reference: &str, amount: &str) -> Value {
    json!({ "reference": reference, "amount": amount })
}

#[rstest]
#[case::all(json!([item("A", "20"), item("B", "30.50"), item("C", "-20.00")]), 3, &[])]
#[case::one_is_missing(json!([item("A", "20"), item("C", "-20")]), 2,
    &["the receipt ZH01/3/0/2 has a card payment of 30.50 that the batch does not hold"])]
#[case::one_too_many(json!([item("A", "20"), item("B", "30.50"), item("C", "-20"), item("D", "5")]), 3,
    &["D: the batch holds 5.00, no receipt has this reference"])]
#[case::another_amount(json!([item("A", "20"), item("B", "30.05"), item("C", "-20")]), 2,
    &["B: the batch holds 30.05, the receipt ZH01/3/0/2 has 30.50"])]
#[case::the_same_amount_is_a_candidate_and_no_match(json!([item("A", "20"), item("X", "30.50"), item("C", "-20")]), 2,
    &["X: the batch holds 30.50, no receipt has this reference; it could be ZH01/3/0/2",
      "the receipt ZH01/3/0/2 has a card payment of 30.50 that the batch does not hold"])]
fn payments_are_matched_by_reference_and_amount(
    #[case] items: Value,
    #[case] matched: i64,
    #[case] expected: &[&str],
) {
    let (settled, wrong) = told(json!([]), items);
    assert_eq!(
        (settled.matched.0, wrong),
        (matched, expected.iter().map(|t| (*t).to_owned()).collect())
    );
    assert_eq!(
        (settled.fees.as_deref(), settled.payout_date.as_deref()),
        (Some("1.20"), Some("2026-11-02"))
    );
}

#[rstest]
#[case::equal(3, "30.50", &[])]
#[case::one_lacks(2, "0.00",
    &["the batch holds 2 card payments of 0.00, the receipts 3 of 30.50; it could be ZH01/3/0/2"])]
fn without_single_payments_counts_and_sums_are_compared(
    #[case] count: i64,
    #[case] amount: &str,
    #[case] expected: &[&str],
) {
    let (_, wrong) = told(json!([{ "count": count, "amount": amount }]), json!([]));
    assert_eq!(wrong, expected);
}

/// An outbox with one sale of 20.00 by card at 09:00, and a batch of these times.
fn checked(from_at: &str, to_at: &str) -> (Vec<Settled>, Vec<Difference>) {
    let dir = tempfile::tempdir().unwrap();
    let connection = crate::store::connection::open_writer(&dir.path().join("outbox.db")).unwrap();
    let batch = json!({ "body": { "terminal": "T1", "from_at": from_at, "to_at": to_at,
        "totals": [{ "count": 1, "amount": "20.00" }] } });
    let sale = json!({ "body": { "tenders": [{ "type": "card", "amount": "20.00", "card": { "terminal": "T1" } }] } });
    let at = crate::store::micros("2026-10-30T09:00:00+01:00".parse().unwrap());
    for (key, kind, body) in [("s", "settlement", batch), ("a", "sale", sale)] {
        connection
            .execute(
                "INSERT INTO documents (id, key, uid, kind, store, till, series, business_date, occurred_at, received_at, body,
                     content_hash, problems, state)
                 VALUES (?1, ?1, ?1, ?2, 'ZH01', '3', '0', '2026-10-30', ?3, ?3, ?4, x'00', '[]', 'delivered')",
                params![key, kind, at, body.to_string()],
            )
            .unwrap();
    }
    let question = Question {
        date: "2026-10-30".parse().unwrap(),
        currency: "CHF".to_owned(),
        tills: None,
        numbering: Default::default(),
        wrapping: Default::default(),
        now: "2026-10-31T00:00:00Z".parse().unwrap(),
    };
    check(&connection, &question).unwrap()
}

#[test]
fn a_batch_is_compared_with_the_payments_of_its_time() {
    let (settled, differences) = checked("2026-10-30T08:00:00+01:00", "2026-10-30T20:00:00+01:00");
    assert_eq!(settled[0].matched, (1, "20.00".to_owned()));
    assert_eq!(differences, []);
}

#[rstest]
#[case::the_end_of_all_times("2026-10-30T08:00:00+01:00", "9999-12-30T22:00:00Z")]
#[case::a_time_that_was_never_set("0001-01-01T00:00:00Z", "2026-10-30T20:00:00+01:00")]
#[case::longer_than_any_batch("2026-09-28T20:00:00+01:00", "2026-10-30T20:00:00+01:00")]
fn a_batch_of_impossible_times_is_named_and_not_compared(
    #[case] from_at: &str,
    #[case] to_at: &str,
) {
    let (settled, differences) = checked(from_at, to_at);
    assert_eq!(settled[0].matched.0, 0);
    let what: Vec<&str> = differences.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(what.len(), 1, "{what:?}");
    assert!(what[0].contains("more than 31 days"), "{what:?}");
}

#[test]
fn counts_beyond_all_numbers_wrap_nowhere() {
    let (settled, wrong) = told(
        json!([{ "count": i64::MAX, "amount": "1" }, { "count": 1, "amount": "1" }]),
        json!([]),
    );
    assert_eq!(settled.charged.0, i64::MAX);
    assert_eq!(wrong.len(), 1);
}
