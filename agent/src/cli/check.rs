//! `tillpost check`: what would become of documents, without a service and without a trace. For whoever writes a till.

use std::collections::HashMap;
use std::path::Path;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tillpost_shared::intake::{self, BodyError, Judged, Media, Newer, Reading, Terms};
use tillpost_shared::problem::{Code as ProblemCode, Level, Problem};
use tillpost_shared::profile::{Piece, Profile, Spot, json};
use tillpost_shared::scalar::Code;

use crate::cli::context::{Context, Loaded};
use crate::cli::files::{Documents, Place};
use crate::cli::output::note;
use crate::cli::profiled;
use crate::cli::report::{Exit, Failure};
use crate::cli::totals::Totals;
use crate::cli::verdict::{self, Tally};
use crate::intake::known::Known;
use crate::store::connection;

/// Stands in for the store's code until a document names its own.
const NO_STORE: &str = "STORE";
/// When the day ends where no configuration says so.
const CUTOFF_DEFAULT: Time = Time::constant(4, 0, 0, 0);

/// Parse and check documents; nothing is stored or sent.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tillpost check receipt.json\n  tillpost check --json sales.ndjson | jq .totals\n  tillpost check day.xml --profile roqqio_6\n  tillpost check unknown.csv --guess > profiles/mine.toml"
)]
pub struct Check {
    /// Files with documents (JSON or NDJSON); - reads what is piped in.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// How the files are read: a shipped profile, one beside the configuration, or a profile's file; JSON when left out.
    #[arg(long)]
    profile: Option<String>,
    /// Propose a profile for a file that none fits; to be looked at, corrected and saved.
    #[arg(long, conflicts_with = "profile")]
    guess: bool,
    /// Only counts, totals and what is wrong, not every document: for large files.
    #[arg(long)]
    totals: bool,
}

/// Checks them, and prints each as it would be stored.
pub fn run(check: &Check, context: &mut Context) -> Result<Exit, Failure> {
    if check.guess {
        for file in &check.files {
            context.out.line(profiled::proposal(file)?.trim_end())?;
        }
        return Ok(Exit::Done);
    }
    let loaded = context.load_if_any()?;
    let how = how(check.profile.as_deref(), loaded.as_ref())?;
    if loaded.is_none() {
        note(
            "no configuration: each document's own store is taken, times are read in UTC, the day ends at 04:00",
        );
    }
    let mut checking = Checking {
        terms: terms(loaded.as_ref(), context.now)?,
        known: known(loaded.as_ref())?,
        any_store: loaded.is_none(),
        brief: check.totals,
        found: Vec::new(),
        seen: HashMap::new(),
        tally: Tally::default(),
        totals: Totals::default(),
        results: Vec::new(),
    };
    let mut broken = Vec::new();
    match how {
        How::Documents(media) => {
            for file in &check.files {
                checking.file(file, media, context)?;
            }
        }
        How::Profile(profile) => {
            broken = profiled::read(
                &check.files,
                &profile,
                loaded.as_ref(),
                &mut |file, piece| checking.piece(file, piece, context),
            )?;
        }
    }
    for (file, spot, problem) in &broken {
        note(&format!(
            "{file}:{}:{}: the file cannot be read from here on: {}",
            spot.line, spot.column, problem.message
        ));
    }
    let Checking {
        tally,
        totals,
        results,
        ..
    } = checking;
    if context.out.json() {
        let told = summary(&results, &tally, &totals, &broken);
        context.out.value(&told)?;
    } else {
        context.out.line(tally.sentence())?;
        context.out.table(&totals.rows())?;
    }
    Ok(Exit::yes_if(tally.refused == 0 && broken.is_empty()))
}

/// What programs read: every document, the counts, the totals, and which files broke.
fn summary(
    results: &[Value],
    tally: &Tally,
    totals: &Totals,
    broken: &[(String, Spot, Problem)],
) -> Value {
    let mut told = json!({"results": results, "counts": tally.json(), "totals": totals.json()});
    let broken = broken.iter().map(|(file, spot, problem)| {
        json!({"file": file, "line": spot.line, "column": spot.column, "problem": problem})
    });
    let broken: Vec<Value> = broken.collect();
    if let (false, Some(told)) = (broken.is_empty(), told.as_object_mut()) {
        told.insert("broken".to_owned(), broken.into());
    }
    told
}

struct Checking {
    terms: Terms,
    known: Known,
    /// Without a configuration every document is of its own store.
    any_store: bool,
    /// Only what is wrong is shown.
    brief: bool,
    /// What the decoder found in the document that is looked at.
    found: Vec<Problem>,
    /// What stood under which key, and where.
    seen: HashMap<String, ([u8; 32], Place)>,
    tally: Tally,
    totals: Totals,
    /// For programs, which get everything at once.
    results: Vec<Value>,
}

impl Checking {
    /// A piece that a profile's decoder found.
    fn piece(
        &mut self,
        file: &Path,
        mut piece: Piece,
        context: &mut Context,
    ) -> Result<(), Failure> {
        let item = std::mem::replace(&mut piece.item, Ok(Value::Null));
        let place = Place {
            file: file.display().to_string(),
            line: usize::try_from(piece.spot.line).ok(),
            column: usize::try_from(piece.spot.column).ok(),
            document: self.tally.total() + 1,
        };
        self.found = std::mem::take(&mut piece.found);
        let mut result = self.item(item, &place);
        let problems = result.get_mut("problems").and_then(Value::as_array_mut);
        for problem in problems.into_iter().flatten() {
            let path = problem
                .get("path")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let spot = piece.place_of(path);
            if let Some(problem) = problem.as_object_mut() {
                problem.insert("line".to_owned(), spot.line.into());
                problem.insert("column".to_owned(), spot.column.into());
            }
        }
        self.tell(&place, result, context)
    }

    fn file(
        &mut self,
        file: &str,
        media: Option<Media>,
        context: &mut Context,
    ) -> Result<(), Failure> {
        let mut documents = Documents::open(file, media)?;
        let mut number = 0;
        while let Some(piece) = documents.next_piece()? {
            let items = match intake::split(&piece.body, piece.media) {
                Ok(items) => items,
                // A piece of nothing but lines that are too long.
                Err(BodyError::Empty) if !piece.lines.is_empty() => Vec::new(),
                Err(BodyError::NotJson) => {
                    number += 1;
                    let (place, result) = not_json(file, &piece.body, number);
                    self.tell(&place, result, context)?;
                    continue;
                }
                Err(error) => return Err(Failure::no(format!("{file}: {error}"))),
            };
            // The places first: a result may have to say where the same key stood before.
            let places = verdict::in_place(file, &piece, number, vec![Value::Null; items.len()]);
            let mut items = items.into_iter();
            for (place, refused) in places {
                number += 1;
                let result = if refused.is_null()
                    && let Some(item) = items.next()
                {
                    self.item(item, &place)
                } else {
                    refused
                };
                self.tell(&place, result, context)?;
            }
        }
        if number == 0 {
            return Err(Failure::no(format!("{file} holds no document")));
        }
        Ok(())
    }

    fn item(&mut self, item: intake::Item, place: &Place) -> Value {
        let mut value = match item {
            Ok(value) => value,
            Err(problem) => return refused(None, &[problem]),
        };
        self.known.fill_in_series(&mut value);
        if self.any_store {
            let own = value.get("store").and_then(Value::as_str);
            if let Some(own) = own.and_then(Code::parse) {
                self.terms.store = own;
            }
        }
        match intake::read(value, &self.terms) {
            Reading::Refused { key, problems } => refused(key.as_deref(), &problems),
            Reading::Read(judged) => self.judged(*judged, place),
            Reading::Newer(newer) => self.newer(*newer, place),
        }
    }

    fn judged(&mut self, judged: Judged, place: &Place) -> Value {
        let head = &judged.document.head;
        let mut problems = judged.problems.clone();
        problems.append(&mut self.found);
        problems.extend(self.known.unknown(head.till()));
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.level));
        let key = judged.conflict_key.as_ref().unwrap_or(&judged.key);
        let duplicate = self.same_key(key, judged.content_hash, place, &mut problems);
        let currency = head.currency.as_ref().map(ToString::to_string);
        if !duplicate {
            self.totals
                .add(head.kind.as_str(), currency.as_deref(), judged.total);
        }
        let status = status(duplicate, &problems);
        if self.brief {
            return json!({"key": key, "status": status, "problems": problems});
        }
        let document = judged.document.json();
        json!({
            "key": key, "uid": judged.uid.to_string(), "status": status,
            "kind": head.kind.as_str(), "business_date": judged.business_date.to_string(),
            "total": judged.total.map(|total| total.to_string()), "currency": currency,
            "problems": problems, "document": document,
        })
    }

    fn newer(&mut self, newer: Newer, place: &Place) -> Value {
        let mut problems = newer.problems.clone();
        let till = newer.facts.till.as_ref().map_or("", Code::as_str);
        problems.extend(self.known.unknown(till));
        let duplicate = self.same_key(&newer.key, newer.content_hash, place, &mut problems);
        json!({
            "key": newer.key, "status": status(duplicate, &problems), "kind": newer.kind,
            "business_date": newer.business_date.to_string(), "problems": problems, "document": newer.value,
        })
    }

    /// Notes a key; answers whether the same document stood there before.
    fn same_key(
        &mut self,
        key: &str,
        hash: [u8; 32],
        place: &Place,
        problems: &mut Vec<Problem>,
    ) -> bool {
        let Some((first, at)) = self.seen.get(key) else {
            self.seen.insert(key.to_owned(), (hash, place.clone()));
            return false;
        };
        if *first == hash {
            return true;
        }
        let message = format!("another document with this key and other content stands at {at}");
        problems.insert(0, Problem::held(ProblemCode::KeyConflict, "", message));
        false
    }

    fn tell(&mut self, place: &Place, result: Value, context: &mut Context) -> Result<(), Failure> {
        self.tally.add(&result);
        let right = matches!(verdict::text(&result, "status"), "accepted" | "duplicate");
        if self.brief && right {
            return Ok(());
        }
        if context.out.json() {
            self.results.push(verdict::placed(place, result));
            return Ok(());
        }
        verdict::print(&mut context.out, place, &result)?;
        match result.get("document") {
            // It stands there already, a few lines above.
            Some(_) if verdict::text(&result, "status") == "duplicate" => Ok(()),
            Some(document) => context.out.line(format!("    stored as {document}")),
            None => Ok(()),
        }
    }
}

/// A file that is not JSON as a whole: where it stops being that.
fn not_json(file: &str, body: &[u8], document: usize) -> (Place, Value) {
    let text = String::from_utf8_lossy(body);
    let (spot, problem) = json::not_json(text.trim_start_matches('\u{feff}'), Spot::default());
    let place = Place {
        file: file.to_owned(),
        line: usize::try_from(spot.line).ok(),
        column: usize::try_from(spot.column).ok(),
        document,
    };
    (place, refused(None, &[problem]))
}

fn refused(key: Option<&str>, problems: &[Problem]) -> Value {
    json!({"key": key, "status": "refused", "problems": problems})
}

fn status(duplicate: bool, problems: &[Problem]) -> &'static str {
    let held = problems.iter().any(|problem| problem.level == Level::Held);
    match (duplicate, held) {
        (true, _) => "duplicate",
        (false, true) => "held",
        (false, false) => "accepted",
    }
}

/// The store's terms. Without a configuration those of a store whose code is filled in document by document.
fn terms(loaded: Option<&Loaded>, now: Timestamp) -> Result<Terms, Failure> {
    if let Some(loaded) = loaded {
        return Ok(loaded.house()?.terms(now));
    }
    let store = Code::parse(NO_STORE).ok_or_else(|| Failure::bug("no store's code can be made"))?;
    Ok(Terms::new(store, TimeZone::UTC, CUTOFF_DEFAULT, now))
}

/// The tills of the store, where its outbox tells them.
fn known(loaded: Option<&Loaded>) -> Result<Known, Failure> {
    let Some((loaded, file)) = loaded.and_then(|loaded| Some((loaded, loaded.outbox().ok()?)))
    else {
        return Ok(Known::any());
    };
    let any = !loaded.config.listen.require_token;
    Ok(Known::read(&connection::open_reader(&file)?, any)?)
}

/// How files are read.
enum How {
    /// As documents of the contract; found out by the file's name and content when `None`.
    Documents(Option<Media>),
    /// By a profile.
    Profile(Box<Profile>),
}

fn how(profile: Option<&str>, loaded: Option<&Loaded>) -> Result<How, Failure> {
    Ok(match profile {
        None => How::Documents(None),
        Some("ndjson") => How::Documents(Some(Media::Ndjson)),
        Some("json") => How::Documents(Some(Media::Json)),
        Some(other) => How::Profile(Box::new(profiled::profile(other, loaded)?)),
    })
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
