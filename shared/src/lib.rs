//! What Tillpost's programs agree on: documents, money, keys, checks, catalog and configuration.
//!
//! Pure: nothing here opens a file or a socket, reads a clock, starts a thread or speaks SQL. Time is an argument.
//!
//! Read in this order: [`document`] (what a till can say), [`shape`] (how it is read strictly), [`intake`] (from
//! bytes to a judged document), [`check`] (what is held or flagged), [`key`] and [`content`] (when two documents are
//! the same), [`redact`] (what never reaches the disk).

pub mod catalog;
pub mod check;
pub mod choice;
pub mod config;
pub mod content;
pub mod currency;
pub mod document;
pub mod intake;
pub mod json;
pub mod key;
pub mod problem;
pub mod profile;
pub mod redact;
#[cfg(test)]
mod sample;
pub mod scalar;
pub mod schema;
pub mod shape;
pub mod write;
