//! What a person does with documents from a page: by a form that only our own page can have made, noted with who and
//! why, and then back to the page they came from.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::visit::{Stop, Visit, own_address, see_other};
use crate::intake::http::Api;
use crate::intake::http::access::Right;
use crate::intake::http::answer::Refusal;
use crate::intake::http::body;
use crate::intake::http::documents::{MISSING_REASON, perform, said};
use crate::secret::Secret;
use crate::store::person::Action;

/// Documents that one form acts on.
const DOCUMENTS_MAX: usize = 100;
/// Bytes of a form; none of ours is longer.
const FORM_BYTES_MAX: usize = 32 * 1024;

/// A form's fields, in their order.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form.
    pub async fn read(api: &Api, headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        let read = body::read(headers, body, &api.room).await?;
        if read.bytes.len() > FORM_BYTES_MAX {
            return Err(Refusal::query("the form is too long"));
        }
        let fields = form_urlencoded::parse(&read.bytes);
        Ok(Self(fields.into_owned().collect()))
    }

    /// A field; empty when it is not there.
    pub fn field(&self, name: &str) -> &str {
        let mut fields = self.0.iter();
        let found = fields.find_map(|(own, value)| (own == name).then_some(value.as_str()));
        found.unwrap_or_default()
    }

    /// Every field of a name.
    fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter().filter(move |(own, _)| own == name);
        fields.map(|(_, value)| value.as_str())
    }

    /// Whether a page of this visitor's session made the form.
    pub fn is_of(&self, visit: &Visit) -> bool {
        !visit.form_mark.is_empty() && Secret::new(&visit.form_mark).is(self.field("mark"))
    }
}

/// `POST /act`.
pub async fn act(
    State(api): State<Arc<Api>>,
    visit: Visit,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match Form::read(&api, &headers, body).await {
        Ok(form) => form,
        Err(refusal) => return visit.answer(Err(refusal.into())),
    };
    let back = own_address(form.field("back"));
    match done(&visit, &form).await {
        Ok(word) => see_other(&with_word(back, word)),
        Err(Stop::SignIn) if visit.browser => {
            see_other(&format!("/sign-in?to={}", super::visit::escaped(back)))
        }
        Err(stop) => visit.answer(Err(stop)),
    }
}

/// The address, telling the page what became of the action.
fn with_word(back: &str, word: &str) -> String {
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("said="));
    let said = format!("said={word}");
    let pairs: Vec<&str> = others.chain([said.as_str()]).collect();
    // Only pages that show it are told.
    if path.starts_with("/documents/") {
        format!("{path}?{}", pairs.join("&"))
    } else {
        back.to_owned()
    }
}

/// Does it; a word on what became of it.
async fn done(visit: &Visit, form: &Form) -> Result<&'static str, Stop> {
    visit.needs(Right::Act)?;
    if !form.is_of(visit) {
        return Ok("form");
    }
    let Some(role) = visit.role() else {
        return Err(Stop::SignIn);
    };
    let why = said(form.field("reason"));
    let mut word = "done";
    for id in form.fields("id").take(DOCUMENTS_MAX) {
        let (action, why) = match (form.field("action"), &why) {
            ("retry", why) => (Action::Retry, why.clone()),
            ("release", why) => (Action::Release, why.clone()),
            ("withdraw", Some(why)) => (Action::Withdraw(why.clone()), None),
            ("withdraw", None) => return Ok("reason"),
            _ => return Err(Refusal::query("action is retry, release or withdraw").into()),
        };
        let acted = perform(&visit.api, id, action, role.as_str().to_owned(), why).await;
        match acted {
            Ok(_) => {}
            Err(refusal) if refusal.code == "wrong_state" => word = "state",
            Err(refusal) if refusal.code == MISSING_REASON => word = "reason",
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_once_what_became_of_an_action() {
        assert_eq!(with_word("/documents/1", "done"), "/documents/1?said=done");
        assert_eq!(
            with_word("/documents/1?said=state&a=b", "done"),
            "/documents/1?a=b&said=done"
        );
        assert_eq!(with_word("/", "done"), "/");
    }
}
