//! A 200 is no proof: what stands in Odoo must be what the till rang up.
//!
//! Odoo keeps the first content it saw under a uuid and says nothing when another comes. A till that starts at 1
//! again on a PC that lost its queue would otherwise pass off an old order as a new sale.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::parts::Expected;

/// An order as Odoo holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// `pos.order`.
    pub id: i64,
    /// Its uuid.
    pub uuid: Uuid,
    /// Whether it was found by its reference: then it is meant for the same receipt, whatever stands in it.
    pub by_reference: bool,
    /// Its name there.
    pub name: String,
    /// draft, paid, done, cancel.
    pub state: String,
    /// When it was sold.
    pub at: String,
    /// Its reference.
    pub reference: String,
    /// Its total.
    pub total: Decimal,
    /// What was paid.
    pub paid: Decimal,
    /// What it was rounded to coins by on a line of its own; not within the total.
    pub rounding: Decimal,
    /// Tips within the total that no line of the till stands for.
    pub tip: Decimal,
    /// Whether it takes something back.
    pub refund: bool,
    /// The customer.
    pub customer: Option<i64>,
    /// The session it is booked in.
    pub session: Option<i64>,
    /// The name of its invoice, when there is one.
    pub invoice: Option<String>,
    /// Its lines and quantities.
    pub lines: Vec<(Uuid, Decimal)>,
}

/// What Odoo holds of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// None of its orders.
    Nothing,
    /// All of it, as it should be; with Odoo's names of the orders.
    Same(String),
    /// Something else; in words.
    Other(String),
}

/// Compares by uuid, never by position.
pub fn compare(expected: &Expected, stored: &[Stored]) -> Holding {
    let ours: Vec<&Stored> = ours(expected, stored).collect();
    if ours.is_empty() {
        return Holding::Nothing;
    }
    if let Some(difference) = difference(expected, &ours) {
        return Holding::Other(difference);
    }
    let names: Vec<String> = ours
        .iter()
        .map(|order| format!("{} ({})", order.name, order.id))
        .collect();
    Holding::Same(names.join(", "))
}

/// The orders that are meant for the same receipt.
pub fn ours<'a>(expected: &'a Expected, stored: &'a [Stored]) -> impl Iterator<Item = &'a Stored> {
    stored.iter().filter(|order| {
        let same = order.by_reference && order.reference == expected.reference;
        same || expected.orders.contains(&order.uuid)
    })
}

fn difference(expected: &Expected, orders: &[&Stored]) -> Option<String> {
    if orders.len() != expected.orders.len() {
        return Some(format!(
            "{} orders instead of {}",
            orders.len(),
            expected.orders.len()
        ));
    }
    for order in orders {
        if !expected.orders.contains(&order.uuid) {
            return Some("the same reference stands on another receipt".to_owned());
        }
        if !matches!(order.state.as_str(), "paid" | "done" | "invoiced") {
            return Some(format!("its state is {}", order.state));
        }
        if order.reference != expected.reference {
            return Some(format!(
                "its reference is {} instead of {}",
                order.reference, expected.reference
            ));
        }
        if order.at != expected.at {
            return Some(format!(
                "its time is {} instead of {} (UTC)",
                order.at, expected.at
            ));
        }
    }
    let total: Decimal = orders.iter().map(|order| order.total).sum();
    if total != expected.total {
        return Some(format!(
            "its total is {total} instead of {}",
            expected.total
        ));
    }
    let paid: Decimal = orders.iter().map(|order| order.paid).sum();
    if paid != expected.paid {
        return Some(format!("{paid} was paid instead of {}", expected.paid));
    }
    let lines: Vec<(Uuid, Decimal)> = orders
        .iter()
        .flat_map(|order| order.lines.clone())
        .collect();
    if lines.len() != expected.lines.len() {
        return Some(format!(
            "it has {} lines instead of {}",
            lines.len(),
            expected.lines.len()
        ));
    }
    for (uuid, quantity) in &expected.lines {
        match lines.iter().find(|(line, _)| line == uuid) {
            None => return Some("a line is another".to_owned()),
            Some((_, there)) if there != quantity => {
                return Some(format!(
                    "a quantity is {there} instead of {}",
                    quantity.normalize()
                ));
            }
            Some(_) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::destination::odoo::testing::dec;

    fn expected() -> Expected {
        Expected {
            orders: vec![Uuid::from_u128(1)],
            reference: "ZH01-3-0-20261120-7".into(),
            at: "2026-11-20 16:03:11".into(),
            total: dec("10.03"),
            paid: dec("10.05"),
            lines: vec![(Uuid::from_u128(11), dec("0.345"))],
        }
    }
    fn there(change: impl FnOnce(&mut Stored)) -> Vec<Stored> {
        let mut stored = Stored {
            id: 77,
            uuid: Uuid::from_u128(1),
            by_reference: false,
            name: "ZH01-3 - 7".into(),
            state: "done".into(),
            at: "2026-11-20 16:03:11".into(),
            reference: "ZH01-3-0-20261120-7".into(),
            total: dec("10.03"),
            paid: dec("10.05"),
            rounding: Decimal::ZERO,
            tip: Decimal::ZERO,
            refund: false,
            customer: None,
            session: None,
            invoice: None,
            lines: vec![(Uuid::from_u128(11), dec("0.345"))],
        };
        change(&mut stored);
        vec![stored]
    }

    #[test]
    fn the_same_is_the_same_whatever_else_came_back() {
        let mut stored = there(|_| {});
        stored.insert(
            0,
            Stored {
                uuid: Uuid::from_u128(2),
                ..stored[0].clone()
            },
        );
        assert_eq!(
            compare(&expected(), &stored),
            Holding::Same("ZH01-3 - 7 (77)".into())
        );
        assert_eq!(compare(&expected(), &[]), Holding::Nothing);
    }

    #[test]
    fn without_uuids_the_reference_finds_and_the_content_decides() {
        let found = |change: fn(&mut Stored)| {
            let mut stored = there(|order| order.by_reference = true);
            change(&mut stored[0]);
            compare(&expected(), &stored)
        };
        assert!(matches!(found(|_| {}), Holding::Same(_)));
        let others = |holding| matches!(holding, Holding::Other(_));
        assert!(others(found(|order| order.uuid = Uuid::nil())));
        assert!(others(found(|order| order.lines[0].0 = Uuid::nil())));
        let mut twice = there(|order| order.by_reference = true);
        twice.push(twice[0].clone());
        assert_eq!(
            compare(&expected(), &twice),
            Holding::Other("2 orders instead of 1".into())
        );
    }

    #[rstest]
    #[case::unpaid(there(|order| order.state = "draft".into()))]
    #[case::an_old_sale(there(|order| order.at = "2025-11-20 16:03:11".into()))]
    #[case::another_number(there(|order| order.reference = "ZH01-3-0-20251120-7".into()))]
    #[case::total(there(|order| order.total = dec("10.02")))]
    #[case::paid(there(|order| order.paid = dec("10.03")))]
    #[case::fewer_lines(there(|order| order.lines.clear()))]
    #[case::another_line(there(|order| order.lines[0].0 = Uuid::from_u128(12)))]
    #[case::cut_quantity(there(|order| order.lines[0].1 = dec("0.35")))]
    fn any_difference_is_another_receipt(#[case] stored: Vec<Stored>) {
        assert!(matches!(compare(&expected(), &stored), Holding::Other(_)));
    }
}
