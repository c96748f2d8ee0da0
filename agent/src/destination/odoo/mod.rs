//! Odoo 19 as a destination, by its JSON-2 interface and without any module of ours inside it.

pub mod client;
pub mod row;
