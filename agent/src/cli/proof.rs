//! `tillpost proof`: is everything that was rung up where it should be, till by till and tender by tender.
//!
//! The running service has also read back what the destinations hold; without it the outbox alone is asked.

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::cli::client::Client;
use crate::cli::context::{Context, Loaded};
use crate::cli::output::{columns, grouped, note};
use crate::cli::report::{Exit, Failure};
use crate::cli::verdict;
use crate::store::proof::kept;
use crate::store::proof::{self, Question, ReadBack};

/// What stands where nothing is known.
const UNKNOWN: &str = "-";

/// Prove that nothing is missing: rung up, stored, acknowledged and read back.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tillpost proof\n  tillpost proof --date 2026-10-31 --json\n  \
                  tillpost proof --date 2026-10-31 --kept"
)]
pub struct Proof {
    /// The business date; today's when left out.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// The signed proof that was kept of a day that is over, and whether its signature is good.
    #[arg(long)]
    kept: bool,
}

/// Prints the proof; a complete one is a yes.
pub fn run(proof: &Proof, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let today = loaded.house()?.business_date(context.now);
    let date = proof.date.unwrap_or(today);
    if proof.kept {
        return show_kept(&loaded, date, context);
    }
    let client = Client::new(&loaded);
    let asked = client.and_then(|client| client.get(&format!("/v1/proof?date={date}"))?.good());
    let answer = match asked {
        Err(failure) if failure.exit() == Exit::Unreachable => {
            note(
                "the service is not running: this is what lies in the outbox, nothing was read back",
            );
            from_outbox(&loaded, date, context)?
        }
        asked => asked?,
    };
    if context.out.json() {
        context.out.value(&answer)?;
    } else {
        context.out.line(text(&answer))?;
    }
    Ok(Exit::yes_if(answer["complete"] == true))
}

/// Prints the proof that was kept; one that is complete and genuine is a yes.
fn show_kept(loaded: &Loaded, date: Date, context: &mut Context) -> Result<Exit, Failure> {
    let dir = &loaded.data_dir;
    let unreadable = |error| Failure::no("the kept proofs cannot be read").because(error);
    let Some(found) = kept::last(dir, date).map_err(unreadable)? else {
        let failure = Failure::no(format!("no proof of {date} was kept"));
        return Err(failure.hint("the service keeps one within minutes after the day is over"));
    };
    let own = kept::is_own(dir, &found).map_err(unreadable)?;
    let proof = &found.statement["proof"];
    if context.out.json() {
        let answer = json!({
            "statement": found.statement, "public_key": found.public_key,
            "signature_good": found.genuine, "own_key": own,
        });
        context.out.value(&answer)?;
    } else {
        let seal = match (found.genuine, own) {
            (true, true) => "signed by this store's key",
            (true, false) => "signed by another key than this installation's",
            (false, _) => "NOT GENUINE: it was changed after it was signed",
        };
        let (store, at) = (
            verdict::text(&found.statement, "store"),
            verdict::text(&found.statement, "made_at"),
        );
        let key = &found.public_key;
        context.out.line(text(proof))?;
        context
            .out
            .line(format!("store {store}, made at {at}, {seal} ({key})"))?;
    }
    Ok(Exit::yes_if(found.genuine && proof["complete"] == true))
}

fn from_outbox(loaded: &Loaded, date: Date, context: &Context) -> Result<Value, Failure> {
    let house = loaded.house()?;
    let question = Question {
        date,
        currency: loaded.config.store.currency.clone(),
        tills: None,
        numbering: house.numbering.clone(),
        wrapping: house.wrapping.clone(),
        now: context.now,
    };
    let figures = proof::figures(&context.outbox(loaded)?, &question, &ReadBack::new())?;
    serde_json::to_value(figures)
        .map_err(|error| Failure::bug("the proof cannot be written").because(error))
}

/// The proof for a person.
pub fn text(proof: &Value) -> String {
    let complete = match proof["complete"].as_bool() {
        Some(true) => "complete",
        Some(false) | None => "NOT complete",
    };
    let (date, currency) = (
        verdict::text(proof, "date"),
        verdict::text(proof, "currency"),
    );
    let mut lines = vec![format!("Proof of {date} in {currency}: {complete}")];
    let rows: Vec<&Value> = list(proof, "rows").collect();
    if rows.is_empty() {
        lines.push("nothing was rung up and nothing is stored".to_owned());
    } else {
        lines.push(table(&rows));
    }
    for batch in list(proof, "settlements") {
        let side = |name: &str| {
            format!(
                "{} of {}",
                batch[name][0],
                batch[name][1].as_str().unwrap_or(UNKNOWN)
            )
        };
        let fees = batch["fees"].as_str().unwrap_or(UNKNOWN);
        let payout = batch["payout_date"].as_str().unwrap_or(UNKNOWN);
        lines.push(format!(
            "{}: charged {}, in receipts {}, fees {fees}, paid out {payout}",
            verdict::text(batch, "key"),
            side("charged"),
            side("matched")
        ));
    }
    for gap in list(proof, "gaps") {
        let (till, series) = (verdict::text(gap, "till"), verdict::text(gap, "series"));
        lines.push(format!(
            "till {till}, series {series}: the numbers {} to {} are missing",
            gap["from"], gap["to"]
        ));
    }
    for difference in list(proof, "differences") {
        let (key, what) = (
            verdict::text(difference, "key"),
            verdict::text(difference, "what"),
        );
        lines.push(format!("{key}: {what}"));
    }
    lines.join("\n")
}

fn table(rows: &[&Value]) -> String {
    let mut destinations: Vec<&str> = Vec::new();
    for entry in rows.iter().flat_map(|row| list(row, "acknowledged")) {
        let name = verdict::text(entry, "destination");
        if !destinations.contains(&name) {
            destinations.push(name);
        }
    }
    let mut head = ["till", "kind", "tender", "rung up", "stored"]
        .map(str::to_owned)
        .to_vec();
    for name in &destinations {
        head.extend([format!("{name} acknowledged"), format!("{name} read back")]);
    }
    let mut table = vec![head];
    for row in rows {
        let mut cells = ["till", "kind", "tender"]
            .map(|name| verdict::text(row, name).to_owned())
            .to_vec();
        cells.extend([figure(Some(&row["rung_up"])), figure(Some(&row["stored"]))]);
        for name in &destinations {
            cells.extend(["acknowledged", "read_back"].map(|side| {
                let of = |entry: &&Value| verdict::text(entry, "destination") == *name;
                figure(list(row, side).find(of))
            }));
        }
        table.push(cells);
    }
    columns(&table)
}

/// A count and an amount, as in `412: 18,204.50`.
fn figure(entry: Option<&Value>) -> String {
    let count = entry.and_then(|entry| entry["count"].as_u64());
    let amount = entry.and_then(|entry| entry["amount"].as_str());
    match (count, amount) {
        (Some(count), Some(amount)) => format!("{}: {}", grouped(count), grouped(amount)),
        (Some(count), None) => grouped(count),
        (None, Some(amount)) => grouped(amount),
        (None, None) => UNKNOWN.to_owned(),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_a_table_with_what_differs_below() {
        let figure = |count: u64, amount: &str| json!({"count": count, "amount": amount});
        let at = |count: u64, amount: &str| json!({"destination": "odoo", "count": count, "amount": amount});
        let proof = json!({
            "date": "2026-10-31", "currency": "CHF", "complete": false,
            "rows": [
                {"till": "3", "kind": "sale", "rung_up": figure(412, "18204.50"), "stored": figure(412, "18204.50"),
                 "acknowledged": [at(411, "18184.60")], "read_back": [at(411, "18184.60")]},
                {"till": "3", "kind": "tender", "tender": "CASH", "rung_up": null, "stored": figure(200, "9000.00"),
                 "acknowledged": [at(200, "9000.00")], "read_back": [null]},
            ],
            "gaps": [{"till": "3", "series": "0", "from": 4713, "to": 4714}],
            "differences": [{"key": "ZH01/3/0/4712", "what": "odoo does not have it yet"}],
        });
        insta::assert_snapshot!(text(&proof));
    }

    #[test]
    fn an_empty_day_is_told_as_one() {
        let proof = json!({"date": "2026-10-31", "currency": "CHF", "complete": true, "rows": []});
        let expected =
            "Proof of 2026-10-31 in CHF: complete\nnothing was rung up and nothing is stored";
        assert_eq!(text(&proof), expected);
    }
}
