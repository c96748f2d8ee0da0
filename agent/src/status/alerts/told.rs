//! What was told by which way, kept in the outbox: after a restart nothing is told twice, and an all-clear still comes.

use std::collections::{BTreeMap, BTreeSet};

use crate::activity::Chain;
use crate::intake::http::Api;
use crate::store::tills;

use super::alarms::Alarms;

/// The setting under which it is kept.
const SETTING: &str = "alerts_told";

/// The codes that were told and are not over, by way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told(BTreeMap<String, BTreeSet<String>>);

/// What is told now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    Raised(String),
    Cleared(String),
}

impl Told {
    /// As it was kept. What cannot be read counts as never told: twice is better than not at all.
    pub fn kept(api: &Api) -> Self {
        let kept = api
            .parts
            .store
            .read(|reader| tills::setting(reader, SETTING));
        let text = kept.ok().flatten().unwrap_or_default();
        Self(serde_json::from_str(&text).unwrap_or_default())
    }

    /// What is to be told by a way. In quiet hours nothing new is, but what is over is. Pure.
    pub fn news(&self, way: &str, alarms: &Alarms, quiet: bool) -> Vec<News> {
        let none = BTreeSet::new();
        let told = self.0.get(way).unwrap_or(&none);
        let new = alarms.keys().filter(|code| !quiet && !told.contains(*code));
        let over = told.iter().filter(|code| !alarms.contains_key(*code));
        let new = new.map(|code| News::Raised(code.clone()));
        new.chain(over.map(|code| News::Cleared(code.clone())))
            .collect()
    }

    /// It was told.
    pub fn note(&mut self, way: &str, news: &News) {
        let told = self.0.entry(way.to_owned()).or_default();
        match news {
            News::Raised(code) => told.insert(code.clone()),
            News::Cleared(code) => told.remove(code),
        };
    }

    /// Keeps it. Where the disk does not take it, it is told again after a restart.
    pub async fn keep(&self, api: &Api) {
        // A map of texts always has a text.
        let text = serde_json::to_string(&self.0).unwrap_or_default();
        let keeping = api
            .parts
            .store
            .write(move |writer| tills::set_setting(writer, SETTING, &text));
        if let Err(error) = keeping.await {
            tracing::warn!(error = %Chain(&error), "what was told could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::alarms::Alarm;
    use super::*;

    fn on(codes: &[&str]) -> Alarms {
        let alarm = Alarm {
            message: String::new(),
            hint: String::new(),
            words: Default::default(),
        };
        codes
            .iter()
            .map(|code| ((*code).to_owned(), alarm.clone()))
            .collect()
    }

    #[test]
    fn each_trouble_is_told_once_by_each_way_and_its_end_too() {
        let raised = |code: &str| News::Raised(code.to_owned());
        let cleared = |code: &str| News::Cleared(code.to_owned());
        let mut told = Told::default();
        assert_eq!(
            told.news("mail", &on(&["parked"]), false),
            [raised("parked")]
        );
        told.note("mail", &raised("parked"));
        assert_eq!(told.news("mail", &on(&["parked"]), false), []);
        assert_eq!(
            told.news("webhook", &on(&["parked"]), false),
            [raised("parked")],
            "the other way has not told it"
        );
        assert_eq!(
            told.news("mail", &on(&["held"]), false),
            [raised("held"), cleared("parked")]
        );
        assert_eq!(told.news("mail", &on(&["held"]), true), [cleared("parked")]);
        told.note("mail", &cleared("parked"));
        assert_eq!(told.news("mail", &on(&[]), false), []);
    }
}
