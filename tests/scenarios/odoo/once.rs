//! The sharpest form of a lost answer: the first request still runs in Odoo when the second would leave.
//!
//! Goal: what Odoo knows no key for is there once all the same, on 19 and (in [`super::v14`]) on 14: the agent waits
//! until the first request must have come to its end, looks, and only then sends. Method: a table is locked, so that
//! the request hangs in Odoo's database; its answer is cut off, or the agent is killed and started again; the lock
//! goes when the agent has either called again or said that it waits. The same with a limit that is too short must
//! double, or nothing is shown.

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::figures::money;
use tillpost_tests::head_office::DRAIN;
use tillpost_tests::place::{OdooOf, Place, TILL};
use tillpost_tests::proxy::faults::Fault;
use tillpost_tests::report;
use tillpost_tests::shop::drawer::{cash_movement, head};
use tillpost_tests::shop::goods::{Line, moved};
use tillpost_tests::shop::sample::{receipt, sale};
use tillpost_tests::shop::{CASH, count, moment, range, uid, yesterday};
use tillpost_tests::table_lock::TableLock;
use tillpost_tests::wait;

/// How long a request of these tests runs at the longest, as the agent is told: long enough for both to meet.
const LIMIT: &str = "5s";
/// A lie: the first request runs longer.
const TOO_SHORT: &str = "1s";
/// By how much the agent shortens its other waits.
const HURRY: [(&str, &str); 1] = [("TILLPOST_HURRY", "20")];

/// How the answer to the first request is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The line is cut as soon as the request is through.
    Cut,
    /// kill -9, and a new start.
    Killed,
}

/// A call that Odoo has no key for.
pub(super) struct Case {
    /// Its name.
    pub name: &'static str,
    /// What it hangs at.
    pub table: &'static str,
    /// The call, as the proxy sees it.
    pub call: &'static str,
    /// What the call is made for.
    pub document: Value,
    /// Counts what came of it; 1 is right.
    pub effects: String,
}

/// What came of a case.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// Calls while the first one still ran.
    meanwhile: usize,
    /// Calls altogether.
    calls: usize,
    /// What is there at the end.
    effects: i64,
}

/// A store with one till behind a proxy, and its agent.
pub(super) struct Store<const VERSION: u32> {
    place: OdooOf<VERSION>,
    limit: &'static str,
    agent: Option<Agent>,
}

impl<const VERSION: u32> Store<VERSION> {
    /// `limit`: how long Odoo works on a request at the longest, as the agent is told.
    fn new(name: &str, limit: &'static str) -> Self {
        let place = OdooOf::<VERSION>::new(name);
        place.office.request_limit(limit);
        let agent = Some(Agent::start(place.home(), &HURRY));
        Self {
            place,
            limit,
            agent,
        }
    }

    pub(super) fn patient(name: &str) -> Self {
        Self::new(name, LIMIT)
    }

    pub(super) fn hasty(name: &str) -> Self {
        Self::new(name, TOO_SHORT)
    }

    fn agent(&self) -> &Agent {
        self.agent.as_ref().unwrap()
    }

    /// Has sales move no stock before their session is closed.
    pub(super) fn moves_stock_at_the_close(&self) {
        let sql = "UPDATE res_company SET point_of_sale_update_stock_quantities = 'closing'";
        self.place.office.database.tamper(sql);
    }

    /// A sale that arrives in peace, and with it the till's session.
    pub(super) fn sells(&self, sequence: u64) {
        let sale = sale(TILL, sequence);
        self.agent()
            .hand_in_all(&self.place.token(), &[sale], "accepted");
        self.agent().wait_drained(DRAIN);
    }

    fn outcome(&mut self, case: &Case, lost: Lost) -> Outcome {
        let (asked, quiet) = (self.place.proxy().asked(case.call), self.times_quiet());
        let database = &self.place.office.database;
        let lock = TableLock::of(database, case.table);
        if lost == Lost::Cut {
            self.place.proxy().plan(case.call, Fault::CutAfter);
        }
        let token = self.place.token();
        let document = std::slice::from_ref(&case.document);
        self.agent().hand_in_all(&token, document, "accepted");
        let calls = || self.place.proxy().asked(case.call) - asked;
        wait::within(DRAIN, "the first request to hang in Odoo", || {
            (calls() == 1 && TableLock::hanging(database) == 1).then_some(())
        });
        if lost == Lost::Killed {
            self.agent.take().unwrap().kill();
            self.agent = Some(Agent::start(self.place.home(), &HURRY));
        }
        let calls = || self.place.proxy().asked(case.call) - asked;
        let database = &self.place.office.database;
        let waits = || {
            let postponed = self.agent().status().to_string().contains("under_way");
            postponed || self.times_quiet() > quiet
        };
        wait::within(DRAIN, "the agent to call again or to wait", || {
            (calls() > 1 || (self.limit != TOO_SHORT && waits())).then_some(())
        });
        if calls() > 1 {
            wait::within(DRAIN, "both requests to hang in Odoo", || {
                (TableLock::hanging(database) == 2).then_some(())
            });
        }
        let meanwhile = calls();
        drop(lock);
        self.agent().wait_drained(DRAIN);
        wait::until("the first request to come to its end", || {
            let on_the_way = self.place.proxy().on_the_way();
            (on_the_way == 0 && TableLock::hanging(database) == 0).then_some(())
        });
        let found = Outcome {
            meanwhile,
            calls: calls(),
            effects: database.number(&case.effects),
        };
        let words = format!(
            "{lost:?} while {} ran in Odoo {VERSION}: {} calls meanwhile, {} altogether, {} effects",
            case.call, found.meanwhile, found.calls, found.effects
        );
        report::publish(&format!("once: {}", case.name), &words);
        found
    }

    /// How often the whole lane has waited, as its log says; a single document says it in the status.
    fn times_quiet(&self) -> usize {
        let log = std::fs::read_dir(self.place.home().data().join("log")).unwrap();
        let texts = log.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let words = "may still be at work on what was sent before";
        texts.map(|text| text.matches(words).count()).sum()
    }

    /// Panics unless the call was made once and took effect once.
    #[track_caller]
    pub(super) fn assert_once(&mut self, case: &Case, lost: Lost) {
        let found = self.outcome(case, lost);
        let once = Outcome {
            meanwhile: 1,
            calls: 1,
            effects: 1,
        };
        assert_eq!(found, once, "{} {lost:?}", case.name);
        let status = self.agent().status();
        assert_eq!(self.agent().count("parked"), 0, "{status}");
    }

    /// Panics unless a limit that is too short doubles: so these tests can fail.
    #[track_caller]
    pub(super) fn assert_doubles(&mut self, case: &Case) {
        let found = self.outcome(case, Lost::Cut);
        let twice = (found.meanwhile, found.effects);
        assert_eq!(twice, (2, 2), "{}: nothing is seen here", case.name);
    }
}

/// Opens the till's session.
pub(super) fn opening() -> Case {
    Case {
        name: "opening",
        table: "pos_session",
        call: "/pos.session/create",
        document: sale(TILL, 1),
        effects: "SELECT count(*) AS a FROM pos_session s JOIN pos_config c ON c.id = s.config_id \
                  WHERE c.name LIKE 'ZH01-%'"
            .to_owned(),
    }
}

/// A sale, which below 19 has no key of its own either.
pub(super) fn order(sequence: u64) -> Case {
    Case {
        name: "order",
        table: "pos_order",
        call: "/pos.order/create_from_ui",
        document: sale(TILL, sequence),
        effects: format!(
            "SELECT count(*) AS a FROM pos_order_line WHERE name LIKE '{}%'",
            uid(TILL, sequence)
        ),
    }
}

pub(super) fn cash(version: u32, sequence: u64) -> Case {
    let at = moment(yesterday(), 60);
    Case {
        name: "cash movement",
        table: "account_bank_statement_line",
        call: match version {
            14 => "/cash.box.out/run",
            _ => "/pos.session/try_cash_in_out",
        },
        document: cash_movement(TILL, sequence, at, yesterday(), "pay_out", -500),
        effects: format!(
            "SELECT count(*) AS a FROM account_bank_statement_line WHERE payment_ref LIKE '%{}%'",
            uid(TILL, sequence)
        ),
    }
}

pub(super) fn counted(version: u32) -> Case {
    let goods = [(range()[1].clone(), 7_000)];
    let (table, call, effects) = match version {
        14 => (
            "stock_inventory",
            "/stock.inventory/create",
            "SELECT count(*) AS a FROM stock_inventory WHERE name LIKE 'Tillpost %'",
        ),
        _ => (
            "stock_move",
            "/stock.quant/create",
            "SELECT count(*) AS a FROM stock_move WHERE inventory_name LIKE 'Tillpost %'",
        ),
    };
    Case {
        name: "count",
        table,
        call,
        document: count::spot("C1", yesterday(), moment(yesterday(), 600), &goods),
        effects: effects.to_owned(),
    }
}

/// Closes the till's day with `cents` in its drawer.
fn close(cents: i64) -> Case {
    let tenders = json!([{ "method": CASH, "expected": money(cents), "counted": money(cents) }]);
    let (at, body) = (moment(yesterday(), 36_000), json!({ "tenders": tenders }));
    Case {
        name: "close",
        table: "account_move",
        call: "/pos.session/close_session_from_ui",
        document: head("day_close", TILL, Some(9), at, yesterday(), body),
        effects: "SELECT count(*) AS a FROM account_move m JOIN pos_session s ON s.name = m.ref \
                  JOIN pos_config c ON c.id = s.config_id WHERE c.name LIKE 'ZH01-%' AND m.journal_id = c.journal_id"
            .to_owned(),
    }
}

/// Goods of which `reference` tells the movement.
fn goods(kind: &str, reference: &str) -> Value {
    let line = [Line::of(&range()[0], 2_000)];
    moved(kind, reference, moment(yesterday(), 600), &line)
}

fn transfer() -> Case {
    Case {
        name: "transfer made",
        table: "stock_picking",
        call: "/stock.picking/create",
        document: goods("receipt", "T1"),
        effects: "SELECT count(*) AS a FROM stock_picking WHERE origin LIKE '%/T1'".to_owned(),
    }
}

fn validation() -> Case {
    Case {
        name: "transfer done",
        table: "stock_quant",
        call: "/stock.picking/button_validate",
        document: goods("receipt", "T2"),
        effects:
            "SELECT count(*) AS a FROM stock_move m JOIN stock_picking p ON p.id = m.picking_id \
                  WHERE p.origin LIKE '%/T2' AND m.state = 'done'"
                .to_owned(),
    }
}

fn scrap() -> Case {
    Case {
        name: "waste noted",
        table: "stock_scrap",
        call: "/stock.scrap/create",
        document: goods("waste", "W1"),
        effects: "SELECT count(*) AS a FROM stock_scrap WHERE origin LIKE '%/W1'".to_owned(),
    }
}

fn scrapped() -> Case {
    Case {
        name: "waste thrown away",
        table: "stock_move",
        call: "/stock.scrap/do_scrap",
        document: goods("waste", "W2"),
        effects: "SELECT count(*) AS a FROM stock_move m JOIN stock_scrap s ON s.id = m.scrap_id \
                  WHERE s.origin LIKE '%/W2'"
            .to_owned(),
    }
}

#[test]
fn longest_a_tills_session_and_its_money_are_there_once() {
    let mut store = Store::<19>::patient("once_till");
    store.assert_once(&opening(), Lost::Cut);
    store.assert_once(&cash(19, 2), Lost::Cut);
    store.assert_once(&cash(19, 3), Lost::Killed);
    let sold = receipt(TILL, 1).total();
    store.assert_once(&close(sold - 1_000), Lost::Cut);
}

#[test]
fn goods_that_move_are_there_once() {
    let mut store = Store::<19>::patient("once_goods");
    store.assert_once(&transfer(), Lost::Cut);
    store.assert_once(&validation(), Lost::Killed);
    store.assert_once(&scrap(), Lost::Cut);
    store.assert_once(&scrapped(), Lost::Cut);
    store.assert_once(&counted(19), Lost::Cut);
}

#[test]
fn longest_a_limit_that_is_too_short_doubles() {
    let mut store = Store::<19>::hasty("once_doubles");
    store
        .agent()
        .hand_in_all(&store.place.token(), &[sale(TILL, 1)], "accepted");
    store.agent().wait_drained(DRAIN);
    store.assert_doubles(&cash(19, 2));
    store.assert_doubles(&transfer());
    store.assert_doubles(&scrap());
}
