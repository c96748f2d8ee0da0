//! `[alerts]`: whom to tell when something is the matter, from when on, and when to be quiet.

use std::time::Duration;

use jiff::civil::Time;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Checks;
use super::parsed::{duration, time_of_day};
use super::place::Place;
use super::routes;
use super::{Environment, SecretSource};
use crate::scalar::Amount;

/// How old the oldest waiting document may be when nothing else is said, and when it cannot be read.
const OLDEST_DEFAULT: Duration = Duration::from_secs(4 * 3_600);
/// How old the prices may be.
const CATALOG_DEFAULT: Duration = Duration::from_secs(24 * 3_600);

/// Who is told when something is the matter.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// Where alerts and all-clears are posted, as JSON.
    #[serde(default)]
    pub webhook: Option<String>,
    /// Who is told by mail.
    #[serde(default)]
    pub mail: Option<Mail>,
    /// How old the oldest waiting document may become, as in `4h`.
    #[serde(default = "oldest_default")]
    pub oldest_waiting: String,
    /// How much money may wait, in the store's currency, as in `"5000.00"`; any amount when absent.
    #[serde(default)]
    pub waiting_value: Option<String>,
    /// From how many refused documents on.
    #[serde(default = "one")]
    pub parked: u32,
    /// From how many documents on that wait for a person.
    #[serde(default = "one")]
    pub held: u32,
    /// How old the prices may become, as in `24h`.
    #[serde(default = "catalog_default")]
    pub catalog_age: String,
    /// From how many missing receipt numbers on, in the proofs of the last seven days.
    #[serde(default = "one")]
    pub gaps: u32,
    /// From when on nobody is told of something new, `HH:MM`; needs `quiet_until`.
    #[serde(default)]
    pub quiet_from: Option<String>,
    /// Until when.
    #[serde(default)]
    pub quiet_until: Option<String>,
}

/// Who is told by mail, and how it leaves.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server and its port, as in `smtp.example.com:587`.
    pub server: String,
    /// How the line to it is encrypted.
    #[serde(default)]
    pub encryption: MailEncryption,
    /// Whom it is from.
    pub from: String,
    /// Whom it goes to.
    pub to: Vec<String>,
    /// The login there; none is needed where it is left out.
    #[serde(default)]
    pub login: Option<String>,
    /// The password there.
    #[serde(default)]
    pub secret: Option<SecretSource>,
}

/// How the line to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailEncryption {
    /// After a word in the open, mostly on port 587.
    #[default]
    Starttls,
    /// From the first byte, mostly on port 465.
    Tls,
    /// Not at all, as to a mail server in the store; without a login then.
    None,
}

impl Mail {
    /// The server's name and port; port 587 when it cannot be read.
    pub fn server_and_port(&self) -> (&str, u16) {
        server_and_port(&self.server).unwrap_or((&self.server, SUBMISSION))
    }
}

/// The port of mail servers for those who send (RFC 6409).
const SUBMISSION: u16 = 587;

fn server_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty() && !host.contains(char::is_whitespace)).then_some((host, port))
}

fn oldest_default() -> String {
    "4h".to_owned()
}
fn catalog_default() -> String {
    "24h".to_owned()
}
fn one() -> u32 {
    1
}

impl Alerts {
    /// How old the oldest waiting document may become.
    pub fn oldest_max(&self) -> Duration {
        duration(&self.oldest_waiting).unwrap_or(OLDEST_DEFAULT)
    }

    /// How old the prices may become.
    pub fn catalog_age_max(&self) -> Duration {
        duration(&self.catalog_age).unwrap_or(CATALOG_DEFAULT)
    }

    /// How much money may wait.
    pub fn value_max(&self) -> Option<Decimal> {
        let amount = self.waiting_value.as_deref()?;
        Amount::parse(amount).map(|amount| amount.0)
    }

    /// Whether it is a time of day at which nobody is told of something new. Hours may go over midnight.
    pub fn quiet(&self, time: Time) -> bool {
        let bound = |text: &Option<String>| text.as_deref().and_then(time_of_day);
        match (bound(&self.quiet_from), bound(&self.quiet_until)) {
            (Some(from), Some(until)) if from <= until => from <= time && time < until,
            (Some(from), Some(until)) => from <= time || time < until,
            (None, _) | (_, None) => false,
        }
    }
}

/// What is wrong with them.
pub(super) fn alerts(
    checks: &mut Checks,
    alerts: &Alerts,
    environment: Environment,
    place: Place<'_>,
) {
    let somebody = alerts.webhook.is_some() || alerts.mail.is_some();
    let message = "`[alerts]` tells nobody";
    checks.need(somebody, place, message, "give it a webhook, or a mail");
    if let Some(webhook) = &alerts.webhook {
        let open = environment.allows_literal_secrets();
        routes::address(checks, webhook, open, place.key("webhook"));
    }
    if let Some(mail) = &alerts.mail {
        self::mail(checks, mail, environment, place.key("mail"));
    }
    for (name, text) in [
        ("oldest_waiting", &alerts.oldest_waiting),
        ("catalog_age", &alerts.catalog_age),
    ] {
        let message = format!("`{name}` is no length of time");
        checks.need(
            duration(text).is_some(),
            place.key(name),
            &message,
            "write it as in 4h",
        );
    }
    let value = alerts.waiting_value.is_none() || alerts.value_max().is_some();
    let message = "`waiting_value` is no amount of money";
    checks.need(
        value,
        place.key("waiting_value"),
        message,
        "write it as in \"5000.00\"",
    );
    let both = alerts.quiet_from.is_some() == alerts.quiet_until.is_some();
    let message = "`quiet_from` and `quiet_until` belong together";
    checks.need(both, place.key("quiet_from"), message, "give both, or none");
    for (name, text) in [
        ("quiet_from", &alerts.quiet_from),
        ("quiet_until", &alerts.quiet_until),
    ] {
        let sound = text
            .as_deref()
            .is_none_or(|text| time_of_day(text).is_some());
        let message = format!("`{name}` is no time of day");
        checks.need(sound, place.key(name), &message, "write HH:MM, as in 22:00");
    }
}

fn mail(checks: &mut Checks, mail: &Mail, environment: Environment, place: Place<'_>) {
    let server = server_and_port(&mail.server).is_some();
    let message = "`server` is no mail server with its port";
    let hint = "write it as in smtp.example.com:587";
    checks.need(server, place.key("server"), message, hint);
    let address = |text: &String| {
        let parts = text.split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
    };
    let message = "`from` is no mail address";
    checks.need(address(&mail.from), place.key("from"), message, "");
    let to = !mail.to.is_empty() && mail.to.iter().all(address);
    let message = "`to` is no list of mail addresses";
    let hint = "write it as in [\"it@example.com\"]";
    checks.need(to, place.key("to"), message, hint);
    let both = mail.login.is_some() == mail.secret.is_some();
    let message = "`login` and `secret` belong together";
    checks.need(both, place.key("login"), message, "give both, or none");
    let open = mail.encryption == MailEncryption::None && mail.login.is_some();
    let message = "the password would travel in the open";
    let hint = "take encryption = \"starttls\" or \"tls\"";
    checks.need(!open, place.key("encryption"), message, hint);
    if let Some(secret) = &mail.secret {
        routes::secret_source(checks, secret, environment, place.key("secret"));
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, read};

    fn configured(alerts: &str) -> Result<Config, Vec<String>> {
        let text = format!(
            "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n[alerts]\n{alerts}"
        );
        read(&text).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn quiet_hours_go_over_midnight() {
        let text = "webhook = \"https://bell.example.com\"\nquiet_from = \"22:00\"\nquiet_until = \"06:30\"";
        let alerts = configured(text).unwrap().alerts.unwrap();
        let quiet = |hour, minute| alerts.quiet(jiff::civil::time(hour, minute, 0, 0));
        assert!(quiet(22, 0) && quiet(0, 0) && quiet(6, 29));
        assert!(!quiet(6, 30) && !quiet(21, 59));
        assert_eq!(alerts.oldest_max().as_secs(), 14_400);
    }

    #[test]
    fn what_means_nothing_is_refused_with_its_line() {
        let text = "webhook = \"http://bell.example.com\"\noldest_waiting = \"soon\"\nwaiting_value = \"much\"\nquiet_from = \"10pm\"";
        let problems = configured(text).unwrap_err();
        assert_eq!(
            problems,
            [
                "line 6: `url` is not encrypted: the key would travel in the open; use https://",
                "line 7: `oldest_waiting` is no length of time; write it as in 4h",
                "line 8: `waiting_value` is no amount of money; write it as in \"5000.00\"",
                "line 9: `quiet_from` and `quiet_until` belong together; give both, or none",
                "line 9: `quiet_from` is no time of day; write HH:MM, as in 22:00",
            ]
        );
    }

    #[test]
    fn a_mail_needs_a_server_an_address_and_an_encrypted_password() {
        let mail = |more: &str| {
            let text = format!("mail = {{ from = \"pc@shop.example\", {more} }}");
            configured(&text).err().unwrap_or_default()
        };
        assert!(mail("server = \"smtp.example.com:587\", to = [\"it@example.com\"]").is_empty());
        let told =
            mail("server = \"smtp.example.com\", to = [], login = \"pc\", encryption = \"none\"");
        let told: Vec<&str> = told
            .iter()
            .filter_map(|one| one.split('`').nth(1))
            .collect();
        assert_eq!(told, ["server", "to", "login"]);
        assert_eq!(
            configured("parked = 3").unwrap_err().len(),
            1,
            "nobody is told"
        );
    }
}
