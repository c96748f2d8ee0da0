//! What somebody allowed: a supervisor's approval of a price, a return or a void, and a customer's age that was asked for.
//! Operators' numbers are kept, their names and a customer's birth date are not.

use serde_json::{Map, Value};

use super::prices;
use super::tree::Node;

/// Elements that say that somebody allowed something.
const APPROVALS: [&str; 3] = [
    "OperatorBypassApproval",
    "ManagerApproval",
    "SupervisorApproval",
];
/// Elements that say which age was asked for.
const AGES: [&str; 3] = ["AgeRestriction", "AgeVerification", "AgeCheck"];
/// An age has so many digits at most.
const AGE_DIGITS_MAX: usize = 2;

/// The approvals that stand directly in an element.
pub fn within(node: &Node) -> impl Iterator<Item = &Node> {
    let children = node.children.iter();
    children.filter(|child| APPROVALS.contains(&child.name.as_str()))
}

/// Who allowed it: a number, never a name.
pub fn approver(approval: &Node) -> Option<&str> {
    let own = approval.text_at(&["ApproverID", "OperatorID", "ManagerID"]);
    own.or_else(|| deeper(approval))
}

/// Some tills write the approver within the rule that asked for it.
fn deeper(node: &Node) -> Option<&str> {
    node.children.iter().find_map(|child| {
        let own = child.filled().filter(|_| child.name == "ApproverID");
        own.or_else(|| deeper(child))
    })
}

/// All approvals of a receipt; lines are named where their numbers are their own.
pub fn of(transaction: &Node, retail: &Node, numbered: bool) -> Vec<Value> {
    let mut told = Vec::new();
    for node in [transaction, retail] {
        told.extend(within(node).map(|one| approval(one, "approval", None)));
    }
    for item in retail.all("LineItem") {
        let number = item.text_at(&["SequenceNumber"]);
        let number = number.and_then(|number| number.parse().ok());
        of_line(item, number.filter(|_| numbered), &mut told);
    }
    told
}

fn of_line(item: &Node, number: Option<i64>, told: &mut Vec<Value>) {
    let void = item.flag("VoidFlag") || item.flag("CancelFlag");
    let own = |default: &'static str| if void { "void" } else { default };
    told.extend(within(item).map(|one| approval(one, own(what(item)), number)));
    for child in &item.children {
        let what = own(word(&child.name));
        told.extend(within(child).map(|one| approval(one, what, number)));
        let ages = child.children.iter();
        let ages = ages.filter(|one| AGES.contains(&one.name.as_str()));
        told.extend(ages.map(|one| approval(one, "age", number)));
        for modifier in child.all("RetailPriceModifier") {
            let what = if prices::by_hand(modifier) {
                "price_override"
            } else {
                "discount"
            };
            told.extend(within(modifier).map(|one| approval(one, what, number)));
        }
    }
    let ages = item.children.iter();
    let ages = ages.filter(|one| AGES.contains(&one.name.as_str()));
    told.extend(ages.map(|one| approval(one, "age", number)));
}

/// What a line is, where its approval stands beside the goods.
fn what(item: &Node) -> &'static str {
    let words = item.children.iter().map(|child| word(&child.name));
    words
        .into_iter()
        .find(|word| *word != "approval")
        .unwrap_or("approval")
}

fn word(element: &str) -> &'static str {
    match element {
        "Return" | "ItemReturn" => "return",
        "Tender" | "TenderChange" => "tender",
        "Discount" => "discount",
        _ => "approval",
    }
}

fn approval(node: &Node, what: &str, line: Option<i64>) -> Value {
    let action = node.deep("BusinessAction");
    let age = minimum_age(node, action);
    let what = if age.is_some() { "age" } else { what };
    let mut told = Map::new();
    told.insert("type".to_owned(), what.into());
    if let Some(by) = approver(node) {
        told.insert("operator".to_owned(), by.into());
    }
    if let Some(line) = line {
        told.insert("line".to_owned(), line.into());
    }
    if let Some(reason) = node.text_at(&["ReasonCode", "Reason", "Description"]) {
        told.insert("reason".to_owned(), reason.into());
    }
    if let Some(age) = age {
        told.insert("minimum_age".to_owned(), age.into());
    }
    let passed = action.and_then(|action| action.attribute("IsApproved"));
    let passed = passed
        .or_else(|| node.attribute("Passed"))
        .or_else(|| node.text_at(&["Passed", "ApprovedFlag", "VerifiedFlag"]));
    if let Some(passed) = passed.and_then(yes) {
        told.insert("passed".to_owned(), passed.into());
    }
    Value::Object(told)
}

/// The age that was asked for: a year of birth is none.
fn minimum_age(node: &Node, action: Option<&Node>) -> Option<i64> {
    let stated = node.text_at(&["MinimumAge", "RequiredAge", "Age"]);
    let stated = stated.or_else(|| node.attribute("MinimumAge"));
    let asked = action.filter(|action| {
        let kind = action.attribute("ActionType").unwrap_or_default();
        kind.starts_with("Age")
    });
    let text = stated.or_else(|| asked?.attribute("InputValue"))?;
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let age = digits.parse().ok()?;
    (digits.len() <= AGE_DIGITS_MAX).then_some(age)
}

fn yes(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}
