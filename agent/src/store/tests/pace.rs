//! What the charts and the tills' table draw on.

use rust_decimal::Decimal;

use super::shop::*;
use crate::store::pace::{Flow, days, hours, sent_since, tills_of};

fn today() -> jiff::civil::Date {
    jiff::civil::date(2026, 10, 30)
}

#[test]
fn a_tills_day_counts_what_was_rung_up_and_what_has_gone() {
    let shop = Shop::new();
    shop.take(sale_of(1, "12.50"));
    shop.take(sale_of(2, "7.00"));
    shop.drain(&accepted());
    shop.take(void(3, json!({"sequence": 2})));
    shop.take(with(sale_of(4, "1.00"), "/till", "5"));
    let odd = shop.take(odd_sale(5));
    shop.withdraw(&odd.id);
    let tills = tills_of(&shop.outbox, today(), "CHF").unwrap();
    let seen: Vec<_> = tills
        .iter()
        .map(|one| (one.till.as_str(), one.rung_up, one.amount, one.sent))
        .collect();
    let cents = |cents| Decimal::new(cents, 2);
    assert_eq!(seen, [("3", 3, cents(1250), 2), ("5", 1, cents(100), 0)]);
    assert_eq!(
        tills_of(&shop.outbox, today().tomorrow().unwrap(), "CHF").unwrap(),
        []
    );
}

#[test]
fn hours_and_days_count_what_came_and_what_went() {
    let shop = Shop::new();
    for number in 1..=3 {
        shop.take(sale(number));
    }
    shop.drain(&accepted());
    shop.take(sale(4));
    let odoo = [ODOO.to_owned()];
    let from = evening() - hours_of(1);
    let flows = hours(&shop.outbox, &odoo, from, 3).unwrap();
    assert_eq!(
        flows.iter().map(|flow| flow.received).collect::<Vec<_>>(),
        [0, 4, 0]
    );
    assert_eq!(flows.iter().map(|flow| flow.sent).sum::<i64>(), 3);
    assert_eq!(sent_since(&shop.outbox, &odoo, from).unwrap(), 3);
    assert_eq!(
        sent_since(&shop.outbox, &odoo, evening() + hours_of(9)).unwrap(),
        0
    );
    let days = days(&shop.outbox, today()).unwrap();
    assert_eq!(
        days["2026-10-30"],
        Flow {
            received: 4,
            sent: 3
        }
    );
}

fn hours_of(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}
