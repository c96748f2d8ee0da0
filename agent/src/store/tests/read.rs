//! What the outbox tells.

use rstest::rstest;

use super::shop::*;
use crate::store::read::{Filter, money_text};

fn keys(shop: &Shop, filter: &Filter) -> (Vec<String>, Option<i64>) {
    let page = read::documents(&shop.outbox, filter).unwrap();
    let keys = page.documents.into_iter().map(|row| row.key).collect();
    (keys, page.next.map(|next| next.parse().unwrap()))
}

#[test]
fn pages_begin_with_the_newest_and_end_with_the_oldest() {
    let shop = Shop::new();
    for number in 1..=5 {
        shop.take(sale(number));
    }
    let mut filter = Filter {
        limit: 2,
        ..Filter::default()
    };
    let mut pages = Vec::new();
    loop {
        let (page, next) = keys(&shop, &filter);
        pages.push(page);
        filter.after = next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(
        pages,
        [
            vec!["ZH01/3/0/5", "ZH01/3/0/4"],
            vec!["ZH01/3/0/3", "ZH01/3/0/2"],
            vec!["ZH01/3/0/1"]
        ]
    );
}

#[rstest]
#[case(Filter { state: Some("held".into()), ..Filter::default() }, &["ZH01/3/0/2"])]
#[case(Filter { state: Some("waiting".into()), ..Filter::default() }, &["ZH01/4/0/3", "ZH01/3/0/1"])]
#[case(Filter { state: Some("nonsense".into()), ..Filter::default() }, &[])]
#[case(Filter { kind: Some("return".into()), ..Filter::default() }, &[])]
#[case(Filter { tills: Some(vec!["4".into(), "9".into()]), ..Filter::default() }, &["ZH01/4/0/3"])]
#[case(Filter { tills: Some(Vec::new()), ..Filter::default() }, &[])]
#[case(Filter { date: Some("2026-10-29".into()), ..Filter::default() }, &["ZH01/4/0/3"])]
fn a_filter_shows_what_fits(#[case] filter: Filter, #[case] wanted: &[&str]) {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.take(odd_sale(2));
    shop.take(with(
        with(sale(3), "/till", "4"),
        "/business_date",
        "2026-10-29",
    ));
    let (found, next) = keys(
        &shop,
        &Filter {
            limit: 10,
            ..filter
        },
    );
    assert_eq!(
        (found, next),
        (wanted.iter().map(|key| (*key).to_owned()).collect(), None)
    );
}

#[test]
fn a_receipt_says_what_of_it_came_back_queued_returns_too() {
    let shop = Shop::new();
    shop.take(with(sale(1), "/receipt_number", "3-0001"));
    shop.take(goods_back(
        2,
        json!({"receipt_number": "3-0001", "line": 1}),
    ));
    let withdrawn = shop.take(goods_back(3, json!({"sequence": 1, "line": 1})));
    shop.withdraw(&withdrawn.id);
    let receipts = read::receipts(&shop.outbox, "3-0001", None, None).unwrap();
    assert_eq!(receipts.len(), 1);
    let returned = &receipts[0].returned;
    assert_eq!(returned.len(), 1);
    assert_eq!(
        (returned[0].line, returned[0].quantity.as_str()),
        (Some(1), "1")
    );
    assert_eq!(returned[0].by, ["ZH01/3/0/2"]);
    assert!(
        read::receipts(&shop.outbox, "1", None, None)
            .unwrap()
            .is_empty(),
        "it prints another number"
    );
    assert!(
        read::receipts(&shop.outbox, "3-0001", Some("4"), None)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn of_a_receipt_that_was_undone_everything_came_back() {
    let shop = Shop::new();
    shop.take(sale(1));
    let undone = shop.take(void(2, json!({"sequence": 1})));
    let returned = || {
        let receipts = read::receipts(&shop.outbox, "1", None, None).unwrap();
        let returned = receipts[0].returned.iter();
        let row = |row: &read::Returned| (row.line, row.quantity.clone(), row.by.clone());
        returned.map(row).collect::<Vec<_>>()
    };
    let by = vec![undone.key.clone()];
    assert_eq!(returned(), [(Some(1), "1".to_owned(), by)]);
    shop.withdraw(&undone.id);
    assert_eq!(returned(), []);
}

#[test]
fn a_receipt_that_was_sent_and_withdrawn_is_no_receipt() {
    let shop = Shop::new();
    let sent = shop.take(sale(1));
    shop.drain(&rejected(true));
    shop.withdraw(&sent.id);
    assert_eq!(shop.state(&sent.id), State::Withdrawn);
    assert!(
        read::receipts(&shop.outbox, "1", None, None)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_receipt_that_gave_up_its_key_is_shown_no_more() {
    let shop = Shop::new();
    let wrong = shop.take(odd_sale(1));
    shop.withdraw(&wrong.id);
    assert!(
        read::receipts(&shop.outbox, "1", None, None)
            .unwrap()
            .is_empty()
    );
    shop.take(sale(1));
    assert_eq!(
        read::receipts(&shop.outbox, "1", None, None).unwrap().len(),
        1
    );
}

#[rstest]
#[case(10_000_000, "10.00")]
#[case(-50_000, "-0.05")]
#[case(1_234_500, "1.2345")]
#[case(0, "0.00")]
fn money_has_two_digits_and_more_where_there_are_more(#[case] amount: i64, #[case] text: &str) {
    assert_eq!(money_text(amount), text);
}
