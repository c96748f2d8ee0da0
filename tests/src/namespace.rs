//! A mount namespace of a test's own: what it mounts nobody else sees, and it is gone with the last process in it.
//!
//! Without it another process could clone the namespace, keep a file system alive that was cut, and the next mount would
//! attach to it: a trial that shows nothing.

use std::path::PathBuf;
use std::process::Command;

/// Set in the process that runs inside; names a file that it writes when it begins.
const INSIDE: &str = "TILLPOST_TEST_INSIDE";

/// Runs `body` in a mount namespace of its own, by running this test again in there. `test` is its full name, as in
/// `power_cut::…`. Fails, and says what is missing, where that is not possible.
pub fn inside(test: &str, body: impl FnOnce()) {
    if let Some(begun) = std::env::var_os(INSIDE) {
        std::fs::write(begun, "begun").unwrap();
        return body();
    }
    let folder = tempfile::tempdir().unwrap();
    let begun: PathBuf = folder.path().join("begun");
    let status = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(INSIDE, &begun)
        .status()
        .unwrap_or_else(|error| panic!("cannot run unshare (package util-linux): {error}"));
    assert!(
        begun.exists(),
        "unshare --mount did not reach the test {test} ({status}): it needs root (CAP_SYS_ADMIN), and the name must fit"
    );
    assert!(status.success(), "inside the namespace: {status}");
}
