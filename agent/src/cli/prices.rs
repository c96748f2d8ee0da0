//! `tillpost catalog`: which prices are in force, fetch newer ones, look one up. The service answers; the words are in
//! [`catalog`].

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::cli::catalog;
use crate::cli::client::Client;
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure};

/// How long to wait for a refresh to show: a first catalog of a large shop takes minutes.
const REFRESH_MAX: Duration = Duration::from_secs(15);
/// How often to look whether it shows.
const REFRESH_LOOK: Duration = Duration::from_millis(500);

/// Look at the store's products and prices.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  tillpost catalog lookup 7610000000017")]
pub enum Catalog {
    /// Show which revision is in use, how old it is, and when a price changes next.
    #[command(after_help = "Example:\n  tillpost catalog status")]
    Status,
    /// Have the service look for newer prices now.
    #[command(after_help = "Example:\n  tillpost catalog refresh")]
    Refresh,
    /// Look a product up by barcode or article number, as a till would.
    #[command(after_help = "Example:\n  tillpost catalog lookup 7610000000017")]
    Lookup(Lookup),
}

/// See [`Catalog::Lookup`].
#[derive(Debug, Args)]
pub struct Lookup {
    /// The barcode or article number.
    code: String,
}

/// Asks the service.
pub fn run(command: &Catalog, context: &mut Context) -> Result<Exit, Failure> {
    let client = Client::new(&context.load()?)?;
    match command {
        Catalog::Status => {
            let status = client.get("/v1/status")?.good()?;
            let exit = Exit::yes_if(status["catalog"]["revision"].is_string());
            tell(&status["catalog"], &catalog::status(&status), exit, context)
        }
        Catalog::Refresh => refresh(&client, context),
        Catalog::Lookup(lookup) => self::lookup(&client, &lookup.code, context),
    }
}

fn refresh(client: &Client, context: &mut Context) -> Result<Exit, Failure> {
    let before = client.get("/v1/status")?.good()?;
    client.post("/v1/catalog/refresh", "application/json", b"{}".to_vec())?.good()?;
    let began = Instant::now();
    let mut after = before.clone();
    while after["catalog"]["revision"] == before["catalog"]["revision"] && began.elapsed() < REFRESH_MAX {
        std::thread::sleep(REFRESH_LOOK);
        after = client.get("/v1/status")?.good()?;
    }
    let exit = Exit::yes_if(after["catalog"]["revision"].is_string());
    tell(&after["catalog"], &catalog::refresh(&before, &after), exit, context)
}

fn lookup(client: &Client, code: &str, context: &mut Context) -> Result<Exit, Failure> {
    let mut answer = Value::Null;
    for question in ["barcode", "sku"] {
        answer = client.get(&format!("/v1/products?{question}={}", encoded(code)))?.good()?;
        if answer["products"].as_array().is_some_and(|products| !products.is_empty()) {
            break;
        }
    }
    let found = answer["products"].as_array().is_some_and(|products| !products.is_empty());
    tell(&answer, &catalog::lookup(code, &answer), Exit::yes_if(found), context)
}

fn tell(answer: &Value, text: &str, exit: Exit, context: &mut Context) -> Result<Exit, Failure> {
    if context.out.json() {
        context.out.value(answer)?;
    } else {
        context.out.line(text.trim_end())?;
    }
    Ok(exit)
}

/// Percent-encodes what may not stand in a query.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stays_one_code_on_its_way() {
        assert_eq!(encoded("A-1 ü&q"), "A-1%20%C3%BC%26q");
    }
}
