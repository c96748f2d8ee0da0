//! `tillpost documents`: look at what is stored, and what a person may do about what is not delivered.
//!
//! Looking works without the service; whatever changes a document is the service's to do.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tillpost_shared::document::Kind;

use crate::cli::client::Client;
use crate::cli::context::Context;
use crate::cli::export::{self, Export};
use crate::cli::report::{Exit, Failure};
use crate::cli::verdict::{problems, text};
use crate::outbox::State;
use crate::store::read::{self, Filter, RowView};

/// Documents of a list at most.
const LIMIT_MAX: u16 = 1_000;

/// List, show, retry, release, withdraw and export documents.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost documents list --state parked")]
pub enum Documents {
    /// List documents, newest stored first.
    #[command(
        after_help = "Example:\n  tillpost documents list --state parked\n  tillpost documents list --till 3 --date 2026-10-31"
    )]
    List(List),
    /// Show a document: as stored, where it goes, what was said, who did what.
    #[command(
        after_help = "Example:\n  tillpost documents show 01935f2e-7c1a-7000-8000-000000000001"
    )]
    Show(One),
    /// Try parked documents again, now.
    #[command(
        after_help = "Example:\n  tillpost documents retry 01935f2e-7c1a-7000-8000-000000000001"
    )]
    Retry(Several),
    /// Deliver held documents as they are.
    #[command(
        after_help = "Example:\n  tillpost documents release 01935f2e-7c1a-7000-8000-000000000001"
    )]
    Release(Release),
    /// Never deliver a held or parked document; it stays stored, with the reason.
    #[command(
        after_help = "Example:\n  tillpost documents withdraw 01935f2e-7c1a-7000-8000-000000000001 --reason \"rung up twice\""
    )]
    Withdraw(Withdraw),
    /// Write what has not been delivered into a file, for the way out by USB stick.
    #[command(after_help = "Example:\n  tillpost documents export --to /media/stick")]
    Export(Export),
}

/// See [`Documents::List`].
#[derive(Debug, Args)]
pub struct List {
    /// Only those in this state: held, parked, waiting, withdrawn or delivered.
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only this kind, such as sale.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only this till's.
    #[arg(long, value_name = "CODE")]
    till: Option<String>,
    /// Only this business date's.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<jiff::civil::Date>,
    /// So many at most, up to 1,000.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=i64::from(LIMIT_MAX)))]
    limit: u16,
    /// Go on after this page's last one: the `next` of the page before.
    #[arg(long, value_name = "NEXT")]
    after: Option<i64>,
}

/// One document.
#[derive(Debug, Args)]
pub struct One {
    /// Its id, from `tillpost documents list`.
    id: String,
}

/// Some documents.
#[derive(Debug, Args)]
pub struct Several {
    /// Their ids, from `tillpost documents list`.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// See [`Documents::Release`].
#[derive(Debug, Args)]
pub struct Release {
    /// Their ids, from `tillpost documents list`.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Why, in a few words; needed where one of the store's own rules held it.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// See [`Documents::Withdraw`].
#[derive(Debug, Args)]
pub struct Withdraw {
    /// Its id, from `tillpost documents list`.
    id: String,
    /// Why, in a few words; kept for good.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Does it.
pub fn run(documents: &Documents, context: &mut Context) -> Result<Exit, Failure> {
    match documents {
        Documents::List(list) => self::list(list, context),
        Documents::Show(one) => show(&one.id, context),
        Documents::Retry(some) => act(
            &some.ids,
            "retry",
            "will be tried again",
            &json!({}),
            context,
        ),
        Documents::Release(release) => {
            let body = match &release.reason {
                Some(reason) => json!({"reason": reason}),
                None => json!({}),
            };
            act(&release.ids, "release", "released", &body, context)
        }
        Documents::Withdraw(withdraw) => {
            let reason = withdraw.reason.trim();
            if reason.is_empty() {
                return Err(Failure::usage("a reason is needed, with --reason TEXT"));
            }
            let ids = [withdraw.id.clone()];
            act(
                &ids,
                "withdraw",
                "withdrawn",
                &json!({"reason": reason}),
                context,
            )
        }
        Documents::Export(export) => export::run(export, context),
    }
}

fn list(list: &List, context: &mut Context) -> Result<Exit, Failure> {
    if let Some(state) = &list.state
        && State::from_word(state).is_none()
    {
        let message = format!(
            "there is no state `{state}`; there are: held, parked, waiting, withdrawn, delivered"
        );
        return Err(Failure::usage(message));
    }
    if let Some(kind) = &list.kind
        && Kind::from_word(kind).is_none()
    {
        return Err(Failure::usage(format!("there is no kind `{kind}`")));
    }
    let loaded = context.load()?;
    let filter = Filter {
        state: list.state.clone(),
        kind: list.kind.clone(),
        tills: list.till.clone().map(|till| vec![till]),
        sender: None,
        date: list.date.map(|date| date.to_string()),
        limit: list.limit.into(),
        after: list.after,
    };
    let page = read::documents(&context.outbox(&loaded)?, &filter)?;
    if context.out.json() {
        context.out.value(&page)?;
        return Ok(Exit::Done);
    }
    if page.documents.is_empty() {
        context.out.line("there are no such documents")?;
    }
    let zone = loaded.config.store.zone();
    let row = |row: &RowView| {
        let stored = row
            .received_at
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S");
        let total = row.total.clone().unwrap_or_default();
        let total = format!("{total} {}", row.currency.as_deref().unwrap_or_default());
        [
            row.id.clone(),
            row.state.as_str().to_owned(),
            row.key.clone(),
            row.kind.clone(),
            row.business_date.clone(),
            total.trim().to_owned(),
            stored.to_string(),
        ]
    };
    context
        .out
        .table(&page.documents.iter().map(row).collect::<Vec<_>>())?;
    if let Some(next) = page.next {
        context
            .out
            .line(format!("there are more: --after {next}"))?;
    }
    Ok(Exit::Done)
}

fn show(id: &str, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let found = read::document(&context.outbox(&loaded)?, id)?;
    let view = found.ok_or_else(|| not_found(id))?;
    let out = &mut context.out;
    if out.json() {
        out.value(&view)?;
        return Ok(Exit::Done);
    }
    out.line(format!(
        "{} {} ({})",
        view.state.as_str(),
        view.key,
        view.kind
    ))?;
    out.line(format!("    id {}, uid {}", view.id, view.uid))?;
    problems(out, &json!({"problems": view.problems}))?;
    for delivery in &view.deliveries {
        let (state, times) = (delivery.state.as_str(), delivery.attempts);
        let mut line = format!(
            "to {}: {state}, answers so far: {times}",
            delivery.destination
        );
        if let Some(reference) = &delivery.reference {
            line += &format!(", there {reference}");
        }
        if let Some(due_at) = delivery.due_at {
            line += &format!(
                ", again at {}",
                due_at
                    .to_zoned(loaded.config.store.zone())
                    .strftime("%H:%M:%S")
            );
        }
        out.line(line)?;
        if let Some(answer) = &delivery.answer {
            out.line(format!("    {}: {}", answer.code, answer.message))?;
            if !answer.hint.is_empty() {
                out.line(format!("        {}", answer.hint))?;
            }
        }
    }
    for entry in &view.history {
        let at = entry
            .at
            .to_zoned(loaded.config.store.zone())
            .strftime("%Y-%m-%d %H:%M:%S");
        out.line(format!("{at}  {}: {}", entry.who, entry.what))?;
    }
    if view.document.is_null() {
        out.line("its text is no longer kept: it was delivered long ago")?;
    } else {
        out.line(format!("{:#}", view.document))?;
    }
    Ok(Exit::Done)
}

fn not_found(id: &str) -> Failure {
    Failure::no(format!("there is no document with the id {id}"))
        .hint("`tillpost documents list` names the ids")
}

/// Has the service do it to each; all are tried, whatever becomes of one.
fn act(
    ids: &[String],
    action: &str,
    done: &str,
    body: &Value,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let client = Client::new(&context.load()?)?;
    let mut refused = 0;
    let mut results = Vec::new();
    for id in ids {
        // What is no id cannot be found; nor may it become another path.
        let answer = if id
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        {
            let path = format!("/v1/documents/{id}/{action}");
            let answer = client.post(&path, "application/json", body.to_string().into_bytes())?;
            match answer.status {
                200 => Ok(answer.body),
                404 => Err(not_found(id)),
                _ => Err(answer.failure().about(id)),
            }
        } else {
            Err(not_found(id))
        };
        let answer = match answer {
            Ok(document) => {
                if !context.out.json() {
                    context
                        .out
                        .line(format!("{done}: {} ({id})", text(&document, "key")))?;
                }
                json!({"id": id, "done": true, "document": document})
            }
            Err(failure) if failure.exit() == Exit::No => {
                refused += 1;
                failure.print();
                json!({"id": id, "done": false})
            }
            Err(failure) => return Err(failure),
        };
        results.push(answer);
    }
    if context.out.json() {
        context.out.value(&json!({"results": results}))?;
    }
    Ok(Exit::yes_if(refused == 0))
}
