//! Toast's export: a receipt in three files, among others that are none.

use serde_json::json;

use super::tests::{halves, problems, shipped};
use super::*;
use crate::profile::testing::judged;

const ORDERS: &str = "Location,Order Id,Order #,Checks,Opened,# of Guests,Server,Amount,Tax,Tip,Gratuity,Total,Voided,Paid,Closed\n\
    Harbour,5001,1,1,10/02/26 11:58 AM,2,Dee Example,30.00,2.40,5.00,3.00,40.40,false,10/02/26 12:41 PM,10/02/26 12:41 PM\n\
    Harbour,5002,2,1,10/02/26 12:10 PM,1,Dee Example,0.00,0.00,0.00,0.00,0.00,true,,10/02/26 12:20 PM\n\
    Harbour,5003,3,1,10/02/26 12:30 PM,1,Dee Example,12.00,0.96,0.00,0.00,12.96,false,10/02/26 12:50 PM,10/02/26 12:50 PM\n";
const SELECTIONS: &str = "Location,Order Id,Order #,Order Date,Server,Menu Item,SKU,Sales Category,Gross Price,Discount,Net Price,Qty,Tax,Void?\n\
    Harbour,5001,1,10/02/26 11:58 AM,Dee Example,Soup,S-1,Food,20.00,2.00,18.00,2,1.44,false\n\
    Harbour,5001,1,10/02/26 11:59 AM,Dee Example,Wine,W-1,Drinks,12.00,0.00,12.00,1,0.96,false\n\
    Harbour,5001,1,10/02/26 11:59 AM,Dee Example,Cake,C-1,Food,8.00,0.00,8.00,1,0.00,true\n\
    Harbour,5002,2,10/02/26 12:10 PM,Dee Example,Soup,S-1,Food,10.00,0.00,10.00,1,0.80,true\n\
    Harbour,5003,3,10/02/26 12:30 PM,Dee Example,Wine,W-1,Drinks,12.00,0.00,12.00,1,0.96,false\n";
const TOAST_PAID: &str = "Location,Payment Id,Order Id,Order #,Paid Date,Amount,Tip,Gratuity,Total,Refunded,Refund Amount,Void Date,Last 4 Card Digits,Type,Card Type,Email\n\
    Harbour,9001,5001,1,10/02/26 12:40 PM,15.20,5.00,0.00,20.20,,0.00,,1111,Credit,VISA,\n\
    Harbour,9002,5001,1,10/02/26 12:41 PM,20.20,0.00,0.00,20.20,,0.00,,,Cash,,\n\
    Harbour,9003,5001,1,10/02/26 12:39 PM,40.40,0.00,0.00,40.40,,0.00,10/02/26 12:40 PM,,Cash,,\n\
    Harbour,9004,5003,3,10/02/26 12:50 PM,12.96,0.00,0.00,12.96,PARTIAL,6.48,,,Credit,VISA,\n";

#[test]
fn toasts_three_files_are_one_receipt_and_its_other_files_are_passed_over() {
    let other = "Entry Id,Amount\n1,5.00\n";
    let files = [ORDERS, other, SELECTIONS, TOAST_PAID];
    let joined = join(&shipped("toast_pair"), &halves(&files));
    assert!(
        joined.broken.is_empty() && joined.halves.is_empty(),
        "{joined:?}"
    );
    let found: Vec<_> = joined
        .whole
        .into_iter()
        .map(|(_, piece)| judged(piece))
        .collect();
    let kinds: Vec<String> = found
        .iter()
        .map(|(document, problems)| {
            let held: Vec<&String> = problems
                .iter()
                .filter(|problem| problem.starts_with("held"))
                .collect();
            let total = document["body"]["total"].as_str().unwrap_or("-");
            format!(
                "{} {total} {}",
                document["kind"].as_str().unwrap_or("-"),
                held.len()
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "sale 35.40 0",
            "till_activity - 0",
            "sale 12.96 0",
            "return -6.48 1"
        ],
        "{found:?}"
    );
    let body = &found[0].0["body"];
    // 30.00 for food and drink, 3.00 gratuity, 2.40 tax; the tip is not owed.
    assert_eq!(
        (&body["prices"], &body["tax_total"]),
        (&json!("tax_excluded"), &json!("2.40"))
    );
    assert_eq!(body["lines"].as_array().unwrap().len(), 3);
    assert_eq!(
        (
            &body["lines"][0]["quantity"],
            &body["lines"][0]["unit_price"]
        ),
        (&json!("2"), &json!("10"))
    );
    assert_eq!(body["voided_lines"][0]["product"]["name"], "Cake");
    let tenders = json!([
        {"type": "card", "method": "CARD", "amount": "20.20", "tip": "5.00"},
        {"type": "cash", "method": "CASH", "amount": "20.20"},
    ]);
    assert_eq!(body["tenders"], tenders);
    assert_eq!(found[0].0["occurred_at"], "2026-10-02T12:41:00+02:00");
    assert!(!format!("{found:?}").contains("Dee"), "{found:?}");
    assert!(
        problems(&found)
            .iter()
            .any(|problem| problem.starts_with("held refund_unclear"))
    );
    // Without its payments a receipt waits, and with it every file in which it stands.
    let joined = join(&shipped("toast_pair"), &halves(&[ORDERS, SELECTIONS]));
    assert_eq!((joined.whole.len(), joined.halves.len()), (1, 2));
    assert_eq!(joined.alone, [0, 1, 0, 1]);
}
