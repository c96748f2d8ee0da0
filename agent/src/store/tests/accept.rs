//! New, duplicate or conflict.

use rstest::rstest;
use tillpost_shared::key;
use tillpost_shared::problem::Code;

use super::shop::*;
use crate::store::accept::Outcome;

fn first_code(accepted: &Accepted) -> Option<Code> {
    accepted.problems.first().map(|problem| problem.code)
}

#[test]
fn a_new_document_waits_under_its_natural_key() {
    let shop = Shop::new();
    let taken = shop.take(sale(7));
    assert_eq!(
        (taken.key.as_str(), taken.outcome),
        ("ZH01/3/0/7", Outcome::Accepted)
    );
    assert_eq!(taken.uid, key::uid("ZH01/3/0/7"));
    assert_eq!(shop.state(&taken.id), State::Waiting);
}

#[test]
fn the_same_content_again_is_a_duplicate_with_the_first_ones_id() {
    let shop = Shop::new();
    let first = shop.take(sale(7));
    let again = shop.take(with(sale(7), "/body/total", "10.0000"));
    assert_eq!(again.outcome, Outcome::Duplicate(State::Waiting));
    assert_eq!((again.id, again.key), (first.id.clone(), first.key));
    shop.drain(&accepted());
    assert_eq!(
        shop.take(sale(7)).outcome,
        Outcome::Duplicate(State::Delivered)
    );
    assert_eq!(shop.view(&first.id).history.len(), 2);
}

#[test]
fn other_content_under_the_same_key_is_held_under_a_key_of_its_own() {
    let shop = Shop::new();
    let first = shop.take(sale(7));
    let second = shop.take(sale_of(7, "11.00"));
    assert_eq!(
        (second.key.as_str(), second.outcome),
        ("ZH01/3/0/7~2", Outcome::Held)
    );
    assert_eq!(second.uid, key::uid("ZH01/3/0/7~2"));
    assert_eq!(first_code(&second), Some(Code::KeyConflict));
    assert!(second.problems[0].message.contains(&first.id));
    assert_eq!(shop.take(sale_of(7, "12.00")).key, "ZH01/3/0/7~3");
    let again = shop.take(sale_of(7, "11.00"));
    assert_eq!(
        (again.id, again.outcome),
        (second.id, Outcome::Duplicate(State::Held))
    );
    assert_eq!(shop.drain(&accepted()), ["7"]);
}

#[test]
fn two_contents_of_one_request_are_the_first_and_its_conflict() {
    let shop = Shop::new();
    let both = vec![arrival(sale(7)), arrival(sale_of(7, "11.00"))];
    let taken = accept(&shop.outbox, both, &shop.routes, "till 3", evening()).unwrap();
    let keys: Vec<_> = taken.iter().map(|taken| taken.key.as_str()).collect();
    assert_eq!(keys, ["ZH01/3/0/7", "ZH01/3/0/7~2"]);
}

#[rstest]
#[case::after_the_first(true)]
#[case::before_the_first(false)]
fn a_document_keeps_the_conflict_key_it_came_with(#[case] first_comes_first: bool) {
    let shop = Shop::new();
    let exported = with(sale_of(7, "11.00"), "/key", "ZH01/3/0/7~4");
    if first_comes_first {
        shop.take(sale(7));
        let conflict = shop.take(exported);
        assert_eq!(
            (conflict.key.as_str(), conflict.outcome),
            ("ZH01/3/0/7~4", Outcome::Held)
        );
        return;
    }
    assert_eq!(shop.take(exported).key, "ZH01/3/0/7~4");
    let first = shop.take(sale(7));
    assert_eq!(
        (first.key.as_str(), first.outcome),
        ("ZH01/3/0/7", Outcome::Accepted)
    );
    let plain = shop.take(sale_of(7, "11.00"));
    assert_eq!(plain.key, "ZH01/3/0/7~4");
    assert!(matches!(plain.outcome, Outcome::Duplicate(_)));
}

#[test]
fn a_conflict_key_that_another_content_has_is_not_given_twice() {
    let shop = Shop::new();
    shop.take(sale(7));
    let second = shop.take(sale_of(7, "11.00"));
    let claims_it = shop.take(with(sale_of(7, "12.00"), "/key", "ZH01/3/0/7~2"));
    assert_eq!(
        (claims_it.key.as_str(), claims_it.outcome),
        ("ZH01/3/0/7~3", Outcome::Held)
    );
    assert_eq!(shop.view(&second.id).key, "ZH01/3/0/7~2");
}

#[test]
fn a_printed_number_that_looks_like_a_conflict_key_harms_nobody() {
    let printed = |number: &str, amount: &str| {
        let mut sale = with(sale_of(1, amount), "/receipt_number", number);
        sale.as_object_mut().unwrap().shift_remove("sequence");
        sale
    };
    let shop = Shop::new();
    shop.take(printed("A", "10.00"));
    assert_eq!(shop.take(printed("A", "11.00")).key, "ZH01/3/0/r:A~2");
    let looks_like_it = shop.take(printed("A~2", "12.00"));
    assert_eq!(
        (looks_like_it.key.as_str(), looks_like_it.outcome),
        ("ZH01/3/0/r:A~2~2", Outcome::Held)
    );
    let shop = Shop::new();
    assert_eq!(
        shop.take(printed("A~2", "12.00")).outcome,
        Outcome::Accepted
    );
    shop.take(printed("A", "10.00"));
    assert_eq!(shop.take(printed("A", "11.00")).key, "ZH01/3/0/r:A~3");
}

#[test]
fn withdrawn_before_it_was_sent_it_gives_its_key_to_the_corrected_one() {
    let shop = Shop::new();
    let wrong = shop.take(odd_sale(7));
    assert_eq!(shop.withdraw(&wrong.id), Done::Done);
    let right = shop.take(sale(7));
    assert_eq!(
        (right.key.as_str(), right.outcome),
        ("ZH01/3/0/7", Outcome::Accepted)
    );
    let wrong_again = shop.take(odd_sale(7));
    assert_eq!(
        (wrong_again.id, wrong_again.outcome),
        (wrong.id, Outcome::Duplicate(State::Withdrawn))
    );
    let third = shop.take(sale_of(7, "11.00"));
    assert_eq!(
        (third.key.as_str(), third.outcome),
        ("ZH01/3/0/7~2", Outcome::Held)
    );
}

#[test]
fn withdrawn_after_it_was_sent_it_keeps_its_key() {
    let shop = Shop::new();
    let wrong = shop.take(sale(7));
    shop.claim(1);
    shop.answer(&rejected(true));
    assert_eq!(shop.withdraw(&wrong.id), Done::Done);
    assert_eq!(shop.take(sale_of(7, "11.00")).key, "ZH01/3/0/7~2");
}

#[test]
fn a_kind_without_a_destination_is_delivered_and_a_held_one_when_it_is_released() {
    let mut shop = Shop::new();
    shop.routes.0[0].kinds = Some(vec![tillpost_shared::document::Kind::Return]);
    let plain = shop.take(sale(7));
    assert_eq!(
        (plain.outcome, shop.state(&plain.id)),
        (Outcome::Accepted, State::Delivered)
    );
    assert!(shop.view(&plain.id).deliveries.is_empty());
    let odd = shop.take(odd_sale(8));
    assert_eq!(shop.state(&odd.id), State::Held);
    assert_eq!(shop.act(&odd.id, &Action::Release), Done::Done);
    assert_eq!(shop.state(&odd.id), State::Delivered);
}

#[test]
fn a_void_of_what_was_voided_or_given_back_is_held() {
    let shop = Shop::new();
    for number in [1, 2, 3] {
        shop.take(sale(number));
    }
    assert_eq!(
        shop.take(void(11, json!({"sequence": 1}))).outcome,
        Outcome::Accepted
    );
    let second = shop.take(void(12, json!({"uid": key::uid("ZH01/3/0/1").to_string()})));
    assert_eq!(
        (second.outcome, first_code(&second)),
        (Outcome::Held, Some(Code::AlreadyReversed))
    );
    let back = shop.take(goods_back(13, json!({"sequence": 2, "line": 1})));
    assert_eq!(
        shop.take(void(14, json!({"sequence": 2}))).outcome,
        Outcome::Held
    );
    shop.withdraw(&back.id);
    assert_eq!(
        shop.take(void(15, json!({"sequence": 3}))).outcome,
        Outcome::Accepted
    );
}

#[test]
fn a_document_of_a_later_schema_is_kept_and_held() {
    let shop = Shop::new();
    let newer = shop.take(with(with(sale(7), "/schema", 2), "/body/feature", "x"));
    assert_eq!(
        (newer.outcome, first_code(&newer)),
        (Outcome::Held, Some(Code::SchemaNewer))
    );
    assert_eq!(shop.view(&newer.id).document["body"]["feature"], "x");
}
