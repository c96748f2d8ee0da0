//! Payments, each by itself: signs and foreign money.

use rust_decimal::Decimal;

use super::{Money, opposite};
use crate::currency;
use crate::document::sale::Tender;
use crate::problem::{Code, Problem};

/// `list` is where the tenders stand.
pub(super) fn check(list: &str, tenders: &[Tender], money: Money<'_>, problems: &mut Vec<Problem>) {
    for (index, tender) in tenders.iter().enumerate() {
        let amount = tender.amount.0;
        for (name, part) in [("tip", tender.tip), ("cashback", tender.cashback)] {
            if part.is_some_and(|part| opposite(part.0, amount)) {
                let path = format!("{list}[{index}].{name}");
                let message = format!("{name} is part of the amount and has its sign");
                problems.push(Problem::held(Code::SignMismatch, &path, message));
            }
        }
        if let Some(foreign) = &tender.foreign {
            let path = || format!("{list}[{index}].foreign");
            let code = foreign.currency.as_str();
            let given = Exchange {
                code,
                foreign: foreign.amount.0,
                rate: foreign.rate.0,
            };
            problems.extend(given.check(amount, money, path));
        }
    }
}

/// An amount in another currency.
pub(super) struct Exchange<'a> {
    pub code: &'a str,
    pub foreign: Decimal,
    pub rate: Decimal,
}

impl Exchange<'_> {
    /// Whether it comes to `amount` in the document's currency, up to the rounding of either.
    pub fn check(
        &self,
        amount: Decimal,
        money: Money<'_>,
        path: impl Fn() -> String,
    ) -> Option<Problem> {
        let foreign_unit = currency::smallest_unit(self.code) * self.rate.abs();
        let tolerance = money.unit.max(foreign_unit);
        let message = "the foreign amount times its rate is not the amount";
        ((self.foreign * self.rate - amount).abs() > tolerance)
            .then(|| Problem::flag(Code::RateMismatch, &path(), message))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::sample::{problems, sale, with};

    fn paid(fields: Value) -> Value {
        let mut tender = json!({"type": "cash", "method": "CASH", "amount": "10.00"});
        tender
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        with(sale(), "/body/tenders/0", tender)
    }

    #[rstest]
    #[case("EUR", "10.75", "0.93", &[])]
    #[case("EUR", "10.76", "0.93", &[])]
    #[case("EUR", "10.77", "0.93", &["flag rate_mismatch body.tenders[0].foreign"])]
    #[case("EUR", "-10.75", "0.93", &["flag rate_mismatch body.tenders[0].foreign"])]
    #[case("JPY", "1724", "0.0058", &[])]
    #[case("JPY", "1", "9.50", &[])]
    #[case("JPY", "2", "9.90", &[])]
    #[case("JPY", "3", "9.90", &["flag rate_mismatch body.tenders[0].foreign"])]
    fn foreign_money_times_its_rate_is_the_amount(
        #[case] currency: &str,
        #[case] amount: &str,
        #[case] rate: &str,
        #[case] expected: &[&str],
    ) {
        let foreign = json!({"currency": currency, "amount": amount, "rate": rate});
        assert_eq!(problems(paid(json!({ "foreign": foreign }))), expected);
    }

    #[test]
    fn tip_and_cashback_have_the_amounts_sign() {
        let expected = ["held sign_mismatch body.tenders[0].tip"];
        assert_eq!(
            problems(paid(json!({"amount": "8.00", "tip": "-2.00"}))),
            expected
        );
        let expected = ["held sign_mismatch body.tenders[0].cashback"];
        assert_eq!(
            problems(paid(json!({"amount": "8.00", "cashback": "-2.00"}))),
            expected
        );
    }
}
