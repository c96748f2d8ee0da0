//! Head office goes from Odoo 14 to 19 while a store's receipts wait, and its older ones are in there.
//!
//! Goal: the agent speaks as 19 wants it without being told; what was on its way is there once; what was sold on 14 can be
//! taken back and undone on 19, what came back on 14 counts there, and the proof knows all of it again. Method: a real 14
//! behind a proxy, and a real 19 with the same receipts, whose orders are made to look as an upgrade leaves them: names and
//! notices of 14's lines, uuids that nobody knows, the same key to log in. Then the proxy leads to the other one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::odoo::Database;
use tillpost_tests::proxy::Proxy;
use tillpost_tests::proxy::faults::Fault;
use tillpost_tests::shop::drawer::void;
use tillpost_tests::shop::receipt::Receipt;
use tillpost_tests::shop::{CARD, CASH, moment};
use tillpost_tests::wait;

use super::customers::{TILL, day, hand_in, sale};
use super::kills::REQUEST_LIMIT;

/// An order's lines: id, name, and the line it takes back.
type Lines = Vec<(i64, String, Option<i64>)>;

fn address(database: &Database) -> SocketAddr {
    let url = database.server.url.trim_start_matches("http://");
    url.parse().unwrap()
}

fn back(number: u64, sold: &Receipt, line: usize) -> Receipt {
    let at = moment(day(), 60 * i64::try_from(number).unwrap());
    Receipt::back(TILL, number, at, day())
        .item_of(sold, line)
        .paid(CASH)
}

/// The store's orders by their references. `takes_back`: what tells it in this version.
fn lines(database: &Database, takes_back: &str) -> BTreeMap<String, Lines> {
    let rows = database.rows(&format!(
        "SELECT o.pos_reference AS a, l.id AS b, l.name AS c, coalesce({takes_back}::text, '') AS d \
         FROM pos_order_line l JOIN pos_order o ON o.id = l.order_id WHERE o.pos_reference LIKE 'ZH01-%' ORDER BY l.id"
    ));
    let mut orders: BTreeMap<String, Lines> = BTreeMap::new();
    for row in rows {
        let taken = row[3].split(' ').next_back().and_then(|id| id.parse().ok());
        let line = (row[1].parse().unwrap(), row[2].clone(), taken);
        orders.entry(row[0].clone()).or_default().push(line);
    }
    orders
}

/// Makes the orders of 19 look like those of 14 after an upgrade, and lets 14's key in.
fn upgrade(old: &Database, new: &Database) {
    let (there, here) = (
        lines(old, "l.notice"),
        lines(new, "l.refunded_orderline_id"),
    );
    let references = |orders: &BTreeMap<String, Lines>| orders.keys().cloned().collect::<Vec<_>>();
    assert_eq!(references(&there), references(&here));
    let pairs: Vec<_> = there
        .values()
        .flatten()
        .zip(here.values().flatten())
        .collect();
    let new_id: BTreeMap<i64, i64> = pairs.iter().map(|(old, new)| (old.0, new.0)).collect();
    let mut sql = String::from(
        "UPDATE pos_order SET uuid = gen_random_uuid() WHERE pos_reference LIKE 'ZH01-%'; ",
    );
    for ((_, name, taken), (id, _, same)) in pairs {
        let taken = taken.map(|line| new_id[&line]);
        assert_eq!(taken, *same);
        let notice = taken.map_or("NULL".to_owned(), |line| {
            format!("'takes back line {line}'")
        });
        sql += &format!(
            "UPDATE pos_order_line SET name = '{name}', notice = {notice}, refunded_orderline_id = NULL, \
             uuid = gen_random_uuid() WHERE id = {id}; "
        );
    }
    let key = &old
        .rows("SELECT k.index AS a, k.key AS b FROM res_users_apikeys k WHERE k.name = 'tillpost'")
        [0];
    sql += &format!(
        "UPDATE res_users_apikeys SET index = '{}', key = '{}' WHERE name = 'tillpost'",
        key[0], key[1]
    );
    new.tamper(&sql);
}

fn proof(office: &HeadOffice) -> Value {
    let date = day().to_string();
    let said = office.home.run(&["proof", "--date", &date, "--json"]);
    serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"))
}

/// A till's receipts, named by their numbers.
struct Story {
    first: Receipt,
    second: Receipt,
    third: Receipt,
    fourth: Receipt,
    fifth: Receipt,
    seventh: Receipt,
    eighth: Receipt,
}

impl Story {
    fn new() -> Self {
        let first = sale(1, &[0, 1, 2, 0]).paid(CASH);
        Self {
            second: sale(2, &[1]).paid(CARD),
            third: back(3, &first, 1),
            fourth: sale(4, &[2, 2]).paid(CASH),
            fifth: back(5, &first, 2),
            seventh: sale(7, &[0]).paid(CARD),
            eighth: back(8, &first, 4),
            first,
        }
    }

    /// What arrives before the upgrade; the answer to the last one is lost.
    fn before(&self) -> (Vec<Value>, Value) {
        let certain = [&self.first, &self.second, &self.third].map(Receipt::json);
        (certain.into(), self.fourth.json())
    }

    /// What waits until after it.
    fn after(&self) -> Vec<Value> {
        // The till does not know which of two equal lines it takes back.
        let mut unsure = self.eighth.json();
        let from = unsure["body"]["lines"][0]["returned_from"].as_object_mut();
        from.unwrap().remove("line");
        vec![
            self.fifth.json(),
            void(6, moment(day(), 1_000), day(), &self.second),
            self.seventh.json(),
            unsure,
        ]
    }

    /// The end of each order's reference, and its total.
    fn orders(&self) -> Vec<Vec<String>> {
        [
            ("-1", self.first.total()),
            ("-2", self.second.total()),
            ("-3", self.third.total()),
            ("-4", self.fourth.total()),
            ("-5", self.fifth.total()),
            ("-7", self.seventh.total()),
            ("-8", self.eighth.total()),
            ("-void-6", -self.second.total()),
        ]
        .map(|(end, cents)| vec![end.to_owned(), money(cents)])
        .into()
    }
}

/// The story up to the upgrade; the line is down then.
fn until_the_upgrade(old: &HeadOffice, proxy: &Proxy, agent: &Agent, story: &Story) {
    let (certain, doubtful) = story.before();
    hand_in(old, agent, &certain);
    agent.wait_drained(DRAIN);
    proxy.plan("create_from_ui", Fault::AnswerSwallowed);
    hand_in(old, agent, &[doubtful]);
    wait::until("the answer to be lost", || {
        (proxy.count(Fault::AnswerSwallowed) == 1).then_some(())
    });
    proxy.shut();
    wait::until("it to be there all the same", || {
        (lines(&old.database, "l.notice").len() == 4).then_some(())
    });
    hand_in(old, agent, &story.after());
    assert_eq!(agent.count("waiting"), 5, "{}", agent.status());
}

fn assert_all_there(new: &HeadOffice, circle: &str, story: &Story) {
    let orders = new.database.rows(&format!(
        "SELECT replace(pos_reference, '{circle}', '') AS a, amount_total::numeric(16,2)::text AS b FROM pos_order \
         WHERE pos_reference LIKE 'ZH01-%' AND state = 'paid' ORDER BY 1"
    ));
    assert_eq!(orders, story.orders());
    let taken = lines(&new.database, "l.refunded_orderline_id");
    let sold = &taken[&format!("{circle}-1")];
    for (end, line) in [(5, 1), (8, 3)] {
        let back = &taken[&format!("{circle}-{end}")];
        assert_eq!(back[0].2, Some(sold[line].0), "the first came back on 14");
    }
}

mod v14 {
    use super::*;

    #[test]
    fn what_was_sold_on_14_goes_on_on_19() {
        let (tills, story) = ([TILL.to_owned()], Story::new());
        let new = HeadOffice::on(19, "upgraded", &tills);
        let old = HeadOffice::on(14, "upgraded", &tills);
        assert_eq!(old.database.name, new.database.name, "the store knows one");
        old.request_limit(REQUEST_LIMIT);
        let (certain, doubtful) = story.before();
        let agent = new.start();
        hand_in(&new, &agent, &certain);
        hand_in(&new, &agent, &[doubtful]);
        agent.wait_drained(DRAIN);
        agent.stop();

        let proxy = Proxy::plain(address(&old.database));
        old.home.reword(&old.database.server.url, &proxy.url());
        let agent = old.start();
        until_the_upgrade(&old, &proxy, &agent, &story);
        upgrade(&old.database, &new.database);
        proxy.lead_to(address(&new.database));
        proxy.open();
        agent.wait_drained(DRAIN);
        assert_eq!(agent.count("parked"), 0, "{}", agent.status());
        wait::until("prices to be read as 19 gives them", || {
            let problems = agent.status()["problems"].to_string();
            (!problems.contains("catalog")).then_some(())
        });

        let circle = format!("ZH01-{TILL}-0-{}", day().strftime("%Y%m%d"));
        assert_all_there(&new, &circle, &story);
        let green = proof(&old);
        assert_eq!(green["differences"], json!([]), "{green:#}");
        new.database.tamper(&format!(
            "DELETE FROM pos_order WHERE pos_reference = '{circle}-4'"
        ));
        let red = proof(&old)["differences"].to_string();
        assert!(red.contains("ZH01/1/0/4"), "goes unnoticed: {red}");
        agent.stop();
    }
}
