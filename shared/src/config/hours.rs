//! `sessions` of an Odoo destination: at which hours tills' days are opened and closed there by themselves, for tills that
//! tell neither.

use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::parsed::time_of_day;
use super::place::Place;
use super::{Config, Destination};

/// At which hours tills' days are opened and closed, for tills that send no `day_open` or no `day_close`. Times of day on
/// the store's clock; nothing happens by itself at an hour that is not given.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionHours {
    /// When the day of every till is opened, also of one that will sell nothing, `HH:MM`; with its first sale when absent.
    #[serde(default)]
    pub open_at: Option<String>,
    /// When the day of a till that did something is closed, without a count, `HH:MM`; with the till's next day when absent.
    /// A time before `day_cutoff` is one after midnight.
    #[serde(default)]
    pub close_at: Option<String>,
}

impl SessionHours {
    /// When days are opened, if at all.
    pub fn opens(&self) -> Option<Time> {
        time_of_day(self.open_at.as_deref()?)
    }

    /// When days are closed, if at all.
    pub fn closes(&self) -> Option<Time> {
        time_of_day(self.close_at.as_deref()?)
    }
}

/// What is wrong with a destination's hours.
pub(super) fn sessions(
    checks: &mut Checks,
    config: &Config,
    destination: &Destination,
    place: Place<'_>,
) {
    let Some(hours) = &destination.sessions else {
        return;
    };
    let place = place.key("sessions");
    let others = config.destinations.iter();
    let one = others.filter(|other| other.sessions.is_some()).count() == 1;
    let message = "only one destination may have `sessions`: a till has one day";
    checks.need(one, place, message, "leave it out at the others");
    let some = hours.open_at.is_some() || hours.close_at.is_some();
    let message = "`sessions` names no hour";
    checks.need(some, place, message, "give it close_at, open_at, or both");
    for (name, text) in [("open_at", &hours.open_at), ("close_at", &hours.close_at)] {
        let sound = text
            .as_deref()
            .is_none_or(|text| time_of_day(text).is_some());
        let message = format!("`{name}` is no time of day");
        checks.need(sound, place.key(name), &message, "write HH:MM, as in 20:30");
    }
    let early = hours
        .opens()
        .is_some_and(|opens| opens < config.store.cutoff());
    let message = "`open_at` lies before `day_cutoff`, when the day before still runs";
    checks.need(!early, place.key("open_at"), message, "open later");
    let backwards = hours
        .opens()
        .zip(hours.closes())
        .is_some_and(|(opens, closes)| {
            let after_midnight = closes < config.store.cutoff();
            closes <= opens && !after_midnight
        });
    let message = "`close_at` does not come after `open_at`";
    let hint = "close later, or after midnight and before `day_cutoff`";
    checks.need(!backwards, place.key("close_at"), message, hint);
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, read};

    fn configured(hours: &str, more: &str) -> Result<Config, Vec<String>> {
        let text = format!(
            "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n\
             [[destination]]\nname = \"odoo\"\ntype = \"odoo\"\nurl = \"https://erp.example.com\"\ndatabase = \"prod\"\n\
             secret = {{ env = \"KEY\" }}\nsessions = {{ {hours} }}\n{more}"
        );
        read(&text).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn hours_are_times_of_day_and_a_close_may_lie_after_midnight() {
        let config = configured("open_at = \"07:30\", close_at = \"01:15\"", "").unwrap();
        let hours = config.destinations[0].sessions.clone().unwrap();
        let time = |hour, minute| Some(jiff::civil::time(hour, minute, 0, 0));
        assert_eq!((hours.opens(), hours.closes()), (time(7, 30), time(1, 15)));
        let only = configured("close_at = \"20:30\"", "").unwrap();
        assert_eq!(only.destinations[0].sessions.clone().unwrap().opens(), None);
    }

    #[test]
    fn hours_that_mean_nothing_are_refused() {
        let folder = "[[destination]]\nname = \"files\"\ntype = \"folder\"\npath = \"/x\"\nsessions = { close_at = \"20:00\" }\n";
        for (hours, more, why) in [
            ("", "", "names no hour"),
            ("close_at = \"8pm\"", "", "`close_at` is no time of day"),
            ("open_at = \"03:00\"", "", "before `day_cutoff`"),
            (
                "open_at = \"09:00\", close_at = \"08:00\"",
                "",
                "does not come after",
            ),
            (
                "close_at = \"20:00\"",
                folder,
                "only one destination may have",
            ),
            (
                "close_at = \"20:00\"",
                folder,
                "only a destination of type odoo has `sessions`",
            ),
        ] {
            let told = configured(hours, more).unwrap_err().join("; ");
            assert!(told.contains(why), "{told}");
        }
    }
}
