//! The rules of the house that a program can check, over every source file; each rule also shows that it complains.
//!
//! Goal: the shape that the README promises stays. Method: read the sources as text, blank out comments and literals,
//! look for what must not be there.

mod rules;

use rules::{
    Complaint, banned_names, fail_points, functions_fit, header, layers, length, one_clock, pure,
    read_as_written, states, unfinished,
};
use tillpost_tests::source::{Source, read};

const PROGRAMS: [&str; 3] = ["agent/src", "shared/src", "installer/src"];
const ALL: [&str; 6] = [
    "agent/src",
    "shared/src",
    "installer/src",
    "tests/src",
    "tests/scenarios",
    "agent/tests",
];

#[track_caller]
fn check(folders: &[&str], rule: impl Fn(&Source) -> Vec<Complaint>) {
    let sources = read(folders);
    assert!(!sources.is_empty(), "no sources in {folders:?}");
    let complaints: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            rule(source)
                .into_iter()
                .map(|c| format!("{}:{}: {}", source.path, c.line, c.what))
        })
        .collect();
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

/// Asserts what a rule says of a text: the lines it complains of.
#[track_caller]
fn complains(rule: impl Fn(&Source) -> Vec<Complaint>, path: &str, text: &str, lines: &[usize]) {
    let found: Vec<usize> = rule(&Source::new(path, text))
        .iter()
        .map(|c| c.line)
        .collect();
    assert_eq!(found, lines, "{path}: {text}");
}

#[test]
fn files_fit_in_400_lines() {
    check(&ALL, length);
    complains(length, "agent/src/a.rs", &"//\n".repeat(401), &[401]);
    complains(length, "agent/src/a.rs", &"//\n".repeat(400), &[]);
}

#[test]
fn functions_fit_on_a_screen() {
    check(&ALL, functions_fit);
    let long = |lines: usize| format!("\nfn long() {{\n{}}}\n", "x();\n".repeat(lines - 2));
    complains(functions_fit, "agent/src/a.rs", &long(71), &[2]);
    complains(functions_fit, "agent/src/a.rs", &long(70), &[]);
}

#[test]
fn every_file_says_why_it_exists() {
    check(&ALL, header);
    complains(header, "agent/src/a.rs", "use std::fmt;\n", &[1]);
    complains(header, "agent/src/a.rs", "//! x\n", &[1]);
    complains(
        header,
        "agent/src/a.rs",
        "//! Reads what a till sent.\n",
        &[],
    );
}

#[test]
fn a_module_uses_only_what_lies_below_it() {
    check(&["agent/src"], layers);
    complains(
        layers,
        "agent/src/store/lane.rs",
        "use crate::delivery::Lane;\n",
        &[1],
    );
    complains(
        layers,
        "agent/src/outbox.rs",
        "use crate::{backoff, store};\n",
        &[1],
    );
    complains(
        layers,
        "agent/src/backoff.rs",
        "\nlet now = crate::activity::now();\n",
        &[2],
    );
    complains(
        layers,
        "agent/src/intake/mod.rs",
        "use crate::status;\n",
        &[1],
    );
    complains(
        layers,
        "agent/src/delivery.rs",
        "use crate::app::start;\n",
        &[1],
    );
    complains(layers, "agent/src/novelty.rs", "//! New.\n", &[1]);
    complains(
        layers,
        "agent/src/intake/mod.rs",
        "use crate::{activity, store::Store};\n// crate::app\n",
        &[],
    );
    complains(
        layers,
        "agent/src/delivery.rs",
        "use crate::destination::folder::Folder;\n",
        &[],
    );
}

#[test]
fn shared_does_no_input_or_output() {
    check(&["shared/src"], pure);
    for text in [
        "use std::fs;",
        "std::net::TcpStream",
        "use std::thread;",
        "SystemTime",
        "use tokio::sync;",
        "rusqlite::Connection",
        "use reqwest::Url;",
        "use std::{env, fmt};",
    ] {
        complains(pure, "shared/src/a.rs", text, &[1]);
    }
    let allowed = "// tokio\nuse std::fmt;\nuse std::net::IpAddr;\n#[cfg(test)]\nmod tests {\nuse std::fs;\n}";
    complains(pure, "shared/src/a.rs", allowed, &[]);
}

#[test]
fn names_come_from_the_shop() {
    check(&ALL, banned_names);
    complains(banned_names, "agent/src/lane_manager.rs", "//! x", &[1]);
    complains(banned_names, "agent/src/util/mod.rs", "//! x", &[1]);
    complains(
        banned_names,
        "agent/src/a.rs",
        "mod common;\nstruct FileHandler;\nenum E {}\n",
        &[1, 2],
    );
    complains(
        banned_names,
        "agent/src/a.rs",
        "// struct Helper;\ntype Utils = ();\ntrait HelperOf {}",
        &[2, 3],
    );
    complains(
        banned_names,
        "agent/src/a.rs",
        "fn f() { manager(); }\nstruct Command;",
        &[],
    );
}

#[test]
fn nothing_is_left_unfinished() {
    check(&ALL, unfinished);
    complains(
        unfinished,
        "agent/src/a.rs",
        concat!("// TO", "DO later\nx;\n// FIX", "ME"),
        &[1, 3],
    );
    complains(
        unfinished,
        "agent/src/a.rs",
        concat!("to", "do!();\nunimplemen", "ted!()"),
        &[1, 2],
    );
}

#[test]
fn numbers_are_read_as_they_are_written() {
    check(&PROGRAMS, read_as_written);
    let text = "#[serde(default)]\n#[serde(rename = \"a\", flatten)]\n// #[serde(untagged)]\n#[serde(untagged)]\n.flatten()";
    complains(read_as_written, "shared/src/a.rs", text, &[2, 4]);
}

#[test]
fn only_one_place_reads_the_clock() {
    check(&PROGRAMS, one_clock);
    complains(
        one_clock,
        "agent/src/delivery.rs",
        "let at = Timestamp::now();",
        &[1],
    );
    complains(
        one_clock,
        "agent/src/delivery.rs",
        "let at = Zoned::now();\nSystemTime::now()",
        &[1, 2],
    );
    complains(
        one_clock,
        "agent/src/activity.rs",
        "let at = Timestamp::now();",
        &[],
    );
}

#[test]
fn a_deliverys_state_changes_in_five_places_only() {
    check(&["agent/src"], states);
    let planted = "execute(\"UPDATE  deliveries\n SET state = 'delivered'\")";
    complains(states, "agent/src/delivery.rs", planted, &[1]);
    complains(states, "agent/src/store/lane.rs", planted, &[]);
    complains(
        states,
        "agent/src/status/mod.rs",
        "SET due_at = 1, state = 'parked'",
        &[],
    );
    let another = "\"UPDATE deliveries SET due_at = ?1, state = 'parked'\"";
    complains(states, "agent/src/status/mod.rs", another, &[1]);
}

#[test]
fn every_fail_point_is_hit_by_a_scenario() {
    let scenarios = read(&["tests/scenarios"]);
    let others = scenarios
        .iter()
        .filter(|source| !source.path.contains("/tidy/"));
    let texts: String = others.map(|source| source.text.as_str()).collect();
    check(&["agent/src"], |source| fail_points(source, &texts));
    let hit = |name: &str| format!("\nfailpoint::{}(\"{name}\");", "hit");
    let known = "[\"lane.claimed\", \"recovery.piece:2\"]";
    for (name, lines) in [
        ("lane.claimed", &[][..]),
        ("recovery.piece", &[]),
        ("new.one", &[2]),
    ] {
        let rule = |source: &Source| fail_points(source, known);
        complains(rule, "agent/src/a.rs", &hit(name), lines);
    }
}
