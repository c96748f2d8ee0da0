//! What the scenarios stand on: the built program driven from outside, a real Odoo, and a shop that rings up days and
//! knows by its own arithmetic what must come of them.
//!
//! Nothing here uses the agent's code: an error it shares with the program under test would stay hidden.

pub mod agent;
pub mod books;
pub mod figures;
pub mod folder;
pub mod head_office;
pub mod home;
pub mod http;
pub mod ledger;
pub mod odoo;
pub mod process;
pub mod random;
pub mod shop;
pub mod socket;
pub mod source;
pub mod wait;
