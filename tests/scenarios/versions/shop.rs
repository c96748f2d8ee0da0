//! A store at the stand-in, and its till's day.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::kept;
use tillpost_tests::shop::drawer::{self, TillDay};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, CASH, count, moment, range};
use tillpost_tests::stand_in::{DATABASE, StandIn};
use tillpost_tests::wait;

const TILL: &str = "1";
const KEY: &str = "TILLPOST_ODOO_KEY";

/// A store whose only destination is the stand-in.
pub struct Store {
    home: Home,
    token: String,
}

impl Store {
    pub fn new(odoo: &StandIn) -> Self {
        let mut home = Home::new(&Setup::bare().with(&format!(
            "[[destination]]\nname = \"odoo\"\ntype = \"odoo\"\nurl = \"{}\"\ndatabase = \"{DATABASE}\"\n\
             login = \"tillpost-ZH01\"\nrequest_limit = \"2s\"\nsecret = {{ env = \"{KEY}\" }}\n\
             methods = {{ CASH = \"Cash\", CARD = \"Card\" }}",
            odoo.url()
        )));
        home.set_env(KEY, "the-agents-own-key-0123456789");
        let token = home.add_till(TILL);
        Self { home, token }
    }

    pub fn start(&self) -> Agent {
        Agent::start(&self.home, &[("TILLPOST_HURRY", "50")])
    }

    /// With its real patience.
    pub fn start_patient(&self) -> Agent {
        self.home.start()
    }

    pub fn hand_in(&self, agent: &Agent, documents: &[Value]) {
        agent.hand_in_all(&self.token, documents, "accepted");
    }

    /// Waits until nothing waits; panics when something is parked.
    pub fn arrived(&self, agent: &Agent) {
        wait::until("everything to arrive", || {
            let status = agent.status();
            assert_eq!(status["documents"]["parked"], 0, "{status:#}");
            (status["documents"]["waiting"] == 0).then_some(())
        });
    }

    /// The day's proof.
    pub fn proof(&self) -> Value {
        let said = self
            .home
            .run(&["proof", "--date", &date().to_string(), "--json"]);
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"))
    }

    /// All that the store shows and keeps: log, API, pages and every file of the data folder.
    pub fn everything(&self, agent: &Agent) -> String {
        kept::everything(&self.home, &self.token, agent)
    }
}

fn date() -> Date {
    "2026-11-20".parse().unwrap()
}

fn at(number: u64) -> Timestamp {
    moment(date(), 60 * i64::try_from(number).unwrap())
}

/// A sale of two articles by card.
pub fn sold(number: u64) -> Receipt {
    let range = range();
    let sale = Receipt::sale(TILL, number, at(number), date());
    sale.item(&range[0], 2_000)
        .item(&range[1], 1_000)
        .paid(CARD)
}

/// Both articles of a sale come back.
pub fn back(number: u64, of: &Receipt) -> Receipt {
    let back = Receipt::back(TILL, number, at(number), date());
    back.item_of(of, 1).paid(CASH)
}

/// Articles of two sales come back on one receipt.
pub fn back_of_two(number: u64, one: &Receipt, two: &Receipt) -> Receipt {
    let back = Receipt::back(TILL, number, at(number), date());
    back.item_of(one, 1).item_of(two, 2).paid(CARD)
}

pub fn void(number: u64, of: &Receipt) -> Value {
    drawer::void(number, at(number), date(), of)
}

/// A till's day with every kind of document.
pub fn day() -> (TillDay, Vec<Value>) {
    let mut till = TillDay::new(TILL, 10_000);
    let range = range();
    let note = Receipt::sale(TILL, 1, at(1), date()).item(&range[0], 1_000);
    let note = note.less(10).paid_with_note(5_000);
    let card = sold(2);
    let (one, two) = (back(3, &card), back_of_two(4, &note, &card));
    let wrong = sold(5);
    let receipts = [&note, &card, &one, &two, &wrong];
    for receipt in receipts {
        till.add(receipt, 1);
        till.number(receipt.sequence);
    }
    till.add(&wrong, -1);
    till.cash(-1_250);
    till.number(7);
    let mut documents = vec![till.open(date(), moment(date(), 0))];
    documents.extend(receipts.map(Receipt::json));
    documents.push(void(6, &wrong));
    documents.push(drawer::cash_movement(
        TILL,
        7,
        at(7),
        date(),
        "pay_out",
        -1_250,
    ));
    let counted = [(range[0].clone(), 50_000), (range[1].clone(), 60_000)];
    documents.push(count::spot("evening", date(), at(8), &counted));
    documents.push(till.close(date(), at(9), 0));
    (till, documents)
}

/// Holds what was said against its golden file, or writes that anew.
pub fn assert_golden(version: u32, said: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/versions/golden");
    let path = folder.join(format!("{version}.txt"));
    if std::env::var_os("TILLPOST_WRITE_GOLDENS").is_some() {
        std::fs::write(&path, said).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = golden
        .lines()
        .zip(said.lines())
        .position(|(golden, said)| golden != said);
    let at = differs.unwrap_or(golden.lines().count().min(said.lines().count()));
    let around = |text: &str| {
        text.lines()
            .skip(at.saturating_sub(12))
            .take(16)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(
        golden == said,
        "{} differs from line {} on.\ngolden:\n{}\nsaid:\n{}",
        path.display(),
        at + 1,
        around(&golden),
        around(said)
    );
}
