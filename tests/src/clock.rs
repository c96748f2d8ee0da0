//! A wall clock that a test sets for the agent, by libfaketime; the monotonic clock stays, as it does at a jump.

use std::path::PathBuf;
use std::process::Command;

use crate::home::Home;

/// A clock that a test sets.
pub struct Clock(PathBuf);

impl Clock {
    /// Whatever starts in this home from now on goes by it.
    pub fn of(home: &mut Home) -> Self {
        let file = home.path().join("clock");
        let clock = Self(file.clone());
        clock.jump("+0");
        home.set_env("LD_PRELOAD", libfaketime().to_str().unwrap());
        home.set_env("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap());
        home.set_env("FAKETIME_NO_CACHE", "1");
        home.set_env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        clock
    }

    /// Sets it so far off the real time, as in `+30d`.
    pub fn jump(&self, by: &str) {
        std::fs::write(&self.0, by).unwrap();
    }
}

/// The library that fakes the wall clock.
fn libfaketime() -> PathBuf {
    let listed = Command::new("dpkg")
        .args(["-L", "libfaketime"])
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let library = listed
        .lines()
        .find(|line| line.ends_with("libfaketimeMT.so.1"));
    library.map(PathBuf::from).unwrap_or_else(|| {
        panic!("the package libfaketime is missing: apt-get install libfaketime")
    })
}
