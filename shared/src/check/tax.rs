//! Whether a document's taxes add up: by rate, by line and in all. They are compared as printed, never recomputed.

use rust_decimal::Decimal;

use super::{Money, line_path, within};
use crate::document::sale::{Line, Sale, TaxSum};
use crate::problem::{Code, Problem};
use crate::scalar::Amount;

/// Per cent.
const HUNDRED: Decimal = Decimal::ONE_HUNDRED;

pub(super) fn check(sale: &Sale, money: Money<'_>, problems: &mut Vec<Problem>) {
    // Each line and each rate may have been rounded by itself.
    let tolerance = money.units(sale.lines.len().max(sale.taxes.len()).max(1));
    let stated = sale.tax_total.map(|tax| tax.0);
    let by_rate = (!sale.taxes.is_empty()).then(|| sum(sale.taxes.iter().map(|tax| tax.amount)));
    let by_line: Option<Decimal> = sale.lines.iter().map(of_line).sum();
    let by_line = by_line.filter(|_| !sale.lines.is_empty());
    let mut compare = |one: Option<Decimal>, other: Option<Decimal>, path: &str, what: &str| {
        let (Some(one), Some(other)) = (one, other) else {
            return;
        };
        let message = || format!("{what}: {one} and {other}");
        let problem = within(one - other, tolerance, Code::TaxMismatch, path, message);
        problems.extend(problem);
    };
    compare(
        by_rate,
        stated,
        "body.tax_total",
        "the taxes by rate are not the tax in all",
    );
    if stated.is_some() {
        compare(
            by_line,
            stated,
            "body.tax_total",
            "the taxes of the lines are not the tax in all",
        );
    } else {
        compare(
            by_line,
            by_rate,
            "body.taxes",
            "the taxes of the lines are not those by rate",
        );
    }
    for (index, tax) in sale.taxes.iter().enumerate() {
        problems.extend(rate(index, tax, tolerance));
    }
}

/// A line's tax and the taxes it is made of.
pub(super) fn check_line(index: usize, line: &Line, money: Money<'_>) -> Option<Problem> {
    let (tax, parts) = (line.tax?.0, parts(line)?);
    let tolerance = money.units(line.taxes.as_ref().map_or(1, |taxes| taxes.len().max(1)));
    within(
        tax - parts,
        tolerance,
        Code::TaxMismatch,
        &line_path(index, "tax"),
        || format!("the line's taxes add up to {parts} and not to {tax}"),
    )
}

/// The tax of a line, if it says.
fn of_line(line: &Line) -> Option<Decimal> {
    line.tax.map(|tax| tax.0).or_else(|| parts(line))
}

/// The sum of a line's taxes, if all of them have an amount.
fn parts(line: &Line) -> Option<Decimal> {
    let amounts = line.taxes.as_ref()?.iter().map(|tax| tax.amount);
    amounts.map(|amount| amount.map(|amount| amount.0)).sum()
}

/// Whether the amount is the rate of the base. Some tills print the base with its tax, so that is tried too.
fn rate(index: usize, tax: &TaxSum, tolerance: Decimal) -> Option<Problem> {
    let (base, rate, amount) = (tax.base.0, tax.rate.0, tax.amount.0);
    let of_net = base * rate / HUNDRED;
    let of_gross = (base * rate).checked_div(HUNDRED + rate);
    let near = |expected: Decimal| (expected - amount).abs() <= tolerance;
    let path = format!("body.taxes[{index}].amount");
    let message = "the amount is not the rate of the base";
    (!near(of_net) && !of_gross.is_some_and(near))
        .then(|| Problem::flag(Code::TaxMismatch, &path, message))
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Decimal {
    amounts.map(|amount| amount.0).sum()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::sample::{changed, line, problems, sale};

    /// Two lines of 10.00 with these taxes, and the taxes of the document.
    fn taxed(lines: [Value; 2], document: &[(&str, Value)]) -> Value {
        let mut both = [line(1), line(2)];
        for (line, taxes) in both.iter_mut().zip(lines) {
            line.as_object_mut()
                .unwrap()
                .extend(taxes.as_object().unwrap().clone());
        }
        let sale = changed(
            sale(),
            &[
                ("/body/lines", json!(both)),
                ("/body/total", json!("20.00")),
                ("/body/tenders/0/amount", json!("20.00")),
            ],
        );
        changed(sale, document)
    }

    fn rates(amounts: &[&str]) -> Value {
        let rate = |amount| json!({"code": "V", "rate": "8.1", "base": "9.25", "amount": amount});
        amounts.iter().map(rate).collect()
    }

    #[rstest]
    #[case("1.50", &[])]
    #[case("1.52", &["flag tax_mismatch body.tax_total"])]
    #[case("1.48", &["flag tax_mismatch body.tax_total"])]
    #[case("1.53", &["held tax_mismatch body.tax_total"])]
    #[case("1.47", &["held tax_mismatch body.tax_total"])]
    fn the_taxes_by_rate_make_the_tax_in_all(#[case] tax_total: &str, #[case] expected: &[&str]) {
        let document = [
            ("/body/taxes", rates(&["0.75", "0.75"])),
            ("/body/tax_total", json!(tax_total)),
        ];
        assert_eq!(problems(taxed([json!({}), json!({})], &document)), expected);
    }

    #[rstest]
    #[case::exact("0.75", json!({"tax": "0.75"}), &[])]
    #[case::within("0.77", json!({"tax": "0.75"}), &["flag tax_mismatch body.tax_total"])]
    #[case::beyond("0.78", json!({"tax": "0.75"}), &["held tax_mismatch body.tax_total"])]
    #[case::by_parts("0.78", json!({"taxes": [{"code": "V", "rate": "8.1", "amount": "0.75"}]}),
        &["held tax_mismatch body.tax_total"])]
    #[case::untaxed("0.03", json!({"taxes": []}), &["flag tax_mismatch body.tax_total"])]
    #[case::one_says_nothing("9.99", json!({}), &[])]
    #[case::no_amount("9.99", json!({"taxes": [{"code": "V", "rate": "8.1"}]}), &[])]
    fn the_taxes_of_the_lines_make_the_tax_in_all(
        #[case] first: &str,
        #[case] second: Value,
        #[case] expected: &[&str],
    ) {
        // The tolerance is two units: there are two lines.
        let tax_total = if second == json!({"taxes": []}) {
            "0.01"
        } else {
            "1.50"
        };
        let document = [("/body/tax_total", json!(tax_total))];
        assert_eq!(
            problems(taxed([json!({"tax": first}), second], &document)),
            expected
        );
    }

    #[rstest]
    #[case("0.75", &[])]
    #[case("0.76", &["flag tax_mismatch body.taxes"])]
    #[case("0.80", &["held tax_mismatch body.taxes"])]
    fn without_a_tax_in_all_lines_and_rates_are_compared(
        #[case] first: &str,
        #[case] expected: &[&str],
    ) {
        let lines = [json!({"tax": first}), json!({"tax": "0.75"})];
        let document = [("/body/taxes", rates(&["0.75", "0.75"]))];
        assert_eq!(problems(taxed(lines, &document)), expected);
    }

    #[rstest]
    #[case("0.75", &[])]
    #[case("0.77", &["flag tax_mismatch body.lines[0].tax"])]
    #[case("0.78", &["held tax_mismatch body.lines[0].tax"])]
    fn a_lines_taxes_make_its_tax(#[case] tax: &str, #[case] expected: &[&str]) {
        let taxes = json!([{"code": "A", "rate": "4", "amount": "0.40"},
            {"code": "B", "rate": "3.5", "amount": "0.35"}]);
        let line = json!({"tax": tax, "taxes": taxes});
        assert_eq!(problems(taxed([line, json!({})], &[])), expected);
    }

    #[rstest]
    #[case::of_the_net("9.25", "0.75", &[])]
    #[case::of_the_gross("10.00", "0.75", &[])]
    #[case::rounded("9.25", "0.76", &[])]
    #[case::neither("9.25", "0.80", &["flag tax_mismatch body.taxes[0].amount"])]
    #[case::negative("-9.25", "-0.75", &[])]
    fn an_amount_is_the_rate_of_its_base(
        #[case] base: &str,
        #[case] amount: &str,
        #[case] expected: &[&str],
    ) {
        let tax = |rate| json!([{"code": "V", "rate": rate, "base": base, "amount": amount}]);
        let document = |rate| taxed([json!({}), json!({})], &[("/body/taxes", tax(rate))]);
        assert_eq!(problems(document("8.1")), expected);
        // A rate that cannot be taken out of a gross amount must not end in a division by zero.
        let _ = problems(document("-100"));
    }
}
