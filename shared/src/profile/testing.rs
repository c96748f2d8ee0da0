//! Files as tests read them: text through a profile to judged documents, in one line each.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::doubt::Doubt;
use super::table::survey::Habits;
use super::text::Sniff;
use super::{About, Decoder, Piece, Profile};
use crate::intake::{Reading, Terms, read};
use crate::scalar::Code;

/// What tests know of their files.
pub fn about(name: &str) -> About {
    About {
        file_name: name.to_owned(),
        modified_at: "2026-11-01T08:00:00Z".parse().unwrap(),
        sha256: "0123456789abcdef".to_owned(),
        store: "ZH01".to_owned(),
        currency: "CHF".to_owned(),
        zone: TimeZone::get("Europe/Zurich").unwrap(),
        habits: Habits::default(),
    }
}

/// The pieces of a file, and why it broke.
pub fn pieces(
    profile: &Profile,
    name: &str,
    bytes: &[u8],
    step: usize,
) -> (Vec<Piece>, Option<String>) {
    let mut sniff = Sniff::default();
    sniff.feed(bytes);
    let encoding = sniff.encoding(profile.encoding(), profile.encoding_fallback());
    let mut doubt = Doubt::default();
    doubt.feed(bytes);
    doubt.end();
    let mut about = about(name);
    if let Some(mut survey) = profile.survey(doubt, encoding, about.modified_at) {
        survey.feed(bytes);
        about.habits = survey.habits();
    }
    let mut decoder = Decoder::new(profile, about, encoding);
    let mut out = Vec::new();
    for part in bytes.chunks(step.max(1)) {
        decoder.feed(part, &mut out);
    }
    decoder.finish(&mut out);
    let broken = decoder.broken();
    let broken =
        broken.map(|(spot, problem)| format!("{}:{} {}", spot.line, spot.column, problem.message));
    (out, broken)
}

/// A document as it would be stored, and what was found: `level code path line:column`.
pub fn judged(piece: Piece) -> (Value, Vec<String>) {
    let item = match &piece.item {
        Ok(value) => value.clone(),
        Err(problem) => {
            let told = format!(
                "refused {} {}:{} {}",
                problem.code.as_str(),
                piece.spot.line,
                piece.spot.column,
                problem.message
            );
            return (Value::Null, vec![told]);
        }
    };
    let store = item
        .get("store")
        .and_then(Value::as_str)
        .and_then(Code::parse);
    let store = store.unwrap_or_else(|| Code::parse("ZH01").unwrap());
    let cutoff = jiff::civil::Time::constant(4, 0, 0, 0);
    let now = "2026-11-01T12:00:00Z".parse().unwrap();
    let terms = Terms::new(store, TimeZone::get("Europe/Zurich").unwrap(), cutoff, now);
    let (document, problems) = match read(item, &terms) {
        Reading::Refused { problems, .. } => (Value::Null, problems),
        Reading::Read(judged) => (judged.document.json(), judged.problems),
        Reading::Newer(newer) => (newer.value, newer.problems),
    };
    let all = problems.iter().chain(&piece.found);
    let mut told: Vec<String> = all
        .map(|problem| {
            let level = serde_json::to_value(problem.level).unwrap();
            let spot = piece.place_of(&problem.path);
            let level = level.as_str().unwrap().to_owned();
            format!(
                "{level} {} {} {}:{}",
                problem.code.as_str(),
                problem.path,
                spot.line,
                spot.column
            )
        })
        .collect();
    told.dedup();
    (document, told)
}

/// Everything of a file.
pub fn all(profile: &str, name: &str, bytes: &[u8]) -> (Vec<(Value, Vec<String>)>, Option<String>) {
    let profile = Profile::shipped(profile).unwrap();
    let (pieces, broken) = pieces(&profile, name, bytes, 1 << 16);
    (pieces.into_iter().map(judged).collect(), broken)
}

#[test]
fn look_at_samples() {
    let Ok(list) = std::env::var("LOOK") else {
        return;
    };
    for one in list.split(' ') {
        let (profile, path) = one.split_once(':').unwrap();
        let bytes = std::fs::read(path).unwrap();
        let name = path.rsplit('/').next().unwrap();
        let (found, broken) = all(profile, name, &bytes);
        println!("=== {one} {broken:?}");
        for (document, problems) in found {
            println!("{document}\n   {problems:?}");
        }
    }
}
