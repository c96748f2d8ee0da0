//! What is checked over a connection: the service on this machine, and the far end of each destination.

use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use tillpost_shared::config::{Destination, DestinationType};

use super::{Finding, Level};
use crate::app::{self, parts};
use crate::cli::client::Client;
use crate::cli::context::Loaded;
use crate::cli::output::grouped;
use crate::cli::report::Failure;
use crate::destination::folder::Folder;
use crate::destination::{line, terms};
use crate::outbox::Outage;

/// How old prices may be before somebody should look.
const CATALOG_AGE_MAX: SignedDuration = SignedDuration::from_hours(48);
/// How long the far end may take to answer one check.
const FAR_END_MAX: Duration = Duration::from_secs(60);

/// A service that cannot be asked.
pub fn no_service(failure: &Failure) -> Finding {
    let hint = "start it; if it does not stay, its log lies in the data folder";
    Finding::fail("service", failure.sentence(), hint)
}

/// The running service, and what only it knows.
pub fn service(client: &Client, loaded: &Loaded, now: Timestamp) -> Vec<Finding> {
    let name = "service";
    let hint = "see the log in the data folder's log folder";
    let base = client.base();
    let finding = match (client.get("/healthz"), client.get("/readyz")) {
        (Err(failure), _) | (Ok(_), Err(failure)) => return vec![no_service(&failure)],
        (Ok(alive), Ok(_)) if alive.status != 200 => {
            Finding::fail(name, format!("at {base} answers {}", alive.status), hint)
        }
        (Ok(_), Ok(ready)) if ready.status != 200 => Finding::fail(
            name,
            format!("at {base} is alive, but cannot accept documents"),
            hint,
        ),
        (Ok(_), Ok(_)) => Finding::ok(name, format!("at {base} is ready")),
    };
    let mut findings = vec![finding];
    if loaded.config.catalog.is_some() {
        findings.push(catalog(client, now));
    }
    findings
}

fn catalog(client: &Client, now: Timestamp) -> Finding {
    let name = "catalog";
    let status = match client.get("/v1/status").and_then(|answer| answer.good()) {
        Ok(status) => status,
        Err(failure) => return Finding::of(name, &failure),
    };
    let catalog = &status["catalog"];
    let taken_at: Option<Timestamp> = catalog["taken_at"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let products = grouped(catalog["products"].as_u64().unwrap_or_default());
    match taken_at {
        None => Finding::fail(
            name,
            "there is none yet",
            "check its source under [catalog]; fetch it with: tillpost catalog refresh",
        ),
        Some(at) if at.duration_until(now) > CATALOG_AGE_MAX => {
            let sentence = format!("{products} products, taken {at:.0}");
            Finding::warn(
                name,
                sentence,
                "prices are old: check its source under [catalog]",
            )
        }
        Some(at) => Finding::ok(name, format!("{products} products, taken {at:.0}")),
    }
}

/// Each destination, as if the service called it now.
pub fn destinations(loaded: &Loaded, now: Timestamp) -> Vec<Finding> {
    let destinations = &loaded.config.destinations;
    if destinations.is_empty() {
        let hint = "add a [[destination]]; until then documents are kept here";
        return vec![Finding::warn("destinations", "there is none", hint)];
    }
    destinations
        .iter()
        .flat_map(|destination| one(destination, loaded, now))
        .collect()
}

fn one(destination: &Destination, loaded: &Loaded, now: Timestamp) -> Vec<Finding> {
    let name = format!("destination {}", destination.name);
    match destination.kind {
        DestinationType::Folder => {
            let path = destination.path.clone().unwrap_or_default();
            // The installation's id is part of file names only; nothing is written under it here.
            let folder = Folder::new(&path, &loaded.config.store.code, "");
            vec![match folder.check() {
                Ok(()) => Finding::ok(&name, format!("{path} can be written")),
                Err(sentence) => Finding::fail(
                    &name,
                    sentence,
                    "check the path and the rights of the service's account",
                ),
            }]
        }
        DestinationType::Odoo => {
            let mut findings = vec![clock(destination, now)];
            findings.extend(odoo(&name, destination, loaded));
            findings
        }
        DestinationType::Http => {
            vec![clock(destination, now), http(&name, destination)]
        }
        DestinationType::Nats => {
            vec![Finding::fail(
                &name,
                "this type does not exist in this version",
                "use odoo, http or folder",
            )]
        }
    }
}

fn odoo(name: &str, destination: &Destination, loaded: &Loaded) -> Vec<Finding> {
    let asked = loaded.house().and_then(|house| {
        let odoo = parts::odoo(destination, &loaded.config, &house)?;
        let runtime = app::runtime()?;
        let checks =
            runtime.block_on(async { tokio::time::timeout(FAR_END_MAX, odoo.check()).await });
        checks.map_err(|_| {
            Failure::no("Odoo does not answer in time").hint("check the line and the address")
        })
    });
    let checks = match asked {
        Ok(checks) => checks,
        Err(failure) => return vec![Finding::of(name, &failure)],
    };
    let finding = |(what, found): (&str, Result<String, String>)| {
        let name = format!("{name}, {what}");
        match found {
            Ok(sentence) => Finding::ok(&name, sentence),
            Err(sentence) => Finding::new(Level::Fail, &name, sentence, None),
        }
    };
    checks.into_iter().map(finding).collect()
}

/// A batch without documents is handed over: it changes nothing over there.
fn http(name: &str, destination: &Destination) -> Finding {
    let asked = parts::http_receiver(destination)
        .map_err(Failure::from)
        .and_then(|receiver| {
            let runtime = app::runtime()?;
            let check = async { tokio::time::timeout(FAR_END_MAX, receiver.check()).await };
            runtime.block_on(check).map_err(|_| {
                Failure::no("it does not answer in time").hint("check the line and the address")
            })
        });
    match asked {
        Ok(Ok(true)) => Finding::ok(name, "takes documents, with this key"),
        Ok(Ok(false)) => Finding::warn(
            name,
            "is there, but turns a batch without documents away, so that the key is not checked",
            "nothing to do, as long as documents arrive",
        ),
        Ok(Err(outage)) => Finding::fail(name, format!("it {outage}"), advice(&outage)),
        Err(failure) => Finding::of(name, &failure),
    }
}

/// What to do about a receiver that is out.
fn advice(outage: &Outage) -> &'static str {
    match outage {
        Outage::Unauthorized(_) => "ask central IT for a new key and set it in tillpost.toml",
        Outage::Throttled { .. } | Outage::UnderWay { .. } => {
            "nothing to do: it asks to send more slowly"
        }
        Outage::Incomprehensible(_) | Outage::WrongEnvironment(_) | Outage::BatchTooLarge => {
            "check `url`, and show this line to whoever runs the receiver"
        }
        Outage::Unreachable(_) | Outage::Ambiguous(_) => "check the line and `url`",
    }
}

/// This machine's clock against the server's.
fn clock(destination: &Destination, now: Timestamp) -> Finding {
    let name = format!("clock against {}", destination.name);
    let url = destination.url.as_deref().unwrap_or_default();
    match server_time(url) {
        Ok(Some(theirs)) => {
            let off = now.duration_until(theirs);
            let sentence = format!("{} seconds apart", off.as_secs().unsigned_abs());
            if terms::apart(off) {
                let hint = "set the machine's clock, and let it follow a time server";
                return Finding::fail(&name, sentence, hint);
            }
            Finding::ok(&name, sentence)
        }
        Ok(None) => Finding::warn(
            &name,
            "not compared: the server does not say its time",
            "compare the machine's clock by hand",
        ),
        Err(failure) => {
            let failed = Finding::of(&name, &failure);
            Finding::warn(
                &name,
                format!("not compared: {}", failed.sentence),
                "compare the machine's clock by hand",
            )
        }
    }
}

fn server_time(url: &str) -> Result<Option<Timestamp>, Failure> {
    let failed = |error: reqwest::Error| {
        Failure::no("the server cannot be reached").because(error.without_url())
    };
    let http = line::client().map_err(failed)?;
    let response = app::runtime()?
        .block_on(async { http.head(url).timeout(FAR_END_MAX).send().await })
        .map_err(failed)?;
    let date = response
        .headers()
        .get("date")
        .and_then(|value| value.to_str().ok());
    Ok(date
        .and_then(|text| rfc2822::parse(text).ok())
        .map(|zoned| zoned.timestamp()))
}
