//! Files of our own making in the dialects of systems whose files may not be published: the shapes that set each apart,
//! with figures that were worked out by hand.

use serde_json::Value;

use super::testing::all;

/// Every document of a file, none of them held or refused, and nothing of a person in it.
#[track_caller]
fn good(profile: &str, text: &str) -> Vec<Value> {
    let (found, broken) = all(profile, "made", text.as_bytes());
    assert_eq!(broken, None);
    let told = found.into_iter().map(|(document, problems)| {
        let bad = |problem: &&String| !problem.starts_with("flag");
        assert_eq!(problems.iter().find(bad), None, "{document}");
        let written = document.to_string();
        for person in ["Beispiel", "Heidestrasse", "erika@"] {
            assert!(!written.contains(person), "{written}");
        }
        document
    });
    told.collect()
}

/// Fields of a document, with blanks between.
fn told(document: &Value, pointers: &[&str]) -> String {
    let text = |pointer: &&str| match document.pointer(pointer) {
        None => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    pointers.iter().map(text).collect::<Vec<_>>().join(" ")
}

const HEAD: [&str; 5] = ["/kind", "/store", "/till", "/sequence", "/business_date"];
const SUMS: [&str; 4] = [
    "/body/total",
    "/body/tax_total",
    "/body/tenders/0/amount",
    "/body/change",
];

#[test]
fn ncr_r10_says_net_and_means_gross() {
    let found = good("ncr_r10_6", include_str!("made/ncr_r10_6.xml"));
    let [sale] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(told(sale, &HEAD), "sale ZH01 3 120 2026-10-30");
    assert_eq!(told(sale, &SUMS), "7.00 0.52 10.00 3.00");
    assert_eq!(
        told(
            sale,
            &[
                "/body/prices",
                "/body/lines/0/quantity",
                "/body/lines/0/product/barcode",
                "/occurred_at"
            ]
        ),
        "tax_included 2 7610000000017 2026-10-30T10:15:30.7654321+01:00"
    );
}

#[test]
fn tpnet_takes_a_voided_line_off_by_a_second_one_with_the_same_sign() {
    let found = good("tpnet_22", include_str!("made/tpnet_22.xml"));
    let heads: Vec<String> = found.iter().map(|one| told(one, &HEAD)).collect();
    assert_eq!(
        heads,
        [
            "sale ZH01 3 55 2026-10-30",
            "till_activity ZH01 3 56 2026-10-30",
            "return ZH01 3 57 2026-10-30"
        ]
    );
    assert_eq!(told(&found[0], &SUMS), "3.00 - 5.00 2.00");
    assert_eq!(
        told(
            &found[0],
            &[
                "/body/lines/0/product/barcode",
                "/body/voided_lines/0/product/barcode"
            ]
        ),
        "7610000000024 7610000000017"
    );
    assert_eq!(told(&found[1], &["/body/type"]), "cancelled");
    assert_eq!(told(&found[2], &SUMS), "-3.00 - -3.00 -");
    assert_eq!(
        told(
            &found[2],
            &["/body/lines/0/quantity", "/body/lines/0/total"]
        ),
        "-1 -3.00"
    );
}

#[test]
fn xstore_flags_voids_and_change_and_writes_all_as_cdata() {
    let found = good("xstore", include_str!("made/xstore.xml"));
    let [sale] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(told(sale, &HEAD), "sale ZH01 3 9001 2026-10-30");
    assert_eq!(told(sale, &SUMS), "21.60 1.60 25.00 3.40");
    assert_eq!(
        told(
            sale,
            &[
                "/body/prices",
                "/body/lines/0/product/name",
                "/body/lines/0/total",
                "/body/voided_lines/0/product/sku"
            ]
        ),
        "tax_excluded Shirt & tie 20.00 200-S"
    );
    assert_eq!(sale["body"]["lines"].as_array().unwrap().len(), 1);
    assert_eq!(sale["body"]["tenders"].as_array().unwrap().len(), 1);
}

#[test]
fn shopifys_further_lines_leave_the_orders_columns_empty() {
    let found = good("shopify_orders", include_str!("made/shopify_orders.csv"));
    let [first, second] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        told(
            first,
            &[
                "/kind",
                "/till",
                "/receipt_number",
                "/occurred_at",
                "/operator"
            ]
        ),
        "sale 4 4-1001 2026-10-30T10:00:00+01:00 E7"
    );
    assert_eq!(told(first, &SUMS), "13.00 0.97 13.00 -");
    assert_eq!(
        told(
            first,
            &[
                "/body/lines/0/total",
                "/body/lines/1/product/name",
                "/body/lines/1/discounts/0/amount",
                "/body/lines/1/total"
            ]
        ),
        "10.00 Cake, large 1.00 3.00"
    );
    assert_eq!(
        told(
            second,
            &[
                "/body/total",
                "/body/tenders/0/type",
                "/body/lines/0/product/sku"
            ]
        ),
        "5.00 card A-17"
    );
}
