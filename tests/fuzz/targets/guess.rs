//! Any text as a file nobody knows: a proposal is always a profile that can be read, and that reads the file without a
//! panic.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use tillpost_shared::profile::Profile;
use tillpost_shared::profile::guess::{Guess, guess};
use tillpost_shared::profile::text::Text;

fuzz_target!(|bytes: &[u8]| {
    let mut text = String::new();
    Text::new(encoding_rs::UTF_8).feed(bytes, true, &mut text);
    match guess(&text) {
        Ok(Guess::Profile(proposed)) => {
            let profile = Profile::read(&proposed)
                .unwrap_or_else(|why| panic!("the proposal is no profile: {why}\n{proposed}"));
            common::read(&profile, bytes, usize::MAX);
        }
        Ok(Guess::Shipped(name)) => assert!(Profile::shipped(name).is_some(), "{name}"),
        Err(_) => {}
    }
});
