//! A request's body, taken apart into documents.

use serde_json::Value;

use crate::problem::Problem;

/// Documents that one request may hold.
pub const DOCUMENTS_MAX: usize = 10_000;

/// How documents are packed in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: one object, or an array of objects.
    Json,
    /// `application/x-ndjson`: one object a line.
    Ndjson,
    /// `application/cloudevents+json`: one envelope.
    CloudEvent,
    /// `application/cloudevents-batch+json`: an array of envelopes.
    CloudEventBatch,
}

/// One document of a body, or why it is none.
pub type Item = Result<Value, Problem>;

/// Why a body as a whole cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// JSON without a document in it.
    #[error("the body holds no document")]
    Empty,
    /// More documents than one request may hold.
    #[error("the body holds more than {DOCUMENTS_MAX} documents")]
    TooManyDocuments,
}

/// Takes a body apart, in order.
pub fn split(body: &[u8], media: Media) -> Result<Vec<Item>, BodyError> {
    let _ = (body, media);
    Err(BodyError::Empty)
}
