//! Reads what a `folder` destination wrote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One document as it lies in a file.
#[derive(Debug, Clone)]
pub struct Line {
    pub file: PathBuf,
    pub text: String,
    pub document: Value,
}

/// Every line of every finished file, in the order of the files' names. Panics at a line that is not whole.
pub fn read(folder: &Path) -> Vec<Line> {
    let mut lines = Vec::new();
    for file in files(folder) {
        let content = std::fs::read_to_string(&file).unwrap();
        assert!(
            content.ends_with('\n'),
            "{} ends in the middle of a line",
            file.display()
        );
        for text in content.lines() {
            let document = serde_json::from_str(text)
                .unwrap_or_else(|error| panic!("{}: {error}: {text}", file.display()));
            let (file, text) = (file.clone(), text.to_owned());
            lines.push(Line {
                file,
                text,
                document,
            });
        }
    }
    lines
}

/// The finished files below a folder, by name.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "ndjson") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// How often every key lies there.
pub fn keys(folder: &Path) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for line in read(folder) {
        let key = line.document["key"].as_str().unwrap().to_owned();
        *keys.entry(key).or_default() += 1;
    }
    keys
}
