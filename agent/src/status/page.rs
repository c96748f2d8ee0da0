//! The status page: plain, server-rendered, readable from two metres, without a script.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::activity::Health;
use crate::status::Status;
use crate::status::text::{Texts, fill};

/// What the template shows.
#[derive(Template)]
#[template(path = "status.html")]
struct Page<'a> {
    status: &'a Status,
    texts: &'static Texts,
    state: &'static str,
    environment_shown: bool,
    as_of: String,
    oldest: Option<String>,
    prices: Option<String>,
    next_change: Option<String>,
}

impl Page<'_> {
    fn state_word(&self, state: &Health) -> &'static str {
        self.texts.health(*state)
    }
}

/// The page, in a language, with times as the store's clock shows them.
///
/// # Errors
/// When the template fails; it does not.
pub fn render(
    status: &Status,
    language: &str,
    zone: &TimeZone,
    environment_shown: bool,
    now: Timestamp,
) -> askama::Result<String> {
    let texts = Texts::of(language);
    let written = |at: Timestamp| {
        at.to_zoned(zone.clone())
            .strftime(texts.date_format)
            .to_string()
    };
    let products = i64::try_from(status.catalog.products).unwrap_or(i64::MAX);
    Page {
        status,
        texts,
        state: status.state.as_str(),
        environment_shown,
        as_of: written(now),
        oldest: status.documents.oldest_waiting_at.map(written),
        prices: status
            .catalog
            .taken_at
            .map(|at| fill(texts.prices_of, products, &written(at), "")),
        next_change: status.catalog.next_change_at.map(written),
    }
    .render()
}
