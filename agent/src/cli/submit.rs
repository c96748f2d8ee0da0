//! `tillpost submit`: documents from files into the running service, as a till would hand them over.
//!
//! Nothing is lost or doubled by calling it again: what is stored already answers `duplicate`.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tillpost_shared::intake::Media;

use crate::cli::client::{Answer, Client};
use crate::cli::context::Context;
use crate::cli::files::{Documents, Piece};
use crate::cli::output::{count, note};
use crate::cli::report::{Exit, Failure};
use crate::cli::verdict::{self, Tally};

/// After this time a person wants to know that it goes on.
const PROGRESS_AFTER: Duration = Duration::from_secs(2);
/// How often a busy service is asked again, and how long to wait at most in between.
const TRIES_MAX: u32 = 10;
const WAIT_MAX: Duration = Duration::from_secs(30);
const WAIT_DEFAULT: Duration = Duration::from_secs(1);

/// Hand documents over to the running service.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tillpost submit sales.ndjson\n  export-sales | tillpost submit -"
)]
pub struct Submit {
    /// Files with documents (JSON or NDJSON); - reads what is piped in.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

/// Hands them over, and prints one result each.
pub fn run(submit: &Submit, context: &mut Context) -> Result<Exit, Failure> {
    let client = Client::new(&context.load()?)?;
    let mut sending = Sending {
        client,
        began: Instant::now(),
        told: Instant::now(),
        tally: Tally::default(),
        results: Vec::new(),
    };
    for file in &submit.files {
        let before = sending.tally.total();
        let sent = sending.file(file, context);
        if let Err(failure) = sent {
            if sending.tally.total() > 0 {
                note(&format!("before it stopped: {}", sending.tally.sentence()));
            }
            return Err(failure);
        }
        if sending.tally.total() == before {
            return Err(Failure::no(format!("{file} holds no document")));
        }
    }
    if context.out.json() {
        context
            .out
            .value(&json!({"results": sending.results, "counts": sending.tally.json()}))?;
    } else if sending.tally.total() > 1 {
        note(&sending.tally.sentence());
    }
    Ok(Exit::yes_if(sending.tally.refused == 0))
}

struct Sending {
    client: Client,
    began: Instant,
    told: Instant,
    tally: Tally,
    /// For programs, which get everything at once.
    results: Vec<Value>,
}

impl Sending {
    fn file(&mut self, file: &str, context: &mut Context) -> Result<(), Failure> {
        let mut documents = Documents::open(file, None)?;
        let mut number = 0;
        while let Some(piece) = documents.next_piece()? {
            let results = self.piece(file, &piece)?;
            let placed = verdict::in_place(file, &piece, number, results);
            number += placed.len();
            for (place, result) in placed {
                self.tally.add(&result);
                if context.out.json() {
                    self.results.push(verdict::placed(&place, result));
                } else {
                    verdict::print_line(&mut context.out, &place, &result)?;
                }
            }
            context.out.flush()?;
            self.progress();
        }
        Ok(())
    }

    fn piece(&self, file: &str, piece: &Piece) -> Result<Vec<Value>, Failure> {
        if piece.body.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.answer(piece)?;
        if !matches!(answer.status, 200 | 422) {
            let failure = answer.failure();
            // The body as a whole: then the file is meant, and nothing of it was stored.
            return Err(match answer.status {
                400 | 413 | 415 => {
                    failure.hint(format!("nothing of {file} was stored from here on"))
                }
                _ => failure,
            });
        }
        let results = answer
            .body
            .get("results")
            .and_then(Value::as_array)
            .cloned();
        let results = results.unwrap_or_default();
        let wanted = piece
            .lines
            .iter()
            .filter(|(_, problem)| problem.is_none())
            .count();
        if wanted > 0 && results.len() != wanted {
            return Err(Failure::bug(format!(
                "the service answered {} for {}",
                count(results.len(), "result"),
                count(wanted, "document")
            )));
        }
        Ok(results)
    }

    fn answer(&self, piece: &Piece) -> Result<Answer, Failure> {
        let media = match piece.media {
            Media::Ndjson => "application/x-ndjson",
            Media::Json | Media::CloudEvent | Media::CloudEventBatch => "application/json",
        };
        let mut tries = 0;
        loop {
            let answer = self
                .client
                .post("/v1/documents", media, piece.body.clone())?;
            tries += 1;
            if answer.status != 429 || tries == TRIES_MAX {
                return Ok(answer);
            }
            std::thread::sleep(answer.retry_after.unwrap_or(WAIT_DEFAULT).min(WAIT_MAX));
        }
    }

    fn progress(&mut self) {
        let now = Instant::now();
        if now - self.began > PROGRESS_AFTER && now - self.told > PROGRESS_AFTER {
            self.told = now;
            note(&format!(
                "… {} so far",
                count(self.tally.total(), "document")
            ));
        }
    }
}
