//! Where documents come in: one desk that takes them, and the doors that lead to it.
//!
//! [`desk`] reads, judges and stores; [`house`] says under which terms a store reads its documents; [`http`] is the
//! door for tills, people and scripts on the network, [`inbox`] the one for files.

pub mod desk;
pub mod errand;
pub mod house;
pub mod http;
pub mod inbox;
pub mod known;
mod tally;
