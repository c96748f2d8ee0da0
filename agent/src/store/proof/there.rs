//! One document against what a destination holds of it: total, money by method, and how often it stands there. Pure.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tillpost_shared::document::Kind;

use super::Held;

/// A document as it is here.
pub struct Here<'a> {
    /// What it is.
    pub kind: Kind,
    /// What it comes to, where it comes to something.
    pub amount: Option<Decimal>,
    /// What it moved, by the till's method.
    pub moved: &'a BTreeMap<String, Decimal>,
}

/// What the document comes to there.
pub fn total(here: &Here<'_>, held: &Held) -> Decimal {
    let own = here.amount.unwrap_or_default();
    match held.total {
        // A void that is kept as a void, not as a refund, has no total of its own there.
        Some(total) if here.kind == Kind::Void && total.is_zero() => own,
        Some(total) => total,
        None => own,
    }
}

/// What went through one of the till's methods there; `None` when that cannot be told from its others.
pub fn method(here: &Here<'_>, held: &Held, method: &str) -> Option<Decimal> {
    let method = method.to_lowercase();
    let paid = held.paid.iter().find(|paid| paid.methods.contains(&method));
    let Some(paid) = paid else {
        return (!held.paid.is_empty()).then_some(Decimal::ZERO);
    };
    let ours = |name: &&String| paid.methods.contains(&name.to_lowercase());
    (here.moved.keys().filter(ours).count() == 1).then_some(paid.amount)
}

/// What differs, in words; `money` writes an amount.
pub fn differences(
    here: &Here<'_>,
    found: &[&Held],
    destination: &str,
    money: &dyn Fn(Decimal) -> String,
) -> Vec<String> {
    let [held] = found else {
        return vec![match found.len() {
            0 => format!("{destination} does not hold it"),
            times => format!("{destination} holds it {times} times"),
        }];
    };
    let mut differences = Vec::new();
    let there = total(here, held);
    if let Some(own) = here.amount.filter(|own| *own != there) {
        let (there, own) = (money(held.total.unwrap_or(there)), money(own));
        differences.push(format!("{destination} holds {there}, stored is {own}"));
    }
    differences.extend(by_method(here, held, destination, money));
    differences.extend(
        held.remark
            .iter()
            .map(|remark| format!("{destination}: {remark}")),
    );
    differences
}

/// Methods that are one at the destination are compared together.
fn by_method(
    here: &Here<'_>,
    held: &Held,
    destination: &str,
    money: &dyn Fn(Decimal) -> String,
) -> Vec<String> {
    if held.paid.is_empty() {
        return Vec::new();
    }
    let mut differences = Vec::new();
    let mut left: BTreeMap<String, (String, Decimal)> = here
        .moved
        .iter()
        .map(|(name, amount)| (name.to_lowercase(), (name.clone(), *amount)))
        .collect();
    for paid in &held.paid {
        let mut names = Vec::new();
        let mut own = Decimal::ZERO;
        for method in &paid.methods {
            if let Some((name, amount)) = left.remove(method) {
                names.push(name);
                own += amount;
            }
        }
        if own != paid.amount {
            let named = match names.is_empty() {
                true => paid.methods.first().cloned().unwrap_or_default(),
                false => names.join(", "),
            };
            let (there, own) = (money(paid.amount), money(own));
            differences.push(format!(
                "{destination} holds {there} of {named}, stored is {own}"
            ));
        }
    }
    for (name, amount) in left.into_values().filter(|(_, amount)| !amount.is_zero()) {
        differences.push(format!(
            "{destination} holds nothing of {name}, stored is {}",
            money(amount)
        ));
    }
    differences
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::super::Paid;
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().expect("a number")
    }

    fn paid(methods: &[&str], amount: &str) -> Paid {
        let methods: BTreeSet<String> = methods.iter().map(|m| (*m).to_owned()).collect();
        Paid {
            methods,
            amount: dec(amount),
        }
    }

    #[rstest]
    #[case::same(&[("CASH", "5"), ("VISA", "10"), ("MASTER", "1")], &[])]
    #[case::moved_within_one_method_there(&[("CASH", "5"), ("VISA", "1"), ("MASTER", "10")], &[])]
    #[case::another_method(&[("CASH", "16")], &["odoo holds 5 of CASH, stored is 16", "odoo holds 11 of card, stored is 0"])]
    #[case::one_it_lacks(&[("CASH", "5"), ("VISA", "11"), ("TWINT", "3")], &["odoo holds nothing of TWINT, stored is 3"])]
    fn money_is_compared_by_the_methods_of_the_destination(
        #[case] moved: &[(&str, &str)],
        #[case] expected: &[&str],
    ) {
        let moved = moved
            .iter()
            .map(|(name, amount)| ((*name).to_owned(), dec(amount)))
            .collect();
        let here = Here {
            kind: Kind::Sale,
            amount: Some(dec("16")),
            moved: &moved,
        };
        let held = Held {
            total: Some(dec("16")),
            paid: vec![
                paid(&["cash"], "5"),
                paid(&["card", "master", "visa"], "11"),
            ],
            ..Held::default()
        };
        let money = |amount: Decimal| amount.to_string();
        assert_eq!(differences(&here, &[&held], "odoo", &money), expected);
    }
}
