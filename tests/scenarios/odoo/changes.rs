//! What changes in Odoo is seen by the next refresh, whichever way a price depends on it.
//!
//! Goal: a change cannot be missed, not even one whose transaction began before another's and was committed after it;
//! and where nothing changed the revision stays. Method: refresh by command only, after each change of one thing.

use std::time::Duration;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::HeadOffice;

use super::refreshed_by_command;

/// What was written within the last five seconds is looked at again, so this is quiet.
const QUIET: Duration = Duration::from_secs(7);

/// The revision after a refresh.
fn refreshed(office: &HeadOffice, agent: &Agent) -> String {
    office.home.run(&["catalog", "refresh"]).ended(0);
    let revision = agent.status()["catalog"]["revision"].clone();
    revision.as_str().unwrap().to_owned()
}

/// An article's price, or nothing when it is not there.
fn price(office: &HeadOffice, agent: &Agent, sku: &str) -> Option<f64> {
    let found = agent
        .get(office.token("1"), &format!("/v1/products?sku={sku}"))
        .ok();
    let amount = found["products"][0]["price"]["amount"].as_str()?;
    amount.parse().ok()
}

/// What is changed, one after the other: its name, and what is written to which record.
fn changes(
    template: i64,
    product: i64,
    rule: i64,
    taxes: &[i64],
) -> [(&'static str, &'static str, i64, Value); 9] {
    [
        (
            "list price",
            "product.template",
            template,
            json!({"list_price": 20}),
        ),
        (
            "rule",
            "product.pricelist.item",
            rule,
            json!({"percent_price": 6}),
        ),
        (
            "barcode",
            "product.product",
            product,
            json!({"barcode": "6130000000029"}),
        ),
        (
            "name",
            "product.template",
            template,
            json!({"name": "Renamed"}),
        ),
        (
            "taxes",
            "product.template",
            template,
            json!({"taxes_id": [[6, 0, taxes]]}),
        ),
        (
            "rule's date",
            "product.pricelist.item",
            rule,
            json!({"date_start": "2037-01-01 00:00:00"}),
        ),
        (
            "archived",
            "product.product",
            product,
            json!({"active": false}),
        ),
        (
            "unarchived",
            "product.product",
            product,
            json!({"active": true}),
        ),
        (
            "not for tills",
            "product.template",
            template,
            json!({"available_in_pos": false}),
        ),
    ]
}

#[test]
fn every_change_is_seen_and_nothing_new_changes_nothing() {
    let office = HeadOffice::new("changes", &["1".to_owned()]);
    let database = &office.database;
    let list = database.create(
        "product.pricelist",
        &json!({"name": "Watched", "currency_id": 1}),
    );
    let rule = database.create(
        "product.pricelist.item",
        &json!({"pricelist_id": list, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 5}),
    );
    let product = database.search("product.product", &json!([["default_code", "=", "TP-001"]]))[0];
    let select = format!("SELECT product_tmpl_id AS a FROM product_product WHERE id = {product}");
    let template = database.number(&select);
    let taxes = database.search("account.tax", &json!([["name", "=", "2.6% incl."]]));
    refreshed_by_command(&office, Some("Watched"));
    let agent = office.start();
    let mut last = refreshed(&office, &agent);
    for (what, model, id, values) in changes(template, product, rule, &taxes) {
        database.write(model, &[id], &values);
        let next = refreshed(&office, &agent);
        assert_ne!(next, last, "{what}: not seen");
        last = next;
    }
    assert_eq!(
        price(&office, &agent, "TP-001"),
        None,
        "it is not for tills any more"
    );
    database.call("product.pricelist.item", "unlink", &json!({"ids": [rule]}));
    let next = refreshed(&office, &agent);
    assert_ne!(next, last, "a rule deleted: not seen");
    // Until the last write is some seconds old a refresh pulls; then it only asks. Neither finds anything new.
    for pause in [Duration::ZERO, QUIET, Duration::ZERO] {
        std::thread::sleep(pause);
        assert_eq!(refreshed(&office, &agent), next, "nothing changed");
    }
}

/// Writes a price and keeps the transaction open until it is told to commit; gives up when nobody does.
const LATE: &str = "BEGIN; UPDATE product_template SET list_price = 71.5, write_date = now() AT TIME ZONE 'UTC' WHERE id = \
     (SELECT product_tmpl_id FROM product_product WHERE default_code = 'TP-001'); \
     DO $$ BEGIN FOR turn IN 1..1200 LOOP \
       IF EXISTS (SELECT FROM ir_config_parameter WHERE key = 'tp.commit') THEN RETURN; END IF; PERFORM pg_sleep(0.1); \
     END LOOP; RAISE 'nobody told it to commit'; END $$; COMMIT";

/// A cursor of "written after the last one seen" would lose such a row for ever.
#[test]
fn a_price_whose_transaction_is_committed_late_is_seen() {
    let office = HeadOffice::new("late_commit", &["1".to_owned()]);
    let database = &office.database;
    refreshed_by_command(&office, None);
    let agent = office.start();
    refreshed(&office, &agent);
    let before = price(&office, &agent, "TP-001");
    std::thread::scope(|scope| {
        let transaction = scope.spawn(|| database.tamper(LATE));
        std::thread::sleep(Duration::from_secs(2));
        let other = database.search("product.product", &json!([["default_code", "=", "TP-002"]]));
        database.write("product.product", &other, &json!({"list_price": 72.5}));
        // Quiet, so that nothing counts as just written; and twice, so that the second one only asks.
        std::thread::sleep(QUIET);
        let first = refreshed(&office, &agent);
        assert_eq!(refreshed(&office, &agent), first);
        assert_eq!(
            price(&office, &agent, "TP-002"),
            Some(72.5),
            "the newer one is seen"
        );
        assert_eq!(
            price(&office, &agent, "TP-001"),
            before,
            "nobody can see the older one yet"
        );
        assert!(!transaction.is_finished(), "it ended before it was told to");
        database.tamper("INSERT INTO ir_config_parameter (key, value) VALUES ('tp.commit', 'now')");
        transaction.join().unwrap();
    });
    refreshed(&office, &agent);
    assert_eq!(price(&office, &agent, "TP-001"), Some(71.5));
}
