//! JSON written straight into a text, without a tree in between: it is done for every field of every document.

use std::fmt::{Display, Write};

use serde_json::Value;

/// Begins a field of the object that was opened last.
pub fn begin_field(name: &str, out: &mut String) {
    if !out.ends_with('{') {
        out.push(',');
    }
    write_text(name, out);
    out.push(':');
}

/// Adds a JSON string; nearly all are plain, and this is done for every text of every document.
pub fn write_text(text: &str, out: &mut String) {
    if text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

/// Adds what is written plainly in ASCII, as a JSON string: a decimal, a time, a date, a uid.
pub fn write_plain(value: impl Display, out: &mut String) {
    // Writing to a text cannot fail.
    let _ = write!(out, "\"{value}\"");
}
