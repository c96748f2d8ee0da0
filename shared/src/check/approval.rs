//! What a person must approve before it is delivered: the store's own rules, none by default.
//!
//! A document that meets a rule is held like one that does not add up, and released with a reason. It is the till that
//! asked for the money and the shop that handed it out; so nothing is refused here, only looked at before it is booked.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::document::day::DayTender;
use crate::document::sale::Line;
use crate::document::{Body, Document, Kind};
use crate::problem::{Code, Problem};

const HOURS_OF_DAY: i64 = 24;

/// What asks for approval. Amounts are in the document's currency and never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// More than this is paid back by a return, an exchange or a void. A void that does not say how much it pays back
    /// meets it too.
    Refund(Decimal),
    /// Goods come back without their receipt.
    ReturnWithoutReceipt,
    /// A price was changed by hand, by more than this over a line's quantity. A line that does not say what it would have
    /// cost meets it too.
    PriceOverride(Decimal),
    /// More than this is too much or too little at a day's close.
    CashDifference(Decimal),
    /// Received more than so many days after it happened.
    Late(u32),
}

/// A rule and the kinds of document that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The rule.
    pub rule: Rule,
    /// Which kinds; `None`: every kind that can meet it.
    pub kinds: Option<Vec<Kind>>,
}

/// A problem for every rule that the document meets.
pub fn needed(
    document: &Document,
    checkpoints: &[Checkpoint],
    received_at: Timestamp,
) -> Vec<Problem> {
    let kind = document.head.kind;
    let of_kind = |checkpoint: &&Checkpoint| {
        let kinds = checkpoint.kinds.as_ref();
        kinds.is_none_or(|kinds| kinds.contains(&kind))
    };
    let met = checkpoints.iter().filter(of_kind).filter_map(|checkpoint| {
        let (path, why) = met(document, checkpoint.rule, received_at)?;
        Some(Problem::held(Code::ApprovalNeeded, &path, why))
    });
    met.collect()
}

/// Where and why a document meets a rule.
fn met(document: &Document, rule: Rule, received_at: Timestamp) -> Option<(String, String)> {
    match rule {
        Rule::Refund(above) => refund(&document.body, above),
        Rule::ReturnWithoutReceipt => {
            let lines = lines(&document.body);
            let index = lines.iter().position(|line| {
                line.quantity.0.is_sign_negative()
                    && !line.quantity.0.is_zero()
                    && line.returned_from.is_none()
                    && line.r#type.is_goods()
            })?;
            let why = "goods come back without their receipt".to_owned();
            Some((format!("body.lines[{index}]"), why))
        }
        Rule::PriceOverride(above) => {
            let lines = lines(&document.body);
            let index = lines.iter().position(|line| overridden(line, above))?;
            let why = format!("a price was changed by hand, by more than {above}");
            Some((format!("body.lines[{index}].price_override"), why))
        }
        Rule::CashDifference(above) => {
            let Body::DayClose(close) = &document.body else {
                return None;
            };
            let index = close
                .tenders
                .iter()
                .position(|tender| difference(tender).abs() > above)?;
            let why = format!("more than {above} is too much or too little");
            Some((format!("body.tenders[{index}]"), why))
        }
        Rule::Late(days) => {
            let age = received_at.duration_since(document.head.occurred_at.at());
            let late = age > SignedDuration::from_hours(i64::from(days) * HOURS_OF_DAY);
            let why = format!("received more than {days} days after it happened");
            late.then(|| ("occurred_at".to_owned(), why))
        }
    }
}

fn refund(body: &Body, above: Decimal) -> Option<(String, String)> {
    let (path, paid_back) = if let Body::Sale(sale) | Body::Return(sale) = body {
        ("body.total", Some(-sale.total.0))
    } else if let Body::Void(void) = body {
        let tenders = void.refund_tenders.as_ref();
        let paid_back = tenders.map(|tenders| {
            let amounts = tenders.iter().map(|tender| tender.amount.0);
            -amounts.sum::<Decimal>()
        });
        ("body.refund_tenders", paid_back)
    } else {
        return None;
    };
    let why = match paid_back {
        None => format!("what it pays back is not said, and may be more than {above}"),
        Some(paid_back) if paid_back > above => format!("more than {above} is paid back"),
        Some(_) => return None,
    };
    Some((path.to_owned(), why))
}

fn lines(body: &Body) -> &[Line] {
    let (Body::Sale(sale) | Body::Return(sale)) = body else {
        return &[];
    };
    &sale.lines
}

fn overridden(line: &Line, above: Decimal) -> bool {
    let Some(changed) = &line.price_override else {
        return false;
    };
    let by = changed
        .original
        .map(|original| ((original.0 - line.unit_price.0) * line.quantity.0).abs());
    by.is_none_or(|by| by > above)
}

fn difference(tender: &DayTender) -> Decimal {
    let counted = tender.counted.zip(tender.expected);
    let told = tender.difference.map(|difference| difference.0);
    told.or_else(|| counted.map(|(counted, expected)| counted.0 - expected.0))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::intake::{Reading, Terms, read};
    use crate::sample::{changed, sale, terms, with};

    fn money(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Where a document meets a rule.
    fn held_at(document: Value, rule: Rule, kinds: Option<Vec<Kind>>) -> Vec<String> {
        let terms = Terms {
            checkpoints: vec![Checkpoint { rule, kinds }],
            ..terms()
        };
        let Reading::Read(judged) = read(document, &terms) else {
            panic!("not read");
        };
        let approval = |problem: &&Problem| problem.code == Code::ApprovalNeeded;
        let problems = judged.problems.iter().filter(approval);
        problems.map(|problem| problem.path.clone()).collect()
    }

    fn back(amount: &str) -> Value {
        let negative = json!(format!("-{amount}"));
        let changes = [
            ("/kind", json!("return")),
            ("/body/lines/0/quantity", json!("-1")),
            ("/body/lines/0/unit_price", json!(amount)),
            ("/body/lines/0/total", negative.clone()),
            ("/body/total", negative.clone()),
            ("/body/tenders/0/amount", negative),
        ];
        changed(sale(), &changes)
    }

    fn close(difference: &str) -> Value {
        json!({"kind": "day_close", "store": "ZH01", "till": "3", "sequence": 9, "currency": "CHF",
            "occurred_at": "2026-10-30T18:03:11+01:00",
            "body": {"tenders": [{"method": "CASH", "expected": "10.00", "counted": "10.00"},
                {"method": "EUR", "difference": difference}]}})
    }

    #[rstest]
    #[case::at_the_limit("100.00", false)]
    #[case::above("100.01", true)]
    fn a_refund_above_the_limit_needs_approval(#[case] amount: &str, #[case] held: bool) {
        let found = held_at(back(amount), Rule::Refund(money("100")), None);
        assert_eq!(found == ["body.total"], held, "{found:?}");
        assert_eq!(found.is_empty(), !held);
    }

    #[test]
    fn a_void_that_does_not_say_what_it_pays_back_needs_approval() {
        let void = |body: Value| {
            json!({"kind": "void", "store": "ZH01", "till": "3", "sequence": 4712, "currency": "CHF",
                "occurred_at": "2026-10-30T17:03:11+01:00", "body": body})
        };
        let silent = void(json!({"of": {"sequence": 4711}}));
        let small = void(json!({"of": {"sequence": 4711}, "refund_tenders":
            [{"type": "cash", "method": "CASH", "amount": "-10.00"}]}));
        let rule = Rule::Refund(money("10"));
        assert_eq!(held_at(silent, rule, None), ["body.refund_tenders"]);
        assert!(held_at(small.clone(), rule, None).is_empty());
        assert!(!held_at(small, Rule::Refund(money("9.99")), None).is_empty());
    }

    #[test]
    fn goods_that_come_back_without_a_receipt_need_approval() {
        let rule = Rule::ReturnWithoutReceipt;
        assert_eq!(held_at(back("10.00"), rule, None), ["body.lines[0]"]);
        let known = with(
            back("10.00"),
            "/body/lines/0/returned_from",
            json!({"sequence": 17}),
        );
        assert!(held_at(known, rule, None).is_empty());
        let fee = with(back("10.00"), "/body/lines/0/type", "service");
        assert!(held_at(fee, rule, None).is_empty());
        assert!(held_at(sale(), rule, None).is_empty());
    }

    #[test]
    fn a_price_changed_by_hand_needs_approval_above_its_limit() {
        let by_two = with(
            sale(),
            "/body/lines/0/price_override",
            json!({"original": "12.00"}),
        );
        let found =
            |document: &Value, above| held_at(document.clone(), Rule::PriceOverride(above), None);
        assert_eq!(
            found(&by_two, money("1.99")),
            ["body.lines[0].price_override"]
        );
        assert!(found(&by_two, money("2")).is_empty());
        let silent = with(
            sale(),
            "/body/lines/0/price_override",
            json!({"reason": "dented"}),
        );
        assert!(!found(&silent, money("1000")).is_empty());
        assert!(found(&sale(), money("0")).is_empty());
    }

    #[test]
    fn a_difference_at_the_close_needs_approval_whichever_way_it_goes() {
        let found =
            |difference: &str| held_at(close(difference), Rule::CashDifference(money("5")), None);
        assert_eq!(found("-5.01"), ["body.tenders[1]"]);
        assert_eq!(found("5.01"), ["body.tenders[1]"]);
        assert!(found("-5.00").is_empty());
    }

    #[test]
    fn a_late_document_needs_approval_and_only_of_the_kinds_that_are_named() {
        let old = with(sale(), "/occurred_at", "2026-10-27T18:59:59+01:00");
        let rule = Rule::Late(3);
        assert_eq!(held_at(old.clone(), rule, None), ["occurred_at"]);
        assert_eq!(
            held_at(old.clone(), rule, Some(vec![Kind::Sale])),
            ["occurred_at"]
        );
        assert!(held_at(old, rule, Some(vec![Kind::Return])).is_empty());
        let young = with(sale(), "/occurred_at", "2026-10-27T19:00:00+01:00");
        assert!(held_at(young, rule, None).is_empty());
    }
}
