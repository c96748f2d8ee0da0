//! Stub.

pub mod catalog;
pub mod prepare;
