//! What left the store and head office does not count yet.

use rstest::rstest;

use super::shop::*;
use crate::store::unsent::{self, Moved, Question};

/// Long before anything arrives, so that whatever was delivered is not in the figures.
const BEFORE: &str = "2026-10-30T00:00:00Z";
/// After everything was delivered.
const AFTER: &str = "2026-10-31T00:00:00Z";

fn question(taken_at: &str, after: i64) -> Question {
    Question {
        store: "ZH01".to_owned(),
        destinations: vec![ODOO.to_owned()],
        taken_at: at(taken_at),
        after,
    }
}

struct Found {
    moved: Vec<Moved>,
    up_to: i64,
}

fn look(shop: &Shop, taken_at: &str, after: i64) -> Found {
    let mut moved = Vec::new();
    let question = question(taken_at, after);
    let up_to = unsent::unsent(&shop.outbox, &question, |one| moved.push(one)).unwrap();
    Found { moved, up_to }
}

fn pieces(shop: &Shop, taken_at: &str) -> i64 {
    let moved = look(shop, taken_at, 0).moved;
    assert!(moved.iter().all(|moved| moved.sku.as_deref() == Some("A1")));
    moved
        .iter()
        .map(|moved| i64::try_from(moved.quantity).unwrap())
        .sum()
}

#[test]
fn sales_leave_the_store_returns_come_back_and_voids_undo_either() {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.take(sale(2));
    assert_eq!(pieces(&shop, AFTER), 2);
    shop.take(goods_back(3, json!({"sequence": 1})));
    assert_eq!(pieces(&shop, AFTER), 1);
    shop.take(void(4, json!({"sequence": 2})));
    assert_eq!(pieces(&shop, AFTER), 0);
    shop.take(void(5, json!({"sequence": 99})));
    shop.take(day_open(6, json!({})));
    shop.take(count("2026-10-30T18:00:00+01:00"));
    assert_eq!(
        pieces(&shop, AFTER),
        0,
        "what is not here and what moves nothing"
    );
}

#[test]
fn a_void_of_what_arrived_gives_its_goods_back() {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.drain(&accepted());
    assert_eq!(pieces(&shop, AFTER), 0);
    shop.take(void(2, json!({"sequence": 1})));
    assert_eq!(pieces(&shop, AFTER), -1);
}

#[test]
fn what_arrived_after_the_figures_were_taken_counts_and_before_it_does_not() {
    let shop = Shop::new();
    shop.take(sale(1));
    shop.drain(&accepted());
    assert_eq!((pieces(&shop, BEFORE), pieces(&shop, AFTER)), (1, 0));
}

#[test]
fn held_and_parked_sales_happened_and_withdrawn_ones_did_not() {
    let shop = Shop::new();
    let held = shop.take(odd_sale(1));
    shop.take(sale(2));
    shop.drain(&rejected(false));
    assert_eq!(pieces(&shop, AFTER), 2);
    shop.withdraw(&held.id);
    assert_eq!(pieces(&shop, AFTER), 1);
}

#[test]
fn a_look_goes_on_where_the_one_before_it_ended() {
    let shop = Shop::new();
    shop.take(sale(1));
    let first = look(&shop, AFTER, 0);
    shop.take(sale(2));
    let more = look(&shop, AFTER, first.up_to);
    let moved = Moved {
        sku: Some("A1".to_owned()),
        barcode: None,
        quantity: 1.into(),
    };
    assert_eq!(
        (first.moved, more.moved),
        (vec![moved.clone()], vec![moved])
    );
    assert_eq!(look(&shop, AFTER, more.up_to).moved, []);
}

#[rstest]
#[case("/body/lines/0/type", json!("prepayment"))]
#[case("/store", json!("BE07"))]
fn what_takes_nothing_off_this_stores_shelves_does_not_count(
    #[case] place: &str,
    #[case] value: Value,
) {
    let shop = Shop::new();
    shop.take(with(sale(1), place, value));
    assert_eq!(pieces(&shop, AFTER), 0);
}

#[test]
fn another_destinations_copy_does_not_count() {
    let mut shop = Shop::new();
    shop.routes = routes(&["files"]);
    shop.take(sale(1));
    assert_eq!(pieces(&shop, BEFORE), 0);
}
