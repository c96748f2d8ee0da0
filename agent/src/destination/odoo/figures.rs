//! A day's figures, the till's against Odoo's.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tillpost_shared::document::DayClose;

use super::originals::OldPayment;

/// What Odoo holds of a day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// By payment method: its name, and what it should hold; the drawer with its opening and movements.
    pub methods: BTreeMap<i64, (String, Decimal)>,
    /// The drawer.
    pub drawer: Option<i64>,
    /// What Odoo expects in it in all, late receipts of other days too.
    pub in_drawer: Decimal,
    /// Sum of the receipts, tips aside.
    pub sales: Decimal,
}

impl Figures {
    /// Leaves out money that was put into the drawer, or taken out, on a day that was closed then.
    pub fn moved_late(&mut self, sum: Decimal) {
        if let Some((_, amount)) = self.drawer.and_then(|id| self.methods.get_mut(&id)) {
            *amount -= sum;
        }
    }

    /// Leaves out what was paid for other days' receipts: of every method, but of the drawer only where their day does
    /// not share the session.
    pub fn leave_out(&mut self, payments: &[OldPayment], shares: impl Fn(i64) -> bool) {
        for payment in payments {
            let lies_in_it = self.drawer == Some(payment.method) && shares(payment.order);
            if let (false, Some((_, amount))) = (lies_in_it, self.methods.get_mut(&payment.method))
            {
                *amount -= payment.amount;
            }
        }
    }
}

/// A till's method in Odoo: its id there, or `None`.
pub type Resolve<'a> = &'a dyn Fn(&str) -> Option<i64>;

/// Where the till's figures and Odoo's differ, in words; empty when they are equal. What the till does not say is not
/// compared.
pub fn differences(close: &DayClose, figures: &Figures, resolve: Resolve<'_>) -> Vec<String> {
    let mut differences = Vec::new();
    let mut expected: BTreeMap<i64, Decimal> = BTreeMap::new();
    let mut said_all = !close.tenders.is_empty();
    for tender in &close.tenders {
        let Some(amount) = tender.expected else {
            said_all = false;
            continue;
        };
        match resolve(tender.method.as_str()) {
            Some(method) => *expected.entry(method).or_default() += amount.0,
            None if amount.0.is_zero() => {}
            None => differences.push(format!(
                "{}: {} at the till, unknown in Odoo",
                tender.method, amount
            )),
        }
    }
    for (method, (name, there)) in &figures.methods {
        let drawer = figures.drawer == Some(*method);
        let here = match expected.get(method) {
            Some(here) => *here,
            // A drawer that the till does not speak of holds what it held before.
            None if drawer || !said_all => continue,
            None => Decimal::ZERO,
        };
        if here != *there {
            differences.push(format!("{name}: {here} at the till, {there} in Odoo"));
        }
    }
    if let Some(sales) = &close.sales {
        let here = sales.gross.0 + sales.returns.0;
        if here != figures.sales {
            differences.push(format!(
                "sales: {here} at the till, {} in Odoo",
                figures.sales
            ));
        }
    }
    differences
}

/// What was counted: the drawer's cash, and by how much the other methods were too much or too little. That is the
/// till's own difference where it expected something: receipts that are missing in Odoo are no loss.
pub fn counted(
    close: &DayClose,
    figures: &Figures,
    resolve: Resolve<'_>,
) -> (Option<Decimal>, Vec<(i64, Decimal)>) {
    let mut cash = None;
    let mut rest: BTreeMap<i64, Decimal> = BTreeMap::new();
    for tender in &close.tenders {
        let (Some(method), Some(counted)) = (resolve(tender.method.as_str()), tender.counted)
        else {
            continue;
        };
        if figures.drawer == Some(method) {
            *cash.get_or_insert(Decimal::ZERO) += counted.0;
            continue;
        }
        let there = figures.methods.get(&method).map(|(_, there)| *there);
        let expected = tender.expected.map(|amount| amount.0).or(there);
        *rest.entry(method).or_default() += counted.0 - expected.unwrap_or_default();
    }
    (
        cash,
        rest.into_iter()
            .filter(|(_, difference)| !difference.is_zero())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};
    use tillpost_shared::document::Body;

    use super::*;
    use crate::destination::odoo::testing::{dec, delivery};

    fn z(tenders: Value, sales: Value) -> DayClose {
        let delivery = delivery(
            "day_close",
            9,
            json!({ "tenders": tenders, "sales": sales }),
        );
        let Body::DayClose(close) = &delivery.document.body else {
            panic!("not a day close");
        };
        close.clone()
    }
    fn figures() -> Figures {
        let methods = [
            (1, "Cash", "150.00"),
            (2, "Card", "80.50"),
            (3, "Voucher", "0"),
        ];
        let methods = methods.map(|(id, name, amount)| (id, (name.to_owned(), dec(amount))));
        Figures {
            methods: methods.into(),
            drawer: Some(1),
            in_drawer: dec("150.00"),
            sales: dec("130.50"),
        }
    }
    fn resolve(method: &str) -> Option<i64> {
        match method {
            "CASH" => Some(1),
            "VISA" | "MASTER" => Some(2),
            _ => None,
        }
    }

    #[rstest]
    #[case::equal(
        json!([{ "method": "CASH", "expected": "150" }, { "method": "VISA", "expected": "60.50" }, { "method": "MASTER", "expected": "20" }]),
        json!({ "gross": "140.50", "returns": "-10" }),
        &[]
    )]
    #[case::nothing_said(json!([]), json!(null), &[])]
    #[case::only_counted(json!([{ "method": "CASH", "counted": "149" }]), json!(null), &[])]
    #[case::a_card_sale_is_missing(
        json!([{ "method": "CASH", "expected": "150" }, { "method": "VISA", "expected": "100.50" }]),
        json!({ "gross": "150.50", "returns": "0" }),
        &["Card: 100.50 at the till, 80.50 in Odoo", "sales: 150.50 at the till, 130.50 in Odoo"]
    )]
    #[case::the_till_forgot_cards(
        json!([{ "method": "CASH", "expected": "150" }]),
        json!(null),
        &["Card: 0 at the till, 80.50 in Odoo"]
    )]
    #[case::unknown(
        json!([{ "method": "TWINT", "expected": "5" }, { "method": "WIR", "expected": "0" }, { "method": "VISA", "expected": "80.50" }]),
        json!(null),
        &["TWINT: 5 at the till, unknown in Odoo"]
    )]
    fn figures_are_compared_method_by_method(
        #[case] tenders: Value,
        #[case] sales: Value,
        #[case] expected: &[&str],
    ) {
        assert_eq!(
            differences(&z(tenders, sales), &figures(), &resolve),
            expected
        );
    }

    // A card and a cash payment of order 7, whose day shares the session, and of order 8, which came late.
    #[test]
    fn a_day_that_shares_the_session_left_its_cash_in_the_drawer() {
        let paid = |order, method, amount: &str| OldPayment {
            order,
            method,
            amount: dec(amount),
            change: false,
        };
        let payments = [
            paid(7, 1, "30"),
            paid(7, 2, "20.50"),
            paid(8, 1, "5"),
            paid(8, 2, "10"),
        ];
        let mut figures = figures();
        figures.leave_out(&payments, |order| order == 7);
        let left: Vec<String> = figures
            .methods
            .values()
            .map(|(_, amount)| amount.to_string())
            .collect();
        assert_eq!(left, ["145.00", "50.00", "0"]);
        figures.moved_late(dec("-2"));
        assert_eq!(figures.methods[&1].1, dec("147.00"));
    }

    #[test]
    fn the_drawer_is_counted_and_the_rest_is_a_difference() {
        let close = z(
            json!([{ "method": "CASH", "counted": "149.50" }, { "method": "VISA", "counted": "79.00" }]),
            json!(null),
        );
        assert_eq!(
            counted(&close, &figures(), &resolve),
            (Some(dec("149.50")), vec![(2, dec("-1.50"))])
        );
    }
}
