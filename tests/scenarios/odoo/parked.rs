//! One bad sale among a hundred.
//!
//! Goal: promise 3, "nobody waits for a bad one". Method: a hundred sales, one paid by a method Odoo does not know; see
//! 99 arrive, read the reason as a shopkeeper would, mend the configuration, retry.

use serde_json::{Value, json};
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::shop::uid;
use tillpost_tests::wait;

on_19_and_14! {
    one_sale_with_an_unknown_method_is_parked_and_99_arrive
    an_unknown_product_waits_for_the_catalog_and_stops_nobody
}

fn one_sale_with_an_unknown_method_is_parked_and_99_arrive(version: u32) {
    let office = HeadOffice::on(version, &format!("parked_{version}"), &["1".to_owned()]);
    let agent = office.start();
    let token = office.token("1");
    let mut bad = sale("1", 37);
    bad["body"]["tenders"][0]["type"] = json!("mobile");
    bad["body"]["tenders"][0]["method"] = json!("TWINT");
    agent.hand_in_all(token, &sales("1", 1, 36), "accepted");
    let parked = agent.hand_in(token, &bad);
    assert_eq!(parked["status"], "accepted", "{parked}");
    agent.hand_in_all(token, &sales("1", 38, 63), "accepted");
    agent.wait_drained(DRAIN);
    let arrived = || {
        office
            .database
            .number("SELECT count(*) AS a FROM pos_order WHERE pos_reference LIKE 'ZH01-%'")
    };
    assert_eq!((arrived(), agent.count("parked")), (99, 1));
    let id = parked["id"].as_str().unwrap();
    let document = agent.document(token, id);
    assert_eq!(document["state"], "parked", "{document}");
    let answer = &document["deliveries"][0]["answer"];
    assert_plain(answer);
    let problems = agent.status()["problems"].to_string();
    assert!(
        problems.contains("parked") || problems.contains("TWINT"),
        "the status says it: {problems}"
    );
    agent.stop();

    let config = std::fs::read_to_string(office.home.config()).unwrap();
    let mended = config.replace("CARD = \"Card\"", "CARD = \"Card\", TWINT = \"Card\"");
    assert_ne!(mended, config);
    std::fs::write(office.home.config(), mended).unwrap();
    let agent = office.start();
    assert_eq!(
        agent.count("parked"),
        1,
        "it stays parked until a person says so"
    );
    office.home.run(&["documents", "retry", id]).ended(0);
    wait::within(DRAIN, "the parked sale", || {
        (agent.document(token, id)["state"] == "delivered").then_some(())
    });
    assert_eq!(arrived(), 100);
    // Where an order has no uid, it stands in the names of its lines.
    let order = match version {
        14 => "SELECT count(*) AS a FROM pos_order_line WHERE name LIKE '{uid} %'",
        _ => "SELECT count(*) AS a FROM pos_order WHERE uuid = '{uid}'",
    };
    let order = order.replace("{uid}", &uid("1", 37).to_string());
    assert_eq!(office.database.number(&order), 1);
    office.home.run(&["documents", "retry", id]).ended(1);
}

/// Panics unless a shopkeeper would understand the answer: it names what is unknown and what to do, without jargon.
#[track_caller]
fn assert_plain(answer: &Value) {
    let words = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    assert!(
        words("message").contains("TWINT"),
        "names what is unknown: {answer}"
    );
    assert!(
        !words("hint").is_empty() && !words("code").is_empty(),
        "says what to do: {answer}"
    );
    for jargon in [
        "Traceback",
        "ValidationError",
        "pos.",
        "psycopg",
        "odoo.exceptions",
        "null",
    ] {
        assert!(
            !answer.to_string().contains(jargon),
            "no word for a shopkeeper: {answer}"
        );
    }
}

fn an_unknown_product_waits_for_the_catalog_and_stops_nobody(version: u32) {
    let office = HeadOffice::on(
        version,
        &format!("unknown_product_{version}"),
        &["1".to_owned()],
    );
    let agent = office.start();
    let token = office.token("1");
    let mut novelty = sale("1", 1);
    novelty["body"]["lines"][0]["product"] =
        json!({"sku": "TP-NEW", "barcode": "7613999999990", "name": "Novelty"});
    let waiting = agent.hand_in(token, &novelty);
    agent.hand_in_all(token, &sales("1", 2, 5), "accepted");
    let id = waiting["id"].as_str().unwrap();
    let arrived = || {
        office
            .database
            .number("SELECT count(*) AS a FROM pos_order WHERE pos_reference LIKE 'ZH01-%'")
    };
    wait::within(DRAIN, "the sales behind it", || {
        (arrived() == 5).then_some(())
    });
    wait::within(DRAIN, "its reason", || {
        let document = agent.document(token, id);
        assert_eq!(
            document["state"], "waiting",
            "postponed, not parked: {document}"
        );
        let answer = document["deliveries"][0]["answer"].to_string();
        (answer.contains("7613999999990") || answer.contains("TP-NEW")).then_some(())
    });
    office.database.shell(
        "tax = env['account.tax'].search([('name', '=', '8.1% incl.')], limit=1)\n\
         env['product.product'].create({'default_code': 'TP-NEW', 'barcode': '7613999999990', 'name': 'Novelty',\n\
         'list_price': 1.32, 'available_in_pos': True,\n\
         **({'type': 'product'} if 'is_storable' not in env['product.product']._fields else\n\
            {'type': 'consu', 'is_storable': True}),\n\
         'taxes_id': [(6, 0, tax.ids)]})\nenv.cr.commit()\n",
    );
    wait::within(DRAIN, "the novelty's sale", || {
        (agent.document(token, id)["state"] == "delivered").then_some(())
    });
    assert_eq!(arrived(), 6);
}
