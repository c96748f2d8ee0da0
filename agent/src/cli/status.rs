//! `tillpost status`: what the status page says, for a terminal.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::cli::client::Client;
use crate::cli::context::Context;
use crate::cli::output::{Out, grouped};
use crate::cli::report::{Exit, Failure};
use crate::cli::verdict::text;

/// Show how the running service is doing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tillpost status\n  tillpost status --json | jq .documents.waiting"
)]
pub struct Status {}

/// Asks the service.
pub fn run(_: &Status, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let (client, zone) = (Client::new(&loaded)?, loaded.config.store.zone());
    let status = client.get("/v1/status")?.good()?;
    if context.out.json() {
        context.out.value(&status)?;
    } else {
        print(&mut context.out, &status, &zone)?;
    }
    Ok(Exit::Done)
}

fn print(out: &mut Out, status: &Value, zone: &TimeZone) -> Result<(), Failure> {
    let (store, state) = (text(status, "store"), text(status, "state"));
    out.line(format!(
        "{store} ({}): {state}",
        text(status, "environment")
    ))?;
    if !text(status, "sentence").is_empty() {
        out.line(text(status, "sentence"))?;
    }
    let documents = &status["documents"];
    let number = |name: &str| grouped(documents[name].as_u64().unwrap_or_default());
    let value = match documents["waiting_value"].as_str() {
        Some(value) if documents["waiting"] != 0 => {
            format!(" ({} {})", grouped(value), text(documents, "currency"))
        }
        Some(_) | None => String::new(),
    };
    out.line(format!(
        "documents: {} waiting{value}, {} parked, {} held",
        number("waiting"),
        number("parked"),
        number("held")
    ))?;
    out.line(format!(
        "today: {} accepted, {} delivered",
        number("accepted_today"),
        number("delivered_today")
    ))?;
    for destination in list(status, "destinations") {
        let (name, state) = (text(destination, "name"), text(destination, "state"));
        out.line(format!("to {name}: {state}. {}", text(destination, "sentence")).trim_end())?;
        if let Some(bulk) = in_window(&destination["bulk"], zone) {
            out.line(format!("    {bulk}"))?;
        }
    }
    let catalog = &status["catalog"];
    if let (Some(_), Some(products)) = (catalog["revision"].as_str(), catalog["products"].as_u64())
    {
        let taken = catalog["taken_at"].as_str().unwrap_or("never");
        out.line(format!(
            "catalog: {} products, taken {taken}",
            grouped(products)
        ))?;
    }
    for problem in list(status, "problems") {
        out.line(format!("! {}", text(problem, "message")))?;
        if !text(problem, "hint").is_empty() {
            out.line(format!("    {}", text(problem, "hint")))?;
        }
    }
    Ok(())
}

/// What waits for a time of day, and for which.
fn in_window(bulk: &Value, zone: &TimeZone) -> Option<String> {
    let opens_at: Timestamp = bulk["opens_at"].as_str()?.parse().ok()?;
    let until = opens_at.to_zoned(zone.clone()).strftime("%H:%M");
    Some(match bulk["waiting"].as_u64()? {
        1 => format!("1 document waits until {until}"),
        waiting => format!("{} documents wait until {until}", grouped(waiting)),
    })
}

fn list<'a>(status: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    status[name].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::output::tests::Paper;

    #[test]
    fn a_status_is_read_in_a_few_lines() {
        let status = json!({
            "store": "ZH01", "version": "0.1.0", "environment": "production", "state": "attention",
            "sentence": "One receipt needs you.",
            "documents": {"waiting": 1200, "waiting_value": "18204.50", "currency": "CHF", "parked": 1, "held": 0,
                "accepted_today": 412, "delivered_today": 411},
            "destinations": [{"name": "odoo", "type": "odoo", "state": "ok", "waiting": 1200, "parked": 1, "sentence": "1 receipt is parked.",
                "bulk": {"waiting": 1100, "opens_at": "2026-10-31T21:00:00Z"}}],
            "catalog": {"revision": "r", "taken_at": "2026-10-31T03:00:00Z", "products": 12000},
            "problems": [{"code": "parked", "message": "1 receipt is parked", "hint": "look at it", "since": "2026-10-31T03:00:00Z"}],
        });
        let paper = Paper::default();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        print(&mut Out::to(false, paper.clone()), &status, &zone).unwrap();
        insta::assert_snapshot!(paper.text());
    }
}
