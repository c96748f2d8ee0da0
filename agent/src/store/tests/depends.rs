//! What waits for what.

use rstest::rstest;
use tillpost_shared::key;

use super::shop::*;

#[rstest]
#[case::by_number(json!({"sequence": 1}))]
#[case::by_uid(json!({"uid": key::uid("ZH01/3/0/1").to_string()}))]
#[case::by_printed_number(json!({"receipt_number": "3-0001"}))]
fn a_return_and_a_void_go_after_their_sale_has_arrived(#[case] of: Value) {
    let shop = Shop::new();
    shop.take(with(sale(1), "/receipt_number", "3-0001"));
    shop.take(goods_back(2, of.clone()));
    shop.take(sale(3));
    assert_eq!(shop.claim(9), ["1", "3"]);
    shop.answer(&accepted());
    assert_eq!(shop.claim(9), ["2"]);
    shop.answer(&accepted());
    shop.take(void(4, of));
    assert!(
        shop.claim(9).is_empty(),
        "a sale with returns: the void is held"
    );
    let shop = Shop::new();
    shop.take(with(sale(1), "/receipt_number", "3-0001"));
    shop.take(void(2, json!({"receipt_number": "3-0001"})));
    assert_eq!(shop.claim(9), ["1"]);
}

#[test]
fn a_parked_sale_stops_its_return_and_nobody_else() {
    let shop = Shop::new();
    let sold = shop.take(sale(1));
    shop.take(goods_back(2, json!({"sequence": 1})));
    shop.take(sale(3));
    shop.claim(1);
    shop.answer(&rejected(false));
    assert_eq!(shop.drain(&accepted()), ["3"]);
    shop.withdraw(&sold.id);
    assert_eq!(
        shop.drain(&accepted()),
        ["2"],
        "what is withdrawn is waited for no longer"
    );
}

#[test]
fn a_return_of_what_was_never_here_goes() {
    let shop = Shop::new();
    shop.take(goods_back(2, json!({"sequence": 1, "till": "9"})));
    shop.take(goods_back(3, json!({"sequence": 1, "store": "BE01"})));
    shop.take(goods_back(4, Value::Null));
    assert_eq!(shop.claim(9), ["2", "3", "4"]);
}

#[test]
fn an_exchange_waits_like_a_return_and_a_return_may_come_before_its_sale() {
    let shop = Shop::new();
    shop.take(goods_back(2, json!({"sequence": 3})));
    shop.take(sale(3));
    assert_eq!(shop.drain(&accepted()), ["3", "2"]);
    let exchange = with(goods_back(5, json!({"sequence": 4})), "/kind", "sale");
    shop.take(sale(4));
    shop.take(exchange);
    assert_eq!(shop.claim(9), ["4"]);
}

#[test]
fn what_refers_to_itself_or_in_a_circle_waits_for_nobody_for_ever() {
    let shop = Shop::new();
    shop.take(goods_back(1, json!({"sequence": 1})));
    shop.take(goods_back(2, json!({"sequence": 3})));
    shop.take(goods_back(3, json!({"sequence": 2})));
    assert_eq!(shop.drain(&accepted()), ["1", "2", "3"]);
}

#[test]
fn a_count_waits_for_goods_that_moved_before_its_cut_off() {
    let shop = Shop::new();
    // Counted in the morning, written in the evening: the sales of the day are after it.
    shop.take(count("2026-10-30T06:00:00+01:00"));
    shop.take(sale(1));
    assert_eq!(shop.claim(1), ["C1"]);
    let shop = Shop::new();
    shop.take(count("2026-10-30T17:30:00+01:00"));
    shop.take(sale(1));
    shop.take(with(sale(2), "/occurred_at", "2026-10-30T17:31:00+01:00"));
    assert_eq!(shop.claim(1), ["1"]);
    shop.answer(&accepted());
    assert_eq!(shop.claim(9), ["C1", "2"]);
}

#[test]
fn a_close_goes_with_the_batch_after_its_days_last_sale() {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.take(sale(2));
    shop.take(day_close(3));
    shop.take(with(sale(1), "/till", "4"));
    assert_eq!(shop.claim(9), ["1", "2", "1"]);
    shop.answer(&accepted());
    let batch = shop.claim_as(9, Unanswered::NeverArrived, evening());
    assert_eq!(
        (numbers(&batch), &batch.deliveries[0].missing),
        (vec!["3".to_owned()], &Vec::new())
    );
}

/// A day of which one sale was refused, and its close.
fn day_with_a_parked_sale() -> Shop {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.claim(1);
    shop.answer(&rejected(false));
    shop.take(day_close(3));
    assert!(shop.claim(9).is_empty());
    shop
}

#[test]
fn a_close_waits_twelve_hours_for_what_is_missing_and_then_names_it() {
    let shop = day_with_a_parked_sale();
    assert!(
        shop.claim_at(9, evening() + hours(12) - SignedDuration::from_secs(1))
            .is_empty()
    );
    let batch = shop.claim_as(9, Unanswered::NeverArrived, evening() + hours(12));
    assert_eq!(batch.deliveries[0].missing, ["ZH01/3/0/1"]);
}

#[rstest]
#[case::day_open(day_open(4, json!({})), true)]
#[case::first_sale(with(sale(4), "/business_date", "2026-10-31"), true)]
#[case::another_till(
    with(with(sale(4), "/business_date", "2026-10-31"), "/till", "4"),
    false
)]
#[case::late_sale_of_the_day(sale(4), false)]
fn a_close_waits_until_its_tills_next_day_begins(#[case] next: Value, #[case] begins: bool) {
    let shop = day_with_a_parked_sale();
    shop.take(next);
    let gone = shop.claim(9);
    assert_eq!(gone.contains(&"3".to_owned()), begins, "{gone:?}");
}

#[test]
fn a_close_does_not_wait_for_the_close_of_an_earlier_day() {
    let shop = Shop::new();
    shop.take(with(day_close(1), "/business_date", "2026-10-29"));
    assert_eq!(shop.claim(9), ["1"]);
    shop.answer(&rejected(true));
    shop.take(day_close(2));
    assert_eq!(shop.claim(9), ["2"]);
}

#[test]
fn late_closes_after_an_outage_do_not_go_before_what_is_still_in_the_queue() {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.take(sale(2));
    shop.take(day_close(3));
    let week_later = evening() + hours(7 * 24);
    assert_eq!(shop.claim_at(9, week_later), ["1", "2"]);
    shop.answer_at(&accepted(), week_later);
    let batch = shop.claim_as(9, Unanswered::NeverArrived, week_later);
    assert_eq!(
        (numbers(&batch), &batch.deliveries[0].missing),
        (vec!["3".to_owned()], &Vec::new())
    );
}

#[test]
fn a_crowd_that_must_wait_hides_nothing_behind_it() {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.claim(1);
    shop.answer(&rejected(false));
    let back = (0..2_100)
        .map(|n| arrival(goods_back(100 + n, json!({"sequence": 1}))))
        .collect();
    accept(&shop.outbox, back, &shop.routes, "till 3", evening()).unwrap();
    shop.take(sale(9_000));
    let mut looks = 0;
    let gone = loop {
        assert!(lane::any_due(&shop.outbox, ODOO, evening(), None).unwrap());
        looks += 1;
        let batch = shop.claim_as(20, Unanswered::NeverArrived, evening());
        if !batch.deliveries.is_empty() {
            break numbers(&batch);
        }
        assert!(batch.set_aside && looks < 5);
    };
    assert_eq!(gone, ["9000"]);
    shop.answer(&accepted());
    assert!(shop.claim(20).is_empty());
    let later = evening() + SignedDuration::from_mins(1);
    assert!(
        lane::any_due(&shop.outbox, ODOO, later, None).unwrap(),
        "they are looked at again"
    );
}
