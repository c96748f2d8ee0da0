//! What the money that is on its way comes to.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::shop::*;
use crate::store::figures::{Question, figures};
use crate::store::windows::Windows;

fn waiting_value(shop: &Shop) -> Decimal {
    let question = Question {
        currency: "CHF".to_owned(),
        day_began_at: evening(),
        destinations: vec![ODOO.to_owned()],
        stays: false,
        windows: Windows::new(),
        now: evening(),
    };
    figures(&shop.outbox, &question).unwrap().waiting_value
}

#[test]
fn sales_and_returns_count_by_their_totals() {
    let shop = Shop::new();
    shop.take(sale_of(1, "12.50"));
    shop.take(goods_back(2, json!({"sequence": 1})));
    shop.take(with(sale_of(3, "99.00"), "/currency", "EUR"));
    assert_eq!(waiting_value(&shop), Decimal::new(250, 2));
}

#[test]
fn a_sale_that_waits_with_its_void_comes_to_nothing() {
    let shop = Shop::new();
    shop.take(sale_of(1, "12.50"));
    shop.take(sale_of(2, "7.00"));
    shop.take(void(3, json!({"sequence": 1})));
    assert_eq!(waiting_value(&shop), Decimal::from(7));
}

#[test]
fn the_void_of_a_sale_that_arrived_is_what_head_office_has_too_much() {
    let shop = Shop::new();
    shop.take(sale_of(1, "12.50"));
    shop.drain(&accepted());
    shop.take(sale_of(2, "7.00"));
    shop.take(void(3, json!({"sequence": 1})));
    assert_eq!(waiting_value(&shop), Decimal::new(-550, 2));
}

#[test]
fn a_void_of_what_is_not_here_comes_to_nothing() {
    let shop = Shop::new();
    let held = shop.take(odd_sale(1));
    shop.withdraw(&held.id);
    shop.take(void(2, json!({"sequence": 1})));
    // Withdrawn after it was sent, it keeps its key.
    let sent = shop.take(sale(3));
    shop.drain(&rejected(true));
    shop.withdraw(&sent.id);
    shop.take(void(4, json!({"sequence": 3})));
    shop.take(void(5, json!({"sequence": 99})));
    assert_eq!(waiting_value(&shop), Decimal::ZERO);
}

#[test]
fn todays_documents_are_counted_from_the_days_beginning() {
    let shop = Shop::new();
    for n in 1..=5 {
        shop.take(sale(n));
    }
    let count = |began: Timestamp, stays| {
        let question = Question {
            currency: "CHF".to_owned(),
            day_began_at: began,
            destinations: vec![ODOO.to_owned()],
            stays,
            windows: Windows::new(),
            now: evening(),
        };
        let figures = figures(&shop.outbox, &question).unwrap();
        (figures.accepted_today, figures.delivered_today)
    };
    // Two were stored the day before.
    let earlier = "UPDATE documents SET received_at = received_at - 86400000000 WHERE seq <= 2";
    shop.outbox.execute(earlier, []).unwrap();
    assert_eq!(count(evening(), false), (3, 0));
    assert_eq!(count(evening() - hours(24), false), (5, 0));
    assert_eq!(count(evening() + hours(1), false), (0, 0));
    assert_eq!(count(evening() - hours(48), false), (5, 0));
    // One of today's, and one of yesterday's, had nowhere to go.
    let alone = "DELETE FROM deliveries WHERE seq IN (1, 4)";
    let arrived = "UPDATE documents SET state = 'delivered' WHERE seq IN (1, 4)";
    shop.outbox
        .execute_batch("DROP TRIGGER deliveries_kept")
        .unwrap();
    for change in [alone, arrived] {
        shop.outbox.execute(change, []).unwrap();
    }
    assert_eq!(count(evening(), true), (3, 1));
}

#[test]
fn totals_of_the_largest_size_are_summed_up_and_stop_no_figures() {
    let shop = Shop::new();
    let largest = "999999999999.99";
    for sequence in 1..=12 {
        shop.take(sale_of(sequence, largest));
    }
    let expected = "11999999999999.88";
    let question = Question {
        currency: "CHF".to_owned(),
        destinations: vec![ODOO.to_owned()],
        day_began_at: evening(),
        stays: false,
        windows: Windows::new(),
        now: evening(),
    };
    let counted = figures(&shop.outbox, &question).unwrap();
    assert_eq!(counted.waiting_value.to_string(), expected);
    let date = jiff::civil::date(2026, 10, 30);
    let tills = crate::store::pace::tills_of(&shop.outbox, date, "CHF").unwrap();
    assert_eq!(tills[0].amount.to_string(), expected);
}
