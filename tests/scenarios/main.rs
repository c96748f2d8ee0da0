//! The built programs, driven from outside: one module per part of the promise.
//!
//! Tests in `odoo` use a real Odoo 19; functions named `long_…` run with `tests/run --all` only.

mod access;
mod alerts;
mod approvals;
mod attacks;
mod bad_input;
mod browser;
mod card_data;
mod catalog;
mod catalog_web;
mod clocks;
mod cloud_events;
mod command_line;
mod conflicts;
mod conformance;
mod description;
mod disk;
mod durable;
mod folder;
mod folder_faults;
mod held;
mod inbox;
mod inbox_expected;
mod inbox_large;
mod inbox_limits;
mod inbox_pairs;
mod inbox_samples;
mod inbox_shares;
mod kills;
mod line_faults;
mod numbers;
mod odoo;
mod outage;
mod overload;
mod power_cut;
mod price_files;
mod proofs;
mod refused;
mod restore;
mod sync_trace;
mod tidy;
mod verbatim;
mod versions;
