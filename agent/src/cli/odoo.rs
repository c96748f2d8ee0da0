//! `tillpost odoo prepare`: an administrator's one-time set-up in Odoo. Needs an administrator's key, which is read from
//! the environment and kept nowhere; the agent itself works with its own user's key.

use std::io;

use clap::{Args, Subcommand};
use serde_json::json;
use tillpost_shared::config::{Destination, DestinationType};

use crate::app::{self, parts};
use crate::cli::context::Context;
use crate::cli::prepare::{self, Plan, PrepareError};
use crate::cli::report::{Exit, Failure};
use crate::secret::Secret;

/// The environment variable with the administrator's key.
const ADMIN_KEY: &str = "TILLPOST_ODOO_ADMIN_KEY";

/// Set up Odoo for this store.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  TILLPOST_ODOO_ADMIN_KEY=… tillpost odoo prepare --dry-run")]
pub enum Odoo {
    /// Create or check the store's tills, journals, payment methods and the agent's user.
    #[command(
        after_help = "The administrator's API key is read from TILLPOST_ODOO_ADMIN_KEY and kept nowhere.\n\nExample:\n  TILLPOST_ODOO_ADMIN_KEY=… tillpost odoo prepare --dry-run"
    )]
    Prepare(Prepare),
}

/// See [`Odoo::Prepare`].
#[derive(Debug, Args)]
pub struct Prepare {
    /// Only say what would be changed.
    #[arg(long)]
    dry_run: bool,
    /// A till beside those in the configuration; may be given several times.
    #[arg(long = "till", value_name = "CODE")]
    tills: Vec<String>,
    /// The destination in the configuration, where it names several Odoos.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
}

/// Prepares Odoo, line by line.
pub fn run(odoo: &Odoo, context: &mut Context) -> Result<Exit, Failure> {
    let Odoo::Prepare(asked) = odoo;
    let loaded = context.load()?;
    let wanted = |destination: &&Destination| {
        destination.kind == DestinationType::Odoo
            && asked
                .destination
                .as_ref()
                .is_none_or(|name| *name == destination.name)
    };
    let destination = loaded
        .config
        .destinations
        .iter()
        .find(wanted)
        .ok_or_else(|| {
            Failure::config("the configuration names no such destination of type odoo")
                .hint("add a [[destination]] with type = \"odoo\"")
        })?;
    let key = std::env::var(ADMIN_KEY).ok().filter(|key| !key.trim().is_empty()).ok_or_else(|| {
        Failure::usage(format!("{ADMIN_KEY} is not set"))
            .hint("make an API key as an administrator of Odoo and give it in this environment variable")
    })?;
    let client = parts::client(destination, Secret::new(key.trim()))?;
    let plan = Plan::new(&loaded.config, destination, &asked.tills);
    let mut lines: Vec<u8> = Vec::new();
    let json = context.out.json();
    let mut silent = io::sink();
    let out: &mut dyn io::Write = if json { &mut silent } else { &mut lines };
    let prepared = app::runtime()?.block_on(prepare::prepare(&client, &plan, asked.dry_run, out));
    if !json {
        context
            .out
            .line(String::from_utf8_lossy(&lines).trim_end())?;
    }
    let prepared = prepared?;
    if json {
        context.out.value(&json!({
            "existing": prepared.existing,
            "changed": prepared.changed,
            "blocked": prepared.blocked,
            "login": prepared.login,
            "dry_run": asked.dry_run,
        }))?;
    }
    Ok(Exit::yes_if(prepared.blocked == 0))
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Impossible(message) => Self::no(message),
            PrepareError::Call { doing, source } => {
                Self::no(format!("cannot {doing}")).because(source)
            }
            PrepareError::Output(source) => Self::no("cannot write the answer").because(source),
        }
    }
}
