//! What the targets over other people's files share: a file that is known, read whole and in small pieces, cleaned.

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use tillpost_shared::profile::clean::whole::Whole;
use tillpost_shared::profile::text::Sniff;
use tillpost_shared::profile::{About, Decoder, Profile};

/// What is known of every file here.
pub fn about() -> About {
    About {
        file_name: "STORE_20261120.csv".to_owned(),
        modified_at: "2026-11-20T18:00:00Z".parse().expect("a time"),
        sha256: "00".repeat(32),
        store: "ZH01".to_owned(),
        currency: "CHF".to_owned(),
        zone: TimeZone::get("Europe/Zurich").expect("a zone"),
        habits: tillpost_shared::profile::table::survey::Habits::default(),
    }
}

/// How these bytes are encoded, as a dropped file's are.
pub fn encoding(profile: &Profile, bytes: &[u8]) -> &'static Encoding {
    let mut sniff = Sniff::default();
    sniff.feed(bytes);
    sniff.encoding(profile.encoding(), profile.encoding_fallback())
}

/// What a file comes to, read in steps of this many bytes: its documents, and where it broke.
pub fn read(profile: &Profile, bytes: &[u8], step: usize) -> String {
    let mut decoder = Decoder::new(profile, about(), encoding(profile, bytes));
    let (mut pieces, mut told) = (Vec::new(), String::new());
    let mut tell = |pieces: &mut Vec<tillpost_shared::profile::Piece>| {
        for piece in pieces.drain(..) {
            // Every place of a problem can be asked for.
            let spot = piece.place_of("body.lines[1].total");
            told += &format!("{:?} {:?} {:?} {spot:?}\n", piece.spot, piece.item, piece.found);
        }
    };
    for step in bytes.chunks(step.max(1)) {
        decoder.feed(step, &mut pieces);
        tell(&mut pieces);
    }
    decoder.finish(&mut pieces);
    tell(&mut pieces);
    told + &format!("{:?}", decoder.broken())
}

/// The file as it is kept: without what may not be.
pub fn cleaned(profile: &Profile, bytes: &[u8], step: usize) -> String {
    let mut whole = Whole::new(profile, encoding(profile, bytes));
    let mut text = String::new();
    for step in bytes.chunks(step.max(1)) {
        whole.feed(step, false, &mut text);
    }
    whole.feed(&[], true, &mut text);
    text
}

/// A file comes to the same in whatever pieces it is read, and so does its cleaned copy.
pub fn same_in_pieces(profile: &Profile, bytes: &[u8], step: usize) {
    let whole = read(profile, bytes, usize::MAX);
    assert_eq!(whole, read(profile, bytes, step), "steps of {step}");
    let clean = cleaned(profile, bytes, usize::MAX);
    assert_eq!(clean, cleaned(profile, bytes, step), "cleaned, steps of {step}");
}
