//! Documents of a later schema, and the update that can read them.

use tillpost_shared::document::SCHEMA;
use tillpost_shared::problem::Code as ProblemCode;

use super::shop::*;
use crate::store::history;
use crate::store::reread::{Reread, reread};

/// The sale as a till of the next schema sends it.
fn newer(document: Value) -> Value {
    with(document, "/schema", SCHEMA + 1)
}

/// What a program that reads the next schema does at its start.
fn updated(shop: &Shop) -> Reread {
    let terms = Terms {
        schema: SCHEMA + 1,
        ..terms()
    };
    reread(&shop.outbox, 0, &terms, evening() + hours(1)).unwrap()
}

fn codes(view: &DocumentView) -> Vec<ProblemCode> {
    view.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn what_reads_after_an_update_goes_on_its_way() {
    let shop = Shop::new();
    let taken = shop.take(newer(sale_of(1, "12.50")));
    let nothing = reread(&shop.outbox, 0, &terms(), evening()).unwrap();
    assert_eq!(
        nothing,
        Reread {
            read: 0,
            next: None
        }
    );
    assert_eq!(
        shop.state(&taken.id),
        State::Held,
        "without an update it stays"
    );
    assert_eq!(
        updated(&shop),
        Reread {
            read: 1,
            next: None
        }
    );
    let view = shop.view(&taken.id);
    assert_eq!((view.state, codes(&view)), (State::Waiting, vec![]));
    assert_eq!(view.deliveries[0].state, State::Waiting);
    let last = view.history.last().unwrap();
    assert_eq!(
        (last.who.as_str(), last.what.as_str()),
        ("tillpost", "read again after an update, waiting")
    );
    let page = read::documents(
        &shop.outbox,
        &read::Filter {
            limit: 1,
            ..read::Filter::default()
        },
    );
    assert_eq!(page.unwrap().documents[0].total.as_deref(), Some("12.50"));
    assert_eq!(shop.view(&taken.id).key, taken.key);
    assert_eq!(updated(&shop).read, 0, "once is enough");
    assert!(matches!(
        history::verify(&shop.outbox),
        Ok(history::Chain::Whole(_))
    ));
}

#[test]
fn its_other_problems_hold_it_as_they_would_have() {
    let shop = Shop::new();
    let odd = shop.take(newer(odd_sale(1)));
    updated(&shop);
    let view = shop.view(&odd.id);
    assert_eq!(
        (view.state, codes(&view)),
        (State::Held, vec![ProblemCode::TenderMismatch])
    );
    let last = view.history.last().unwrap();
    assert_eq!(last.what, "read again after an update, held");
    shop.act(&odd.id, &Action::Release);
    assert_eq!(shop.state(&odd.id), State::Waiting);
}

#[test]
fn what_was_found_then_and_cannot_be_seen_now_still_holds_it() {
    let shop = Shop::new();
    let claimed = with(
        newer(sale(1)),
        "/uid",
        "00000000-0000-5000-8000-000000000000",
    );
    let claimed = shop.take(claimed);
    updated(&shop);
    let view = shop.view(&claimed.id);
    assert_eq!(
        (view.state, codes(&view)),
        (State::Held, vec![ProblemCode::KeyMismatch])
    );
}

#[test]
fn what_cannot_be_read_yet_stays_as_it_is() {
    let shop = Shop::new();
    let unknown = shop.take(with(newer(sale(1)), "/body/feature", "x"));
    let later = shop.take(with(sale(2), "/schema", SCHEMA + 2));
    assert_eq!(updated(&shop).read, 0);
    for id in [&unknown.id, &later.id] {
        let view = shop.view(id);
        assert_eq!(
            (view.state, codes(&view)),
            (State::Held, vec![ProblemCode::SchemaNewer])
        );
        assert_eq!(view.history.len(), 1);
    }
    assert_eq!(shop.view(&unknown.id).document["body"]["feature"], "x");
}

#[test]
fn sent_again_after_the_update_it_is_its_own_duplicate() {
    let shop = Shop::new();
    let first = shop.take(newer(sale(1)));
    updated(&shop);
    let again = shop.take(sale(1));
    assert_eq!((again.id, again.key), (first.id, first.key));
}

#[test]
fn what_went_in_an_older_schema_meanwhile_does_not_go_again() {
    let shop = Shop::new();
    let first = shop.take(newer(sale(1)));
    let again = shop.take(sale(1));
    assert_eq!(again.key, "ZH01/3/0/1~2");
    shop.act(&again.id, &Action::Release);
    updated(&shop);
    let view = shop.view(&first.id);
    assert_eq!(
        (view.state, codes(&view)),
        (State::Held, vec![ProblemCode::KeyConflict])
    );
}

#[test]
fn a_return_waits_for_its_sale_and_a_second_void_is_held() {
    let shop = Shop::new();
    shop.take(sale(1));
    let back = shop.take(newer(goods_back(2, json!({"sequence": 1}))));
    let twice = shop.take(newer(void(3, json!({"sequence": 1}))));
    updated(&shop);
    assert_eq!(shop.state(&back.id), State::Waiting);
    assert_eq!(shop.claim(5), ["1"], "the return waits");
    let view = shop.view(&twice.id);
    assert_eq!(
        (view.state, codes(&view)),
        (State::Held, vec![ProblemCode::AlreadyReversed])
    );
}

#[test]
fn many_are_read_in_several_commits() {
    let shop = Shop::new();
    for number in 1..=105 {
        shop.take(newer(sale(number)));
    }
    let first = updated(&shop);
    assert_eq!((first.read, first.next.is_some()), (100, true));
    let terms = Terms {
        schema: SCHEMA + 1,
        ..terms()
    };
    let rest = reread(&shop.outbox, first.next.unwrap(), &terms, evening()).unwrap();
    assert_eq!(
        rest,
        Reread {
            read: 5,
            next: None
        }
    );
}
