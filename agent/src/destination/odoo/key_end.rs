//! When the agent's key ends. An API key of an internal user lasts 90 days unless an administrator makes it longer
//! (`api_key_duration` of its groups); an ended one is refused as an unknown one is.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::client::{CallError, Client, Search};

/// When the user's last key ends; `None` where one does not end, and below 18, where none does.
///
/// # Errors
/// When Odoo does not say.
pub async fn of(client: &Client) -> Result<Option<Timestamp>, CallError> {
    let search = Search {
        fields: &["expiration_date"],
        ..Search::default()
    };
    let keys = client.search_read("res.users.apikeys", search).await?;
    let ends: Vec<_> = keys.iter().map(|key| key.text("expiration_date")).collect();
    Ok(last(&ends))
}

/// The end of the last of these keys. Which of them is ours Odoo does not say, so the last one counts.
fn last(ends: &[Option<&str>]) -> Option<Timestamp> {
    let end = |text: &Option<&str>| {
        let until: DateTime = text.as_deref()?.parse().ok()?;
        TimeZone::UTC.to_timestamp(until).ok()
    };
    let ends: Option<Vec<Timestamp>> = ends.iter().map(end).collect();
    ends?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::there_is_no_end(&[None], None)]
    #[case::one(&[Some("2026-12-10 10:00:01")], Some("2026-12-10T10:00:01Z"))]
    #[case::a_new_one_is_there(&[Some("2026-11-30 10:00:00"), Some("2027-02-20 10:00:00")], Some("2027-02-20T10:00:00Z"))]
    #[case::an_endless_one_is_there(&[Some("2026-11-30 10:00:00"), None], None)]
    #[case::nobody_says(&[], None)]
    fn the_last_key_counts(#[case] ends: &[Option<&str>], #[case] expected: Option<&str>) {
        let expected = expected.map(|text| text.parse().expect("a time"));
        assert_eq!(last(ends), expected);
    }
}
