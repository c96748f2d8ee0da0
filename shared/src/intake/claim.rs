//! The `id`, `key` and `uid` that `folder` and `export` write into a document, when it comes back.

use serde_json::{Map, Value};

use crate::key;
use crate::problem::{Code, Problem};

/// What a document says about its own key.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    key: Option<Value>,
    uid: Option<Value>,
}

/// Takes the three out of a document, so that whatever stands there is no reason to refuse it.
pub fn take(document: &mut Map<String, Value>) -> Claim {
    // The id is an agent's own and says nothing here.
    document.shift_remove("id");
    let mut given = |name| document.shift_remove(name).filter(|value| !value.is_null());
    Claim {
        key: given("key"),
        uid: given("uid"),
    }
}

impl Claim {
    /// Held where the claim does not follow from the content.
    pub fn check(&self, key: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let claimed = self.key.as_ref().map(|claimed| claimed.as_str());
        let key_fits = claimed.is_none_or(|text| text.is_some_and(|text| key::fits(text, key)));
        if !key_fits {
            let message = "the key is not the one that follows from the document";
            problems.push(Problem::held(Code::KeyMismatch, "key", message));
        }
        let base = claimed.flatten().filter(|_| key_fits).unwrap_or(key);
        let expected = key::uid(base).to_string();
        let uid_fits = |uid: &Value| {
            uid.as_str()
                .is_some_and(|uid| uid.eq_ignore_ascii_case(&expected))
        };
        if !self.uid.as_ref().is_none_or(uid_fits) {
            let message = "the uid is not the one that follows from the key";
            problems.push(Problem::held(Code::KeyMismatch, "uid", message));
        }
        problems
    }

    /// The conflict key it came with, where that fits.
    pub fn conflict_key(&self, key: &str) -> Option<String> {
        let claimed = self.key.as_ref()?.as_str()?;
        (claimed != key && self.check(key).is_empty()).then(|| claimed.to_owned())
    }
}
