//! Two days with everything that is hard on an ERP's books, on Odoo 19, and in [`super::v14`] on Odoo 14.
//!
//! Goal: prices with and without tax, cash rounding (not on 14), lots, goods by the gram, goods back at another till, voids of every
//! kind, a sale after its day's close and a morning's count in the evening give the shop's own books in Odoo, to the cent
//! and the unit, whether goods leave the stock at once or at the close; the second day's documents handed in again from an
//! empty PC change nothing; and planted faults are noticed. Method: set the database up for it, hand in both days, compare
//! with SQL.

use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::Product;
use tillpost_tests::shop::hard::{HardDays, LOT_AT_START, LOTS, by_lot};
use tillpost_tests::wait;

use super::{assert_books, faults, wait_arrived};

/// Set-up of this shop: when stock moves, taxes on top of prices, cash rounding, and an article kept by lots.
const SET_UP: &str = r#"
company = env.company
company.point_of_sale_update_stock_quantities = MODE
for rate in ('2.6', '8.1'):
    included = env['account.tax'].search([('name', '=', rate + '% incl.')]).ensure_one()
    included.copy({'name': rate + '% excl.',
                   **({'price_include_override': 'tax_excluded'} if VERSION >= 18 else {'price_include': False})})
def account(kind, group):
    domain = [('account_type', '=', kind), ('company_ids', 'in', company.id)] if VERSION >= 18 else \
             [('internal_group', '=', group), ('internal_type', '=', 'other'), ('company_id', '=', company.id)]
    return env['account.account'].search(domain, limit=1).ensure_one().id
rounding = env['account.cash.rounding'].create({
    'name': '5 cents', 'rounding': 0.05, 'rounding_method': 'HALF-UP', 'strategy': 'add_invoice_line',
    'profit_account_id': account('income_other', 'income'), 'loss_account_id': account('expense', 'expense')})
configs = env['pos.config'].search([('name', '=like', 'ZH01-%')])
if VERSION >= 18:  # Odoo 14 would round what is paid by card, too, and leave such orders drafts
    configs.write({'cash_rounding': True, 'rounding_method': rounding.id, 'only_round_cash_method': True})
"#;

/// An article whose stock is kept by lots, so much of each.
pub(super) const KEPT_BY_LOT: &str = r#"
tax = env['account.tax'].search([('name', '=', '8.1% incl.')]).ensure_one()
product = env['product.product'].create({
    'default_code': SKU, 'barcode': BARCODE, 'name': 'Kept by lot', 'list_price': 12.43, 'tracking': 'lot',
    'available_in_pos': True, 'taxes_id': [(6, 0, tax.ids)],
    **({'type': 'consu', 'is_storable': True} if VERSION >= 18 else {'type': 'product'})})
shelf = env['pos.config'].search([('name', '=like', 'ZH01-%')])[0].picking_type_id.default_location_src_id
for name in LOTS:
    lot = env['stock.lot' if VERSION >= 18 else 'stock.production.lot'].create({
        'name': name, 'product_id': product.id, 'company_id': env.company.id})
    env['stock.quant'].with_context(inventory_mode=True).create({
        'product_id': product.id, 'location_id': shelf.id, 'lot_id': lot.id,
        'inventory_quantity_auto_apply' if VERSION >= 15 else 'inventory_quantity': LOT_AT_START})
env.cr.commit()
"#;

/// What [`KEPT_BY_LOT`] is told of the article.
pub(super) fn lots_told(product: &Product) -> String {
    format!(
        "SKU = {:?}\nBARCODE = {:?}\nLOTS = {LOTS:?}\nLOT_AT_START = {LOT_AT_START} / 1000\n",
        product.sku, product.barcode
    )
}

/// The two days on a version, with goods leaving the stock at `mode`: `real` or `closing`.
pub(super) fn arrives(version: u32, mode: &str) {
    let name = format!("hard_{version}_{mode}");
    let mut office = HeadOffice::on(version, &name, &HardDays::tills());
    office.database.shell(&format!(
        "VERSION = {version}\nMODE = {mode:?}\n{}{SET_UP}{KEPT_BY_LOT}",
        lots_told(&by_lot())
    ));
    let days = HardDays::generate(if version == 14 { 1 } else { 5 });
    let agent = office.start();
    office.hand_in(&agent, &days.first, "accepted");
    wait_arrived(&agent, &office.database);
    office.hand_in(&agent, &days.second, "accepted");
    wait_arrived(&agent, &office.database);
    assert_books(&office.database, &days.ledger);
    agent.stop();

    // Voids too: from a PC that knows nothing they are not done again.
    office.new_home();
    let agent = office.start();
    office.hand_in(&agent, &days.first, "accepted");
    office.hand_in(&agent, &days.second, "accepted");
    wait_arrived(&agent, &office.database);
    agent.stop();
    // A PC that knows of no void of that sale, but Odoo does.
    office.new_home();
    let agent = office.start();
    let again = &days.void_again;
    let result = agent.hand_in(office.token(&again.till), &again.document);
    let id = result["id"].as_str().unwrap();
    let answer = wait::within(DRAIN, "the second void to be parked", || {
        let document = agent.document(office.token(&again.till), id);
        (document["state"] == "parked").then(|| document["deliveries"][0]["answer"].clone())
    });
    assert_eq!(answer["code"], "already_reversed", "{answer}");
    assert_books(&office.database, &days.ledger);
    agent.stop();
    faults::are_noticed(&office.database, &days.ledger);
}

#[test]
fn long_two_hard_days_are_booked_to_the_cent_when_goods_leave_at_once() {
    arrives(19, "real");
}

#[test]
fn long_two_hard_days_are_booked_to_the_cent_when_goods_leave_at_the_close() {
    arrives(19, "closing");
}
