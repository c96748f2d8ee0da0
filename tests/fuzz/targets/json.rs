//! Any bytes as a dropped file of JSON or NDJSON: never a panic, and the same in whatever pieces they come.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use tillpost_shared::profile::Profile;

fuzz_target!(|bytes: &[u8]| {
    let [which, step, file @ ..] = bytes else {
        return;
    };
    let profile = if which % 2 == 0 { Profile::Json } else { Profile::Ndjson };
    common::same_in_pieces(&profile, file, usize::from(*step) + 1);
});
