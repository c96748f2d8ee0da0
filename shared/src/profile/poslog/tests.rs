//! One fixture per dialect and rule, each written for this test; the expected figures are worked out by hand.

use serde_json::{Value, json};

use crate::profile::testing::all;

/// A POSLog of one transaction at till 3, with what stands in its receipt.
fn receipt(attributes: &str, inside: &str) -> String {
    format!(
        "<POSLog xmlns='http://www.nrf-arts.org/IXRetail/namespace/'><Transaction {attributes}><RetailStoreID>ZH01</RetailStoreID>\
         <WorkstationID>3</WorkstationID><SequenceNumber>7</SequenceNumber><BusinessDayDate>2026-10-31</BusinessDayDate>\
         <EndDateTime>2026-10-31T18:00:00</EndDateTime><OperatorID>1</OperatorID><CurrencyCode>EUR</CurrencyCode>\
         <RetailTransaction>{inside}</RetailTransaction></Transaction></POSLog>"
    )
}

fn line(
    number: i64,
    attributes: &str,
    element: &str,
    article: &str,
    quantity: &str,
    total: &str,
) -> String {
    format!(
        "<LineItem {attributes}><SequenceNumber>{number}</SequenceNumber><{element} ItemType='Stock'><ItemID>{article}</ItemID>\
         <ExtendedAmount>{total}</ExtendedAmount><Quantity>{quantity}</Quantity></{element}></LineItem>"
    )
}

fn tender(attributes: &str, amount: &str, inside: &str) -> String {
    format!("<LineItem><Tender {attributes}><Amount>{amount}</Amount>{inside}</Tender></LineItem>")
}

fn total(kind: &str, amount: &str) -> String {
    format!("<Total TotalType='{kind}'>{amount}</Total>")
}

#[track_caller]
fn one(profile: &str, text: &str) -> (Value, Vec<String>) {
    let (mut found, broken) = all(profile, "a.xml", text.as_bytes());
    assert_eq!((found.len(), broken), (1, None));
    found.remove(0)
}

fn held(problems: &[String]) -> Vec<&String> {
    problems
        .iter()
        .filter(|problem| !problem.starts_with("flag"))
        .collect()
}

const GRAND: &str = "TransactionGrandAmount";

#[test]
fn a_return_with_positive_amounts_becomes_negative() {
    let text = receipt(
        "",
        &[
            line(1, "", "Sale", "4006381333931", "-1", "2.990"),
            tender("TenderType='Cash' TypeCode='Refund'", "2.990", ""),
            total(GRAND, "-2.990"),
            total("TransactionNetAmount", "-2.510"),
            total("TransactionTaxAmount", "-0.480"),
        ]
        .concat(),
    );
    let (document, problems) = one("roqqio_6", &text);
    assert_eq!(document["kind"], "return");
    assert_eq!(document["body"]["lines"][0]["quantity"], "-1");
    assert_eq!(document["body"]["lines"][0]["total"], "-2.99");
    assert_eq!(document["body"]["tenders"][0]["amount"], "-2.99");
    assert_eq!(document["body"]["tax_total"], "-0.48");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("flag blind_return body.lines[0]"));
}

#[test]
fn voided_lines_of_all_dialects_stand_aside() {
    let kept = line(1, "", "Sale", "A", "1", "10.00");
    let victim = line(2, "", "Sale", "B", "2", "5.00");
    let reversal = [
        (
            "ncr_acs_21",
            line(3, "VoidFlag='true'", "Sale", "B", "-2", "-5.00"),
        ),
        (
            "tpnet_22",
            line(3, "VoidFlag='true'", "Sale", "B", "2", "5.00")
                .replace("</Sale>", "<ItemLink>2</ItemLink></Sale>"),
        ),
        (
            "generic_2",
            line(3, "VoidFlag='true'", "Sale", "B", "-2", "-5.00"),
        ),
    ];
    for (profile, reversal) in reversal {
        let paid = [
            tender("TenderType='Cash'", "10.00", ""),
            total(GRAND, "10.00"),
        ]
        .concat();
        let text = receipt("", &[kept.clone(), victim.clone(), reversal, paid].concat());
        let (document, problems) = one(profile, &text);
        assert_eq!(
            document["body"]["lines"].as_array().unwrap().len(),
            1,
            "{profile}"
        );
        assert_eq!(
            document["body"]["voided_lines"][0]["product"]["sku"], "B",
            "{profile}"
        );
        assert_eq!(held(&problems), Vec::<&String>::new(), "{profile}");
    }
    let flag = line(2, "VoidFlag='true'", "Sale", "B", "2", "5.00");
    let text = receipt(
        "",
        &[
            kept,
            flag,
            tender("TenderType='Cash'", "10.00", ""),
            total(GRAND, "10.00"),
        ]
        .concat(),
    );
    let (document, problems) = one("xstore", &text);
    assert_eq!(
        document["body"]["voided_lines"].as_array().unwrap().len(),
        1
    );
    assert_eq!(held(&problems), Vec::<&String>::new());
}

#[test]
fn change_is_understood_however_it_is_written() {
    let goods = || line(1, "", "Sale", "A", "1", "26.99") + &total(GRAND, "26.99");
    let cash =
        |amount: &str, inside: &str| tender("TenderType='Cash' TypeCode='Sale'", amount, inside);
    let own = "<LineItem><TenderChange><TenderChange TenderType='Cash'><Amount>0.01</Amount></TenderChange></TenderChange></LineItem>";
    let nested = "<TenderChange><Amount>0.01</Amount></TenderChange>";
    let flagged = "<LineItem><Tender TenderType='Cash' ChangeFlag='true'><Amount>0.01</Amount></Tender></LineItem>";
    let negative = tender(
        "TenderType='Cash'",
        "-0.01",
        "<TenderChange><Amount>-0.01</Amount></TenderChange>",
    );
    for (what, paid) in [
        ("a line of its own", cash("27.00", "") + own),
        ("within the tender", cash("27.00", nested)),
        (
            "within the tender, taken off already",
            cash("26.99", nested),
        ),
        ("a flag", cash("27.00", "") + flagged),
        ("a negative tender", cash("27.00", "") + &negative),
    ] {
        let (document, problems) = one("generic_6", &receipt("", &(goods() + &paid)));
        assert_eq!(document["body"]["change"], "0.01", "{what}");
        assert_eq!(
            document["body"]["tenders"],
            json!([{"type": "cash", "method": "CASH", "amount": "27.00"}]),
            "{what}"
        );
        assert_eq!(problems, Vec::<String>::new(), "{what}");
    }
}

#[test]
fn cash_given_out_on_a_card_is_listed_once() {
    let paid = tender(
        "TenderType='CreditDebit'",
        "89.34",
        "<Cashback>20.00</Cashback>",
    ) + &tender("TenderType='Cash'", "-20.00", "");
    let text = receipt(
        "",
        &[
            line(1, "", "Sale", "A", "1", "69.34"),
            paid,
            total(GRAND, "69.34"),
        ]
        .concat(),
    );
    let (document, problems) = one("ncr_acs_21", &text);
    let expected =
        json!([{"type": "card", "method": "CARD", "amount": "89.34", "cashback": "20.00"}]);
    assert_eq!(document["body"]["tenders"], expected);
    assert_eq!(document["body"].get("change"), None);
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn tax_comes_on_top_where_the_sums_say_so() {
    let goods = line(1, "", "Sale", "A", "1", "10.00");
    let taxed = [
        goods,
        tender("TenderType='Cash'", "10.81", ""),
        total(GRAND, "10.81"),
        total("TransactionTaxAmount", "0.81"),
    ]
    .concat();
    for profile in ["generic_2", "ncr_acs_21"] {
        let (document, problems) = one(profile, &receipt("", &taxed));
        assert_eq!(document["body"]["prices"], "tax_excluded", "{profile}");
        assert_eq!(document["body"]["tax_total"], "0.81", "{profile}");
        assert_eq!(held(&problems), Vec::<&String>::new(), "{profile}");
    }
}

#[test]
fn rewards_count_once_by_their_summary_row() {
    let reward = |attributes: &str, amount: &str| {
        format!(
            "<LineItem><LoyaltyReward {attributes}><PromotionID>51</PromotionID><RewardCategory>Monetary</RewardCategory>\
         <ExtendedRewardAmount>{amount}</ExtendedRewardAmount></LoyaltyReward></LineItem>"
        )
    };
    let text = receipt(
        "",
        &[
            line(1, "", "Sale", "A", "1", "1.26"),
            reward("detailedData='true'", "-0.19"),
            reward("summarizedActivity='true'", "-0.19"),
            tender("TenderType='CreditDebit'", "1.07", ""),
            total(GRAND, "1.07"),
        ]
        .concat(),
    );
    let (document, problems) = one("ncr_acs_21", &text);
    let lines = document["body"]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[1]["type"], &lines[1]["total"], &lines[1]["quantity"]),
        (&json!("discount"), &json!("-0.19"), &json!("-1"))
    );
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn what_moves_nothing_is_a_till_activity() {
    let goods = line(1, "", "Sale", "A", "1", "9.99") + &total(GRAND, "9.99");
    for (attributes, word) in [
        ("TrainingModeFlag='true'", "training"),
        ("CancelFlag='true'", "cancelled"),
        ("SuspendFlag='true'", "suspended"),
        ("TransactionStatus='Suspended'", "suspended"),
    ] {
        let (document, _) = one("generic_2", &receipt(attributes, &goods));
        assert_eq!(
            (&document["kind"], &document["body"]["type"]),
            (&json!("till_activity"), &json!(word))
        );
    }
    let voided = line(1, "VoidFlag='true'", "Sale", "A", "1", "9.99") + &total(GRAND, "0.00");
    let (document, _) = one("generic_2", &receipt("", &voided));
    assert_eq!(document["body"]["type"], "cancelled");
}

#[test]
fn money_moved_and_days_ended_are_read() {
    let control =
        |inside: &str| receipt("", "").replace("<RetailTransaction></RetailTransaction>", inside);
    let cases = [
        (
            "<TenderControlTransaction><PaidOut><Amount>5.00</Amount><Reason>milk</Reason></PaidOut></TenderControlTransaction>",
            json!({"type": "pay_out", "method": "CASH", "amount": "-5.00", "reason": "milk"}),
        ),
        (
            "<TenderControlTransaction><TenderLoan TenderType='Cash'><Amount>200.00</Amount></TenderLoan></TenderControlTransaction>",
            json!({"type": "float", "method": "CASH", "amount": "200.00"}),
        ),
        (
            "<TenderControlTransaction><TillSettle><TenderSummary TenderType='Cash'><Ending><Amount>205.00</Amount></Ending></TenderSummary></TillSettle></TenderControlTransaction>",
            json!({"tenders": [{"method": "CASH", "counted": "205.00"}]}),
        ),
        (
            "<ControlTransaction><NoSale/></ControlTransaction>",
            json!({"type": "no_sale"}),
        ),
        (
            "<ControlTransaction><PostVoid><TransactionLink><SequenceNumber>6</SequenceNumber></TransactionLink></PostVoid></ControlTransaction>",
            json!({"of": {"sequence": 6}}),
        ),
    ];
    for (inside, body) in cases {
        let (document, problems) = one("generic_2", &control(inside));
        assert_eq!(document["body"], body);
        assert_eq!(problems, Vec::<String>::new());
    }
    let (_, problems) = one("generic_2", &control("<InventoryControlTransaction/>"));
    assert!(
        problems[0].starts_with("refused missing_field"),
        "{problems:?}"
    );
}

#[test]
fn nothing_personal_is_copied_and_the_file_is_said_to_hold_it() {
    let private = "<Customer><CustomerID>C1</CustomerID><Name><OfficialName>Erika Beispiel</OfficialName></Name>\
        <Address><City>Musterstadt</City></Address><BirthYear>1964</BirthYear></Customer>";
    let card = "<CreditDebit CardType='VISA'><PrimaryAccountNumber>4111111111111111</PrimaryAccountNumber>\
        <ExpirationDate>2029-12</ExpirationDate></CreditDebit>";
    let text = receipt(
        "",
        &[
            line(1, "", "Sale", "A", "1", "10.00"),
            tender("TenderType='CreditDebit'", "10.00", card),
            total(GRAND, "10.00"),
            private.to_owned(),
        ]
        .concat(),
    );
    let (document, problems) = one("generic_6", &text);
    let written = document.to_string();
    for secret in ["Erika", "Musterstadt", "1964", "4111111111111111", "2029"] {
        assert!(!written.contains(secret), "{secret}");
    }
    assert_eq!(document["body"]["tenders"][0]["card"]["last4"], "1111");
    assert_eq!(document["body"]["customer"], json!({"reference": "C1"}));
    let codes: Vec<&str> = problems
        .iter()
        .filter_map(|problem| problem.split(' ').nth(1))
        .collect();
    assert_eq!(codes, ["card_data_removed", "personal_data_removed"]);
}

#[test]
fn a_bad_transaction_does_not_take_its_neighbours_along() {
    let good = receipt(
        "",
        &[
            line(1, "", "Sale", "A", "1", "1.00"),
            tender("TenderType='Cash'", "1.00", ""),
            total(GRAND, "1.00"),
        ]
        .concat(),
    );
    let bad = "\n<Transaction><RetailTransaction>&own;</RetailTransaction></Transaction>";
    let two = "\n<Transaction><SequenceNumber>1</SequenceNumber><SequenceNumber>2</SequenceNumber></Transaction>";
    let text = good.replacen("<Transaction ", &format!("{bad}{two}\n<Transaction "), 1);
    let (found, broken) = all("generic_2", "a.xml", text.as_bytes());
    let told: Vec<&str> = found
        .iter()
        .map(|(_, problems)| problems.first().map_or("good", String::as_str))
        .collect();
    assert_eq!(
        told[0],
        "refused bad_value 2:33 an entity of its own is not allowed"
    );
    assert!(told[1].starts_with("refused bad_value 3:1 several transactions"));
    assert_eq!((told[2], broken), ("good", None));
}
