//! Large files of tills: how fast they are read, checked and cleaned next to a plain parse of the same bytes by the same
//! crates; how fast they are stored; and how much memory the service takes for it.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use tillpost_tests::bulk;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::{memory, wait};

use crate::{Row, median};

const ROUNDS: usize = 3;
const TRANSACTIONS: usize = 5_000;
const ROWS: usize = 1_000_000;
/// Only a hang reaches it.
const TAKEN_MAX: Duration = Duration::from_secs(3_600);

/// A way to write a file, and to parse it plainly; answers a figure that nothing can optimize away.
struct Kind {
    name: &'static str,
    profile: &'static str,
    make: fn(&Path),
    plain: fn(&Path) -> usize,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "5,000 POSLog transactions",
        profile: "generic_6",
        make: |path| bulk::poslog(path, TRANSACTIONS),
        plain: plain_xml,
    },
    Kind {
        name: "1,000,000 rows of columns",
        profile: "generic_eu_lines",
        make: |path| bulk::columns(path, ROWS),
        plain: plain_columns,
    },
];

pub fn rows() -> Vec<Row> {
    KINDS
        .iter()
        .flat_map(|kind| [read(kind), stored(kind)])
        .collect()
}

fn home(profile: &str) -> Home {
    let inbox = format!(
        "[[inbox]]\npath = \"{{home}}/in\"\nprofile = \"{profile}\"\nsettle = \"0s\"\nevery = \"1s\""
    );
    let mut setup = Setup::bare().with(&inbox);
    setup.require_token = false;
    let home = Home::new(&setup);
    fs::create_dir_all(home.path().join("in")).unwrap();
    home
}

/// `tillpost check --totals` against the plain parse, in turns.
fn read(kind: &Kind) -> Row {
    let home = home(kind.profile);
    let path = home.path().join("file");
    (kind.make)(&path);
    let megabytes = fs::metadata(&path).unwrap().len() as f64 / 1e6;
    let (mut ratios, mut checked, mut parsed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let file = path.to_str().unwrap();
        let said = home.run(&["check", file, "--profile", kind.profile, "--totals"]);
        assert!(said.stdout.contains("accepted"), "{said:?}");
        let check = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        assert!((kind.plain)(&path) > 0);
        let plain = begin.elapsed().as_secs_f64();
        ratios.push(plain / check);
        checked.push(megabytes / check);
        parsed.push(megabytes / plain);
    }
    Row {
        what: format!("{}: read / plain parse", kind.name),
        sides: format!(
            "{:.1} MB/s parsed, checked, cleaned against {:.1} MB/s",
            median(checked),
            median(parsed)
        ),
        value: median(ratios),
        unit: "",
        aim: 0.5,
        at_least: true,
    }
}

/// Through the drop folder into the outbox.
fn stored(kind: &Kind) -> Row {
    let home = home(kind.profile);
    let agent = home.start();
    let (part, whole) = (home.path().join("in/.part"), home.path().join("in/file"));
    (kind.make)(&part);
    let megabytes = fs::metadata(&part).unwrap().len() as f64 / 1e6;
    std::thread::sleep(Duration::from_secs(2));
    let process = agent.process();
    let idle = memory::resident(process);
    memory::forget_peak(process);
    let begin = Instant::now();
    fs::rename(part, &whole).unwrap();
    wait::within(TAKEN_MAX, "the file to be stored", || {
        (!whole.exists()).then_some(())
    });
    let seconds = begin.elapsed().as_secs_f64();
    let above = memory::peak(process).saturating_sub(idle) as f64 / 1024.0;
    Row {
        what: format!("{}: memory above idle", kind.name),
        sides: format!(
            "stored and put away at {:.1} MB/s, {seconds:.1} s in all",
            megabytes / seconds
        ),
        value: above,
        unit: " MB",
        aim: 60.0,
        at_least: false,
    }
}

/// Every event of the file, as quick-xml reads it, with its name or text.
fn plain_xml(path: &Path) -> usize {
    use quick_xml::events::Event;
    let mut text = String::new();
    File::open(path).unwrap().read_to_string(&mut text).unwrap();
    let mut reader = quick_xml::reader::Reader::from_str(&text);
    let mut letters = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                letters += tag.local_name().as_ref().len();
                letters += tag
                    .attributes()
                    .flatten()
                    .map(|one| one.value.len())
                    .sum::<usize>();
            }
            Event::Text(text) => letters += text.len(),
            Event::Eof => return letters,
            _ => {}
        }
    }
}

/// Every cell of the file, as csv-core reads it.
fn plain_columns(path: &Path) -> usize {
    let mut builder = csv_core::ReaderBuilder::new();
    let mut reader = builder.delimiter(b';').build();
    let mut from = BufReader::with_capacity(64 << 10, File::open(path).unwrap());
    let (mut output, mut ends) = (vec![0; 64 << 10], vec![0; 512]);
    let mut cells = 0;
    loop {
        let input = std::io::BufRead::fill_buf(&mut from).unwrap();
        let (result, read, _, ended) = reader.read_record(input, &mut output, &mut ends);
        std::io::BufRead::consume(&mut from, read);
        cells += ended;
        match result {
            csv_core::ReadRecordResult::End => return cells,
            csv_core::ReadRecordResult::OutputFull | csv_core::ReadRecordResult::OutputEndsFull => {
                panic!("a row is too large")
            }
            csv_core::ReadRecordResult::InputEmpty | csv_core::ReadRecordResult::Record => {}
        }
    }
}
