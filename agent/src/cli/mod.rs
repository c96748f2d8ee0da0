//! The command line: what people and scripts call. One file per family of commands; here is only which there are, and
//! how each ends.
//!
//! Commands that change documents go through the running service, over its HTTP API and with a key that only
//! administrators can read. The others open the outbox beside it, so that they work when nothing else does.

pub mod ask;
pub mod bundle;
pub mod catalog;
pub mod check;
pub mod client;
pub mod config;
pub mod context;
pub mod doctor;
pub mod documents;
pub mod export;
pub mod files;
pub mod login;
pub mod odoo;
pub mod outbox;
pub mod output;
pub mod prepare;
pub mod profiled;
pub mod proof;
pub mod report;
pub mod run;
pub mod safety;
pub mod status;
pub mod submit;
pub mod till;
pub mod totals;
pub mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::context::Context;
use crate::cli::output::{Out, note};
use crate::cli::report::{Exit, Failure};

/// Under which head the help shows what every command takes.
const EVERYWHERE: &str = "For every command";

/// Tillpost, the store-edge agent: keeps what the tills did, and brings it to head office.
#[derive(Debug, Parser)]
#[command(
    name = "tillpost",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Example:\n  tillpost demo --once\n\nExit codes: 0 done, 1 the answer is no, 64 wrong call, 69 the service cannot be reached, 70 a bug, 78 bad configuration"
)]
struct Arguments {
    /// The configuration file; else the one in TILLPOST_CONFIG, else the system's.
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// Answer in JSON, for programs.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Demo(run::Demo),
    Submit(submit::Submit),
    Check(check::Check),
    Status(status::Status),
    #[command(subcommand)]
    Documents(documents::Documents),
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    Proof(proof::Proof),
    #[command(subcommand)]
    Config(config::Config),
    #[command(subcommand)]
    Login(login::Login),
    #[command(subcommand)]
    Till(till::Till),
    #[command(subcommand)]
    Odoo(odoo::Odoo),
    Doctor(doctor::Doctor),
    SupportBundle(bundle::SupportBundle),
    Backup(safety::Backup),
    #[command(subcommand)]
    Audit(safety::Audit),
}

/// Reads the command line, does what it says, and answers how it ended.
pub fn main() -> ExitCode {
    tell_panics();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(told(&error).code()),
    };
    let mut context = Context::new(Out::stdout(arguments.json), arguments.config);
    let done = run(&arguments.command, &mut context).and_then(|exit| {
        context.out.flush()?;
        Ok(exit)
    });
    ExitCode::from(ended(done).code())
}

fn run(command: &Command, context: &mut Context) -> Result<Exit, Failure> {
    match command {
        Command::Run(arguments) => run::run(arguments, context),
        Command::Demo(arguments) => run::demo(arguments, context),
        Command::Submit(arguments) => submit::run(arguments, context),
        Command::Check(arguments) => check::run(arguments, context),
        Command::Status(arguments) => status::run(arguments, context),
        Command::Documents(arguments) => documents::run(arguments, context),
        Command::Catalog(arguments) => catalog::run(arguments, context),
        Command::Proof(arguments) => proof::run(arguments, context),
        Command::Config(arguments) => config::run(arguments, context),
        Command::Login(arguments) => login::run(arguments, context),
        Command::Till(arguments) => till::run(arguments, context),
        Command::Odoo(arguments) => odoo::run(arguments, context),
        Command::Doctor(arguments) => doctor::run(arguments, context),
        Command::SupportBundle(arguments) => bundle::run(arguments, context),
        Command::Backup(arguments) => safety::backup(arguments, context),
        Command::Audit(arguments) => safety::audit(arguments, context),
    }
}

fn ended(done: Result<Exit, Failure>) -> Exit {
    match done {
        Ok(exit) => exit,
        Err(failure) => {
            failure.print();
            failure.exit()
        }
    }
}

/// Help and version were asked for; everything else that clap says is a wrong call.
fn told(error: &clap::Error) -> Exit {
    // Where nobody listens there is nobody to be told.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Done
    }
}

/// A panic is a bug: told once, logged once, and the end of the process. A service whose thread died must not go on
/// looking alive; its manager starts it again.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "panicked");
        note(&format!(
            "error: this is a bug of Tillpost, at {place}\n  please report it with: tillpost support-bundle"
        ));
        end_with_bug();
    }));
}

#[expect(
    clippy::disallowed_methods,
    reason = "after a panic nothing can be trusted to be dropped in order"
)]
fn end_with_bug() {
    std::process::exit(Exit::Bug.code().into());
}

#[cfg(test)]
mod service_tests;
#[cfg(test)]
mod tests;
