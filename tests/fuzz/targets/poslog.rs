//! Any bytes as POSLog, by each of its profiles: never a panic, and the same in whatever pieces they come.

#![no_main]

mod common;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillpost_shared::profile::Profile;

const NAMES: [&str; 7] = [
    "ncr_acs_21", "ncr_r10_6", "roqqio_6", "tpnet_22", "xstore", "generic_2", "generic_6",
];

static PROFILES: LazyLock<Vec<Profile>> =
    LazyLock::new(|| NAMES.iter().map(|name| Profile::shipped(name).expect("shipped")).collect());

// The first two bytes choose the profile and the steps; the rest is the file.
fuzz_target!(|bytes: &[u8]| {
    let [which, step, file @ ..] = bytes else {
        return;
    };
    let profile = &PROFILES[usize::from(*which) % PROFILES.len()];
    common::same_in_pieces(profile, file, usize::from(*step) + 1);
});
