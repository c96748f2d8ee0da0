//! `tillpost odoo prepare`: an administrator's one-time set-up of a store in Odoo. The agent itself has not the rights
//! for it, and shall not have them: the administrator's own key is asked for, used, and forgotten.

use clap::{Args, Subcommand};
use serde_json::json;
use tillpost_shared::config::{Destination, DestinationType, SecretSource};

use crate::app::{self, parts};
use crate::cli::ask;
use crate::cli::context::{Context, Loaded};
use crate::cli::output::note;
use crate::cli::prepare::{self, Plan, PrepareError, Prepared};
use crate::cli::report::{Exit, Failure};
use crate::secret::{self, Secret};
use crate::store::tills;

/// The environment variable with the administrator's key, for set-ups without a person.
const KEY_VARIABLE: &str = "TILLPOST_ODOO_ADMIN_KEY";

/// The environment variable with the administrator's login, which Odoo below 19 asks for.
const LOGIN_VARIABLE: &str = "TILLPOST_ODOO_ADMIN_LOGIN";
/// What an administrator is called when nobody says otherwise.
const LOGIN_DEFAULT: &str = "admin";

/// Set up Odoo for this store.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost odoo prepare --dry-run")]
pub enum Odoo {
    /// Set up tills, journals, payment methods and the agent's user in Odoo; run again it changes nothing.
    #[command(
        after_help = "Example:\n  tillpost odoo prepare --dry-run\n  tillpost odoo prepare --till 1 --till 2\n\n\
        It needs an administrator's API key: asked for, or in TILLPOST_ODOO_ADMIN_KEY. The key is not kept.\n\
        Below Odoo 19 the login too, in TILLPOST_ODOO_ADMIN_LOGIN (else admin)."
    )]
    Prepare(Prepare),
}

/// See [`Odoo::Prepare`].
#[derive(Debug, Args)]
pub struct Prepare {
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// A till to set up, beside those in the configuration and those that were added.
    #[arg(long = "till", value_name = "CODE")]
    tills: Vec<String>,
    /// Which destination of the configuration, where there is more than one Odoo.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
}

/// Sets it up.
pub fn run(odoo: &Odoo, context: &mut Context) -> Result<Exit, Failure> {
    let Odoo::Prepare(arguments) = odoo;
    let loaded = context.load()?;
    let destination = destination(&loaded, arguments.destination.as_deref())?;
    let tills = tills_of(&loaded, &arguments.tills, context)?;
    let plan = Plan::new(&loaded.config, destination, &tills);
    let login = std::env::var(LOGIN_VARIABLE).unwrap_or_else(|_| LOGIN_DEFAULT.to_owned());
    let client = parts::client_as(destination, key()?, Some(&login))?;
    let runtime = app::runtime()?;
    let json = context.out.json();
    // What is done is told as it is done; a program reads only how it ended.
    let mut told = Vec::new();
    let to: &mut dyn std::io::Write = if json {
        &mut told
    } else {
        context.out.writer()
    };
    let prepared = runtime
        .block_on(prepare::prepare(&client, &plan, arguments.dry_run, to))
        .map_err(failed)?;
    if json {
        context.out.value(&ended(&prepared, arguments.dry_run))?;
    }
    Ok(Exit::yes_if(prepared.blocked == 0))
}

fn ended(prepared: &Prepared, dry_run: bool) -> serde_json::Value {
    json!({
        "dry_run": dry_run, "existing": prepared.existing, "changed": prepared.changed,
        "blocked": prepared.blocked, "login": prepared.login,
    })
}

fn destination<'a>(loaded: &'a Loaded, name: Option<&str>) -> Result<&'a Destination, Failure> {
    let all = loaded.config.destinations.iter();
    let odoos: Vec<&Destination> = all
        .filter(|destination| destination.kind == DestinationType::Odoo)
        .filter(|destination| name.is_none_or(|name| name == destination.name))
        .collect();
    match (odoos.as_slice(), name) {
        ([one], _) => Ok(one),
        ([], Some(name)) => Err(Failure::usage(format!(
            "the configuration has no Odoo destination called {name}"
        ))),
        ([], None) => Err(Failure::config("the configuration has no Odoo destination")
            .hint("add a [[destination]] of type odoo to tillpost.toml first")),
        (_, _) => Err(
            Failure::usage("the configuration has more than one Odoo destination")
                .hint("say which with --destination NAME"),
        ),
    }
}

/// The tills that were added, and those named in the call.
fn tills_of(loaded: &Loaded, named: &[String], context: &Context) -> Result<Vec<String>, Failure> {
    let mut codes = named.to_vec();
    // Odoo is often set up before the store's PC is: then there is no outbox yet.
    if loaded.outbox().is_ok() {
        let added = tills::list(&context.outbox(loaded)?)?;
        codes.extend(added.into_iter().map(|till| till.code));
    }
    Ok(codes)
}

fn key() -> Result<Secret, Failure> {
    if let Ok(key) = secret::read(&SecretSource::Env(KEY_VARIABLE.to_owned())) {
        return Ok(key);
    }
    note(
        "an administrator's API key is needed (Odoo: My Preferences, Security, Add API Key); it is not kept",
    );
    let key = ask::secret("key")?;
    if key.expose().is_empty() {
        let hint = format!("type it, or give it in {KEY_VARIABLE}");
        return Err(Failure::usage("no administrator's key was given").hint(hint));
    }
    Ok(key)
}

fn failed(error: PrepareError) -> Failure {
    match error {
        PrepareError::Impossible(message) => Failure::no(message),
        PrepareError::Call { doing, source } => Failure::no(format!("cannot {doing}"))
            .because(source)
            .hint("what was done before stays; run it again when the cause is gone"),
        PrepareError::Output(source) => Failure::no("cannot print the answer").because(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::store;

    #[test]
    fn without_an_odoo_there_is_nothing_to_prepare() {
        let (_dir, context, _) = store(false);
        let loaded = context.load().unwrap();
        assert_eq!(destination(&loaded, None).unwrap_err().exit(), Exit::Config);
        assert_eq!(
            destination(&loaded, Some("odoo")).unwrap_err().exit(),
            Exit::Usage
        );
        assert_eq!(
            tills_of(&loaded, &["1".to_owned()], &context).unwrap(),
            ["1"]
        );
    }
}
