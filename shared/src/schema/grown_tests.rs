//! The schemas may only grow. Tills, scripts and configurations out there are written against those in
//! `schemas/frozen/`; that folder is never made anew. Whatever was right then must be right for ever: fields and words may
//! be added, none may go, change its meaning or become required.

use std::path::PathBuf;

use serde_json::{Value, json};

/// What says nothing to a program.
const WORDS: [&str; 3] = ["description", "title", "$comment"];

/// What a configuration may leave out by now: only the agent reads it, so that whatever was right still is.
const LOOSENED: [&str; 2] = [
    "config.json/$defs/Alerts/required: [\"webhook\"] became []",
    "config.json/$defs/Alerts/properties/webhook/type: \"string\" became [\"string\",\"null\"]",
];

/// Where `now` is not what `then` was, or more; the place is a JSON pointer.
fn narrowed(then: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    let (Value::Object(old), Value::Object(new)) = (then, now) else {
        if then != now {
            found.push(format!("{at}: {then} became {now}"));
        }
        return;
    };
    for (name, then) in old
        .iter()
        .filter(|(name, _)| !WORDS.contains(&name.as_str()))
    {
        let at = format!("{at}/{name}");
        match (name.as_str(), new.get(name)) {
            ("required", now) => required(then, now.unwrap_or(&json!([])), &at, found),
            (_, None) => found.push(format!("{at} is gone")),
            ("properties" | "$defs", Some(now)) => members(then, now, &at, found),
            ("default", Some(now)) if then.is_object() => members(then, now, &at, found),
            ("enum", Some(now)) => words(then, now, &at, found),
            ("anyOf" | "oneOf", Some(now)) => choices(then, now, &at, found),
            (_, Some(now)) => narrowed(then, now, &at, found),
        }
    }
    // A limit that was not there is one that somebody out there may break.
    for name in new.keys().filter(|name| !WORDS.contains(&name.as_str())) {
        let free = matches!(name.as_str(), "properties" | "$defs" | "default");
        if !old.contains_key(name) && !free {
            found.push(format!("{at}/{name} is a new limit"));
        }
    }
}

fn members(then: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    for (name, then) in then.as_object().into_iter().flatten() {
        match now.get(name) {
            Some(now) => narrowed(then, now, &format!("{at}/{name}"), found),
            None => found.push(format!("{at}/{name} is gone")),
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What may be left out was needed by nobody; what was always there, readers rely on.
fn required(then: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    let differ = |a: &Value, b: &Value| list(a).iter().any(|name| !list(b).contains(name));
    if differ(then, now) || differ(now, then) {
        found.push(format!("{at}: {then} became {now}"));
    }
}

fn words(then: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    let gone = list(then).iter().filter(|word| !list(now).contains(word));
    found.extend(gone.map(|word| format!("{at}: {word} is gone")));
}

fn choices(then: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    for then in list(then) {
        let grew = |now: &Value| {
            let mut less = Vec::new();
            narrowed(then, now, "", &mut less);
            less.is_empty()
        };
        if !list(now).iter().any(grew) {
            found.push(format!("{at}: {then} is gone"));
        }
    }
}

#[test]
fn every_schema_is_what_it_was_or_more() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let read = |path: PathBuf| -> Value {
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap()
    };
    let (mut seen, mut found) = (0, Vec::new());
    for entry in std::fs::read_dir(folder.join("frozen")).unwrap() {
        let frozen = entry.unwrap().path();
        let name = frozen.file_name().unwrap();
        let (then, now) = (read(frozen.clone()), read(folder.join(name)));
        narrowed(&then, &now, &name.to_string_lossy(), &mut found);
        seen += 1;
    }
    assert_eq!(seen, 12, "eleven kinds and the configuration");
    for loosened in LOOSENED {
        assert!(found.iter().any(|place| place == loosened), "{loosened}");
    }
    found.retain(|place| !LOOSENED.contains(&place.as_str()));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_is_taken_away_or_made_narrower_is_found() {
    let then = json!({
        "properties": {"a": {"type": "string"}, "b": {"enum": ["x", "y"], "description": "B."}},
        "required": ["a"],
        "$defs": {"c": {"oneOf": [{"const": "p"}, {"const": "q"}]}},
    });
    let less = |pointer: &str, value: Value| {
        let mut now = then.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = now.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.shift_remove(name);
        if !value.is_null() {
            parent.insert(name.to_owned(), value);
        }
        let mut found = Vec::new();
        narrowed(&then, &now, "", &mut found);
        found
    };
    for (pointer, value) in [
        (
            "/properties/b",
            json!({"description": "Other words.", "enum": ["x", "z", "y"]}),
        ),
        ("/properties/d", json!({"type": "string"})),
        (
            "/$defs/c/oneOf",
            json!([{"const": "r"}, {"const": "q"}, {"const": "p"}]),
        ),
        ("/$defs/e", json!({"type": "string"})),
    ] {
        assert_eq!(less(pointer, value), Vec::<String>::new(), "{pointer} grew");
    }
    for (pointer, value) in [
        ("/properties/a", Value::Null),
        ("/properties/a/type", json!("integer")),
        ("/properties/a/maxLength", json!(3)),
        ("/properties/b/enum", json!(["x"])),
        ("/required", json!(["a", "b"])),
        ("/required", Value::Null),
        ("/$defs/c/oneOf", json!([{"const": "p"}])),
        ("/$defs/c", Value::Null),
    ] {
        assert_eq!(less(pointer, value).len(), 1, "{pointer} became less");
    }
}
