//! `tillpost config`: is the configuration right, what does it come to, and what may stand in it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use tillpost_shared::config;

use crate::app::profiled;
use crate::cli::context::{self, Context};
use crate::cli::report::{Exit, Failure, config_problems};
use crate::paths;

/// Check and show the configuration.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost config check")]
pub enum Config {
    /// Check a configuration file; every problem is told with its line.
    #[command(after_help = "Example:\n  tillpost config check\n  tillpost config check new.toml")]
    Check(Check),
    /// Show the configuration with everything that was left out filled in; secrets stay hidden.
    #[command(after_help = "Example:\n  tillpost config show --json")]
    Show,
    /// Print the JSON Schema of the configuration, for editors.
    #[command(after_help = "Example:\n  tillpost config schema > tillpost.schema.json")]
    Schema,
}

/// See [`Config::Check`].
#[derive(Debug, Args)]
pub struct Check {
    /// The file; the one in use when left out.
    file: Option<PathBuf>,
}

/// Does it.
pub fn run(config: &Config, context: &mut Context) -> Result<Exit, Failure> {
    match config {
        Config::Check(check) => self::check(check, context),
        Config::Show => show(context),
        Config::Schema => {
            context.out.value(&config::schema())?;
            Ok(Exit::Done)
        }
    }
}

fn check(check: &Check, context: &mut Context) -> Result<Exit, Failure> {
    let file = check.file.clone().unwrap_or_else(|| context.config_file());
    let text = context::read_text(&file)?;
    let problems = problems(&text, &paths::profile_dir(&file));
    let name = file.display().to_string();
    let out = &mut context.out;
    if out.json() {
        let problem = |problem: &config::ConfigError| json!({"line": problem.line, "message": problem.message, "hint": problem.hint});
        let problems: Vec<_> = problems.iter().map(problem).collect();
        out.value(&json!({"file": name, "ok": problems.is_empty(), "problems": problems}))?;
    } else if problems.is_empty() {
        out.line(format!("{name}: ok"))?;
    } else {
        out.line(config_problems(&name, &problems))?;
    }
    Ok(if problems.is_empty() {
        Exit::Done
    } else {
        Exit::Config
    })
}

/// What is wrong with the text; then also which profiles it names that nobody has.
fn problems(text: &str, profiles: &Path) -> Vec<config::ConfigError> {
    let config = match config::read(text) {
        Err(problems) => return problems,
        Ok(config) => config,
    };
    let told = |unusable: profiled::Unusable| {
        let (message, hint) = match unusable.why.split_once("; ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (unusable.why, None),
        };
        config::ConfigError {
            line: config::line_of_profile(text, unusable.table, unusable.index),
            message,
            hint,
        }
    };
    let unusable = profiled::unusable(&config, profiles);
    unusable.into_iter().map(told).collect()
}

fn show(context: &mut Context) -> Result<Exit, Failure> {
    let mut loaded = context.load()?;
    loaded.config.data.dir = Some(loaded.data_dir.display().to_string());
    if context.out.json() {
        context.out.value(&loaded.config)?;
        return Ok(Exit::Done);
    }
    let text = toml::to_string_pretty(&loaded.config);
    let text =
        text.map_err(|error| Failure::bug("the configuration cannot be written").because(error))?;
    context.out.line(format!("# {}", loaded.file.display()))?;
    context.out.line(text.trim_end())?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::store;

    #[test]
    fn a_bad_file_is_told_with_line_and_suggestion() {
        let (dir, mut context, paper) = store(false);
        let file = dir.path().join("new.toml");
        std::fs::write(
            &file,
            "[store]\ncode = \"ZH01\"\ntimezon = \"Europe/Zurich\"\ncurrency = \"CHF\"\n",
        )
        .unwrap();
        let exit = check(&Check { file: Some(file) }, &mut context).unwrap();
        assert_eq!(exit.code(), 78);
        let text = paper.text();
        assert!(
            text.contains("new.toml:3: ") && text.contains("timezone"),
            "{text}"
        );
    }

    #[test]
    fn a_profile_that_nobody_has_is_told_with_line_and_suggestion() {
        let (dir, mut context, paper) = store(false);
        let file = dir.path().join("new.toml");
        let text = "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\n\
            [catalog]\nsource = \"folder\"\npath = \"c\"\n\
            [[inbox]]\npath = \"a\"\nprofile = \"json\"\n[[inbox]]\npath = \"b\"\nprofile = \"roqio_6\"\n\
            [[inbox]]\npath = \"d\"\nprofile = \"products_eu\"\n\
            [[price_file]]\npath = \"p.csv\"\nprofile = \"mine\"\n";
        std::fs::write(&file, text).unwrap();
        let run = |context: &mut Context| {
            let check = Check {
                file: Some(file.clone()),
            };
            super::check(&check, context).unwrap().code()
        };
        assert_eq!(run(&mut context), 78);
        let said = paper.text();
        assert!(
            said.contains("new.toml:13: ") && said.contains("did you mean `roqqio_6`"),
            "{said}"
        );
        assert!(
            said.contains("new.toml:16: products_eu: it writes files"),
            "{said}"
        );
        assert!(
            said.contains("new.toml:19: ") && said.contains("no profile `mine`"),
            "{said}"
        );
        let text = text
            .replace("roqio_6", "roqqio_6")
            .replace("products_eu", "ndjson");
        std::fs::write(&file, text).unwrap();
        std::fs::create_dir(dir.path().join("profiles")).unwrap();
        let own = tillpost_shared::profile::outward::shipped::text("products_eu").unwrap();
        std::fs::write(dir.path().join("profiles/mine.toml"), own).unwrap();
        assert_eq!(run(&mut context), 0);
    }

    #[test]
    fn what_is_shown_can_be_read_again_and_hides_secrets() {
        let (dir, mut context, paper) = store(false);
        let file = dir.path().join("tillpost.toml");
        let mut text = std::fs::read_to_string(&file).unwrap();
        text = text.replace("[listen]", "environment = \"test\"\n[listen]");
        text += "[[destination]]\nname = \"odoo\"\ntype = \"odoo\"\nurl = \"https://erp.example.com\"\ndatabase = \"prod\"\nsecret = \"hunter2\"\n";
        std::fs::write(&file, text).unwrap();
        assert_eq!(run(&Config::Show, &mut context).unwrap(), Exit::Done);
        let shown = paper.text();
        assert!(
            !shown.contains("hunter2") && shown.contains("day_cutoff = \"04:00\""),
            "{shown}"
        );
        assert!(config::read(&shown).is_ok(), "{shown}");
    }
}
