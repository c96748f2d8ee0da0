//! A store's place on a PC: configuration, data folder, drop and hand-over folders, and the command line used there.
//!
//! It outlives the processes that run in it, so that a test can kill one and start the next.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::agent::Agent;

/// The store's code in every test.
pub const STORE: &str = "ZH01";

/// What stands in `tillpost.toml`; `{home}` in any part becomes the home's folder.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Whether tills need a token.
    pub require_token: bool,
    /// Name of the environment.
    pub environment: String,
    /// Currency of the store.
    pub currency: String,
    /// Destinations, catalog and whatever else, as TOML.
    pub more: Vec<String>,
}

impl Setup {
    /// A store without destination: what it takes in is stored and counts as delivered.
    pub fn bare() -> Self {
        Self {
            require_token: true,
            environment: "test".to_owned(),
            currency: "USD".to_owned(),
            more: Vec::new(),
        }
    }

    /// A store that hands over to files in `out`.
    pub fn folder() -> Self {
        Self::bare().with(FOLDER)
    }

    /// Adds TOML.
    pub fn with(mut self, toml: &str) -> Self {
        self.more.push(toml.to_owned());
        self
    }

    fn toml(&self, home: &Path) -> String {
        let Self {
            require_token,
            environment,
            currency,
            ..
        } = self;
        let text = format!(
            "[store]\ncode = \"{STORE}\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"{currency}\"\n\
             environment = \"{environment}\"\nlanguage = \"en\"\n\n\
             [listen]\naddress = \"127.0.0.1:0\"\nrequire_token = {require_token}\n\n\
             [data]\ndir = \"{{home}}/data\"\n\n{}\n",
            self.more.join("\n\n")
        );
        text.replace("{home}", home.to_str().unwrap())
    }
}

/// The hand-over to files in the home's folder `out`.
pub const FOLDER: &str =
    "[[destination]]\nname = \"files\"\ntype = \"folder\"\npath = \"{home}/out\"";

/// What a command said.
#[derive(Debug, Clone)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Its output as JSON, of a command that ended well.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Panics unless it ended with this exit code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Everything it said, on both outputs.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A store's place on a PC.
pub struct Home {
    /// Taken out only when it is dropped.
    dir: Option<TempDir>,
    env: Vec<(String, String)>,
    before: Vec<String>,
}

impl Home {
    pub fn new(setup: &Setup) -> Self {
        let home = Self {
            dir: Some(TempDir::with_prefix("tillpost-test-").unwrap()),
            env: Vec::new(),
            before: Vec::new(),
        };
        home.configure(setup);
        home
    }

    /// Writes the configuration anew.
    pub fn configure(&self, setup: &Setup) {
        std::fs::write(self.config(), setup.toml(self.path())).unwrap();
    }

    /// Puts other words into the configuration; panics when the old ones are not there.
    pub fn reword(&self, before: &str, after: &str) {
        let config = std::fs::read_to_string(self.config()).unwrap();
        let changed = config.replace(before, after);
        assert_ne!(config, changed, "{before} is not there");
        std::fs::write(self.config(), changed).unwrap();
    }

    /// Sets an environment variable for the agent and for every command.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Has every command run by another one that ends in it, such as `nice -n 10`.
    pub fn set_before(&mut self, words: &[&str]) {
        self.before = words.iter().map(|word| (*word).to_owned()).collect();
    }

    pub fn path(&self) -> &Path {
        self.dir.as_ref().unwrap().path()
    }

    pub fn config(&self) -> PathBuf {
        self.path().join("tillpost.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Where the `folder` destination writes.
    pub fn out(&self) -> PathBuf {
        self.path().join("out")
    }

    /// The program in this place, with its configuration and environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.before.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program());
                command
            }
            None => Command::new(program()),
        };
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .env_remove("TILLPOST_CONFIG")
            .env_remove("TILLPOST_FAILPOINT")
            .env_remove("TILLPOST_WEAK_SYNC")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        run(&mut self.command(arguments))
    }

    /// Starts the service.
    pub fn start(&self) -> Agent {
        Agent::start(self, &[])
    }

    /// Adds a till and returns its token.
    pub fn add_till(&self, code: &str) -> String {
        let said = self.run(&["till", "add", code, "--json"]).json();
        let token = said["token"].as_str();
        token
            .unwrap_or_else(|| panic!("no token: {said}"))
            .to_owned()
    }

    /// Sets the secret of a role for the pages, as the store's IT would.
    pub fn set_login(&self, role: &str, secret: &str) {
        let mut command = self.command(&["login", "set", role]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{secret}").unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Every file below the home, with its bytes.
    pub fn every_file(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(self.path(), &mut files);
        files
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kept = self.dir.take().unwrap().keep();
            eprintln!("kept for a look: {}", kept.display());
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.is_file() {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
}

/// Runs a command to its end and keeps what it says.
pub fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The built program. Cargo tells its path only to the package that owns it, so it is looked for beside this
/// executable: `target/debug/deps/scenarios-…` and `target/debug/bench` belong to `target/debug/tillpost`.
pub fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folders = own.ancestors().skip(1).take(2);
    let mut places = folders.map(|folder| folder.join("tillpost"));
    places.find(|place| place.is_file()).unwrap_or_else(|| {
        panic!(
            "there is no program tillpost beside {}. Build it: cargo build --workspace",
            own.display()
        )
    })
}
