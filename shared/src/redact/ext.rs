//! How much a document may carry that Tillpost does not read.

use serde_json::{Map, Value};

use crate::problem::{Code, Problem};

/// Bytes of all `ext` of a document together, as compact JSON.
pub const EXT_BYTES_MAX: usize = 8 * 1024;

/// Drops each `ext` for which there is no room any more: the document's own comes first, then lines, then tenders.
pub(super) fn limit(document: &mut Map<String, Value>, problems: &mut Vec<Problem>) {
    let mut room = EXT_BYTES_MAX;
    drop_too_large(document, || "ext".to_owned(), &mut room, problems);
    let Some(Value::Object(body)) = document.get_mut("body") else {
        return;
    };
    for list in ["lines", "voided_lines", "tenders", "refund_tenders"] {
        let Some(Value::Array(values)) = body.get_mut(list) else {
            continue;
        };
        for (index, value) in values.iter_mut().enumerate() {
            if let Value::Object(object) = value {
                let path = || format!("body.{list}[{index}].ext");
                drop_too_large(object, path, &mut room, problems);
            }
        }
    }
}

fn drop_too_large(
    object: &mut Map<String, Value>,
    path: impl Fn() -> String,
    room: &mut usize,
    problems: &mut Vec<Problem>,
) {
    let Some(Value::Object(ext)) = object.get("ext") else {
        return;
    };
    if ext.is_empty() {
        return;
    }
    let size = Value::Object(ext.clone()).to_string().len();
    if size <= *room {
        *room -= size;
    } else {
        object.shift_remove("ext");
        let message = format!("dropped: more than {EXT_BYTES_MAX} bytes of ext in the document");
        problems.push(Problem::flag(Code::ExtDropped, &path(), message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::{changed, judge, problems, sale, with};

    #[test]
    fn ext_has_eight_kibibytes_for_all_of_a_document() {
        let ext = |bytes: usize| json!({"a": "x".repeat(bytes - 8)});
        let document = |head: usize, line: usize, tender: usize| {
            problems(changed(
                sale(),
                &[
                    ("/ext", ext(head)),
                    ("/body/lines/0/ext", ext(line)),
                    ("/body/tenders/0/ext", ext(tender)),
                ],
            ))
        };
        assert_eq!(document(8000, 100, 92), Vec::<String>::new());
        assert_eq!(
            document(8000, 100, 93),
            ["flag ext_dropped body.tenders[0].ext"]
        );
        assert_eq!(
            document(8000, 193, 92),
            ["flag ext_dropped body.lines[0].ext"]
        );
        assert_eq!(document(8193, 100, 92), ["flag ext_dropped ext"]);
        let kept = judge(with(sale(), "/ext", ext(8193))).document.json();
        assert_eq!(kept.get("ext"), None);
    }
}
