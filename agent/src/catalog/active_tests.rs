//! Swapping, restarts, damage and look-ups, on real files.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use rust_decimal::Decimal;
use tillpost_shared::catalog::{ComingPrice, Price, Product, revision_of};

use super::*;
use crate::store::unsent::Moved;

fn product(number: usize, amount: i64) -> Product {
    Product {
        sku: format!("A{number}"),
        name: format!("Äpfel {number} rot"),
        barcodes: vec![format!("00{}", 7_610_000 + number)],
        unit: "EA".into(),
        price: Price {
            amount: Decimal::new(amount, 2),
            currency: "CHF".into(),
            tax_included: true,
            list: None,
            until: None,
        },
        prices: Vec::new(),
        taxes: Vec::new(),
        active: true,
        on_hand: None,
        available: None,
    }
}
fn snapshot(products: Vec<Product>) -> Snapshot {
    Snapshot {
        revision: revision_of(&products).unwrap(),
        taken_at: second(products.len()),
        products,
        notes: Vec::new(),
    }
}
/// So many products, all at one price.
fn uniform(count: usize, amount: i64) -> Snapshot {
    snapshot((0..count).map(|number| product(number, amount)).collect())
}
fn second(second: usize) -> Timestamp {
    Timestamp::from_second(second as i64).unwrap()
}
fn skus(active: &Active, query: &Query) -> Vec<String> {
    let answer = active.lookup(query, second(0)).unwrap();
    answer.products.into_iter().map(|p| p.sku).collect()
}
fn search(text: &str, limit: usize) -> Query {
    Query::Search {
        text: text.into(),
        limit,
    }
}
fn install(active: &Active, snapshot: &Snapshot) {
    active.install(snapshot, Shrinking::Refused).unwrap();
}
fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn without_a_catalog_a_look_up_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    let answer = active.lookup(&Query::Sku("A1".into()), second(0));
    assert!(matches!(answer, Err(NoCatalog::Absent)));
    assert_eq!(active.status(second(0)).products, 0);
}

#[test]
fn products_are_found_by_barcode_article_number_and_words() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    install(&active, &uniform(30, 100));
    for code in ["007610003", "7610003", "0000007610003 "] {
        assert_eq!(skus(&active, &Query::Barcode(code.into())), ["A3"]);
    }
    assert_eq!(skus(&active, &Query::Barcode("7610".into())), [""; 0]);
    assert_eq!(skus(&active, &Query::Sku("A7".into())), ["A7"]);
    assert_eq!(skus(&active, &search("ROT äpfel 29", 20)), ["A29"]);
    assert_eq!(skus(&active, &search("761000", 3)).len(), 3);
    assert_eq!(skus(&active, &search("a2", 3))[0], "A2");
    assert_eq!(skus(&active, &search("%", 3)), [""; 0]);
    assert_eq!(skus(&active, &search("  ", 3)), [""; 0]);
}

#[test]
fn a_price_changes_at_its_minute_without_a_refresh() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    let mut apple = product(1, 100);
    apple.prices = vec![ComingPrice {
        amount: Decimal::new(80, 2),
        from_at: Some(second(100)),
        until_at: Some(second(200)),
    }];
    install(&active, &snapshot(vec![apple]));
    let price = |at| {
        let answer = active.lookup(&Query::Sku("A1".into()), second(at)).unwrap();
        let price = answer.products[0].price.clone();
        (price.amount.to_string(), price.until)
    };
    assert_eq!(price(99), ("1.00".into(), Some(second(100))));
    assert_eq!(price(100), ("0.80".into(), Some(second(200))));
    assert_eq!(price(200), ("1.00".into(), None));
    assert_eq!(active.status(second(99)).next_change_at, Some(second(100)));
    assert_eq!(active.status(second(100)).next_change_at, Some(second(200)));
    assert_eq!(active.status(second(200)).next_change_at, None);
}

#[test]
fn an_answer_has_the_contracts_shape() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    install(&active, &uniform(1, 150));
    let stock = Stock {
        on_hand: [(("A0".to_owned(), "EA".to_owned()), Decimal::from(12))].into(),
        taken_at: None,
    };
    let mut unsent = Unsent::default();
    unsent.add([Moved {
        sku: Some("A0".into()),
        barcode: None,
        quantity: Decimal::from(5),
    }]);
    active.set_stock(Some(stock), unsent);
    let answer = active.lookup(&Query::Sku("A0".into()), second(0)).unwrap();
    let mut json = serde_json::to_value(answer).unwrap();
    json["revision"] = "r".into();
    insta::assert_snapshot!(json, @r#"{"revision":"r","products":[{"sku":"A0","name":"Äpfel 0 rot","barcodes":["007610000"],"unit":"EA","price":{"amount":"1.50","currency":"CHF","tax_included":true},"taxes":[],"active":true,"on_hand":"12","available":"7"}]}"#);
}

#[test]
fn without_a_figure_both_are_left_out_and_a_sources_own_figure_counts() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    let mut counted = product(1, 150);
    counted.on_hand = Some(Decimal::from(9));
    // A snapshot cannot know what this store has not sent yet.
    counted.available = Some(Decimal::from(99));
    install(&active, &snapshot(vec![product(0, 150), counted]));
    let figures = |sku: &str| {
        let answer = active.lookup(&Query::Sku(sku.into()), second(0)).unwrap();
        (answer.products[0].on_hand, answer.products[0].available)
    };
    let nine = Some(Decimal::from(9));
    assert_eq!((figures("A0"), figures("A1")), ((None, None), (nine, None)));
    active.set_stock(None, Unsent::default());
    assert_eq!((figures("A0"), figures("A1")), ((None, None), (nine, nine)));
    assert_eq!(
        active.stock_taken_at(),
        Some(second(2)),
        "with the products"
    );
}

#[test]
fn the_same_revision_is_not_written_again_and_two_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    let revisions: Vec<Snapshot> = (1..=4).map(|price| uniform(3, price)).collect();
    for revision in &revisions {
        install(&active, revision);
        let again = active.install(revision, Shrinking::Refused).unwrap();
        assert_eq!(again, Installed::Same);
    }
    let mut kept: Vec<String> = revisions[2..]
        .iter()
        .map(|snapshot| format!("catalog-{}.db", snapshot.revision.0))
        .collect();
    kept.push(POINTER.to_owned());
    kept.sort();
    assert_eq!(files(dir.path()), kept);
}

#[test]
fn a_restart_uses_what_was_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let first = uniform(5, 100);
    install(&Active::open(dir.path()), &first);
    let active = Active::open(dir.path());
    assert_eq!(active.revision(), Some(first.revision));
    assert_eq!(active.status(second(0)).products, 5);
    assert!(active.notes().is_empty());
}

#[test]
fn a_damaged_file_is_set_aside_and_the_one_before_it_used() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (uniform(5, 100), uniform(5, 200));
    let active = Active::open(dir.path());
    install(&active, &old);
    install(&active, &new);
    drop(active);
    let path = dir.path().join(format!("catalog-{}.db", new.revision.0));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes
        .windows(4)
        .position(|window| window == b"2.00")
        .unwrap();
    bytes[at] = b'1';
    fs::write(&path, bytes).unwrap();

    let active = Active::open(dir.path());
    assert_eq!(active.revision(), Some(old.revision));
    assert_eq!(active.notes()[0].code, "catalog_damaged");
    assert!(
        files(dir.path())
            .iter()
            .any(|name| name.ends_with(".damaged"))
    );
    install(&active, &new);
    assert_eq!(active.revision(), Some(new.revision));
}

#[test]
fn a_lost_pointer_costs_nothing_and_a_half_written_file_counts_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = uniform(5, 100);
    install(&Active::open(dir.path()), &snapshot);
    fs::remove_file(dir.path().join(POINTER)).unwrap();
    fs::write(dir.path().join("catalog-ff.db"), b"SQLite format 3").unwrap();
    fs::write(dir.path().join("catalog-fe.db.part"), b"SQLite format 3").unwrap();
    assert_eq!(Active::open(dir.path()).revision(), Some(snapshot.revision));
}

#[test]
fn a_catalog_that_shrinks_by_more_than_half_is_refused_unless_a_person_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    install(&active, &uniform(40, 100));
    install(&active, &uniform(20, 100));
    let few = uniform(9, 100);
    let refused = active.install(&few, Shrinking::Refused);
    assert!(matches!(
        refused,
        Err(CatalogError::Shrinks { old: 20, new: 9 })
    ));
    assert_eq!(active.status(second(0)).products, 20);
    let empty = active.install(&snapshot(Vec::new()), Shrinking::Allowed);
    assert!(matches!(empty, Err(CatalogError::Empty)));
    active.install(&few, Shrinking::Allowed).unwrap();
    assert_eq!(active.status(second(0)).products, 9);
}

#[test]
fn a_revision_cannot_lead_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    let mut evil = uniform(1, 100);
    evil.revision = Revision("../../x".into());
    let refused = active.install(&evil, Shrinking::Refused);
    assert!(matches!(refused, Err(CatalogError::Revision)));
}

#[test]
fn look_ups_during_swaps_see_one_revision_whole() {
    let dir = tempfile::tempdir().unwrap();
    let active = Active::open(dir.path());
    install(&active, &uniform(50, 100));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let answer = active.lookup(&search("äpfel", 50), second(0)).unwrap();
                    let first = answer.products[0].price.amount;
                    assert_eq!(answer.products.len(), 50);
                    assert!(answer.products.iter().all(|p| p.price.amount == first));
                }
            });
        }
        for price in 101..120 {
            install(&active, &uniform(50, price));
        }
        done.store(true, Ordering::Relaxed);
    });
}
