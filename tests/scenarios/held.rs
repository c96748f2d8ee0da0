//! Sales that do not add up.
//!
//! Goal: a sale that happened is never turned away because a check disliked it: it is stored and held, or stored and
//! flagged. Method: change one figure of a good sale and look at the problem that comes back.

use serde_json::{Value, json};
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;

#[test]
fn a_sale_that_does_not_add_up_is_held_never_turned_away() {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    let mut sequence = 0;
    let mut check = |name: &str, level: &str, code: &str, change: &dyn Fn(&mut Value)| {
        sequence += 1;
        let mut document = sale("1", sequence * 40 + 1);
        change(&mut document);
        let result = agent.hand_in(&token, &document);
        let expected = if level == "held" { "held" } else { "accepted" };
        assert_eq!(result["status"], expected, "{name}: {result}");
        let problems = result["problems"].as_array().unwrap();
        let named = problems
            .iter()
            .any(|p| p["code"] == code && p["level"] == level);
        assert!(named, "{name}: expected {code}, got {result}");
    };
    let pay = |d: &mut Value, amount: &str| d["body"]["tenders"][0]["amount"] = json!(amount);
    check("a wrong total", "held", "total_mismatch", &|d| {
        d["body"]["total"] = json!("900.00");
        pay(d, "900.00");
    });
    check("paid too little", "held", "tender_mismatch", &|d| {
        pay(d, "0.05")
    });
    check("a wrong tax", "held", "tax_mismatch", &|d| {
        d["body"]["tax_total"] = json!("77.00")
    });
    check("rounding without cash", "held", "rounding_mismatch", &|d| {
        d["body"]["cash_rounding"] = json!("0.02");
        d["body"]["tenders"][0]["type"] = json!("card");
    });
    check(
        "a negative return is no sale",
        "held",
        "sign_mismatch",
        &|d| d["kind"] = json!("return"),
    );
    check("a tenth of a cent", "held", "amount_scale", &|d| {
        d["body"]["total"] = json!("1.333")
    });
    check("another store", "held", "unknown_store", &|d| {
        d["store"] = json!("GE02")
    });
    check("a later schema", "held", "schema_newer", &|d| {
        d["schema"] = json!(2)
    });
    check("a line that is off", "flag", "line_mismatch", &|d| {
        d["body"]["lines"][0]["unit_price"] = json!("777.77")
    });
    check("a clock ahead", "flag", "clock_ahead", &|d| {
        d["occurred_at"] = json!("2099-01-01T10:00:00Z")
    });
}
