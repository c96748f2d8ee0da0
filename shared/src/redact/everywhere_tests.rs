//! What must not be kept goes from wherever it stands, and no sale is turned away for it.

use rstest::rstest;
use serde_json::{Value, json};

use super::tests::stored;
use crate::document::Kind;
use crate::sample::{full, problems, with};

#[rstest]
#[case("/cvv", true)]
#[case("/email", false)]
#[case("/body/birth_date", false)]
#[case("/body/lines/0/date_of_birth", false)]
#[case("/body/lines/0/price_override/cvv", true)]
#[case("/body/lines/0/product/pan", true)]
#[case("/body/approvals/0/birth_date", false)]
#[case("/body/approvals/0/name", false)]
#[case("/body/loyalty/name", false)]
#[case("/body/loyalty/track2", true)]
#[case("/body/customer/invoice/birthdate", false)]
#[case("/body/customer/invoice/cvv", true)]
fn what_must_not_be_kept_goes_from_everywhere_and_refuses_nothing(
    #[case] pointer: &str,
    #[case] is_card: bool,
) {
    let mut document = full(Kind::Sale);
    document["body"]["lines"][0]["price_override"] = json!({"original": "20.00"});
    let before = problems(document.clone());
    let (value, flags) = stored(with(document, pointer, "1990-01-31"), pointer);
    assert_eq!(value, Value::Null);
    let code = if is_card {
        "card_data_removed"
    } else {
        "personal_data_removed"
    };
    let new: Vec<_> = flags.iter().filter(|flag| !before.contains(flag)).collect();
    assert!(
        new.len() == 1 && new[0].starts_with(&format!("flag {code} ")),
        "{new:?}"
    );
}
