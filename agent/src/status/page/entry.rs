//! Signing in and out, and choosing a language.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::acts::Form;
use super::visit::{Frame, LANGUAGE_COOKIE, Visit, own_address, see_other};
use crate::intake::http::Api;
use crate::intake::http::access::Peer;
use crate::intake::http::answer::Refusal;
use crate::intake::http::login::{self, Role};
use crate::intake::http::sign_in::{self, SECRET_BYTES_MAX, with_cookie};
use crate::status::text::{LANGUAGES, fill_written};

/// How long a chosen language is remembered: a year.
const LANGUAGE_SECONDS: u32 = 365 * 24 * 3_600;

/// The page.
#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    frame: Frame<'a>,
    to: &'a str,
    role: &'a str,
    wrong: String,
}

/// Where to go behind it.
#[derive(Debug, Default, Deserialize)]
pub struct Onward {
    #[serde(default)]
    to: String,
    #[serde(default)]
    is: String,
}

/// `GET /sign-in`.
pub async fn show(visit: Visit, onward: Result<Query<Onward>, QueryRejection>) -> Response {
    let onward = onward.map(|Query(onward)| onward).unwrap_or_default();
    page(
        &visit,
        StatusCode::OK,
        own_address(&onward.to),
        "manager",
        String::new(),
    )
}

fn page(visit: &Visit, status: StatusCode, to: &str, role: &str, wrong: String) -> Response {
    let frame = visit.frame(visit.texts.sign_in, "sign-in");
    visit.page(
        status,
        &Page {
            frame,
            to,
            role,
            wrong,
        },
    )
}

/// `POST /sign-in`.
pub async fn enter(
    State(api): State<Arc<Api>>,
    visit: Visit,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match Form::read(&api, &headers, body).await {
        Ok(form) => form,
        Err(refusal) => return visit.answer(Err(refusal.into())),
    };
    let (to, word) = (own_address(form.field("to")), form.field("role"));
    let Some(role) = Role::from_word(word) else {
        let refusal = Refusal::query("role is manager or it");
        return visit.answer(Err(refusal.into()));
    };
    let secret = form.field("secret");
    if secret.len() > SECRET_BYTES_MAX {
        let wrong = visit.texts.wrong_secret.to_owned();
        return page(&visit, StatusCode::UNAUTHORIZED, to, word, wrong);
    }
    match sign_in::enter(&api, peer, role, secret.to_owned()).await {
        Ok(session) => with_cookie(see_other(to), Some(&session)),
        Err(refusal) => {
            let texts = visit.texts;
            let seconds = refusal.retry_after.unwrap_or_default();
            let wrong = match refusal.code {
                "wrong_secret" => texts.wrong_secret.to_owned(),
                "no_login_set" => texts.no_login_set.to_owned(),
                "too_many_failures" | "busy" => {
                    fill_written(texts.wait_a_while, &seconds.to_string(), "", "")
                }
                _ => return visit.answer(Err(refusal.into())),
            };
            page(&visit, refusal.status, to, word, wrong)
        }
    }
}

/// `POST /sign-out`.
pub async fn leave(
    State(api): State<Arc<Api>>,
    visit: Visit,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match Form::read(&api, &headers, body).await {
        Ok(form) if form.is_of(&visit) => {
            if let Some(session) = login::cookie(&headers) {
                api.logins.end(session);
            }
            with_cookie(see_other("/"), None)
        }
        Ok(_) => see_other("/"),
        Err(refusal) => visit.answer(Err(refusal.into())),
    }
}

/// `GET /language`: remembers a choice in the browser, and goes back.
pub async fn language(onward: Result<Query<Onward>, QueryRejection>) -> Response {
    let onward = onward.map(|Query(onward)| onward).unwrap_or_default();
    let mut response = see_other(own_address(&onward.to));
    let known = LANGUAGES.iter().find(|texts| texts.language == onward.is);
    if let Some(texts) = known {
        let cookie = format!(
            "{LANGUAGE_COOKIE}={}; Path=/; Max-Age={LANGUAGE_SECONDS}; HttpOnly; SameSite=Strict",
            texts.language
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
    }
    response
}
