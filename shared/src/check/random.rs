//! Sales of any size: what adds up has no problem, what does not is told by how far it is off.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::sample::{changed, problems, sale, with};

/// A price, how many (of either sign), and a discount of a piece, all in cents.
fn goods() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
    prop::collection::vec(
        (
            1_i64..100_000,
            prop_oneof![-5_i64..0, 1_i64..20],
            0_i64..100,
        ),
        1..12,
    )
}

fn money(cents: i64) -> String {
    Decimal::new(cents, 2).to_string()
}

/// The sale of these lines, and what it comes to.
fn rung_up(goods: &[(i64, i64, i64)]) -> (Value, i64) {
    let (mut lines, mut sum) = (Vec::new(), 0);
    for (number, (price, quantity, discount)) in (1..).zip(goods) {
        let discount = discount.min(price) * quantity;
        let total = price * quantity - discount;
        sum += total;
        lines.push(
            json!({"line": number, "type": "service", "product": {}, "total": money(total),
            "quantity": quantity.to_string(), "unit_price": money(*price),
            "discounts": [{"amount": money(discount)}]}),
        );
    }
    (with(sale(), "/body/lines", lines), sum)
}

proptest! {
    #[test]
    fn a_sale_that_adds_up_has_no_problem(goods in goods(), given in 0_i64..50_000, rounding in -2_i64..=2) {
        let (document, sum) = rung_up(&goods);
        let owed = sum + rounding;
        let document = changed(document, &[
            ("/body/total", json!(money(sum))),
            ("/body/cash_rounding", json!(money(rounding))),
            ("/body/tenders/0/amount", json!(money(owed + given))),
            ("/body/change", json!(money(given))),
        ]);
        prop_assert_eq!(problems(document), Vec::<String>::new());
    }

    #[test]
    fn how_far_the_total_is_off_decides(goods in goods(), off in -12_i64..=12) {
        let (document, sum) = rung_up(&goods);
        let document = changed(document, &[
            ("/body/total", json!(money(sum + off))),
            ("/body/tenders/0/amount", json!(money(sum + off))),
        ]);
        let tolerance = i64::try_from(goods.len().div_ceil(2)).unwrap();
        let expected = match off.abs() {
            0 => vec![],
            off if off <= tolerance => vec!["flag total_mismatch body.total"],
            _ => vec!["held total_mismatch body.total"],
        };
        prop_assert_eq!(problems(document), expected);
    }

    #[test]
    fn whatever_is_paid_beyond_or_below_is_held(goods in goods(), off in prop_oneof![-500_i64..0, 1_i64..500]) {
        let (document, sum) = rung_up(&goods);
        let document = changed(document, &[
            ("/body/total", json!(money(sum))),
            ("/body/tenders/0/amount", json!(money(sum + off))),
        ]);
        prop_assert_eq!(problems(document), vec!["held tender_mismatch body.tenders"]);
    }
}
