//! `tillpost backup` and `tillpost audit`: a copy of the outbox that is known to be whole, and whether anybody changed
//! its history.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::grouped;
use crate::cli::report::{Exit, Failure};
use crate::store::backup;
use crate::store::history::{self, Chain};

/// Copy the outbox into a file while the service runs, and check the copy.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tillpost backup --to /backup/outbox.db")]
pub struct Backup {
    /// The file to write; in the current folder, named by store and time, when left out.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Check the history of everything that was done.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost audit verify")]
pub enum Audit {
    /// Check that no row of the history was changed or taken out.
    #[command(after_help = "Example:\n  tillpost audit verify")]
    Verify,
}

/// Copies the outbox.
pub fn backup(backup: &Backup, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let from = loaded.outbox()?;
    let stamp = context.now.strftime("%Y%m%dT%H%M%SZ");
    let named = || {
        PathBuf::from(format!(
            "tillpost-backup-{}-{stamp}.db",
            loaded.config.store.code
        ))
    };
    let to = backup.to.clone().unwrap_or_else(named);
    if to.is_dir() {
        return Err(Failure::usage(format!(
            "{} is a folder; name a file",
            to.display()
        )));
    }
    if let (Ok(from), Ok(to)) = (from.canonicalize(), to.canonicalize())
        && from == to
    {
        return Err(Failure::usage(
            "a copy cannot be written over the outbox itself",
        ));
    }
    let counts = backup::backup(&from, &to)?;
    if context.out.json() {
        context
            .out
            .value(&json!({"file": to.display().to_string(), "holds": counts}))?;
    } else {
        context.out.line(format!(
            "{} written and checked: {} documents",
            to.display(),
            grouped(counts.documents)
        ))?;
    }
    Ok(Exit::Done)
}

/// Checks the history's chain.
pub fn audit(_: &Audit, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let chain = history::verify(&context.outbox(&loaded)?)?;
    let (answer, sentence) = match chain {
        Chain::Whole(rows) => (
            json!({"whole": true, "rows": rows}),
            format!(
                "the history is whole: {} rows, each follows from the one before",
                grouped(rows)
            ),
        ),
        Chain::BrokenAt(row) => (
            json!({"whole": false, "broken_at": row}),
            format!("the history was changed: row {row} does not follow from the one before"),
        ),
    };
    if context.out.json() {
        context.out.value(&answer)?;
    } else {
        context.out.line(sentence)?;
    }
    Ok(Exit::yes_if(matches!(chain, Chain::Whole(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::store;
    use crate::cli::outbox;

    #[test]
    fn a_changed_history_is_noticed() {
        let (_dir, mut context, paper) = store(false);
        let loaded = context.load().unwrap();
        let now = context.now;
        let add = |what: &str| {
            outbox::write(&loaded, |connection| {
                Ok(history::add(connection, None, "it", what, now)?)
            })
            .unwrap();
        };
        add("one");
        add("two");
        assert_eq!(audit(&Audit::Verify, &mut context).unwrap(), Exit::Done);
        outbox::write(&loaded, |connection| {
            let changed = connection.execute("UPDATE history SET what = 'none' WHERE n = 1", []);
            Ok(changed.map_err(crate::store::StoreError::from)?)
        })
        .unwrap();
        assert_eq!(audit(&Audit::Verify, &mut context).unwrap(), Exit::No);
        assert!(
            paper
                .text()
                .ends_with("row 1 does not follow from the one before\n")
        );
    }

    #[test]
    fn the_outbox_is_never_written_over() {
        let (_dir, mut context, _) = store(false);
        let loaded = context.load().unwrap();
        outbox::write(&loaded, |_| Ok(())).unwrap();
        let to = Some(loaded.outbox().unwrap());
        assert_eq!(
            backup(&Backup { to }, &mut context).unwrap_err().exit(),
            Exit::Usage
        );
    }
}
