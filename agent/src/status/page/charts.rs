//! The last 24 hours and the last weeks: what came in, what went out, what waited, and how fast head office answered.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Unit};

use super::drawing::{Drawing, draw};
use super::visit::{Frame, Stop, Visit};
use crate::activity::now;
use crate::intake::http::access::Right;
use crate::status::http::{destinations, figures_of};
use crate::store::pace::{self, Flow};

/// Hours in the first chart.
const HOURS: usize = 24;
/// Days in the second.
const DAYS: i64 = 28;

/// The page.
#[derive(Template)]
#[template(path = "charts.html")]
struct Page<'a> {
    frame: Frame<'a>,
    hours: Chart,
    days: Chart,
    answers: Vec<Chart>,
}

/// A chart, and the same numbers as a table.
struct Chart {
    title: String,
    drawing: Drawing,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// `GET /charts`.
pub async fn show(visit: Visit) -> Response {
    let shown = shown(&visit).await;
    visit.answer(shown)
}

async fn shown(visit: &Visit) -> Result<Response, Stop> {
    visit.needs(Right::Look)?;
    let api = &visit.api;
    let moment = now();
    let from = first_hour(moment);
    let today = api.parts.house.business_date(moment);
    let first_day = today
        .checked_sub(jiff::Span::new().days(DAYS - 1))
        .unwrap_or(today);
    let names = destinations(api);
    let asked = api.ask(move |reader| {
        let hours = pace::hours(reader, &names, from, HOURS)?;
        Ok((hours, pace::days(reader, first_day)?))
    });
    let (hours, days) = asked.await?;
    let waiting = figures_of(api, super::live::LOOK_EVERY).await?.waiting;
    let page = Page {
        frame: visit.frame(visit.texts.charts, "charts"),
        hours: of_hours(&hours, waiting, from, visit),
        days: of_days(&days, first_day, visit),
        answers: of_answers(from, visit),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// The beginning of the first of the last hours; the running one is the last.
fn first_hour(now: Timestamp) -> Timestamp {
    let hour = now.round(
        jiff::TimestampRound::new()
            .smallest(Unit::Hour)
            .mode(jiff::RoundMode::Trunc),
    );
    let back = SignedDuration::from_hours(i64::try_from(HOURS).unwrap_or_default() - 1);
    hour.unwrap_or(now).checked_sub(back).unwrap_or(now)
}

fn hour_at(from: Timestamp, n: usize) -> Timestamp {
    from + SignedDuration::from_hours(i64::try_from(n).unwrap_or_default())
}

/// How many waited at the end of each hour: known is how many wait now, and what came and went since.
fn waited(flows: &[Flow], waiting: i64) -> Vec<i64> {
    let mut behind = waiting;
    let mut waited: Vec<i64> = flows
        .iter()
        .rev()
        .map(|flow| {
            let then = behind;
            behind = (behind - flow.received + flow.sent).max(0);
            then
        })
        .collect();
    waited.reverse();
    waited
}

fn of_hours(flows: &[Flow], waiting: i64, from: Timestamp, visit: &Visit) -> Chart {
    let (texts, hand) = (visit.texts, &visit.hand);
    let waited = waited(flows, waiting);
    let numbered = flows.iter().zip(&waited).enumerate();
    let places: Vec<_> = numbered
        .clone()
        .map(|(n, (flow, waited))| {
            let bars = vec![flow.received as f64, flow.sent as f64];
            (hand.time(hour_at(from, n)), bars, Some(*waited as f64))
        })
        .collect();
    let rows = numbered.map(|(n, (flow, waited))| {
        let numbers = [flow.received, flow.sent, *waited].map(|count| hand.number(count));
        [vec![hand.moment(hour_at(from, n))], numbers.to_vec()].concat()
    });
    Chart {
        title: texts.last_hours.to_owned(),
        drawing: draw(texts.last_hours, &places, |top| {
            hand.decimal(&format!("{top:.0}"))
        }),
        columns: vec![texts.hour, texts.received, texts.sent, texts.waiting],
        rows: rows.collect(),
    }
}

fn of_days(flows: &std::collections::BTreeMap<String, Flow>, first: Date, visit: &Visit) -> Chart {
    let (texts, hand) = (visit.texts, &visit.hand);
    let days = (0..DAYS).filter_map(|n| first.checked_add(jiff::Span::new().days(n)).ok());
    let days: Vec<(Date, Flow)> = days
        .map(|day| {
            (
                day,
                flows.get(&day.to_string()).copied().unwrap_or_default(),
            )
        })
        .collect();
    let places: Vec<_> = days
        .iter()
        .map(|(day, flow)| {
            let bars = vec![flow.received as f64, flow.sent as f64];
            (format!("{}.{}.", day.day(), day.month()), bars, None)
        })
        .collect();
    let rows = days.iter().map(|(day, flow)| {
        vec![
            hand.day(*day),
            hand.number(flow.received),
            hand.number(flow.sent),
        ]
    });
    Chart {
        title: texts.last_weeks.to_owned(),
        drawing: draw(texts.last_weeks, &places, |top| {
            hand.decimal(&format!("{top:.0}"))
        }),
        columns: vec![texts.day, texts.received, texts.sent],
        rows: rows.collect(),
    }
}

/// One chart per destination that has answered.
fn of_answers(from: Timestamp, visit: &Visit) -> Vec<Chart> {
    let (texts, hand) = (visit.texts, &visit.hand);
    let seconds = |seconds: f64| hand.decimal(&format!("{seconds:.2}"));
    let chart = |(name, answers): (String, crate::activity::Answers)| {
        let hours = (0..HOURS).map(|n| (hour_at(from, n), answers.in_hour(hour_at(from, n))));
        let hours: Vec<_> = hours.collect();
        let places: Vec<_> = hours
            .iter()
            .map(|(at, took)| {
                (
                    hand.time(*at),
                    vec![took.map_or(0.0, |(mean, _)| mean)],
                    None,
                )
            })
            .collect();
        let rows = hours.iter().filter_map(|(at, took)| {
            took.map(|(mean, slowest)| vec![hand.moment(*at), seconds(mean), seconds(slowest)])
        });
        Chart {
            title: format!("{}: {name}", texts.answer_times),
            drawing: draw(&name, &places, seconds),
            columns: vec![texts.hour, texts.seconds_each, "max"],
            rows: rows.collect(),
        }
    };
    visit
        .api
        .parts
        .board
        .answers()
        .into_iter()
        .map(chart)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_follows_from_what_waits_now() {
        let flow = |received, sent| Flow { received, sent };
        assert_eq!(waited(&[flow(5, 0), flow(0, 3), flow(4, 1)], 5), [5, 2, 5]);
        assert_eq!(waited(&[], 5), [0_i64; 0]);
    }

    #[test]
    fn the_running_hour_is_the_last_of_the_day() {
        let now: Timestamp = "2026-10-30T12:34:56Z".parse().unwrap();
        assert_eq!(first_hour(now).to_string(), "2026-10-29T13:00:00Z");
    }
}
