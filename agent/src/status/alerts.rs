//! Tells somebody elsewhere when something is the matter, and when it is over: by the webhook and the mail of `[alerts]`.
//! Each trouble is told once by each way, with an all-clear behind it; what begins in quiet hours is told after them, if
//! it still lasts. What could not be told is tried again, after a restart too. No amount and no receipt goes out, only
//! codes, counts and days.

mod alarms;
mod told;
mod ways;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Time;
use tillpost_shared::config::Alerts;

use self::alarms::{Alarms, Seen};
use self::told::{News, Told};
use self::ways::Way;
use crate::activity::{Health, now};
use crate::hurry;
use crate::intake::http::Api;
use crate::paths;
use crate::status::Status;
use crate::status::http::status_of;
use crate::status::text::{Hand, Texts};
use crate::store::history;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The loop's name on the board.
const NAME: &str = "alerts";

/// Looks and tells until the agent stops; ends at once where nobody is to be told.
pub async fn run(api: Arc<Api>) {
    let Some(alerts) = api.parts.config.alerts.clone() else {
        return;
    };
    let ways = match ways::ways(&alerts) {
        Ok(ways) => ways,
        Err(why) => {
            tracing::error!(why, "nobody can be told of alerts");
            return not_told(&api);
        }
    };
    let mut told = Told::kept(&api);
    loop {
        tokio::select! {
            () = tokio::time::sleep(hurry::shorter(LOOK_EVERY)) => {}
            () = api.parts.stop.cancelled() => return,
        }
        tokio::select! {
            () = look(&api, &alerts, &ways, &mut told) => {}
            () = api.parts.stop.cancelled() => return,
        }
    }
}

async fn look(api: &Arc<Api>, alerts: &Alerts, ways: &[Way], told: &mut Told) {
    let moment = now();
    // What cannot be read is in the log already, and its loop on the board.
    let Ok(status) = status_of(api, Texts::of("en"), true, LOOK_EVERY).await else {
        return;
    };
    let Ok(last_change_at) = api.ask(history::last_at).await else {
        return;
    };
    let (dir, today) = (
        paths::data_dir(&api.parts.config),
        api.parts.house.business_date(moment),
    );
    let looking = Arc::clone(api);
    let days = tokio::task::spawn_blocking(move || looking.days.look(&dir, today)).await;
    let store = &api.parts.config.store;
    let texts = Texts::of(&store.language);
    let zone = api.parts.house.zone.clone();
    let alarms = alarms::alarms(&Seen {
        status: &status,
        days: &days.unwrap_or_default(),
        last_change_at,
        alerts,
        texts,
        hand: &Hand::new(texts, &store.language, &store.currency, zone),
        now: moment,
    });
    let time: Time = moment.to_zoned(api.parts.house.zone.clone()).time();
    let mut all_told = true;
    for way in ways {
        let news = told.news(way.name(), &alarms, alerts.quiet(time));
        all_told &= tell(api, way, news, &alarms, &status, told).await;
    }
    if all_told {
        api.parts.board.success(NAME, moment);
    }
}

/// Tells by one way; whether all of it was told.
async fn tell(
    api: &Api,
    way: &Way,
    news: Vec<News>,
    alarms: &Alarms,
    status: &Status,
    told: &mut Told,
) -> bool {
    for one in news {
        let (News::Raised(code) | News::Cleared(code)) = &one;
        let telling = ways::Told {
            news: &one,
            alarm: alarms.get(code),
            status,
            texts: Texts::of(&api.parts.config.store.language),
            at: now(),
        };
        if let Err(why) = way.tell(&telling).await {
            tracing::warn!(alert = code, way = way.name(), why, "nobody could be told");
            not_told(api);
            return false;
        }
        told.note(way.name(), &one);
        told.keep(api).await;
    }
    true
}

fn not_told(api: &Api) {
    let words = [
        "alerts_not_told",
        "Alerts do not reach whoever should be told.",
        "Check [alerts] in tillpost.toml; the log says what was the matter.",
    ];
    api.parts.board.trouble(NAME, Health::Noted, words, now());
}
