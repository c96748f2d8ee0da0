//! The tills that were added, for whoever judges documents: the desk, and `check` before anything is handed in.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;
use tillpost_shared::problem::{Code, Problem};

use crate::store::{StoreError, tills};

/// The tills that were added, each with the series of its documents that name none.
#[derive(Debug, Clone, Default)]
pub struct Known {
    tills: BTreeMap<String, Option<String>>,
    /// With `require_token = false` any till is known.
    any: bool,
}

impl Known {
    /// Those of an outbox.
    pub fn read(connection: &Connection, any: bool) -> Result<Self, StoreError> {
        let tills = tills::list(connection)?;
        let tills = tills.into_iter().map(|till| (till.code, till.series));
        Ok(Self {
            tills: tills.collect(),
            any,
        })
    }

    /// Where no outbox tells.
    pub fn any() -> Self {
        Self {
            tills: BTreeMap::new(),
            any: true,
        }
    }

    /// Gives a document that names no series its till's. One that brings its key was written out by an agent, with
    /// the series it had then.
    pub fn fill_in_series(&self, value: &mut Value) {
        let Value::Object(document) = value else {
            return;
        };
        let names = |name: &str| document.get(name).is_some_and(|value| !value.is_null());
        if names("series") || names("key") {
            return;
        }
        let till = document.get("till").and_then(Value::as_str);
        let series = till.and_then(|till| self.tills.get(till)?.clone());
        if let Some(series) = series {
            document.insert("series".to_owned(), series.into());
        }
    }

    /// What holds a document of a till that nobody added; one without a till is nobody's.
    pub fn unknown(&self, till: &str) -> Option<Problem> {
        let known = till.is_empty() || self.any || self.tills.contains_key(till);
        let message = "the document is of a till that was not added";
        (!known).then(|| Problem::held(Code::UnknownTill, "till", message))
    }
}
