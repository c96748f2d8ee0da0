//! A 200 is no proof: what stands in Odoo must be what the till rang up.
//!
//! Odoo keeps the first content it saw under a uuid and says nothing when another comes. A till that starts at 1
//! again on a PC that lost its queue would otherwise pass off an old order as a new sale.

use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::client::{CallError, Client, Search};
use super::parts::Expected;
use super::row::{Row, texts};

/// An order as Odoo holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// `pos.order`.
    pub id: i64,
    /// Its uuid.
    pub uuid: Uuid,
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
    /// Tips within the total that no line of the till stands for.
    pub tip: Decimal,
    /// Whether it takes something back.
    pub refund: bool,
    /// The customer.
    pub customer: Option<i64>,
    /// Its lines and quantities.
    pub lines: Vec<(Uuid, Decimal)>,
}

const ORDER_FIELDS: [&str; 11] = [
    "partner_id",
    "uuid",
    "name",
    "state",
    "date_order",
    "pos_reference",
    "amount_total",
    "amount_paid",
    "is_refund",
    "is_tipped",
    "tip_amount",
];
const NOTED_FIELDS: [&str; 10] = [
    "uuid",
    "name",
    "state",
    "date_order",
    "pos_reference",
    "amount_total",
    "is_refund",
    "is_tipped",
    "tip_amount",
    "internal_note",
];

/// Reads orders with their lines by uuid.
pub async fn read(client: &Client, uuids: &[Uuid]) -> Result<Vec<Stored>, CallError> {
    let mut orders = read_heads(client, json!([["uuid", "in", texts(uuids)]])).await?;
    if orders.is_empty() {
        return Ok(orders);
    }
    let ids: Vec<i64> = orders.iter().map(|order| order.id).collect();
    let lines = Search {
        domain: json!([["order_id", "in", ids]]),
        fields: &["uuid", "qty", "order_id"],
        ..Search::default()
    };
    for line in client.search_read("pos.order.line", lines).await? {
        let order = orders
            .iter_mut()
            .find(|order| Some(order.id) == line.one("order_id"));
        if let (Some(order), Some(uuid)) = (order, uuid(&line)) {
            order.lines.push((uuid, line.decimal("qty")));
        }
    }
    Ok(orders)
}

/// Reads orders without their lines.
pub async fn read_heads(
    client: &Client,
    domain: serde_json::Value,
) -> Result<Vec<Stored>, CallError> {
    let search = Search {
        domain,
        fields: &ORDER_FIELDS,
        order: "id",
        ..Search::default()
    };
    let rows = client.search_read("pos.order", search).await?;
    Ok(rows.iter().filter_map(stored).collect())
}

/// Reads orders without their lines, each with its internal note.
pub async fn read_heads_with_note(
    client: &Client,
    domain: serde_json::Value,
) -> Result<Vec<(String, Stored)>, CallError> {
    let search = Search {
        domain,
        fields: &NOTED_FIELDS,
        order: "id",
        ..Search::default()
    };
    let rows = client.search_read("pos.order", search).await?;
    let noted = |row: &Row| Some((row.text("internal_note")?.to_owned(), stored(row)?));
    Ok(rows.iter().filter_map(noted).collect())
}

fn uuid(row: &Row) -> Option<Uuid> {
    row.text("uuid").and_then(|text| Uuid::parse_str(text).ok())
}

fn stored(row: &Row) -> Option<Stored> {
    let text = |field| row.text(field).unwrap_or_default().to_owned();
    Some(Stored {
        id: row.id(),
        uuid: uuid(row)?,
        name: text("name"),
        state: text("state"),
        at: text("date_order"),
        reference: text("pos_reference"),
        total: row.decimal("amount_total"),
        paid: row.decimal("amount_paid"),
        tip: if row.flag("is_tipped") {
            row.decimal("tip_amount")
        } else {
            Decimal::ZERO
        },
        refund: row.flag("is_refund"),
        customer: row.one("partner_id"),
        lines: Vec::new(),
    })
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
    let ours: Vec<&Stored> = stored
        .iter()
        .filter(|order| expected.orders.contains(&order.uuid))
        .collect();
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

fn difference(expected: &Expected, orders: &[&Stored]) -> Option<String> {
    if orders.len() != expected.orders.len() {
        return Some(format!(
            "{} orders instead of {}",
            orders.len(),
            expected.orders.len()
        ));
    }
    for order in orders {
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
            name: "ZH01-3 - 7".into(),
            state: "done".into(),
            at: "2026-11-20 16:03:11".into(),
            reference: "ZH01-3-0-20261120-7".into(),
            total: dec("10.03"),
            paid: dec("10.05"),
            tip: Decimal::ZERO,
            refund: false,
            customer: None,
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
