//! What the system says of a process: its memory, its sockets; and how many files it may open.

use std::path::Path;
use std::process::Command;

/// Resident memory in megabytes.
pub fn resident_mb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    kilobytes.unwrap().parse::<u64>().unwrap() / 1024
}

/// How many sockets it has open.
pub fn sockets(process: u32) -> usize {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let socket = |path: &Path| {
        let target = std::fs::read_link(path).unwrap_or_default();
        target.to_string_lossy().starts_with("socket:")
    };
    files
        .filter(|file| socket(&file.as_ref().unwrap().path()))
        .count()
}

/// Sets how many files it may open, up to what the system allows; what it starts from then on inherits it.
pub fn set_files_max(process: u32, files: usize) {
    let set = Command::new("prlimit")
        .args([format!("--pid={process}"), format!("--nofile={files}:")])
        .status()
        .unwrap();
    assert!(set.success(), "prlimit --pid={process} --nofile={files}");
}

/// The size of a file in bytes, none where there is none.
pub fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}
