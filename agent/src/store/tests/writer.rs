//! The writing thread: group commit, savepoints, and what happens when the disk says no.

use std::future::Future;
use std::time::Duration;

use super::shop::*;
use crate::store::{Store, StoreError, tills};

/// Runs `test` with a store in a folder of its own.
fn with_store<F: Future<Output = ()>>(test: impl FnOnce(Store, std::path::PathBuf) -> F) {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open(dir.path()).unwrap();
        test(store, dir.path().to_owned()).await;
    });
}

async fn keep(store: &Store, name: &str) -> Result<(), StoreError> {
    let name = name.to_owned();
    store
        .write(move |writer| tills::set_setting(writer, &name, "kept"))
        .await
}

fn kept(store: &Store, name: &str) -> bool {
    store
        .read(|reader| tills::setting(reader, name))
        .unwrap()
        .is_some()
}

fn refuse(writer: &Connection) -> Result<(), StoreError> {
    tills::set_setting(writer, "half", "done")?;
    Err(StoreError::Damaged("on purpose".to_owned()))
}

#[test]
fn everything_that_was_answered_is_there_after_a_restart() {
    with_store(|store, dir| async move {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..100 {
            let store = store.clone();
            tasks.spawn(async move {
                for n in 0..20 {
                    keep(&store, &format!("{task}/{n}")).await.unwrap();
                    assert!(
                        kept(&store, &format!("{task}/{n}")),
                        "a reader sees it after the answer"
                    );
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        drop(store);
        let store = Store::open(&dir).unwrap();
        let count = "SELECT COUNT(*) FROM settings";
        let count =
            store.read(|reader| Ok(reader.query_row(count, [], |row| row.get::<_, i64>(0))?));
        assert_eq!(count.unwrap(), 2_000);
    });
}

#[test]
fn a_job_that_fails_leaves_nothing_and_takes_nobody_with_it() {
    with_store(|store, _| async move {
        let (before, failed, after) = tokio::join!(
            keep(&store, "before"),
            store.write(refuse),
            keep(&store, "after")
        );
        assert!(matches!(failed, Err(StoreError::Damaged(_))));
        assert!(before.is_ok() && after.is_ok());
        assert!(kept(&store, "before") && kept(&store, "after") && !kept(&store, "half"));
    });
}

#[test]
fn a_commit_that_fails_is_no_yes_for_anybody_and_the_next_one_holds() {
    with_store(|store, _| async move {
        let fails_at_commit = store.write(|writer| {
            writer.execute_batch(
                "PRAGMA defer_foreign_keys = ON;
                 INSERT INTO tokens (hash, till) VALUES (x'00', 'no such till');",
            )?;
            tills::set_setting(writer, "with it", "kept")
        });
        assert!(matches!(
            fails_at_commit.await,
            Err(StoreError::NotCommitted)
        ));
        assert!(!kept(&store, "with it"));
        keep(&store, "next").await.unwrap();
        assert!(kept(&store, "next"));
    });
}

#[test]
fn where_sqlite_rolled_back_by_itself_nobody_of_the_batch_gets_a_yes() {
    with_store(|store, _| async move {
        let rolled_back = store.write(|writer| {
            tills::set_setting(writer, "gone", "kept")?;
            Ok(writer.execute_batch("ROLLBACK")?)
        });
        assert!(rolled_back.await.is_err());
        assert!(!kept(&store, "gone"));
        keep(&store, "next").await.unwrap();
    });
}

#[test]
fn a_full_disk_is_told_as_such_and_what_was_answered_stays() {
    with_store(|store, _| async move {
        keep(&store, "first").await.unwrap();
        let pages = |pragma: &'static str| {
            move |writer: &Connection| Ok(writer.query_row(pragma, [], |row| row.get::<_, i64>(0))?)
        };
        store
            .write(pages("PRAGMA max_page_count = 1"))
            .await
            .unwrap();
        let large = |writer: &Connection| tills::set_setting(writer, "large", &"x".repeat(1 << 20));
        assert!(matches!(store.write(large).await, Err(StoreError::NoRoom)));
        store
            .write(pages("PRAGMA max_page_count = 1000000"))
            .await
            .unwrap();
        store.write(large).await.unwrap();
        assert!(kept(&store, "first"));
    });
}

#[test]
fn a_second_agent_on_the_same_folder_is_refused_until_the_first_is_gone() {
    with_store(|store, dir| async move {
        assert!(matches!(Store::open(&dir), Err(StoreError::InUse { .. })));
        keep(&store, "first").await.unwrap();
        // Dropped inside the runtime: the last commit is waited for.
        drop(store);
        assert!(kept(&Store::open(&dir).unwrap(), "first"));
    });
}

#[test]
fn work_that_was_handed_over_is_done_though_nobody_waits_and_nothing_hangs() {
    with_store(|store, dir| async move {
        let inside = store.clone();
        {
            let write = store.write(move |writer| {
                tills::set_setting(writer, "orphan", "kept")?;
                // The last store there is, dropped on the writing thread.
                std::thread::sleep(Duration::from_millis(50));
                drop(inside);
                Ok(())
            });
            tokio::select! {
                biased;
                _ = write => panic!("it takes longer"),
                () = std::future::ready(()) => {}
            }
        }
        drop(store);
        let reopened = (0..100).find_map(|_| {
            std::thread::sleep(Duration::from_millis(20));
            Store::open(&dir).ok()
        });
        assert!(kept(&reopened.expect("the folder is free again"), "orphan"));
    });
}

#[test]
fn a_job_that_panics_ends_the_writer_and_everybody_is_told() {
    with_store(|store, dir| async move {
        keep(&store, "before").await.unwrap();
        let panics = store.write(|_| -> Result<(), StoreError> { panic!("a bug, on purpose") });
        assert!(matches!(panics.await, Err(StoreError::Closing)));
        assert!(matches!(
            keep(&store, "after").await,
            Err(StoreError::Closing)
        ));
        drop(store);
        let store = Store::open(&dir).unwrap();
        assert!(kept(&store, "before") && !kept(&store, "after"));
    });
}

#[test]
fn an_outbox_of_a_later_version_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let outbox = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    outbox.execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(
        Store::open(dir.path()),
        Err(StoreError::Newer { found: 99, .. })
    ));
}

#[test]
fn the_settings_on_which_a_yes_stands_are_in_force() {
    with_store(|store, _| async move {
        let asked = [
            "journal_mode",
            "synchronous",
            "foreign_keys",
            "page_size",
            "auto_vacuum",
        ];
        let answers = store.write(move |writer| {
            let ask = |name: &str| {
                writer.query_row(
                    &format!("SELECT CAST(\"{name}\" AS TEXT) FROM pragma_{name}"),
                    [],
                    |row| row.get(0),
                )
            };
            Ok(asked.map(|name| ask(name).unwrap_or_else(|error| error.to_string())))
        });
        assert_eq!(
            answers.await.unwrap(),
            ["wal", "2", "1", "4096", "2"].map(str::to_owned)
        );
    });
}
