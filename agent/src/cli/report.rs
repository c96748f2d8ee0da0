//! How a command ends: the exit code, and what a person is told when it could not do what was asked. Only here are
//! errors printed: the chain once, then what to do about it.

use std::error::Error;
use std::fmt::Write as _;

use tillpost_shared::config::ConfigError;

use crate::app::AppError;
use crate::cli::output;
use crate::intake::http::tls::certificate::CertificateError;
use crate::secret::SecretError;
use crate::store::StoreError;

/// The exit codes that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; held and duplicate count as done.
    Done = 0,
    /// The answer is no.
    No = 1,
    /// Called in a way that makes no sense (`EX_USAGE`).
    Usage = 64,
    /// The service cannot be reached (`EX_UNAVAILABLE`).
    Unreachable = 69,
    /// A bug of the program (`EX_SOFTWARE`).
    Bug = 70,
    /// Bad configuration (`EX_CONFIG`).
    Config = 78,
}

impl Exit {
    /// The number the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }
    /// `Done` when it holds, else `No`.
    pub const fn yes_if(holds: bool) -> Self {
        if holds { Self::Done } else { Self::No }
    }
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    hint: Option<String>,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            source: None,
            hint: None,
        }
    }
    /// The answer is no.
    pub fn no(message: impl Into<String>) -> Self {
        Self::new(Exit::No, message)
    }
    /// It was asked in a way that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }
    /// The service cannot be reached.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, message)
    }
    /// The configuration is bad.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Exit::Config, message)
    }
    /// Nobody reads the answer any more: not worth a word.
    pub fn reader_gone() -> Self {
        Self::new(Exit::Done, "")
    }
    /// The program is wrong.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Exit::Bug, message)
    }
    /// Everything that is wrong with a configuration file.
    pub fn bad_config(file: &str, problems: &[ConfigError]) -> Self {
        let problems = config_problems(file, problems);
        Self::config(format!("the configuration is not right\n{problems}"))
    }
    /// Why it is so.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// What it is about, in front of the message.
    #[must_use]
    pub fn about(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
    /// The exit code it leads to.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Its causes, each said once: some libraries repeat their source in their own text.
    fn causes(&self) -> Vec<String> {
        let first = self.source.as_deref().map(|source| source as &dyn Error);
        let mut said = self.message.clone();
        let mut causes = Vec::new();
        for cause in std::iter::successors(first, |cause| (**cause).source()) {
            let reason = cause.to_string();
            if !said.contains(&reason) {
                causes.push(reason.clone());
                said = reason;
            }
        }
        causes
    }

    /// What was tried and why it failed, in one line.
    pub fn sentence(&self) -> String {
        let causes = self.causes().into_iter();
        causes.fold(self.message.clone(), |text, cause| text + ": " + &cause)
    }

    /// What to do about it, when there is something.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What a person reads: what was tried, why it failed, what to do.
    pub fn text(&self) -> String {
        let mut text = format!("error: {}", self.message);
        for cause in self.causes() {
            let _ = write!(text, "\n  because: {cause}");
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\n  {hint}");
        }
        text
    }

    /// Tells it on stderr.
    pub fn print(&self) {
        if self.exit == Exit::Done {
            return;
        }
        output::note(&self.text());
    }
}

/// One line a problem, with file, line and what to do.
pub fn config_problems(file: &str, problems: &[ConfigError]) -> String {
    let lines = problems.iter().map(|problem| {
        let line = match problem.line {
            0 => String::new(),
            line => format!(":{line}"),
        };
        let hint = problem.hint.as_ref();
        let hint = hint.map(|hint| format!("\n    {hint}")).unwrap_or_default();
        format!("{file}{line}: {}{hint}", problem.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::Open { .. } | StoreError::Io { .. } => {
                "run it as administrator, or as the service's own account"
            }
            StoreError::InUse { .. } => "stop the other one first",
            StoreError::NotCommitted => "try again; if it stays, see what `tillpost doctor` says",
            StoreError::NoRoom => "make room on the disk; nothing is lost meanwhile",
            StoreError::Newer { .. } => "use the version of the program that the service runs",
            StoreError::Closing => "try again when the service has started",
            StoreError::Sql(_) | StoreError::Damaged(_) => "see what `tillpost doctor` says",
        };
        let failure = Self::no(error.to_string()).hint(hint);
        match error.source() {
            Some(source) => failure.because(source.to_string()),
            None => failure,
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Config(message) => Self::config(message),
            AppError::Store(error) => error.into(),
            AppError::Secret(error) => error.into(),
            AppError::Certificate(error) => error.into(),
            AppError::Listen { address, source } => Self::no(format!("cannot listen on {address}"))
                .because(source)
                .hint("does another program use it? `address` under [listen] names another one"),
            AppError::Machine { doing, source } => {
                Self::no(format!("cannot {doing}")).because(source)
            }
        }
    }
}

impl From<CertificateError> for Failure {
    fn from(error: CertificateError) -> Self {
        let (exit, hint) = match &error {
            CertificateError::Read { .. }
            | CertificateError::NotPem { .. }
            | CertificateError::Unusable { .. } => (
                Exit::Config,
                "see `tls` under [listen]; without it a certificate is made",
            ),
            CertificateError::Made(_) => (
                Exit::Config,
                "check the names in `hosts` under [listen], or bring a certificate: `tls` there",
            ),
            CertificateError::Write { .. } => (
                Exit::No,
                "check that the service's account may write to its data folder",
            ),
        };
        let failure = Self::new(exit, error.to_string()).hint(hint);
        match error.source() {
            Some(source) => failure.because(source.to_string()),
            None => failure,
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        let exit = match &error {
            // The configuration names what is not there.
            SecretError::NoVariable { .. }
            | SecretError::NoCredentials { .. }
            | SecretError::Read { .. }
            | SecretError::Empty { .. } => Exit::Config,
            SecretError::Write { .. } => Exit::No,
        };
        let failure = Self::new(exit, error.to_string()).hint(error.hint());
        match error.source() {
            Some(source) => failure.because(source.to_string()),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_once_with_its_causes_and_what_to_do() {
        let inner = std::io::Error::other("no such device");
        let failure = Failure::no("cannot write the file")
            .because(inner)
            .hint("check the stick");
        let expected = "error: cannot write the file\n  because: no such device\n  check the stick";
        assert_eq!(failure.text(), expected);
        assert_eq!(failure.exit().code(), 1);
    }

    #[test]
    fn a_cause_that_was_said_already_is_not_repeated() {
        let failure = Failure::no("cannot write: disk full").because("disk full");
        assert_eq!(failure.text(), "error: cannot write: disk full");
    }

    #[test]
    fn a_secret_that_is_not_where_the_configuration_says_is_bad_configuration() {
        let name = "TILLPOST_NOBODY_SETS_THIS".to_owned();
        let failure = Failure::from(SecretError::NoVariable { name });
        assert_eq!(failure.exit().code(), 78);
    }

    #[test]
    fn a_bad_configuration_names_line_and_suggestion() {
        let text = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\nlangauge = \"de\"\n";
        let problems = tillpost_shared::config::read(text).unwrap_err();
        let failure = Failure::bad_config("tillpost.toml", &problems);
        assert_eq!(failure.exit().code(), 78);
        insta::assert_snapshot!(failure.text());
    }
}
