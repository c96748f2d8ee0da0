//! Any bytes as text in columns, delimited and of fixed width, by each shipped profile: never a panic, and the same in
//! whatever pieces they come.

#![no_main]

mod common;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillpost_shared::profile::{Profile, shipped};

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let profiles = shipped::names().filter_map(Profile::shipped);
    profiles.filter(|profile| matches!(profile, Profile::Table(_))).collect()
});

// The first two bytes choose the profile and the steps; the rest is the file.
fuzz_target!(|bytes: &[u8]| {
    let [which, step, file @ ..] = bytes else {
        return;
    };
    let profile = &PROFILES[usize::from(*which) % PROFILES.len()];
    common::same_in_pieces(profile, file, usize::from(*step) + 1);
});
