//! What comes back of a damaged outbox, beside what tills have sent since.

use super::shop::*;
use crate::store::history::{self, Chain};
use crate::store::rescue;

/// Sets the shop's outbox aside as a damaged one, and opens the new one.
fn damaged(old: Shop) -> Shop {
    let dir = tempfile::tempdir().unwrap();
    let path = old.outbox.path().unwrap().to_owned();
    connection::empty_log(&old.outbox).unwrap();
    std::fs::copy(path, dir.path().join(FILE_NAME)).unwrap();
    drop(old);
    begun_anew(dir)
}

fn begun_anew(dir: TempDir) -> Shop {
    rescue::begin_anew(dir.path(), "a test".to_owned(), evening()).unwrap();
    Shop::at(dir)
}

/// Brings everything back, as the loop does; answers how many pieces that took.
fn all_back(shop: &Shop) -> usize {
    let dir = std::path::Path::new(shop.outbox.path().unwrap());
    let dir = dir.parent().unwrap().to_owned();
    let mut pieces = 0;
    while let Some(old) = rescue::pending(&shop.outbox).unwrap().into_iter().next() {
        let mut after = old.after;
        let gathered = rescue::gather(&dir, old, &shop.routes, evening(), &|| false);
        let (file, rescued) = gathered.unwrap().unwrap();
        while let Some(piece) = rescue::next_piece(&file, after).unwrap() {
            after = rescue::bring(&shop.outbox, piece, evening()).unwrap();
            pieces += 1;
        }
        rescue::finish(&shop.outbox, &file, &rescued, evening()).unwrap();
        rescue::clear(&dir).unwrap();
    }
    let chain = history::verify(&shop.outbox).unwrap();
    assert!(matches!(chain, Chain::Whole(_)), "{chain:?}");
    pieces
}

fn keys(shop: &Shop) -> Vec<(String, String)> {
    let mut question = shop
        .outbox
        .prepare("SELECT key, state FROM documents ORDER BY seq")
        .unwrap();
    let rows = question.query_map([], |row| {
        let key: String = row.get(0)?;
        Ok((key.trim_start_matches("ZH01/3/0/").to_owned(), row.get(1)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(key, state): &(&str, &str)| ((*key).to_owned(), (*state).to_owned());
    expected.iter().map(own).collect()
}

#[test]
fn what_comes_back_stands_before_what_came_since_and_goes_first() {
    let old = Shop::new();
    old.take(sale(1));
    old.drain(&accepted());
    let waiting = old.take(sale(2));
    let shop = damaged(old);
    shop.take(sale(3));
    assert_eq!(keys(&shop), pairs(&[("3", "waiting")]), "accepted at once");
    all_back(&shop);
    let all = [("1", "delivered"), ("2", "waiting"), ("3", "waiting")];
    assert_eq!(keys(&shop), pairs(&all));
    let life = shop.view(&waiting.id).history;
    assert_eq!(life[0].what, "received, waiting");
    assert_eq!(shop.drain(&accepted()), ["2", "3"]);
}

#[test]
fn a_sale_sent_again_in_the_meantime_is_one_with_the_older_and_is_not_sent_twice() {
    let old = Shop::new();
    old.take(sale(1));
    old.drain(&accepted());
    old.take(sale(2));
    let withdrawn = old.take(sale(4));
    old.withdraw(&withdrawn.id);
    let shop = damaged(old);
    let again: Vec<String> = [1, 2, 4].map(|n| shop.take(sale(n)).id).into();
    all_back(&shop);
    assert_eq!(shop.state(&again[0]), State::Delivered);
    assert_eq!(shop.state(&again[2]), State::Withdrawn);
    assert_eq!(keys(&shop).len(), 3);
    assert_eq!(shop.drain(&accepted()), ["2"]);
    // The corrected one has the key that was given up.
    assert_eq!(shop.take(sale_of(4, "11.00")).key, "ZH01/3/0/4");
}

#[test]
fn a_key_used_for_something_else_since_is_held_until_a_person_looks() {
    let old = Shop::new();
    let first = old.take(sale(1));
    let shop = damaged(old);
    let second = shop.take(sale_of(1, "11.00"));
    all_back(&shop);
    assert_eq!(keys(&shop), pairs(&[("1", "waiting"), ("1~2", "held")]));
    let held = shop.view(&second.id);
    assert_eq!(held.problems[0].code.as_str(), "key_conflict");
    assert!(held.problems[0].message.contains(&first.id));
    assert_eq!(shop.drain(&accepted()), ["1"]);
    assert_eq!(shop.state(&second.id), State::Held);
}

#[test]
fn what_head_office_has_seen_keeps_the_key() {
    let old = Shop::new();
    let first = old.take(sale(1));
    let done = old.take(sale(2));
    // Two is delivered, one is not.
    let outcomes = old.claim_as(2, Unanswered::NeverArrived, evening());
    let next = outbox::after(
        outcomes.standings[1],
        accepted(),
        evening(),
        &Policy::default(),
        0.0,
    );
    lane::settle(
        &old.outbox,
        ODOO,
        &[(outcomes.deliveries[1].seq, next)],
        evening(),
    )
    .unwrap();
    old.outbox
        .execute("UPDATE deliveries SET batch = NULL", [])
        .unwrap();
    let shop = damaged(old);
    // Nobody could be brought back for a while, and the lanes went on.
    let seconds = [1, 2].map(|n| shop.take(sale_of(n, "11.00")).id);
    shop.drain(&accepted());
    all_back(&shop);
    assert_eq!(shop.state(&first.id), State::Held);
    assert_eq!(shop.view(&first.id).key, "ZH01/3/0/1~2");
    assert_eq!(shop.state(&done.id), State::Delivered);
    assert!(seconds.iter().all(|id| shop.state(id) == State::Delivered));
    assert!(shop.drain(&accepted()).is_empty());
}

#[test]
fn damage_upon_damage_loses_nothing_that_can_be_read() {
    let old = Shop::new();
    for n in 1..=250 {
        old.take(sale(n));
    }
    let shop = damaged(old);
    shop.take(sale(300));
    // One piece is back when the new outbox is damaged too.
    let dir = std::path::PathBuf::from(shop.outbox.path().unwrap());
    let dir = dir.parent().unwrap().to_owned();
    let old = rescue::pending(&shop.outbox).unwrap().remove(0);
    let gathered = rescue::gather(&dir, old, &shop.routes, evening(), &|| false);
    let piece = rescue::next_piece(&gathered.unwrap().unwrap().0, 0).unwrap();
    assert_eq!(
        rescue::bring(&shop.outbox, piece.unwrap(), evening()).unwrap(),
        100
    );
    let shop = damaged_in_place(shop);
    shop.take(sale(301));
    assert_eq!(rescue::pending(&shop.outbox).unwrap().len(), 2);
    all_back(&shop);
    let expected: Vec<String> = (1..=250)
        .chain([300, 301])
        .map(|n: i64| n.to_string())
        .collect();
    assert_eq!(shop.drain(&accepted()), expected);
}

fn damaged_in_place(shop: Shop) -> Shop {
    connection::empty_log(&shop.outbox).unwrap();
    begun_anew(shop.closed())
}
