//! `tillpost catalog status|refresh|lookup`: the service's answers in words; with `--json` as they came.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::client::Client;
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure};

/// Shown of a revision; the whole of it is for programs.
const REVISION_CHARS: usize = 12;

/// What `status` says where nobody asked for a catalog.
const NOT_CONFIGURED: &str = "This store fetches no prices: tillpost.toml has no [catalog].\n\
    Add one with its source, and start the service again; `tillpost config schema` has the keys.\n";

/// Show, refresh and look up the store's products and prices.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost catalog lookup 7612345678900")]
pub enum Catalog {
    /// Which revision is in use, and when a price changes next. Exit code 1 when there is none.
    #[command(after_help = "Example:\n  tillpost catalog status")]
    Status,
    /// Fetch the catalog now. Exit code 1 when it cannot be had or used; the one before stays in force.
    #[command(after_help = "Example:\n  tillpost catalog refresh")]
    Refresh {
        /// Take it also when it holds less than half of what the one before held.
        #[arg(long)]
        accept_smaller: bool,
    },
    /// Look up a barcode or an article number.
    #[command(after_help = "Example:\n  tillpost catalog lookup 7612345678900")]
    Lookup {
        /// Barcode or article number.
        code: String,
    },
}

/// Asks the service.
pub fn run(catalog: &Catalog, context: &mut Context) -> Result<Exit, Failure> {
    let loaded = context.load()?;
    let configured = loaded.config.catalog.is_some();
    let client = Client::new(&loaded)?;
    let (answer, words, exit) = match catalog {
        Catalog::Status => {
            let answer = client.get("/v1/status")?.good()?;
            let words = if configured {
                status(&answer)
            } else {
                NOT_CONFIGURED.to_owned()
            };
            let there = answer["catalog"]["revision"].is_string();
            (answer["catalog"].clone(), words, Exit::yes_if(there))
        }
        Catalog::Refresh { accept_smaller } => {
            let before = client.get("/v1/status")?.good()?;
            let wish = json!({"accept_smaller": accept_smaller}).to_string();
            let after = client
                .post("/v1/catalog/refresh", "application/json", wish.into_bytes())?
                .good()?;
            let words = refresh(&before, &after);
            let done = after["done"] == true;
            (after, words, Exit::yes_if(done))
        }
        Catalog::Lookup { code } => {
            let answer = found(&client, code)?;
            let words = lookup(code, &answer);
            let some = answer["products"]
                .as_array()
                .is_some_and(|products| !products.is_empty());
            (answer, words, Exit::yes_if(some))
        }
    };
    if context.out.json() {
        context.out.value(&answer)?;
    } else {
        context.out.line(words.trim_end())?;
    }
    Ok(exit)
}

/// A code is a barcode first, an article number else.
fn found(client: &Client, code: &str) -> Result<Value, Failure> {
    // Whatever was typed goes into an address: all but letters and digits is escaped.
    let code: String = code
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let by_barcode = client
        .get(&format!("/v1/products?barcode={code}"))?
        .good()?;
    if by_barcode["products"]
        .as_array()
        .is_some_and(|products| !products.is_empty())
    {
        return Ok(by_barcode);
    }
    client.get(&format!("/v1/products?sku={code}"))?.good()
}

/// How the catalog stands, from `GET /v1/status`.
pub fn status(answer: &Value) -> String {
    let catalog = &answer["catalog"];
    let Some(revision) = catalog["revision"].as_str() else {
        return "There is no catalog yet: tills get no prices from here.\n\
            Look at `tillpost status` for the reason, or fetch one with: tillpost catalog refresh\n"
            .to_owned();
    };
    let short: String = revision.chars().take(REVISION_CHARS).collect();
    let products = match catalog["products"].as_u64().unwrap_or(0) {
        1 => "1 product".to_owned(),
        count => format!("{count} products"),
    };
    let mut text = format!("{products}, revision {short}");
    if let Some(at) = catalog["taken_at"].as_str() {
        let _ = write!(text, ", read at head office {at}");
    }
    text.push('\n');
    match catalog["next_change_at"].as_str() {
        Some(at) => {
            let _ = writeln!(text, "The next price changes {at}, with the line down too.");
        }
        None => text.push_str("No price change is known to come.\n"),
    }
    for problem in answer["problems"].as_array().into_iter().flatten() {
        if problem["code"].as_str().is_some_and(about_catalog) {
            let _ = writeln!(text, "{}", problem["message"].as_str().unwrap_or_default());
            if let Some(hint) = problem["hint"].as_str().filter(|hint| !hint.is_empty()) {
                let _ = writeln!(text, "  {hint}");
            }
        }
    }
    text
}

fn about_catalog(code: &str) -> bool {
    ["catalog", "price", "product", "tax", "article"]
        .iter()
        .any(|subject| code.starts_with(subject))
}

/// What a look-up found, from `GET /v1/products`. The exit code is 1 when it is nothing.
pub fn lookup(code: &str, answer: &Value) -> String {
    let products = answer["products"].as_array().map_or(&[][..], Vec::as_slice);
    if products.is_empty() {
        return format!("Nothing is known under {code}.\n");
    }
    products.iter().map(product).collect()
}

fn product(product: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let price = &product["price"];
    let mut out = format!("{}  {}\n", text(&product["sku"]), text(&product["name"]));
    let mode = match price["tax_included"].as_bool() {
        Some(false) => "without tax",
        Some(true) | None => "with tax",
    };
    let _ = write!(
        out,
        "  {} {} for one {}, {mode}",
        text(&price["amount"]),
        text(&price["currency"]),
        text(&product["unit"])
    );
    if let Some(list) = price["list"].as_str() {
        let _ = write!(out, "; normally {list}");
    }
    if let Some(until) = price["until"].as_str() {
        let _ = write!(out, "; until {until}");
    }
    out.push('\n');
    let taxes = joined(&product["taxes"], |tax| {
        format!("{} ({}%)", text(&tax["code"]), text(&tax["rate"]))
    });
    let barcodes = joined(&product["barcodes"], text);
    let facts = [
        ("Taxes", taxes),
        ("Barcodes", barcodes),
        ("On hand at head office", text(&product["on_hand"])),
        ("Available", text(&product["available"])),
    ];
    for (name, fact) in facts {
        if !fact.is_empty() {
            let _ = writeln!(out, "  {name}: {fact}");
        }
    }
    if product["active"] == Value::Bool(false) {
        out.push_str("  May not be sold any more.\n");
    }
    out
}

fn joined(values: &Value, word: impl Fn(&Value) -> String) -> String {
    let words = values.as_array().into_iter().flatten().map(word);
    words.collect::<Vec<_>>().join(", ")
}

/// What `refresh` did, from the status before and after it.
pub fn refresh(before: &Value, after: &Value) -> String {
    let revision = |answer: &Value| answer["catalog"]["revision"].as_str().map(str::to_owned);
    let problem = &after["problem"];
    let said = match (revision(before), revision(after)) {
        _ if problem.is_object() => {
            let text = |name: &str| problem[name].as_str().unwrap_or_default();
            return format!("{}\n  {}\n{}", text("message"), text("hint"), status(after));
        }
        (_, None) => "No catalog came.\n",
        (old, new) if old == new => "Nothing is new at head office.\n",
        (_, Some(_)) => "A new catalog is in use.\n",
    };
    format!("{said}{}", status(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(revision: Value) -> Value {
        json!({ "catalog": { "revision": revision, "taken_at": "2026-11-20T05:00:00Z", "products": 41_000,
                "next_change_at": "2026-11-27T23:00:00Z" },
            "problems": [
                { "code": "price_differs", "message": "The price of A differs.", "hint": "Tell your IT." },
                { "code": "parked", "message": "A sale is parked.", "hint": "" } ] })
    }

    #[test]
    fn the_state_is_told_with_the_next_change_and_its_own_problems() {
        let text = status(&standing("0123456789abcdef".into()));
        let expected = "41000 products, revision 0123456789ab, read at head office 2026-11-20T05:00:00Z\n\
            The next price changes 2026-11-27T23:00:00Z, with the line down too.\n\
            The price of A differs.\n  Tell your IT.\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn without_a_catalog_it_says_what_to_do() {
        assert!(status(&json!({ "catalog": null })).contains("tillpost catalog refresh"));
        assert!(status(&json!({})).starts_with("There is no catalog yet"));
    }

    #[test]
    fn a_product_is_told_with_everything_a_till_would_see() {
        let answer = json!({ "revision": "r", "products": [{ "sku": "A", "name": "Apple", "barcodes": ["1", "2"], "unit": "kg",
            "price": { "amount": "1.50", "currency": "CHF", "tax_included": true, "list": "2.00", "until": "2026-11-27T23:00:00Z" },
            "taxes": [{ "code": "V26", "rate": "2.6" }], "active": false, "on_hand": "12" }] });
        let expected = "A  Apple\n  1.50 CHF for one kg, with tax; normally 2.00; until 2026-11-27T23:00:00Z\n  \
            Taxes: V26 (2.6%)\n  Barcodes: 1, 2\n  On hand at head office: 12\n  May not be sold any more.\n";
        assert_eq!(lookup("A", &answer), expected);
        assert_eq!(
            lookup("B", &json!({ "products": [] })),
            "Nothing is known under B.\n"
        );
    }

    #[test]
    fn a_refresh_says_whether_something_is_new() {
        let (old, new) = (standing("a".into()), standing("b".into()));
        assert!(refresh(&old, &new).starts_with("A new catalog is in use."));
        assert!(refresh(&old, &old).starts_with("Nothing is new"));
        assert!(refresh(&old, &json!({})).starts_with("No catalog came."));
        let mut refused = old.clone();
        refused["problem"] =
            json!({"code": "catalog_refused", "message": "Not taken.", "hint": "Ask."});
        assert!(refresh(&old, &refused).starts_with("Not taken.\n  Ask.\n41000 products"));
    }
}
