//! A shop that rounds cash to coins, on an Odoo 14, whose own cash rounding wants cards rounded too.
//!
//! Goal: sales rounded up and down, a card sale beside them, a return, a void and a void paid out in cash arrive; the day
//! closes without a difference, and its proof is complete. Method: a shop in francs set up by `odoo prepare`, one till, one
//! day; what must stand there is added up by hand below.

use serde_json::{Value, json};
use tillpost_tests::head_office::{DRAIN, HeadOffice, Make};
use tillpost_tests::shop::{CARD, CASH, moment, yesterday};
use tillpost_tests::wait;

use super::baskets::MONEY;

const GOODS: &str = r#"
tax = env['account.tax'].create({
    'name': 'Tax GOOD', 'amount': 8.1, 'amount_type': 'percent', 'type_tax_use': 'sale', 'price_include': True, **lines(8.1)})
env['product.product'].create({
    'default_code': 'T', 'name': 'T', 'type': 'service', 'available_in_pos': True, 'taxes_id': [(6, 0, tax.ids)]})
env.company.tax_calculation_rounding_method = 'round_globally'
"#;

fn shop() -> HeadOffice {
    let make = Make {
        currency: "CHF".to_owned(),
        before: format!("CURRENCY = 'CHF'\nDIGITS = 2\n{MONEY}"),
        opening: GOODS.to_owned(),
        destination: "taxes = { GOOD = \"Tax GOOD\" }".to_owned(),
    };
    HeadOffice::of(14, "v14_coins", &["1".to_owned()], &make)
}

fn document(kind: &str, number: Option<u64>, body: Value) -> Value {
    let seconds = number.map_or(if kind == "day_open" { 0 } else { 30_000 }, |n| {
        60 * n as i64
    });
    let mut document = json!({
        "kind": kind, "store": "ZH01", "till": "1", "currency": "CHF", "business_date": yesterday().to_string(),
        "occurred_at": moment(yesterday(), seconds).to_string(), "body": body,
    });
    if let Some(number) = number {
        document["sequence"] = number.into();
    }
    document
}

/// A receipt of one line; what was paid differs from its total by what was rounded.
fn receipt(kind: &str, number: u64, total: &str, method: &str, rounded: &str, paid: &str) -> Value {
    let back = total.starts_with('-');
    let tender = if method == CARD { "card" } else { "cash" };
    let body = json!({
        "prices": "tax_included", "total": total, "cash_rounding": rounded,
        "tenders": [{ "type": tender, "method": method, "amount": paid }],
        "lines": [{ "line": 1, "type": "item", "product": { "sku": "T" }, "quantity": if back { "-1" } else { "1" },
            "unit_price": total.trim_start_matches('-'), "total": total, "taxes": [{ "code": "GOOD", "rate": "8.1" }] }],
    });
    document(kind, Some(number), body)
}

fn day() -> Vec<Value> {
    let paid_out = json!([{ "type": "cash", "method": CASH, "amount": "-10.05" }]);
    let counted = |method: &str, amount: &str| json!({ "method": method, "expected": amount, "counted": amount });
    vec![
        document(
            "day_open",
            None,
            json!({ "opening": [{ "method": CASH, "amount": "100.00" }] }),
        ),
        receipt("sale", 1, "10.03", CASH, "0.02", "10.05"),
        receipt("sale", 2, "10.02", CASH, "-0.02", "10.00"),
        receipt("sale", 3, "10.03", CARD, "0", "10.03"),
        receipt("return", 4, "-5.03", CASH, "-0.02", "-5.05"),
        document("void", Some(5), json!({ "of": { "sequence": 1 } })),
        document(
            "void",
            Some(6),
            json!({ "of": { "sequence": 3 }, "refund_tenders": paid_out, "cash_rounding": "-0.02" }),
        ),
        receipt("sale", 7, "9.99", CASH, "0.01", "10.00"),
        document(
            "day_close",
            None,
            json!({ "tenders": [counted(CASH, "104.90"), counted(CARD, "10.03")] }),
        ),
    ]
}

mod v14 {
    use super::*;

    #[test]
    fn cash_rounded_to_coins_arrives_and_the_day_closes_without_a_difference() {
        let office = shop();
        let agent = office.start();
        agent.hand_in_all(office.token("1"), &day(), "accepted");
        wait::within(DRAIN, "the day to arrive", || {
            assert_eq!(agent.count("parked"), 0, "{}", agent.status());
            (agent.count("waiting") == 0).then_some(())
        });
        let database = &office.database;
        let orders = database.rows(
        "SELECT o.amount_total::numeric(9,2)::text AS a, o.amount_paid::numeric(9,2)::text AS b, o.state AS c, \
         coalesce((SELECT sum(l.price_subtotal_incl)::numeric(9,2)::text FROM pos_order_line l JOIN product_product p \
          ON p.id = l.product_id WHERE l.order_id = o.id AND p.default_code = 'TILLPOST-ROUNDING'), '') AS d \
         FROM pos_order o WHERE o.pos_reference LIKE 'ZH01-%' ORDER BY o.date_order",
    );
        let row = |amount: &str, rounded: &str| {
            [amount, amount, "done", rounded]
                .map(str::to_owned)
                .to_vec()
        };
        let expected = [
            row("10.05", "0.02"),
            row("10.00", "-0.02"),
            row("10.03", ""),
            row("-5.05", "-0.02"),
            row("-10.05", "-0.02"),
            row("-10.05", "-0.02"),
            row("10.00", "0.01"),
        ];
        assert_eq!(orders, expected);
        let states = "SELECT s.state AS a, b.balance_end_real::numeric(9,2)::text AS b, b.difference::numeric(9,2)::text AS c \
                  FROM pos_session s JOIN account_bank_statement b ON b.pos_session_id = s.id";
        let own = "JOIN pos_config c ON c.id = s.config_id AND c.name LIKE 'ZH01-%'";
        let sessions = database.rows(&format!("{states} {own}"));
        assert_eq!(sessions, [["closed", "104.90", "0.00"]]);
        let differences = format!(
            "SELECT count(*) AS a FROM account_move_line l JOIN pos_session s ON s.move_id = l.move_id {own} \
         WHERE l.name = 'Difference at closing PoS session'"
        );
        assert_eq!(database.number(&differences), 0);
        let date = yesterday().to_string();
        let proof = office.home.run(&["proof", "--date", &date, "--json"]);
        proof.ended(0);
        agent.stop();
    }
}
