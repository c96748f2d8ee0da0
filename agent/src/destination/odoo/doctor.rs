//! What `tillpost doctor` looks at in Odoo.

use jiff::Timestamp;
use serde_json::json;

use super::client::{Client, Search};
use super::desk::Desk;
use super::key_end;
use super::reference::{self, QUANTITY_DIGITS_MIN, Reference, config_name};
use super::versions::{Protocol, VERSION_MIN, VERSION_TRIED};
use crate::activity::now;
use crate::destination::terms::ends_soon;

/// A check's name, and what was found or what is wrong.
pub type Check = (&'static str, Result<String, String>);

/// All checks; those behind an unreachable server are left out.
pub async fn check(client: &Client, desk: &Desk) -> Vec<Check> {
    let version = client.version().await;
    let version = match version {
        Ok(VERSION_MIN..=VERSION_TRIED) => Ok(told(client).await),
        Ok(other) => Err(format!(
            "Odoo {other}; this version of Tillpost was made for {VERSION_MIN} to {VERSION_TRIED}"
        )),
        Err(error) => return vec![("odoo version", Err(error.to_string()))],
    };
    let mut checks = vec![("odoo version", version)];
    let reference = match reference::load(client, &desk.store).await {
        Ok(reference) => reference,
        Err(outage) => {
            checks.push(("odoo key", Err(outage.to_string())));
            return checks;
        }
    };
    checks.push(("odoo key", key(client).await));
    checks.push(("odoo quantities", digits(&reference)));
    checks.push(("odoo tills", tills(desk, &reference)));
    checks.push(("odoo sessions", open_sessions(client, &reference).await));
    if let Ok(facts) = client.facts().await
        && !facts.fixed_amounts
    {
        checks.push(("odoo tax rounding", tax_rounding(&reference)));
    }
    checks
}

/// The version, and how it is spoken with.
async fn told(client: &Client) -> String {
    match client.facts().await {
        Ok(facts) => {
            let protocol = match facts.protocol {
                Protocol::Json2 => "JSON-2",
                Protocol::JsonRpc => "JSON-RPC",
            };
            format!("Odoo {}, by {protocol}", facts.version)
        }
        Err(error) => error.to_string(),
    }
}

fn digits(reference: &Reference) -> Result<String, String> {
    let digits = reference.quantity_digits;
    let said = format!("{digits} digits after the point");
    if digits >= QUANTITY_DIGITS_MIN {
        return Ok(said);
    }
    Err(format!(
        "{said}: weighed goods are cut. Set the decimal accuracy \"Product Unit\" to {QUANTITY_DIGITS_MIN}, or run `tillpost odoo prepare`"
    ))
}

/// Where Odoo computes taxes again at the close, its company has to round as the tills do: mostly once per receipt.
fn tax_rounding(reference: &Reference) -> Result<String, String> {
    let per_line = reference
        .configs
        .iter()
        .filter(|config| config.rounds_per_line);
    let names: Vec<&str> = per_line.map(|config| config.name.as_str()).collect();
    if names.is_empty() {
        return Ok("once per receipt".to_owned());
    }
    Err(format!(
        "the company of {} rounds taxes per line: unless its tills do too, set \"Rounding Method\" to \"Round Globally\" \
         under Invoicing, or days will close with differences of cents",
        names.join(", ")
    ))
}

fn tills(desk: &Desk, reference: &Reference) -> Result<String, String> {
    let names: Vec<&str> = reference
        .configs
        .iter()
        .map(|config| config.name.as_str())
        .collect();
    // What stands behind the till's name in this environment.
    let mark = config_name("", "", desk.environment);
    let mark = mark.trim_start_matches('-');
    let ours = |name: &&str| {
        if mark.is_empty() {
            !name.ends_with(']')
        } else {
            name.ends_with(mark)
        }
    };
    let (ours, others): (Vec<&str>, Vec<&str>) = names.into_iter().partition(ours);
    match (ours.as_slice(), others.as_slice()) {
        ([], []) => Err(format!(
            "no point of sale named {}-…: run `tillpost odoo prepare`",
            desk.store
        )),
        ([], others) => Err(format!(
            "this store is {}, but there is only {}",
            desk.environment.as_str(),
            others.join(", ")
        )),
        (ours, _) => Ok(ours.join(", ")),
    }
}

/// Sessions that no document goes into until a person has looked at them.
async fn open_sessions(client: &Client, reference: &Reference) -> Result<String, String> {
    let facts = client.facts().await.map_err(|error| error.to_string())?;
    let tills: Vec<i64> = reference.configs.iter().map(|config| config.id).collect();
    let search = Search {
        domain: json!([["config_id", "in", tills], ["state", "!=", "closed"]]),
        fields: match facts.rescues {
            true => &["name", "state", "rescue"],
            false => &["name", "state"],
        },
        order: "id",
        ..Search::default()
    };
    let sessions = client.search_read("pos.session", search).await;
    let sessions = sessions.map_err(|error| error.to_string())?;
    let odd = sessions.iter().filter_map(|session| {
        let name = session.text("name").unwrap_or_default();
        match session.text("state") {
            _ if session.flag("rescue") => Some(format!(
                "{name} is a rescue session, which Odoo made for orders that came when theirs was closed: look at them \
                 in Odoo and close it"
            )),
            Some("closing_control") => Some(format!(
                "{name} is being closed by somebody in Odoo: finish it there; the next document of its day takes it back"
            )),
            _ => None,
        }
    });
    let odd: Vec<String> = odd.collect();
    match odd.is_empty() {
        true => Ok(format!("{} open", sessions.len())),
        false => Err(odd.join("; ")),
    }
}

/// For how long the key lasts, as far as its user may see.
async fn key(client: &Client) -> Result<String, String> {
    match key_end::of(client).await {
        Err(_) => Ok("accepted".to_owned()),
        Ok(None) => Ok("accepted, does not end".to_owned()),
        Ok(Some(until)) => lasting(until, now()),
    }
}

/// What is said of a user whose last key ends then.
fn lasting(until: Timestamp, now: Timestamp) -> Result<String, String> {
    if ends_soon(until, now) {
        return Err(format!(
            "accepted, but the user's last key ends at {until}: make a new one in Odoo and put it where `secret` in \
             tillpost.toml says; one in a file is taken without a restart"
        ));
    }
    Ok(format!("accepted; the user's last key ends at {until}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::reference::PosConfig;

    #[test]
    fn a_key_that_ends_soon_is_announced_with_its_end() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let now = at("2026-11-26T10:00:00Z");
        let told =
            lasting(at("2026-12-10T09:59:59Z"), now).expect_err("it ends within a fortnight");
        assert!(told.contains("2026-12-10T09:59:59Z"), "{told}");
        assert!(lasting(at("2026-12-10T10:00:01Z"), now).is_ok());
    }

    #[test]
    fn a_company_that_rounds_taxes_per_line_is_told_of_with_its_tills() {
        let config = |rounds_per_line| PosConfig {
            name: "ZH01-3".to_owned(),
            rounds_per_line,
            ..PosConfig::default()
        };
        let of = |rounds_per_line| {
            tax_rounding(&Reference {
                configs: vec![config(rounds_per_line)],
                ..Reference::default()
            })
        };
        assert_eq!(of(false), Ok("once per receipt".to_owned()));
        assert!(of(true).is_err_and(|told| told.contains("ZH01-3")));
    }
}
