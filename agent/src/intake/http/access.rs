//! Who may do what. A handler names the right it needs as an argument; without it the handler is not reached.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use crate::intake::desk::Sender;
use crate::intake::http::answer::Refusal;
use crate::intake::http::api::Api;
use crate::intake::http::login::{self, Role};
use crate::store::tills::{self, Token};

/// Where a request comes from; the server puts it beside the request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// A till's token: whose it is and which tills it speaks for.
    Till(Token),
    /// The command line's key.
    CommandLine,
    /// Somebody who logged in.
    Person(Role),
    /// Nobody known, on this machine.
    Local,
    /// Nobody known, from elsewhere.
    Remote,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Hand over documents.
    HandOver,
    /// Read documents, receipts, prices and the proof.
    Read,
    /// See how the agent is doing.
    Look,
    /// Retry, release, withdraw.
    Act,
}

/// Why a request may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No credential, or a wrong one: 401.
    Unknown,
    /// A right credential, but not for this: 403.
    NotAllowed,
}

/// Whether a visitor has a right. `open` is `require_token = false`.
pub fn may(visitor: &Visitor, right: Right, open: bool) -> Result<(), Denied> {
    match (visitor, right) {
        (Visitor::CommandLine, _)
        | (Visitor::Till(_), Right::HandOver | Right::Read | Right::Look)
        | (Visitor::Person(_), Right::Read | Right::Look | Right::Act)
        | (Visitor::Local, Right::Look) => Ok(()),
        (Visitor::Till(_), Right::Act) | (Visitor::Person(_), Right::HandOver) => {
            Err(Denied::NotAllowed)
        }
        (Visitor::Local, Right::HandOver | Right::Read)
        | (Visitor::Remote, Right::HandOver | Right::Read | Right::Look)
            if open =>
        {
            Ok(())
        }
        (Visitor::Local | Visitor::Remote, _) => Err(Denied::Unknown),
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown => Self::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "no credential came with the request, or a wrong one",
                "send Authorization: Bearer TOKEN (tillpost till add), or log in",
            ),
            Denied::NotAllowed => Self::new(
                StatusCode::FORBIDDEN,
                "not_allowed",
                "this credential is not for this request",
                "see /v1/openapi.json for who may what",
            ),
        }
    }
}

/// May hand over documents, as this sender.
#[derive(Debug)]
pub struct HandsOver(pub Sender);

/// May read, these documents.
#[derive(Debug)]
pub struct Reads(pub Scope);

/// Whose documents may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// What is of this token's tills, and what names no till and came with it.
    Of(Token),
}

impl Scope {
    /// The tills whose documents are shown, when asked for one till's or for all; `None` for everybody's.
    ///
    /// # Errors
    /// 403 for another till's.
    pub fn tills(self, asked: Option<String>) -> Result<Option<Vec<String>>, Refusal> {
        match (self, asked) {
            (Self::All, None) => Ok(None),
            (Self::Of(token), None) => Ok(Some(token.tills)),
            (Self::Of(token), Some(till)) if !token.tills.contains(&till) => {
                Err(Denied::NotAllowed.into())
            }
            (Self::All | Self::Of(_), Some(till)) => Ok(Some(vec![till])),
        }
    }

    /// Whose documents that name no till a list shows beside those of [`Self::tills`], when it was asked for no till.
    pub fn sender(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Of(token) => Some(token.owner.clone()),
        }
    }

    /// Whether it holds a document: one of a till, or one that names none and came with the token of `sender`.
    pub fn holds(&self, till: &str, sender: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Of(token) if till.is_empty() => sender == Some(&*token.owner),
            Self::Of(token) => token.tills.iter().any(|code| code == till),
        }
    }
}

/// May see how the agent is doing; amounts of money only with a credential.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// Whether amounts of money may be shown.
    pub money: bool,
}

/// May act on documents, under this name in the history.
#[derive(Debug)]
pub struct Acts(pub String);

/// Finds out who asks.
///
/// # Errors
/// When the store fails, and 429 for a till that asks more often than it may.
pub(crate) fn identify(parts: &Parts, api: &Api) -> Result<Visitor, Refusal> {
    if let Some(token) = bearer(&parts.headers) {
        if api.parts.cli_key.is(token) {
            return Ok(Visitor::CommandLine);
        }
        let known = api
            .parts
            .store
            .read(|reader| tills::of_token(reader, token))?;
        if let Some(token) = known {
            let taken = api.pace.take(&token.owner, Instant::now());
            taken.map_err(|wait| too_often(wait.as_secs_f64()))?;
            return Ok(Visitor::Till(token));
        }
    }
    if let Some(session) = login::cookie(&parts.headers)
        && let Some(role) = api.logins.role_of(session, &api.parts.store)?
    {
        return Ok(Visitor::Person(role));
    }
    let peer = parts.extensions.get::<Peer>();
    let local = peer.is_some_and(|Peer(address)| address.ip().to_canonical().is_loopback());
    Ok(if local {
        Visitor::Local
    } else {
        Visitor::Remote
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The till asks more often than it may.
fn too_often(seconds: f64) -> Refusal {
    let message = "this till asks more often than it may; nothing was stored";
    let hint = "wait as long as Retry-After says; see till_requests_per_second in [listen]";
    let status = StatusCode::TOO_MANY_REQUESTS;
    // Far below an hour, and whole seconds are what the header knows.
    Refusal::new(status, "too_many_requests", message, hint).retry_after(seconds.ceil() as u32)
}

fn admit(parts: &Parts, api: &Api, right: Right) -> Result<Visitor, Refusal> {
    let visitor = identify(parts, api)?;
    may(&visitor, right, api.open())?;
    Ok(visitor)
}

impl FromRequestParts<Arc<Api>> for HandsOver {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        Ok(Self(match admit(parts, api, Right::HandOver)? {
            Visitor::Till(token) => Sender::Till(token),
            Visitor::CommandLine => Sender::CommandLine,
            Visitor::Person(_) | Visitor::Local | Visitor::Remote => Sender::Anyone,
        }))
    }
}

impl FromRequestParts<Arc<Api>> for Reads {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        Ok(Self(match admit(parts, api, Right::Read)? {
            Visitor::Till(token) => Scope::Of(token),
            Visitor::CommandLine | Visitor::Person(_) | Visitor::Local | Visitor::Remote => {
                Scope::All
            }
        }))
    }
}

impl FromRequestParts<Arc<Api>> for Looks {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        let visitor = admit(parts, api, Right::Look)?;
        let nobody = matches!(visitor, Visitor::Local | Visitor::Remote);
        Ok(Self {
            money: !nobody || api.open(),
        })
    }
}

impl FromRequestParts<Arc<Api>> for Acts {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        let visitor = admit(parts, api, Right::Act)?;
        Ok(Self(match visitor {
            Visitor::Person(role) => role.as_str().to_owned(),
            Visitor::CommandLine | Visitor::Till(_) | Visitor::Local | Visitor::Remote => {
                "command line".to_owned()
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Rights in the order hand over, read, look, act: `+` may, `1` 401, `3` 403.
    #[rstest]
    #[case(Visitor::Till(token()), "+++3", "+++3")]
    #[case(Visitor::CommandLine, "++++", "++++")]
    #[case(Visitor::Person(Role::Manager), "3+++", "3+++")]
    #[case(Visitor::Person(Role::It), "3+++", "3+++")]
    #[case(Visitor::Local, "11+1", "+++1")]
    #[case(Visitor::Remote, "1111", "+++1")]
    fn who_may_what(#[case] visitor: Visitor, #[case] closed: &str, #[case] open: &str) {
        let rights = [Right::HandOver, Right::Read, Right::Look, Right::Act];
        let row = |open| -> String {
            let mark = |right: Right| match may(&visitor, right, open) {
                Ok(()) => '+',
                Err(Denied::Unknown) => '1',
                Err(Denied::NotAllowed) => '3',
            };
            rights.into_iter().map(mark).collect()
        };
        assert_eq!((row(false).as_str(), row(true).as_str()), (closed, open));
    }

    fn token() -> Token {
        Token {
            owner: "server".to_owned(),
            tills: vec!["3".to_owned()],
        }
    }

    #[test]
    fn a_till_asks_for_its_own_documents_only() {
        let own = || Scope::Of(token());
        assert_eq!(own().tills(None).unwrap(), Some(vec!["3".to_owned()]));
        assert!(own().tills(Some("4".to_owned())).is_err());
        let holds = |till, sender| own().holds(till, sender);
        assert!(!holds("4", Some("server")) && holds("3", None));
        assert!(holds("", Some("server")) && !holds("", Some("4")) && !holds("", None));
        assert!(Scope::All.holds("4", None) && Scope::All.holds("", Some("4")));
    }
}
