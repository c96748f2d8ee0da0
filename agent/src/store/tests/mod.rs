//! The outbox's tests, one file for each of its parts.

mod accept;
mod depends;
mod figures;
mod history;
mod lane;
mod machine;
mod migrate;
mod moods;
mod pace;
mod person;
mod plans;
mod read;
mod reread;
pub(crate) mod shop;
mod unsent;
mod writer;
