//! Redaction of whatever a sender may put where the contract leaves it free.

use proptest::prelude::*;
use serde_json::Value;

use super::mask;
use crate::problem::Problem;
use crate::sample::{changed, goods_back, sale, with};
use crate::shape::Unknown;

fn redact(document: &mut Value) -> Vec<Problem> {
    super::redact(&mut document.clone(), Unknown::Ignored);
    super::redact(document, Unknown::Refused)
}

const PAN: &str = "4111111111111111";

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(PAN.to_owned()),
        Just("cvv".to_owned()),
        Just("customer".to_owned()),
        "[0-9 -]{13,24}",
        "\\PC{0,6}",
    ];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => found.push(number.to_string()),
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(map) => map.iter().for_each(|(name, value)| {
            found.push(name.clone());
            texts(value, found);
        }),
    }
}

proptest! {
    #[test]
    fn no_card_number_is_left_anywhere_in_ext(ext in any_json(), line in any_json()) {
        let mut document = changed(goods_back(), &[("/ext", ext), ("/body/lines/0/ext", line)]);
        redact(&mut document);
        let mut found = Vec::new();
        texts(&document["ext"], &mut found);
        texts(&document["body"]["lines"][0]["ext"], &mut found);
        for text in found {
            prop_assert_eq!(mask(&text), None, "{}", text);
        }
        let again = redact(&mut document.clone());
        prop_assert_eq!(again, vec![], "a second time there is nothing to take out");
    }

    #[test]
    fn redaction_never_panics(document in any_json(), body in any_json()) {
        redact(&mut document.clone());
        redact(&mut with(sale(), "/body", body));
    }
}
