//! One document's result, as `submit` and `check` print it: a line, and below it what is wrong, where, and what to do.

use serde_json::{Map, Value, json};

use crate::cli::files::{Piece, Place};
use crate::cli::output::{Out, count, note};
use crate::cli::report::Failure;

/// How many documents ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stored, or would be.
    pub accepted: usize,
    /// Known already.
    pub duplicate: usize,
    /// Waiting for a person.
    pub held: usize,
    /// Not a document.
    pub refused: usize,
}

impl Tally {
    /// Counts a result.
    pub fn add(&mut self, result: &Value) {
        match text(result, "status") {
            "accepted" => self.accepted += 1,
            "duplicate" => self.duplicate += 1,
            "held" => self.held += 1,
            _ => self.refused += 1,
        }
    }
    /// All of them.
    pub fn total(&self) -> usize {
        self.accepted + self.duplicate + self.held + self.refused
    }
    /// As in `3 documents: 2 accepted, 1 refused`.
    pub fn sentence(&self) -> String {
        let parts = [
            (self.accepted, "accepted"),
            (self.duplicate, "duplicate"),
            (self.held, "held"),
            (self.refused, "refused"),
        ];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let parts: Vec<String> = parts
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        format!("{}: {}", count(self.total(), "document"), parts.join(", "))
    }
    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "documents": self.total(), "accepted": self.accepted, "duplicate": self.duplicate,
            "held": self.held, "refused": self.refused,
        })
    }
}

/// Puts results and the lines that never left together again, in the order of the file.
pub fn in_place(
    file: &str,
    piece: &Piece,
    before: usize,
    results: Vec<Value>,
) -> Vec<(Place, Value)> {
    let place = |line: Option<usize>, index: usize| Place {
        file: file.to_owned(),
        line,
        column: None,
        document: before + index + 1,
    };
    if piece.lines.is_empty() {
        let results = results.into_iter().enumerate();
        return results
            .map(|(index, result)| (place(None, index), result))
            .collect();
    }
    let mut results = results.into_iter();
    let lines = piece.lines.iter().enumerate();
    let whole = lines.filter_map(|(index, (line, problem))| {
        let result = match problem {
            Some(problem) => json!({"key": null, "status": "refused", "problems": [problem]}),
            None => results.next()?,
        };
        Some((place(Some(*line), index), result))
    });
    whole.collect()
}

/// Prints a result for a person, with everything about it below.
pub fn print(out: &mut Out, place: &Place, result: &Value) -> Result<(), Failure> {
    out.line(heading(place, result))?;
    problems(out, result)
}

/// Prints a result on one line, for scripts that count lines; what to do about it goes to stderr.
pub fn print_line(out: &mut Out, place: &Place, result: &Value) -> Result<(), Failure> {
    let problems = result.get("problems").and_then(Value::as_array);
    let problems = problems.map_or(&[][..], Vec::as_slice);
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {}", place_of(problem), text(problem, "message")))
        .collect();
    let told = match told.is_empty() {
        true => String::new(),
        false => format!(": {}", told.join("; ")),
    };
    out.line(format!("{}{told}", heading(place, result)))?;
    let hints = problems.iter().map(|problem| text(problem, "hint"));
    for hint in hints.filter(|hint| !hint.is_empty()) {
        note(&format!("{place}: {hint}"));
    }
    Ok(())
}

fn heading(place: &Place, result: &Value) -> String {
    let status = text(result, "status");
    let key = text(result, "key");
    let state = text(result, "state");
    match (status, key) {
        (_, "") => format!("{status} {place}"),
        ("accepted", _) => format!("{status} {key}"),
        ("duplicate", _) if !state.is_empty() => format!("{status} {key} ({state})"),
        _ => format!("{status} {key} ({place})"),
    }
}

/// Where in the document; a problem of the whole is told by its code.
fn place_of(problem: &Value) -> &str {
    match text(problem, "path") {
        "" => text(problem, "code"),
        path => path,
    }
}

/// Prints what is wrong with a document, the worst first as it comes.
pub fn problems(out: &mut Out, result: &Value) -> Result<(), Failure> {
    let problems = result.get("problems").and_then(Value::as_array);
    for problem in problems.into_iter().flatten() {
        let (place, message) = (place_of(problem), text(problem, "message"));
        let number = |name: &str| problem.get(name).and_then(Value::as_u64);
        match (number("line"), number("column")) {
            (Some(line), Some(column)) => {
                out.line(format!("    {line}:{column} {place}: {message}"))?
            }
            (_, _) => out.line(format!("    {place}: {message}"))?,
        }
        let hint = text(problem, "hint");
        if !hint.is_empty() {
            out.line(format!("        {hint}"))?;
        }
    }
    Ok(())
}

/// A result with the place in the file, for programs.
pub fn placed(place: &Place, result: Value) -> Value {
    let mut object = Map::new();
    object.insert("file".to_owned(), place.file.clone().into());
    match place.line {
        Some(line) => object.insert("line".to_owned(), line.into()),
        None => object.insert("document_number".to_owned(), place.document.into()),
    };
    if let Some(column) = place.column {
        object.insert("column".to_owned(), column.into());
    }
    if let Value::Object(result) = result {
        object.extend(result);
    }
    Value::Object(object)
}

/// A text of an object; empty when it has none.
pub fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tillpost_shared::intake::Media;
    use tillpost_shared::problem::{Code, Problem};

    use super::*;
    use crate::cli::output::tests::Paper;

    fn place(line: usize) -> Place {
        Place {
            file: "a.ndjson".to_owned(),
            line: Some(line),
            column: None,
            document: line,
        }
    }

    #[test]
    fn a_result_is_a_line_with_its_problems_below() {
        let paper = Paper::default();
        let mut out = Out::to(false, paper.clone());
        let results = [
            json!({"key": "ZH01/3/0/4711", "status": "accepted"}),
            json!({"key": "ZH01/3/0/4710", "status": "duplicate", "state": "delivered"}),
            json!({"key": "ZH01/3/0/4712", "status": "held", "problems": [{
                "code": "tender_mismatch", "level": "held", "path": "body.tenders",
                "message": "tenders 20.00 do not pay the total 19.90", "hint": "correct it at the till"}]}),
            json!({"key": null, "status": "refused", "problems": [{"code": "not_json", "path": "", "message": "the line is not JSON"}]}),
        ];
        for (index, result) in results.iter().enumerate() {
            print(&mut out, &place(index + 1), result).unwrap();
        }
        insta::assert_snapshot!(paper.text());
    }

    #[test]
    fn a_script_gets_one_line_each() {
        let paper = Paper::default();
        let mut out = Out::to(false, paper.clone());
        let problem = |path: &str| json!({"code": "tender_mismatch", "path": path, "message": "too little", "hint": "count"});
        let held = json!({"key": "ZH01/3/0/4712", "status": "held", "problems": [problem("body.tenders"), problem("")]});
        let accepted = json!({"key": "ZH01/3/0/4711", "status": "accepted"});
        for result in [held, accepted] {
            print_line(&mut out, &place(2), &result).unwrap();
        }
        let expected = "held ZH01/3/0/4712 (a.ndjson:2): body.tenders: too little; tender_mismatch: too little\n\
            accepted ZH01/3/0/4711\n";
        assert_eq!(paper.text(), expected);
    }

    #[test]
    fn lines_that_never_left_take_their_place_again() {
        let problem = Problem::refused(Code::TooLarge, "", "larger");
        let piece = Piece {
            media: Media::Ndjson,
            body: Vec::new(),
            lines: vec![(1, None), (3, Some(problem)), (4, None)],
        };
        let results = vec![json!({"status": "accepted"}), json!({"status": "held"})];
        let whole = in_place("a.ndjson", &piece, 0, results);
        let short: Vec<_> = whole
            .iter()
            .map(|(place, result)| format!("{place} {}", text(result, "status")))
            .collect();
        assert_eq!(
            short,
            [
                "a.ndjson:1 accepted",
                "a.ndjson:3 refused",
                "a.ndjson:4 held"
            ]
        );
    }
}
