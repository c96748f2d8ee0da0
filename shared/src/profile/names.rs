//! Which elements and columns of other people's files hold what must not be kept: by the rules of [`crate::redact`],
//! asked with a field of that name.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::problem::Code;
use crate::redact;
use crate::shape::Unknown;

/// What stands around a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Around {
    /// Nothing that says more.
    #[default]
    Plain,
    /// A person.
    Person,
    /// A payment.
    Payment,
    /// A loyalty card, whose number is none of a bank's.
    Loyalty,
}

impl Around {
    /// What stands around the children of an element of this name.
    pub fn within(self, name: &str) -> Self {
        match name {
            "Customer" | "Associate" | "Operator" | "Patient" | "ShipTo" | "BillTo" => Self::Person,
            "Tender" | "CreditDebit" | "Authorization" | "Payment" => Self::Payment,
            "LoyaltyAccount" | "LoyaltyCard" | "LoyaltyMembership" => Self::Loyalty,
            _ => self,
        }
    }
}

/// Stands for a value: no bank's number, so that only the field's name decides.
const VALUE: &str = "1234567890123";

/// Knows names, and remembers what was said of them.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<String, [Option<Option<Code>>; AROUNDS]>,
}

/// How many kinds of surroundings there are.
const AROUNDS: usize = 4;

/// Names that are remembered; a file with more of them is read all the same.
const KNOWN_MAX: usize = 10_000;

impl Names {
    /// Why a filled field of this name may not be kept; `None` when it may.
    pub fn forbidden(&mut self, around: Around, name: &str) -> Option<Code> {
        let known = self.known.get(name);
        if let Some(answer) = known.and_then(|known| known[around as usize]) {
            return answer;
        }
        let answer = ask(around, name);
        if known.is_some() || self.known.len() < KNOWN_MAX {
            let known = self.known.entry(name.to_owned()).or_default();
            known[around as usize] = Some(answer);
        }
        answer
    }
}

fn ask(around: Around, name: &str) -> Option<Code> {
    let field = json!({ name: VALUE });
    let within = match around {
        Around::Plain | Around::Loyalty => field,
        Around::Person => json!({ "customer": field }),
        Around::Payment => json!({ "payment": field }),
    };
    let mut document = json!({ "ext": within });
    let flags = redact::redact(&mut document, Unknown::Refused);
    let own = |flag: &&crate::problem::Problem| {
        let loyalty = around == Around::Loyalty && flag.code == Code::CardDataRemoved;
        flag.code != Code::ExtDropped && !loyalty
    };
    flags.iter().find(own).map(|flag| flag.code)
}

/// The text without card numbers and what a stripe holds; `None` when there is nothing to take out.
pub fn scrubbed(text: &str) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // The shortest card number; most texts end here.
    if digits < 12 {
        return None;
    }
    // A field of free text without a limit of its own.
    let mut document = json!({ "operator": text });
    let flags = redact::redact(&mut document, Unknown::Refused);
    if flags.is_empty() {
        return None;
    }
    let left = document.get("operator").and_then(Value::as_str);
    Some(left.unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_the_rules_for_documents() {
        let mut names = Names::default();
        for _ in 0..2 {
            assert_eq!(
                names.forbidden(Around::Plain, "BirthYear"),
                Some(Code::PersonalDataRemoved)
            );
            assert_eq!(
                names.forbidden(Around::Person, "Name"),
                Some(Code::PersonalDataRemoved)
            );
            assert_eq!(names.forbidden(Around::Plain, "Name"), None);
            assert_eq!(
                names.forbidden(Around::Payment, "ExpirationDate"),
                Some(Code::CardDataRemoved)
            );
            assert_eq!(
                names.forbidden(Around::Plain, "Customer Name"),
                Some(Code::PersonalDataRemoved)
            );
            assert_eq!(
                names.forbidden(Around::Plain, "ReceiptImage"),
                Some(Code::CardDataRemoved)
            );
            assert_eq!(names.forbidden(Around::Plain, "Menge"), None);
            let number = "PrimaryAccountNumber";
            assert_eq!(
                names.forbidden(Around::Payment, number),
                Some(Code::CardDataRemoved)
            );
            assert_eq!(names.forbidden(Around::Loyalty, number), None);
        }
    }

    #[test]
    fn card_numbers_go_and_long_texts_stay() {
        assert_eq!(
            scrubbed("paid with 4111 1111 1111 1111").as_deref(),
            Some("paid with ****1111")
        );
        assert_eq!(scrubbed(&"long text 123456789012 ".repeat(20)), None);
        let long = "x".repeat(20_000) + " 4111111111111111";
        assert!(!scrubbed(&long).unwrap().contains("4111111111111111"));
    }
}
