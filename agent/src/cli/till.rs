//! `tillpost till`: which tills may hand over documents. Works beside a running service, and before its first start.

use clap::{Args, Subcommand};
use serde_json::json;
use tillpost_shared::document::Kind;
use tillpost_shared::scalar::Code;

use crate::cli::context::Context;
use crate::cli::outbox;
use crate::cli::report::{Exit, Failure};
use crate::secret;
use crate::store::tills;

/// Add, list and remove tills.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost till add 3")]
pub enum Till {
    /// Add a till and show its token, once; adding it again gives it a new token.
    #[command(
        after_help = "Example:\n  tillpost till add 3\n  tillpost till add server --for 1,2,3"
    )]
    Add(Add),
    /// List the tills that were added.
    #[command(after_help = "Example:\n  tillpost till list --json")]
    List,
    /// Take a till's token away; its documents stay.
    #[command(after_help = "Example:\n  tillpost till remove 3")]
    Remove(Remove),
}

/// See [`Till::Add`].
#[derive(Debug, Args)]
pub struct Add {
    /// The till's code, as it stands in its documents.
    code: String,
    /// One token for a store server that sends for these tills too.
    #[arg(long = "for", value_name = "CODES", value_delimiter = ',')]
    also: Vec<String>,
    /// The series of its documents that name none: a new one where its numbers began again.
    #[arg(long, value_name = "N")]
    series: Option<String>,
}

/// See [`Till::Remove`].
#[derive(Debug, Args)]
pub struct Remove {
    /// The till's code.
    code: String,
}

/// Does it.
pub fn run(till: &Till, context: &mut Context) -> Result<Exit, Failure> {
    match till {
        Till::Add(add) => self::add(add, context),
        Till::List => list(context),
        Till::Remove(remove) => self::remove(remove, context),
    }
}

fn add(add: &Add, context: &mut Context) -> Result<Exit, Failure> {
    let mut codes = vec![add.code.clone()];
    codes.extend(add.also.iter().filter(|code| **code != add.code).cloned());
    for code in &codes {
        check_code(code, "a till's code")?;
        check_free(code)?;
    }
    if let Some(series) = &add.series {
        check_code(series, "a series")?;
    }
    let loaded = context.load()?;
    let token = secret::new_token();
    outbox::write(&loaded, |connection| {
        Ok(tills::add(
            connection,
            &codes,
            add.series.as_deref(),
            &token,
            context.now,
        )?)
    })?;
    if context.out.json() {
        let answer =
            json!({"code": add.code, "tills": codes, "series": add.series, "token": token});
        context.out.value(&answer)?;
    } else {
        let plural = if codes.len() == 1 { "till" } else { "tills" };
        context.out.line(format!(
            "{plural} {} added; the token, shown only this once:",
            codes.join(", ")
        ))?;
        context.out.line(&token)?;
    }
    Ok(Exit::Done)
}

fn check_code(text: &str, what: &str) -> Result<(), Failure> {
    match Code::parse(text) {
        Some(_) => Ok(()),
        None => Err(Failure::usage(format!(
            "{what} must be 1 to 32 of A-Z a-z 0-9 . _ -"
        ))),
    }
}

/// Kinds that need no till stand in keys where tills stand.
fn check_free(code: &str) -> Result<(), Failure> {
    let kinds = [
        Kind::Settlement,
        Kind::StockCount,
        Kind::StockMove,
        Kind::Pickup,
    ];
    if kinds.iter().any(|kind| kind.as_str() == code) {
        return Err(
            Failure::usage(format!("a till may not be called `{code}`")).hint("take another code")
        );
    }
    Ok(())
}

fn list(context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let tills = match loaded.outbox() {
        Ok(_) => tills::list(&context.outbox(&loaded)?)?,
        // Before the first start there is none; nor is there a till.
        Err(_) if !outbox::exists(&loaded) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    if context.out.json() {
        context.out.value(&json!({"tills": tills}))?;
        return Ok(Exit::Done);
    }
    if tills.is_empty() {
        context.out.line("no till was added")?;
    }
    let zone = loaded.config.store.zone();
    let rows = tills.iter().map(|till| {
        let series = till
            .series
            .as_ref()
            .map(|series| format!("series {series}"));
        let added = till
            .added_at
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M");
        [
            till.code.clone(),
            format!("added {added}"),
            series.unwrap_or_default(),
        ]
    });
    context.out.table(&rows.collect::<Vec<_>>())?;
    Ok(Exit::Done)
}

fn remove(remove: &Remove, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    // Not made for the purpose: an outbox that is not there has no till.
    loaded.outbox()?;
    let code = &remove.code;
    let removed = outbox::write(&loaded, |connection| {
        Ok(tills::remove(connection, code, context.now)?)
    })?;
    if !removed {
        return Err(
            Failure::no(format!("there is no till {code}")).hint("`tillpost till list` names them")
        );
    }
    if context.out.json() {
        context.out.value(&json!({"code": code, "removed": true}))?;
    } else {
        context
            .out
            .line(format!("till {code} removed; its documents stay"))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::store;

    fn call(arguments: Add, context: &mut Context) -> Result<Exit, Failure> {
        run(&Till::Add(arguments), context)
    }
    fn of(code: &str, also: &[&str]) -> Add {
        Add {
            code: code.to_owned(),
            also: also.iter().map(ToString::to_string).collect(),
            series: None,
        }
    }

    #[test]
    fn a_token_is_shown_once_and_speaks_for_its_tills() {
        let (_dir, mut context, paper) = store(false);
        call(of("server", &["1", "2"]), &mut context).unwrap();
        let text = paper.text();
        let token = text.lines().nth(1).unwrap();
        let outbox = context.outbox(&context.load().unwrap()).unwrap();
        assert_eq!(
            tills::of_token(&outbox, token).unwrap(),
            ["1", "2", "server"]
        );
        assert!(text.starts_with("tills server, 1, 2 added; "));
        run(&Till::List, &mut context).unwrap();
        assert_eq!(paper.text().matches(token).count(), 1);
        assert!(
            paper.text().contains("server  added 2026-10-31 03:30"),
            "{}",
            paper.text()
        );
    }

    #[test]
    fn a_till_is_added_beside_a_service_at_work() {
        let (_dir, mut context, _) = store(false);
        let data = context.load().unwrap().data_dir;
        let _service = crate::store::Store::open(&data).unwrap();
        assert_eq!(call(of("3", &[]), &mut context).unwrap(), Exit::Done);
    }

    #[test]
    fn a_till_that_is_not_there_cannot_be_removed() {
        let (_dir, mut context, paper) = store(false);
        call(of("3", &[]), &mut context).unwrap();
        let remove = |code: &str| {
            Till::Remove(Remove {
                code: code.to_owned(),
            })
        };
        assert_eq!(
            run(&remove("4"), &mut context).unwrap_err().exit(),
            Exit::No
        );
        assert_eq!(run(&remove("3"), &mut context).unwrap(), Exit::Done);
        assert!(
            paper
                .text()
                .ends_with("till 3 removed; its documents stay\n")
        );
    }

    #[test]
    fn a_code_that_cannot_stand_in_a_key_is_a_wrong_call() {
        let (_dir, mut context, _) = store(false);
        for code in ["", "a b", "stock_move"] {
            assert_eq!(
                call(of(code, &[]), &mut context).unwrap_err().exit(),
                Exit::Usage
            );
        }
        assert!(
            !context.load().unwrap().data_dir.exists(),
            "nothing was made"
        );
    }

    #[test]
    fn without_an_outbox_there_is_no_till() {
        let (_dir, mut context, paper) = store(true);
        assert_eq!(run(&Till::List, &mut context).unwrap(), Exit::Done);
        assert_eq!(paper.text(), "{\n  \"tills\": []\n}\n");
    }
}
