//! What the money that is on its way comes to.

use rust_decimal::Decimal;

use super::shop::*;
use crate::store::figures::{Question, figures};

fn waiting_value(shop: &Shop) -> Decimal {
    let question = Question {
        currency: "CHF".to_owned(),
        day_began_at: evening(),
        destinations: vec![ODOO.to_owned()],
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
