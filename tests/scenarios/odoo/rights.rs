//! What `odoo prepare` sets up, and how little the agent's own user may do.
//!
//! Goal: one command, run as often as one likes, and least privilege. Method: run it dry, run it, run it again; then try
//! with the agent's key what it must not be able to do.

use serde_json::json;
use tillpost_tests::head_office::{HeadOffice, LOGIN};

#[test]
fn prepared_twice_changes_nothing_and_a_dry_run_changes_nothing_at_all() {
    let office = HeadOffice::new("prepare", &["1".to_owned(), "2".to_owned()]);
    let count = |table: &str| {
        office
            .database
            .number(&format!("SELECT count(*) AS a FROM {table}"))
    };
    let tables = [
        "pos_config",
        "pos_payment_method",
        "account_journal",
        "res_users",
        "product_product",
        "stock_warehouse",
    ];
    let before: Vec<i64> = tables.iter().map(|table| count(table)).collect();
    for arguments in [&["odoo", "prepare"][..], &["odoo", "prepare", "--dry-run"]] {
        office.home.run(arguments).ended(0);
        let after: Vec<i64> = tables.iter().map(|table| count(table)).collect();
        assert_eq!(after, before, "{arguments:?}");
    }
    let names = office
        .database
        .rows("SELECT name AS a FROM pos_config WHERE name LIKE 'ZH01-%' ORDER BY 1");
    assert_eq!(
        names,
        [["ZH01-1 [test]"], ["ZH01-2 [test]"]],
        "the environment stands in the name"
    );
}

#[test]
fn a_dry_run_foretells_what_a_new_store_gets() {
    let office = HeadOffice::new("new_store", &["1".to_owned(), "2".to_owned()]);
    let config = std::fs::read_to_string(office.home.config()).unwrap();
    let other = config
        .replace("code = \"ZH01\"", "code = \"BE07\"")
        .replace("CARD = \"Card\"", "CARD = \"Card\", TWINT = \"Twint\"");
    std::fs::write(office.home.config(), other).unwrap();
    let prepare = |arguments: &[&str]| {
        let all = [&["odoo", "prepare", "--json"], arguments].concat();
        let said = office.home.run(&all).json();
        let number = |name: &str| said[name].as_u64().unwrap();
        (number("existing"), number("changed"), number("blocked"))
    };
    let tills = || {
        let count = "SELECT count(*) AS a FROM pos_config WHERE name LIKE 'BE07-%'";
        office.database.number(count)
    };
    let foretold = prepare(&["--dry-run"]);
    assert_eq!(tills(), 0, "a dry run changes nothing");
    let done = prepare(&[]);
    assert_eq!(done, foretold);
    // Drawer, method and point of sale for each till, the shared method, warehouse and user.
    assert!(done.1 >= 9, "{done:?}");
    assert_eq!((tills(), prepare(&[])), (2, (done.0 + done.1, 0, 0)));
}

#[test]
fn the_agents_user_can_do_little() {
    let office = HeadOffice::new("rights", &["1".to_owned()]);
    let database = &office.database;
    let refused = |model: &str, method: &str, body: serde_json::Value| {
        let answer = database.try_call_as(&office.key, model, method, &body);
        assert!(
            [403, 404, 422].contains(&answer.status),
            "{model}.{method}: {} {}",
            answer.status,
            answer.body
        );
    };
    refused(
        "res.users",
        "create",
        json!({"vals_list": [{"name": "x", "login": "x"}]}),
    );
    refused(
        "product.product",
        "create",
        json!({"vals_list": [{"name": "x"}]}),
    );
    refused(
        "product.product",
        "write",
        json!({"ids": [1], "vals": {"list_price": 0.01}}),
    );
    refused(
        "account.journal",
        "create",
        json!({"vals_list": [{"name": "x", "type": "cash", "code": "XX"}]}),
    );
    refused(
        "pos.config",
        "create",
        json!({"vals_list": [{"name": "x"}]}),
    );
    refused(
        "pos.payment.method",
        "create",
        json!({"vals_list": [{"name": "x"}]}),
    );
    let groups = database.rows(&format!(
        "SELECT d.name AS a FROM res_groups_users_rel r JOIN res_users u ON u.id = r.uid AND u.login = '{LOGIN}' \
         JOIN ir_model_data d ON d.model = 'res.groups' AND d.res_id = r.gid ORDER BY 1"
    ));
    let groups: Vec<&String> = groups.iter().map(|row| &row[0]).collect();
    for too_much in [
        "group_system",
        "group_erp_manager",
        "group_pos_manager",
        "group_stock_manager",
        "group_account_manager",
    ] {
        assert!(groups.iter().all(|group| *group != too_much), "{groups:?}");
    }
}

#[test]
fn the_agents_user_moves_goods_and_sets_up_nothing_of_the_stock() {
    let office = HeadOffice::new("rights_stock", &["1".to_owned()]);
    let database = &office.database;
    let customer = database.search("res.partner", &json!([]))[0];
    for (model, method, body) in [
        (
            "stock.location",
            "create",
            json!({"vals_list": [{"name": "x"}]}),
        ),
        (
            "stock.warehouse",
            "create",
            json!({"vals_list": [{"name": "x", "code": "XX"}]}),
        ),
        (
            "stock.picking.type",
            "create",
            json!({"vals_list": [{"name": "x", "code": "incoming", "sequence_code": "X"}]}),
        ),
        (
            "stock.move",
            "unlink",
            json!({"ids": database.search("stock.move", &json!([]))}),
        ),
        (
            "sale.order",
            "create",
            json!({"vals_list": [{"partner_id": customer}]}),
        ),
        (
            "sale.order",
            "unlink",
            json!({"ids": database.search("sale.order", &json!([]))}),
        ),
        (
            "res.partner",
            "write",
            json!({"ids": [customer], "vals": {"name": "x"}}),
        ),
    ] {
        let answer = database.try_call_as(&office.key, model, method, &body);
        // What is done cannot be deleted by anybody: Odoo says that before it looks at rights.
        assert!(
            [403, 422].contains(&answer.status),
            "{model}.{method}: {}",
            answer.body
        );
    }
}
