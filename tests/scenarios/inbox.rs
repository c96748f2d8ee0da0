//! Drop folders, seen from outside: files go in, documents come out once, nothing is lost, nothing that may not be kept
//! stays anywhere.
//!
//! Method: the built program with an inbox, files of this test's own, and what it hands over to a folder, compared with
//! sums that are made here from the files' text alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{FOLDER, Home, Setup};
use tillpost_tests::wait;

/// However slow the machine is, a file is taken within this time.
const TAKEN_MAX: Duration = Duration::from_secs(120);

/// A store with an inbox of this profile.
pub fn store(profile: &str, more: &str) -> Home {
    let inbox = format!(
        "[[inbox]]\npath = \"{{home}}/in\"\nprofile = \"{profile}\"\nsettle = \"0s\"\nevery = \"1s\"\n{more}"
    );
    let mut setup = Setup::bare().with(FOLDER).with(&inbox);
    setup.require_token = false;
    let home = Home::new(&setup);
    fs::create_dir_all(home.path().join("in")).unwrap();
    home
}

fn inbox(home: &Home) -> PathBuf {
    home.path().join("in")
}

/// Puts a file into the inbox as a careful program does: under another name first.
pub fn drop_in(home: &Home, name: &str, bytes: impl AsRef<[u8]>) {
    let part = inbox(home).join(".dropping.part");
    fs::write(&part, bytes).unwrap();
    fs::rename(part, inbox(home).join(name)).unwrap();
}

/// The plain files of a folder, by name.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let files = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    // What is taken away meanwhile is not there.
    files
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, fs::read(&path).ok()?))
        })
        .collect()
}

/// Waits until the inbox is empty and everything is handed over.
#[track_caller]
pub fn taken(home: &Home, agent: &Agent) {
    wait::within(TAKEN_MAX, "the inbox to be empty", || {
        files(&inbox(home)).is_empty().then_some(())
    });
    agent.wait_drained(TAKEN_MAX);
}

/// The documents that were handed over.
pub fn handed_over(home: &Home) -> Vec<Value> {
    let lines = tillpost_tests::folder::read(&home.out());
    lines.into_iter().map(|line| line.document).collect()
}

pub fn sale(sequence: u64, amount: &str) -> String {
    format!(
        "{{\"kind\":\"sale\",\"store\":\"ZH01\",\"till\":\"3\",\"sequence\":{sequence},\"occurred_at\":\"2026-11-20T10:00:00+01:00\",\"currency\":\"USD\",\
         \"body\":{{\"prices\":\"tax_included\",\"lines\":[{{\"line\":1,\"type\":\"item\",\"product\":{{\"sku\":\"A\"}},\"quantity\":\"1\",\"unit_price\":\"{amount}\",\"total\":\"{amount}\"}}],\
         \"total\":\"{amount}\",\"tenders\":[{{\"type\":\"cash\",\"method\":\"CASH\",\"amount\":\"{amount}\"}}]}}}}"
    )
}

fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| sale(number, "10.00") + "\n").collect()
}

fn sequences(documents: &[Value]) -> Vec<u64> {
    let mut numbers: Vec<u64> = documents
        .iter()
        .map(|document| document["sequence"].as_u64().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_file_is_taken_once_however_often_it_is_dropped() {
    let home = store("ndjson", "");
    let agent = home.start();
    for name in ["day.ndjson", "day.ndjson", "day total.ndjson"] {
        drop_in(&home, name, lines(1..21));
        taken(&home, &agent);
    }
    drop_in(&home, "more.ndjson", lines(11..31));
    taken(&home, &agent);
    assert_eq!(sequences(&handed_over(&home)), (1..31).collect::<Vec<_>>());
    let done = files(&inbox(&home).join("done"));
    let names: Vec<&String> = done.keys().collect();
    assert_eq!(
        names,
        ["day total.ndjson", "day.ndjson", "more.ndjson"],
        "the same bytes are kept once under a name"
    );
    assert!(files(&inbox(&home).join("refused")).is_empty());
}

#[test]
fn the_good_records_of_a_bad_file_go_through() {
    let home = store("ndjson", "");
    let agent = home.start();
    let bad = sale(2, "20.00").replace("\"quantity\":\"1\",", "");
    drop_in(
        &home,
        "mixed.ndjson",
        format!(
            "{}\n{bad}\n{{broken\n{}\n",
            sale(1, "10.00"),
            sale(3, "30.00")
        ),
    );
    taken(&home, &agent);
    assert_eq!(sequences(&handed_over(&home)), [1, 3]);
    let refused = files(&inbox(&home).join("refused"));
    assert_eq!(
        String::from_utf8_lossy(&refused["mixed.ndjson"]),
        format!("{bad}\n{{broken\n")
    );
    let reason = String::from_utf8_lossy(&refused["mixed.ndjson.reason.txt"]).into_owned();
    assert!(
        reason.contains("2 records were taken, 2 were refused."),
        "{reason}"
    );
    assert!(
        reason.contains("line 2, column 1: body.lines[0].quantity:"),
        "{reason}"
    );
    assert!(reason.contains("line 3, column 2: not JSON"), "{reason}");
    // Corrected and dropped in again, the rest goes through.
    let fixed = sale(2, "20.00");
    fs::remove_file(inbox(&home).join("refused/mixed.ndjson")).unwrap();
    drop_in(&home, "mixed.ndjson", fixed + "\n");
    taken(&home, &agent);
    assert_eq!(sequences(&handed_over(&home)), [1, 2, 3]);
}

#[test]
fn a_reason_is_in_the_stores_language() {
    let home = store("generic_2", "");
    let text = fs::read_to_string(home.config()).unwrap();
    fs::write(
        home.config(),
        text.replace("language = \"en\"", "language = \"de\""),
    )
    .unwrap();
    let agent = home.start();
    drop_in(&home, "kaputt.xml", "<POSLog><Transaction>");
    taken(&home, &agent);
    let refused = files(&inbox(&home).join("refused"));
    assert!(refused.contains_key("kaputt.xml"));
    let reason = String::from_utf8_lossy(&refused["kaputt.xml.reason.txt"]).into_owned();
    assert!(
        reason.contains("Die Datei ist ab hier nicht lesbar (Zeile 1, Spalte 22)"),
        "{reason}"
    );
}

#[test]
fn a_growing_or_locked_or_unmarked_file_waits() {
    let home = store("ndjson", "marker = \".ok\"");
    let agent = home.start();
    let path = inbox(&home).join("day.ndjson");
    fs::write(&path, lines(1..3)).unwrap();
    drop_in(&home, "other.ndjson", lines(10..11));
    drop_in(&home, "other.ndjson.ok", "");
    wait::within(TAKEN_MAX, "the marked file", || {
        (!inbox(&home).join("other.ndjson").exists()).then_some(())
    });
    let locked = fs::File::open(&path).unwrap();
    locked.lock().unwrap();
    drop_in(&home, "day.ok", "");
    drop_in(&home, "third.ndjson", lines(20..21));
    drop_in(&home, "third.ok", "");
    wait::within(TAKEN_MAX, "the third file", || {
        (!inbox(&home).join("third.ndjson").exists()).then_some(())
    });
    assert!(path.exists(), "it is locked");
    fs::write(&path, lines(1..5)).unwrap();
    locked.unlock().unwrap();
    taken(&home, &agent);
    assert_eq!(sequences(&handed_over(&home)), [1, 2, 3, 4, 10, 20]);
}

#[test]
fn archives_and_odd_names_are_taken_and_bombs_are_not() {
    let home = store("ndjson", "");
    let agent = home.start();
    let long = format!("{}.ndjson", "n".repeat(248));
    let names = [
        "a b'c\"d;$(x)&.ndjson",
        "ünïcödé – 日本.ndjson",
        "-rf.ndjson",
        "new\nline.ndjson",
        &long,
    ];
    for (index, name) in names.into_iter().enumerate() {
        let number = index as u64 + 1;
        drop_in(&home, name, lines(number..number + 1));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"not-utf8-\xff.ndjson");
        fs::write(inbox(&home).join(name), "{broken\n").unwrap();
    }
    drop_in(&home, "bomb.zip", bomb());
    taken(&home, &agent);
    assert_eq!(sequences(&handed_over(&home)), [1, 2, 3, 4, 5]);
    let refused = files(&inbox(&home).join("refused"));
    let reason = String::from_utf8_lossy(&refused["bomb.zip.reason.txt"]).into_owned();
    assert!(reason.contains("more than 200 times its size"), "{reason}");
    assert_eq!(refused.len(), 4, "{:?}", refused.keys());
}

/// A ZIP of 64 MiB of zeros in some kilobytes, packed by the machine's own Python.
fn bomb() -> Vec<u8> {
    let program = "import zipfile,sys,io\nb=io.BytesIO()\nz=zipfile.ZipFile(b,'w',zipfile.ZIP_DEFLATED)\nz.writestr('a.ndjson',b'\\0'*(64<<20))\nz.close()\nsys.stdout.buffer.write(b.getvalue())";
    let output = std::process::Command::new("python3")
        .args(["-c", program])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "python3 packs the archive of this test"
    );
    output.stdout
}

#[test]
fn whatever_stops_it_between_commit_and_move_nothing_is_doubled_or_lost() {
    for place in [
        "inbox.committed:1",
        "inbox.refused_written:1",
        "inbox.copied:1",
    ] {
        let home = store("ndjson", "");
        let card = sale(3, "30.00").replace(
            "\"sku\":\"A\"",
            "\"sku\":\"A\",\"name\":\"4111111111111111\"",
        );
        drop_in(
            &home,
            "day.ndjson",
            format!("{}\n{{broken\n{card}\n", sale(1, "10.00")),
        );
        let mut agent = Agent::start(&home, &[("TILLPOST_FAILPOINT", place)]);
        let said = agent.wait_ended(TAKEN_MAX);
        assert!(said.stderr.contains("failpoint"), "{place}: {said:?}");
        let agent = home.start();
        taken(&home, &agent);
        assert_eq!(sequences(&handed_over(&home)), [1, 3], "{place}");
        let (done, refused) = (
            files(&inbox(&home).join("done")),
            files(&inbox(&home).join("refused")),
        );
        assert_eq!(done.keys().collect::<Vec<_>>(), ["day.ndjson"], "{place}");
        assert_eq!(
            refused.keys().collect::<Vec<_>>(),
            ["day.ndjson", "day.ndjson.reason.txt"],
            "{place}"
        );
        assert!(
            !String::from_utf8_lossy(&done["day.ndjson"]).contains("4111111111111111"),
            "{place}"
        );
    }
}

#[test]
fn a_thousand_files_and_a_long_one_are_all_taken() {
    let home = store("ndjson", "");
    for number in 1..=1_000 {
        fs::write(
            inbox(&home).join(format!("{number}.ndjson")),
            lines(number..number + 1),
        )
        .unwrap();
    }
    drop_in(&home, "long.ndjson", lines(1_001..6_001));
    let agent = home.start();
    taken(&home, &agent);
    assert_eq!(
        sequences(&handed_over(&home)),
        (1..6_001).collect::<Vec<_>>()
    );
    assert_eq!(files(&inbox(&home).join("done")).len(), 1_001);
}
