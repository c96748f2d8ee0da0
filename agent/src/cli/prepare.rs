//! `tillpost odoo prepare`: what an administrator sets up in Odoo once per store, so that the agent itself can work
//! with few rights.
//!
//! The state over there and the [`Plan`] give a list of [`steps::Step`]s, purely; then they are applied one by one and
//! told in plain words. Everything is found again by its name or code: run twice it changes nothing the second time,
//! and after a failure it goes on where it stopped.

pub mod apply;
pub mod people;
pub mod present;
pub mod steps;
mod tills;

use std::collections::BTreeMap;
use std::io::{self, Write};

use tillpost_shared::config::{Config, Destination, Environment};

use crate::destination::odoo::client::{CallError, Client};
use crate::destination::odoo::versions::VERSION_MIN;
use apply::Applied;
use steps::{Doing, Step, steps};

/// The name of cash in Odoo when the configuration maps no till method to it.
const CASH_DEFAULT: &str = "Cash";
/// The name of cards in Odoo when the configuration maps no till method to anything.
const CARD_DEFAULT: &str = "Card";
/// The till's method that is cash.
const CASH_KEY: &str = "CASH";

/// What a store needs in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The store's code.
    pub store: String,
    /// Which world it belongs to; stands in the tills' names over there.
    pub environment: Environment,
    /// ISO 4217 code of the store's currency.
    pub currency: String,
    /// The tills' codes.
    pub tills: Vec<String>,
    /// What the cash methods are called, each with its till's name behind it.
    pub cash: String,
    /// Payment methods that all tills share.
    pub shared: Vec<String>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prepared {
    /// What was there already.
    pub existing: usize,
    /// What was created or changed; what would be, in a dry run.
    pub changed: usize,
    /// What a person must do first.
    pub blocked: usize,
    /// The login of the agent's user.
    pub login: String,
}

/// Why it ended early.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// Odoo is too old, or there is nothing to prepare.
    #[error("{0}")]
    Impossible(String),
    /// Odoo said no.
    #[error("cannot {doing}")]
    Call {
        /// What was tried.
        doing: String,
        /// What it said.
        source: CallError,
    },
    /// The answer could not be written out.
    #[error("cannot write the answer")]
    Output(#[from] io::Error),
}

impl Plan {
    /// What the configuration says about an Odoo destination, with further tills named on the command line.
    pub fn new(config: &Config, destination: &Destination, tills: &[String]) -> Self {
        let methods: &BTreeMap<String, String> = &destination.methods;
        let cash = methods
            .iter()
            .find(|(till, _)| till.eq_ignore_ascii_case(CASH_KEY))
            .map_or(CASH_DEFAULT, |(_, odoo)| odoo.as_str());
        let mut shared: Vec<String> = methods
            .values()
            .filter(|odoo| !odoo.eq_ignore_ascii_case(cash))
            .cloned()
            .collect();
        if methods.is_empty() {
            shared.push(CARD_DEFAULT.to_owned());
        }
        shared.sort();
        shared.dedup();
        let configured = config.tills.iter().map(|till| till.code.clone());
        let mut tills: Vec<String> = configured.chain(tills.iter().cloned()).collect();
        tills.sort();
        tills.dedup();
        Self {
            store: config.store.code.clone(),
            environment: config.store.environment,
            currency: config.store.currency.clone(),
            tills,
            cash: cash.to_owned(),
            shared,
        }
    }
    /// The login of the agent's user.
    pub fn login(&self) -> String {
        format!("tillpost-{}", self.store)
    }
}

/// Brings Odoo to what the plan says, or tells what it would do. Each step is a transaction of its own over there.
pub async fn prepare(
    client: &Client,
    plan: &Plan,
    dry_run: bool,
    out: &mut dyn Write,
) -> Result<Prepared, PrepareError> {
    if plan.tills.is_empty() {
        let message = "there is no till to prepare; name them with --till CODE, or add [[till]] to tillpost.toml";
        return Err(PrepareError::Impossible(message.to_owned()));
    }
    let call = |doing: &str| {
        let doing = doing.to_owned();
        move |source| PrepareError::Call { doing, source }
    };
    let facts = client.facts().await;
    let version = facts.map_err(call("ask Odoo for its version"))?.version;
    if version < VERSION_MIN {
        let message =
            format!("this is Odoo {version}; `odoo prepare` works from Odoo {VERSION_MIN} on");
        return Err(PrepareError::Impossible(message));
    }
    let present = present::read(client, plan)
        .await
        .map_err(call("read what is there"))?;
    let mut prepared = Prepared {
        login: plan.login(),
        ..Prepared::default()
    };
    let mut applied = Applied::new(plan, &present);
    for step in steps(plan, &present) {
        let Step { what, doing } = step;
        let word = match doing {
            Doing::Nothing => "exists",
            Doing::Create { .. } if dry_run => "would create",
            Doing::Write { .. } if dry_run => "would change",
            Doing::Create { .. } => "created",
            Doing::Write { .. } => "changed",
            Doing::Blocked(_) => "cannot",
        };
        match &doing {
            Doing::Nothing => prepared.existing += 1,
            Doing::Blocked(_) => prepared.blocked += 1,
            Doing::Create { .. } | Doing::Write { .. } => {
                if !dry_run {
                    let trying = format!("set up: {what}");
                    applied.apply(client, &doing).await.map_err(call(&trying))?;
                }
                prepared.changed += 1;
            }
        }
        match &doing {
            Doing::Blocked(hint) => writeln!(out, "{word:<13} {what}: {hint}")?,
            Doing::Nothing | Doing::Create { .. } | Doing::Write { .. } => {
                writeln!(out, "{word:<13} {what}")?;
            }
        }
    }
    write!(out, "{}", ending(plan, &prepared, dry_run))?;
    Ok(prepared)
}

/// What to do next: the key cannot be made from here, Odoo asks its user for the password.
fn ending(plan: &Plan, prepared: &Prepared, dry_run: bool) -> String {
    let changed = match (prepared.changed, dry_run) {
        (0, _) => "Nothing had to be changed.".to_owned(),
        (count, true) => {
            format!("{count} things would be changed. Nothing was; leave out --dry-run to do it.")
        }
        (count, false) => format!("{count} things were changed."),
    };
    let blocked = match prepared.blocked {
        0 => String::new(),
        count => format!(" {count} need a person first; then run this again."),
    };
    let login = plan.login();
    format!(
        "\n{changed}{blocked}\n\n\
        The agent's key, which only its own user can make:\n\
        1. In Odoo, Settings, Users, open {login}; with the gear choose Change Password.\n\
        2. Sign in as {login} in a private window. Open the menu at the top right, My Preferences, Security, Add API Key.\n\
        3. Name it {login}, choose how long it lives, and copy it: it is shown once.\n\
        4. Put it where `secret` in tillpost.toml says. It needs no other right, and the password is not needed again.\n\
        A user's keys live 90 days at most. For longer ones an administrator raises \"API Keys maximum duration days\" of\n\
        the group \"Role / User\" first. Note the day: when a key has run out, the store keeps everything and sends nothing.\n"
    )
}

#[cfg(test)]
#[path = "prepare/tests.rs"]
mod tests;
