//! Snapshot files, good and bad.

use sha2::{Digest, Sha256};
use tillpost_shared::catalog::hex;

use super::*;

const LINE: &str = r#"{"sku":"A","name":"Apple","barcodes":["1"],"unit":"EA","price":{"amount":"1.50","currency":"CHF","tax_included":true},"taxes":[{"code":"V","rate":"2.6"}],"active":true}"#;

fn write(dir: &Path, name: &str, text: &str, age_seconds: u64) {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    let at = SystemTime::from(crate::activity::now()) - Duration::from_secs(age_seconds);
    file.set_modified(at).unwrap();
}
async fn fetch(dir: &Path, since: Option<&Revision>) -> Result<Fetched, Outage> {
    let folder = Folder {
        path: dir.to_owned(),
        settle: Duration::ZERO,
    };
    folder.fetch(since).await
}
async fn said(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.ndjson", text, 0);
    fetch(dir.path(), None).await.unwrap_err().to_string()
}

#[tokio::test]
async fn the_newest_file_counts_and_its_hash_is_the_revision() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "z.ndjson", "old and broken", 60);
    write(dir.path(), "a.ndjson", &format!("\u{feff}{LINE}\r\n\n"), 10);
    write(dir.path(), "later.txt", "no snapshot", 0);
    let Ok(Fetched::Snapshot(snapshot)) = fetch(dir.path(), None).await else {
        panic!("no snapshot");
    };
    assert_eq!(snapshot.products.len(), 1);
    let bytes = fs::read(dir.path().join("a.ndjson")).unwrap();
    assert_eq!(snapshot.revision.0, hex(&Sha256::digest(&bytes)));
    let again = fetch(dir.path(), Some(&snapshot.revision)).await;
    assert_eq!(again, Ok(Fetched::Unchanged));
}

#[tokio::test]
async fn a_bad_line_refuses_the_whole_file_with_its_number() {
    let text = |line: &str| format!("{LINE}\n\n{line}\n");
    let cases = [
        (text("{"), "line 3: "),
        (
            text(&LINE.replace("\"name\"", "\"nam\"")),
            "line 3: missing field `name`",
        ),
        (text(&LINE.replace("1.50", "1,50")), "expected a decimal"),
        (
            text(&LINE.replace("1.50", "-1.50")),
            "line 3: a price is negative",
        ),
        (
            text(&LINE.replace("CHF", "CFH")),
            "line 3: `CFH` is no currency",
        ),
        (
            text(&LINE.replace("\"A\"", "\" \"")),
            "line 3: `sku` is empty",
        ),
    ];
    for (text, expected) in cases {
        let said = said(&text).await;
        assert!(
            said.contains(expected) && said.contains("a.ndjson"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_folder_without_snapshots_is_an_outage_and_no_empty_catalog() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("absent")] {
        let outage = fetch(&path, None).await;
        assert!(matches!(outage, Err(Outage::Unreachable(_))), "{outage:?}");
    }
}

#[tokio::test]
async fn a_new_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let mut watch = watch(dir.path()).unwrap();
    write(dir.path(), "a.ndjson", LINE, 0);
    let noticed = tokio::time::timeout(Duration::from_secs(10), watch.changed.recv()).await;
    assert_eq!(noticed, Ok(Some(())));
}

/// A slow writer: a product now and then, each time a complete line.
#[tokio::test]
async fn a_file_that_is_still_being_written_is_not_taken_for_a_smaller_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.ndjson");
    fs::write(&path, format!("{LINE}\n")).unwrap();
    let folder = Folder {
        path: dir.path().to_owned(),
        settle: Duration::from_millis(300),
    };
    let fetching = tokio::spawn(async move { folder.fetch(None).await });
    for n in 1..=4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let line = LINE.replace("\"A\"", &format!("\"A{n}\""));
        let mut file = fs::File::options().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, format!("{line}\n").as_bytes()).unwrap();
    }
    match fetching.await.unwrap() {
        Ok(Fetched::Snapshot(snapshot)) => assert_eq!(snapshot.products.len(), 5),
        other => panic!("{other:?}"),
    }
}
