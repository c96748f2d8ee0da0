//! Draining a queue into a real Odoo, against a bare loop of calls with the same orders and the best size of batch.

use std::time::Instant;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::{AGENT_KEY, DRAIN, HeadOffice};
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CASH, moment, range, tax_in, yesterday};
use tillpost_tests::wait;

use crate::{Row, median};

const ROUNDS: u64 = 3;
const ORDERS: u64 = 120;
const BATCHES: [usize; 3] = [10, 20, 40];
const FIRST: u64 = 10_000;

pub fn row() -> Row {
    let office = HeadOffice::new("bench", &["1".to_owned(), "2".to_owned()]);
    // Opens the sessions, and lets Odoo's workers load what they need.
    let agent = office.start();
    for till in ["1", "2"] {
        agent.hand_in_all(office.token(till), &[receipt(till, 1).json()], "accepted");
    }
    agent.wait_drained(DRAIN);
    agent.stop();
    let bare = Bare::new(&office);
    let best = bare.best_batch();
    let (mut ratios, mut agents, mut loops) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let first = FIRST * (round + 1);
        let drained = drained(&office, first);
        let pushed = bare.push(&receipts("2", first), best);
        ratios.push(drained / pushed);
        agents.push(drained);
        loops.push(pushed);
    }
    Row {
        what: "orders drained into Odoo / bare loop".to_owned(),
        sides: format!(
            "{:.1}/s against {:.1}/s in calls of {best}",
            median(agents),
            median(loops)
        ),
        value: median(ratios),
        unit: "",
        aim: 0.95,
        at_least: true,
    }
}

fn receipt(till: &str, sequence: u64) -> Receipt {
    let date = yesterday();
    let goods = range();
    let goods: Vec<_> = goods.iter().filter(|product| !product.weighed).collect();
    let mut receipt = Receipt::sale(
        till,
        sequence,
        moment(date, (sequence % 30_000) as i64),
        date,
    );
    for n in 0..3 {
        receipt = receipt.item(goods[(sequence as usize * 3 + n) % goods.len()], 1000);
    }
    receipt.paid(CASH)
}

fn receipts(till: &str, first: u64) -> Vec<Receipt> {
    (first..first + ORDERS).map(|n| receipt(till, n)).collect()
}

/// Orders per second of the agent: queued while it cannot log in, then drained.
fn drained(office: &HeadOffice, first: u64) -> f64 {
    let agent = Agent::start(
        &office.home,
        &[(AGENT_KEY, "0000000000000000000000000000000000000000")],
    );
    let sales: Vec<Value> = receipts("1", first).iter().map(Receipt::json).collect();
    agent.hand_in_all(office.token("1"), &sales, "accepted");
    agent.stop();
    let agent = office.start();
    let begin = Instant::now();
    wait::within(DRAIN, "the queue to drain", || {
        (agent.count("waiting") == 0).then_some(())
    });
    let rate = ORDERS as f64 / begin.elapsed().as_secs_f64();
    agent.stop();
    rate
}

/// What a plain script would do.
struct Bare<'a> {
    office: &'a HeadOffice,
    session: i64,
    method: i64,
    products: Vec<(String, i64, i64)>,
}

impl<'a> Bare<'a> {
    fn new(office: &'a HeadOffice) -> Self {
        let database = &office.database;
        let session = database.number(
            "SELECT max(s.id) AS a FROM pos_session s JOIN pos_config c ON c.id = s.config_id \
             WHERE c.name LIKE 'ZH01-2%' AND s.state = 'opened'",
        );
        let method = database.number(
            "SELECT max(m.id) AS a FROM pos_payment_method m JOIN pos_config_pos_payment_method_rel r \
             ON r.pos_payment_method_id = m.id JOIN pos_config c ON c.id = r.pos_config_id \
             WHERE c.name LIKE 'ZH01-2%' AND m.is_cash_count",
        );
        let rows = database.rows(
            "SELECT p.default_code AS a, p.id AS b, min(t.tax_id) AS c FROM product_product p \
             JOIN product_taxes_rel t ON t.prod_id = p.product_tmpl_id WHERE p.default_code LIKE 'TP-%' GROUP BY 1, 2",
        );
        let product = |row: Vec<String>| {
            (
                row[0].clone(),
                row[1].parse().unwrap(),
                row[2].parse().unwrap(),
            )
        };
        Self {
            office,
            session,
            method,
            products: rows.into_iter().map(product).collect(),
        }
    }

    fn best_batch(&self) -> usize {
        let rate = |(n, batch): (usize, &usize)| {
            let rate = self.push(&receipts("2", 100 + 1_000 * n as u64), *batch);
            println!("bare loop, {batch} orders a call: {rate:.1}/s");
            (*batch, rate)
        };
        let rates = BATCHES.iter().enumerate().map(rate);
        rates.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
    }

    /// Orders per second.
    fn push(&self, receipts: &[Receipt], batch: usize) -> f64 {
        let begin = Instant::now();
        for some in receipts.chunks(batch) {
            let orders: Vec<Value> = some.iter().map(|receipt| self.order(receipt)).collect();
            let body = json!({"orders": orders});
            self.office
                .database
                .try_call_as(&self.office.key, "pos.order", "sync_from_ui", &body)
                .ok();
        }
        receipts.len() as f64 / begin.elapsed().as_secs_f64()
    }

    fn order(&self, receipt: &Receipt) -> Value {
        let at = receipt.at.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let reference = format!("ZH01-2-B-{}", receipt.sequence);
        let lines = receipt.lines.iter().enumerate().map(|(n, line)| {
            let (_, product, tax) = self.products.iter().find(|(sku, _, _)| *sku == line.product.sku).unwrap();
            let (gross, net) = (line.total(), line.total() - tax_in(line.total(), line.product.rate));
            json!([0, 0, {
                "uuid": receipt.line_uid(n + 1).to_string(), "name": format!("{reference}-{}", n + 1), "product_id": product,
                "qty": line.thousandths / 1000, "price_unit": line.product.price as f64 / 100.0, "discount": 0,
                "tax_ids": [[6, 0, [tax]]], "price_subtotal": net as f64 / 100.0, "price_subtotal_incl": gross as f64 / 100.0,
            }])
        });
        let total = receipt.total() as f64 / 100.0;
        json!({
            "uuid": receipt.uid().to_string(), "session_id": self.session, "state": "paid", "date_order": at,
            "pos_reference": reference, "sequence_number": receipt.sequence, "partner_id": false,
            "amount_total": total, "amount_tax": receipt.tax() as f64 / 100.0, "amount_paid": total, "amount_return": 0,
            "lines": lines.collect::<Vec<_>>(),
            "payment_ids": [[0, 0, {"payment_method_id": self.method, "amount": total, "payment_date": at}]],
        })
    }
}
