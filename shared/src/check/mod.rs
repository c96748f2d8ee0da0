//! What is held and what is flagged: a sale that happened is never turned away because a check disliked it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::document::Document;
use crate::problem::Problem;
use crate::scalar::Day;

/// Which store checks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The store's zone.
    pub zone: &'a TimeZone,
    /// The document's trading day.
    pub business_date: Day,
    /// When the agent received the document.
    pub received_at: Timestamp,
}

/// What the document must say beyond the shape of its fields; for these it is refused.
pub fn required(document: &Document) -> Vec<Problem> {
    let _ = document;
    Vec::new()
}

/// Everything that is held or flagged.
pub fn check(document: &Document, context: Context<'_>) -> Vec<Problem> {
    let _ = (document, context);
    Vec::new()
}
