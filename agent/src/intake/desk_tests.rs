//! The desk with a real store behind it.

use rstest::rstest;
use serde_json::json;
use tempfile::TempDir;
use tillpost_shared::config;
use tillpost_shared::intake::{Media, split};

use super::*;
use crate::store::tills;

/// A desk, the folder it lives in, and its store.
struct Fixture {
    desk: Desk,
    store: Store,
    _dir: TempDir,
}

fn fixture(require_token: bool) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let text = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n";
    let house = House::of(&config::read(text).unwrap()).unwrap();
    let store = Store::open(dir.path()).unwrap();
    let bell = Bell::default();
    let desk = Desk::new(store.clone(), bell, house, Routes::default(), require_token);
    Fixture {
        desk,
        store,
        _dir: dir,
    }
}

fn now() -> Timestamp {
    "2026-10-30T19:00:00+01:00".parse().unwrap()
}

fn sale(till: &str, sequence: i64) -> Value {
    json!({"kind": "sale", "store": "ZH01", "till": till, "sequence": sequence, "currency": "CHF",
        "occurred_at": "2026-10-30T17:03:11+01:00",
        "body": {"prices": "tax_included", "total": "10.00",
            "lines": [{"line": 1, "type": "item", "product": {"sku": "A1"}, "quantity": "1",
                "unit_price": "10.00", "total": "10.00"}],
            "tenders": [{"type": "cash", "method": "CASH", "amount": "10.00"}]}})
}

fn till(codes: &[&str]) -> Sender {
    Sender::Till(Token {
        owner: codes[0].to_owned(),
        tills: codes.iter().map(ToString::to_string).collect(),
    })
}

fn code(row: &ResultRow) -> &str {
    row.problems.first().map_or("", |p| p.code.as_str())
}

#[rstest]
#[case(till(&["3"]), true, Status::Accepted, "")]
#[case(till(&["4"]), true, Status::Refused, "foreign_till")]
#[case(Sender::CommandLine, true, Status::Held, "unknown_till")]
#[case(Sender::Inbox("in".to_owned()), true, Status::Held, "unknown_till")]
#[case(Sender::CommandLine, false, Status::Accepted, "")]
#[case(Sender::Anyone, false, Status::Accepted, "")]
#[tokio::test]
async fn who_may_hand_in_for_a_till_that_was_not_added(
    #[case] sender: Sender,
    #[case] require_token: bool,
    #[case] status: Status,
    #[case] problem: &str,
) {
    let fixture = fixture(require_token);
    let rows = fixture.desk.take(vec![Ok(sale("3", 1))], &sender, now());
    let rows = rows.await.unwrap();
    assert_eq!((rows[0].status, code(&rows[0])), (status, problem));
}

#[tokio::test]
async fn a_row_for_each_document_in_order() {
    let fixture = fixture(true);
    let body = format!(
        "{}\n{{\n{}\n[]\n{}",
        sale("3", 1),
        sale("3", 1),
        sale("3", 2)
    );
    let items = split(body.as_bytes(), Media::Ndjson).unwrap();
    let rows = fixture
        .desk
        .take(items, &till(&["3"]), now())
        .await
        .unwrap();
    let words: Vec<Status> = rows.iter().map(|row| row.status).collect();
    use Status::{Accepted, Duplicate, Refused};
    assert_eq!(words, [Accepted, Refused, Duplicate, Refused, Accepted]);
    assert_eq!(rows[0].id, rows[2].id);
    assert_eq!(rows[2].state, Some(State::Delivered));
    assert_eq!(fixture.desk.tally().of(Refused), 2);
}

#[tokio::test]
async fn a_till_gives_its_series_to_documents_that_name_none() {
    let fixture = fixture(true);
    let add = |writer: &rusqlite::Connection| {
        tills::add(writer, "3", &["3".to_owned()], Some("2"), "secret", now())
    };
    fixture.store.write(add).await.unwrap();
    let mut own = sale("3", 2);
    own["series"] = "7".into();
    let mut written_out = sale("3", 3);
    written_out["key"] = "ZH01/3/0/3".into();
    let items = vec![Ok(sale("3", 1)), Ok(own), Ok(written_out)];
    let rows = fixture
        .desk
        .take(items, &till(&["3"]), now())
        .await
        .unwrap();
    let keys: Vec<_> = rows
        .iter()
        .map(|row| row.key.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(keys, ["ZH01/3/2/1", "ZH01/3/7/2", "ZH01/3/0/3"]);
}

#[tokio::test]
async fn many_documents_are_one_commit_and_one_row_each() {
    let fixture = fixture(true);
    let items = (1..=500).map(|number| Ok(sale("3", number))).collect();
    let rows = fixture
        .desk
        .take(items, &till(&["3"]), now())
        .await
        .unwrap();
    assert_eq!(rows.len(), 500);
    assert_eq!(rows[499].key.as_deref(), Some("ZH01/3/0/500"));
}
