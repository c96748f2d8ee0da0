//! The ways by which somebody elsewhere is told: a post of JSON for programs, a mail for people.

use std::time::Duration;

use jiff::Timestamp;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde_json::json;
use tillpost_shared::config::{Alerts, Mail, MailEncryption};

use super::alarms::Alarm;
use super::told::News;
use crate::activity::Chain;
use crate::destination::line;
use crate::secret;
use crate::status::Status;
use crate::status::text::{Texts, fill};

/// How long telling may take.
const TELL_MAX: Duration = Duration::from_secs(20);

/// A way to tell.
pub(super) enum Way {
    /// A post of JSON.
    Webhook {
        client: reqwest::Client,
        url: String,
    },
    /// A mail.
    Mail {
        post: Box<AsyncSmtpTransport<Tokio1Executor>>,
        from: Mailbox,
        to: Vec<Mailbox>,
    },
}

/// What is told, and of whom.
pub(super) struct Told<'a> {
    pub news: &'a News,
    /// What it is, while it lasts.
    pub alarm: Option<&'a Alarm>,
    pub status: &'a Status,
    pub texts: &'static Texts,
    pub at: Timestamp,
}

impl Told<'_> {
    fn code(&self) -> &str {
        match self.news {
            News::Raised(code) | News::Cleared(code) => code,
        }
    }

    fn post(&self) -> String {
        let state = match self.news {
            News::Raised(_) => "raised",
            News::Cleared(_) => "cleared",
        };
        let (status, alarm) = (self.status, self.alarm);
        json!({
            "store": status.store, "environment": status.environment, "version": status.version,
            "at": self.at, "alert": self.code(), "state": state,
            "message": alarm.map(|alarm| &alarm.message), "hint": alarm.map(|alarm| &alarm.hint),
        })
        .to_string()
    }

    /// Subject and text of a mail, in the store's language.
    fn letter(&self) -> [String; 2] {
        let (status, texts) = (self.status, self.texts);
        let over = [texts.it_is_over, ""].map(str::to_owned);
        let [what, next] = self.alarm.map_or(over, |alarm| alarm.words.clone());
        let subject = match self.news {
            News::Raised(_) => format!("[Tillpost {}] {what}", status.store),
            News::Cleared(code) => {
                format!("[Tillpost {}] {} ({code})", status.store, texts.it_is_over)
            }
        };
        let code = fill(texts.alert_code, 0, self.code(), "");
        let text = format!(
            "{what}\n{next}\n\n{code}\nTillpost {}, {}, {}, {:.0}\n",
            status.version, status.store, status.environment, self.at
        );
        [subject, text]
    }
}

/// The ways of a configuration.
///
/// # Errors
/// Which way cannot be gone, in words.
pub(super) fn ways(alerts: &Alerts) -> Result<Vec<Way>, String> {
    let mut ways = Vec::new();
    if let Some(url) = &alerts.webhook {
        let client = line::client().map_err(|error| error.to_string())?;
        let url = url.clone();
        ways.push(Way::Webhook { client, url });
    }
    if let Some(mail) = &alerts.mail {
        ways.push(by_mail(mail)?);
    }
    Ok(ways)
}

fn by_mail(mail: &Mail) -> Result<Way, String> {
    let (host, port) = mail.server_and_port();
    let address = |text: &String| {
        let read: Result<Mailbox, _> = text.parse();
        read.map_err(|error| format!("{text}: {error}"))
    };
    let parameters = || TlsParameters::new(host.to_owned()).map_err(|error| error.to_string());
    let tls = match mail.encryption {
        MailEncryption::Starttls => Tls::Required(parameters()?),
        MailEncryption::Tls => Tls::Wrapper(parameters()?),
        MailEncryption::None => Tls::None,
    };
    let mut post = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .tls(tls)
        .timeout(Some(TELL_MAX));
    if let Some((login, source)) = mail.login.as_ref().zip(mail.secret.as_ref()) {
        let secret = secret::read(source).map_err(|error| Chain(&error).to_string())?;
        let papers = Credentials::new(login.clone(), secret.expose().to_owned());
        post = post.credentials(papers);
    }
    Ok(Way::Mail {
        post: Box::new(post.build()),
        from: address(&mail.from)?,
        to: mail.to.iter().map(address).collect::<Result<_, _>>()?,
    })
}

impl Way {
    /// Under which name it is noted what was told.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Mail { .. } => "mail",
        }
    }

    /// Tells it; why not, in words.
    pub async fn tell(&self, told: &Told<'_>) -> Result<(), String> {
        match self {
            Self::Webhook { client, url } => {
                let post = client
                    .post(url)
                    .header("content-type", "application/json")
                    .body(told.post());
                match post.timeout(TELL_MAX).send().await {
                    Ok(answer) if answer.status().is_success() => Ok(()),
                    Ok(answer) => Err(answer.status().to_string()),
                    Err(error) => Err(error.without_url().to_string()),
                }
            }
            Self::Mail { post, from, to } => {
                let letter = letter(from, to, told.letter())?;
                let sent = tokio::time::timeout(TELL_MAX, post.send(letter)).await;
                match sent.map_err(|_| "the mail server does not answer in time".to_owned())? {
                    Ok(_) => Ok(()),
                    Err(error) => Err(Chain(&error).to_string()),
                }
            }
        }
    }
}

fn letter(from: &Mailbox, to: &[Mailbox], [subject, text]: [String; 2]) -> Result<Message, String> {
    let mut letter = Message::builder().from(from.clone()).subject(subject);
    for one in to {
        letter = letter.to(one.clone());
    }
    let letter = letter.header(ContentType::TEXT_PLAIN).body(text);
    letter.map_err(|error| error.to_string())
}
