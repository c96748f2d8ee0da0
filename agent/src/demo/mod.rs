//! `tillpost demo`: the main job on embedded defaults, nothing to install. Two simulated tills ring up a shop's day over
//! the same HTTP API that real tills use, into a real outbox, delivered to a `folder` destination.

pub mod day;
pub mod goods;
pub mod till;

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;
use rusqlite::Connection;
use serde_json::Value;
use tillpost_shared::config::{self, Config};

use crate::activity::now;
use crate::app::{self, AppError, Running};
use crate::destination::line;
use crate::intake::house::House;
use crate::paths;
use crate::store::StoreError;

/// The demo shop's time zone.
const ZONE: &str = "Europe/Zurich";
/// How long before now the demo's day began.
const OPENED_BEFORE: SignedDuration = SignedDuration::from_hours(3);
/// Between two receipts of a till, where people look on.
const PACE: Duration = Duration::from_millis(700);
/// How long `--once` waits for the last document to arrive in the folder.
const ARRIVAL_MAX: Duration = Duration::from_secs(60);
/// How often `--once` looks whether everything has arrived.
const ARRIVAL_LOOK: Duration = Duration::from_millis(50);

/// A folder that goes away with the demo; who has no place of their own for it gets the system's.
fn fresh_folder() -> std::io::Result<tempfile::TempDir> {
    let root = paths::demo_root();
    match fs::create_dir_all(&root) {
        Ok(()) => tempfile::tempdir_in(root),
        Err(_) => tempfile::tempdir(),
    }
}

/// Runs the demo in `dir`, or in a fresh temporary folder. With `once` it ends after the day and answers whether the
/// proof is complete; else it goes on until it is asked to stop.
pub fn run(dir: Option<PathBuf>, once: bool) -> Result<bool, AppError> {
    let fresh = match dir {
        Some(_) => None,
        None => Some(fresh_folder().map_err(machine("make a temporary folder"))?),
    };
    let dir = match (&fresh, dir) {
        (Some(fresh), _) => fresh.path().to_owned(),
        (None, dir) => dir.unwrap_or_default(),
    };
    app::runtime()?.block_on(async {
        let config = configuration(&dir, once)?;
        // Shortly after midnight the trading day is still yesterday's.
        let today = House::of(&config).map(|house| house.business_date(now()));
        let today =
            today.ok_or_else(|| AppError::Config("the demo's store has no code".to_owned()))?;
        let running = app::start(config, &dir).await?;
        app::announce(running.address, None);
        let outcome = tokio::select! {
            outcome = shop_day(&running, &dir, today, once) => outcome,
            () = app::asked_to_stop() => Ok(true),
        };
        running.stop().await;
        outcome
    })
}

async fn shop_day(
    running: &Running,
    dir: &Path,
    today: Date,
    once: bool,
) -> Result<bool, AppError> {
    let pace = if once { Duration::ZERO } else { PACE };
    let before = running.store.read(days_before)?;
    ring_up(running.address, today, before, pace).await?;
    say(&format!(
        "The day is rung up. Everything lies in {}.",
        dir.display()
    ))?;
    if once {
        arrived(running).await?;
        let proof = get(running.address, &format!("/v1/proof?date={today}")).await?;
        say(&crate::cli::proof::text(&proof))?;
        return Ok(proof["complete"] == true);
    }
    say("Press Ctrl-C to stop.")?;
    running.stopped().await;
    Ok(true)
}

/// How often the demo rang up a day in this folder already: each time under numbers of its own.
fn days_before(outbox: &Connection) -> Result<u64, StoreError> {
    let opened = "SELECT COUNT(*) FROM documents WHERE kind = 'day_open' AND till = '1'";
    let count: i64 = outbox.query_row(opened, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Both tills at the same time, then the count.
async fn ring_up(
    address: SocketAddr,
    today: Date,
    before: u64,
    pace: Duration,
) -> Result<(), AppError> {
    let moment = now();
    let products = goods::sample(moment);
    let mut days = day::ring_up(&products, moment - OPENED_BEFORE, today, before).into_iter();
    let mut next = || days.next().unwrap_or_default();
    let (first, second, count) = (next(), next(), next());
    tokio::try_join!(
        hand_over(address, first, pace),
        hand_over(address, second, pace)
    )?;
    hand_over(address, count, pace).await
}

async fn hand_over(
    address: SocketAddr,
    documents: Vec<Value>,
    pace: Duration,
) -> Result<(), AppError> {
    let client = line::client().map_err(|error| AppError::Config(error.to_string()))?;
    for document in documents {
        let answer = client
            .post(format!("http://{address}/v1/documents"))
            .header("content-type", "application/json")
            .body(document.to_string())
            .send()
            .await
            .map_err(http)?;
        if !answer.status().is_success() {
            let text = answer.text().await.map_err(http)?;
            return Err(AppError::Config(format!(
                "the demo's document was refused: {text}"
            )));
        }
        tokio::time::sleep(pace).await;
    }
    Ok(())
}

async fn arrived(running: &Running) -> Result<(), AppError> {
    let all = async {
        loop {
            let status = get(running.address, "/v1/status").await?;
            if status["documents"]["waiting"] == 0 {
                return Ok(());
            }
            tokio::time::sleep(ARRIVAL_LOOK).await;
        }
    };
    tokio::time::timeout(ARRIVAL_MAX, all)
        .await
        .unwrap_or_else(|_| {
            Err(AppError::Config(
                "the folder did not take everything in time".to_owned(),
            ))
        })
}

async fn get(address: SocketAddr, path: &str) -> Result<Value, AppError> {
    let client = line::client().map_err(|error| AppError::Config(error.to_string()))?;
    let answer = client
        .get(format!("http://{address}{path}"))
        .send()
        .await
        .map_err(http)?;
    let text = answer.text().await.map_err(http)?;
    serde_json::from_str(&text).map_err(|error| AppError::Config(format!("{path}: {error}")))
}

/// The embedded configuration, its folders made and the sample catalog written.
fn configuration(dir: &Path, once: bool) -> Result<Config, AppError> {
    let catalog = dir.join("prices");
    fs::create_dir_all(&catalog).map_err(machine("make the demo's folder"))?;
    let mut lines = String::new();
    for product in goods::sample(now()) {
        let line =
            serde_json::to_string(&product).map_err(|error| AppError::Config(error.to_string()))?;
        lines.push_str(&line);
        lines.push('\n');
    }
    fs::write(catalog.join("sample.ndjson"), lines).map_err(machine("write the sample catalog"))?;
    // A demo that runs beside another, or beside the service, takes a free port.
    let usual = "127.0.0.1:7470";
    let usual_is_free = !once && std::net::TcpListener::bind(usual).is_ok();
    let text = TEMPLATE
        .replace("{store}", day::STORE)
        .replace("{zone}", ZONE)
        .replace("{currency}", goods::CURRENCY)
        .replace(
            "{address}",
            if usual_is_free { usual } else { "127.0.0.1:0" },
        )
        .replace("{data}", &quoted(&dir.join("data")))
        .replace("{out}", &quoted(&dir.join("head-office")))
        .replace("{prices}", &quoted(&catalog));
    config::read(&text).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        AppError::Config(errors.join("\n"))
    })
}

const TEMPLATE: &str = r#"
[store]
code = "{store}"
timezone = "{zone}"
currency = "{currency}"
environment = "development"

[listen]
address = "{address}"
require_token = false

[data]
dir = {data}

[[destination]]
name = "head-office"
type = "folder"
path = {out}

[catalog]
source = "folder"
path = {prices}
"#;

/// A path as TOML text; JSON's quoting is a part of TOML's.
fn quoted(path: &Path) -> String {
    Value::from(path.to_string_lossy()).to_string()
}

fn say(text: &str) -> Result<(), AppError> {
    writeln!(io::stdout(), "{text}").map_err(machine("write to the terminal"))
}

fn machine(doing: &'static str) -> impl Fn(io::Error) -> AppError {
    move |source| AppError::Machine { doing, source }
}

fn http(error: reqwest::Error) -> AppError {
    AppError::Config(format!("the demo cannot talk to itself: {error}"))
}
