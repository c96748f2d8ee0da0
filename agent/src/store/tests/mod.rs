//! The outbox's tests, one file for each of its parts.

mod accept;
mod days;
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
mod rescue;
pub(crate) mod shop;
mod unsent;
mod window;
mod writer;
