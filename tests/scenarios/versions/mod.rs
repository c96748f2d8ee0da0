//! What is said to each version of Odoo, call by call, against a stand-in: 15 to 18 cannot be run here.
//!
//! Goal: every call has the method, the order and the arguments of the field guides, which were written down from real
//! servers; and whatever a version does otherwise ends well. Method: a till's day with every kind of document, its
//! calls held against a golden file per version (`TILLPOST_WRITE_GOLDENS=1` writes them anew); handed in once more from
//! an empty data folder nothing is said. Then what is special to one version. What Odoo books is `odoo`'s matter.

mod shop;

use std::time::Duration;

use serde_json::{Value, json};
use tillpost_tests::stand_in::StandIn;
use tillpost_tests::wait;

use self::shop::{Store, day};

/// Rings up the day, twice; compares what was said.
fn a_day(version: u32) {
    let odoo = StandIn::start(version);
    let (till, documents) = day();
    let mut store = Store::new(&odoo);
    let agent = store.start();
    store.hand_in(&agent, &documents);
    store.arrived(&agent);
    agent.stop();
    let said = odoo.look(|world| world.said.join("\n\n")) + "\n";
    shop::assert_golden(version, &said);
    odoo.look(|world| {
        let sessions = &world.tables.models["pos.session"].rows;
        let closed: Vec<&str> = sessions
            .values()
            .map(|row| row["state"].as_str().unwrap())
            .collect();
        assert_eq!(closed, ["closed"]);
        let expected = till.cash_expected();
        let drawer = sessions.values().next().unwrap()["cash_register_balance_end"]
            .as_f64()
            .unwrap();
        assert_eq!((drawer * 100.0).round() as i64, expected, "in the drawer");
        let quants = world.tables.models["stock.quant"].rows.values();
        let lying: Vec<f64> = quants
            .map(|row| row["quantity"].as_f64().unwrap())
            .collect();
        assert_eq!(lying, [50.0, 60.0], "as counted last");
    });

    // Another PC with an empty data folder.
    store = Store::new(&odoo);
    let agent = store.start();
    store.hand_in(&agent, &documents);
    store.arrived(&agent);
    agent.stop();
    let again = odoo.look(|world| world.said.join("\n\n")) + "\n";
    let more = again
        .strip_prefix(&said)
        .unwrap()
        .replace("stock.quant.action_view_inventory", "");
    assert!(!more.contains('.'), "said once more: {more}");
}

#[test]
fn a_day_as_14_is_told() {
    a_day(14);
}

#[test]
fn a_day_as_15_is_told() {
    a_day(15);
}

#[test]
fn a_day_as_16_is_told() {
    a_day(16);
}

#[test]
fn a_day_as_17_is_told() {
    a_day(17);
}

#[test]
fn a_day_as_18_is_told() {
    a_day(18);
}

#[test]
fn a_day_as_19_is_told() {
    a_day(19);
}

#[test]
fn on_18_a_return_waits_for_its_sale_and_holds_nobody_up() {
    let odoo = StandIn::start(18);
    let store = Store::new(&odoo);
    let agent = store.start();
    let (sold, back, other) = (shop::sold(1), shop::back(2, &shop::sold(1)), shop::sold(3));
    store.hand_in(&agent, &[back.json(), other.json()]);
    wait::until("the other sale", || {
        (agent.count("waiting") == 1).then_some(())
    });
    let page = agent.status().to_string();
    assert!(page.contains("unknown_original"), "{page}");
    store.hand_in(&agent, &[sold.json()]);
    store.arrived(&agent);
    agent.stop();
}

#[test]
fn on_18_a_receipt_in_parts_is_undone_whole_and_one_deleted_order_is_named() {
    let odoo = StandIn::start(18);
    let store = Store::new(&odoo);
    let agent = store.start();
    let (one, two) = (shop::sold(1), shop::sold(2));
    let back = shop::back_of_two(3, &one, &two);
    store.hand_in(&agent, &[one.json(), two.json(), back.json()]);
    store.arrived(&agent);
    let undone = shop::void(4, &back);
    store.hand_in(&agent, &[undone]);
    store.arrived(&agent);
    let orders = odoo.look(|world| world.tables.models["pos.order"].rows.len());
    assert_eq!(
        orders,
        2 + 2 + 2,
        "both parts of the return, and their opposites"
    );
    let proof = store.proof();
    assert_eq!(proof["differences"], json!([]), "{proof:#}");

    odoo.look(|world| {
        let orders = world
            .tables
            .search("pos.order", &json!([["uuid", "=", one.uid().to_string()]]));
        let orders = orders.unwrap_or_else(|raised| panic!("{raised:?}"));
        let rows = &mut world.tables.models.get_mut("pos.order").unwrap().rows;
        rows.remove(&orders[0]).unwrap();
    });
    let differences = store.proof()["differences"].to_string();
    assert!(differences.contains(&one.key()), "{differences}");
    assert!(!differences.contains(&two.key()), "{differences}");
    agent.stop();
}

#[test]
fn on_17_a_day_whose_opening_is_told_late_closes_without_a_difference() {
    let odoo = StandIn::start(17);
    let store = Store::new(&odoo);
    let agent = store.start();
    let (till, documents) = day();
    store.hand_in(&agent, &documents[1..2]);
    store.arrived(&agent);
    store.hand_in(&agent, &documents[..1]);
    store.hand_in(&agent, &documents[2..]);
    store.arrived(&agent);
    odoo.look(|world| {
        let sessions = &world.tables.models["pos.session"].rows;
        let row = sessions.values().next().unwrap();
        let drawer = row["cash_register_balance_end"].as_f64().unwrap();
        assert_eq!((drawer * 100.0).round() as i64, till.cash_expected());
        assert_eq!(row["state"], "closed");
    });
    agent.stop();
}

#[test]
fn a_server_that_is_upgraded_meanwhile_is_spoken_with_in_its_new_way() {
    let odoo = StandIn::start(18);
    let store = Store::new(&odoo);
    let agent = store.start();
    store.hand_in(&agent, &[shop::sold(1).json()]);
    store.arrived(&agent);
    odoo.look(|world| world.down = true);
    store.hand_in(
        &agent,
        &[shop::back(2, &shop::sold(1)).json(), shop::sold(3).json()],
    );
    wait::until("it to be noticed", || {
        odoo.look(|world| (world.turned_away > 0).then_some(()))
    });
    odoo.upgrade(19);
    odoo.look(|world| {
        world.said.clear();
        world.down = false;
    });
    store.arrived(&agent);
    odoo.look(|world| {
        assert_eq!(world.tables.models["pos.order"].rows.len(), 3);
        let uploads = world
            .said
            .iter()
            .filter(|said| said.starts_with("pos.order.sync_from_ui {"));
        // Named arguments are JSON-2's.
        assert_eq!(uploads.count(), world.said.len(), "{:#?}", world.said);
    });
    agent.stop();
}

/// Longer than what counts as slow.
const SLOW: Duration = Duration::from_secs(6);

#[test]
fn where_odoo_is_slow_fewer_orders_go_up_in_a_call() {
    let odoo = StandIn::start(19);
    let store = Store::new(&odoo);
    let agent = store.start_patient();
    let queue = |numbers: std::ops::Range<u64>| {
        odoo.look(|world| world.down = true);
        let sales: Vec<Value> = numbers.map(|n| shop::sold(n).json()).collect();
        store.hand_in(&agent, &sales);
        odoo.look(|world| {
            world.said.clear();
            world.down = false;
        });
    };
    // While it is fast, more and more are taken in hand at a time.
    queue(1..301);
    store.arrived(&agent);
    queue(301..501);
    odoo.look(|world| world.slow = Some(("sync_from_ui", SLOW)));
    let sizes = || -> Vec<usize> {
        odoo.look(|world| {
            let uploads = world.said.iter();
            let uploads = uploads.filter(|said| said.starts_with("pos.order.sync_from_ui"));
            uploads
                .map(|said| said.matches("\"pos_reference\"").count())
                .collect()
        })
    };
    wait::until("two calls", || (sizes().len() == 2).then_some(()));
    odoo.look(|world| world.slow = None);
    store.arrived(&agent);
    let sizes = sizes();
    assert_eq!(sizes[..2], [100, 50]);
    assert_eq!(sizes.iter().sum::<usize>(), 200);
    agent.stop();
}

#[test]
fn no_refusal_brings_its_traceback_into_the_store() {
    let odoo = StandIn::start(17);
    let store = Store::new(&odoo);
    let agent = store.start();
    let names = [
        "odoo.exceptions.UserError",
        "odoo.exceptions.AccessError",
        "builtins.KeyError",
        "psycopg2.errors.NotNullViolation",
    ];
    for (n, name) in (1..).zip(names) {
        odoo.look(|world| world.refuse("create_from_ui", name, &format!("no to {n}")));
        store.hand_in(&agent, &[shop::sold(n).json()]);
        wait::until(name, || (agent.count("parked") == n).then_some(()));
    }
    let seen = store.everything(&agent);
    assert!(seen.contains("no to 1"), "the words themselves are told");
    assert!(
        !seen.contains("secret_of_the_server"),
        "a traceback is in the store"
    );
    agent.stop();
}
