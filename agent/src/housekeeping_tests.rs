//! When a copy is due, and what a night leaves behind.

use super::*;

fn at(text: &str) -> Zoned {
    text.parse().unwrap()
}

#[test]
fn a_copy_is_made_at_night_and_by_day_only_where_the_nights_were_missed() {
    let last = at("2026-10-30T02:00:00[Europe/Zurich]").timestamp();
    let due = |now: &str| copy_due(last, &at(now));
    assert!(!due("2026-10-30T04:00:00[Europe/Zurich]"), "made tonight");
    assert!(!due("2026-10-30T23:00:00[Europe/Zurich]"), "not yet night");
    assert!(due("2026-10-31T01:00:00[Europe/Zurich]"));
    assert!(!due("2026-10-31T00:59:00[Europe/Zurich]"));
    assert!(due("2026-10-31T09:00:00[Europe/Zurich]"), "off at night");
    assert!(
        due("2026-09-01T09:00:00[Europe/Zurich]"),
        "the clock was ahead"
    );
}

#[tokio::test]
async fn a_night_makes_a_copy_and_keeps_seven() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let now: Timestamp = "2026-10-31T02:00:00Z".parse().unwrap();
    store
        .write(|writer| {
            Ok(writer.execute_batch(
                "INSERT INTO documents (id, key, uid, kind, store, till, series, business_date, occurred_at,
                     content_hash, received_at, problems, state, body)
                 VALUES ('a', 'a', 'a', 'sale', 's', '1', '0', '2026-01-01', 0, x'00', 0, '[]', 'delivered', '{}'),
                        ('b', 'b', 'b', 'sale', 's', '1', '0', '2026-01-01', 0, x'00', 0, '[]', 'waiting', '{}')",
            )?)
        })
        .await
        .unwrap();
    let housekeeping = Housekeeping {
        store: store.clone(),
        dir: dir.path().to_owned(),
        zone: TimeZone::UTC,
        keep: SignedDuration::from_hours(24 * 90),
        board: Board::default(),
        stop: CancellationToken::new(),
    };
    for day in 1..=9 {
        let old = dir.path().join(format!("backup/outbox-2026100{day}.db"));
        std::fs::create_dir_all(dir.path().join("backup")).unwrap();
        std::fs::write(old, "old").unwrap();
    }
    std::fs::write(
        dir.path().join("backup/outbox-20260101.db.part-journal"),
        "cut",
    )
    .unwrap();
    housekeeping.copy(now).await;
    let left = std::fs::read_dir(dir.path().join("backup"))
        .unwrap()
        .count();
    assert_eq!(left, COPIES_MAX, "what a power cut left is gone");
    let copies = backup::nightly(dir.path());
    assert_eq!(copies.len(), COPIES_MAX);
    assert!(copies.last().unwrap().ends_with("outbox-20261031.db"));
    assert_eq!(backup::verify(copies.last().unwrap()).unwrap().documents, 2);
    housekeeping.let_go(now).await.unwrap();
    let left = store.read(|reader| {
        let mut question = reader.prepare("SELECT id FROM documents WHERE body IS NOT NULL")?;
        let rows = question.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    assert_eq!(left.unwrap(), ["b"], "what waits keeps its text");
    let next = store.read(retention::first_with_text).unwrap();
    assert_eq!(next, 1, "the next night begins at what still has its text");
    assert!(
        !housekeeping
            .board
            .read()
            .values()
            .any(|report| report.health != Health::Ok)
    );
}

#[tokio::test]
async fn a_copy_of_a_day_to_come_makes_none_due_and_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let now: Timestamp = "2026-10-31T02:00:00Z".parse().unwrap();
    let housekeeping = Housekeeping {
        store: store.clone(),
        dir: dir.path().to_owned(),
        zone: TimeZone::UTC,
        keep: SignedDuration::from_hours(24 * 90),
        board: Board::default(),
        stop: CancellationToken::new(),
    };
    let folder = dir.path().join("backup");
    std::fs::create_dir_all(&folder).unwrap();
    for day in 1..=COPIES_MAX {
        std::fs::write(folder.join(format!("outbox-2026113{day}.db")), "ahead").unwrap();
    }
    housekeeping.copy(now).await;
    assert!(
        folder.join("outbox-20261031.db").exists(),
        "tonight's copy stays"
    );
    assert!(!folder.join("outbox-20261131.db").exists());
    let newest = backup::newest_until(dir.path(), jiff::civil::date(2026, 10, 31));
    assert_eq!(newest, Some(folder.join("outbox-20261031.db")));
}
