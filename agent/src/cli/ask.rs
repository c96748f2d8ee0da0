//! Asks a person for a secret: without showing it on a terminal, or from what is piped in.

use std::io::{self, BufRead, IsTerminal};
use std::process::{Command, Stdio};

use crate::cli::output::{note, prompt};
use crate::cli::report::Failure;
use crate::secret::Secret;

/// Asks once; piped in, it is the next line.
pub fn secret(what: &str) -> Result<Secret, Failure> {
    let terminal = io::stdin().is_terminal();
    let hidden = terminal.then(Hidden::begin);
    if terminal {
        prompt(&format!("{what}: "));
    }
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    drop(hidden);
    if terminal {
        // The person's own newline was not shown either.
        note("");
    }
    read.map_err(|error| Failure::no("cannot read the secret").because(error))?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// Asks twice on a terminal, where nobody sees a slip; once when it is piped in.
pub fn secret_twice(what: &str) -> Result<Secret, Failure> {
    let first = secret(what)?;
    if io::stdin().is_terminal() && secret("once more")? != first {
        return Err(Failure::no("the two are not the same").hint("nothing was changed; try again"));
    }
    Ok(first)
}

/// As long as it lives, the terminal does not show what is typed.
struct Hidden {
    hidden: bool,
}

impl Hidden {
    fn begin() -> Self {
        let hidden = stty("-echo");
        if !hidden {
            note("(this terminal will show what you type)");
        }
        Self { hidden }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if self.hidden {
            stty("echo");
        }
    }
}

/// Unix has a program for it; elsewhere it would take code that the rules of this house forbid.
fn stty(setting: &str) -> bool {
    let done = cfg!(unix).then(|| {
        Command::new("stty")
            .arg(setting)
            .stderr(Stdio::null())
            .status()
    });
    matches!(done, Some(Ok(status)) if status.success())
}
