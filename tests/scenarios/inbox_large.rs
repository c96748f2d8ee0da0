//! Large files and full folders: they stream through, in an amount of memory that does not depend on them.
//!
//! Method: files made row by row, the built program, and what Linux says of its memory while it takes them. The figures
//! of a release build are printed by the benchmark's part `files`.

use std::fs;
use std::time::Duration;

use tillpost_tests::agent::Agent;
use tillpost_tests::bulk::{self, RECEIPT_CENTS, ROWS_A_RECEIPT};
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::{figures, memory, wait};

use crate::inbox::files;

/// Above what the service takes when it has nothing to do.
const ABOVE_IDLE_KILOBYTES_MAX: u64 = 60 * 1024;
/// A million takes a debug build too long; the benchmark's part `files` has them.
const ROWS: usize = 100_000;
/// Only a hang reaches it.
const TAKEN_MAX: Duration = Duration::from_secs(1_800);

/// A store without destination: what is stored is done with.
fn service(profile: &str) -> (Home, Agent) {
    let inbox = format!(
        "[[inbox]]\npath = \"{{home}}/in\"\nprofile = \"{profile}\"\nsettle = \"0s\"\nevery = \"1s\""
    );
    let mut setup = Setup::bare().with(&inbox);
    setup.require_token = false;
    let home = Home::new(&setup);
    fs::create_dir_all(home.path().join("in")).unwrap();
    let agent = home.start();
    (home, agent)
}

/// Drops a file that `make` makes, waits until it is taken, and answers how far memory went above idle, in kilobytes.
fn taken_in(home: &Home, agent: &Agent, name: &str, make: impl Fn(&std::path::Path)) -> u64 {
    let (part, whole) = (
        home.path().join("in/.large.part"),
        home.path().join("in").join(name),
    );
    make(&part);
    let process = agent.process();
    let idle = memory::resident(process);
    memory::forget_peak(process);
    fs::rename(part, &whole).unwrap();
    wait::within(TAKEN_MAX, "the large file", || {
        (!whole.exists()).then_some(())
    });
    let above = memory::peak(process).saturating_sub(idle);
    println!("{name}: {above} kB above {idle} kB idle");
    above
}

fn stored(home: &Home) -> (i64, String) {
    let database = rusqlite::Connection::open_with_flags(
        home.data().join("outbox.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, f64>(1)?));
    let (count, sum) = database
        .query_row("SELECT count(*), sum(total) / 1e6 FROM documents", [], row)
        .unwrap();
    (count, format!("{sum:.2}"))
}

#[test]
fn a_day_of_transactions_streams_through() {
    let (home, agent) = service("generic_6");
    let above = taken_in(&home, &agent, "day.xml", |path| bulk::poslog(path, 5_000));
    assert!(above <= ABOVE_IDLE_KILOBYTES_MAX, "{above} kB");
    let sum = figures::money(5_000 * RECEIPT_CENTS);
    assert_eq!(stored(&home), (5_000, sum));
    let done = files(&home.path().join("in/done"));
    let kept = String::from_utf8_lossy(&done["day.xml"]);
    assert!(!kept.contains("Erika") && kept.contains("<CustomerID>K1</CustomerID>"));
}

#[test]
fn long_many_rows_stream_through() {
    let (home, agent) = service("generic_eu_lines");
    let above = taken_in(&home, &agent, "large.csv", |path| {
        bulk::columns(path, ROWS);
    });
    assert!(above <= ABOVE_IDLE_KILOBYTES_MAX, "{above} kB");
    let receipts = ROWS / ROWS_A_RECEIPT;
    let sum = figures::money(receipts as i64 * RECEIPT_CENTS);
    assert_eq!(stored(&home), (receipts as i64, sum));
}

#[test]
fn long_a_file_of_500_megabytes_is_looked_through_in_bounded_memory() {
    // One row that never ends: refused by its limit, cleaned and put away, all while it streams.
    let (home, agent) = service("generic_eu_lines");
    let above = taken_in(&home, &agent, "huge.csv", |path| {
        let file = fs::File::create(path).unwrap();
        let mut out = std::io::BufWriter::new(file);
        let piece = "0123456789abcdef ".repeat(4_096);
        std::io::Write::write_all(&mut out, b"Filiale;Kasse;Bon-Nr\n\"").unwrap();
        for _ in 0..(500 << 20) / piece.len() {
            std::io::Write::write_all(&mut out, piece.as_bytes()).unwrap();
        }
    });
    assert!(above <= ABOVE_IDLE_KILOBYTES_MAX, "{above} kB");
    let reason = fs::read_to_string(home.path().join("in/refused/huge.csv.reason.txt")).unwrap();
    assert!(
        reason.contains("a row is longer than 1048576 bytes"),
        "{reason}"
    );
}

#[test]
fn long_a_folder_with_100_000_files_is_emptied() {
    let (home, agent) = service("ndjson");
    let process = agent.process();
    let idle = memory::resident(process);
    memory::forget_peak(process);
    let (apart, inbox) = (home.path().join("apart"), home.path().join("in"));
    fs::create_dir(&apart).unwrap();
    for number in 0..100_000 {
        // Every hundredth is a sale; the rest holds nothing but a blank line, and nothing is refused of it.
        let text = if number % 100 == 0 {
            crate::inbox::sale(number + 1, "10.00") + "\n"
        } else {
            format!("\n{}", " ".repeat(usize::try_from(number % 7).unwrap()))
        };
        let name = format!("{number}.ndjson");
        fs::write(apart.join(&name), text).unwrap();
        fs::rename(apart.join(&name), inbox.join(&name)).unwrap();
    }
    wait::within(TAKEN_MAX, "the folder to be empty", || {
        let left = fs::read_dir(&inbox).unwrap().flatten();
        let mut left = left.filter(|entry| entry.path().extension().is_some());
        left.next().is_none().then_some(())
    });
    let above = memory::peak(process).saturating_sub(idle);
    println!("100,000 files: {above} kB above {idle} kB idle");
    assert!(above <= ABOVE_IDLE_KILOBYTES_MAX, "{above} kB");
    assert_eq!(stored(&home).0, 1_000);
}
