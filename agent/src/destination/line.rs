//! The one way out: every HTTP client of the agent is made here, with the machine's own trusted certificates, limits
//! and a name that head office can find in its logs.

use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// After how long an idle connection is closed.
const IDLE_MAX: Duration = Duration::from_secs(60);

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
