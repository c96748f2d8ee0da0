//! Orders handed over in the store.
//!
//! Goal: what the store hands over is delivered in Odoo once, the rest stays open, and what it does not hand over changes
//! nothing. Method: real sales orders, resent from an empty data folder and killed at every point between the calls; a
//! sale that takes a prepayment for the order beside it. What must be delivered is counted here; what is comes from SQL.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::books;
use tillpost_tests::head_office::{AGENT_KEY, DRAIN, HeadOffice};
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::goods::{Line, pickup};
use tillpost_tests::shop::{moment, range, yesterday};
use tillpost_tests::wait;

use super::dies_at;
use super::kills::REQUEST_LIMIT;

/// A head office with confirmed orders of three of the first and two of the second article; the orders' ids.
fn shop(version: u32, name: &str, references: &[&str]) -> (HeadOffice, Vec<i64>) {
    let name = format!("{name}_{version}");
    let office = HeadOffice::on(version, &name, &["1".to_owned()]);
    let orders = references.iter().map(|reference| order(&office, reference));
    let orders = orders.collect();
    (office, orders)
}

/// An order with this customer reference, confirmed.
fn order(office: &HeadOffice, reference: &str) -> i64 {
    let database = &office.database;
    let number = |select: &str| database.number(select);
    let warehouse = number(
        "SELECT t.warehouse_id AS a FROM pos_config c JOIN stock_picking_type t ON t.id = c.picking_type_id \
         WHERE c.name LIKE 'ZH01-%' LIMIT 1",
    );
    let product = |sku: &str| {
        number(&format!(
            "SELECT id AS a FROM product_product WHERE default_code = '{sku}'"
        ))
    };
    let customer = database.create(
        "res.partner",
        &json!({ "name": format!("Customer {reference}") }),
    );
    let goods = range();
    let line = |sku: &str, quantity: i64| json!([0, 0, { "product_id": product(sku), "product_uom_qty": quantity }]);
    let id = database.create(
        "sale.order",
        &json!({
            "partner_id": customer, "client_order_ref": reference, "warehouse_id": warehouse,
            "order_line": [line(&goods[0].sku, 3), line(&goods[1].sku, 2)],
        }),
    );
    database.call("sale.order", "action_confirm", &json!({ "ids": [id] }));
    id
}

fn name(office: &HeadOffice, order: i64) -> String {
    let select = format!("SELECT name AS a FROM sale_order WHERE id = {order}");
    office.database.rows(&select)[0][0].clone()
}

/// What an order has delivered of each article, and its transfers' states in their order.
fn delivered(office: &HeadOffice, order: i64) -> (Vec<String>, Vec<String>) {
    // What is done is what was asked for, where a move keeps no other quantity.
    let quantity = match office.database.server.version {
        14 => "product_uom_qty",
        _ => "quantity",
    };
    let lines = office.database.rows(&format!(
        "SELECT p.default_code AS a, coalesce(sum(m.{quantity}), 0)::numeric(16,0)::text AS b FROM sale_order_line l \
         JOIN product_product p ON p.id = l.product_id \
         LEFT JOIN stock_move m ON m.sale_line_id = l.id AND m.state = 'done' \
         WHERE l.order_id = {order} GROUP BY 1 ORDER BY 1"
    ));
    let states = office.database.rows(&format!(
        "SELECT state AS a FROM stock_picking WHERE sale_id = {order} ORDER BY id"
    ));
    let join = |rows: Vec<Vec<String>>| rows.into_iter().map(|row| row.join(" ")).collect();
    (join(lines), join(states))
}

fn part(mut document: Value, part: &str) -> Value {
    document["body"]["part"] = part.into();
    document
}

/// A sale that only takes money for an order.
fn prepaid(order: &str) -> Value {
    json!({
        "kind": "sale", "store": "ZH01", "till": "1", "sequence": 1, "currency": "USD",
        "business_date": yesterday().to_string(), "occurred_at": moment(yesterday(), 60).to_string(),
        "body": {
            "prices": "tax_included", "total": "10.00", "order": order,
            "lines": [{ "line": 1, "type": "prepayment", "product": {}, "quantity": "1", "unit_price": "10.00",
                        "total": "10.00", "taxes": [] }],
            "tenders": [{ "type": "cash", "method": "CASH", "amount": "10.00" }],
        },
    })
}

fn wait_settled(agent: &Agent) {
    wait::within(DRAIN, "the pickups to arrive", || {
        (agent.count("waiting") == 0).then_some(())
    });
}

/// Waits until a document in this state has an answer with this code.
fn wait_answered(office: &HeadOffice, state: &str, code: &str) {
    wait::until(code, || {
        let list = ["documents", "list", "--state", state, "--json"];
        let listed = office.home.run(&list).json();
        let documents = listed["documents"].as_array().unwrap();
        let answered = |document: &Value| {
            let id = document["id"].as_str().unwrap();
            let shown = office.home.run(&["documents", "show", id, "--json"]).json();
            shown["deliveries"][0]["answer"]["code"] == code
        };
        documents.iter().any(answered).then_some(())
    });
}

/// The store's stock of the first two articles, in whole pieces.
fn stock(office: &HeadOffice) -> [i64; 2] {
    let stock = books::stock(&office.database);
    [0, 1].map(|n| (stock[&range()[n].sku] - STOCK_AT_START) / 1000)
}

on_19_and_14! {
    handed_over_in_two_parts_beside_a_prepayment_goods_leave_once
    what_is_not_collected_or_refused_changes_nothing_and_is_noted_once
    killed_between_the_calls_goods_leave_once
    an_unknown_order_waits_and_what_cannot_be_handed_over_is_told
}

fn handed_over_in_two_parts_beside_a_prepayment_goods_leave_once(version: u32) {
    let (mut office, orders) = shop(version, "pickup_parts", &["WEB-1"]);
    let order = name(&office, orders[0]);
    let at = moment(yesterday(), 3_600);
    let first = [Line::of(&range()[0], 2_000)];
    let documents = [
        prepaid(&order),
        part(pickup("handed_over", &order, at, &first), "1"),
        part(pickup("shipped", "WEB-1", at, &[]), "2"),
    ];
    let half = (
        vec!["TP-001 2".to_owned(), "TP-002 0".to_owned()],
        vec!["done".to_owned(), "assigned".to_owned()],
    );
    let agent = office.start();
    agent.hand_in_all(office.token("1"), &documents[..2], "accepted");
    wait_settled(&agent);
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    assert_eq!(
        (delivered(&office, orders[0]), stock(&office)),
        (half, [-2, 0])
    );
    agent.stop();
    for from in [2, 1] {
        let agent = office.start();
        agent.hand_in_all(office.token("1"), &documents[from..], "accepted");
        wait_settled(&agent);
        assert_eq!(agent.count("parked"), 0, "{}", agent.status());
        let whole = (
            vec!["TP-001 3".to_owned(), "TP-002 2".to_owned()],
            vec!["done".to_owned(), "done".to_owned()],
        );
        assert_eq!(
            (delivered(&office, orders[0]), stock(&office)),
            (whole, [-3, -2])
        );
        agent.stop();
        office.new_home();
    }
    let prepaid = "SELECT count(*) AS a FROM pos_order_line l JOIN product_product p ON p.id = l.product_id \
                   WHERE p.default_code = 'TILLPOST-PREPAYMENT' AND l.price_subtotal_incl = 10";
    assert_eq!(office.database.number(prepaid), 1);
}

fn what_is_not_collected_or_refused_changes_nothing_and_is_noted_once(version: u32) {
    let (mut office, orders) = shop(version, "pickup_not", &["WEB-1", "WEB-2"]);
    let before = [0, 1].map(|n| delivered(&office, orders[n]));
    let at = moment(yesterday(), 3_600);
    let documents = [
        pickup("not_collected", "WEB-1", at, &[]),
        pickup("refused", "WEB-2", at, &[Line::of(&range()[0], 1_000)]),
    ];
    for _ in 0..2 {
        queue(&office, &documents);
        for n in 0..2 {
            let mut agent = Agent::start(
                &office.home,
                &[("TILLPOST_FAILPOINT", "odoo.order_noted:1")],
            );
            let said = wait::within(DRAIN, "a note", || {
                let quiet = agent.count_if_up("waiting") == Some(0);
                (quiet || agent.ended()).then_some(quiet)
            });
            println!("note {n}: already there: {said}");
            if said {
                agent.kill();
            }
        }
        let agent = office.start();
        wait_settled(&agent);
        assert_eq!(agent.count("parked"), 0, "{}", agent.status());
        agent.stop();
        office.new_home();
    }
    assert_eq!([0, 1].map(|n| delivered(&office, orders[n])), before);
    assert_eq!(stock(&office), [0, 0]);
    let notes = office.database.rows(
        "SELECT o.client_order_ref AS a, count(*)::text AS b FROM mail_message m JOIN sale_order o ON o.id = m.res_id \
         WHERE m.model = 'sale.order' AND m.body LIKE '%Tillpost%nothing was changed%' OR \
         m.model = 'sale.order' AND m.body LIKE '%nothing was changed%Tillpost%' GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(notes, [["WEB-1", "1"], ["WEB-2", "1"]]);
}

/// Hands in while the agent has a wrong key, so that all of it waits.
fn queue(office: &HeadOffice, documents: &[Value]) {
    let wrong = [(AGENT_KEY, "0000000000000000000000000000000000000000")];
    let agent = Agent::start(&office.home, &wrong);
    agent.hand_in_all(office.token("1"), documents, "accepted");
    agent.kill();
}

fn killed_between_the_calls_goods_leave_once(version: u32) {
    let (office, orders) = shop(version, "pickup_killed", &["WEB-1", "WEB-2"]);
    office.request_limit(REQUEST_LIMIT);
    let at = moment(yesterday(), 3_600);
    let one = [Line::of(&range()[1], 1_000)];
    let documents = [
        pickup("handed_over", "WEB-1", at, &one),
        pickup("handed_over", "WEB-2", at, &one),
    ];
    queue(&office, &documents);
    dies_at(
        &office,
        &[
            "odoo.delivery_marked",
            "odoo.transfer_validated",
            "odoo.delivery_marked",
        ],
    );
    let agent = office.start();
    wait_settled(&agent);
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    for order in orders {
        let once = (
            vec!["TP-001 0".to_owned(), "TP-002 1".to_owned()],
            vec!["done".to_owned(), "assigned".to_owned()],
        );
        assert_eq!(delivered(&office, order), once);
    }
    assert_eq!(stock(&office), [0, -2]);
    let marked =
        "SELECT count(*) AS a FROM stock_picking WHERE note LIKE '%Tillpost%' AND state <> 'done'";
    assert_eq!(
        office.database.number(marked),
        0,
        "the rest bears no mark of ours"
    );
    agent.stop();
}

fn an_unknown_order_waits_and_what_cannot_be_handed_over_is_told(version: u32) {
    let (office, orders) = shop(version, "pickup_wrong", &["WEB-1", "WEB-2", "WEB-3"]);
    let at = moment(yesterday(), 3_600);
    let database = &office.database;
    database.call(
        "sale.order",
        "action_cancel",
        &json!({ "ids": [orders[1]] }),
    );
    let theirs = database.search("stock.picking", &json!([["sale_id", "=", orders[2]]]));
    if version == 14 {
        let moves = database.search("stock.move", &json!([["picking_id", "in", theirs]]));
        for (id, quantity) in moves.iter().zip([3, 2]) {
            database.write("stock.move", &[*id], &json!({ "quantity_done": quantity }));
        }
    }
    database.call(
        "stock.picking",
        "button_validate",
        &json!({ "ids": theirs, "context": { "skip_sms": true } }),
    );
    let agent = office.start();
    for (order, lines, expected) in [
        (
            "WEB-1",
            vec![Line::of(&range()[0], 4_000)],
            "not_of_the_order",
        ),
        ("WEB-2", vec![], "order_cancelled"),
        ("WEB-3", vec![], "order_delivered"),
    ] {
        agent.hand_in_all(
            office.token("1"),
            &[pickup("handed_over", order, at, &lines)],
            "accepted",
        );
        wait_answered(&office, "parked", expected);
    }
    assert_eq!(delivered(&office, orders[0]).0, ["TP-001 0", "TP-002 0"]);

    agent.hand_in_all(
        office.token("1"),
        &[pickup("handed_over", "WEB-9", at, &[])],
        "accepted",
    );
    wait_answered(&office, "waiting", "unknown_order");
    agent.stop();
    let late = order(&office, "WEB-9");
    let agent = Agent::start(&office.home, &[("TILLPOST_HURRY", "1")]);
    wait_settled(&agent);
    assert_eq!(delivered(&office, late).0, ["TP-001 3", "TP-002 2"]);
    agent.stop();
}
