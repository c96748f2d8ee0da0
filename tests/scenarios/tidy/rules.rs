//! The rules themselves: a source in, complaints out.

use tillpost_tests::source::Source;

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// What is wrong, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub line: usize,
    pub what: String,
}

fn complaint(line: usize, what: impl Into<String>) -> Complaint {
    Complaint {
        line,
        what: what.into(),
    }
}

pub fn length(source: &Source) -> Vec<Complaint> {
    let lines = source.text.lines().count();
    let what = format!("{lines} lines, more than {FILE_LINES_MAX}");
    (lines > FILE_LINES_MAX)
        .then(|| complaint(lines, what))
        .into_iter()
        .collect()
}

pub fn functions_fit(source: &Source) -> Vec<Complaint> {
    let functions = source.functions().into_iter();
    let long = functions.filter(|function| function.lines > FUNCTION_LINES_MAX);
    long.map(|f| {
        complaint(
            f.line,
            format!(
                "fn {} has {} lines, more than {FUNCTION_LINES_MAX}",
                f.name, f.lines
            ),
        )
    })
    .collect()
}

/// A header is a sentence, not a word.
pub fn header(source: &Source) -> Vec<Complaint> {
    let first = source.text.lines().next().unwrap_or_default();
    let said = first
        .strip_prefix("//! ")
        .is_some_and(|text| text.split_whitespace().count() > 1);
    (!said)
        .then(|| {
            complaint(
                1,
                "the file does not begin with a sentence on why it exists",
            )
        })
        .into_iter()
        .collect()
}

/// The agent's modules from the bottom up; a module uses its own row and the rows above it in this table.
const LAYERS: [&[&str]; 7] = [
    &["outbox", "backoff", "failpoint", "hurry"],
    &["store", "paths", "secret", "logging"],
    // A clock and a board: what every loop has in common.
    &["activity"],
    &["intake", "destination", "catalog"],
    &[
        "delivery",
        "update",
        "hours",
        "housekeeping",
        "recovery",
        "evening",
        "price_files",
        "status",
    ],
    &["app"],
    &["cli", "demo", "main", "lib"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

pub fn layers(source: &Source) -> Vec<Complaint> {
    let path = source
        .path
        .strip_prefix("agent/src/")
        .unwrap_or(&source.path);
    let module = path
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs");
    // Tests beside a module belong to it.
    let module = module.trim_end_matches("_tests");
    let Some(own) = layer(module) else {
        return vec![complaint(
            1,
            format!("module {module} stands in no layer: add it to the table"),
        )];
    };
    let mut complaints = Vec::new();
    for (line, used) in crate_modules(&source.code) {
        match layer(&used) {
            Some(other) if other > own => {
                complaints.push(complaint(
                    line,
                    format!("{module} uses {used}, which lies above it"),
                ));
            }
            Some(_) => {}
            // A type or macro at the crate's root.
            None if used.chars().next().is_none_or(char::is_uppercase) => {}
            None => complaints.push(complaint(
                line,
                format!("{used} stands in no layer: add it to the table"),
            )),
        }
    }
    complaints
}

/// The modules named right after `crate::`, alone or in braces, with their lines.
fn crate_modules(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + prefix.len()..];
        let names = match rest.strip_prefix('{') {
            Some(list) => first_names(list),
            None => vec![word(rest)],
        };
        found.extend(
            names
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(|name| (line, name)),
        );
    }
    found
}

/// The first name of each element of a list in braces, whose opening brace is already gone.
fn first_names(list: &str) -> Vec<String> {
    let mut names = vec![word(list.trim_start())];
    let mut depth = 0;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(word(list[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

pub fn pure(source: &Source) -> Vec<Complaint> {
    let source = &source.program();
    let banned = [
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "tokio",
        "rusqlite",
        "reqwest",
        "SystemTime",
        "Instant",
        "axum",
    ];
    let words = source.words().filter(|(_, word)| banned.contains(word));
    let mut complaints: Vec<_> = words
        .map(|(line, word)| complaint(line, format!("{word} in shared")))
        .collect();
    let modules = ["fs", "thread", "env", "process", "io"];
    for (n, line) in source.code.lines().enumerate() {
        let Some((_, rest)) = line.split_once("std::") else {
            continue;
        };
        let named = match rest.strip_prefix('{') {
            Some(list) => first_names(list),
            None => vec![word(rest)],
        };
        for name in named.iter().filter(|name| modules.contains(&name.as_str())) {
            complaints.push(complaint(n + 1, format!("std::{name} in shared")));
        }
    }
    complaints
}

pub fn banned_names(source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let parts = source.path.split('/');
    if let Some(part) = parts
        .map(|part| part.trim_end_matches(".rs"))
        .find(|part| is_banned(part))
    {
        complaints.push(complaint(1, format!("a file named {part}")));
    }
    let words: Vec<(usize, &str)> = source.words().collect();
    for pair in words.windows(2) {
        let (keyword, (line, name)) = (pair[0].1, pair[1]);
        let names = ["mod", "struct", "enum", "trait", "type", "union"].contains(&keyword);
        if names && is_banned(name) {
            complaints.push(complaint(line, format!("{keyword} {name}")));
        }
    }
    complaints
}

/// Whether one of a name's words says nothing.
fn is_banned(name: &str) -> bool {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() || !c.is_alphanumeric() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    let banned = [
        "manager", "handler", "util", "utils", "helper", "helpers", "common",
    ];
    words
        .split([' ', '_', '-'])
        .any(|word| banned.contains(&word))
}

pub fn unfinished(source: &Source) -> Vec<Complaint> {
    // Written apart, so that this file does not complain of itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!"),
        concat!("unimplemen", "ted!"),
    ];
    let lines = source.text.lines().enumerate();
    let marked = lines.filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
    marked
        .map(|(n, line)| complaint(n + 1, line.trim()))
        .collect()
}

pub fn one_clock(source: &Source) -> Vec<Complaint> {
    if source.path == "agent/src/activity.rs" {
        return Vec::new();
    }
    let source = &source.program();
    let clocks = ["Timestamp::now", "Zoned::now", "SystemTime::now"];
    let lines = source.code.lines().enumerate();
    let read = lines.filter(|(_, line)| clocks.iter().any(|clock| line.contains(clock)));
    read.map(|(n, line)| complaint(n + 1, line.trim()))
        .collect()
}

/// `#[serde(flatten)]` and `untagged` read numbers through a buffer, which loses digits, and answer every slip with "did not
/// match any variant".
pub fn read_as_written(source: &Source) -> Vec<Complaint> {
    let lines = source.code.lines().enumerate();
    let attributes = lines.filter(|(_, line)| line.contains("serde("));
    let buffered =
        attributes.filter(|(_, line)| ["flatten", "untagged"].iter().any(|how| line.contains(how)));
    buffered
        .map(|(n, line)| complaint(n + 1, line.trim()))
        .collect()
}

/// SQL that changes a delivery's state, outside the five files that may.
pub fn states(source: &Source) -> Vec<Complaint> {
    let may = [
        "agent/src/store/lane.rs",
        "agent/src/store/person.rs",
        "agent/src/store/accept.rs",
        // Of two versions of a row of a damaged outbox it chooses the final one.
        "agent/src/store/rescue/fill.rs",
        // And what came back learns what became of it before, or is held.
        "agent/src/store/rescue/bring_back.rs",
    ];
    // Tests set up what they need: a damaged row, say.
    let test = source.path.contains("/tests/");
    if test || may.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    let source = source.program();
    let lower = source.text.to_lowercase();
    for (at, _) in lower.match_indices("update") {
        let statement: String = lower[at..]
            .chars()
            .take_while(|c| *c != '"' && *c != ';')
            .collect();
        let mut words = statement
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|w| !w.is_empty());
        let changes = words.nth(1) == Some("deliveries") && words.next() == Some("set");
        let until_where = words.take_while(|word| *word != "where");
        if changes && until_where.into_iter().any(|word| word == "state") {
            let line = lower[..at].matches('\n').count() + 1;
            complaints.push(complaint(line, "changes a delivery's state"));
        }
    }
    complaints
}

/// Fail points that no scenario names: nobody has seen the program die there.
pub fn fail_points(source: &Source, scenarios: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (at, call) in source.text.match_indices("failpoint::hit(\"") {
        let name = source.text[at + call.len()..].split('"').next();
        let name = name.unwrap_or_default();
        if !scenarios.contains(&format!("\"{name}\"")) && !scenarios.contains(&format!("\"{name}:"))
        {
            let line = source.text[..at].matches('\n').count() + 1;
            complaints.push(complaint(line, format!("no scenario hits {name}")));
        }
    }
    complaints
}
