//! `POST /login` and `POST /logout`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::activity::{Chain, now};
use crate::intake::http::access::Peer;
use crate::intake::http::answer::{Refusal, json_answer};
use crate::intake::http::api::Api;
use crate::intake::http::body;
use crate::intake::http::login::{self, Role, Verifier};
use crate::store::history;

/// Bytes of a secret; more cannot be one.
pub(crate) const SECRET_BYTES_MAX: usize = 1_024;
/// Seconds after which to try again while another secret is being checked.
const BUSY_RETRY: u32 = 1;
/// Who failed to log in, in the trail.
const NOBODY: &str = "nobody";
/// The part of an IPv6 address that names a customer's network.
const NETWORK_MASK: u128 = !0 << 64;

/// What somebody logs in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    role: Role,
    secret: String,
}

/// `POST /login`.
pub async fn log_in(
    State(api): State<Arc<Api>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let given = given(&api, &headers, body).await?;
    let session = enter(&api, peer, given.role, given.secret).await?;
    let answer = json!({"role": given.role.as_str(), "seconds": login::SESSION_MAX.as_secs()});
    Ok(with_cookie(
        json_answer(StatusCode::OK, &answer),
        Some(&session),
    ))
}

/// Begins a session for whoever knows a role's secret; answers its token.
///
/// # Errors
/// 429 after many failures from the same place or while another secret is checked, 403 when none was set, 401 when it is
/// not the secret.
pub(crate) async fn enter(
    api: &Api,
    peer: Option<Extension<Peer>>,
    role: Role,
    secret: String,
) -> Result<String, Refusal> {
    let place = place(peer);
    if let Some(wait) = api.logins.wait(place, Instant::now()) {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        let message = "too many wrong secrets came from here";
        return Err(slow_down("too_many_failures", message, seconds.max(1)));
    }
    let kept = api.ask(move |reader| Verifier::kept(reader, role)).await?;
    let Some(verifier) = kept else {
        let hint = "set one with: tillpost login set manager, or it";
        let message = "no secret was set for this role";
        let status = StatusCode::FORBIDDEN;
        return Err(Refusal::new(status, "no_login_set", message, hint));
    };
    if !fits(api, &verifier, secret).await? {
        api.logins.failed(place, Instant::now());
        note_failure(api, role, place).await;
        let hint = "try again, or set another with: tillpost login set";
        let message = "this is not the secret of the role";
        let status = StatusCode::UNAUTHORIZED;
        return Err(Refusal::new(status, "wrong_secret", message, hint));
    }
    api.logins.succeeded(place);
    let moment = now();
    let noted = api
        .parts
        .store
        .write(move |writer| history::add(writer, None, role.as_str(), "logged in", moment));
    noted.await?;
    Ok(api.logins.begin(role, verifier, Instant::now()))
}

/// `POST /logout`: ends the session, if there is one.
pub fn log_out(State(api): State<Arc<Api>>, headers: HeaderMap) -> std::future::Ready<Response> {
    if let Some(session) = login::cookie(&headers) {
        api.logins.end(session);
    }
    std::future::ready(with_cookie(json_answer(StatusCode::OK, &json!({})), None))
}

fn place(peer: Option<Extension<Peer>>) -> IpAddr {
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(Peer(at))| {
        network_of(at.ip().to_canonical())
    })
}

/// A place is an address, of IPv6 the network that one customer of a provider has: its addresses cost nothing.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_MASK).into(),
    }
}

/// The trail tells who tried to come in, too. Where it cannot be written the no is a no all the same.
async fn note_failure(api: &Api, role: Role, place: IpAddr) {
    tracing::warn!(role = role.as_str(), place = %place, "a login failed");
    let what = format!("login of {} failed, from {place}", role.as_str());
    let moment = now();
    let noted = api
        .parts
        .store
        .write(move |writer| history::add(writer, None, NOBODY, &what, moment));
    if let Err(error) = noted.await {
        tracing::warn!(error = %Chain(&error), "a failed login could not be noted");
    }
}

async fn given(api: &Api, headers: &HeaderMap, body: Body) -> Result<Given, Refusal> {
    let read = body::read(headers, body, &api.room).await?;
    let given: Option<Given> = serde_json::from_slice(&read.bytes).ok();
    given
        .filter(|given| given.secret.len() <= SECRET_BYTES_MAX)
        .ok_or_else(|| {
            let message = "the body is not a role and a secret";
            let hint = "send {\"role\": \"manager\", \"secret\": \"…\"}; roles are manager and it";
            Refusal::new(StatusCode::BAD_REQUEST, "bad_login", message, hint)
        })
}

async fn fits(api: &Api, verifier: &Verifier, secret: String) -> Result<bool, Refusal> {
    let turn = api.logins.checking.try_acquire();
    let _turn = turn.map_err(|_| {
        let message = "another login is being checked";
        slow_down("busy", message, BUSY_RETRY)
    })?;
    let verifier = verifier.clone();
    let checking = tokio::task::spawn_blocking(move || verifier.fits(&secret));
    checking.await.map_err(|_| Refusal::stopping())
}

fn slow_down(code: &'static str, message: &str, seconds: u32) -> Refusal {
    let hint = "wait, then try again";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, code, message, hint).retry_after(seconds)
}

/// An answer that begins a session in the visitor's browser, or ends it.
pub(crate) fn with_cookie(mut response: Response, session: Option<&str>) -> Response {
    // The token is hexadecimal, so that it always is a legal header.
    if let Ok(cookie) = HeaderValue::from_str(&login::set_cookie(session)) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let place = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(place("10.0.0.9"), "10.0.0.9");
    }
}
