//! The table in which a harness says what it measured: always printed, and put into the README when that is wanted.
//!
//! The README marks the place of a table by `<!-- figures: NAME -->` and `<!-- end of figures -->`. A run with
//! `TILLPOST_WRITE_README=1` replaces what stands between them; a table without a place there is only printed. So no
//! figure in the README was typed by hand.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Set when the README is to be written.
const WRITE: &str = "TILLPOST_WRITE_README";
const END: &str = "<!-- end of figures -->";

/// Prints a table, and writes it to its place in the README when asked to.
pub fn publish(name: &str, table: &str) {
    println!("\n{name}\n\n{table}");
    if std::env::var_os(WRITE).is_none() {
        return;
    }
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    // Several harnesses may end at the same time.
    let guard = File::create(lock_file()).unwrap();
    guard.lock().unwrap();
    let text = std::fs::read_to_string(&readme).unwrap();
    match placed(&text, name, table) {
        Some(text) => std::fs::write(&readme, text).unwrap(),
        None => println!("the README has no place for: {name}"),
    }
}

fn lock_file() -> PathBuf {
    std::env::temp_dir().join("tillpost-readme.lock")
}

/// The text with this table in its place; `None` when it has none.
fn placed(text: &str, name: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(&format!("<!-- figures: {name} -->\n"))?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}<!-- figures: {name} -->\n{}\n{END}{after}",
        table.trim_end()
    ))
}

/// How often each of several things happened, in few words: `21 to 22 times each of 16 kinds`.
pub fn times<K>(counts: &BTreeMap<K, usize>) -> String {
    let least = counts.values().min().copied().unwrap_or_default();
    let most = counts.values().max().copied().unwrap_or_default();
    format!("{least} to {most} times each of {} kinds", counts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_place_is_written() {
        let text = "a\n<!-- figures: one -->\nold\n<!-- end of figures -->\n\
                    b\n<!-- figures: two -->\nkept\n<!-- end of figures -->\nc\n";
        let placed = |name| placed(text, name, "new\n");
        let expected = text.replace("old", "new");
        assert_eq!(placed("one"), Some(expected));
        assert_eq!(placed("three"), None);
    }

    #[test]
    fn times_are_told_from_the_least_to_the_most() {
        let counts = BTreeMap::from([("a", 3), ("b", 1), ("c", 2)]);
        assert_eq!(times(&counts), "1 to 3 times each of 3 kinds");
    }
}
