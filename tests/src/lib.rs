//! What the scenarios stand on: the built program driven from outside, a real Odoo, and a shop that rings up days and
//! knows by its own arithmetic what must come of them.
//!
//! Nothing here uses the agent's code: an error it shares with the program under test would stay hidden.

pub mod agent;
pub mod arrivals;
pub mod basket;
pub mod books;
pub mod browser;
pub mod bulk;
pub mod clock;
pub mod disk;
pub mod figures;
pub mod flaky;
pub mod folder;
pub mod head_office;
pub mod home;
pub mod http;
pub mod kept;
pub mod ledger;
pub mod memory;
pub mod namespace;
pub mod odoo;
pub mod place;
pub mod plain_sum;
pub mod prices;
pub mod process;
pub mod proxy;
pub mod random;
pub mod receiver;
pub mod report;
pub mod shop;
pub mod socket;
pub mod source;
pub mod stand_in;
pub mod table_lock;
pub mod taker;
pub mod tills;
pub mod wait;
pub mod wire;
