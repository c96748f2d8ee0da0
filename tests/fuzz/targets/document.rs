//! Any bytes as any of the four ways to pack documents: never a panic, and what was read stays what it is when it is
//! written and read again.

#![no_main]

use std::sync::LazyLock;

use jiff::civil::time;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use tillpost_shared::intake::{Judged, Media, Reading, Terms, read, split};
use tillpost_shared::scalar::Code;
use tillpost_shared::shape::Form;

const MEDIA: [Media; 4] = [
    Media::Json,
    Media::Ndjson,
    Media::CloudEvent,
    Media::CloudEventBatch,
];

static TERMS: LazyLock<Terms> = LazyLock::new(|| {
    let store = Code::parse("ZH01").expect("a code");
    let zone = TimeZone::get("Europe/Zurich").expect("a zone");
    let received_at = "2026-11-20T18:00:00Z".parse().expect("a time");
    Terms::new(store, zone, time(4, 0, 0, 0), received_at)
});

fuzz_target!(|bytes: &[u8]| {
    for media in MEDIA {
        for value in split(bytes, media).into_iter().flatten().flatten() {
            if let Reading::Read(judged) = read(value, &TERMS) {
                again(&judged);
            }
        }
    }
});

/// Whatever was read is the same document when it comes back as it was stored, with nothing left to take out of it.
fn again(judged: &Judged) {
    let text = judged.document.text(Form::Stored);
    let value = serde_json::from_str(&text).expect("what is stored is JSON");
    let Reading::Read(second) = read(value, &TERMS) else {
        panic!("what was stored is not read again: {text}");
    };
    assert_eq!(second.key, judged.key);
    assert_eq!(second.content_hash, judged.content_hash, "{text}");
    assert_eq!(second.document.text(Form::Stored), text);
}
