//! Reads `tillpost.toml` and says everything that is wrong with it, with lines: first the shape
//! ([`super::structure`]), then what the values mean, here and in [`super::routes`].

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use toml::de::DeTable;

use super::parsed::{loopback, time_of_day, zone};
use super::place::Place;
use super::{
    Config, Environment, Listen, Store, Till, alerts, approval, routes, schema, structure,
};
use crate::check::TILLS_RESERVED;
use crate::currency;
use crate::scalar::{Code, Day};

/// For how many years bodies may be kept at most; keys are kept that long anyway.
const KEEP_DAYS_MAX: u32 = 3_653;

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Line in the file, from 1; 0 when it concerns the whole file.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Reads and checks the text of `tillpost.toml`; every problem found is told, in the order of the file.
pub fn read(text: &str) -> Result<Config, Vec<ConfigError>> {
    let (root, broken) = DeTable::parse_recoverable(text);
    if !broken.is_empty() {
        return Err(broken.iter().map(|error| plain(text, error)).collect());
    }
    let mut pruned = root.clone();
    let mut problems = structure::prune(text, &schema(), &mut pruned);
    match Config::deserialize(toml::de::Deserializer::from(pruned)) {
        Ok(config) => {
            let mut checks = Checks { problems };
            checks.config(&config, Place::root(text, root.get_ref()));
            problems = checks.problems;
            if problems.is_empty() {
                return Ok(config);
            }
        }
        // What the walk along the schema found says it better.
        Err(error) if problems.is_empty() => problems.push(plain(text, &error)),
        Err(_) => {}
    }
    problems.sort_by_key(|problem| problem.line);
    Err(problems)
}

fn plain(text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map(|span| span.start);
    ConfigError {
        line: start.map_or(0, |start| structure::line_of(text, start)),
        message: error.message().replace('\n', ", "),
        hint: None,
    }
}

/// The problems found so far.
pub(super) struct Checks {
    problems: Vec<ConfigError>,
}

impl Checks {
    /// Notes a problem.
    pub fn add(&mut self, place: Place<'_>, message: impl Into<String>, hint: &str) {
        self.problems.push(ConfigError {
            line: place.line,
            message: message.into(),
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        });
    }
    /// Notes a problem unless the condition holds.
    pub fn need(&mut self, holds: bool, place: Place<'_>, message: &str, hint: &str) {
        if !holds {
            self.add(place, message, hint);
        }
    }
    /// Notes a name that is not a code.
    pub fn code(&mut self, text: &str, place: Place<'_>, what: &str) {
        let message = format!("{what} must be 1 to 32 of A-Z a-z 0-9 . _ -");
        self.need(Code::parse(text).is_some(), place, &message, "");
    }

    fn config(&mut self, config: &Config, root: Place<'_>) {
        self.store(&config.store, root.key("store"));
        self.listen(&config.listen, config.store.environment, root.key("listen"));
        let data = root.key("data");
        let keep_days = config.data.keep_days;
        self.need(
            (1..=KEEP_DAYS_MAX).contains(&keep_days),
            data.key("keep_days"),
            &format!("`keep_days` must be 1 to {KEEP_DAYS_MAX}"),
            "",
        );
        let dir = config.data.dir.as_deref();
        self.need(
            dir.is_none_or(|dir| !dir.trim().is_empty()),
            data.key("dir"),
            "`dir` is empty",
            "leave it out for the usual folder",
        );
        self.tills(&config.tills, root.key("till"));
        routes::destinations(self, config, root.key("destination"));
        if let Some(catalog) = &config.catalog {
            routes::catalog(self, catalog, config, root.key("catalog"));
        }
        routes::inboxes(self, &config.inboxes, root.key("inbox"));
        routes::price_files(self, config, root.key("price_file"));
        if let Some(alerts) = &config.alerts {
            alerts::alerts(self, alerts, config.store.environment, root.key("alerts"));
        }
        approval::approvals(self, &config.approvals, root.key("approval"));
    }

    fn store(&mut self, store: &Store, place: Place<'_>) {
        self.code(&store.code, place.key("code"), "the store's `code`");
        self.need(
            zone(&store.timezone).is_some(),
            place.key("timezone"),
            &format!("`{}` is no time zone", store.timezone),
            "give an IANA name such as Europe/Zurich",
        );
        self.need(
            currency::known(&store.currency),
            place.key("currency"),
            &format!("`{}` is no currency", store.currency),
            "give an ISO 4217 code such as CHF",
        );
        self.need(
            time_of_day(&store.day_cutoff).is_some(),
            place.key("day_cutoff"),
            &format!("`{}` is no time of day", store.day_cutoff),
            "write HH:MM, as in 04:00",
        );
        self.need(
            language(&store.language),
            place.key("language"),
            &format!("`{}` is no language", store.language),
            "give a code such as de, or de-CH",
        );
    }

    fn listen(&mut self, listen: &Listen, environment: Environment, place: Place<'_>) {
        let address = listen.address.parse::<std::net::SocketAddr>();
        self.need(
            address.is_ok(),
            place.key("address"),
            &format!("`{}` is no address to listen on", listen.address),
            "write an IP address and a port, as in 127.0.0.1:7470",
        );
        let far = address.is_ok_and(|address| !loopback(address.ip()));
        let open = !listen.require_token;
        self.need(
            !(open && environment == Environment::Production),
            place.key("require_token"),
            "`require_token = false` is refused in production",
            "leave it out, and give every till its token with: tillpost till add CODE",
        );
        self.need(
            !(open && far),
            place.key("require_token"),
            "`require_token = false` is refused when others than this machine can reach the agent",
            "listen on 127.0.0.1, or leave it out",
        );
        self.need(
            !(listen.unencrypted && listen.tls.is_some()),
            place.key("unencrypted"),
            "`tls` and `unencrypted` contradict each other",
            "keep one of them",
        );
        if let Some(tls) = &listen.tls {
            for (name, path) in [("certificate", &tls.certificate), ("key", &tls.key)] {
                let message = format!("`{name}` is empty");
                let at = place.key("tls").key(name);
                self.need(
                    !path.trim().is_empty(),
                    at,
                    &message,
                    "give the file's path",
                );
            }
        }
        self.need(
            listen.till_requests_per_second > 0,
            place.key("till_requests_per_second"),
            "`till_requests_per_second` lets no till ask anything",
            "leave it out",
        );
        for (index, host) in listen.hosts.iter().enumerate() {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let name = !host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '*'));
            let plain = !host.is_empty() && (name || bare.parse::<IpAddr>().is_ok());
            self.need(
                plain,
                place.key("hosts").item(index),
                &format!("`{host}` is no host name"),
                "write the name alone, without http:// and without a port",
            );
        }
    }

    fn tills(&mut self, tills: &[Till], place: Place<'_>) {
        let mut seen = BTreeSet::new();
        for (index, till) in tills.iter().enumerate() {
            let place = place.item(index);
            let at = place.key("code");
            self.code(&till.code, at, "a till's `code`");
            let message = format!("a till may not be called `{}`", till.code);
            let free = !TILLS_RESERVED.contains(&till.code.as_str());
            self.need(free, at, &message, "take another code");
            let message = format!("the till `{}` stands here twice", till.code);
            self.need(seen.insert(&till.code), at, &message, "keep one of them");
            if let Some(from) = &till.numbers_from {
                let at = place.key("numbers_from");
                let date = Day::parse(from).is_some();
                let message = format!("`{from}` is no date");
                self.need(date, at, &message, "write YYYY-MM-DD, as in 2026-11-01");
            }
        }
    }
}

/// `de`, `de-CH`, `de_CH`.
fn language(text: &str) -> bool {
    let (word, region) = text.split_once(['-', '_']).unwrap_or((text, "XX"));
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    (2..=3).contains(&word.len()) && letters(word) && region.len() == 2 && letters(region)
}
