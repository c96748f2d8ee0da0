//! Stub.

pub mod prepare;
