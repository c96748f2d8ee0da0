//! What the tidy test needs to know of Rust source: where code is, and where functions begin and end.

use std::path::{Path, PathBuf};

/// A source file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path from the workspace's folder, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments and what stands in quotes blanked out; lines stay where they are.
    pub code: String,
}

/// A function and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// Counted from 1.
    pub line: usize,
    pub lines: usize,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: code_only(text),
        }
    }

    /// The same without its tests: what runs in a store.
    pub fn program(&self) -> Self {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let only_tests = name == "tests.rs" || name == "testing.rs" || name.ends_with("_tests.rs");
        let tests = if only_tests {
            0
        } else {
            let begin = self.code.find("#[cfg(test)]\nmod ");
            begin.unwrap_or(self.code.len())
        };
        // Blanking out keeps the length in characters, not in bytes: count lines.
        let lines = self.code[..tests].lines().count();
        let first = |text: &str| text.split_inclusive('\n').take(lines).collect();
        Self {
            path: self.path.clone(),
            text: first(&self.text),
            code: first(&self.code),
        }
    }

    /// The functions with a body, by counting braces.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("fn ") {
            let before = self.code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &self.code[at + 3..];
            let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
            if let Some(body) = body_length(rest).filter(|_| !name.is_empty()) {
                let line = self.code[..at].matches('\n').count() + 1;
                let lines = rest[..body].matches('\n').count() + 1;
                found.push(Function { name, line, lines });
            }
        }
        found
    }

    /// The words of the code, with the line each stands in.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.lines().enumerate();
        lines.flat_map(|(n, line)| {
            let words = line.split(|c| !is_word(c)).filter(|word| !word.is_empty());
            words.map(move |word| (n + 1, word))
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Up to the closing brace of the first body, or `None` when a semicolon comes first.
fn body_length(code: &str) -> Option<usize> {
    let mut inside = 0_usize;
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' if depth == 0 => inside += 1,
            ')' | ']' if depth == 0 => inside = inside.checked_sub(1)?,
            ';' if depth == 0 && inside == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Blanks out comments and what stands in quotes.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let length = blank_length(&chars, at);
        if length == 0 {
            out.push(chars[at]);
            at += 1;
        } else {
            let end = (at + length).min(chars.len());
            out.extend(
                chars[at..end]
                    .iter()
                    .map(|c| if *c == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    out
}

/// How many characters from here on are a comment or a literal; 0 for code.
fn blank_length(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let begins = |text: &str| rest.iter().take(text.len()).copied().eq(text.chars());
    if begins("//") {
        return rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
    }
    if begins("/*") {
        return block_comment(rest);
    }
    if begins("'") {
        return character(rest);
    }
    let within_word = at > 0 && is_word(chars[at - 1]);
    if !within_word && (begins("r") || begins("br")) {
        return raw_text(rest);
    }
    if begins("\"") { quoted(rest) } else { 0 }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// A character, or nothing when the quote begins a lifetime.
fn character(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', escaped, tail @ ..] => {
            let skip = usize::from(*escaped == '\'' || *escaped == '\\');
            tail.iter()
                .skip(skip)
                .position(|c| *c == '\'')
                .map_or(0, |end| {
                    // Where the escaped character is itself a quote, the closing one is the first of the tail.
                    if skip == 1 { 4 } else { end + 4 }
                })
        }
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

fn raw_text(rest: &[char]) -> usize {
    let start = if rest[0] == 'b' { 2 } else { 1 };
    let hashes = rest[start..].iter().take_while(|c| **c == '#').count();
    if rest.get(start + hashes) != Some(&'"') {
        return 0;
    }
    let mut at = start + hashes + 1;
    while at < rest.len() {
        let closing = rest[at] == '"'
            && rest.len() > at + hashes
            && rest[at + 1..=at + hashes].iter().all(|c| *c == '#');
        if closing {
            return at + hashes + 1;
        }
        at += 1;
    }
    rest.len()
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap().to_owned()
}

/// Every Rust file below these folders of the workspace that exist.
pub fn read(folders: &[&str]) -> Vec<Source> {
    let root = workspace();
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    let sources = paths.into_iter().map(|path| {
        let name = path
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        Source::new(&name, &std::fs::read_to_string(&path).unwrap())
    });
    sources.collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|end| end == "rs") {
            paths.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_blanked_out() {
        let text = "let a = '{'; // {\nlet b: &'a str = \"}\\\"{\"; /* { /* } */ */ r#\"{\"#; b'\\''; '\\n'; x";
        let code = code_only(text);
        assert_eq!(code.len(), text.len());
        assert!(!code.contains(['{', '}', '"', '/']), "{code}");
        assert!(code.contains("&'a str") && code.ends_with("; x"), "{code}");
    }

    #[test]
    fn functions_are_measured_by_their_braces() {
        let text = "trait T {\n fn none(&self) -> [u8; 2];\n}\nfn one() {\n if x { y(\"}\") }\n}\nfn two() { }\n";
        let found = Source::new("a.rs", text).functions();
        let found: Vec<_> = found
            .iter()
            .map(|f| (f.name.as_str(), f.line, f.lines))
            .collect();
        assert_eq!(found, [("one", 4, 3), ("two", 7, 1)]);
    }

    #[test]
    fn the_program_is_what_stands_before_its_tests() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {}\n";
        assert_eq!(Source::new("a.rs", text).program().text, "fn a() {}\n");
        assert_eq!(Source::new("a/b_tests.rs", text).program().text, "");
        assert_eq!(
            Source::new("a.rs", "fn é() {}\n").program().text,
            "fn é() {}\n"
        );
    }
}
