//! The main job against a real Odoo 19, and in [`v14`] against an Odoo 14: what the tills rang up stands there once, whatever happens on the way.
//!
//! Every test has a database of its own, set up by the built program's own `odoo prepare`; the agent runs with the
//! least-privileged user's key. What must stand there comes from the shop's ledger, what stands there from SQL.

/// Each of these functions as a test on Odoo 19, and on Odoo 14 in a module `v14`.
macro_rules! on_19_and_14 {
    ($($test:ident)*) => {
        mod v19 {
            $(#[test]
            fn $test() {
                super::$test(19);
            })*
        }
        mod v14 {
            $(#[test]
            fn $test() {
                super::$test(14);
            })*
        }
    };
}

mod away;
mod baskets;
mod by_json_rpc;
mod changes;
mod clocks;
mod closing;
mod coins;
mod counts;
mod customers;
mod dangers;
mod environment;
pub mod faults;
mod gift_cards;
mod hard_day;
mod hours;
mod keys;
mod kills;
mod late;
mod lists;
mod lots;
mod moves;
mod numbers;
mod once;
mod parked;
mod pickups;
mod points;
mod prepare;
mod prices;
mod proof;
mod refusals;
mod rights;
mod stock;
mod taxes;
mod upgraded;
mod v14;
mod whole_day;

use tillpost_tests::agent::Agent;
use tillpost_tests::books;
use tillpost_tests::figures::Figures;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::ledger::Ledger;
use tillpost_tests::odoo::Database;
use tillpost_tests::shop::day::{Day, Plan};
use tillpost_tests::wait;

/// A day of a plan, and a head office with its tills.
fn shop(name: &str, plan: &Plan) -> (HeadOffice, Day) {
    let day = Day::generate(plan);
    (HeadOffice::new(name, &day.tills), day)
}

/// Has the catalog refreshed by nothing but the command, with the prices of a list.
fn refreshed_by_command(office: &HeadOffice, price_list: Option<&str>) {
    let config = std::fs::read_to_string(office.home.config()).unwrap();
    let list = price_list.map_or_else(String::new, |name| format!("\nprice_list = \"{name}\""));
    let changed = config.replace("refresh = \"2s\"", &format!("refresh = \"12h\"{list}"));
    assert_ne!(changed, config);
    std::fs::write(office.home.config(), changed).unwrap();
}

/// Starts the agent once for each of these points, at which it dies the first time it passes; panics when it ends elsewhere.
fn dies_at(office: &HeadOffice, points: &[&str]) {
    for point in points {
        let failpoint = format!("{point}:1");
        let mut agent = Agent::start(&office.home, &[("TILLPOST_FAILPOINT", &failpoint)]);
        let said = agent.wait_ended(DRAIN);
        let hit = format!("failpoint {point} hit");
        assert!(said.stderr.contains(&hit), "{said:?}");
        println!("hit: {point}");
    }
}

/// Waits until everything is delivered and the sessions are closed; panics when something is parked.
#[track_caller]
pub fn wait_arrived(agent: &Agent, database: &Database) {
    wait::within(DRAIN, "everything to arrive", || {
        let parked = agent.count("parked");
        assert_eq!(parked, 0, "parked: {}", agent.status());
        (agent.count("waiting") == 0).then_some(())
    });
    wait::until("the sessions to be closed", || {
        books::faults(database).is_empty().then_some(())
    });
}

/// What a database of its version must hold of the shop's books.
fn expected(database: &Database, ledger: &Ledger) -> Figures {
    match database.server.version {
        14 => ledger.figures_of_whole_receipts(),
        _ => ledger.figures(),
    }
}

/// Panics unless Odoo holds exactly what was rung up, in books that balance.
#[track_caller]
pub fn assert_books(database: &Database, ledger: &Ledger) {
    expected(database, ledger).assert_found(&books::figures(database));
    let faults = books::faults(database);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_fresh_database_holds_nothing_of_ours() {
    let database = Database::fresh("empty");
    assert_eq!(books::figures(&database).0.len(), 0);
    assert_eq!(books::faults(&database), Vec::<String>::new());
    assert!(books::stock_moves(&database) > 0, "the demo data is there");
}
