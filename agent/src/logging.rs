//! What the service writes about itself: JSON lines into a file per day, and plain lines on a terminal.
//!
//! Messages are constant, what varies stands in fields, and no body of a document is ever a field: card data is taken
//! out before anything could log it, and a filter here would only look like a second line of defence.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use tracing::Level;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::paths;

/// The environment variable that sets the level, as in `debug` or `tillpost_agent=debug,warn`.
pub const LEVEL_VARIABLE: &str = "TILLPOST_LOG";
/// What is logged when nobody says otherwise.
const LEVEL_DEFAULT: Level = Level::INFO;
/// Days of log that are kept.
const FILES_MAX: usize = 14;
/// How a log file's name begins and ends; the day stands between.
pub const FILE_PREFIX: &str = "tillpost";
/// See [`FILE_PREFIX`].
pub const FILE_SUFFIX: &str = "log";

/// Keeps the log being written; dropping it writes what is still in memory.
#[derive(Debug)]
#[must_use = "the log ends when this is dropped"]
pub struct Logging {
    _file: WorkerGuard,
}

/// Whether people read along on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// When there is one.
    IfThere,
    /// Never: what the program prints is the story.
    Quiet,
}

/// Starts the log of a service with this data folder. A disk that takes no log is no reason not to serve: what is
/// written goes there as soon as it does.
pub fn start(data_dir: &Path, terminal: Terminal) -> Logging {
    let appender = Late {
        dir: paths::log_dir(data_dir),
        open: None,
    };
    // A disk that hangs must not hang the tills: lines that do not fit the queue are dropped and counted.
    let (file, guard) = tracing_appender::non_blocking(appender);
    let json = fmt::layer().json().flatten_event(true).with_writer(file);
    let shown = terminal == Terminal::IfThere && std::io::stderr().is_terminal();
    let plain = shown.then(|| {
        fmt::layer()
            .compact()
            .with_target(false)
            .with_writer(std::io::stderr)
            .with_filter(level())
    });
    // A second start in one process, as tests do, keeps the first one's log.
    let _ = tracing_subscriber::registry()
        .with(json.with_filter(level()))
        .with(plain)
        .try_init();
    Logging { _file: guard }
}

/// A day's file, opened when the first line is written, and tried again with each line until it can be.
struct Late {
    dir: PathBuf,
    open: Option<RollingFileAppender>,
}

impl Late {
    fn file(&mut self) -> io::Result<&mut RollingFileAppender> {
        if self.open.is_none() {
            // The appender looks for old files first, and complains of a folder that is not there.
            std::fs::create_dir_all(&self.dir)?;
            let appender = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix(FILE_PREFIX)
                .filename_suffix(FILE_SUFFIX)
                .max_log_files(FILES_MAX)
                .build(&self.dir);
            self.open = Some(appender.map_err(io::Error::other)?);
        }
        self.open
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl io::Write for Late {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.file()?.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), io::Write::flush)
    }
}

fn level() -> Targets {
    let wanted = std::env::var(LEVEL_VARIABLE).unwrap_or_default();
    targets(&wanted)
}

/// What is logged of whom; words that name no level mean the default.
fn targets(wanted: &str) -> Targets {
    let usual = Targets::new().with_default(LEVEL_DEFAULT);
    if wanted.trim().is_empty() {
        return usual;
    }
    wanted.parse().unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_everybodys_or_one_parts() {
        let debugs = |wanted: &str, who: &str| targets(wanted).would_enable(who, &Level::DEBUG);
        assert!(
            debugs("debug", "hyper") && !debugs("", "hyper") && !debugs("louder, please", "hyper")
        );
        let ours = "tillpost_agent=debug,warn";
        assert!(debugs(ours, "tillpost_agent::store") && !debugs(ours, "hyper"));
        assert!(!targets(ours).would_enable("hyper", &Level::INFO));
    }

    #[test]
    fn a_days_log_is_a_file_of_json_lines() {
        let dir = tempfile::tempdir().unwrap();
        let logging = start(dir.path(), Terminal::Quiet);
        tracing::info!(documents = 3, "documents stored");
        drop(logging);
        let file = std::fs::read_dir(paths::log_dir(dir.path()))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let name = file.file_name().into_string().unwrap();
        assert!(
            name.starts_with("tillpost.") && name.ends_with(".log"),
            "{name}"
        );
        let text = std::fs::read_to_string(file.path()).unwrap();
        // Other tests of the process may log too.
        assert!(
            text.contains(r#""message":"documents stored","documents":3"#),
            "{text}"
        );
    }
}
