//! `tillpost documents export`: what has not arrived, into a file on a USB stick, say.
//!
//! The outbox is not changed: the documents stay and are delivered when the line is back, and by their uid nobody
//! takes one twice. The file appears whole: written as `.part`, synced, renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{count, note};
use crate::cli::report::{Exit, Failure};
use crate::cli::totals::Totals;
use crate::paths;
use crate::store::export::{self, Leaving, Which};

/// See [`super::documents::Documents::Export`].
#[derive(Debug, Args)]
pub struct Export {
    /// The folder to write into, as that of a USB stick.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Delivered and withdrawn documents too.
    #[arg(long)]
    all: bool,
}

#[derive(Default)]
struct Written {
    documents: usize,
    without_body: usize,
    totals: Totals,
}

/// Writes them.
pub fn run(export: &Export, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let outbox = context.outbox(&loaded)?;
    let which = if export.all {
        Which::All
    } else {
        Which::Undelivered
    };
    let stamp = context.now.strftime("%Y%m%dT%H%M%SZ");
    let file = export.to.join(format!(
        "tillpost-{}-{stamp}.ndjson",
        loaded.config.store.code
    ));
    let failed = |error: io::Error| {
        Failure::no(format!("cannot write {}", file.display()))
            .because(error)
            .hint("nothing was taken out of the outbox; is the folder there, and has it room?")
    };
    fs::create_dir_all(&export.to).map_err(failed)?;
    let part = file.with_extension("ndjson.part");
    let mut to = BufWriter::new(File::create(&part).map_err(failed)?);
    let mut written = Written::default();
    let done = export::each(&outbox, which, |leaving| {
        written.take(&leaving, &mut to).map_err(failed)
    })
    .and_then(|()| whole(to, &part, &file, written.documents > 0).map_err(failed));
    if let Err(failure) = done {
        // Half a file would look like a whole one to a hurried person.
        let _ = fs::remove_file(&part);
        return Err(failure);
    }
    tell(&written, &file, context)
}

impl Written {
    fn take(&mut self, leaving: &Leaving, to: &mut impl Write) -> io::Result<()> {
        let Some(line) = &leaving.line else {
            self.without_body += 1;
            return Ok(());
        };
        writeln!(to, "{line}")?;
        self.documents += 1;
        self.totals
            .add(&leaving.kind, leaving.currency.as_deref(), leaving.total);
        Ok(())
    }
}

fn whole(to: BufWriter<File>, part: &Path, file: &Path, any: bool) -> io::Result<()> {
    let to = to.into_inner().map_err(io::IntoInnerError::into_error)?;
    to.sync_all()?;
    drop(to);
    if !any {
        return fs::remove_file(part);
    }
    fs::rename(part, file)?;
    paths::sync_dir(paths::parent(file))
}

fn tell(written: &Written, file: &Path, context: &mut Context) -> Result<Exit, Failure> {
    let any = written.documents > 0;
    if context.out.json() {
        context.out.value(&json!({
            "file": any.then(|| file.display().to_string()), "documents": written.documents,
            "without_body": written.without_body, "totals": written.totals.json(),
        }))?;
        return Ok(Exit::Done);
    }
    if any {
        let documents = count(written.documents, "document");
        context
            .out
            .line(format!("{documents} written to {}", file.display()))?;
        context.out.table(&written.totals.rows())?;
        note("they stay in the outbox and are still delivered; whoever takes both takes each once");
    } else {
        context.out.line("there is nothing to export")?;
    }
    if written.without_body > 0 {
        let documents = count(written.without_body, "document");
        note(&format!(
            "{documents} left out: delivered so long ago that only key, total and state are kept"
        ));
    }
    Ok(Exit::Done)
}
