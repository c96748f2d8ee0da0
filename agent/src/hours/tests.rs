//! Hours and what they hand in, on days of every length.

use rstest::rstest;
use tillpost_shared::config::Config;

use super::*;
use crate::activity::Bell;
use crate::store::accept::accept;
use crate::store::read;
use crate::store::tests::shop;
use crate::store::till_days::LastDay;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn hours(opens: &str, closes: &str) -> Hours {
    let time = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    Hours {
        opens: time(opens),
        closes: time(closes),
        zone: TimeZone::get("Europe/Zurich").unwrap(),
        cutoff: jiff::civil::time(4, 0, 0, 0),
    }
}

#[rstest]
#[case::winter("20:30", "2026-03-28", "2026-03-28T19:30:00Z")]
#[case::the_day_the_clocks_go_forward("20:30", "2026-03-29", "2026-03-29T18:30:00Z")]
#[case::after_midnight("01:15", "2026-06-12", "2026-06-12T23:15:00Z")]
#[case::a_time_that_there_is_not("02:30", "2026-03-28", "2026-03-29T01:30:00Z")]
#[case::a_time_that_there_is_twice("02:30", "2026-10-24", "2026-10-25T00:30:00Z")]
#[case::the_day_the_clocks_go_back("20:30", "2026-10-25", "2026-10-25T19:30:00Z")]
fn an_hour_comes_by_the_stores_clock(
    #[case] closes: &str,
    #[case] day: &str,
    #[case] expected: &str,
) {
    let hours = hours("", closes);
    let closes = hours.closes.unwrap();
    assert_eq!(hours.at(date(day), closes), Some(at(expected)));
}

/// Till 1 by its last day and whether that is closed; what is due, in short.
fn due(hours: &Hours, last: Option<(&str, bool)>, today: &str, now: &str) -> Vec<String> {
    let last = last.map(|(day, closed)| LastDay {
        date: date(day),
        closed,
    });
    let till = "1".to_owned();
    let due = hours.due(&[TillDays { till, last }], date(today), at(now));
    let short = |due: &Due| format!("{} {}", due.kind.as_str(), due.date);
    due.iter().map(short).collect()
}

#[rstest]
#[case::before_the_hour(Some(("2026-11-20", false)), "2026-11-20", "2026-11-20T19:29:59Z", &[])]
#[case::at_the_hour(Some(("2026-11-20", false)), "2026-11-20", "2026-11-20T19:30:00Z", &["day_close 2026-11-20"])]
#[case::the_till_closed_it(Some(("2026-11-20", true)), "2026-11-20", "2026-11-20T19:30:00Z", &[])]
#[case::the_pc_was_off(Some(("2026-11-20", false)), "2026-11-23", "2026-11-23T05:00:00Z", &["day_close 2026-11-20"])]
#[case::nothing_was_done(None, "2026-11-20", "2026-11-20T19:30:00Z", &[])]
fn a_day_is_closed_once_its_hour_has_passed(
    #[case] last: Option<(&str, bool)>,
    #[case] today: &str,
    #[case] now: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(due(&hours("", "20:30"), last, today, now), expected);
}

#[rstest]
#[case::before_the_hour(Some(("2026-11-19", true)), "2026-11-20T06:29:59Z", &[])]
#[case::at_the_hour(Some(("2026-11-19", true)), "2026-11-20T06:30:00Z", &["day_open 2026-11-20"])]
#[case::never_used(None, "2026-11-20T06:30:00Z", &["day_open 2026-11-20"])]
#[case::yesterday_first(Some(("2026-11-19", false)), "2026-11-20T06:30:00Z", &["day_close 2026-11-19", "day_open 2026-11-20"])]
#[case::it_is_open(Some(("2026-11-20", false)), "2026-11-20T06:30:00Z", &[])]
#[case::the_pc_was_off_all_day(Some(("2026-11-19", true)), "2026-11-20T19:30:00Z", &[])]
fn a_day_is_opened_between_its_hours(
    #[case] last: Option<(&str, bool)>,
    #[case] now: &str,
    #[case] expected: &[&str],
) {
    let hours = hours("07:30", "20:30");
    assert_eq!(due(&hours, last, "2026-11-20", now), expected);
}

#[test]
fn without_hours_nothing_is_due() {
    let last = Some(("2026-11-20", false));
    let nothing: [&str; 0] = [];
    assert_eq!(
        due(&hours("", ""), last, "2026-11-23", "2026-11-23T22:00:00Z"),
        nothing
    );
}

fn config() -> Config {
    let text = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n[[till]]\ncode = \"3\"\n";
    config::read(text).unwrap()
}

/// The documents of the outbox but for sales: kind, day, series and where they go.
fn handed_in(store: &Store) -> Vec<String> {
    let rows = store.read(|reader| {
        let mut question = reader.prepare(
            "SELECT o.kind || ' ' || o.business_date || ' ' || o.series || ' ' || group_concat(d.destination)
             FROM documents o JOIN deliveries d USING (seq) WHERE o.kind <> 'sale' GROUP BY o.seq ORDER BY o.seq",
        )?;
        let rows = question.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<Vec<String>, _>>()?)
    });
    rows.unwrap()
}

#[tokio::test]
async fn a_close_is_handed_in_once_and_only_where_the_hours_are() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let arrivals = vec![shop::arrival(shop::sale(1))];
    let routes = shop::routes(&["odoo", "files"]);
    store
        .write(move |writer| accept(writer, arrivals, &routes, "till 3", shop::evening()))
        .await
        .unwrap();
    let config = config();
    let house = House::of(&config).unwrap();
    let by_hours = ByHours {
        desk: Desk::new(
            store.clone(),
            Bell::default(),
            house.clone(),
            shop::routes(&["odoo"]),
            false,
        ),
        house,
        hours: hours("", "20:30"),
        tills: config.tills,
        store: store.clone(),
        stop: CancellationToken::new(),
    };
    by_hours.look(at("2026-10-30T19:29:00Z")).await.unwrap();
    assert_eq!(handed_in(&store), Vec::<String>::new());
    for _ in 0..2 {
        by_hours.look(at("2026-10-30T19:31:00Z")).await.unwrap();
        assert_eq!(handed_in(&store), ["day_close 2026-10-30 hours odoo"]);
    }
    let seen = store.read(|reader| {
        let id: String = reader.query_row(
            "SELECT id FROM documents WHERE kind = 'day_close'",
            [],
            |row| row.get(0),
        )?;
        read::document(reader, &id)
    });
    let close = seen.unwrap().unwrap();
    assert_eq!(close.key, "ZH01/3/hours/day_close/2026-10-30");
    assert_eq!(close.document["occurred_at"], "2026-10-30T20:30:00+01:00");
    assert!(close.problems.is_empty(), "{:?}", close.problems);
}
