//! On which day a till last did something, and whether it has ended that day.

use jiff::Span;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use tillpost_shared::config;

use crate::store::{StoreError, tills};

/// How many days back are looked at. What a till did before was closed by whatever it did since, or by a person.
const DAYS_MAX: i64 = 31;

/// A till and its last day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillDays {
    /// The till's code.
    pub till: String,
    /// The last day on which it did something that stands in a session; `None` when that is long ago.
    pub last: Option<LastDay>,
}

/// A till's last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastDay {
    /// The trading day.
    pub date: Date,
    /// Whether its close is here, whoever closed it.
    pub closed: bool,
}

/// The tills that were added or stand in the configuration, by code, with their last days up to `today`. A day that a wrong
/// clock wrote further ahead hides nothing.
pub fn of_tills(
    connection: &Connection,
    configured: &[config::Till],
    today: Date,
) -> Result<Vec<TillDays>, StoreError> {
    let added = tills::list(connection)?.into_iter().map(|till| till.code);
    let configured = configured.iter().map(|till| till.code.clone());
    let mut codes: Vec<String> = added.chain(configured).collect();
    codes.sort();
    codes.dedup();
    let days = |till: String| {
        let last = last_day(connection, &till, today)?;
        Ok(TillDays { till, last })
    };
    codes.into_iter().map(days).collect()
}

/// What the hours did and a person took back is not done again: it counts as if it stood. Day by day from today back, each
/// look a step in an index, so that a hundred thousand documents cost nothing.
fn last_day(
    connection: &Connection,
    till: &str,
    today: Date,
) -> Result<Option<LastDay>, StoreError> {
    let mut did = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM documents INDEXED BY documents_day
                        WHERE business_date = ?1 AND till = ?2 AND (state <> 'withdrawn' OR series = 'hours')
                          AND kind IN ('sale', 'return', 'void', 'cash_movement', 'day_open'))",
    )?;
    let mut ended = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM documents INDEXED BY documents_day
                        WHERE business_date = ?1 AND till = ?2 AND (state <> 'withdrawn' OR series = 'hours')
                          AND kind = 'day_close')",
    )?;
    for back in 0..DAYS_MAX {
        let date = today.saturating_sub(Span::new().days(back));
        let key = params![date.to_string(), till];
        if did.query_row(key, |row| row.get(0))? {
            let closed = ended.query_row(key, |row| row.get(0))?;
            return Ok(Some(LastDay { date, closed }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use tillpost_shared::document::SERIES_BY_HOURS;

    use super::*;
    use crate::store::tests::shop::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn of_till_3(shop: &Shop, today: &str) -> Option<LastDay> {
        let config = tillpost_shared::config::read(
            "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n[[till]]\ncode = \"3\"\n",
        );
        let tills = of_tills(&shop.outbox, &config.unwrap().tills, date(today)).unwrap();
        assert_eq!(tills.len(), 1);
        assert_eq!(tills[0].till, "3");
        tills[0].last
    }

    #[test]
    fn a_close_that_a_person_took_back_counts_for_the_hours_and_not_for_the_till() {
        for (series, closed) in [(SERIES_BY_HOURS, true), ("0", false)] {
            let shop = Shop::new();
            shop.take(sale(1));
            let close = shop.take(with(day_close(2), "/series", series));
            shop.withdraw(&close.id);
            let last = of_till_3(&shop, "2026-10-30").unwrap();
            assert_eq!(last.closed, closed, "{series}");
        }
    }

    #[test]
    fn a_tills_last_day_is_found_and_whether_it_ended() {
        let shop = Shop::new();
        assert_eq!(of_till_3(&shop, "2026-10-30"), None);
        shop.take(sale(1));
        let open = Some(LastDay {
            date: date("2026-10-30"),
            closed: false,
        });
        for today in ["2026-10-30", "2026-11-02", "2026-11-29"] {
            assert_eq!(of_till_3(&shop, today), open, "{today}");
        }
        assert_eq!(of_till_3(&shop, "2026-11-30"), None, "too long ago");
        assert_eq!(of_till_3(&shop, "2026-10-29"), None, "it lies ahead");
        shop.take(day_close(2));
        let last = of_till_3(&shop, "2026-10-31").unwrap();
        assert!(last.closed);
    }
}
