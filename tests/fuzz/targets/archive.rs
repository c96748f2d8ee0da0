//! Any bytes as a dropped file, archive or not: opened and read through within its limits.

#![no_main]

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tillpost_agent::intake::inbox::source::{RATIO_FREE_BYTES, RATIO_MAX, Source};
use tillpost_shared::profile::Profile;

static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::temp_dir().join(format!("tillpost-fuzz-{}.zip", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*PLACE, bytes).expect("the temporary folder can be written");
    let Ok(source) = Source::open(&PLACE, &Profile::Ndjson) else {
        return;
    };
    for part in &source.parts {
        let mut size = 0;
        let hash = source.read(part, |bytes| {
            size += bytes.len() as u64;
            Ok(())
        });
        assert_eq!(hash.expect("it was read once"), part.hash);
        let room = (bytes.len() as u64).saturating_mul(RATIO_MAX).max(RATIO_FREE_BYTES);
        assert!(size <= room, "{size} out of {}", bytes.len());
    }
});
