//! The one way out: every HTTP client of the agent is made here, with the machine's own trusted certificates, limits
//! and a name that head office can find in its logs. Beside it what every answer has in common: how long it asks us to
//! wait, and what was the matter when there was none.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::HeaderValue;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// After how long an idle connection is closed.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// The longest that a `Retry-After` is believed: a far end with a wrong clock must not silence a store for days.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// What is said of a page for people that came instead of an answer.
pub const WEB_PAGE: &str = "a web page came instead of an answer: does the line ask somebody to log in (a captive \
                            portal)?";

/// Whether a body is that of a page for people: no answer of any destination begins like one.
pub fn is_markup(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'<')
}

/// A client for talking to head office. How long an answer may take is the caller's business.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("tillpost/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_MAX)
        .pool_idle_timeout(IDLE_MAX)
        // A key must never follow a redirect to somebody else.
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// How long a `Retry-After` asks to wait: seconds or an HTTP date, at most an hour. `None` for a date that has passed
/// and for what is neither.
pub fn retry_after(value: &HeaderValue, now: Timestamp) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let asked = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTimeParser::new().parse_timestamp(text).ok()?;
            Duration::try_from(now.duration_until(at)).ok()?
        }
    };
    Some(asked.min(RETRY_AFTER_MAX))
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// No connection was made: nothing can have happened.
    Unreachable(String),
    /// The request may have left: it may have happened.
    Cut(String),
}

/// Why there was no answer. What is of use to a person is the innermost cause; the address stands in our configuration.
pub fn no_answer(error: reqwest::Error) -> NoAnswer {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    if error.is_connect() || error.is_builder() {
        NoAnswer::Unreachable(text)
    } else {
        NoAnswer::Cut(text)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("120", Some(120))]
    #[case::none("0", Some(0))]
    #[case::a_date("Mon, 23 Nov 2026 20:48:22 GMT", Some(120))]
    #[case::a_date_gone_by("Mon, 23 Nov 2026 20:40:00 GMT", None)]
    #[case::too_long("86400", Some(3_600))]
    #[case::too_far("Tue, 24 Nov 2037 20:48:22 GMT", Some(3_600))]
    #[case::too_many_digits("99999999999999999999999999", None)]
    #[case::nonsense("soon", None)]
    #[case::negative("-5", None)]
    #[case::empty("", None)]
    fn a_far_end_says_how_long_to_wait(#[case] text: &'static str, #[case] seconds: Option<u64>) {
        let now: Timestamp = "2026-11-23T20:46:22Z".parse().expect("a time");
        let asked = retry_after(&HeaderValue::from_static(text), now);
        assert_eq!(asked, seconds.map(Duration::from_secs));
    }
}
