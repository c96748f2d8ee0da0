//! Tells somebody elsewhere when something is the matter, and when it is over: a post of JSON to the webhook of
//! `[alerts]`. Each trouble is told once, with an all-clear behind it; what begins in quiet hours is told after them, if
//! it still lasts. What could not be told is tried again. No amount and no receipt goes out, only codes and counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use rust_decimal::Decimal;
use serde_json::json;
use tillpost_shared::config::Alerts;

use crate::activity::{Health, now};
use crate::destination::line;
use crate::hurry;
use crate::intake::http::Api;
use crate::status::http::status_of;
use crate::status::text::Texts;
use crate::status::{Origin, ProblemStatus, Status};

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long the webhook may take.
const POST_MAX: Duration = Duration::from_secs(20);
/// The loop's name on the board.
const NAME: &str = "alerts";

/// What is the matter, by a stable code.
type Alarms = BTreeMap<String, Alarm>;

/// Something that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alarm {
    message: String,
    hint: String,
}

/// What is told now.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Raised(String),
    Cleared(String),
}

/// What is the matter. Pure.
fn alarms(status: &Status, alerts: &Alerts, now: Timestamp) -> Alarms {
    let mut alarms = Alarms::new();
    let mut raise = |code: &str, message: String, hint: &str| {
        let hint = hint.to_owned();
        alarms.insert(code.to_owned(), Alarm { message, hint });
    };
    let older = |at: Option<Timestamp>, max: Duration| {
        let age = at.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
        age.is_some_and(|age| age > max)
    };
    let documents = &status.documents;
    if older(documents.oldest_waiting_at, alerts.oldest_max()) {
        let message = format!(
            "the oldest of {} documents waits for too long",
            documents.waiting
        );
        raise(
            "oldest_waiting",
            message,
            "see the status page for whose fault it looks like",
        );
    }
    let value: Option<Decimal> = documents
        .waiting_value
        .as_deref()
        .and_then(|text| text.parse().ok());
    if alerts
        .value_max()
        .zip(value)
        .is_some_and(|(max, value)| value > max)
    {
        let message = "more money waits than should".to_owned();
        raise(
            "waiting_value",
            message,
            "see the status page for whose fault it looks like",
        );
    }
    if documents.parked >= i64::from(alerts.parked.max(1)) {
        let message = format!("head office refused {} documents", documents.parked);
        raise(
            "parked",
            message,
            "the status page names each with its next step",
        );
    }
    if documents.held >= i64::from(alerts.held.max(1)) {
        let message = format!("{} documents wait for a person", documents.held);
        raise(
            "held",
            message,
            "the status page names each with its next step",
        );
    }
    if older(status.catalog.taken_at, alerts.catalog_age_max()) {
        raise(
            "catalog_age",
            "the prices are old".to_owned(),
            "run: tillpost catalog refresh",
        );
    }
    alarms.extend(loops(status));
    alarms
}

/// Loops that need a person.
fn loops(status: &Status) -> Alarms {
    let troubled = status
        .problems
        .iter()
        .filter_map(|problem| match &problem.origin {
            Origin::Loop(name, Health::Attention) if name != NAME => Some((name, problem)),
            Origin::Loop(..) | Origin::Documents(_) => None,
        });
    let alarm = |(name, problem): (&String, &ProblemStatus)| {
        let alarm = Alarm {
            message: problem.detail.clone(),
            hint: problem.hint.clone(),
        };
        (format!("{name}: {}", problem.code), alarm)
    };
    troubled.map(alarm).collect()
}

/// What is to be told, when so much was told before. In quiet hours nothing new is, but what is over is. Pure.
fn news(told: &BTreeSet<String>, alarms: &Alarms, quiet: bool) -> Vec<News> {
    let new = alarms.keys().filter(|code| !quiet && !told.contains(*code));
    let over = told.iter().filter(|code| !alarms.contains_key(*code));
    let new = new.map(|code| News::Raised(code.clone()));
    new.chain(over.map(|code| News::Cleared(code.clone())))
        .collect()
}

/// Looks and tells until the agent stops; ends at once where nobody is to be told.
pub async fn run(api: Arc<Api>) {
    let Some(alerts) = api.parts.config.alerts.clone() else {
        return;
    };
    let client = match line::client() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(error = %error, "nobody can be told of alerts");
            return;
        }
    };
    let mut told = BTreeSet::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(hurry::shorter(LOOK_EVERY)) => {}
            () = api.parts.stop.cancelled() => return,
        }
        tokio::select! {
            () = look(&api, &alerts, &client, &mut told) => {}
            () = api.parts.stop.cancelled() => return,
        }
    }
}

async fn look(api: &Api, alerts: &Alerts, client: &reqwest::Client, told: &mut BTreeSet<String>) {
    let moment = now();
    let english = Texts::of("en");
    let Ok(status) = status_of(api, english, true, LOOK_EVERY).await else {
        // A store that cannot be read is in the log already, and its loop on the board.
        return;
    };
    let alarms = alarms(&status, alerts, moment);
    let time: Time = moment.to_zoned(api.parts.house.zone.clone()).time();
    for one in news(told, &alarms, alerts.quiet(time)) {
        let (code, state) = match &one {
            News::Raised(code) => (code, "raised"),
            News::Cleared(code) => (code, "cleared"),
        };
        let alarm = alarms.get(code);
        let post = json!({
            "store": status.store, "environment": status.environment, "version": status.version,
            "at": moment, "alert": code, "state": state,
            "message": alarm.map(|alarm| &alarm.message), "hint": alarm.map(|alarm| &alarm.hint),
        });
        if let Err(why) = tell(client, &alerts.webhook, post.to_string()).await {
            tracing::warn!(alert = code, why, "nobody could be told");
            let sentence = "Alerts do not reach whoever should be told.";
            let words = [
                "alerts_not_told",
                sentence,
                "Check webhook in tillpost.toml.",
            ];
            api.parts.board.trouble(NAME, Health::Noted, words, moment);
            return;
        }
        match one {
            News::Raised(code) => told.insert(code),
            News::Cleared(code) => told.remove(&code),
        };
        api.parts.board.success(NAME, moment);
    }
}

/// Posts it; why not, in words.
async fn tell(client: &reqwest::Client, webhook: &str, body: String) -> Result<(), String> {
    let post = client
        .post(webhook)
        .header("content-type", "application/json")
        .body(body);
    match post.timeout(POST_MAX).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(answer.status().to_string()),
        Err(error) => Err(error.without_url().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(codes: &[&str]) -> BTreeSet<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    fn on(codes: &[&str]) -> Alarms {
        let alarm = Alarm {
            message: String::new(),
            hint: String::new(),
        };
        codes
            .iter()
            .map(|code| ((*code).to_owned(), alarm.clone()))
            .collect()
    }

    #[test]
    fn each_trouble_is_told_once_and_its_end_too() {
        let raised = |code: &str| News::Raised(code.to_owned());
        let cleared = |code: &str| News::Cleared(code.to_owned());
        assert_eq!(news(&set(&[]), &on(&["parked"]), false), [raised("parked")]);
        assert_eq!(news(&set(&["parked"]), &on(&["parked"]), false), []);
        assert_eq!(
            news(&set(&["parked"]), &on(&["held"]), false),
            [raised("held"), cleared("parked")]
        );
        assert_eq!(
            news(&set(&["parked"]), &on(&["held"]), true),
            [cleared("parked")]
        );
    }
}
