//! Stock: what Odoo counts here, less what it does not know yet.
//!
//! Goal: a look-up answers Odoo's figure, and what can still be sold with the line down. Method: change the stock in Odoo
//! and refresh; sell with the server stopped; start it again, let everything arrive, refresh.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CASH, Product, moment, range, yesterday};
use tillpost_tests::wait;

use super::refreshed_by_command;

/// On hand and available, in thousandths.
fn figures(office: &HeadOffice, agent: &Agent, product: &Product) -> (Option<i64>, Option<i64>) {
    let path = format!("/v1/products?sku={}", product.sku);
    let found = agent.get(office.token("1"), &path).ok()["products"][0].clone();
    let thousandths = |name: &str| {
        let number: f64 = found[name].as_str()?.parse().unwrap();
        Some((number * 1000.0).round() as i64)
    };
    (thousandths("on_hand"), thousandths("available"))
}

fn sale(sequence: u64, product: &Product, thousandths: i64) -> Value {
    let date = yesterday();
    let receipt = Receipt::sale("1", sequence, moment(date, 60), date);
    receipt.item(product, thousandths).paid(CASH).json()
}

/// An article that is not of the shop's range.
fn named(sku: &str) -> Product {
    Product {
        sku: sku.to_owned(),
        ..range().remove(0)
    }
}

/// Sets what Odoo counts of a product on the store's shelf, in whole pieces.
fn count_there(office: &HeadOffice, product: &Product, pieces: i64) {
    office.database.shell(&format!(
        "config = env['pos.config'].search([('name', '=like', 'ZH01-%')], limit=1)\n\
         product = env['product.product'].search([('default_code', '=', {:?})])\n\
         env['stock.quant'].with_context(inventory_mode=True).create({{'product_id': product.id,\n\
         'location_id': config.picking_type_id.default_location_src_id.id,\n\
         'inventory_quantity_auto_apply': {pieces}}})\nenv.cr.commit()\n",
        product.sku
    ));
}

#[test]
fn stock_in_odoo_is_answered_and_what_it_does_not_know_is_taken_off() {
    let mut office = HeadOffice::new("stock", &["1".to_owned()]);
    refreshed_by_command(&office, None);
    for (sku, storable) in [("TP-NEVER", true), ("TP-WORK", false)] {
        let kind = if storable { "consu" } else { "service" };
        let values = json!({"name": sku, "default_code": sku, "type": kind, "is_storable": storable,
            "list_price": 1, "available_in_pos": true});
        office.database.create("product.product", &values);
    }
    let agent = office.start();
    let refresh = |office: &HeadOffice| {
        office.home.run(&["catalog", "refresh"]).ended(0);
    };
    let range = range();
    let (piece, kilo, other) = (&range[0], &range[9], &range[1]);
    assert!(kilo.weighed && !piece.weighed && !other.weighed);
    refresh(&office);
    let (never, service) = (named("TP-NEVER"), named("TP-WORK"));
    assert_eq!(figures(&office, &agent, &never), (Some(0), Some(0)));
    assert_eq!(figures(&office, &agent, &service), (None, None), "no goods");
    let start = Some(STOCK_AT_START);
    assert_eq!(figures(&office, &agent, piece), (start, start));
    count_there(&office, piece, 12);
    count_there(&office, other, 0);
    refresh(&office);
    assert_eq!(
        figures(&office, &agent, piece),
        (Some(12_000), Some(12_000))
    );
    assert_eq!(
        figures(&office, &agent, other),
        (Some(0), Some(0)),
        "an empty shelf"
    );

    let stopped = office.database.stop_server();
    let hand_in = |document: &Value| {
        let taken = agent.hand_in(office.token("1"), document);
        assert_eq!(taken["status"], "accepted", "{taken}");
    };
    hand_in(&sale(1, piece, 3_000));
    hand_in(&sale(2, kilo, 345));
    let back = Receipt::back("1", 3, moment(yesterday(), 120), yesterday());
    hand_in(&back.item(piece, -1_000).paid(CASH).json());
    let expected = (Some(12_000), Some(10_000));
    wait::until("the sale and the return to count", || {
        (figures(&office, &agent, piece) == expected).then_some(())
    });
    let kilos = figures(&office, &agent, kilo);
    assert_eq!(kilos, (start, Some(STOCK_AT_START - 345)));
    drop(stopped);

    agent.wait_drained(DRAIN);
    refresh(&office);
    assert_eq!(
        figures(&office, &agent, piece),
        (Some(10_000), Some(10_000))
    );
    assert_eq!(figures(&office, &agent, other), (Some(0), Some(0)));
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
}

#[test]
fn what_is_wrong_with_the_prices_is_told_in_its_own_words() {
    let mut office = HeadOffice::new("prices_wrong", &["1".to_owned()]);
    refreshed_by_command(&office, Some("Shpo"));
    let problem = |agent: &Agent, code: &str| {
        wait::until(code, || {
            let problems = agent.status()["problems"].clone();
            let mut problems = problems.as_array().unwrap().iter();
            problems.find(|problem| problem["code"] == code).cloned()
        })
    };
    let agent = office.start();
    let wrong = problem(&agent, "catalog_incomprehensible");
    let message = wrong["message"].as_str().unwrap();
    assert!(message.contains("Shpo"), "names the list: {wrong}");
    agent.stop();
    office.home.set_env(
        tillpost_tests::head_office::AGENT_KEY,
        "0000000000000000000000000000000000000000",
    );
    let agent = office.start();
    let refused = problem(&agent, "catalog_unauthorized");
    assert!(!refused["hint"].as_str().unwrap().is_empty(), "{refused}");
}
