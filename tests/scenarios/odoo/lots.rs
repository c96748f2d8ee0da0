//! A count of goods that are kept by lot.
//!
//! Goal: a count that arrives in the evening sets each lot to what was counted at noon less what was sold of that lot since,
//! whenever stock moves; a lot that was not counted stays as it is. Method: sales of either lot before and after the
//! cut-off, all of them there before the count; the stock by lot is read from Odoo's tables.

use serde_json::{Value, json};
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::drawer::TillDay;
use tillpost_tests::shop::hard::{LOTS, by_lot};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, count, moment, yesterday};

use super::hard_day::{KEPT_BY_LOT, lots_told};

const TILL: &str = "1";
const NOON: i64 = 4 * 3_600;

on_19_and_14! {
    a_late_count_by_lot_where_goods_leave_with_each_sale
    a_late_count_by_lot_where_goods_leave_at_the_close
}

fn a_late_count_by_lot_where_goods_leave_with_each_sale(version: u32) {
    is_netted_by_lot(version, "real");
}

fn a_late_count_by_lot_where_goods_leave_at_the_close(version: u32) {
    is_netted_by_lot(version, "closing");
}

fn sale(number: u64, seconds: i64, lot: &'static str, thousandths: i64) -> Receipt {
    Receipt::sale(TILL, number, moment(yesterday(), seconds), yesterday())
        .item(&by_lot(), thousandths)
        .of_lot(lot)
        .paid(CARD)
}

/// What was counted of each lot at noon.
fn counted(name: &str, lots: &[(&str, i64)]) -> Value {
    let sum = lots.iter().map(|(_, units)| units * 1_000).sum();
    let goods = [(by_lot(), sum)];
    let mut document = count::spot(name, yesterday(), moment(yesterday(), NOON), &goods);
    let lot = |(lot, units): &(&str, i64)| json!({ "lot": lot, "quantity": units.to_string() });
    document["body"]["lines"][0]["lots"] = lots.iter().map(lot).collect();
    document
}

/// Units of each lot in the store, and of none.
fn stock(office: &HeadOffice, version: u32) -> Vec<Vec<String>> {
    let table = if version == 14 {
        "stock_production_lot"
    } else {
        "stock_lot"
    };
    office.database.rows(&format!(
        "SELECT coalesce(l.name, 'none') AS a, sum(q.quantity)::numeric(16,3)::text AS b FROM stock_quant q \
         JOIN product_product p ON p.id = q.product_id AND p.default_code = '{}' \
         JOIN stock_location s ON s.id = q.location_id AND s.usage = 'internal' \
         LEFT JOIN {table} l ON l.id = q.lot_id GROUP BY 1 HAVING sum(q.quantity) <> 0 ORDER BY 1",
        by_lot().sku
    ))
}

fn is_netted_by_lot(version: u32, mode: &str) {
    let name = format!("lots_{version}_{mode}");
    let office = HeadOffice::on(version, &name, &[TILL.to_owned()]);
    office.database.shell(&format!(
        "VERSION = {version}\nenv.company.point_of_sale_update_stock_quantities = {mode:?}\n{}{KEPT_BY_LOT}",
        lots_told(&by_lot())
    ));
    let [one, two] = LOTS;
    let day = [
        sale(1, NOON - 600, one, 2_000),
        sale(2, NOON + 600, two, 3_000),
        sale(3, NOON + 700, one, 1_000),
    ];
    let late = sale(4, NOON + 800, two, 500);
    let mut till = TillDay::new(TILL, 0);
    for receipt in day.iter().chain([&late]) {
        till.add(receipt, 1);
    }
    let agent = office.start();
    let hand_in = |documents: &[Value]| {
        agent.hand_in_all(office.token(TILL), documents, "accepted");
        agent.wait_drained(DRAIN);
        assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    };
    let sales = day.iter().map(Receipt::json);
    let open = till.open(yesterday(), moment(yesterday(), 0));
    hand_in(&[open].into_iter().chain(sales).collect::<Vec<_>>());
    hand_in(&[counted("ALL", &[(one, 17), (two, 19)])]);
    // Of one lot alone, the same.
    hand_in(&[counted("ONE", &[(one, 17)])]);
    let close = till.close(yesterday(), moment(yesterday(), 36_000), 0);
    hand_in(&[late.json(), close]);
    let expected = [[one, "16.000"], [two, "15.500"]];
    assert_eq!(stock(&office, version), expected);
    agent.stop();
}
