//! `tillpost login`: the secrets with which the store's manager and its IT sign in on the status page.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::ask;
use crate::cli::context::Context;
use crate::cli::outbox;
use crate::cli::report::{Exit, Failure};
use crate::intake::http::login::{Role, SECRET_CHARS_MIN, Verifier};
use crate::secret::Secret;

/// Set the secrets of the status page.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost login set manager")]
pub enum Login {
    /// Set the secret of a role; it is asked for, or read from what is piped in.
    #[command(
        after_help = "Example:\n  tillpost login set manager\n  printf '%s\\n' \"$SECRET\" | tillpost login set it"
    )]
    Set(Set),
}

/// See [`Login::Set`].
#[derive(Debug, Args)]
pub struct Set {
    /// Whose secret.
    #[arg(value_parser = ["manager", "it"])]
    role: String,
}

/// Asks for it and keeps its hash.
pub fn run(login: &Login, context: &mut Context) -> Result<Exit, Failure> {
    let Login::Set(set) = login;
    // Before a person types anything: is there a store to set it for?
    context.load()?;
    let secret = ask::secret_twice(&format!(
        "secret of {}, at least {SECRET_CHARS_MIN} characters",
        set.role
    ))?;
    keep(&set.role, &secret, context)
}

fn keep(role: &str, secret: &Secret, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let role =
        Role::from_word(role).ok_or_else(|| Failure::usage("the roles are manager and it"))?;
    let Some(verifier) = Verifier::of(secret.expose()) else {
        let message = format!("a secret has at least {SECRET_CHARS_MIN} characters");
        return Err(Failure::no(message).hint("nothing was changed"));
    };
    outbox::write(&loaded, |connection| {
        Ok(verifier.keep(connection, role, "it", context.now)?)
    })?;
    if context.out.json() {
        context
            .out
            .value(&json!({"role": role.as_str(), "set": true}))?;
    } else {
        context.out.line(format!(
            "the secret of {} is set; whoever was signed in with the one before is not any more",
            role.as_str()
        ))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::store;

    #[test]
    fn a_secret_is_kept_as_a_hash_and_in_the_history() {
        let (_dir, mut context, paper) = store(false);
        keep("manager", &Secret::new("open sesame"), &mut context).unwrap();
        let outbox = context.outbox(&context.load().unwrap()).unwrap();
        let kept = Verifier::kept(&outbox, Role::Manager).unwrap().unwrap();
        assert!(kept.fits("open sesame") && !kept.fits("open"));
        assert!(Verifier::kept(&outbox, Role::It).unwrap().is_none());
        assert!(!paper.text().contains("sesame"));
    }

    #[test]
    fn a_short_secret_changes_nothing() {
        let (_dir, mut context, _) = store(false);
        let failure = keep("it", &Secret::new("short"), &mut context).unwrap_err();
        assert_eq!(
            failure.text(),
            "error: a secret has at least 8 characters\n  nothing was changed"
        );
    }
}
