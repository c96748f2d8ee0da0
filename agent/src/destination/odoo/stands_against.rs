//! What stands against the close of a session: the orders that Odoo cannot book, each by its number and amount.
//!
//! Odoo says no to the whole session and not why; these are the reasons that are known: an order that is still a draft,
//! one on account without a customer, and one whose lines or payments do not come to its total.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::json;

use super::client::Search;
use super::desk::Desk;
use super::originals;
use super::reference::PosConfig;
use super::row::Row;
use crate::outbox::{Answer, Outage};

/// How many orders an answer names.
const NAMED_MAX: usize = 10;

impl Desk {
    /// The answer of a refused close, with the orders that stand against it.
    pub async fn with_reasons(
        &self,
        config: &PosConfig,
        session: i64,
        mut answer: Answer,
    ) -> Result<Answer, Outage> {
        let failed = |error| super::answer::outage(&error);
        let search = Search {
            domain: json!([["session_id", "=", session], ["state", "!=", "cancel"]]),
            fields: &[
                "pos_reference",
                "name",
                "state",
                "partner_id",
                "amount_total",
                "amount_paid",
            ],
            order: "id",
            ..Search::default()
        };
        let orders = self.client.search_read("pos.order", search).await;
        let orders = orders.map_err(failed)?;
        let ids: Vec<i64> = orders.iter().map(Row::id).collect();
        let search = Search {
            domain: json!([["order_id", "in", ids]]),
            fields: &["order_id", "price_subtotal_incl"],
            ..Search::default()
        };
        let lines = self.client.search_read("pos.order.line", search).await;
        let mut sums: BTreeMap<i64, Decimal> = BTreeMap::new();
        for line in lines.map_err(failed)? {
            let order = line.one("order_id").unwrap_or(0);
            *sums.entry(order).or_default() += line.decimal("price_subtotal_incl");
        }
        let payments = originals::payments(&self.client, &ids).await?;
        let on_account = |order: i64| {
            payments.iter().any(|payment| {
                let method = config.methods.iter().find(|m| m.id == payment.method);
                payment.order == order && method.is_some_and(|method| method.needs_customer)
            })
        };
        let reasons: Vec<String> = orders
            .iter()
            .filter_map(|order| {
                let sum = sums.get(&order.id()).copied().unwrap_or_default();
                reason(order, sum, on_account(order.id()))
            })
            .collect();
        if !reasons.is_empty() {
            let more = reasons.len().saturating_sub(NAMED_MAX);
            let named = reasons[..reasons.len() - more].join("; ");
            let more = match more {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            answer.message = format!("{} Against it stand: {named}{more}.", answer.message);
        }
        Ok(answer)
    }
}

/// Why an order stands against the close; `None` when it does not.
fn reason(order: &Row, lines: Decimal, on_account: bool) -> Option<String> {
    let (total, paid) = (order.decimal("amount_total"), order.decimal("amount_paid"));
    let why = if order.text("state") == Some("draft") {
        "is a draft".to_owned()
    } else if on_account && order.one("partner_id").is_none() {
        "is on account and names no customer".to_owned()
    } else if lines != total {
        format!("has lines of {lines}")
    } else if paid != total && paid.is_zero() {
        "is not paid".to_owned()
    } else {
        return None;
    };
    let name = order.text("pos_reference").or(order.text("name"));
    Some(format!("{} of {total} {why}", name.unwrap_or("an order")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::Value;

    use super::*;
    use crate::destination::odoo::testing::dec;

    #[rstest]
    #[case::fine("paid", json!([7, "C"]), "12.00", true, None)]
    #[case::draft("draft", json!(false), "12.00", false, Some("R-1 of 12 is a draft"))]
    #[case::nobody_to_bill("paid", json!(false), "12.00", true, Some("R-1 of 12 is on account and names no customer"))]
    #[case::unbalanced("paid", json!(false), "11.99", false, Some("R-1 of 12 has lines of 11.99"))]
    fn an_order_that_stands_against_the_close_is_named(
        #[case] state: &str,
        #[case] partner: Value,
        #[case] lines: &str,
        #[case] on_account: bool,
        #[case] expected: Option<&str>,
    ) {
        let order = json!({ "id": 1, "pos_reference": "R-1", "state": state, "partner_id": partner,
            "amount_total": 12.0, "amount_paid": 12.0 });
        let order: Row = serde_json::from_value(order).expect("a row");
        assert_eq!(reason(&order, dec(lines), on_account).as_deref(), expected);
    }
}
