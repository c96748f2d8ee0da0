//! Drop folders on a share whose server is gone: every look at them hangs.
//!
//! Goal: no till and no lane waits for a share. Method: strace keeps each opening of the inboxes' folders waiting for as
//! long as the test runs, as a hard mount does; there are more such inboxes than threads that answer tills.

use tillpost_tests::agent::signal;
use tillpost_tests::home::{FOLDER, Home, Setup};
use tillpost_tests::shop::sample::sales;
use tillpost_tests::{folder, wait};

/// Longer than anybody waits for this test.
const HANGS: &str = "inject=openat:delay_enter=3600000000";
const INBOXES: usize = 4;

#[test]
fn inboxes_on_a_share_that_hangs_keep_no_till_and_no_lane_waiting() {
    let inbox = |n: usize| {
        format!("[[inbox]]\npath = \"{{home}}/in{n}\"\nprofile = \"ndjson\"\nevery = \"1s\"")
    };
    let inboxes: Vec<String> = (0..INBOXES).map(inbox).collect();
    let setup = Setup::bare().with(FOLDER).with(&inboxes.join("\n"));
    let mut home = Home::new(&setup);
    let token = home.add_till("1");
    let mut words = vec![
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-e",
        "trace=openat",
        "-e",
        HANGS,
    ];
    let paths: Vec<String> = (0..INBOXES)
        .map(|n| {
            home.path()
                .join(format!("in{n}"))
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let trace = home.path().join("trace").to_str().unwrap().to_owned();
    words.extend(["-o", trace.as_str()]);
    for path in &paths {
        std::fs::create_dir_all(path).unwrap();
        words.extend(["-P", path]);
    }
    home.set_before(&words);
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 20), "accepted");
    agent.wait_drained(wait::HANG);
    assert_eq!(folder::keys(&home.out()).len(), 20);
    assert_eq!(agent.get("", "/healthz").status, 200);
    let hanging = std::fs::read_to_string(&trace).unwrap();
    for path in &paths {
        assert!(
            hanging.contains(path.as_str()),
            "{path} did not hang:\n{hanging}"
        );
    }
    // Whoever keeps them waiting ends first; until then nobody can be ended.
    signal(tracer(agent.process()), "KILL");
    agent.kill();
}

/// The process that traces another one.
fn tracer(process: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"));
    line.unwrap().trim().parse().unwrap()
}
