//! What is left of a document after redaction, and what is told about it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::document::Kind;
use crate::sample::{changed, full, judge, problems, sale, terms, with, without};

const PAN: &str = "4111111111111111";

/// What a pointer shows of the stored document, and the flags.
pub(super) fn stored(document: Value, pointer: &str) -> (Value, Vec<String>) {
    let judged = judge(document);
    let value = judged
        .document
        .json()
        .pointer(pointer)
        .cloned()
        .unwrap_or_default();
    let flags = judged.problems.iter().map(crate::sample::words).collect();
    (value, flags)
}

fn card(path: &str) -> Vec<String> {
    vec![format!("flag card_data_removed {path}")]
}

fn personal(path: &str) -> Vec<String> {
    vec![format!("flag personal_data_removed {path}")]
}

#[rstest]
#[case("/operator", "operator")]
#[case("/body/lines/0/product/name", "body.lines[0].product.name")]
#[case("/body/lines/0/product/department", "body.lines[0].product.department")]
#[case("/body/lines/0/reason", "body.lines[0].reason")]
#[case(
    "/body/lines/0/discounts/0/promotion",
    "body.lines[0].discounts[0].promotion"
)]
#[case(
    "/body/voided_lines/0/product/name",
    "body.voided_lines[0].product.name"
)]
#[case("/body/tenders/0/reference", "body.tenders[0].reference")]
#[case("/body/tenders/0/method", "body.tenders[0].method")]
#[case("/body/tenders/0/card/reference", "body.tenders[0].card.reference")]
#[case("/body/tenders/0/card/auth_code", "body.tenders[0].card.auth_code")]
#[case("/body/tenders/0/card/last4", "body.tenders[0].card.last4")]
#[case("/body/customer/reference", "body.customer.reference")]
#[case("/body/customer/invoice/name", "body.customer.invoice.name")]
#[case("/body/loyalty/card", "body.loyalty.card")]
#[case("/body/approvals/0/reason", "body.approvals[0].reason")]
#[case("/ext/note", "ext.note")]
#[case("/body/lines/0/ext/note", "body.lines[0].ext.note")]
#[case("/body/tenders/0/ext/note", "body.tenders[0].ext.note")]
fn a_card_number_in_free_text_is_masked(#[case] pointer: &str, #[case] path: &str) {
    let (value, flags) = stored(with(full(Kind::Sale), pointer, PAN), pointer);
    assert_eq!((value, flags), (json!("****1111"), card(path)));
}

#[rstest]
#[case("/receipt_number")]
#[case("/fiscal/signature")]
#[case("/source/reference")]
#[case("/source/file")]
#[case("/body/order")]
#[case("/body/lines/0/product/sku")]
#[case("/body/lines/0/product/barcode")]
#[case("/body/lines/0/product/plu")]
#[case("/body/lines/0/lots/0/lot")]
#[case("/body/lines/0/lots/1/serial")]
#[case("/body/lines/0/returned_from/receipt_number")]
fn keys_codes_and_fiscal_data_are_not_searched(#[case] pointer: &str) {
    let (value, flags) = stored(with(full(Kind::Sale), pointer, PAN), pointer);
    assert_eq!((value, flags), (json!(PAN), vec![]));
    // What a stripe holds goes even there.
    let (value, flags) = stored(
        with(full(Kind::Sale), pointer, format!(";{PAN}=2512?")),
        pointer,
    );
    assert_eq!(value, json!("****1111"));
    assert_eq!(flags.len(), 1, "{flags:?}");
}

#[rstest]
#[case(Kind::StockMove, "/body/reference")]
#[case(Kind::Pickup, "/body/order")]
#[case(Kind::StockCount, "/body/count")]
#[case(Kind::StockCount, "/body/part")]
#[case(Kind::Settlement, "/body/batch")]
#[case(Kind::Settlement, "/body/terminal")]
#[case(Kind::Settlement, "/body/provider")]
#[case(Kind::Void, "/body/of/receipt_number")]
#[case(Kind::Sale, "/till")]
#[case(Kind::Sale, "/series")]
fn what_keys_are_made_of_is_not_searched(#[case] kind: Kind, #[case] pointer: &str) {
    let (value, flags) = stored(with(full(kind), pointer, PAN), pointer);
    assert_eq!((value, flags), (json!(PAN), vec![]));
}

#[test]
fn numbers_of_the_till_are_not_searched() {
    let long = |kind, pointer| {
        stored(
            with(full(kind), pointer, 4_111_111_111_111_111_i64),
            pointer,
        )
        .1
    };
    assert_eq!(long(Kind::Sale, "/sequence"), Vec::<String>::new());
    for pointer in [
        "/body/z_number",
        "/body/first_sequence",
        "/body/last_sequence",
    ] {
        assert_eq!(long(Kind::DayClose, pointer), Vec::<String>::new());
    }
}

#[rstest]
#[case("voucher", json!(PAN), 0)]
#[case("gift_card", json!(PAN), 0)]
#[case("store_credit", json!("****1111"), 1)]
#[case("card", json!("****1111"), 1)]
#[case("cheque", json!("****1111"), 1)]
fn the_number_of_a_voucher_may_look_like_a_cards(
    #[case] r#type: &str,
    #[case] expected: Value,
    #[case] flags: usize,
) {
    let document = changed(
        sale(),
        &[
            ("/body/tenders/0/type", json!(r#type)),
            ("/body/tenders/0/reference", json!(PAN)),
        ],
    );
    let (value, found) = stored(document, "/body/tenders/0/reference");
    assert_eq!((value, found.len()), (expected, flags));
}

#[test]
fn a_card_number_may_be_a_json_number() {
    let ext = json!({"a": 4_111_111_111_111_111_i64, "b": [5_555_555_555_554_444_i64], "c": 12});
    let (value, flags) = stored(with(sale(), "/ext", ext), "/ext");
    assert_eq!(value, json!({"a": "****1111", "b": ["****4444"], "c": 12}));
    assert_eq!(flags.len(), 2);
}

#[test]
fn a_card_number_may_be_a_name() {
    let ext = json!({PAN: 1, "x": {"paid 4111-1111-1111-1111": 2}});
    let (value, flags) = stored(with(sale(), "/ext", ext), "/ext");
    assert_eq!(value, json!({"****1111": 1, "x": {"paid ****1111": 2}}));
    let expected = ["flag card_data_removed ext.x", "flag card_data_removed ext"];
    assert_eq!(flags, expected);
}

#[test]
fn a_counter_is_no_place_for_a_card_number() {
    let counts = json!({PAN: 1, "cents": 4_111_111_111_111_111_i64, "receipts": 9});
    let (value, flags) = stored(
        with(full(Kind::DayClose), "/body/counts", counts),
        "/body/counts",
    );
    assert_eq!(value, json!({"****1111": 1, "receipts": 9}));
    assert_eq!(flags.len(), 2);
}

#[rstest]
#[case("expiry", json!("12/29"))]
#[case("cvv", json!("123"))]
#[case("track2", json!("x"))]
#[case("pan", json!(PAN))]
#[case("number", json!("4111111111111112"))]
#[case("cardholder_name", json!("Anna"))]
#[case("name", json!("Anna"))]
#[case("signature", json!("x"))]
#[case("pin", json!(1234))]
fn a_card_may_not_say_more_than_its_last_digits(#[case] name: &str, #[case] value: Value) {
    let pointer = format!("/body/tenders/0/card/{name}");
    let document = with(full(Kind::Sale), &pointer, value);
    let (value, flags) = stored(document.clone(), &pointer);
    assert_eq!(value, Value::Null);
    assert_eq!(flags, card(&format!("body.tenders[0].card.{name}")));
    let silent = with(document, &pointer, Value::Null);
    assert_eq!(
        problems(silent),
        Vec::<String>::new(),
        "nothing was there to take out"
    );
}

#[rstest]
#[case("/body/signature")]
#[case("/body/receipt_image")]
#[case("/body/tenders/0/expiry")]
#[case("/body/tenders/0/cvv")]
#[case("/body/tenders/0/pan")]
fn card_data_goes_from_where_no_field_is_known(#[case] pointer: &str) {
    let (value, flags) = stored(with(full(Kind::Sale), pointer, "secret"), pointer);
    assert_eq!((value, flags.len()), (Value::Null, 1));
}

#[test]
fn other_unknown_fields_are_still_refused_without_their_value() {
    for pointer in [
        "/body/tenders/0/card/colour",
        "/colour",
        "/body/approvals/0/colour",
    ] {
        let found = problems(with(full(Kind::Sale), pointer, "secret"));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("refused unknown_field"), "{found:?}");
    }
    let quoted = format!("{:?}", problems(with(sale(), &format!("/{PAN}"), "x")));
    assert!(!quoted.contains("1111"), "{quoted}");
}

#[test]
fn the_last_four_digits_are_four() {
    let last4 = |value: &str| {
        stored(
            with(full(Kind::Sale), "/body/tenders/0/card/last4", value),
            "/body/tenders/0/card/last4",
        )
    };
    assert_eq!(last4("1111"), (json!("1111"), vec![]));
    assert_eq!(last4("****1111"), (json!("****1111"), vec![]));
    assert_eq!(last4("411111******1111").0, json!("****1111"));
    assert_eq!(
        last4("9999999999999999").1,
        card("body.tenders[0].card.last4")
    );
}

#[rstest]
#[case(json!({"cvv": "123"}), json!(null), 1)]
#[case(json!({"card": {"expiry": "12/29", "brand": "visa"}}), json!({"card": {"brand": "visa"}}), 1)]
#[case(json!({"expiry": "2027-01"}), json!({"expiry": "2027-01"}), 0)]
#[case(json!({"maskedPan": "411111******1111"}), json!({"maskedPan": "****1111"}), 1)]
#[case(json!({"pan": 1234567890}), json!({"pan": "****7890"}), 1)]
#[case(json!({"a": [{"track2": "x"}]}), json!({"a": [{}]}), 1)]
#[case(json!({"cvv": null, "a": 1}), json!({"a": 1}), 0)]
#[case(json!({"a": ";4111111111111111=2512?"}), json!({"a": "****1111"}), 1)]
#[case(json!({"a": "<svg>..</svg>", "b": 1}), json!({"a": null, "b": 1}), 1)]
fn card_data_in_ext_goes_by_name(#[case] ext: Value, #[case] left: Value, #[case] flags: usize) {
    let (value, found) = stored(with(sale(), "/ext", ext), "/ext");
    assert_eq!((value, found.len()), (left, flags), "{found:?}");
}

#[test]
fn a_payments_expiry_goes_and_a_lots_stays() {
    let ext = json!({"expiry": "12/29"});
    let expected = card("body.tenders[0].ext.expiry");
    assert_eq!(
        problems(with(full(Kind::Sale), "/body/tenders/0/ext", ext.clone())),
        expected
    );
    let voucher = changed(
        sale(),
        &[
            ("/body/tenders/0/type", json!("voucher")),
            ("/body/tenders/0/ext", ext.clone()),
            ("/body/lines/0/ext", ext),
        ],
    );
    assert_eq!(problems(voucher), Vec::<String>::new());
}

#[rstest]
#[case("name")]
#[case("birth_date")]
#[case("address")]
#[case("email")]
#[case("city")]
fn a_customers_person_goes(#[case] name: &str) {
    let pointer = format!("/body/customer/{name}");
    let document = with(sale(), "/body/customer", json!({"reference": "C1"}));
    let (value, flags) = stored(with(document, &pointer, "Anna"), "/body/customer");
    assert_eq!(value, json!({"reference": "C1"}));
    assert_eq!(flags, personal(&format!("body.customer.{name}")));
}

#[test]
fn persons_in_ext_stay_only_with_an_invoice() {
    let ext = json!({"customer": {"name": "Anna", "tier": "gold"}, "phone": "1", "dob": null});
    let (value, flags) = stored(with(sale(), "/ext", ext.clone()), "/ext");
    assert_eq!(value, json!({"customer": {"tier": "gold"}}));
    let expected = [
        "flag personal_data_removed ext.customer.name",
        "flag personal_data_removed ext.phone",
    ];
    assert_eq!(flags, expected);
    let (value, flags) = stored(with(full(Kind::Sale), "/ext", ext.clone()), "/ext");
    assert_eq!((value, flags), (ext, vec![]));
    let asked_for_nothing = with(sale(), "/body/customer", json!({"invoice": null}));
    assert_eq!(
        problems(with(asked_for_nothing, "/ext", json!({"phone": "1"}))),
        personal("ext.phone")
    );
}

#[test]
fn a_flag_says_what_was_taken_out() {
    let ext = json!({"phone": "1", "cvv": "123"});
    let messages = judge(with(sale(), "/ext", ext)).problems;
    let messages: Vec<String> = messages
        .into_iter()
        .map(|problem| problem.message)
        .collect();
    assert_eq!(
        messages,
        ["personal data was taken out", "card data was taken out"]
    );
}

#[test]
fn an_invoice_holds_the_name_so_the_customer_need_not() {
    let document = with(full(Kind::Sale), "/body/customer/name", "Anna");
    assert_eq!(problems(document), personal("body.customer.name"));
}

#[test]
fn a_picture_goes_whole() {
    let picture = format!("iVBORw0KGgo{}", "A1b/".repeat(40));
    let (value, flags) = stored(
        with(sale(), "/body/lines/0/reason", picture),
        "/body/lines/0/reason",
    );
    assert_eq!((value, flags), (Value::Null, card("body.lines[0].reason")));
}

#[test]
fn what_a_later_schema_adds_is_searched_like_ext() {
    let document = changed(
        sale(),
        &[
            ("/schema", json!(2)),
            ("/note", json!(PAN)),
            ("/email", json!("anna@example.com")),
            ("/body/lines/0/cvv", json!("123")),
            ("/body/wallet", json!({"pan": PAN, "x": [PAN]})),
            ("/body/approvals", json!([{"type": "age", "phone": "1"}])),
            ("/receipt_number", json!(PAN)),
        ],
    );
    let crate::intake::Reading::Newer(newer) = crate::intake::read(document, &terms()) else {
        panic!("expected a document of a later schema");
    };
    let text = without(newer.value, "/receipt_number").to_string();
    for secret in [PAN, "anna", "123\"", "phone"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(newer.problems.len(), 7, "{:?}", newer.problems);
}
