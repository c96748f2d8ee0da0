//! Goods that move without being sold: receipts, transfers, returns to a vendor, waste, own use and corrections.
//!
//! Goal: each is in Odoo's stock once, where it belongs, whatever the process does and however often it is handed in.
//! Method: every kind of movement, a resend from an empty data folder, a kill at every point between the calls, and
//! what a person can do to a transfer in Odoo. What must lie where is counted here; what lies there comes from SQL.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::books;
use tillpost_tests::head_office::{AGENT_KEY, DRAIN, HeadOffice};
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::goods::{Line, move_key, moved};
use tillpost_tests::shop::{Product, moment, range, yesterday};
use tillpost_tests::wait;

use super::dies_at;
use super::kills::REQUEST_LIMIT;

/// A supplier whom only the reference tells from another of the same name.
const VENDOR: &str = "V-4711";

fn office(version: u32, name: &str) -> HeadOffice {
    let name = format!("{name}_{version}");
    let office = HeadOffice::on(version, &name, &["1".to_owned()]);
    for reference in ["V-0815", VENDOR] {
        let vendor = json!({ "name": "Same Name Ltd", "ref": reference });
        office.database.create("res.partner", &vendor);
    }
    office
}

fn with(mut document: Value, field: &str, value: &str) -> Value {
    document["body"][field] = value.into();
    document
}

/// Every kind of movement of three articles.
fn movements(goods: &[Product]) -> Vec<Value> {
    let at = moment(yesterday(), 3_600);
    let one = |product: &Product, thousandths| [Line::of(product, thousandths)];
    let [a, b, kilo] = [&goods[0], &goods[1], &goods[9]];
    vec![
        with(
            moved(
                "receipt",
                "LS 1",
                at,
                &[Line::of(a, 24_000), Line::of(b, 6_000), Line::of(a, 1_000)],
            ),
            "partner",
            VENDOR,
        ),
        with(
            moved("receipt", "LS 2", at, &one(kilo, 12_345)),
            "partner",
            "V-unknown",
        ),
        with(
            moved("transfer_out", "T 1", at, &one(a, 5_000)),
            "to",
            "BE07",
        ),
        with(
            moved("transfer_in", "T 2", at, &one(b, 3_000)),
            "from",
            "BE07",
        ),
        with(
            moved("return_to_vendor", "R 1", at, &one(b, 2_000)),
            "partner",
            VENDOR,
        ),
        moved(
            "waste",
            "W 1",
            at,
            &[Line::of(a, 1_000), Line::of(kilo, 345)],
        ),
        moved("internal_use", "U 1", at, &one(kilo, 1_500)),
        moved(
            "adjustment",
            "A 1",
            at,
            &[Line::of(a, -7_000), Line::of(b, 4_000)],
        ),
    ]
}

/// What lies in the store after them, in thousandths.
fn expected(goods: &[Product]) -> BTreeMap<String, i64> {
    let mut stock: BTreeMap<String, i64> = BTreeMap::new();
    for product in goods {
        stock.insert(product.sku.clone(), STOCK_AT_START);
    }
    let mut change = |product: &Product, changes: &[i64]| {
        *stock.get_mut(&product.sku).unwrap() += changes.iter().sum::<i64>();
    };
    change(&goods[0], &[24_000, 1_000, -5_000, -1_000, -7_000]);
    change(&goods[1], &[6_000, 3_000, -2_000, 4_000]);
    change(&goods[9], &[12_345, -345, -1_500]);
    stock
}

/// Every transfer of ours: origin, usage it leaves, usage it comes to, state, reference of the contact.
fn transfers(office: &HeadOffice) -> Vec<String> {
    let rows = office.database.rows(
        "SELECT p.origin AS a, f.usage AS b, t.usage AS c, p.state AS d, coalesce(c.ref, '-') AS e FROM stock_picking p \
         JOIN stock_location f ON f.id = p.location_id JOIN stock_location t ON t.id = p.location_dest_id \
         LEFT JOIN res_partner c ON c.id = p.partner_id WHERE p.origin LIKE 'ZH01/%' ORDER BY p.origin",
    );
    rows.into_iter().map(|row| row.join(" | ")).collect()
}

fn scraps(office: &HeadOffice) -> Vec<String> {
    let moved = match office.database.server.version {
        14 => "m.id = s.move_id",
        _ => "m.scrap_id = s.id",
    };
    let rows = office.database.rows(&format!(
        "SELECT p.default_code AS a, s.scrap_qty::numeric(16,3)::text AS b, s.state AS c, count(m.id)::text AS d \
         FROM stock_scrap s JOIN product_product p ON p.id = s.product_id LEFT JOIN stock_move m ON {moved} \
         WHERE s.origin LIKE 'ZH01/%' GROUP BY s.id, 1, 2, 3 ORDER BY 1",
    ));
    rows.into_iter().map(|row| row.join(" ")).collect()
}

#[track_caller]
fn assert_moved(office: &HeadOffice) {
    assert_eq!(books::stock(&office.database), expected(&range()));
    let expected = [
        "ZH01/stock_move/adjustment/A 1 | inventory | internal | done | -",
        "ZH01/stock_move/adjustment/A 1 (-) | internal | inventory | done | -",
        "ZH01/stock_move/internal_use/U 1 | internal | inventory | done | -",
        "ZH01/stock_move/receipt/LS 1 | supplier | internal | done | V-4711",
        "ZH01/stock_move/receipt/LS 2 | supplier | internal | done | -",
        "ZH01/stock_move/return_to_vendor/R 1 | internal | supplier | done | V-4711",
        "ZH01/stock_move/transfer_in/T 2 | transit | internal | done | -",
        "ZH01/stock_move/transfer_out/T 1 | internal | transit | done | -",
    ];
    let mut there = transfers(office);
    there.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(there, expected);
    assert_eq!(
        scraps(office),
        ["TP-001 1.000 done 1", "TP-010 0.345 done 1"]
    );
}

#[track_caller]
fn wait_settled(agent: &Agent) {
    wait::within(DRAIN, "the movements to arrive", || {
        (agent.count("waiting") == 0).then_some(())
    });
}

/// Hands in while the agent has a wrong key, so that all of it waits.
fn queue(office: &HeadOffice, documents: &[Value]) {
    let wrong = [(AGENT_KEY, "0000000000000000000000000000000000000000")];
    let agent = Agent::start(&office.home, &wrong);
    agent.hand_in_all(office.token("1"), documents, "accepted");
    agent.kill();
}

/// What a person is told of a parked document.
fn told(office: &HeadOffice, code: &str) -> String {
    let find = || {
        let list = ["documents", "list", "--state", "parked", "--json"];
        let listed = office.home.run(&list).json();
        let ids = listed["documents"].as_array().unwrap().clone();
        ids.iter().find_map(|document| {
            let id = document["id"].as_str().unwrap();
            let shown = office.home.run(&["documents", "show", id, "--json"]).json();
            let answer = &shown["deliveries"][0]["answer"];
            (answer["code"] == code).then(|| answer["message"].as_str().unwrap().to_owned())
        })
    };
    wait::until(code, find)
}

on_19_and_14! {
    every_kind_of_movement_is_in_the_stock_once_however_often_it_comes
    killed_between_the_calls_nothing_moves_twice
    lots_and_serials_move_by_their_names_and_what_cannot_be_done_stays_visible
    what_a_person_did_to_the_transfer_is_told_and_never_overwritten
}

fn every_kind_of_movement_is_in_the_stock_once_however_often_it_comes(version: u32) {
    let mut office = office(version, "moves");
    let documents = movements(&range());
    for round in ["first", "from an empty data folder"] {
        let agent = office.start();
        agent.hand_in_all(office.token("1"), &documents, "accepted");
        wait_settled(&agent);
        assert_eq!(agent.count("parked"), 0, "{round}: {}", agent.status());
        assert_moved(&office);
        agent.stop();
        office.new_home();
    }
}

fn killed_between_the_calls_nothing_moves_twice(version: u32) {
    let office = office(version, "moves_killed");
    office.request_limit(REQUEST_LIMIT);
    let documents = movements(&range());
    queue(&office, &documents);
    dies_at(
        &office,
        &[
            "odoo.transfer_created",
            "odoo.transfer_validated",
            "odoo.scrap_created",
            "odoo.scrap_done",
            "odoo.transfer_created",
        ],
    );
    let agent = office.start();
    wait_settled(&agent);
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    assert_moved(&office);
    agent.stop();
}

fn lots_and_serials_move_by_their_names_and_what_cannot_be_done_stays_visible(version: u32) {
    let office = office(version, "moves_lots");
    for (sku, tracking) in [("TP-LOT", "lot"), ("TP-SER", "serial")] {
        let mut values =
            json!({ "name": sku, "default_code": sku, "type": "product", "tracking": tracking });
        if version >= 18 {
            values["type"] = "consu".into();
            values["is_storable"] = true.into();
        }
        office.database.create("product.product", &values);
    }
    let at = moment(yesterday(), 3_600);
    let serials = |names: [&str; 2]| {
        let line = Line::sku("TP-SER", 2_000);
        line.lot("serial", names[0], 1_000)
            .lot("serial", names[1], 1_000)
    };
    let lots = Line::sku("TP-LOT", 5_000)
        .lot("lot", "L1", 3_000)
        .lot("lot", "L2", 2_000);
    let agent = office.start();
    let first = [
        moved("receipt", "1", at, &[lots, serials(["S1", "S2"])]),
        moved(
            "waste",
            "2",
            at,
            &[Line::sku("TP-LOT", 1_000).lot("lot", "L2", 1_000)],
        ),
        moved(
            "transfer_out",
            "3",
            at,
            &[Line::sku("TP-SER", 1_000).lot("serial", "S2", 1_000)],
        ),
    ];
    agent.hand_in_all(office.token("1"), &first, "accepted");
    wait_settled(&agent);
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    let by_lot = || {
        let lots = match version {
            14 => "stock_production_lot",
            _ => "stock_lot",
        };
        let rows = office.database.rows(&format!(
            "SELECT l.name AS a, sum(q.quantity)::numeric(16,0)::text AS b FROM stock_quant q \
             JOIN {lots} l ON l.id = q.lot_id JOIN stock_location p ON p.id = q.location_id AND p.usage = 'internal' \
             WHERE l.name IN ('L1', 'L2', 'S1', 'S2', 'S3') GROUP BY 1 HAVING sum(q.quantity) <> 0 ORDER BY 1",
        ));
        rows.into_iter()
            .map(|row| row.join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(by_lot(), ["L1 3", "L2 1", "S1 1"]);

    // Without lots it is not even tried; a serial number that is here already keeps the transfer open, by its name.
    let missing = moved("receipt", "4", at, &[Line::sku("TP-LOT", 1_000)]);
    agent.hand_in_all(office.token("1"), &[missing], "accepted");
    told(&office, "lots_missing");
    let again = moved("receipt", "5", at, &[serials(["S1", "S3"])]);
    agent.hand_in_all(office.token("1"), &[again], "accepted");
    let message = told(&office, "transfer_unfinished");
    let name = office
        .database
        .rows("SELECT name AS a FROM stock_picking WHERE origin = 'ZH01/stock_move/receipt/5'");
    assert!(message.contains(&name[0][0]), "{message} names {name:?}");
    assert_eq!(by_lot(), ["L1 3", "L2 1", "S1 1"]);
    agent.stop();
}

fn what_a_person_did_to_the_transfer_is_told_and_never_overwritten(version: u32) {
    let office = office(version, "moves_person");
    let goods = range();
    let at = moment(yesterday(), 3_600);
    for (reference, code) in [("C", "transfer_cancelled"), ("D", "key_conflict")] {
        let receipt = moved("receipt", reference, at, &[Line::of(&goods[0], 2_000)]);
        queue(&office, &[receipt]);
        let point = [("TILLPOST_FAILPOINT", "odoo.transfer_created:1")];
        let mut agent = Agent::start(&office.home, &point);
        agent.wait_ended(DRAIN);
        let key = move_key("receipt", reference);
        let ids = office
            .database
            .search("stock.picking", &json!([["origin", "=", key]]));
        assert_eq!(ids.len(), 1);
        if reference == "C" {
            office
                .database
                .call("stock.picking", "action_cancel", &json!({ "ids": ids }));
        } else {
            let quantity = if version == 14 {
                "quantity_done"
            } else {
                "quantity"
            };
            let moves = office
                .database
                .search("stock.move", &json!([["picking_id", "=", ids[0]]]));
            office
                .database
                .write("stock.move", &moves, &json!({ quantity: 9 }));
        }
        let agent = office.start();
        told(&office, code);
        assert_eq!(
            books::stock(&office.database)[&goods[0].sku],
            STOCK_AT_START
        );
        agent.stop();
    }
}
