//! Every answer that a far end can give, and what becomes of it: a table.

use rstest::rstest;
use serde_json::json;

use super::*;

const A: Uuid = Uuid::from_u128(0xA);
const B: Uuid = Uuid::from_u128(0xB);

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        web_page: false,
        retry_after: None,
        body: body.as_bytes().to_vec(),
        too_long: false,
    }
}
/// The answer with these results to a batch of A and B.
fn of_both(results: &Value) -> Result<Vec<Verdict>, Outage> {
    judge(
        &reply(200, &json!({ "results": results }).to_string()),
        &[A, B],
    )
}
fn accepted(uid: Uuid) -> Value {
    json!({"id": uid.to_string(), "status": "accepted", "reference": format!("R-{uid}")})
}
fn is_senseless<T: std::fmt::Debug>(answered: &Result<T, Outage>) -> bool {
    matches!(answered, Err(Outage::Incomprehensible(_)))
}

#[test]
fn results_are_matched_by_id_and_never_by_position() {
    let refused = json!({"id": B.to_string(), "status": "rejected",
        "problems": [{"code": "unknown_till", "message": "Till 3 is not known.", "hint": "Add it."}]});
    let verdicts = of_both(&json!([refused, accepted(A)])).unwrap();
    let expected = [
        Verdict::Accepted(format!("R-{A}")),
        Verdict::Rejected {
            answer: Answer::new("unknown_till", "Till 3 is not known.", "Add it."),
            sent: true,
        },
    ];
    assert_eq!(verdicts, expected);
}

#[test]
fn a_duplicate_has_arrived() {
    let first = json!({"id": A.to_string().to_uppercase(), "status": "duplicate"});
    let second = json!({"id": B.to_string(), "status": "duplicate", "reference": 77, "more": true});
    let verdicts = of_both(&json!([first, second])).unwrap();
    let expected = [A.to_string(), "77".to_owned()].map(Verdict::Accepted);
    assert_eq!(verdicts, expected);
}

#[rstest]
#[case::one_is_missing(json!([accepted(A)]))]
#[case::one_twice_the_other_missing(json!([accepted(A), accepted(A)]))]
#[case::one_twice(json!([accepted(A), accepted(B), accepted(B)]))]
#[case::a_stranger(json!([accepted(A), accepted(B), accepted(Uuid::from_u128(0xC))]))]
#[case::a_stranger_for_one(json!([accepted(A), accepted(Uuid::from_u128(0xC))]))]
#[case::none(json!([]))]
#[case::no_list(json!({}))]
#[case::null(Value::Null)]
#[case::an_unknown_word(json!([accepted(A), {"id": B.to_string(), "status": "held"}]))]
#[case::no_word(json!([accepted(A), {"id": B.to_string()}]))]
#[case::no_id(json!([accepted(A), {"status": "accepted"}]))]
#[case::another_id(json!([accepted(A), {"id": "ZH01/3/0/1", "status": "accepted"}]))]
fn an_answer_that_does_not_name_each_once_says_nothing_of_any(#[case] results: Value) {
    assert!(is_senseless(&of_both(&results)), "{:?}", of_both(&results));
}

#[rstest]
#[case::nothing("")]
#[case::half(r#"{"results":[{"id":"#)]
#[case::a_list("[]")]
#[case::twice(r#"{"results":[],"results":[]}"#)]
#[case::rubbish("\u{0}\u{1}\u{2}")]
fn a_body_that_is_no_answer_says_nothing(#[case] body: &str) {
    assert!(is_senseless(&judge(&reply(200, body), &[])));
}

#[test]
fn a_web_page_is_called_a_portal() {
    let page = reply(200, "\n <!DOCTYPE html><html>Welcome to our Wi-Fi</html>");
    let typed = Reply {
        web_page: true,
        ..reply(200, r#"{"results":[]}"#)
    };
    for portal in [page, typed] {
        let Err(Outage::Incomprehensible(words)) = judge(&portal, &[]) else {
            panic!("a page is no answer");
        };
        assert!(words.contains("captive portal"), "{words}");
    }
    let html = HeaderValue::from_static("Text/HTML; charset=utf-8");
    assert!(is_web_page(&html));
    assert!(!is_web_page(&HeaderValue::from_static("application/json")));
}

#[test]
fn an_answer_beyond_the_limit_says_nothing() {
    let long = Reply {
        too_long: true,
        ..reply(200, r#"{"results":[]}"#)
    };
    assert!(is_senseless(&judge(&long, &[])));
}

#[test]
fn every_status_but_200_is_an_outage_even_with_good_results_in_it() {
    let body = json!({"results": [accepted(A)]}).to_string();
    for status in (100..=999).filter(|status| *status != GOOD) {
        let answered = judge(&reply(status, &body), &[A]);
        let outage = answered.expect_err("only a 200 carries results");
        let as_agreed = match status {
            401 | 403 => matches!(outage, Outage::Unauthorized(_)),
            413 => outage == Outage::BatchTooLarge,
            429 | 503 => outage == Outage::Throttled { retry_after: None },
            408 | 499 | 502 | 504 | 520..=530 | 561 | 598 | 599 => {
                matches!(outage, Outage::Ambiguous(_))
            }
            _ => matches!(outage, Outage::Incomprehensible(_)),
        };
        assert!(as_agreed, "{status}: {outage}");
    }
}

#[test]
fn who_asks_to_wait_is_believed() {
    let patience = Some(Duration::from_secs(7));
    for status in [429, 503] {
        let asked = Reply {
            retry_after: patience,
            ..reply(status, "")
        };
        let expected = Outage::Throttled {
            retry_after: patience,
        };
        assert_eq!(judge(&asked, &[A]), Err(expected));
    }
}

#[rstest]
#[case::silent(Value::Null, "rejected", "does not say why")]
#[case::odd(json!("no"), "rejected", "does not say why")]
#[case::empty(json!([{"code": " ", "message": ""}]), "rejected", "does not say why")]
#[case::several(json!([{"code": "a", "message": "First."}, {"code": "b"}, {}]), "a", "First. (and 2 more)")]
#[case::control(json!([{"code": "a", "message": "x\u{1b}[31m\ny"}]), "a", "x [31m y")]
fn a_refusal_has_words_whatever_the_receiver_says(
    #[case] problems: Value,
    #[case] code: &str,
    #[case] message: &str,
) {
    let answer = words(&problems);
    assert_eq!(answer.code, code);
    assert!(answer.message.contains(message), "{answer:?}");
    assert!(!answer.hint.is_empty());
}

#[test]
fn a_receivers_words_are_cut_to_a_length() {
    let long = "ä".repeat(10_000);
    let answer = words(&json!([{"code": long, "message": long, "hint": long}]));
    let lengths = [&answer.code, &answer.message, &answer.hint].map(|text| text.chars().count());
    assert_eq!(lengths, [CODE_CHARS_MAX, WORDS_CHARS_MAX, WORDS_CHARS_MAX]);
}
