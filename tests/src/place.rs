//! A destination of any kind, seen from outside: a store that delivers there, and what has arrived. The conformance
//! suite and the line's faults run over all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tempfile::TempDir;

use crate::agent::Agent;
use crate::arrivals::{Comparison, compare};
use crate::books::order_uid;
use crate::head_office::{AGENT_KEY, HeadOffice};
use crate::home::{Home, Setup};
use crate::proxy::Proxy;
use crate::receiver::{KEY, PATH, Receiver};
use crate::shop::sample::{sale, sales};
use crate::shop::uid;
use crate::wait;

/// The only till.
pub const TILL: &str = "1";
/// A key that nobody takes.
const WRONG_KEY: &str = "0000000000000000000000000000000000000000";

/// A store and its one destination.
pub trait Place {
    /// A part of the path of the request that carries documents.
    const CARRIER: &'static str;
    /// By how much the agent shortens its waits, see `agent/src/hurry.rs`; a good answer must still come in time.
    const HURRY: &'static str;

    /// A fresh one; `case` tells it from others.
    fn new(case: &str) -> Self;
    /// The store's PC.
    fn home(&self) -> &Home;
    /// Another PC for the same store, with an empty data folder.
    fn new_home(&mut self);
    /// The till's token.
    fn token(&self) -> String;
    /// The line.
    fn proxy(&self) -> &Proxy;
    /// Which variable holds the store's key.
    fn key_variable(&self) -> &'static str;
    /// How often each uid took effect over there.
    fn arrived(&self) -> BTreeMap<String, usize>;
    /// A document that is refused there.
    fn bad(&self, sequence: u64) -> Value;

    /// Starts the agent, in a hurry.
    fn start(&self) -> Agent {
        Agent::start(self.home(), &[("TILLPOST_HURRY", Self::HURRY)])
    }

    /// Starts it with a key that nobody takes.
    fn start_with_wrong_key(&self) -> Agent {
        let env = [
            ("TILLPOST_HURRY", Self::HURRY),
            (self.key_variable(), WRONG_KEY),
        ];
        Agent::start(self.home(), &env)
    }

    /// Hands in sales numbered from `first` and returns the uids that were acknowledged.
    fn hand_in(&self, agent: &Agent, first: u64, count: u64) -> BTreeSet<String> {
        hand_in(agent, &self.token(), first, count)
    }

    /// Waits until nothing waits and nothing is on its way any more, and compares.
    fn compare(&self, agent: &Agent, acknowledged: &BTreeSet<String>) -> Comparison {
        agent.wait_drained(crate::head_office::DRAIN);
        wait::until("late requests to arrive", || {
            (self.proxy().on_the_way() == 0).then_some(())
        });
        compare(acknowledged, &self.arrived())
    }
}

/// Hands in sales numbered from `first` and returns the uids that were acknowledged.
pub fn hand_in(agent: &Agent, token: &str, first: u64, count: u64) -> BTreeSet<String> {
    let answer = agent
        .post(token, &Value::Array(sales(TILL, first, count)))
        .ok();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len() as u64, count);
    let uid_of = |(n, result): (usize, &Value)| {
        let yes = ["accepted", "duplicate"].contains(&result["status"].as_str().unwrap());
        assert!(yes, "{result}");
        let expected = uid(TILL, first + n as u64).to_string();
        assert_eq!(result["uid"], expected.as_str());
        expected
    };
    results.iter().enumerate().map(uid_of).collect()
}

/// A store that delivers to a receiver of the `http` destination, over TLS.
pub struct ByHttp {
    pub receiver: Receiver,
    pub home: Home,
    proxy: Proxy,
    certificates: TempDir,
    token: String,
}

const HTTP_KEY: &str = "TILLPOST_HTTP_KEY";

impl ByHttp {
    fn fresh_home(&mut self) {
        let url = self.proxy.url();
        let mut home = Home::new(&Setup::bare().with(&format!(
            "[[destination]]\nname = \"cloud\"\ntype = \"http\"\nurl = \"{url}{PATH}\"\nsecret = {{ env = \"{HTTP_KEY}\" }}"
        )));
        let authority = self.certificates.path().join("authority.pem");
        home.set_env("SSL_CERT_FILE", authority.to_str().unwrap());
        home.set_env(HTTP_KEY, KEY);
        self.token = home.add_till(TILL);
        self.home = home;
    }
}

impl Place for ByHttp {
    const CARRIER: &'static str = PATH;
    const HURRY: &'static str = "100";

    fn new(_: &str) -> Self {
        let receiver = Receiver::start();
        let certificates = TempDir::with_prefix("tillpost-test-").unwrap();
        let mut place = Self {
            proxy: Proxy::with_tls(receiver.address, certificates.path()),
            receiver,
            home: Home::new(&Setup::bare()),
            certificates,
            token: String::new(),
        };
        place.fresh_home();
        place
    }
    fn home(&self) -> &Home {
        &self.home
    }
    fn new_home(&mut self) {
        self.fresh_home();
    }
    fn token(&self) -> String {
        self.token.clone()
    }
    fn proxy(&self) -> &Proxy {
        &self.proxy
    }
    fn key_variable(&self) -> &'static str {
        HTTP_KEY
    }
    fn arrived(&self) -> BTreeMap<String, usize> {
        let complaints = self.receiver.look(|books| books.complaints.clone());
        assert!(complaints.is_empty(), "{complaints:?}");
        self.receiver.effects()
    }
    fn bad(&self, sequence: u64) -> Value {
        self.receiver.refuse(&uid(TILL, sequence).to_string());
        sale(TILL, sequence)
    }
}

/// A store that delivers to a real Odoo of a version, over TLS.
pub struct OdooOf<const VERSION: u32> {
    pub office: HeadOffice,
    proxy: Proxy,
    certificates: TempDir,
}

/// A store that delivers to a real Odoo 19.
pub type ByOdoo = OdooOf<19>;
/// A store that delivers to a real Odoo 14.
pub type ByOdoo14 = OdooOf<14>;

impl<const VERSION: u32> OdooOf<VERSION> {
    /// A store with several tills.
    pub fn with_tills(case: &str, tills: &[String]) -> Self {
        let office = HeadOffice::on(VERSION, case, tills);
        let url = office.database.server.url.clone();
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let address = std::net::ToSocketAddrs::to_socket_addrs(address).unwrap();
        let certificates = TempDir::with_prefix("tillpost-test-").unwrap();
        let proxy = Proxy::with_tls(address.into_iter().next().unwrap(), certificates.path());
        let mut place = Self {
            office,
            proxy,
            certificates,
        };
        place.detour();
        place
    }

    /// The agent goes through the proxy; `prepare` went straight.
    fn detour(&mut self) {
        let authority = self.certificates.path().join("authority.pem");
        let home = &mut self.office.home;
        home.set_env("SSL_CERT_FILE", authority.to_str().unwrap());
        let url = &self.office.database.server.url;
        home.reword(url, &self.proxy.url());
        // The catalog's requests would only get in the way of the faults.
        let config = std::fs::read_to_string(home.config()).unwrap();
        let delivery_only = config.split("[catalog]").next().unwrap();
        std::fs::write(home.config(), delivery_only).unwrap();
    }
}

impl<const VERSION: u32> Place for OdooOf<VERSION> {
    const CARRIER: &'static str = match VERSION {
        18.. => "/pos.order/sync_from_ui",
        _ => "/pos.order/create_from_ui",
    };
    const HURRY: &'static str = "50";

    fn new(case: &str) -> Self {
        Self::with_tills(case, &[TILL.to_owned()])
    }
    fn home(&self) -> &Home {
        &self.office.home
    }
    fn new_home(&mut self) {
        self.office.new_home();
        self.detour();
    }
    fn token(&self) -> String {
        self.office.token(TILL).to_owned()
    }
    fn proxy(&self) -> &Proxy {
        &self.proxy
    }
    fn key_variable(&self) -> &'static str {
        AGENT_KEY
    }
    fn arrived(&self) -> BTreeMap<String, usize> {
        let uid = order_uid(VERSION);
        let rows = self.office.database.rows(&format!(
            "SELECT {uid} AS a, count(*)::text AS b FROM pos_order o WHERE o.pos_reference LIKE 'ZH01-%' GROUP BY 1"
        ));
        let pair = |row: Vec<String>| (row[0].clone(), row[1].parse().unwrap());
        rows.into_iter().map(pair).collect()
    }
    fn bad(&self, sequence: u64) -> Value {
        let mut bad = sale(TILL, sequence);
        bad["body"]["tenders"][0]["type"] = "mobile".into();
        bad["body"]["tenders"][0]["method"] = "TWINT".into();
        bad
    }
}
