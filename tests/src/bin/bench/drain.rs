//! Draining a queue into a real Odoo, against the same payloads in Odoo's own process, where there is no line, no HTTP and
//! nobody who asks back.
//!
//! The payloads are those that the agent sent in a first run, recorded on the way; `odoo shell` sends them again with fresh
//! uuids and references, as the agent's user, a commit for each call, in calls of the size that did best in several rounds.
//! Both sides take turns on the same till, in both ways to move stock. How many orders: `TILLPOST_BENCH_ORDERS`, else 1,000.

use std::time::Instant;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::{AGENT_KEY, DRAIN, HeadOffice, LOGIN};
use tillpost_tests::proxy::Proxy;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CASH, moment, range, yesterday};
use tillpost_tests::wait;

use crate::{Row, median};

const ROUNDS: u64 = 3;
const ORDERS: usize = 1_000;
/// Orders a call that the other side tries, how often each, and with what part of the orders.
const BATCHES: [usize; 4] = [10, 20, 50, 100];
const TRIALS: usize = 3;
const TRIAL_PART: usize = 10;
/// Each round's numbers begin this far from the last one's.
const APART: u64 = 100_000;
const TILL: &str = "1";
const CARRIER: &str = "sync_from_ui";

/// Stock moved at every sale.
pub fn real() -> Row {
    row("real")
}

/// Stock moved when the session is closed.
pub fn closing() -> Row {
    row("closing")
}

fn orders() -> usize {
    let wanted = std::env::var("TILLPOST_BENCH_ORDERS");
    wanted.map_or(ORDERS, |text| {
        text.parse().expect("TILLPOST_BENCH_ORDERS is a number")
    })
}

fn row(mode: &'static str) -> Row {
    let orders = orders();
    let office = HeadOffice::new(&format!("bench_{mode}"), &[TILL.to_owned()]);
    office.database.shell(&format!(
        "env.company.point_of_sale_update_stock_quantities = {mode:?}\nenv.cr.commit()\n"
    ));
    // As in a store; tests want to see new prices at once.
    office.home.reword("refresh = \"2s\"", "refresh = \"5m\"");
    let payloads = recorded(&office, orders);
    let inside = Inside {
        office: &office,
        payloads,
    };
    let best = inside.best_batch(orders.div_ceil(TRIAL_PART));
    let (mut ratios, mut agents, mut shells) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let drained = drained(&office, round * APART, orders);
        let pushed = inside.push(orders, best);
        println!("stock {mode}, round {round}: {drained:.1}/s against {pushed:.1}/s inside");
        ratios.push(drained / pushed);
        agents.push(drained);
        shells.push(pushed);
    }
    Row {
        what: format!("orders drained into Odoo / inside, {mode}"),
        sides: format!(
            "{:.1}/s against {:.1}/s in calls of {best}, {orders} orders, median of {ROUNDS}",
            median(agents),
            median(shells)
        ),
        value: median(ratios),
        unit: "",
        aim: 0.95,
        at_least: true,
    }
}

/// A sale of three goods.
pub fn receipt(sequence: u64) -> Receipt {
    let date = yesterday();
    let goods = range();
    let goods: Vec<_> = goods.iter().filter(|product| !product.weighed).collect();
    // The same goods in every round.
    let place = (sequence % APART) as usize;
    let at = moment(date, (place % 30_000) as i64);
    let mut receipt = Receipt::sale(TILL, sequence, at, date);
    for n in 0..3 {
        receipt = receipt.item(goods[(place * 3 + n) % goods.len()], 1000);
    }
    receipt.paid(CASH)
}

/// What the agent sends for so many orders. It opens the session too, and lets Odoo's workers load what they need.
fn recorded(office: &HeadOffice, orders: usize) -> Vec<Value> {
    let url = &office.database.server.url;
    let config = std::fs::read_to_string(office.home.config()).unwrap();
    let address = url.trim_start_matches("http://").parse().unwrap();
    let proxy = Proxy::plain(address);
    proxy.keep(CARRIER);
    std::fs::write(
        office.home.config(),
        config.replace(url.as_str(), &proxy.url()),
    )
    .unwrap();
    let agent = office.start();
    let sales: Vec<Value> = (0..orders).map(|n| receipt(n as u64).json()).collect();
    agent.hand_in_all(office.token(TILL), &sales, "accepted");
    agent.wait_drained(DRAIN);
    agent.stop();
    std::fs::write(office.home.config(), config).unwrap();
    let calls = proxy.kept();
    let sent = calls.iter().flat_map(|body| {
        let call: Value = serde_json::from_slice(body).expect("a call's body is JSON");
        call["orders"].as_array().cloned().unwrap_or_default()
    });
    let payloads: Vec<Value> = sent.collect();
    assert_eq!(payloads.len(), orders, "each order was sent once");
    payloads
}

/// Orders per second of the agent: queued while it cannot log in, then drained.
fn drained(office: &HeadOffice, first: u64, orders: usize) -> f64 {
    let locked_out = [(AGENT_KEY, "0000000000000000000000000000000000000000")];
    let agent = Agent::start(&office.home, &locked_out);
    let sales = (0..orders as u64).map(|n| receipt(first + n).json());
    agent.hand_in_all(office.token(TILL), &sales.collect::<Vec<_>>(), "accepted");
    agent.stop();
    let agent = office.start();
    let begin = Instant::now();
    wait::within(DRAIN, "the queue to drain", || {
        (agent.count("waiting") == 0).then_some(())
    });
    let rate = orders as f64 / begin.elapsed().as_secs_f64();
    assert_eq!(agent.count("parked"), 0, "{}", agent.status());
    println!("of it in calls: {}", in_calls(&agent));
    agent.stop();
    rate
}

/// How long the agent waited for answers, by call.
fn in_calls(agent: &Agent) -> String {
    let metrics = agent.get("", "/metrics").body;
    let figure = |line: &str| {
        let (name, seconds) = line
            .strip_prefix("tillpost_call_seconds_sum{")?
            .split_once("} ")?;
        let call = name.split("call=\"").nth(1)?.trim_end_matches('"');
        Some(format!("{call} {:.1} s", seconds.parse::<f64>().ok()?))
    };
    let figures: Vec<String> = metrics.lines().filter_map(figure).collect();
    figures.join(", ")
}

/// Odoo's own process.
struct Inside<'a> {
    office: &'a HeadOffice,
    payloads: Vec<Value>,
}

impl Inside<'_> {
    fn best_batch(&self, orders: usize) -> usize {
        let mut rates: Vec<(usize, Vec<f64>)> = BATCHES.map(|batch| (batch, Vec::new())).into();
        for _ in 0..TRIALS {
            for (batch, rates) in &mut rates {
                rates.push(self.push(orders.max(*batch).min(self.payloads.len()), *batch));
            }
        }
        let medians = rates.into_iter().map(|(batch, rates)| {
            let rate = median(rates);
            println!("inside, {batch} orders a call: {rate:.1}/s");
            (batch, rate)
        });
        medians.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
    }

    /// Orders per second; the start of the shell does not count.
    fn push(&self, orders: usize, batch: usize) -> f64 {
        let payloads = Value::from(&self.payloads[..orders]).to_string();
        let script = format!(
            "import json\nLOGIN = {LOGIN:?}\nBATCH = {batch}\nORDERS = json.loads({})\n{AGAIN}",
            json!(payloads)
        );
        let said = self.office.database.shell(&script);
        let seconds: f64 = said
            .lines()
            .find_map(|line| line.strip_prefix("SECONDS "))
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("odoo shell measured nothing: {said}"));
        orders as f64 / seconds
    }
}

/// Fresh orders of the same content; every one must be there and paid.
const AGAIN: &str = r#"
import time, uuid
# In the language that the agent asks for: it costs Odoo a tenth.
user = env['res.users'].search([('login', '=', LOGIN)]).ensure_one()
orders = env['pos.order'].with_user(user).with_context(lang='en_US')
for order in ORDERS:
    order['uuid'] = str(uuid.uuid4())
    order['pos_reference'] += '-' + order['uuid'][:8]
    for _, _, row in order['lines'] + order['payment_ids']:
        row['uuid'] = str(uuid.uuid4())
begin = time.monotonic()
for first in range(0, len(ORDERS), BATCH):
    orders.sync_from_ui(ORDERS[first:first + BATCH])
    env.cr.commit()
seconds = time.monotonic() - begin
there = orders.search_count([('uuid', 'in', [order['uuid'] for order in ORDERS]), ('state', '=', 'paid')])
assert there == len(ORDERS), (there, len(ORDERS))
print('SECONDS', seconds)
"#;
