//! Logging in as the store's manager or its IT: a secret that was set on this machine, a session in a cookie.
//!
//! Of a secret only a slow, salted hash is kept. Sessions live in memory: a restart ends them, and so does a new
//! secret. Failures make the next try from the same place wait.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use jiff::Timestamp;
use rusqlite::Connection;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tillpost_shared::catalog::hex;
use tokio::sync::Semaphore;

use crate::secret;
use crate::store::{Store, StoreError, history, tills};

/// How long a session lasts: a working day.
pub const SESSION_MAX: Duration = Duration::from_secs(12 * 3_600);
/// The session's cookie.
const COOKIE_NAME: &str = "tillpost_session";
/// Sessions at one time; a new one ends the oldest.
const SESSIONS_MAX: usize = 100;
/// A secret has at least so many characters.
pub const SECRET_CHARS_MIN: usize = 8;
/// Failures that are forgiven before the next try must wait.
const FAILURES_FREE: u32 = 4;
/// The longest that a next try must wait.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// For every such time that goes by without a failure, one is forgiven.
const FORGIVEN_EVERY: Duration = Duration::from_secs(300);
/// More failures than this do not count: whoever guessed all night is forgiven within an hour or so, too.
const FAILURES_MAX: u32 = FAILURES_FREE + 10;
/// Places whose failures are remembered.
const PLACES_MAX: usize = 1_000;

/// Who logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The store's manager.
    Manager,
    /// The store's IT.
    It,
}

impl Role {
    /// The word in requests and in the history.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::It => "it",
        }
    }
    /// The role of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Manager, Self::It]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
    const fn setting(self) -> &'static str {
        match self {
            Self::Manager => "login.manager",
            Self::It => "login.it",
        }
    }
}

/// What is kept of a secret: `argon2id$memory$passes$salt$hash`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(String);

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// Hashes a secret, slowly; `None` when it is shorter than [`SECRET_CHARS_MIN`].
    pub fn of(secret: &str) -> Option<Self> {
        (secret.chars().count() >= SECRET_CHARS_MIN).then(|| Self(secret::hash_login(secret)))
    }

    /// Keeps it as a role's secret; the sessions of the one before end with it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep(
        &self,
        connection: &Connection,
        role: Role,
        who: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tills::set_setting(connection, role.setting(), &self.0)?;
        let what = format!("login of {} set", role.as_str());
        history::add(connection, None, who, &what, now)
    }

    /// The one kept for a role.
    ///
    /// # Errors
    /// When the store fails.
    pub fn kept(connection: &Connection, role: Role) -> Result<Option<Self>, StoreError> {
        Ok(tills::setting(connection, role.setting())?.map(Self))
    }

    /// Whether this is the secret; takes a good part of a second.
    pub fn fits(&self, secret: &str) -> bool {
        secret::verify_login(secret, &self.0)
    }
}

/// The session in a request's cookies.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookies(headers).find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}

/// Every cookie of a request, by name.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// The cookie that carries a session, or takes it away.
pub(crate) fn set_cookie(session: Option<&str>) -> String {
    let seconds = session.map_or(0, |_| SESSION_MAX.as_secs());
    let value = session.unwrap_or_default();
    format!("{COOKIE_NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict")
}

/// What a form of the page must carry to be believed: only a page that was made for this session knows it. The session
/// itself cannot be told from it.
pub(crate) fn form_mark(session: &str) -> String {
    hex(&hash(&format!("form {session}")))
}

/// Who is logged in, and who failed to.
#[derive(Debug)]
pub struct Logins {
    /// By the hash of their token, so that the token itself is nowhere to be found.
    sessions: Mutex<HashMap<[u8; 32], Session>>,
    failures: Mutex<HashMap<IpAddr, Failures>>,
    /// One secret is checked at a time: the hash is slow on purpose and must not slow the till.
    pub(super) checking: Semaphore,
}

#[derive(Debug, Clone)]
struct Session {
    role: Role,
    verifier: Verifier,
    began: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// How many still count.
    fn left(self, now: Instant) -> u32 {
        let forgiven =
            now.saturating_duration_since(self.last).as_secs() / FORGIVEN_EVERY.as_secs();
        self.count
            .saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            sessions: Mutex::default(),
            failures: Mutex::default(),
            checking: Semaphore::new(1),
        }
    }
}

impl Logins {
    /// Begins a session and answers its token.
    pub(super) fn begin(&self, role: Role, verifier: Verifier, now: Instant) -> String {
        let token = secret::new_token();
        let mut sessions = locked(&self.sessions);
        sessions.retain(|_, session| now.duration_since(session.began) < SESSION_MAX);
        if sessions.len() >= SESSIONS_MAX {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.began);
            let oldest = oldest.map(|(hash, _)| *hash);
            oldest.and_then(|hash| sessions.remove(&hash));
        }
        let session = Session {
            role,
            verifier,
            began: now,
        };
        sessions.insert(hash(&token), session);
        token
    }

    /// Ends a session.
    pub(crate) fn end(&self, token: &str) {
        locked(&self.sessions).remove(&hash(token));
    }

    /// Whose session a token is, if it still is one.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn role_of(&self, token: &str, store: &Store) -> Result<Option<Role>, StoreError> {
        let session = locked(&self.sessions).get(&hash(token)).cloned();
        let Some(session) = session.filter(|session| session.began.elapsed() < SESSION_MAX) else {
            return Ok(None);
        };
        let kept = store.read(|reader| Verifier::kept(reader, session.role))?;
        Ok((kept.as_ref() == Some(&session.verifier)).then_some(session.role))
    }

    /// How long the next try from this place must wait.
    pub(super) fn wait(&self, place: IpAddr, now: Instant) -> Option<Duration> {
        let failures = *locked(&self.failures).get(&place)?;
        let doublings = failures.left(now).checked_sub(FAILURES_FREE + 1)?;
        let wait = Duration::from_secs(1 << doublings.min(16)).min(WAIT_MAX);
        wait.checked_sub(now.duration_since(failures.last))
    }

    /// A try from this place failed.
    pub(super) fn failed(&self, place: IpAddr, now: Instant) {
        let mut failures = locked(&self.failures);
        if failures.len() >= PLACES_MAX {
            failures.retain(|_, failures| failures.left(now) > 0);
        }
        // Whoever has so many addresses is not slowed down by remembering each; the one that waited longest goes.
        if failures.len() >= PLACES_MAX && !failures.contains_key(&place) {
            let oldest = failures.iter().min_by_key(|(_, failures)| failures.last);
            if let Some(oldest) = oldest.map(|(place, _)| *place) {
                failures.remove(&oldest);
            }
        }
        let known = failures.entry(place).or_insert(Failures {
            count: 0,
            last: now,
        });
        known.count = (known.left(now) + 1).min(FAILURES_MAX);
        known.last = now;
    }

    /// A try from this place was right.
    pub(super) fn succeeded(&self, place: IpAddr) {
        locked(&self.failures).remove(&place);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_fits_its_own_hash_only() {
        assert_eq!(Verifier::of("seven77"), None);
        let verifier = Verifier::of("correct horse").unwrap();
        assert!(verifier.fits("correct horse"));
        assert!(!verifier.fits("correct horsf"));
        assert!(!verifier.0.contains("horse"));
        assert_ne!(Verifier::of("correct horse").unwrap(), verifier);
    }

    #[test]
    fn damaged_verifiers_fit_nothing() {
        for text in ["", "argon2id$0$0$aa$bb", "argon2id$x$2$aa$bb", "a$1$b"] {
            assert!(!Verifier(text.to_owned()).fits(""), "{text}");
        }
    }

    #[test]
    fn after_five_failures_the_next_try_waits_twice_as_long_each_time() {
        let (logins, place, now) = (
            Logins::default(),
            IpAddr::from([127, 0, 0, 1]),
            Instant::now(),
        );
        let seconds: Vec<u64> = (0..16)
            .map(|_| {
                logins.failed(place, now);
                logins.wait(place, now).map_or(0, |wait| wait.as_secs())
            })
            .collect();
        assert_eq!(seconds[..8], [0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(seconds[15], 300);
        assert_eq!(logins.wait(place, now + Duration::from_secs(301)), None);
        logins.succeeded(place);
        assert_eq!(logins.wait(place, now), None);
    }

    #[test]
    fn failures_are_forgiven_one_by_one() {
        let (logins, place, now) = (
            Logins::default(),
            IpAddr::from([10, 0, 0, 9]),
            Instant::now(),
        );
        for _ in 0..1_000 {
            logins.failed(place, now);
        }
        let waits_after_one_more = |periods: u32| {
            let then = now + FORGIVEN_EVERY * periods;
            let known = locked(&logins.failures).clone();
            logins.failed(place, then);
            let wait = logins.wait(place, then).map_or(0, |wait| wait.as_secs());
            *locked(&logins.failures) = known;
            wait
        };
        let waits: Vec<u64> = (0..12).map(waits_after_one_more).collect();
        assert_eq!(waits, [300, 300, 256, 128, 64, 32, 16, 8, 4, 2, 1, 0]);
    }

    #[test]
    fn a_session_is_found_in_any_cookie_line() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "a=b; tillpost_session=abc; c=d".parse().unwrap());
        assert_eq!(cookie(&headers), Some("abc"));
        assert!(
            set_cookie(Some("abc")).starts_with(
                "tillpost_session=abc; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
            )
        );
    }

    #[test]
    fn a_thousand_places_are_remembered_and_not_one_more() {
        let (logins, now) = (Logins::default(), Instant::now());
        for n in 0..PLACES_MAX as u32 + 500 {
            let place = IpAddr::from(std::net::Ipv6Addr::from(u128::from(n)));
            logins.failed(place, now + Duration::from_millis(n.into()));
        }
        assert_eq!(locked(&logins.failures).len(), PLACES_MAX);
    }
}
