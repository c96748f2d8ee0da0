//! Any bytes, any encoding: found and decoded to the same text in whatever pieces they come.

#![no_main]

use encoding_rs::Encoding;
use libfuzzer_sys::fuzz_target;
use tillpost_shared::profile::text::{Sniff, Text};

const WANTED: [&str; 6] = ["auto", "utf-8", "utf-16le", "windows-1252", "shift_jis", "gb18030"];

fuzz_target!(|bytes: &[u8]| {
    let [wanted, step, file @ ..] = bytes else {
        return;
    };
    let wanted = WANTED[usize::from(*wanted) % WANTED.len()];
    let step = usize::from(*step) + 1;
    for fallback in ["windows-1252", ""] {
        let whole = read(file, file.len().max(1), wanted, fallback);
        let pieces = read(file, step, wanted, fallback);
        assert_eq!(whole.0, pieces.0, "the encoding in steps of {step}");
        assert_eq!(whole.1, pieces.1, "the text in steps of {step}");
    }
});

fn read(file: &[u8], step: usize, wanted: &str, fallback: &str) -> (&'static Encoding, String) {
    let mut sniff = Sniff::default();
    for step in file.chunks(step) {
        sniff.feed(step);
    }
    let encoding = sniff.encoding(wanted, fallback);
    let (mut text, mut out) = (Text::new(encoding), String::new());
    for step in file.chunks(step) {
        text.feed(step, false, &mut out);
    }
    text.feed(&[], true, &mut out);
    (encoding, out)
}
