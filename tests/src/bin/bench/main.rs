//! How fast, how small: one run, one table of ratios. Not a test: nothing here passes or fails.
//!
//! Only figures of the same run are compared, because the machine is shared: every ratio is the median of rounds in which
//! both sides take turns. `cargo run --release -p tillpost-tests --bin bench`, after `cargo build --release`.

mod drain;
mod files;
mod ingest;
mod look_up;
mod page;
mod peers;
mod till;

use std::time::Duration;

use tillpost_tests::head_office::HeadOffice;
use tillpost_tests::home::program;
use tillpost_tests::wait;

/// A part of the benchmark, with the name by which it is asked for.
type Part = (&'static str, fn() -> Vec<Row>);

/// What is measured, in this order; arguments name the parts that are wanted, or how their names begin, none wants all.
const PARTS: [Part; 10] = [
    ("ingest", ingest::rows),
    ("peers", peers::rows),
    ("queue", peers::drain::rows),
    ("look-up", || vec![look_up::row()]),
    ("drain-closing", || vec![drain::closing()]),
    ("drain-real", || vec![drain::real()]),
    ("files", files::rows),
    ("page", page::rows),
    ("memory", || vec![memory()]),
    ("size", || vec![size()]),
];

/// One line of the table.
struct Row {
    what: String,
    /// The two sides, for a person.
    sides: String,
    value: f64,
    unit: &'static str,
    /// What we aim at, and whether it is a floor or a ceiling.
    aim: f64,
    at_least: bool,
}

fn main() {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let mut table = Vec::new();
    for (name, measure) in PARTS {
        if only.is_empty() || only.iter().any(|word| name.starts_with(word.as_str())) {
            let rows = measure();
            // At once too: whatever happens to a later part, these are not lost.
            for row in &rows {
                println!("{}", row.line());
            }
            table.extend(rows);
        } else {
            println!("left out: {name}");
        }
    }
    println!(
        "\n{:<48} {:>10} {:>12}   how it was measured",
        "", "measured", "aim"
    );
    for row in table {
        println!("{}", row.line());
    }
}

impl Row {
    /// The row of the table; a `!` stands where the aim is missed.
    fn line(&self) -> String {
        let sign = if self.at_least { "≥" } else { "≤" };
        let aim = format!("{sign} {}{}", self.aim, self.unit);
        let missed = if self.at_least {
            self.value < self.aim
        } else {
            self.value > self.aim
        };
        let value = format!("{:.2}{}", self.value, self.unit);
        let mark = if missed { "!" } else { " " };
        format!(
            "{:<48} {value:>10} {aim:>12} {mark} {}",
            self.what, self.sides
        )
    }
}

/// The tills' side needs no more than one thread, and takes less of the machine for it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Memory of a service that has Odoo's goods and has brought a sale there, and has nothing to do.
fn memory() -> Row {
    let till = "1".to_owned();
    let office = HeadOffice::new("bench_memory", std::slice::from_ref(&till));
    let agent = office.start();
    wait::until("the catalog", || {
        let answer = agent.get(office.token(&till), "/v1/products?q=a");
        (answer.status == 200).then_some(())
    });
    agent.hand_in_all(office.token(&till), &[drain::receipt(1).json()], "accepted");
    agent.wait_drained(wait::HANG);
    std::thread::sleep(Duration::from_secs(5));
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.process())).unwrap();
    let kilobytes = |name: &str| -> f64 {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let megabytes = kilobytes("VmRSS:") / 1024.0;
    Row {
        what: "memory when idle".to_owned(),
        sides: format!(
            "resident 5 s after a sale went to Odoo, {:.1} MB of it anonymous",
            kilobytes("RssAnon:") / 1024.0
        ),
        value: megabytes,
        unit: " MB",
        aim: 20.0,
        at_least: false,
    }
}

fn size() -> Row {
    let program = program();
    let bytes = std::fs::metadata(&program).unwrap().len() as f64;
    let sides = if program.to_string_lossy().contains("release") {
        "the release build, stripped"
    } else {
        "a DEBUG build: run with --release"
    };
    Row {
        what: "size of the program".to_owned(),
        sides: sides.to_owned(),
        value: bytes / f64::from(1 << 20),
        unit: " MB",
        aim: 15.0,
        at_least: false,
    }
}
