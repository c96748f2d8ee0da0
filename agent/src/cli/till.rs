//! `tillpost till`: which tills may hand over documents. Works beside a running service, and before its first start.

use clap::{Args, Subcommand};
use serde_json::json;
use tillpost_shared::document::Kind;
use tillpost_shared::scalar::Code;

use crate::cli::context::Context;
use crate::cli::outbox;
use crate::cli::report::{Exit, Failure};
use crate::secret;
use crate::store::tills::{self, Removed, Token};

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
    /// Take a till away and the token that was made under its name, for all tills it speaks for; documents stay.
    #[command(after_help = "Example:\n  tillpost till remove 3")]
    Remove(Remove),
}

/// See [`Till::Add`].
#[derive(Debug, Args)]
pub struct Add {
    /// The till's code, as it stands in its documents; with --for the name of the token.
    code: String,
    /// One token for a store server that sends for these tills; they keep their own.
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
    let mut codes = match add.also.is_empty() {
        true => vec![add.code.clone()],
        false => add.also.clone(),
    };
    codes.sort();
    codes.dedup();
    for code in codes.iter().chain([&add.code]) {
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
            &add.code,
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
    let (tills, tokens) = match loaded.outbox() {
        Ok(_) => {
            let outbox = context.outbox(&loaded)?;
            (tills::list(&outbox)?, tills::tokens(&outbox)?)
        }
        // Before the first start there is none; nor is there a till.
        Err(_) if !outbox::exists(&loaded) => (Vec::new(), Vec::new()),
        Err(failure) => return Err(failure),
    };
    let shared = tokens
        .into_iter()
        .filter(|token| token.tills != [token.owner.as_str()]);
    let shared: Vec<Token> = shared.collect();
    if context.out.json() {
        context
            .out
            .value(&json!({"tills": tills, "shared_tokens": shared}))?;
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
    for token in shared {
        let tills = token.tills.join(", ");
        let line = format!("the token of {} speaks for tills {tills}", token.owner);
        context.out.line(line)?;
    }
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
    let Some(removed) = removed else {
        return Err(
            Failure::no(format!("there is no till {code}")).hint("`tillpost till list` names them")
        );
    };
    if context.out.json() {
        let answer = json!({"code": code, "removed": true, "token_of": removed.token_of});
        context.out.value(&answer)?;
    } else {
        context.out.line(said(code, &removed))?;
    }
    Ok(Exit::Done)
}

fn said(code: &str, removed: &Removed) -> String {
    let others = removed.token_of.iter().filter(|till| *till != code);
    let others: Vec<&str> = others.map(String::as_str).collect();
    match (removed.till, others.join(", ")) {
        (true, others) if others.is_empty() => format!("till {code} removed; its documents stay"),
        (true, others) => format!(
            "till {code} removed; its token is worthless for tills {others} too, which stay; documents stay"
        ),
        (false, others) => {
            format!(
                "the token of {code} is worthless now; tills {others} stay, with their own tokens if they have any"
            )
        }
    }
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

    fn token_of(call_said: &str) -> String {
        call_said.lines().last().unwrap().to_owned()
    }
    fn spoken_for(context: &Context, token: &str) -> Option<Token> {
        let outbox = context.outbox(&context.load().unwrap()).unwrap();
        tills::of_token(&outbox, token).unwrap()
    }
    fn remove(code: &str) -> Till {
        Till::Remove(Remove {
            code: code.to_owned(),
        })
    }

    #[test]
    fn a_token_is_shown_once_and_speaks_for_its_tills() {
        let (_dir, mut context, paper) = store(false);
        call(of("server", &["2", "1"]), &mut context).unwrap();
        assert!(paper.text().starts_with("tills 1, 2 added; "));
        let token = token_of(&paper.text());
        let spoken = spoken_for(&context, &token).unwrap();
        assert_eq!(
            (&*spoken.owner, spoken.tills),
            ("server", vec!["1".into(), "2".into()])
        );
        run(&Till::List, &mut context).unwrap();
        let text = paper.text();
        assert_eq!(text.matches(&token).count(), 1);
        assert!(text.contains("1  added 2026-10-31 03:30"), "{text}");
        assert!(
            text.ends_with("the token of server speaks for tills 1, 2\n"),
            "{text}"
        );
        assert!(!text.contains("server  added"), "a store server is no till");
    }

    #[test]
    fn tills_keep_their_own_tokens_beside_a_servers() {
        let (_dir, mut context, paper) = store(false);
        let mut added = |code, also: &[&str]| {
            call(of(code, also), &mut context).unwrap();
            token_of(&paper.text())
        };
        let (own, server) = (added("1", &[]), added("srv", &["1", "2"]));
        let (fresh, again) = (added("2", &[]), added("srv", &["1", "2"]));
        let tills = |token| spoken_for(&context, token).map(|token| token.tills);
        assert_eq!(tills(&own), Some(vec!["1".to_owned()]));
        assert_eq!(tills(&fresh), Some(vec!["2".to_owned()]));
        assert_eq!(tills(&server), None, "replaced by the second call");
        assert_eq!(tills(&again), Some(vec!["1".to_owned(), "2".to_owned()]));
    }

    #[test]
    fn a_stolen_token_is_taken_back_by_its_name_for_every_till() {
        let (_dir, mut context, paper) = store(false);
        call(of("1", &[]), &mut context).unwrap();
        let own = token_of(&paper.text());
        call(of("srv", &["1", "2"]), &mut context).unwrap();
        let server = token_of(&paper.text());
        assert_eq!(run(&remove("srv"), &mut context).unwrap(), Exit::Done);
        assert!(paper.text().contains("tills 1, 2 stay"), "{}", paper.text());
        assert_eq!(spoken_for(&context, &server), None);
        assert!(spoken_for(&context, &own).is_some());
        run(&Till::List, &mut context).unwrap();
        assert!(paper.text().contains("2  added"), "its tills stay");
        assert_eq!(
            run(&remove("srv"), &mut context).unwrap_err().exit(),
            Exit::No
        );
    }

    #[test]
    fn a_till_that_is_itself_a_server_is_removed_with_its_token() {
        let (_dir, mut context, paper) = store(false);
        call(of("1", &["1", "2"]), &mut context).unwrap();
        let token = token_of(&paper.text());
        run(&remove("1"), &mut context).unwrap();
        assert_eq!(spoken_for(&context, &token), None);
        let end = "for tills 2 too, which stay; documents stay\n";
        assert!(paper.text().ends_with(end), "{}", paper.text());
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
        assert_eq!(
            paper.text(),
            "{\n  \"tills\": [],\n  \"shared_tokens\": []\n}\n"
        );
    }
}
