//! Whether a day end and a cash movement are plausible. Counted money is information: it is never corrected.

use rust_decimal::Decimal;

use super::tender::Exchange;
use super::{Money, opposite};
use crate::document::day::{CashMovement, DayClose, DaySales, DayTender, MovementType};
use crate::problem::{Code, Problem};

/// Everything that is held or flagged in a day close.
pub(super) fn close(close: &DayClose, money: Money<'_>, problems: &mut Vec<Problem>) {
    let mut sign = |wrong: bool, path: &str, message: &str| {
        if wrong {
            problems.push(Problem::held(Code::SignMismatch, path, message));
        }
    };
    if let Some(sales) = &close.sales {
        let gross = sales.gross.0.is_sign_negative();
        sign(gross, "body.sales.gross", "what was sold is positive");
        let returns = opposite(sales.returns.0, Decimal::NEGATIVE_ONE);
        sign(returns, "body.sales.returns", "what came back is negative");
    }
    if let Some(drawer) = &close.drawer {
        let put_in = drawer.r#in.0.is_sign_negative();
        sign(put_in, "body.drawer.in", "what was put in is positive");
        let taken_out = drawer.out.0.is_sign_negative();
        sign(
            taken_out,
            "body.drawer.out",
            "what was taken out is positive too",
        );
    }
    problems.extend(close.sales.as_ref().and_then(|sales| taxes(sales, money)));
    for (index, tender) in close.tenders.iter().enumerate() {
        problems.extend(difference(index, tender));
    }
}

/// A till's own sums of a day are compared with its sales later, so here a difference is only shown.
fn taxes(sales: &DaySales, money: Money<'_>) -> Option<Problem> {
    let by_tax: Decimal = sales.by_tax.iter().map(|tax| tax.amount.0).sum();
    let difference = (by_tax - sales.tax?.0).abs();
    let message = "the taxes by rate are not the tax in all";
    (!sales.by_tax.is_empty() && difference > money.units(sales.by_tax.len()))
        .then(|| Problem::flag(Code::TaxMismatch, "body.sales.tax", message))
}

fn difference(index: usize, tender: &DayTender) -> Option<Problem> {
    let expected = tender.counted?.0 - tender.expected?.0;
    let path = || format!("body.tenders[{index}].difference");
    let message = "the difference is not what was counted less what was expected";
    (tender.difference?.0 != expected)
        .then(|| Problem::flag(Code::DifferenceMismatch, &path(), message))
}

/// Everything that is held or flagged in a cash movement.
pub(super) fn movement(movement: &CashMovement, money: Money<'_>, problems: &mut Vec<Problem>) {
    let (direction, message) = match movement.r#type {
        MovementType::Float | MovementType::PayIn => {
            (Decimal::ONE, "money put into the drawer is positive")
        }
        MovementType::PayOut | MovementType::Pickup | MovementType::BankDeposit => (
            Decimal::NEGATIVE_ONE,
            "money taken out of the drawer is negative",
        ),
    };
    if opposite(movement.amount.0, direction) {
        problems.push(Problem::held(Code::SignMismatch, "body.amount", message));
    }
    if let Some(foreign) = &movement.foreign
        && let Some(rate) = foreign.rate
    {
        let code = foreign.currency.as_str();
        let given = Exchange {
            code,
            foreign: foreign.amount.0,
            rate: rate.0,
        };
        let path = || "body.foreign".to_owned();
        problems.extend(given.check(movement.amount.0, money, path));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::document::Kind;
    use crate::sample::{changed, full, problems, with, without};

    #[test]
    fn full_documents_of_a_day_have_no_problem() {
        for kind in [
            Kind::DayOpen,
            Kind::DayClose,
            Kind::CashMovement,
            Kind::TillActivity,
        ] {
            assert_eq!(problems(full(kind)), Vec::<String>::new(), "{kind}");
        }
        assert_eq!(problems(full(Kind::Settlement)), Vec::<String>::new());
    }

    #[rstest]
    #[case("/body/sales/gross", "-1.00", &["held sign_mismatch body.sales.gross"])]
    #[case("/body/sales/returns", "1.00", &["held sign_mismatch body.sales.returns"])]
    #[case("/body/sales/returns", "0.00", &[])]
    #[case("/body/drawer/in", "-1.00", &["held sign_mismatch body.drawer.in"])]
    #[case("/body/drawer/out", "-1.00", &["held sign_mismatch body.drawer.out"])]
    #[case("/body/sales/tax", "6.75", &[])]
    #[case("/body/sales/tax", "6.76", &["flag tax_mismatch body.sales.tax"])]
    #[case("/body/tenders/0/difference", "1.00", &["flag difference_mismatch body.tenders[0].difference"])]
    #[case("/body/tenders/0/difference", "-1", &[])]
    fn a_close_is_checked(#[case] pointer: &str, #[case] value: &str, #[case] expected: &[&str]) {
        assert_eq!(
            problems(with(full(Kind::DayClose), pointer, value)),
            expected
        );
    }

    #[rstest]
    #[case("float", "1.00", false)]
    #[case("float", "-1.00", true)]
    #[case("pay_in", "-1.00", true)]
    #[case("pay_out", "1.00", true)]
    #[case("pay_out", "-1.00", false)]
    #[case("pickup", "1.00", true)]
    #[case("bank_deposit", "1.00", true)]
    #[case("bank_deposit", "0.00", false)]
    fn money_moves_the_way_its_type_says(
        #[case] r#type: &str,
        #[case] amount: &str,
        #[case] held: bool,
    ) {
        let movement = without(full(Kind::CashMovement), "/body/foreign");
        let changes = [
            ("/body/type", json!(r#type)),
            ("/body/amount", json!(amount)),
        ];
        let expected = ["held sign_mismatch body.amount"];
        assert_eq!(
            problems(changed(movement, &changes)),
            expected[..usize::from(held)]
        );
    }

    #[rstest]
    #[case(json!("0.93"), &[])]
    #[case(json!("0.94"), &["flag rate_mismatch body.foreign"])]
    #[case(Value::Null, &[])]
    fn a_movement_in_foreign_money_is_checked(#[case] rate: Value, #[case] expected: &[&str]) {
        let document = with(full(Kind::CashMovement), "/body/foreign/rate", rate);
        assert_eq!(problems(document), expected);
    }
}
