//! How much memory a process takes, as Linux counts it.

use std::fs;

/// What of a process is in memory now, in kilobytes.
pub fn resident(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// The most that was in memory since [`forget_peak`], in kilobytes.
pub fn peak(process: u32) -> u64 {
    status(process, "VmHWM:")
}

/// From now on the peak is counted anew.
pub fn forget_peak(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
}

fn status(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.split_whitespace().next());
    figure.unwrap().parse().unwrap()
}
