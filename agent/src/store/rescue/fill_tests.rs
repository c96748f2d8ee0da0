//! Which texts are what was handed in.

use serde_json::json;

use super::*;
use crate::store::tests::shop::{Shop, sale, with};

/// How many of these documents a look at the texts finds damaged.
fn damaged(documents: Vec<serde_json::Value>, harm: &str) -> i64 {
    let shop = Shop::new();
    for document in documents {
        shop.take(document);
    }
    shop.outbox.execute_batch(harm).unwrap();
    look_at_texts(&shop.outbox).unwrap()
}

#[test]
fn a_day_that_the_till_named_is_no_damage_and_another_text_is() {
    let named = |sequence, date: &str| {
        let mut document = sale(sequence);
        document["business_date"] = json!(date);
        document
    };
    // The sale's own day by its time is the 30th.
    let sound = || {
        vec![
            sale(1),
            named(2, "2026-10-30"),
            named(3, "2026-10-29"),
            named(4, "2026-10-31"),
        ]
    };
    assert_eq!(damaged(sound(), ""), 0);
    let harm = "UPDATE documents SET body = replace(body, '10.00', '10.01') WHERE seq IN (1, 3)";
    assert_eq!(damaged(sound(), harm), 2);
    let odd = with(sale(5), "/body/total", "11.00");
    assert_eq!(
        damaged(vec![odd], ""),
        0,
        "what was held as it came is as it came"
    );
}
