//! `odoo prepare` in a company as Odoo makes it: two decimals for quantities, and francs, which have no coin of one cent.
//!
//! Goal: what it sets up is what a store needs that sells by the gram and rounds cash, and its words say so before and
//! after; a user with more rights than it needs is told. Method: put the database back to what Odoo makes, prepare, sell
//! 0.345 kg for rounded cash and close; read the words of a dry run.

use serde_json::json;
use tillpost_tests::books;
use tillpost_tests::head_office::{HeadOffice, LOGIN, Make};
use tillpost_tests::ledger::Ledger;
use tillpost_tests::shop::drawer::TillDay;
use tillpost_tests::shop::floor::STOCK_AT_START;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{moment, range, yesterday};

use super::{assert_books, wait_arrived};

/// As Odoo makes it: quantities with two decimals. In francs; Odoo itself changes no currency once something is booked.
const SWISS: &str = r#"
env['decimal.precision'].search([('name', '=', 'Product Unit')]).ensure_one().digits = 2
francs = env['res.currency'].with_context(active_test=False).search([('name', '=', 'CHF')]).ensure_one()
francs.active = True
env.cr.execute('UPDATE res_company SET currency_id = %s', [francs.id])
env.cr.execute('UPDATE product_pricelist SET currency_id = %s', [francs.id])
env.cr.commit()
"#;

#[test]
fn a_company_in_francs_with_two_decimals_sells_by_the_gram_and_rounds_cash() {
    let make = Make {
        currency: "CHF".to_owned(),
        before: SWISS.to_owned(),
        ..Make::usual()
    };
    let office = HeadOffice::of(19, "prepare_francs", &["1".to_owned()], &make);
    let digits = "SELECT digits AS a FROM decimal_precision WHERE name = 'Product Unit'";
    assert_eq!(office.database.number(digits), 3);

    let (range, date) = (range(), yesterday());
    let weighed = Receipt::sale("1", 1, moment(date, 60), date)
        .item(&range[9], 345)
        .paid_in_coins(5);
    assert_ne!(weighed.cash_rounding, 0, "there is something to round");
    let (mut till, mut ledger) = (
        TillDay::new("1", 5_000),
        Ledger::new(&range, STOCK_AT_START),
    );
    ledger.open("1", date, 5_000);
    till.add(&weighed, 1);
    ledger.receipt(&weighed);
    ledger.close("1", till.cash_expected());
    let mut documents = [
        till.open(date, moment(date, 0)),
        weighed.json(),
        till.close(date, moment(date, 600), 0),
    ];
    for document in &mut documents {
        document["currency"] = json!("CHF");
    }
    let agent = office.start();
    agent.hand_in_all(office.token("1"), &documents, "accepted");
    wait_arrived(&agent, &office.database);
    assert_books(&office.database, &ledger);
    let rounded = books::figures(&office.database)
        .0
        .remove("till 1: booked Rounding line");
    println!("booked as rounding: {rounded:?}");
    assert!(rounded.is_some());
    agent.stop();
}

#[test]
fn a_dry_run_says_what_would_change_and_which_rights_are_too_many() {
    let office = HeadOffice::new("prepare_words", &["1".to_owned()]);
    let dry = || office.home.run(&["odoo", "prepare", "--dry-run"]);
    let said = dry().ended(0).stdout;
    assert!(said.contains("Nothing had to be changed."), "{said}");

    office.database.shell(&format!(
        "env['decimal.precision'].search([('name', '=', 'Product Unit')]).ensure_one().digits = 2\n\
         env['res.users'].search([('login', '=', '{LOGIN}')]).group_ids |= env.ref('point_of_sale.group_pos_manager')\n\
         env.cr.commit()\n"
    ));
    let said = dry().ended(1).stdout;
    for words in [
        "would change  at least 3 decimal places for quantities",
        "1 things would be changed. Nothing was; leave out --dry-run to do it. 1 need a person first",
        "without an administrator's rights: take point_of_sale.group_pos_manager away from it in Odoo",
    ] {
        assert!(said.contains(words), "\"{words}\" is not said in:\n{said}");
    }
    let digits = "SELECT digits AS a FROM decimal_precision WHERE name = 'Product Unit'";
    assert_eq!(
        office.database.number(digits),
        2,
        "a dry run changes nothing"
    );
}
