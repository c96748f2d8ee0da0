//! Any bytes as the two files of a pair: never a panic, and every receipt of either comes out once.

#![no_main]

mod common;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillpost_shared::profile::table::pair::{Half, Pair, join};
use tillpost_shared::profile::text::Text;
use tillpost_shared::profile::{Profile, shipped};

static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let profiles = shipped::names().filter_map(Profile::shipped);
    let pairs = profiles.filter_map(|profile| match profile {
        Profile::Pair(pair) => Some(*pair),
        _ => None,
    });
    pairs.collect()
});

// The first byte chooses the profile; a line of `===` parts the files.
fuzz_target!(|bytes: &[u8]| {
    let [which, both @ ..] = bytes else {
        return;
    };
    let pair = &PAIRS[usize::from(*which) % PAIRS.len()];
    let mut text = String::new();
    Text::new(encoding_rs::UTF_8).feed(both, true, &mut text);
    let halves: Vec<Half> = text
        .split("\n===\n")
        .map(|text| Half { about: common::about(), text: text.to_owned() })
        .collect();
    let joined = join(pair, &halves);
    let pieces = joined.whole.iter().chain(&joined.halves);
    assert!(pieces.map(|(file, _)| *file).all(|file| file < halves.len()));
});
