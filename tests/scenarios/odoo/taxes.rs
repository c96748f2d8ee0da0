//! What Odoo would refuse only when the day is closed is parked before it is sent, with a plain reason.
//!
//! Goal: a tax without an account, taxes that Odoo cannot compute together, a card payment that its till would have
//! rounded, an amount finer than Odoo's money: each sale is parked with its reason, nothing of it reaches Odoo, and the
//! good one beside them arrives. Put right in Odoo, a parked one goes when it is retried. Method: taxes and goods made for
//! it in the shell; on 14, which knows all of these, and on 19, which knows only the last.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tillpost_tests::head_office::{DRAIN, HeadOffice, Make};
use tillpost_tests::shop::{CARD, moment, yesterday};
use tillpost_tests::wait;

/// A tax with an account, one without, one in the price, one on top that is taxed itself; the second till's coins.
const GOODS: &str = r#"
made = {}
for code, rate, included, raises in (('GOOD', 5, False, False), ('BARE', 6, False, False), ('IN', 7, True, False), ('ON', 8, False, True)):
    made[code] = env['account.tax'].create({
        'name': 'Tax ' + code, 'amount': rate, 'amount_type': 'percent', 'type_tax_use': 'sale', 'include_base_amount': raises,
        'sequence': len(made) + 1, **({} if VERSION >= 18 or code == 'BARE' else lines(rate)),
        **({'price_include_override': 'tax_included' if included else 'tax_excluded'} if VERSION >= 18 else {'price_include': included})})
env['product.product'].create({'default_code': 'T', 'name': 'T', 'type': 'service', 'available_in_pos': True, 'taxes_id': [(5,)]})
rounds = env['pos.config'].search([('name', '=like', STORE + '-2%')]).ensure_one()
journal = rounds.payment_method_ids.filtered('is_cash_count')
journal = journal.journal_id if VERSION >= 15 else journal.cash_journal_id
rounds.write({'cash_rounding': True, 'only_round_cash_method': True, 'rounding_method': env['account.cash.rounding'].create({
    'name': 'Coins', 'rounding': 0.05, 'strategy': 'add_invoice_line', 'rounding_method': 'HALF-UP',
    'profit_account_id': journal.profit_account_id.id, 'loss_account_id': journal.loss_account_id.id}).id})
"#;

const ACCOUNT: &str = r#"
bare = env['account.tax'].search([('name', '=', 'Tax BARE')]).ensure_one()
good = env['account.tax'].search([('name', '=', 'Tax GOOD')]).ensure_one()
for one in ('invoice_repartition_line_ids', 'refund_repartition_line_ids'):
    bare[one].filtered(lambda part: part.repartition_type == 'tax').account_id = good[one].account_id[:1]
env.cr.commit()
"#;

fn shop(version: u32, name: &str) -> HeadOffice {
    let tills = ["1", "2"].map(str::to_owned);
    let make = Make {
        currency: "USD".to_owned(),
        before: String::new(),
        opening: GOODS.to_owned(),
        destination:
            "taxes = { GOOD = \"Tax GOOD\", BARE = \"Tax BARE\", IN = \"Tax IN\", ON = \"Tax ON\" }"
                .to_owned(),
    };
    HeadOffice::of(version, name, &tills, &make)
}

/// A sale of 10.03 by card with these taxes.
fn sale(till: &str, number: u64, total: &str, codes: &[&str]) -> Value {
    let rates = BTreeMap::from([("GOOD", "5"), ("BARE", "6"), ("IN", "7"), ("ON", "8")]);
    let taxes: Vec<Value> = codes
        .iter()
        .map(|code| json!({ "code": code, "rate": rates[code] }))
        .collect();
    json!({
        "kind": "sale", "store": "ZH01", "till": till, "sequence": number, "currency": "USD",
        "business_date": yesterday().to_string(), "occurred_at": moment(yesterday(), number as i64).to_string(),
        "body": { "prices": "tax_included", "total": total, "tenders": [{ "type": "card", "method": CARD, "amount": total }],
            "lines": [{ "line": 1, "type": "item", "product": { "sku": "T" }, "quantity": "1", "unit_price": total,
                "total": total, "taxes": taxes }] },
    })
}

/// Number, id and reason of what is parked, once nothing waits any more.
fn parked(
    office: &HeadOffice,
    agent: &tillpost_tests::agent::Agent,
) -> BTreeMap<u64, (String, String)> {
    wait::within(DRAIN, "every sale to be sent or parked", || {
        (agent.count("waiting") == 0).then_some(())
    });
    let listed = office
        .home
        .run(&["documents", "list", "--state", "parked", "--json"])
        .json();
    let shown = listed["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| {
            let id = document["id"].as_str().unwrap().to_owned();
            let shown = office
                .home
                .run(&["documents", "show", &id, "--json"])
                .json();
            let number = shown["document"]["sequence"].as_u64().unwrap();
            let code = shown["deliveries"][0]["answer"]["code"]
                .as_str()
                .unwrap()
                .to_owned();
            (number, (id, code))
        });
    shown.collect()
}

fn orders(office: &HeadOffice) -> i64 {
    office.database.number(
        "SELECT count(*) AS a FROM pos_order o JOIN pos_session s ON s.id = o.session_id \
         JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%'",
    )
}

#[test]
fn taxes_that_one_odoo_closes_with_go_up_to_it() {
    let office = shop(19, "taxes_19");
    let agent = office.start();
    agent.hand_in_all(
        office.token("1"),
        &[
            sale("1", 1, "10.03", &["BARE"]),
            sale("1", 2, "10.03", &["IN", "ON"]),
        ],
        "accepted",
    );
    agent.hand_in_all(
        office.token("2"),
        &[sale("2", 3, "10.03", &["GOOD"])],
        "accepted",
    );
    assert_eq!(parked(&office, &agent), BTreeMap::new());
    assert_eq!(orders(&office), 3);
    agent.stop();
}

#[test]
fn an_amount_finer_than_odoos_money_is_parked_and_goes_once_odoo_keeps_it() {
    let office = shop(19, "taxes_fine");
    let digits = |digits: u32| {
        format!(
            "env.company.currency_id.with_context(force=True).rounding = 10.0 ** -{digits}\nenv.cr.commit()\n"
        )
    };
    office
        .database
        .tamper("UPDATE res_currency SET rounding = 1, decimal_places = 0 WHERE name = 'USD'");
    let agent = office.start();
    agent.hand_in_all(
        office.token("1"),
        &[
            sale("1", 1, "10.00", &["GOOD"]),
            sale("1", 2, "10.03", &["GOOD"]),
        ],
        "accepted",
    );
    let found = parked(&office, &agent);
    assert_eq!(
        found
            .iter()
            .map(|(number, (_, code))| (*number, code.as_str()))
            .collect::<Vec<_>>(),
        [(2, "amount_digits")]
    );
    assert_eq!(orders(&office), 1);
    office.database.shell(&digits(2));
    office
        .home
        .run(&["documents", "retry", &found[&2].0])
        .ended(0);
    wait::within(DRAIN, "the parked one to arrive", || {
        (orders(&office) == 2).then_some(())
    });
    agent.stop();
}

mod v14 {
    use super::{ACCOUNT, BTreeMap, DRAIN, orders, parked, sale, shop, wait};

    #[test]
    fn what_would_be_refused_only_at_the_close_is_parked_before() {
        let office = shop(14, "taxes_14");
        let agent = office.start();
        let sales = [
            sale("1", 1, "10.03", &["GOOD"]),
            sale("1", 2, "10.03", &["BARE"]),
            sale("1", 3, "10.03", &["IN", "ON"]),
        ];
        agent.hand_in_all(office.token("1"), &sales, "accepted");
        agent.hand_in_all(
            office.token("2"),
            &[sale("2", 4, "10.03", &["GOOD"])],
            "accepted",
        );
        let found = parked(&office, &agent);
        let codes: BTreeMap<u64, &str> = found
            .iter()
            .map(|(number, (_, code))| (*number, code.as_str()))
            .collect();
        let expected = BTreeMap::from([
            (2, "tax_without_account"),
            (3, "taxes_mixed"),
            (4, "coins_for_all"),
        ]);
        assert_eq!(codes, expected);
        assert_eq!(orders(&office), 1);
        office.database.shell(ACCOUNT);
        office
            .home
            .run(&["documents", "retry", &found[&2].0])
            .ended(0);
        wait::within(DRAIN, "the parked one to arrive", || {
            (orders(&office) == 2).then_some(())
        });
        agent.stop();
    }
}
