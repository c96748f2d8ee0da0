//! The chain, and what SQLite itself does not let anybody do.

use rstest::rstest;

use super::shop::*;
use crate::store::history::{self, Chain};

#[rstest]
#[case::nothing("SELECT 1", Chain::Whole(3))]
#[case::changed(
    "UPDATE history SET what = 'received, delivered' WHERE n = 2",
    Chain::BrokenAt(2)
)]
#[case::taken_out("DELETE FROM history WHERE n = 2", Chain::BrokenAt(3))]
#[case::cut_off_at_the_end("DELETE FROM history WHERE n = 3", Chain::BrokenAt(3))]
#[case::given_to_another_document("UPDATE history SET seq = 1 WHERE n = 3", Chain::BrokenAt(3))]
fn a_row_that_was_changed_or_taken_out_is_noticed(#[case] sql: &str, #[case] found: Chain) {
    let shop = Shop::new();
    for number in 1..=3 {
        shop.take(sale(number));
    }
    shop.outbox.execute_batch(sql).unwrap();
    assert_eq!(history::verify(&shop.outbox).unwrap(), found);
}

#[test]
fn no_history_is_a_whole_chain() {
    assert_eq!(
        history::verify(&Shop::new().outbox).unwrap(),
        Chain::Whole(0)
    );
}

#[rstest]
#[case("DELETE FROM documents", "never deleted")]
#[case("DELETE FROM deliveries", "never deleted")]
#[case("UPDATE documents SET body = NULL", "keeps its body")]
fn an_undelivered_document_cannot_be_deleted(#[case] sql: &str, #[case] why: &str) {
    let shop = Shop::new();
    shop.take(sale(1));
    let error = shop.outbox.execute(sql, []).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

#[rstest]
#[case(accepted())]
#[case(rejected(false))]
fn what_is_delivered_or_withdrawn_stays_so(#[case] verdict: Verdict) {
    let shop = Shop::new();
    let id = shop.take(sale(1)).id;
    shop.drain(&verdict);
    shop.withdraw(&id);
    let error = shop
        .outbox
        .execute("UPDATE deliveries SET state = 'waiting'", [])
        .unwrap_err();
    assert!(error.to_string().contains("stays so"), "{error}");
}

/// A delivery leaves `waiting` by the lane's settle, which asks `outbox::after`, or by a person.
#[test]
fn a_deliverys_state_is_written_in_two_places_only() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    let mut writers = Vec::new();
    for entry in std::fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let updates = text.matches("UPDATE deliveries SET state").count();
        if path.extension().is_some_and(|ending| ending == "rs") && updates > 0 {
            writers.push((
                path.file_name().unwrap().to_string_lossy().into_owned(),
                updates,
            ));
        }
    }
    writers.sort();
    assert_eq!(
        writers,
        [("lane.rs".to_owned(), 1), ("person.rs".to_owned(), 3)]
    );
}
