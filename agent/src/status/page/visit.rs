//! Who looks at a page, in which language, and what they may; and the frame around every page.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::intake::http::Api;
use crate::intake::http::access::{self, Denied, Right, Scope, Visitor};
use crate::intake::http::answer::{Refusal, typed};
use crate::intake::http::login::{self, Role};
use crate::status::environment_shown;
use crate::status::text::{Hand, LANGUAGES, Texts};

/// A page needs its own style, script and pictures, and speaks to nobody else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The cookie with the language that somebody chose.
pub const LANGUAGE_COOKIE: &str = "tillpost_language";
/// The header of the script's own questions.
const LIVE: &str = "x-tillpost-live";
/// Characters of an address that is come back to; no own one is longer.
const ADDRESS_CHARS_MAX: usize = 500;

/// Somebody who looks at a page.
pub struct Visit {
    /// The API behind the page.
    pub api: Arc<Api>,
    /// Who it is.
    pub visitor: Visitor,
    /// Their language.
    pub texts: &'static Texts,
    /// How numbers are written for them.
    pub hand: Hand,
    /// The page's address, to come back to.
    pub address: String,
    /// What the page's forms carry; empty for nobody known.
    pub form_mark: String,
    /// Whether the page's own script asks, because something changed.
    pub live: bool,
    /// Whether a browser asks, that can be sent to a page to sign in.
    pub browser: bool,
}

/// Why a page is not shown.
#[derive(Debug)]
pub enum Stop {
    /// Whoever looks must sign in first.
    SignIn,
    /// A no.
    No(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::No(refusal)
    }
}

impl From<Denied> for Stop {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown => Self::SignIn,
            Denied::NotAllowed => Self::No(denied.into()),
        }
    }
}

impl FromRequestParts<Arc<Api>> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        let visitor = access::identify(parts, api)?;
        let store = &api.parts.config.store;
        let chosen = cookie(&parts.headers, LANGUAGE_COOKIE);
        let wished = parts.headers.get(ACCEPT_LANGUAGE);
        let wished = wished.and_then(|wished| wished.to_str().ok());
        let texts = Texts::for_visitor(chosen, wished, &store.language);
        let session =
            login::cookie(&parts.headers).filter(|_| matches!(visitor, Visitor::Person(_)));
        let address = parts.uri.path_and_query();
        Ok(Self {
            form_mark: session.map(login::form_mark).unwrap_or_default(),
            hand: Hand::new(
                texts,
                &store.language,
                &store.currency,
                api.parts.house.zone.clone(),
            ),
            address: address
                .map_or("/", |address| own_address(address.as_str()))
                .to_owned(),
            live: parts.headers.contains_key(LIVE),
            browser: parts.headers.get_all(ACCEPT).iter().any(|media| {
                let media = media.to_str().unwrap_or_default();
                media.contains("text/html") || parts.headers.contains_key(LIVE)
            }),
            api: Arc::clone(api),
            visitor,
            texts,
        })
    }
}

impl Visit {
    /// Goes on only when the visitor has a right.
    pub fn needs(&self, right: Right) -> Result<(), Stop> {
        access::may(&self.visitor, right, self.api.open()).map_err(Stop::from)
    }

    /// Whose documents the visitor may read.
    pub fn reads(&self) -> Result<Scope, Stop> {
        self.needs(Right::Read)?;
        Ok(match &self.visitor {
            Visitor::Till(token) => Scope::Of(token.clone()),
            Visitor::CommandLine | Visitor::Person(_) | Visitor::Local | Visitor::Remote => {
                Scope::All
            }
        })
    }

    /// Whether amounts of money may be shown.
    pub fn money(&self) -> bool {
        self.needs(Right::Read).is_ok()
    }

    /// Whether the visitor is signed in as the store's IT.
    pub fn is_it(&self) -> bool {
        self.visitor == Visitor::Person(Role::It)
    }

    /// The role of whoever is signed in.
    pub fn role(&self) -> Option<Role> {
        match self.visitor {
            Visitor::Person(role) => Some(role),
            Visitor::Till(_) | Visitor::CommandLine | Visitor::Local | Visitor::Remote => None,
        }
    }

    /// The frame around a page of this name in the menu.
    pub fn frame(&self, title: &str, place: &'static str) -> Frame<'_> {
        let store = &self.api.parts.config.store;
        Frame {
            texts: self.texts,
            title: title.to_owned(),
            place,
            store: &store.code,
            environment: environment_shown(&self.api.parts.config)
                .then(|| store.environment.as_str()),
            form_mark: &self.form_mark,
            address: &self.address,
            role: self.role().map(|role| match role {
                Role::Manager => self.texts.manager,
                Role::It => self.texts.it,
            }),
            version: env!("CARGO_PKG_VERSION"),
            languages: &LANGUAGES,
        }
    }

    /// The answer that a page is.
    pub fn page(&self, status: StatusCode, page: &impl Template) -> Response {
        let html = match page.render() {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(error = %error, "a page could not be written");
                return Refusal::fault().into_response();
            }
        };
        let mut response = typed(status, "text/html; charset=utf-8", html);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(VARY, HeaderValue::from_static("Accept-Language, Cookie"));
        response
    }

    /// The page, or why there is none.
    pub fn answer(&self, shown: Result<Response, Stop>) -> Response {
        match shown {
            Ok(response) => response,
            Err(Stop::SignIn) if !self.browser => Refusal::from(Denied::Unknown).into_response(),
            Err(Stop::SignIn) => see_other(&format!("/sign-in?to={}", escaped(&self.address))),
            Err(Stop::No(refusal)) => {
                let (status, retry_after) = (refusal.status, refusal.retry_after);
                let text = match status {
                    StatusCode::NOT_FOUND => self.texts.not_found,
                    _ => self.texts.went_wrong,
                };
                let page = No {
                    frame: self.frame(text, ""),
                    text,
                    refusal,
                };
                let mut response = self.page(status, &page);
                if let Some(seconds) = retry_after {
                    let headers = response.headers_mut();
                    headers.insert(axum::http::header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
        }
    }
}

/// What stands around a page's content.
pub struct Frame<'a> {
    /// The texts of its language.
    pub texts: &'static Texts,
    /// The page's name.
    pub title: String,
    /// Which page of the menu it is.
    pub place: &'static str,
    /// The store's code.
    pub store: &'a str,
    /// Which world it belongs to, where that must be said.
    pub environment: Option<&'static str>,
    /// What forms carry.
    pub form_mark: &'a str,
    /// Where to come back to.
    pub address: &'a str,
    /// Who is signed in.
    pub role: Option<&'static str>,
    /// The program's version.
    pub version: &'static str,
    /// The languages that can be chosen.
    pub languages: &'static [&'static Texts],
}

/// A page that says no.
#[derive(Template)]
#[template(path = "no.html")]
struct No<'a> {
    frame: Frame<'a>,
    text: &'static str,
    refusal: Refusal,
}

/// Sends the browser to another page of ours, by GET.
pub fn see_other(address: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // An own address is printable ASCII, so that it always is a legal header.
    let place = HeaderValue::from_str(own_address(address));
    let place = place.unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, place);
    response
}

/// The address, if it is one of ours and leads nowhere else; else the first page.
pub fn own_address(address: &str) -> &str {
    let mut bytes = address.bytes();
    // Browsers read `//host` and `/\host` as another site's address.
    let own = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    let plain = address
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own && plain && address.len() <= ADDRESS_CHARS_MAX {
        address
    } else {
        "/"
    }
}

/// A text as part of an address.
pub fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A cookie of the request.
fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    login::cookies(headers).find_map(|(name, value)| (name == wanted).then_some(value))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/documents?state=held&after=3", true)]
    #[case("/", true)]
    #[case("//evil.example/", false)]
    #[case("/\\evil.example/", false)]
    #[case("https://evil.example/", false)]
    #[case("javascript:alert(1)", false)]
    #[case("/a\r\nset-cookie: a=b", false)]
    #[case("/\t/evil.example", false)]
    #[case("", false)]
    fn only_own_addresses_are_come_back_to(#[case] address: &str, #[case] own: bool) {
        assert_eq!(own_address(address), if own { address } else { "/" });
    }
}
