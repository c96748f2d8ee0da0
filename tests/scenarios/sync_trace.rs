//! A trace of the running program: the log is on disk before the answer is on the wire.
//!
//! Goal: `synchronous=FULL` is really in force in the built program, whatever a pragma says. Method: strace follows every
//! thread; for each of a few documents, one after the other, the write to `outbox.db-wal`, its sync and the answer must
//! come in this order.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tillpost_tests::agent::signal;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

const CALLS: &str = "trace=fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg";

/// What matters of a trace line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The outbox's log was written.
    Written,
    /// The outbox's log is on the disk.
    Synced,
    /// An answer went out.
    Answered,
}

#[test]
fn the_log_is_synced_before_the_answer_is_sent() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &[sale("1", 1)], "accepted");
    let trace = home.path().join("strace.txt");
    let mut strace = follow(agent.process(), &trace);
    for sequence in 2..=6 {
        agent.hand_in_all(&token, &[sale("1", sequence)], "accepted");
    }
    agent.hand_in_all(&token, &[sale("1", 1)], "duplicate");
    signal(strace.id(), "INT");
    strace.wait().unwrap();
    let text = std::fs::read_to_string(&trace).unwrap();
    let steps = steps(&text);
    let answers = steps.iter().filter(|step| **step == Step::Answered).count();
    assert_eq!(answers, 6, "answers in the trace:\n{text}");
    check(&steps).unwrap_or_else(|problem| panic!("{problem}:\n{text}"));
}

/// Every accepting answer has a write before it since the last one, and no write that is not synced.
fn check(steps: &[Step]) -> Result<(), String> {
    let (mut written, mut unsynced, mut accepted) = (false, false, 0);
    for step in steps {
        match step {
            Step::Written => (written, unsynced) = (true, true),
            Step::Synced => unsynced = false,
            Step::Answered if unsynced => return Err("an answer before its sync".to_owned()),
            Step::Answered => {
                accepted += usize::from(written);
                written = false;
            }
        }
    }
    // The last answer is a duplicate's: it may need no write.
    (accepted >= 5)
        .then_some(())
        .ok_or(format!("only {accepted} answers had a write before them"))
}

fn follow(process: u32, trace: &Path) -> Child {
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-y",
            "-s",
            "16",
            "-e",
            CALLS,
            "-p",
            &process.to_string(),
            "-o",
        ])
        .arg(trace);
    let child = command.stderr(Stdio::piped()).spawn();
    let mut child = child.expect("strace is not there. Install it: apt-get install strace");
    wait::until("strace to be attached", || {
        assert!(
            child.try_wait().unwrap().is_none(),
            "strace ended; may it trace other processes?"
        );
        every_thread_is_traced(process).then_some(())
    });
    child
}

fn every_thread_is_traced(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let status = |thread: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap_or_default()
    };
    threads.map(status).all(|status| {
        let tracer = status
            .lines()
            .find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|tracer| tracer.trim() != "0")
    })
}

/// The steps in the order in which they ended. A call that another thread interrupts is two lines: the second counts.
fn steps(trace: &str) -> Vec<Step> {
    let mut begun: Vec<(&str, Step)> = Vec::new();
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        if call.contains("resumed>") {
            if let Some(at) = begun.iter().position(|(other, _)| *other == thread) {
                steps.push(begun.swap_remove(at).1);
            }
            continue;
        }
        let Some(step) = step(call.trim_start()) else {
            continue;
        };
        // An answer counts from the moment it begins, everything else once it has ended.
        if call.contains("<unfinished") && step != Step::Answered {
            begun.push((thread, step));
        } else {
            steps.push(step);
        }
    }
    steps
}

fn step(call: &str) -> Option<Step> {
    let log = call.contains("outbox.db-wal>");
    if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
        return log.then_some(Step::Synced);
    }
    if call.starts_with("pwrite64(") && log {
        return Some(Step::Written);
    }
    let sends = ["write(", "writev(", "sendto(", "sendmsg("]
        .iter()
        .any(|name| call.starts_with(name));
    (sends && call.contains("\"HTTP/1.1 200")).then_some(Step::Answered)
}

#[test]
fn the_check_sees_an_answer_that_comes_too_early() {
    use Step::{Answered, Synced, Written};
    let good = [Written, Synced, Answered].repeat(5);
    assert_eq!(check(&good), Ok(()));
    let mut early = good.clone();
    early.swap(4, 5);
    assert!(check(&early).is_err());
    assert!(check(&good[..12]).is_err(), "too few");
    let trace = "7 pwrite64(4</d/outbox.db-wal>, \"x\", 4096, 0) = 4096\n\
                 7 fdatasync(4</d/outbox.db-wal> <unfinished ...>\n\
                 9 write(8<socket:[1]>, \"HTTP/1.1 200 OK\\r\"..., 200) = 200\n\
                 7 <... fdatasync resumed>) = 0\n";
    assert_eq!(steps(trace), [Written, Answered, Synced]);
}
