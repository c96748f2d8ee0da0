//! The store service: takes what tills did, makes it durable before it says yes, and delivers it exactly once in
//! effect; brings the store's prices down and proves every evening that nothing is missing.
//!
//! # Layout
//! Five layers; a module uses only rows above its own (a test holds it so). [`activity`], the clock and the board, is
//! below the edges because they report, too:
//! 1. pure: [`outbox`], [`backoff`], the Odoo payload builders
//! 2. disk: [`store`], [`paths`], [`secret`]
//! 3. edges: [`intake`], [`destination`], [`catalog`]
//! 4. loops: [`delivery`], [`update`], [`hours`], [`housekeeping`], [`recovery`], [`price_files`], [`status`]
//! 5. wiring: [`app`], [`cli`]
//!
//! Read [`app`] for the story of a start, [`store`] for what durable means, [`delivery`] for what happens to a
//! document after the till got its yes.

pub mod backoff;
pub mod failpoint;
pub mod hurry;
pub mod outbox;

pub mod paths;
pub mod secret;
pub mod store;

pub mod catalog;
pub mod destination;
pub mod intake;

pub mod activity;
pub mod delivery;
pub mod evening;
pub mod hours;
pub mod housekeeping;
pub mod price_files;
pub mod recovery;
pub mod status;
pub mod update;

pub mod app;
pub mod cli;
pub mod demo;
pub mod logging;
