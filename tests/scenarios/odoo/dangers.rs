//! Traps that Odoo sets for whoever uploads to it, each set up on the real server.
//!
//! Goal: a sale on account without a customer, which Odoo takes and then closes no session with, never goes up, and its
//! day closes; a count of goods of which Odoo holds several rows sets their sum, not one of them. Method: a payment method
//! for it, made in the shell; a second row put beside the first by SQL.

use serde_json::json;
use tillpost_tests::books;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::drawer::head;
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::sample::{receipt, sale};
use tillpost_tests::shop::{CASH, count, moment, range, yesterday};
use tillpost_tests::wait;

on_19_and_14! {
    a_sale_on_account_without_a_customer_never_goes_up_and_its_day_closes
    a_count_of_goods_with_several_rows_sets_their_sum
}

const ON_ACCOUNT: &str = "On account";

const SET_UP: &str = r#"
config = env['pos.config'].search([('name', '=like', 'ZH01-%')]).ensure_one()
method = env['pos.payment.method'].create({
    'name': 'On account', 'split_transactions': True, 'company_id': config.company_id.id})
config.write({'payment_method_ids': [(4, method.id)]})
env['res.partner'].create({'name': 'A buyer', 'ref': 'C-1'})
env.cr.commit()
"#;

fn a_sale_on_account_without_a_customer_never_goes_up_and_its_day_closes(version: u32) {
    let office = HeadOffice::on(version, &format!("on_account_{version}"), &["1".to_owned()]);
    office.database.shell(SET_UP);
    let on_account = |sequence: u64| {
        let mut sale = sale("1", sequence);
        sale["body"]["tenders"][0]["type"] = "on_account".into();
        sale["body"]["tenders"][0]["method"] = ON_ACCOUNT.into();
        sale
    };
    let mut known = on_account(2);
    known["body"]["customer"] = json!({ "reference": "C-1" });
    let agent = office.start();
    let token = office.token("1");
    agent.hand_in_all(token, &[on_account(1), known, sale("1", 3)], "accepted");
    agent.wait_drained(DRAIN);
    let listed = office
        .home
        .run(&["documents", "list", "--state", "parked", "--json"])
        .json();
    let parked = listed["documents"].as_array().unwrap();
    let keys: Vec<&str> = parked
        .iter()
        .map(|document| document["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["ZH01/1/0/1"], "{listed}");
    let id = parked[0]["id"].as_str().unwrap();
    let answer = agent.document(token, id)["deliveries"][0]["answer"].clone();
    assert_eq!(answer["code"], "customer_missing", "{answer}");
    let withdraw = [
        "documents",
        "withdraw",
        id,
        "--reason",
        "rung up again with its customer",
    ];
    office.home.run(&withdraw).ended(0);

    let (cash, owed) = (receipt("1", 3).total(), receipt("1", 2).total());
    let tender = |method: &str, cents: i64| json!({ "method": method, "expected": money(cents), "counted": money(cents) });
    let body = json!({ "tenders": [tender(CASH, cash), tender(ON_ACCOUNT, owed)] });
    let close = head(
        "day_close",
        "1",
        Some(9),
        moment(yesterday(), 36_000),
        yesterday(),
        body,
    );
    agent.hand_in_all(token, &[close], "accepted");
    wait::within(DRAIN, "the day to be closed", || {
        assert_eq!(agent.count("parked"), 0, "{}", agent.status());
        (agent.count("waiting") == 0).then_some(())
    });
    let found = office.database.rows(
        "SELECT s.state AS a, count(o.id) AS b, count(o.partner_id) AS c FROM pos_session s JOIN pos_config c \
         ON c.id = s.config_id AND c.name LIKE 'ZH01-%' JOIN pos_order o ON o.session_id = s.id GROUP BY 1",
    );
    assert_eq!(found, [["closed", "2", "1"]]);
    agent.stop();
}

fn a_count_of_goods_with_several_rows_sets_their_sum(version: u32) {
    let office = HeadOffice::on(version, &format!("quant_rows_{version}"), &["1".to_owned()]);
    let goods = &range()[5];
    let stock = || books::stock(&office.database)[&goods.sku];
    office.database.tamper(&format!(
        "INSERT INTO stock_quant (product_id, location_id, company_id, quantity, reserved_quantity, in_date) \
         SELECT q.product_id, q.location_id, q.company_id, -3, 0, q.in_date FROM stock_quant q \
         JOIN product_product p ON p.id = q.product_id JOIN stock_location l ON l.id = q.location_id \
         WHERE p.default_code = '{}' AND l.usage = 'internal'",
        goods.sku
    ));
    assert_eq!(stock(), STOCK_AT_START - 3_000, "there are two rows");
    let agent = office.start();
    let counted = [(goods.clone(), 7_000)];
    let counted = count::spot("ROWS", yesterday(), moment(yesterday(), 600), &counted);
    agent.hand_in_all(office.token("1"), &[counted], "accepted");
    agent.wait_drained(DRAIN);
    assert_eq!((stock(), agent.count("parked")), (7_000, 0));
    agent.stop();
}
