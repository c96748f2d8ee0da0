//! `tillpost support-bundle`: everything that somebody far away needs to help, in one file, and nothing that they must
//! not see: no documents, no names, no secrets.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::cli::client::Client;
use crate::cli::context::{Context, Loaded};
use crate::cli::doctor;
use crate::cli::output::note;
use crate::cli::report::{Exit, Failure};
use crate::store::survey::survey;
use crate::store::windows::windows_of;
use crate::{logging, paths};

/// Lines of the log that go with it.
const LOG_LINES_MAX: usize = 500;
/// Bytes of a log file that are looked at, from its end.
const LOG_BYTES_MAX: u64 = 4 << 20;

/// Write a file with configuration, checks, figures and log for support; no documents, no secrets.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tillpost support-bundle --to support.json.gz")]
pub struct SupportBundle {
    /// The file to write; in the current folder, named by store and time, when left out.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Gathers what can be had; what cannot is said instead.
pub fn run(bundle: &SupportBundle, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load();
    let store = loaded
        .as_ref()
        .map_or("unknown", |loaded| loaded.config.store.code.as_str());
    let stamp = context.now.strftime("%Y%m%dT%H%M%SZ");
    let named = || PathBuf::from(format!("tillpost-support-{store}-{stamp}.json.gz"));
    let to = bundle.to.clone().unwrap_or_else(named);
    note("gathering; the checks of the destinations may take a minute");
    let content = content(loaded.as_ref(), context);
    write(&to, &content).map_err(|error| {
        Failure::no(format!("cannot write {}", to.display()))
            .because(error)
            .hint("name another place with --to FILE")
    })?;
    if context.out.json() {
        context
            .out
            .value(&json!({"file": to.display().to_string()}))?;
    } else {
        context.out.line(format!("written to {}", to.display()))?;
    }
    Ok(Exit::Done)
}

fn content(loaded: Result<&Loaded, &Failure>, context: &Context) -> Value {
    let mut content = json!({
        "made_at": context.now.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "sqlite": rusqlite::version(),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "doctor": doctor::findings(context),
    });
    let parts = match loaded {
        Ok(loaded) => parts(loaded, context),
        Err(failure) => vec![("config", json!({"error": failure.text()}))],
    };
    for (name, part) in parts {
        content[name] = part;
    }
    content
}

fn parts(loaded: &Loaded, context: &Context) -> Vec<(&'static str, Value)> {
    let told = |failure: Failure| json!({"error": failure.text()});
    let figures = context.outbox(loaded).and_then(|connection| {
        Ok(survey(
            &connection,
            &windows_of(&loaded.config),
            context.now,
        )?)
    });
    let status = Client::new(loaded).and_then(|client| client.get("/v1/status")?.good());
    vec![
        ("config_file", loaded.file.display().to_string().into()),
        ("config", config(loaded)),
        (
            "outbox",
            figures.map_or_else(told, |figures| json!(figures)),
        ),
        ("status", status.unwrap_or_else(told)),
        ("log", log_lines(&paths::log_dir(&loaded.data_dir)).into()),
    ]
}

/// The configuration as it is in force. Secrets never write themselves out; an address may still hold a password.
fn config(loaded: &Loaded) -> Value {
    let mut config = loaded.config.clone();
    let addresses = config
        .destinations
        .iter_mut()
        .map(|destination| &mut destination.url);
    let addresses = addresses.chain(config.catalog.iter_mut().map(|catalog| &mut catalog.url));
    for address in addresses.flatten() {
        *address = without_user(address);
    }
    json!(config)
}

fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => address.to_owned(),
    }
}

/// The last lines of the newest log files, oldest first.
fn log_lines(dir: &Path) -> Vec<Value> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // Named by the day, so that their order is the order of time.
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == logging::FILE_SUFFIX)
    });
    files.sort();
    let mut lines: Vec<Value> = Vec::new();
    for file in files.iter().rev() {
        if lines.len() >= LOG_LINES_MAX {
            break;
        }
        let text = end_of(file).unwrap_or_default();
        let parsed = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.into()));
        lines.splice(0..0, parsed.collect::<Vec<_>>());
    }
    let surplus = lines.len().saturating_sub(LOG_LINES_MAX);
    lines.split_off(surplus)
}

fn end_of(file: &Path) -> io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(file)?;
    let start = file.metadata()?.len().saturating_sub(LOG_BYTES_MAX);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may be the end of one that began before.
    let whole = if start > 0 {
        text.split_once('\n').map_or("", |(_, rest)| rest)
    } else {
        &text
    };
    Ok(whole.to_owned())
}

fn write(to: &Path, content: &Value) -> io::Result<()> {
    let mut gzip = GzEncoder::new(File::create(to)?, Compression::default());
    serde_json::to_writer_pretty(&mut gzip, content)?;
    gzip.write_all(b"\n")?;
    gzip.finish()?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::cli::context::tests::store;

    #[test]
    fn a_bundle_holds_what_helps_and_no_secret() {
        let (dir, mut context, _) = store(false);
        let file = dir.path().join("tillpost.toml");
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("[listen]", "environment = \"test\"\n[listen]")
            + "[[destination]]\nname = \"odoo\"\ntype = \"odoo\"\nurl = \"http://127.0.0.1:1\"\ndatabase = \"prod\"\nsecret = \"hunter2\"\n";
        fs::write(&file, text).unwrap();
        let logs = dir.path().join("data/log");
        fs::create_dir_all(&logs).unwrap();
        fs::write(
            logs.join("tillpost.2026-10-30.log"),
            "{\"message\":\"one\"}\n",
        )
        .unwrap();
        fs::write(
            logs.join("tillpost.2026-10-31.log"),
            "{\"message\":\"two\"}\nplain\n",
        )
        .unwrap();
        let to = dir.path().join("bundle.json.gz");
        let bundle = SupportBundle {
            to: Some(to.clone()),
        };
        assert_eq!(run(&bundle, &mut context).unwrap(), Exit::Done);
        let mut text = String::new();
        GzDecoder::new(File::open(to).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        assert!(!text.contains("hunter2"));
        let content: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            content["log"],
            json!([{"message": "one"}, {"message": "two"}, "plain"])
        );
        assert_eq!(content["config"]["store"]["code"], "ZH01");
        assert_eq!(content["doctor"][0]["name"], "configuration");
    }

    #[test]
    fn an_address_loses_its_password() {
        let stripped = [
            "https://a:b@erp.example.com/x@y",
            "https://erp.example.com/x@y",
            "odd",
        ]
        .map(without_user);
        assert_eq!(
            stripped,
            [
                "https://erp.example.com/x@y",
                "https://erp.example.com/x@y",
                "odd"
            ]
        );
    }
}
