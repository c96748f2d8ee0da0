//! `tillpost doctor`: one look at everything that must be right, from the configuration to the far end of the line.
//!
//! Each check ends in one line that a person can read out on the telephone. A check that cannot be made says why;
//! none is left out silently.

mod certificate;
mod machine;
mod network;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use tillpost_shared::config::Config;

use crate::cli::client::Client;
use crate::cli::context::Context;
use crate::cli::output::Out;
use crate::cli::report::{Exit, Failure};
use crate::secret;

/// Check this installation: configuration, disk, outbox, service, clock, destinations.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tillpost doctor\n  tillpost doctor --json | jq '.checks[] | select(.level != \"ok\")'"
)]
pub struct Doctor {}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it ended.
    pub level: Level,
    /// What was checked.
    pub name: String,
    /// What was found.
    pub sentence: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(name: &str, sentence: impl Into<String>) -> Self {
        Self::new(Level::Ok, name, sentence.into(), None)
    }
    /// It works, and somebody should look.
    pub fn warn(name: &str, sentence: impl Into<String>, hint: &str) -> Self {
        Self::new(Level::Warn, name, sentence.into(), Some(hint))
    }
    /// It does not work.
    pub fn fail(name: &str, sentence: impl Into<String>, hint: &str) -> Self {
        Self::new(Level::Fail, name, sentence.into(), Some(hint))
    }
    fn new(level: Level, name: &str, sentence: String, hint: Option<&str>) -> Self {
        Self {
            level,
            name: name.to_owned(),
            sentence,
            hint: hint.map(str::to_owned),
        }
    }
    /// What a failure of a step on the way means to a check.
    fn of(name: &str, failure: &Failure) -> Self {
        // A bad configuration is told in several lines; a check is one.
        let sentence = failure.sentence();
        let lines: Vec<&str> = sentence.lines().map(str::trim).collect();
        Self::new(Level::Fail, name, lines.join("; "), failure.advice())
    }
}

/// Checks everything; one failure is a no.
pub fn run(_: &Doctor, context: &mut Context) -> Result<Exit, Failure> {
    let findings = findings(context);
    let healthy = findings.iter().all(|finding| finding.level != Level::Fail);
    if context.out.json() {
        context
            .out
            .value(&json!({"ok": healthy, "checks": findings}))?;
    } else {
        print(&mut context.out, &findings)?;
    }
    Ok(Exit::yes_if(healthy))
}

/// Everything that can be checked from here.
pub fn findings(context: &Context) -> Vec<Finding> {
    let loaded = match context.load() {
        Ok(loaded) => loaded,
        // Without it nothing else has a place to be looked for.
        Err(failure) => return vec![Finding::of("configuration", &failure)],
    };
    let mut findings = vec![Finding::ok(
        "configuration",
        format!("{} is right", loaded.file.display()),
    )];
    findings.extend(exposed(&loaded.config));
    findings.extend(certificate::finding(&loaded, context.now));
    findings.extend(machine::findings(&loaded, context.now));
    match Client::new(&loaded) {
        Ok(client) => findings.extend(network::service(&client, &loaded, context.now)),
        Err(failure) => findings.push(network::no_service(&failure)),
    }
    findings.extend(network::destinations(&loaded, context.now));
    findings
}

/// Secrets in files that everybody on the machine can read.
fn exposed(config: &Config) -> Vec<Finding> {
    let sources = config.destinations.iter().map(|one| &one.secret);
    let sources = sources.chain(config.catalog.iter().map(|one| &one.secret));
    let files: BTreeSet<_> = sources.flatten().filter_map(secret::exposed).collect();
    let finding = |file: PathBuf| {
        let sentence = format!(
            "{} can be read by everybody on this machine",
            file.display()
        );
        let hint = format!(
            "take it away from others with: chmod o-rwx {}",
            file.display()
        );
        Finding::warn("secret", sentence, &hint)
    };
    files.into_iter().map(finding).collect()
}

fn print(out: &mut Out, findings: &[Finding]) -> Result<(), Failure> {
    for finding in findings {
        let word = match finding.level {
            Level::Ok => "ok  ",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let hint = finding.hint.as_ref().map(|hint| format!("; {hint}"));
        let hint = hint.unwrap_or_default();
        out.line(format!(
            "{word} {}: {}{hint}",
            finding.name, finding.sentence
        ))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
