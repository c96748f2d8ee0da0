//! How the money of a receipt flows, and how it divides over the orders that one receipt can become.
//!
//! Odoo knows payments only: change and cashback are negative cash payments of their own. Their amounts always add up
//! to the receipt's total with its rounding and its tips.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use tillpost_shared::document::sale::{Sale, Tender, TenderType};
use uuid::Uuid;

use super::coins;
use super::orders::Till;
use super::reference::Method;
use super::row::number;
use super::translate;
use crate::outbox::Answer;

/// Money through one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// What its uuid is derived from, beside the order's.
    pub name: String,
    /// The till's name of the method; `None`: the drawer.
    pub method: Option<String>,
    /// Received positive, paid back negative.
    pub amount: Decimal,
    /// Whether it is change.
    pub change: bool,
    /// The tender it comes from.
    pub tender: Option<usize>,
}

/// What went through which method: tenders, then cash handed out of card payments, then change.
pub fn flows(tenders: &[Tender], change: Decimal) -> Vec<Flow> {
    let drawer = tenders
        .iter()
        .find(|tender| tender.r#type == TenderType::Cash && tender.foreign.is_none());
    let drawer = drawer.map(|tender| tender.method.as_str().to_owned());
    let mut flows = Vec::new();
    for (n, tender) in tenders.iter().enumerate() {
        flows.push(Flow {
            name: format!("tender/{}", n + 1),
            method: Some(tender.method.as_str().to_owned()),
            amount: tender.amount.0,
            change: false,
            tender: Some(n),
        });
    }
    for (n, tender) in tenders.iter().enumerate() {
        let Some(cashback) = tender.cashback else {
            continue;
        };
        flows.push(Flow {
            name: format!("cashback/{}", n + 1),
            method: drawer.clone(),
            amount: -cashback.0,
            change: false,
            tender: None,
        });
    }
    flows.push(Flow {
        name: "change".to_owned(),
        method: drawer,
        amount: -change,
        change: true,
        tender: None,
    });
    flows.retain(|flow| !flow.amount.is_zero());
    flows
}

/// Tips within the tenders.
pub fn tips(tenders: &[Tender]) -> Decimal {
    tenders
        .iter()
        .filter_map(|tender| tender.tip)
        .map(|tip| tip.0)
        .sum()
}

/// Divides flows over parts that owe `totals`: each part but the last takes what it owes from the flows of its own
/// sign, in order, and what they do not hold from the first flow; the last part takes what is left. So rows and
/// columns add up exactly, whatever the signs. One row per part: flow and amount.
pub fn divide(flows: &[Flow], totals: &[Decimal]) -> Vec<Vec<(usize, Decimal)>> {
    let mut left: Vec<Decimal> = flows.iter().map(|flow| flow.amount).collect();
    let mut rows = Vec::with_capacity(totals.len());
    let before_last = totals.len().saturating_sub(1);
    for total in &totals[..before_last] {
        let mut taken = vec![Decimal::ZERO; flows.len()];
        let mut owed = *total;
        for (n, available) in left.iter_mut().enumerate() {
            if available.is_sign_negative() == owed.is_sign_negative() {
                let share = if available.abs() < owed.abs() {
                    *available
                } else {
                    owed
                };
                taken[n] += share;
                *available -= share;
                owed -= share;
            }
        }
        if let (Some(first), Some(available)) = (taken.first_mut(), left.first_mut()) {
            *first += owed;
            *available -= owed;
        }
        rows.push(taken);
    }
    if !totals.is_empty() {
        rows.push(left);
    }
    let filled = |row: Vec<Decimal>| {
        row.into_iter()
            .enumerate()
            .filter(|(_, amount)| !amount.is_zero())
            .collect()
    };
    rows.into_iter().map(filled).collect()
}

/// What was paid is what is owed, and what Odoo takes for paid: else it would keep the order as a draft, and no day closes
/// with a draft.
pub fn check(sale: &Sale, flows: &[Flow], tips: Decimal, till: Till<'_>) -> Result<(), Answer> {
    let rounded = sale.cash_rounding();
    if !rounded.is_zero() && !till.config.rounds_cash && !coins::on_a_line(till) {
        return Err(coins::rounding_missing(till.code));
    }
    let paid: Decimal = flows.iter().map(|flow| flow.amount).sum();
    let owed = sale.total.0 + rounded + tips;
    if paid != owed {
        return Err(translate::totals_differ(
            "What is owed and what was paid",
            owed,
            paid,
        ));
    }
    let coin = till.config.coin.filter(|_| till.facts.coins_for_all);
    match coin.map(|coin| in_coins(sale.total.0 + tips, coin)) {
        Some(wanted) if wanted != paid => Err(coins::coins_for_all(till.code, paid, wanted)),
        _ => Ok(()),
    }
}

/// To the nearest coin, halves away from zero.
fn in_coins(amount: Decimal, coin: Decimal) -> Decimal {
    let coins = amount / coin;
    coins.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero) * coin
}

/// A payment as `sync_from_ui` wants it.
pub fn values(
    order: Uuid,
    flow: &Flow,
    amount: Decimal,
    method: &Method,
    at: &str,
    tenders: &[Tender],
) -> Value {
    let mut values = json!({
        "uuid": Uuid::new_v5(&order, flow.name.as_bytes()).to_string(),
        "payment_method_id": method.id,
        "amount": number(amount),
        "payment_date": at,
    });
    if flow.change {
        values["is_change"] = true.into();
    }
    let Some(tender) = flow.tender.and_then(|n| tenders.get(n)) else {
        return json!([0, 0, values]);
    };
    let card = tender.card.as_ref();
    let reference = card
        .and_then(|card| card.reference.as_ref())
        .or(tender.reference.as_ref());
    let fields = [
        ("card_brand", card.and_then(|card| card.brand.as_ref())),
        ("card_no", card.and_then(|card| card.last4.as_ref())),
        (
            "payment_method_authcode",
            card.and_then(|card| card.auth_code.as_ref()),
        ),
        ("payment_ref_no", reference),
    ];
    for (field, text) in fields {
        if let Some(text) = text {
            values[field] = text.as_str().into();
        }
    }
    if let Some(foreign) = &tender.foreign {
        values["name"] = format!(
            "{} {} at {}",
            foreign.amount, foreign.currency, foreign.rate
        )
        .into();
    }
    json!([0, 0, values])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::{dec, sale};

    fn body(tenders: Value, change: &str) -> Vec<(String, Option<String>, String)> {
        let sale = sale(
            json!({ "prices": "tax_included", "total": "0", "tenders": tenders, "change": change }),
        );
        let flows = flows(&sale.tenders, sale.change());
        flows
            .into_iter()
            .map(|flow| (flow.name, flow.method, flow.amount.to_string()))
            .collect()
    }
    fn flow(amount: &str) -> Flow {
        Flow {
            name: String::new(),
            method: None,
            amount: dec(amount),
            change: false,
            tender: None,
        }
    }

    #[test]
    fn change_and_cashback_are_negative_cash() {
        let flows = body(
            json!([{ "type": "card", "method": "CARD", "amount": "70", "cashback": "20" },
                   { "type": "cash", "method": "CASH", "amount": "10" }]),
            "3.50",
        );
        let cash = Some("CASH".to_owned());
        assert_eq!(
            flows,
            [
                ("tender/1".into(), Some("CARD".into()), "70".into()),
                ("tender/2".into(), cash.clone(), "10".into()),
                ("cashback/1".into(), cash.clone(), "-20".into()),
                ("change".into(), cash, "-3.50".into()),
            ]
        );
    }

    #[test]
    fn change_of_a_voucher_comes_from_the_drawer() {
        let flows = body(
            json!([{ "type": "voucher", "method": "VOUCHER", "amount": "20" }]),
            "1.00",
        );
        assert_eq!(flows[1], ("change".into(), None, "-1.00".into()));
    }

    #[test]
    fn a_refund_of_two_receipts_divides_in_order() {
        let rows = divide(&[flow("-30"), flow("-20")], &[dec("-10"), dec("-40")]);
        assert_eq!(
            rows,
            [
                vec![(0, dec("-10"))],
                vec![(0, dec("-20")), (1, dec("-20"))]
            ]
        );
    }

    #[test]
    fn an_exchange_over_two_receipts_still_adds_up() {
        let rows = divide(&[flow("30")], &[dec("-30"), dec("-40"), dec("100")]);
        assert_eq!(
            rows,
            [
                vec![(0, dec("-30"))],
                vec![(0, dec("-40"))],
                vec![(0, dec("100"))]
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn rows_and_columns_add_up(flows in proptest::collection::vec(-9999i64..9999, 1..5), totals in proptest::collection::vec(-9999i64..9999, 1..5)) {
            let flows: Vec<Flow> = flows.iter().filter(|n| **n != 0).map(|n| flow(&Decimal::new(*n, 2).to_string())).collect();
            proptest::prop_assume!(!flows.is_empty());
            let mut totals: Vec<Decimal> = totals.iter().map(|n| Decimal::new(*n, 2)).collect();
            let paid: Decimal = flows.iter().map(|flow| flow.amount).sum();
            let owed: Decimal = totals.iter().sum();
            *totals.last_mut().expect("not empty") += paid - owed;
            let rows = divide(&flows, &totals);
            for (row, total) in rows.iter().zip(&totals) {
                proptest::prop_assert_eq!(row.iter().map(|(_, amount)| *amount).sum::<Decimal>(), *total);
            }
            for (n, flow) in flows.iter().enumerate() {
                let column: Decimal = rows.iter().flatten().filter(|(m, _)| *m == n).map(|(_, amount)| *amount).sum();
                proptest::prop_assert_eq!(column, flow.amount);
            }
        }
    }
}
