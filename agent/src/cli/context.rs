//! What every command starts from: which configuration, which data folder, where the answer goes, and what time it is.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;
use tillpost_shared::config::{self, Config};

use crate::activity;
use crate::cli::output::Out;
use crate::cli::report::Failure;
use crate::intake::house::House;
use crate::paths;
use crate::store::{connection, numbers};

/// What every command starts from.
pub struct Context {
    /// Where the answer goes.
    pub out: Out,
    /// The time at which the command was called.
    pub now: Timestamp,
    config_file: Option<PathBuf>,
}

/// A configuration that was read, and where from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// The file.
    pub file: PathBuf,
    /// The data folder.
    pub data_dir: PathBuf,
}

impl Context {
    /// A command called now, with the file named on its command line.
    pub fn new(out: Out, config_file: Option<PathBuf>) -> Self {
        Self {
            out,
            now: activity::now(),
            config_file,
        }
    }

    /// The configuration file: named, else by the environment, else the system's.
    pub fn config_file(&self) -> PathBuf {
        let variable =
            || std::env::var_os(paths::CONFIG_VARIABLE).filter(|value| !value.is_empty());
        let named = self.config_file.clone();
        named
            .or_else(|| variable().map(PathBuf::from))
            .unwrap_or_else(paths::config_file_default)
    }

    /// Reads the configuration.
    pub fn load(&self) -> Result<Loaded, Failure> {
        load(&self.config_file())
    }

    /// The configuration, or `None` where nobody named one and the system has none: what needs no store of its own
    /// then works on an integrator's desk too.
    pub fn load_if_any(&self) -> Result<Option<Loaded>, Failure> {
        let file = self.config_file();
        if file == paths::config_file_default() && !file.exists() {
            return Ok(None);
        }
        load(&file).map(Some)
    }

    /// Opens the outbox beside the service, for reading.
    pub fn outbox(&self, loaded: &Loaded) -> Result<Connection, Failure> {
        let file = loaded.outbox()?;
        Ok(connection::open_reader(&file)?)
    }
}

impl Loaded {
    /// The outbox's file, which must be there.
    pub fn outbox(&self) -> Result<PathBuf, Failure> {
        let file = paths::outbox_file(&self.data_dir);
        match file.try_exists() {
            Ok(true) => Ok(file),
            Ok(false) => Err(Failure::no(format!("there is no outbox at {}", file.display()))
                .hint("it is made when the service starts for the first time, or the first till is added")),
            Err(error) => Err(Failure::no(format!("cannot look for the outbox at {}", file.display()))
                .because(error)
                .hint("run it as administrator, or as the service's own account")),
        }
    }

    /// What decides how this store's documents are read: by the configuration, and by how its tills numbered so far
    /// where an outbox is there that knows.
    pub fn house(&self) -> Result<House, Failure> {
        let house =
            House::of(&self.config).ok_or_else(|| Failure::config("the store's `code` is none"))?;
        let Ok(outbox) = self.outbox() else {
            return Ok(house);
        };
        let kept = numbers::kept(&connection::open_reader(&outbox)?)?;
        Ok(match kept {
            Some(kept) => house.numbering_as(&kept),
            None => house,
        })
    }
}

/// Reads a configuration file.
pub fn load(file: &Path) -> Result<Loaded, Failure> {
    let text = read_text(file)?;
    let name = file.display().to_string();
    let config = config::read(&text).map_err(|problems| Failure::bad_config(&name, &problems))?;
    Ok(Loaded {
        data_dir: paths::data_dir(&config),
        config,
        file: file.to_owned(),
    })
}

/// The text of a configuration file.
pub fn read_text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::config(format!("cannot read the configuration {}", file.display()))
            .because(error)
            .hint("name another one with --config FILE, or in TILLPOST_CONFIG")
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::output::tests::Paper;

    /// A store's configuration in a fresh folder, and a command that uses it.
    pub fn store(json: bool) -> (tempfile::TempDir, Context, Paper) {
        // As main does: whatever opens a TLS connection needs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tillpost.toml");
        let text = format!(
            "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n\
             [listen]\naddress = \"127.0.0.1:0\"\n[data]\ndir = '{}'\n",
            dir.path().join("data").display()
        );
        std::fs::write(&file, text).unwrap();
        let paper = Paper::default();
        let mut context = Context::new(Out::to(json, paper.clone()), Some(file));
        context.now = "2026-10-31T03:30:00+01:00".parse().unwrap();
        (dir, context, paper)
    }

    #[test]
    fn a_configuration_that_is_not_there_is_bad_configuration() {
        let context = Context::new(Out::to(false, Paper::default()), Some("/not/there".into()));
        let failure = context.load().unwrap_err();
        assert_eq!(failure.exit().code(), 78);
        assert!(failure.text().contains("--config FILE"));
    }

    #[test]
    fn an_outbox_that_was_never_made_is_said_so() {
        let (_dir, context, _) = store(false);
        let loaded = context.load().unwrap();
        let failure = context.outbox(&loaded).unwrap_err();
        assert!(
            failure.text().contains("there is no outbox at"),
            "{}",
            failure.text()
        );
        assert_eq!(failure.exit().code(), 1);
    }
}
