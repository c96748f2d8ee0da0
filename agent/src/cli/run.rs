//! `tillpost run` and `tillpost demo`: the service in the foreground, and a store to look at without any set-up.

use std::path::PathBuf;

use clap::Args;

use crate::app;
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure};
use crate::demo;
use crate::logging::{self, Terminal};
use crate::paths;

/// Run the service in the foreground; SIGTERM or Ctrl-C stops it cleanly.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tillpost run --config /etc/tillpost/tillpost.toml")]
pub struct Run {}

/// Show a store with two simulated tills, a sample catalog and a folder as destination.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tillpost demo --once")]
pub struct Demo {
    /// Keep the demo's files in this folder; a fresh temporary one when left out.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Ring up a day, deliver it, print the proof, and end.
    #[arg(long)]
    once: bool,
}

/// Runs the service until it is told to stop.
pub fn run(_: &Run, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let _logging = logging::start(&loaded.data_dir, Terminal::IfThere);
    app::run(loaded.config, &paths::profile_dir(&loaded.file))?;
    Ok(Exit::Done)
}

/// Runs the demo; its proof must be complete.
pub fn demo(demo: &Demo, _: &mut Context) -> Result<Exit, Failure> {
    let complete = demo::run(demo.dir.clone(), demo.once)?;
    Ok(Exit::yes_if(complete))
}
