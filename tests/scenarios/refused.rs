//! The row of a document that is refused.
//!
//! Goal: a till's program can rely on the row's shape: `key` is always there, null where the document got no key, and
//! nothing says that something was stored. Method: refuse documents with and without a readable key, over HTTP and by
//! the command line.

use serde_json::{Value, json};
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;

/// The names of a row's fields, sorted.
fn fields(row: &Value) -> Vec<&String> {
    let mut names: Vec<&String> = row.as_object().unwrap().keys().collect();
    names.sort();
    names
}

/// Refused documents, each with the key it is told of.
fn refused() -> Vec<(&'static str, Value, Value)> {
    let without = |field: &str| {
        let mut document = sale("1", 1);
        document["body"].as_object_mut().unwrap().remove(field);
        document
    };
    let mut nameless = sale("1", 1);
    for name in ["sequence", "receipt_number", "source"] {
        nameless.as_object_mut().unwrap().remove(name);
    }
    let mut foreign = sale("1", 7);
    foreign["till"] = json!("2");
    vec![
        ("a field is missing", without("total"), Value::Null),
        ("no key can be made", nameless, Value::Null),
        ("no document", json!({"hello": "world"}), Value::Null),
        ("another till's", foreign, json!("ZH01/2/0/7")),
    ]
}

#[test]
fn a_refused_row_has_its_key_or_null() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    for (what, document, key) in refused() {
        let answer = agent.post(&token, &document);
        assert_eq!(answer.status, 422, "{what}: {}", answer.body);
        let row = answer.json()["results"][0].clone();
        assert_eq!(fields(&row), ["key", "problems", "status"], "{what}: {row}");
        assert_eq!(
            (&row["status"], &row["key"]),
            (&json!("refused"), &key),
            "{what}: {row}"
        );
    }
    let broken = agent.post_as(&token, "application/x-ndjson", "{\"kind\":\n");
    let row = broken.json()["results"][0].clone();
    assert_eq!(fields(&row), ["key", "problems", "status"], "{row}");
    assert_eq!(row["key"], Value::Null);
    assert_eq!(
        agent.get(&token, "/v1/documents").ok()["documents"],
        json!([])
    );
}

#[test]
fn the_command_line_tells_the_same() {
    let home = Home::new(&Setup::bare());
    home.add_till("1");
    let _agent = home.start();
    let file = home.path().join("bad.ndjson");
    let lines: String = refused()
        .iter()
        .take(3)
        .map(|(_, document, _)| format!("{document}\n"))
        .collect();
    std::fs::write(&file, lines + "{\"kind\":\n").unwrap();
    for command in ["submit", "check"] {
        let said = home
            .run(&[command, file.to_str().unwrap(), "--json"])
            .ended(1);
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        let rows = said["results"].as_array().or(said["documents"].as_array());
        let rows = rows.unwrap_or_else(|| panic!("{command}: {said}"));
        assert_eq!(rows.len(), 4, "{command}: {said}");
        for row in rows {
            assert_eq!(row["status"], "refused", "{command}: {row}");
            assert_eq!(row.get("key"), Some(&Value::Null), "{command}: {row}");
            assert!(row.get("id").is_none(), "{command}: {row}");
        }
    }
}
